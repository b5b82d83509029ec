package pack

import (
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Fingerprint hashes what tells two states of object directories apart, without
// looking at objects: the names of all packs and what stands beside them, the
// sizes and checksums of packs and indexes, and the names of loose objects. A
// pack never changes once it is there, and its checksum tells what is in it.
func Fingerprint(h hash.Hash, directories []Directory, width int) error {
	for _, d := range directories {
		open, err := openDirectory(d)
		if err != nil {
			return fmt.Errorf("fingerprint objects: %w", err)
		}
		err = errors.Join(open.fingerprint(h, int64(width)), open.close())
		if err != nil {
			return fmt.Errorf("fingerprint objects: %w", err)
		}
	}
	return nil
}

func (d *directory) fingerprint(h hash.Hash, width int64) error {
	h.Write(fmt.Appendf(nil, "objects %q\n", d.Path))
	top, err := d.list(".")
	if err != nil {
		return err
	}
	for _, first := range top {
		if len(first) != 2 || !isHex(first) {
			continue
		}
		names, err := d.list(first)
		if err != nil {
			return err
		}
		h.Write(fmt.Appendf(nil, "loose %s %q\n", first, names))
	}
	names, err := d.list("pack")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	// Bitmaps and the like tell nothing of what is there.
	names = slices.DeleteFunc(names, func(name string) bool {
		return !slices.Contains([]string{".pack", ".idx", ".promisor", ".keep", ""}, path.Ext(name))
	})
	for _, name := range names {
		h.Write(fmt.Appendf(nil, "file %q", name))
		if strings.HasSuffix(name, ".pack") || strings.HasSuffix(name, ".idx") {
			err = errors.Join(err, d.checksum(h, "pack/"+name, 2*width))
		}
		h.Write([]byte{'\n'})
	}
	return err
}

// checksum hashes the size and the end of a file, where the checksums are.
func (d *directory) checksum(h hash.Hash, name string, length int64) error {
	f, size, err := d.open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	end := make([]byte, min(length, size))
	if _, err := f.ReadAt(end, size-int64(len(end))); err != nil {
		return err
	}
	h.Write(fmt.Appendf(nil, " %d %x", size, end))
	return nil
}
