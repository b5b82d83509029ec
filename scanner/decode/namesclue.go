package decode

import "bytes"

// NameClues is what the bytes of content say of values that names put
// together. What a name stands for may be written anywhere, so that these
// clues have no zone. The zero value is that of content without any.
type NameClues struct {
	// Joined says that some view shows such a value.
	Joined bool
	// pieces says that there are literals that may be parts of values, open
	// that any change can join them, names are those by which one can.
	pieces, open bool
	names        []string
}

const (
	// maxClueNames is how many names are remembered.
	maxClueNames = 64
	// nameReach is how far from what a change touches, in bytes, it can make a
	// literal a part of a value, or a name be put together.
	nameReach = 2 << 10
)

// NameCluesOf finds the clues of content.
func NameCluesOf(content []byte, sort Sort) NameClues {
	if !hasPiece(content, 0, len(content)) {
		return NameClues{}
	}
	text := content
	if sort == Notebook {
		w := &walk{o: Options{Images: new(int)}}
		r := &notebookReader{w: w, scan: jsonScan{src: content}, programs: &programs{}, skim: true}
		r.text.b, r.rest.b = &builder{}, &builder{}
		r.whole()
		text = r.programs.text
	}
	p := readProgram(text)
	c := NameClues{Joined: len(p.joins) > 0, pieces: true, open: len(p.places) > 0 || sort == Notebook || len(p.seen) > maxClueNames || len(text) > maxProgram}
	if !c.open {
		for name := range p.seen {
			c.names = append(c.names, name)
		}
	}
	return c
}

// Changed reports whether content that was made from such with these clues may
// have others since it is new in content[from:to].
func (c NameClues) Changed(content []byte, from, to int) bool {
	if c.open {
		return true
	}
	if !c.pieces {
		return hasPiece(content, from, to)
	}
	from, to = max(0, from-nameReach), min(len(content), to+nameReach)
	if hasPiece(content, from, to) {
		return true
	}
	for _, name := range c.names {
		if bytes.Contains(content[from:to], []byte(name)) {
			return true
		}
	}
	return false
}
