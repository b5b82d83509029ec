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
		space := bytes.IndexByte(data, ' ')
		if space <= 0 || space > 7 {
			return false
		}
		mode, err := strconv.ParseUint(string(data[:space]), 8, 32)
		data = data[space+1:]
		end := bytes.IndexByte(data, 0)
		if err != nil || end < 0 || len(data)-end-1 < width {
			return false
		}
		visit(treeEntry{mode: uint32(mode), name: data[:end], id: data[end+1 : end+1+width]})
		data = data[end+1+width:]
	}
	return true
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
	fields := bytes.Fields(line[end+1:])
	if len(fields) == 0 {
		return s
	}
	seconds, err := strconv.ParseInt(string(fields[0]), 10, 64)
	// Years beyond four digits are what no encoder takes.
	if err == nil && seconds >= 0 && seconds < 253402300800 {
		s.when = time.Unix(seconds, 0).UTC()
	}
	return s
}

// headers are those of a commit or a tag.
type headers struct {
	// links are the raw ids in "tree", "parent" and "object" headers.
	tree, target []byte
	parents      [][]byte
	// author is the author of a commit or the tagger of a tag.
	author    signature
	committed time.Time
	// text is the other headers, each link blank, so that lines stay where
	// they are; message is what follows.
	text, message []byte
}

// parseHeaders splits a commit or a tag. The message is data's own, the rest a
// copy.
func parseHeaders(data []byte) headers {
	var h headers
	head := data
	if at := bytes.Index(data, []byte("\n\n")); at >= 0 {
		head, h.message = data[:at+1], data[at+2:]
	}
	h.text = bytes.Clone(head)
	for line := range bytes.Lines(h.text) {
		key, value, ok := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte(" "))
		if !ok {
			continue
		}
		switch string(key) {
		case "tree":
			h.tree = link(value, h.tree)
		case "object":
			h.target = link(value, h.target)
		case "parent":
			if id := link(value, nil); id != nil {
				h.parents = append(h.parents, id)
			}
		case "author", "tagger":
			h.author = parseSignature(value)
		case "committer":
			h.committed = parseSignature(value).when
		}
	}
	return h
}

// link decodes an id and blanks it; the first of its kind holds.
func link(value, first []byte) []byte {
	id := make([]byte, hex.DecodedLen(len(value)))
	if _, err := hex.Decode(id, value); err != nil || first != nil {
		return first
	}
	for i := range value {
		value[i] = ' '
	}
	return id
}
