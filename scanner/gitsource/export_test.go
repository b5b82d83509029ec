package gitsource

import "fmt"

// Staged lists what the index of every worktree holds, as git ls-files --stage
// --sparse does, and what could not be read.
func (r *Repository) Staged() (lines [][]string, errs []error) {
	for _, tree := range r.trackedTrees() {
		var list []string
		for _, e := range inOrder(append(tree.entries, tree.sparse...)) {
			list = append(list, fmt.Sprintf("%06o %x %d\t%s", e.mode, e.id, e.stage, e.path))
		}
		lines, errs = append(lines, list), append(errs, tree.err)
	}
	return lines, errs
}
