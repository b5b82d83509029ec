// Package decode turns content into views: text to match, with the way back to
// the bytes it was made from. The raw bytes are always the first view; others
// follow where a cheap look says that a key could hide behind an encoding, an
// archive or a notebook's JSON.
package decode

// A View is text to match. Text and Base are valid until the next view of the
// same sequence is asked for.
type View struct {
	// Text is what the rules see.
	Text []byte
	// Base is what lines and columns count in: the content itself or, inside
	// an archive or a compressed file, the member.
	Base []byte
	// Member is the path inside archives, "" for the content itself; a member
	// of a member is joined with "!" ("inner.zip!nb.ipynb").
	Member string
	// Way names the decodings between Base and Text, outermost first:
	// "base64", "percent", "utf-16". Archives and notebooks are not named
	// here, Member and Part say them.
	Way []string
	// Part is the notebook cell and part, zero outside notebooks.
	Part Part

	// spans maps Text back to Base; nil means Text is Base.
	spans []span
	// part maps Text to the text of the notebook part, nil when it is Text.
	partStart []span
}

// Part is a place in a notebook.
type Part struct {
	// Cell counts from 1; 0 with a Name means the notebook's own metadata.
	Cell int
	// Name is "source", "output", "traceback", "metadata" or "attachment".
	Name string
}

// span says that Text from at on stands in the base from base on; a literal
// span maps byte by byte, another one maps every byte to [base, base+size).
type span struct {
	at, base, size int
	literal        bool
}
