package decode

import (
	"encoding/binary"
	"unicode/utf8"

	"github.com/qleaks/qleaks/scanner/decode/pickle"
)

// pickle yields what the strings of a pickle say, and what its values of bytes
// unfold to.
func (w *walk) pickle(n *node) bool {
	if n.depth >= w.o.Depth {
		return w.tooDeep(n)
	}
	t := literals{w: w, n: n, b: w.builder(), way: kindPickle.String()}
	defer w.giveBack(t.b)
	quiet, unfolds := t.quiet()
	if quiet && !unfolds {
		return true
	}
	pickle.Read(n.text, func(p pickle.Piece) bool {
		if t.unfolds(p) && !t.bytes(p.From, p.To) {
			return false
		}
		if quiet {
			return true
		}
		t.b.str(p.Before, p.From, p.From)
		if !t.unfolds(p) {
			t.b.copy(n.text, p.From, p.To)
		}
		t.b.str(p.After, p.To, p.To)
		return len(t.b.text) < partBytes || t.flush(true) && !w.full
	})
	return !w.stopped && (quiet || t.flush(false))
}

// unfolds reports whether a piece is a value of bytes that is no text.
func (t *literals) unfolds(p pickle.Piece) bool {
	if !p.Bytes {
		return false
	}
	value := t.n.text[p.From:p.To]
	return !utf8.Valid(value) || SortOf(value) != Text
}

// quiet reports whether the text of the pickle shows no key, and whether some
// of its values unfold. It looks at the text in the parts in which it would be
// handed out, without the way back from each character to the pickle, which
// takes more memory than the text.
func (t *literals) quiet() (quiet, unfolds bool) {
	if t.w.o.Quiet == nil {
		return false, false
	}
	b, total, quiet := t.w.builder(), 0, true
	defer t.w.giveBack(b)
	pickle.Read(t.n.text, func(p pickle.Piece) bool {
		before := len(b.text)
		b.text = append(b.text, p.Before...)
		if t.unfolds(p) {
			unfolds = true
		} else {
			b.text = append(b.text, t.n.text[p.From:p.To]...)
		}
		b.text = append(b.text, p.After...)
		total += len(b.text) - before
		if len(b.text) >= partBytes {
			quiet = t.w.quiet(b.text)
			b.keep(overlap)
		}
		return quiet
	})
	quiet = quiet && int64(total) < t.w.left && !t.w.full && t.w.quiet(b.text)
	if quiet {
		t.w.left -= int64(total)
	}
	return quiet, unfolds
}

// arrayMagic is what a file of NumPy begins with.
const arrayMagic = "\x93NUMPY"

// array yields what an array of objects holds: a pickle behind a header.
func (w *walk) array(n *node) bool {
	if len(n.text) < 12 {
		return true
	}
	from := 10 + int(binary.LittleEndian.Uint16(n.text[8:]))
	if n.text[6] > 1 {
		from = 12 + int(min(binary.LittleEndian.Uint32(n.text[8:]), 1<<20))
	}
	if from >= len(n.text) || !pickle.Is(n.text[from:]) {
		return true
	}
	return w.unfold(n.inner(n.text[from:], []span{{from: from, step: 1}}, kindArray.String()))
}

// literals gathers the literals of an object that was written in bytes.
type literals struct {
	w   *walk
	n   *node
	b   *builder
	way string
	// kept is how much of the text was handed out before.
	kept int
}

// bytes yields what a value of bytes unfolds to.
func (t *literals) bytes(from, to int) bool {
	if to-from < minRun || !t.w.inTime() {
		return !t.w.stopped
	}
	return t.w.unfold(t.n.inner(t.n.text[from:to], []span{{from: from, step: 1}}, t.way))
}

// flush hands out the text gathered so far. If the object goes on, the end of
// the text is kept.
func (t *literals) flush(goesOn bool) bool {
	if t.w.stopped {
		return false
	}
	if len(t.b.text) == t.kept || t.w.full || !t.w.take(t.n.member, len(t.b.text)-t.kept) {
		return !t.w.stopped
	}
	child := t.n.inner(t.b.text, t.b.spans, t.way)
	if !t.w.show(child) || !t.w.text(child) {
		return false
	}
	if goesOn {
		t.b.keep(overlap)
		t.kept = len(t.b.text)
	}
	return true
}
