package gitsource

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// maxNames bounds what the paths of an index may take, in bytes: version 4
// can tell long ones in two bytes each.
const maxNames = 512 << 20

// leastIndexEntry is what an entry takes besides its id and path, in bytes: 40
// of a file's state, 2 of flags.
const leastIndexEntry = 42

var errEntryCut = errors.New("index entry is cut short")

// indexFile is what one index file holds.
type indexFile struct {
	// entries are in the order of the file. Those of a split index that
	// replace an entry of the shared part have no path.
	entries []indexEntry
	// base is the checksum of the shared part, raw, empty when the index is
	// not split; changes are the bitmaps that say how to join the two.
	base    string
	changes []byte
	// trees are those that Git made of directories, as it wrote them.
	trees []byte
}

// decodeIndex reads an index file of version 2, 3 or 4. What was read before
// an error is returned with it.
func decodeIndex(data []byte, width int) (indexFile, error) {
	var f indexFile
	if len(data) < 12+width || string(data[:4]) != "DIRC" {
		return f, errors.New("not an index file")
	}
	version := binary.BigEndian.Uint32(data[4:])
	count := binary.BigEndian.Uint32(data[8:])
	if version < 2 || version > 4 {
		return f, fmt.Errorf("index version %d is not known", version)
	}
	// Paths and ids are parts of one string.
	rest := string(data[12 : len(data)-width])
	f.entries = make([]indexEntry, 0, min(int(count), len(rest)/(leastIndexEntry+width)))
	previous, names := "", 0
	for range count {
		entry, size, err := parseIndexEntry(rest, width, version, previous)
		if err != nil {
			return f, err
		}
		previous = entry.path
		rest = rest[size:]
		if names += len(entry.path); names > maxNames {
			return f, errors.New("paths take more memory than an index may")
		}
		f.entries = append(f.entries, entry)
	}
	err := f.extensions([]byte(rest), width)
	return f, err
}

// extensions looks at what follows the entries. Names that begin with a capital
// letter are those that a reader may pass over.
func (f *indexFile) extensions(rest []byte, width int) error {
	for len(rest) > 0 {
		if len(rest) < 8 {
			return errors.New("index extension is cut short")
		}
		name, size := string(rest[:4]), uint64(binary.BigEndian.Uint32(rest[4:]))
		if size > uint64(len(rest)-8) {
			return errors.New("index extension is cut short")
		}
		content := rest[8 : 8+size]
		rest = rest[8+size:]
		switch {
		case name == "link":
			if len(content) < width {
				return errors.New("split index: link is cut short")
			}
			if base := string(content[:width]); !isZeroID(base) {
				f.base, f.changes = base, content[width:]
			}
		case name == "TREE":
			f.trees = content
		case name == "sdir": // directories stand as entries; see index.sparse
		case name[0] < 'A' || name[0] > 'Z':
			return fmt.Errorf("index extension %q is not known", name)
		}
	}
	return nil
}

// parseIndexEntry reads one entry and tells its size on disk.
func parseIndexEntry(data string, width int, version uint32, previous string) (indexEntry, int, error) {
	header := leastIndexEntry + width
	if len(data) < header {
		return indexEntry{}, 0, errEntryCut
	}
	e := indexEntry{
		mode:  uint32(data[24])<<24 | uint32(data[25])<<16 | uint32(data[26])<<8 | uint32(data[27]),
		id:    data[40 : 40+width],
		stage: data[40+width] >> 4 & 3,
	}
	if data[40+width]&0x40 != 0 { // extended flags
		header += 2
		if version < 3 || len(data) < header {
			return indexEntry{}, 0, errEntryCut
		}
	}
	name := data[header:]
	strip := 0
	if version == 4 {
		n, size := offsetVarint(name)
		if size == 0 || n > uint64(len(previous)) {
			return indexEntry{}, 0, errEntryCut
		}
		strip, name, header = int(n), name[size:], header+size
	}
	end := strings.IndexByte(name, 0)
	if end < 0 {
		return indexEntry{}, 0, errEntryCut
	}
	if version == 4 {
		e.path = previous[:len(previous)-strip] + name[:end]
		return e, header + end + 1, nil
	}
	e.path = name[:end]
	size := (header + end + 8) &^ 7
	if size > len(data) {
		return indexEntry{}, 0, errEntryCut
	}
	return e, size, nil
}

// offsetVarint reads the number form of pack offsets; size 0 says that it is
// cut short or too large.
func offsetVarint(data string) (n uint64, size int) {
	for i := range len(data) {
		c := data[i]
		if i > 8 {
			return 0, 0
		}
		if i > 0 {
			n++
		}
		n = n<<7 | uint64(c&0x7f)
		if c&0x80 == 0 {
			return n, i + 1
		}
	}
	return 0, 0
}
