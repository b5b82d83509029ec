package gitsource

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"os"
	"strings"

	"github.com/qleaks/qleaks/scanner/gitsource/pack"
)

// state names everything that the objects of a repository, and what leads to
// them, depend on: two searches of one state find the same. It reads no object
// but what is small: names, checksums, refs, reflogs, indexes. The inventory is
// that of the objects.
func (r *Repository) state() (string, pack.Inventory, error) {
	h := sha256.New()
	directories, notes, err := r.objectDirectories()
	if err != nil {
		return "", pack.Inventory{}, err
	}
	for _, note := range notes {
		h.Write([]byte(note.Error()))
	}
	have, err := pack.Fingerprint(h, directories, r.width)
	if err != nil {
		return "", have, err
	}
	for _, dir := range r.gitDirs() {
		h.Write(fmt.Appendf(nil, "directory %q\n", dir))
		var failed error
		fail := func(_ string, err error) { failed = err }
		names := []string{"HEAD", "index", "gitdir", "config", "shallow", "packed-refs"}
		for _, below := range []string{"refs", "logs", "reftable"} {
			names = append(names, r.filesBelow(dir, below, nil, fail)...)
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			return "", have, err
		}
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), "sharedindex.") {
				names = append(names, e.Name())
			}
		}
		for _, name := range names {
			if err := r.hashFile(h, dir, name); err != nil {
				failed = err
			}
		}
		if failed != nil {
			return "", have, failed
		}
	}
	return string(h.Sum(nil)), have, nil
}

// hashFile hashes a file, if there is one.
func (r *Repository) hashFile(h hash.Hash, dir, name string) error {
	data, err := r.readFile(dir, name)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	h.Write(fmt.Appendf(nil, "file %q %d\n", name, len(data)))
	h.Write(data)
	return nil
}
