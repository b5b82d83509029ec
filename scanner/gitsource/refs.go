package gitsource

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// ref is a name and the object it leads to.
type ref struct {
	name string
	id   string // raw bytes
}

const stashRef = "refs/stash"

// parseID reads an object id in hex; false for anything else.
func (r *Repository) parseID(text []byte) (string, bool) {
	if len(text) != 2*r.width {
		return "", false
	}
	id := make([]byte, r.width)
	if _, err := hex.Decode(id, text); err != nil {
		return "", false
	}
	return string(id), true
}

func isZeroID(id string) bool { return strings.Trim(id, "\x00") == "" }

// refs lists every ref that holds an object, in order of the names: loose
// before packed, or those of reftables; those of linked worktrees, and detached
// heads. Symbolic refs are other names of what is listed anyway. Names come
// from files and may hold anything; nothing here hands them to a program. Files
// that cannot be read are told to failed.
func (r *Repository) refs(failed func(path string, err error)) []ref {
	found := map[string]string{}
	if !r.reftable {
		r.packedRefs(found, failed)
	}
	for _, dir := range r.gitDirs() {
		prefix := r.refPrefix(dir)
		if r.reftable {
			for _, t := range r.tableRefs(dir, prefix, failed) {
				// Others, such as ORIG_HEAD, keep nothing.
				if own := strings.TrimPrefix(t.Name, prefix); t.ID != "" && (own == "HEAD" || strings.HasPrefix(own, "refs/")) {
					found[t.Name] = t.ID
				}
			}
			continue
		}
		r.looseRefs(dir, prefix, found, failed)
		if data, err := r.readFile(dir, "HEAD"); err == nil {
			if id, ok := r.parseID(bytes.TrimSpace(data)); ok {
				found[prefix+"HEAD"] = id
			}
		}
	}
	out := make([]ref, 0, len(found))
	for name, id := range found {
		out = append(out, ref{name: name, id: id})
	}
	slices.SortFunc(out, func(a, b ref) int { return cmp.Compare(a.name, b.name) })
	return out
}

// refPrefix is what the names of refs that one of gitDirs has for itself begin
// with.
func (r *Repository) refPrefix(dir string) string {
	if dir == r.places.commonDir {
		return ""
	}
	return "worktrees/" + filepath.Base(dir) + "/"
}

func (r *Repository) packedRefs(found map[string]string, failed func(string, error)) {
	data, err := r.readFile(r.places.commonDir, "packed-refs")
	if err != nil {
		if !os.IsNotExist(err) {
			failed(".git/packed-refs", err)
		}
		return
	}
	for line := range bytes.Lines(data) {
		text, name, ok := bytes.Cut(bytes.TrimRight(line, "\r\n"), []byte(" "))
		if !ok {
			continue
		}
		if id, ok := r.parseID(text); ok {
			found[string(name)] = id
		}
	}
}

func (r *Repository) looseRefs(dir, prefix string, found map[string]string, failed func(string, error)) {
	for _, rel := range r.filesBelow(dir, "refs", nil, failed) {
		if strings.HasSuffix(rel, ".lock") {
			continue
		}
		data, err := r.readFile(dir, rel)
		if err != nil {
			failed(".git/"+prefix+rel, err)
			continue
		}
		if id, ok := r.parseID(bytes.TrimSpace(data)); ok {
			found[prefix+rel] = id
		}
	}
}

// gitDirs lists the directory that all worktrees share and those of the linked
// worktrees, present or not.
func (r *Repository) gitDirs() []string {
	out := []string{r.places.commonDir}
	linked := filepath.Join(r.places.commonDir, "worktrees")
	entries, err := os.ReadDir(linked)
	if err != nil {
		return out
	}
	for _, e := range entries {
		if e.IsDir() {
			out = append(out, filepath.Join(linked, e.Name()))
		}
	}
	return out
}

// linkedRoot is the working tree of a linked worktree, empty when it is gone
// or refused.
func (r *Repository) linkedRoot(gitDir string) string {
	text, err := r.readLine(gitDir, "gitdir")
	if err != nil {
		return ""
	}
	dir := filepath.Dir(absolute(gitDir, text))
	if r.options.Untrusted && !within(r.places.boundary, dir) {
		return ""
	}
	real, err := filepath.EvalSymlinks(dir)
	if err != nil || !isDirectory(real) {
		return ""
	}
	return real
}

// Worktrees lists the directories of all working trees that are there, the
// repository's own first.
func (r *Repository) Worktrees() []string {
	var out []string
	add := func(dir string) {
		if dir != "" && !slices.Contains(out, dir) {
			out = append(out, dir)
		}
	}
	add(r.places.root)
	if filepath.Base(r.places.commonDir) == ".git" {
		add(filepath.Dir(r.places.commonDir))
	}
	for _, dir := range r.gitDirs()[1:] {
		add(r.linkedRoot(dir))
	}
	return out
}

// shallow lists the commits whose parents were left out when cloning.
func (r *Repository) shallow() map[string]bool {
	data, err := r.readFile(r.places.commonDir, "shallow")
	if err != nil {
		return nil
	}
	out := map[string]bool{}
	for line := range bytes.Lines(data) {
		if id, ok := r.parseID(bytes.TrimSpace(line)); ok {
			out[id] = true
		}
	}
	return out
}

// promised reports whether a remote promised to hand missing objects in later:
// a partial clone.
func (r *Repository) promised() bool {
	if _, ok := r.config.get("extensions.partialclone"); ok {
		return true
	}
	for key := range r.config {
		if strings.HasPrefix(key, "remote.") && strings.HasSuffix(key, ".promisor") && r.config.truth(key) {
			return true
		}
	}
	entries, _ := os.ReadDir(filepath.Join(r.places.commonDir, "objects", "pack"))
	return slices.ContainsFunc(entries, func(e os.DirEntry) bool { return strings.HasSuffix(e.Name(), ".promisor") })
}

// reflog is one file of reflogs.
type reflog struct {
	path string // as findings name it
	text []byte
	ids  []string
	// moves are the old and the new id of each line of text; of a line that is
	// broken, there is neither.
	moves [][2]string
	// stash is true for the log that holds the stash entries.
	stash bool
}

// reflogs reads all of them; in text, the object ids are blank, so that no
// rule takes them for keys and every column stays where it is.
func (r *Repository) reflogs(failed func(path string, err error)) []reflog {
	var out []reflog
	for _, dir := range r.gitDirs() {
		if r.reftable {
			out = append(out, r.tableLogs(dir, r.refPrefix(dir), failed)...)
			continue
		}
		prefix := ".git/" + r.refPrefix(dir)
		for _, rel := range r.filesBelow(dir, "logs", nil, failed) {
			data, err := r.readFile(dir, rel)
			if err != nil {
				failed(prefix+rel, err)
				continue
			}
			out = append(out, r.parseReflog(prefix+rel, data))
		}
	}
	return out
}

func (r *Repository) parseReflog(name string, data []byte) reflog {
	log := reflog{path: name, text: data, stash: path.Clean(name) == ".git/logs/"+stashRef}
	for line := range bytes.Lines(data) {
		var move [2]string
		for side := range move {
			if len(line) <= 2*r.width {
				break
			}
			id, ok := r.parseID(line[:2*r.width])
			if !ok {
				break
			}
			if move[side] = id; !isZeroID(id) {
				log.ids = append(log.ids, id)
			}
			copy(line, bytes.Repeat([]byte(" "), 2*r.width))
			line = line[2*r.width+1:]
		}
		log.moves = append(log.moves, move)
	}
	return log
}
