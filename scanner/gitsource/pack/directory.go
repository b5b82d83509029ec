package pack

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

var errNotRegular = errors.New("not a regular file")

// Directory is an object directory.
type Directory struct {
	// Path is where it is, absolute and without links.
	Path string
	// Name stands for it in refusals: "objects".
	Name string
	// Within, if not empty, is a directory around Path that nothing may lead
	// out of, by symbolic links or otherwise; absolute links always do.
	Within string
}

// directory is a Directory that is open.
type directory struct {
	Directory
	// root is Within, and below is the way from there to Path.
	root  *os.Root
	below string
}

func openDirectory(d Directory) (*directory, error) {
	if d.Within == "" {
		return &directory{Directory: d}, nil
	}
	below, err := filepath.Rel(d.Within, d.Path)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(d.Within)
	if err != nil {
		return nil, reasonOf(err)
	}
	return &directory{Directory: d, root: root, below: below}, nil
}

func (d *directory) close() error {
	if d.root == nil {
		return nil
	}
	return d.root.Close()
}

// label names a file in refusals.
func (d *directory) label(name string) string { return d.Name + "/" + filepath.ToSlash(name) }

func (d *directory) openAny(name string) (*os.File, error) {
	if d.root != nil {
		return d.root.OpenFile(filepath.Join(d.below, name), os.O_RDONLY|nonBlocking, 0)
	}
	return os.OpenFile(filepath.Join(d.Path, name), os.O_RDONLY|nonBlocking, 0)
}

// open opens a file, which must be a regular one, and tells its size. A named
// pipe does not keep us waiting.
func (d *directory) open(name string) (*os.File, int64, error) {
	f, err := d.openAny(name)
	if err != nil {
		return nil, 0, reasonOf(err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errNotRegular
	}
	if err != nil {
		return nil, 0, reasonOf(errors.Join(err, f.Close()))
	}
	return f, info.Size(), nil
}

// list names what is in a directory, in order. What could be listed is
// returned together with the error.
func (d *directory) list(name string) ([]string, error) {
	f, err := d.openAny(name)
	if err != nil {
		return nil, reasonOf(err)
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	slices.Sort(names)
	if err != nil {
		err = reasonOf(err)
	}
	return names, err
}

// looseIDs lists the loose objects of a directory, in order of their ids.
func (d *directory) looseIDs(width int, refuse func(Refusal)) []byte {
	var ids []byte
	top, err := d.list(".")
	if err != nil {
		refuse(Refusal{File: d.Name, Index: None, Reason: fmt.Sprintf("cannot be listed: %v", err)})
	}
	for _, first := range top {
		if len(first) != 2 || !isHex(first) {
			continue
		}
		names, err := d.list(first)
		if err != nil {
			refuse(Refusal{File: d.label(first), Index: None, Reason: fmt.Sprintf("cannot be listed: %v", err)})
		}
		ids = appendLoose(ids, first, names, width)
	}
	return ids
}

// appendLoose appends the ids of the objects in one directory of loose ones.
func appendLoose(ids []byte, first string, names []string, width int) []byte {
	for _, rest := range names {
		if len(rest) == 2*width-2 && isHex(rest) {
			// Both parts were looked at: decoding cannot fail.
			ids, _ = hex.AppendDecode(ids, []byte(first+rest))
		}
	}
	return ids
}

func isHex(s string) bool {
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// packNames lists the packs, without their ending, and which of them have a
// file of another ending.
func (d *directory) packNames(refuse func(Refusal)) (packs []string, beside map[string]bool) {
	names, err := d.list("pack")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		refuse(Refusal{File: d.label("pack"), Index: None, Reason: fmt.Sprintf("cannot be listed: %v", err)})
	}
	beside = make(map[string]bool, len(names))
	for _, n := range names {
		beside[n] = true
		if stem, ok := strings.CutSuffix(n, ".pack"); ok && strings.HasPrefix(n, "pack-") {
			packs = append(packs, stem)
		}
	}
	return packs, beside
}
