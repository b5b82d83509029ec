package decode

import (
	"bytes"
	"encoding/binary"
)

const (
	// walMagic is what the write-ahead log of a SQLite database begins with;
	// the next byte says how its sums are made.
	walMagic = "\x37\x7f\x06"
	// walHead and frameHead are the sizes of the log's header and of that
	// before each page.
	walHead, frameHead = 32, 24
	// sqliteHead is the size of a database's header.
	sqliteHead = 100
)

// isWAL reports whether text is a write-ahead log.
func isWAL(text []byte) bool {
	return len(text) >= walHead+frameHead && bytes.HasPrefix(text, []byte(walMagic)) && text[3]&^1 == 0x82 && walPage(text) > 0
}

// walPage returns the size of the log's pages, 0 if it is none.
func walPage(text []byte) int {
	n := binary.BigEndian.Uint32(text[8:])
	if n < 512 || n > 64<<10 || n&(n-1) != 0 {
		return 0
	}
	return int(n)
}

// writeAhead yields the rows of the pages that were written to a database's log
// and may not be in the database: all versions of them, as a database of pages
// that belong to no table. What the columns are called is not known there.
func (w *walk) writeAhead(n *node) bool {
	size := walPage(n.text)
	image := make([]byte, size, len(n.text)+size)
	copy(image, "SQLite format 3\x00")
	binary.BigEndian.PutUint16(image[16:], uint16(size))
	if size == 64<<10 {
		binary.BigEndian.PutUint16(image[16:], 1)
	}
	copy(image[18:], []byte{1, 1, 0, 64, 32, 32})
	image[47], image[59] = 4, 1 // the schema's format, UTF-8
	image[sqliteHead] = 13      // a leaf without rows
	binary.BigEndian.PutUint16(image[sqliteHead+5:], uint16(size))
	for at := walHead; at+frameHead+size <= len(n.text); at += frameHead + size {
		page := n.text[at+frameHead : at+frameHead+size]
		if binary.BigEndian.Uint32(n.text[at:]) == 1 && bytes.HasPrefix(page, []byte("SQLite format 3\x00")) {
			// The rows of the first page stand behind the header.
			image = append(image, page[sqliteHead:]...)
			image = append(image, make([]byte, sqliteHead)...)
			continue
		}
		image = append(image, page...)
	}
	binary.BigEndian.PutUint32(image[28:], uint32(len(image)/size))
	if !w.take(n.member, len(image)) {
		return !w.stopped
	}
	return w.content(w.member(n, "pages", image))
}
