package pack

import (
	"bytes"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Inventory is what object directories have, by names and checksums alone.
type Inventory struct {
	// Packs leads from each pack, as Info.File names it, to what tells its
	// content: where it is, the sizes and checksums of it and its index.
	Packs map[string]string
	// Loose are the ids of loose objects in order, each once, in raw bytes.
	Loose []byte
}

// Fingerprint hashes what tells two states of object directories apart, without
// looking at objects: the names of all packs and what stands beside them, the
// sizes and checksums of packs and indexes, and the names of loose objects. A
// pack never changes once it is there, and its checksum tells what is in it.
func Fingerprint(h hash.Hash, directories []Directory, width int) (Inventory, error) {
	have := Inventory{Packs: map[string]string{}}
	for _, d := range directories {
		open, err := openDirectory(d)
		if err == nil {
			err = errors.Join(open.fingerprint(h, width, &have), open.close())
		}
		if err != nil {
			return Inventory{}, fmt.Errorf("fingerprint objects: %w", err)
		}
	}
	if len(directories) > 1 {
		have.Loose = sortIDs(have.Loose, width)
	}
	return have, nil
}

// sortIDs puts ids in order, each once.
func sortIDs(ids []byte, width int) []byte {
	list := slices.Collect(slices.Chunk(ids, width))
	slices.SortFunc(list, bytes.Compare)
	return bytes.Join(slices.CompactFunc(list, bytes.Equal), nil)
}

func (d *directory) fingerprint(h hash.Hash, width int, have *Inventory) error {
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
		have.Loose = appendLoose(have.Loose, first, names, width)
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
		sum := ""
		if stem := strings.TrimSuffix(strings.TrimSuffix(name, ".pack"), ".idx"); stem != name {
			var failed error
			sum, failed = d.checksum("pack/"+name, 2*int64(width))
			err = errors.Join(err, failed)
			have.Packs[d.label("pack/"+stem+".pack")] += fmt.Sprintf("%q %q%s\n", d.Path, name, sum)
		}
		h.Write(fmt.Appendf(nil, "file %q%s\n", name, sum))
	}
	return err
}

// checksum tells the size and the end of a file, where the checksums are.
func (d *directory) checksum(name string, length int64) (string, error) {
	f, size, err := d.open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	end := make([]byte, min(length, size))
	if _, err := f.ReadAt(end, size-int64(len(end))); err != nil {
		return "", err
	}
	return fmt.Sprintf(" %d %x", size, end), nil
}
