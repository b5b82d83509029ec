package decode

import (
	"bytes"
	"crypto/sha256"
	"strings"
)

// NameClues is what the bytes of content say of values that names put
// together. What a name stands for may be written anywhere, so that these
// clues have no zone. The zero value is that of content without any.
type NameClues struct {
	// Joined says that some view shows such a value.
	Joined bool
	// pieces says that there are literals that may be parts of values, open
	// that any change can join them, names are the words by which one can.
	pieces, open bool
	names        map[string]bool
	// markup says that only scripts count.
	markup bool
	// sources is the digest of a notebook's sources: they alone decide.
	sources [sha256.Size]byte
}

const (
	// maxClueNames is how many names are remembered.
	maxClueNames = 64
	// nameReach is how far from what a change touches, in bytes, it can make a
	// literal a part of a value, or a name be put together.
	nameReach = 2 << 10
)

// NameCluesOf finds the clues of content. Of a notebook, sources are where the
// sources of its cells stand.
func NameCluesOf(content []byte, sort Sort, sources [][2]int) NameClues {
	if sort == Notebook {
		return notebookClues(content, sources)
	}
	markup := isMarkup(content)
	if markup && !bytes.Contains(content, []byte(scriptTag)) || !hasPiece(content, 0, len(content)) {
		return NameClues{markup: markup}
	}
	p := readProgram(content)
	c := NameClues{Joined: len(p.joins) > 0, markup: markup, pieces: true, open: len(p.places) > 0 || len(p.seen) > maxClueNames || len(content) > maxProgram}
	if !c.open {
		c.names = map[string]bool{}
		for name := range p.seen {
			c.names[name] = true
			c.open = c.open || strings.ContainsFunc(name, func(r rune) bool { return r > 0x7f || !isNameByte(byte(r)) })
		}
	}
	return c
}

// notebookClues is NameCluesOf for a notebook, whose cells are one program.
func notebookClues(content []byte, sources [][2]int) NameClues {
	c := NameClues{sources: digest(content, sources)}
	for _, s := range sources {
		// An escape may be a character of a piece.
		c.pieces = c.pieces || hasPiece(content, s[0], s[1]) || bytes.Contains(content[s[0]:s[1]], []byte(`\u`))
	}
	if !c.pieces {
		return c
	}
	r := &notebookReader{w: &walk{o: Options{Images: new(int)}}, scan: jsonScan{src: content}, programs: &programs{}, skim: true}
	r.text.b, r.rest.b = &builder{}, &builder{}
	r.whole()
	c.Joined = len(readProgram(r.programs.text).joins) > 0
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

// Changed reports whether text that was made from such with these clues may
// have others since it is new in content[from:to].
func (c NameClues) Changed(content []byte, from, to int) bool {
	if c.open || c.markup && (from < markupReach || bytes.Contains(content[from:to], []byte(scriptTag))) {
		return true
	}
	if !c.pieces {
		return hasPiece(content, from, to)
	}
	from, to = max(0, from-nameReach), min(len(content), to+nameReach)
	return hasPiece(content, from, to) || c.named(content, from, to)
}

// named reports whether one of the names stands in content[from:to], or is cut
// at an end of it.
func (c NameClues) named(content []byte, from, to int) bool {
	for from > 0 && isNameByte(content[from-1]) {
		from--
	}
	for i := from; i < to; {
		if !isNameByte(content[i]) {
			i++
			continue
		}
		end := i + 1
		for end < len(content) && isNameByte(content[end]) {
			end++
		}
		if c.names[string(content[i:end])] {
			return true
		}
		i = end
	}
	return false
}
