package gitsource

import (
	"path/filepath"
	"slices"

	"github.com/qleaks/qleaks/scanner/source"
)

// Submodules lists the repositories of the submodules that are here: the
// directories of those that are checked out, then the repositories below
// .git/modules that no checked-out one uses, whose history is still on this
// disk. Each is a repository of its own: see Discover.
func (r *Repository) Submodules() []string {
	dirs, _ := r.submodules()
	used := map[string]bool{}
	for _, dir := range dirs {
		if sub, err := Discover(dir, r.forSubmodule()); err == nil {
			used[sub.places.commonDir] = true
		}
	}
	for _, dir := range r.moduleDirs() {
		if real, err := filepath.EvalSymlinks(dir); err == nil && !used[real] {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// forSubmodule are the options to open a submodule with: its .git file leads
// into this repository, which is no way out.
func (r *Repository) forSubmodule() Options {
	o := r.options
	if o.Untrusted && o.Root == "" {
		o.Root = r.places.boundary
	}
	return o
}

// submodules tells the checked-out ones, and notes on the others.
func (r *Repository) submodules() (dirs []string, absent []*source.ItemError) {
	for _, tree := range r.trackedTrees() {
		for _, e := range tree.entries {
			if e.mode != modeGitlink {
				continue
			}
			dir := filepath.Join(tree.root, filepath.FromSlash(e.path))
			switch {
			case tree.root == "" || !filepath.IsLocal(filepath.FromSlash(e.path)):
				absent = append(absent, excluded(e.path, "submodule that is not checked out"))
			case exists(filepath.Join(dir, ".git")) && (!r.options.Untrusted || within(r.places.boundary, dir)):
				if !slices.Contains(dirs, dir) {
					dirs = append(dirs, dir)
				}
			default:
				absent = append(absent, excluded(e.path, "submodule that is not checked out"))
			}
		}
	}
	return dirs, absent
}

// moduleDirs lists the repositories below .git/modules. Those of submodules'
// own submodules belong to the submodules.
func (r *Repository) moduleDirs() []string {
	var out []string
	top := filepath.Join(r.places.commonDir, "modules")
	r.filesBelow(r.places.commonDir, "modules", func(rel string) bool {
		dir := filepath.Join(r.places.commonDir, filepath.FromSlash(rel))
		if dir == top || !isGitDir(dir) {
			return true
		}
		out = append(out, dir)
		return false
	}, nil)
	return out
}
