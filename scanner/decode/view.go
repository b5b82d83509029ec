// Package decode turns content into views: text to match, with the way back to
// the bytes it was made from. The raw bytes are always the first view; others
// follow where a cheap look says that a key could hide behind an encoding, an
// archive or a notebook's JSON.
//
// Words of the package: a node is text that is looked at, with all that a view
// of it says; a layer is the part of it that leads back; a rewriting is a way
// to undo an encoding inside text (escapes, entities, percent); a window is
// the neighbourhood in which it is worth undoing; a run is a row of key
// characters that could be a key.
package decode

import "bytes"

// A View is text to match. Text and Base are valid until the next view of the
// same sequence is asked for. Of a long text with few encoded places only their
// neighbourhood is decoded, so evidence that may stand anywhere in the file is
// to be looked for in Base as well.
type View struct {
	// Text is what the rules see.
	Text []byte
	// Base is what lines and columns count in: the content itself or, inside
	// an archive or a compressed file, the member. Of UTF-16 and UTF-32 it is
	// the decoded text, as an editor shows it.
	Base []byte
	// Member is the path inside archives, "" for the content itself; a member
	// of a member is joined with "!" ("inner.zip!nb.ipynb").
	Member string
	// Way names the decodings between Base and Text, outermost first:
	// "base64", "percent". Archives and notebooks are not named here, Member
	// and Part say them; "utf-16" is named although Base is decoded already.
	Way []string
	// Part is the notebook cell and part, zero outside notebooks.
	Part Part

	// Focus is the part of Text that is to be matched; the rest is there as
	// evidence only. From is To for all of Text.
	Focus Focus

	// layer leads from Text to Base; nil means that Text is Base.
	layer *layer
}

// Focus is a stretch of a view's text.
type Focus struct{ From, To int }

// Part is a place in a notebook.
type Part struct {
	// Cell counts from 1; 0 with a Name means the notebook's own metadata.
	Cell int
	// Name is "source", "output", "traceback", "metadata" or "attachment".
	Name string
}

// Locate maps Text[start:end] to the bytes of Base that it was made from: the
// very bytes where text is taken over or unescaped, the whole encoded run for
// base64 and hex. The line counts from 1 within the notebook part, 0 outside
// of notebooks. Offsets outside Text are clipped.
func (v View) Locate(start, end int) (baseStart, baseEnd, partLine int) {
	start = min(max(start, 0), len(v.Text))
	end = min(max(end, start), len(v.Text))
	for l := v.layer; l != nil; l = l.outer {
		if l.part {
			partLine = l.lines + 1 + bytes.Count(l.text[:min(start, len(l.text))], []byte{'\n'})
		}
		start, end = l.locate(start, end)
	}
	start = min(start, len(v.Base))
	return start, min(max(end, start), len(v.Base)), partLine
}
