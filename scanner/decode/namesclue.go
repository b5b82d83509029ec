package decode

import (
	"bytes"
	"crypto/sha256"
	"maps"
)

// NameClues is what the bytes of content say of values that names put
// together. What a name stands for may be written anywhere, so that these
// clues have no zone. The zero value is that of content without any.
type NameClues struct {
	// Joined says that some view shows such a value.
	Joined bool
	// open says that any change can join pieces, names are the words by which
	// one can.
	open  bool
	names map[string]bool
	// markup says that only scripts count.
	markup bool
	// sources is the digest of a notebook's sources: they alone decide.
	sources [sha256.Size]byte
}

const (
	// maxClueNames is how many names are remembered.
	maxClueNames = 64
	// nameReach is how far before what a change touches, in bytes, it can make a
	// literal a part of a value; listReach is how far behind it, and farther
	// than it can make a name be put together.
	nameReach = combineGap + targetReach
)

// NameCluesOf finds the clues of text with these pieces.
func NameCluesOf(content []byte, pieces *Pieces) NameClues {
	markup := isMarkup(content)
	if pieces.none() || markup && !bytes.Contains(content, []byte(scriptTag)) {
		return NameClues{markup: markup}
	}
	p := readProgram(content, pieces)
	c := NameClues{Joined: len(p.joins) > 0, markup: markup, open: len(p.places) > 0 || len(content) > maxProgram}
	if !c.open {
		c.names, c.open = p.seen, len(p.seen) > maxClueNames
	}
	return c
}

// NotebookNameClues is NameCluesOf for a notebook, whose cells are one program;
// sources are where theirs stand.
func NotebookNameClues(content []byte, sources [][2]int) NameClues {
	c := NameClues{sources: digest(content, sources)}
	pieces := false
	for _, s := range sources {
		// An escape may be a character of a piece.
		pieces = pieces || hasPiece(content, s[0], s[1]) || bytes.Contains(content[s[0]:s[1]], []byte(`\u`))
	}
	if !pieces {
		return c
	}
	r := &notebookReader{w: &walk{o: Options{Images: new(int)}}, scan: jsonScan{src: content}, programs: &programs{}, skim: true}
	r.text.b, r.rest.b = &builder{}, &builder{}
	r.whole()
	c.Joined = len(readProgram(r.programs.text, nil).joins) > 0
	return c
}

// digest is that of some stretches of content.
func digest(content []byte, stretches [][2]int) (sum [sha256.Size]byte) {
	h := sha256.New()
	for _, s := range stretches {
		h.Write(content[s[0]:s[1]])
		h.Write([]byte{cellEnd})
	}
	h.Sum(sum[:0])
	return sum
}

// SameSources reports whether the sources of a notebook are those that these
// clues are of.
func (c NameClues) SameSources(content []byte, sources [][2]int) bool {
	return c.sources == digest(content, sources)
}

// Change follows text with these clues that is new in content[from:to] and has
// these pieces now. It reports whether the clues of the text have to be found
// anew.
func (c *NameClues) Change(content []byte, from, to int, pieces *Pieces) bool {
	if c.open || c.markup && (pieces.touch(from, to) || from < markupReach || bytes.Contains(content[from:to], []byte(scriptTag))) || len(content) > maxProgram {
		return true
	}
	if pieces.none() {
		c.names = nil
		return false
	}
	from, to = reached(content, from, to)
	p := &program{text: content, seen: maps.Clone(c.names)}
	if p.seen == nil {
		p.seen = map[string]bool{}
	}
	p.worthWithin(from, to, pieces)
	for name := range c.names {
		p.worthNameWithin(name, from, to)
	}
	// The map of before may be that of other clues, too.
	c.names, c.open = p.seen, len(p.places) > 0 || len(p.seen) > maxClueNames
	return c.open
}

// reached is where a change of content[from:to] can make a literal a part of a
// value, or a name be put together, or as far as a line goes on
// that may have become too long or is no longer.
func reached(content []byte, from, to int) (int, int) {
	const line = longLine + maxPiece
	before := content[max(0, from-line):from]
	low := max(0, from-line) + bytes.LastIndexByte(before, '\n') + 1
	after := content[to:min(len(content), to+line)]
	high := to + len(after)
	if k := bytes.IndexByte(after, '\n'); k >= 0 {
		high = to + k
	}
	return min(low, max(0, from-nameReach)), max(high, min(len(content), to+listReach))
}
