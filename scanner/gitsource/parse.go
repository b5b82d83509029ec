package gitsource

import (
	"bytes"
	"encoding/hex"
	"strconv"
	"time"
)

// treeEntry is one entry of a tree; its slices are those of the tree.
type treeEntry struct {
	mode uint32
	name []byte
	id   []byte
}

// eachEntry hands out the entries of a tree and reports whether the tree was
// whole.
func eachEntry(data []byte, width int, visit func(treeEntry)) bool {
	for len(data) > 0 {
		e, size := parseEntry(data, width)
		if size == 0 {
			return false
		}
		visit(e)
		data = data[size:]
	}
	return true
}

// maxMode is how many octal digits a mode may have.
const maxMode = 7

// parseEntry reads the entry that data begins with; its size is 0 if it is
// broken.
func parseEntry(data []byte, width int) (e treeEntry, size int) {
	at := 0
	for ; at < len(data) && at <= maxMode && data[at] != ' '; at++ {
		digit := data[at] - '0'
		if digit > 7 {
			return e, 0
		}
		e.mode = e.mode<<3 | uint32(digit)
	}
	if at == 0 || at > maxMode || at == len(data) {
		return e, 0
	}
	rest := data[at+1:]
	end := bytes.IndexByte(rest, 0)
	if end < 0 || len(rest)-end-1 < width {
		return e, 0
	}
	e.name, e.id = rest[:end], rest[end+1:end+1+width]
	return e, at + 1 + end + 1 + width
}

// signature is who did something, and when.
type signature struct {
	name, email string
	when        time.Time
}

// parseSignature reads "Name <email> 1700000000 +0100", as much of it as there
// is.
func parseSignature(line []byte) signature {
	var s signature
	open, end := bytes.LastIndexByte(line, '<'), bytes.LastIndexByte(line, '>')
	if open < 0 || end < open {
		s.name = string(bytes.TrimSpace(line))
		return s
	}
	s.name = string(bytes.TrimSpace(line[:open]))
	s.email = string(bytes.TrimSpace(line[open+1 : end]))
	s.when = signedAt(line)
	return s
}

// signedAt reads the time of a signature, zero for none.
func signedAt(line []byte) time.Time {
	open, end := bytes.LastIndexByte(line, '<'), bytes.LastIndexByte(line, '>')
	if open < 0 || end < open {
		return time.Time{}
	}
	for first := range bytes.FieldsSeq(line[end+1:]) {
		seconds, err := strconv.ParseInt(string(first), 10, 64)
		// Years beyond four digits are what no encoder takes.
		if err == nil && seconds >= 0 && seconds < 253402300800 {
			return time.Unix(seconds, 0).UTC()
		}
		break
	}
	return time.Time{}
}

// headers are those of a commit or a tag.
type headers struct {
	// links are the raw ids in "tree", "parent" and "object" headers.
	tree, target []byte
	parents      [][]byte
	// author is the signature of a commit's author or a tag's tagger, as it
	// stands there.
	author    []byte
	committed time.Time
	// text is the other headers, each link blank, so that lines stay where
	// they are; message is what follows.
	text, message []byte
	// ids is the memory of the links.
	ids []byte
}

// parseHeaders splits a commit or a tag. The message is data's own, the rest a
// copy.
func parseHeaders(data []byte) headers {
	var h headers
	h.parse(data)
	return h
}

// parse is parseHeaders in the memory of headers that are no longer needed.
func (h *headers) parse(data []byte) {
	*h = headers{parents: h.parents[:0], text: h.text[:0], ids: h.ids[:0]}
	head := data
	if at := bytes.Index(data, []byte("\n\n")); at >= 0 {
		head, h.message = data[:at+1], data[at+2:]
	}
	h.text = append(h.text, head...)
	for rest := h.text; len(rest) > 0; {
		line := rest
		if end := bytes.IndexByte(rest, '\n'); end >= 0 {
			line, rest = rest[:end], rest[end+1:]
		} else {
			rest = nil
		}
		h.line(line)
	}
}

func (h *headers) line(line []byte) {
	key, value, ok := bytes.Cut(line, []byte(" "))
	if !ok {
		return
	}
	switch string(key) {
	case "tree":
		h.tree = h.link(value, h.tree)
	case "object":
		h.target = h.link(value, h.target)
	case "parent":
		if id := h.link(value, nil); id != nil {
			h.parents = append(h.parents, id)
		}
	case "author", "tagger":
		h.author = value
	case "committer":
		h.committed = signedAt(value)
	}
}

// link decodes an id and blanks it; the first of its kind holds.
func (h *headers) link(value, first []byte) []byte {
	begin := len(h.ids)
	ids, err := hex.AppendDecode(h.ids, value)
	if err != nil || first != nil {
		return first
	}
	h.ids = ids
	for i := range value {
		value[i] = ' '
	}
	return ids[begin:len(ids):len(ids)]
}
