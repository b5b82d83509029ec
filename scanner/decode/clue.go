package decode

import (
	"bytes"

	"github.com/qleaks/qleaks/scanner/runs"
)

// A clue is what the bytes of a text show of a key that a view of it may hold.
// The functions of this file find the clues of encodings, so that the views of
// a text without clues need not be made. They decide by the bytes in and
// beside a clue alone, wherever it stands.

// Sort says what clues can tell of content.
type Sort int

// The sorts of content.
const (
	// Opaque content, such as an archive or UTF-16, unfolds to other bytes:
	// its clues say nothing.
	Opaque Sort = iota
	// Text is what is neither of the others, bytes of programs included.
	Text
	// Notebook is a Jupyter notebook.
	Notebook
)

// SortOf tells the sort of content.
func SortOf(content []byte) Sort {
	switch {
	case sniff(content) != kindNone || sniffWide(content).unit > 0:
		return Opaque
	case isNotebook(content):
		return Notebook
	}
	return Text
}

// wideReach is how far beyond the stretch that is looked at wide text is
// followed, in bytes: further than the evidence for a key in it.
const wideReach = 4 << 10

// wideClues finds text of two or four bytes a character. It returns false when
// found wants no more.
func wideClues(text []byte, from, to int, found func(start, end int) bool) bool {
	if bytes.IndexByte(text[from:to], 0) < 0 {
		return true
	}
	for _, u := range []wideUnit{units16, units32} {
		for i := from; ; {
			start, end := u.next(text, i, to, wideReach)
			if start < 0 {
				break
			}
			if !found(start, end) {
				return false
			}
			i = end
		}
	}
	return true
}

// Trimmed returns where a run begins if the bytes at its begin belong to
// something encoded that ends there, such as the n of \n; else start.
func Trimmed(text []byte, start, end int) int {
	if start == 0 {
		return start
	}
	switch text[start-1] {
	case '\\':
		if _, n := escape(text[start-1:]); n > 0 {
			return min(start-1+n, end)
		}
	case '%':
		if _, ok := percentByte(text[start-1:]); ok {
			return min(start+2, end)
		}
	case '[', ';', '?', '(', ')':
		i := start
		for i < end && text[i] >= '0' && text[i] <= '9' {
			i++
		}
		return min(i+1, end)
	}
	return start
}

// Row returns the row of base64 characters around the run text[start:end].
func Row(text []byte, start, end int) (from, to int) {
	return around64(text, stretch{start, end}, 0)
}

// Hider tells of rows of base64 or hexadecimal digits whether they decode to
// what may hold a key.
type Hider struct {
	Text []byte
	Sort Sort
	// Promising reports whether decoded text may hold a key. It does not keep
	// the text.
	Promising func(decoded []byte) bool

	decoded []byte
	joined  builder
}

// Hides reports whether the row Text[from:to] hides something, and for which
// stretch that holds: where it is wrapped into lines, more than the row.
func (h *Hider) Hides(from, to int) (start, end int, ok bool) {
	text, sort := h.Text, h.Sort
	if to-from < minBase64 || isImageURI(text, from) || sort == Notebook && isImageData(text, from) {
		return from, to, false
	}
	if to-from >= wrapped && nextLine(text, to) >= 0 {
		return h.inLines(from, to)
	}
	if h.hides(text[from:to]) {
		return from, to, true
	}
	trimmed := Trimmed(text, from, to)
	return from, to, trimmed > from && h.hides(text[trimmed:to])
}

// lineAround is how much of a wrapped row belongs to one of its lines, in
// bytes: more than the longest key takes.
const lineAround = 8 << 10

// inLines is Hides for a row that goes on in the next line.
func (h *Hider) inLines(from, to int) (start, end int, ok bool) {
	text := h.Text
	start = from
	for low := max(0, from-lineAround); start > low; {
		before, ok := lineBefore(text, start)
		if !ok {
			break
		}
		start = before
	}
	high := min(len(text), to+2*lineAround)
	h.joined.reset()
	end = joinLines(&h.joined, text[:high], start, rowEnd(text[:high], start))
	if h.hides(text[from:to]) || h.hides(h.joined.text) {
		return start, end, true
	}
	if end == high && high < len(text) {
		end -= lineAround
	}
	return from, end, false
}

// lineBefore returns where the row of the line before begins, if it is one that
// goes on in the line whose row begins at i.
func lineBefore(text []byte, i int) (from int, ok bool) {
	for k := 0; k < 64 && i > 0 && (text[i-1] == ' ' || text[i-1] == '\t' || text[i-1] == '>'); k++ {
		i--
	}
	end := len(bytes.TrimSuffix(bytes.TrimSuffix(text[:i], []byte("\n")), []byte("\r")))
	if end == i {
		end = len(bytes.TrimSuffix(bytes.TrimSuffix(text[:i], []byte(`\n`)), []byte(`\r`)))
	}
	if end == i {
		return 0, false
	}
	from = end
	for from > 0 && sextet(text[from-1]) != 0xff {
		from--
	}
	return from, end-from >= wrapped
}

// rowEnd returns where the row of base64 characters that begins at i ends.
func rowEnd(text []byte, i int) int {
	for i < len(text) && sextet(text[i]) != 0xff {
		i++
	}
	return i
}

// isImageData reports whether a row is a picture of a notebook.
func isImageData(text []byte, from int) bool {
	return bytes.Contains(text[max(0, from-80):from], []byte(`"image/`))
}

// hides reports whether characters of base64 decode to what may hold a key, at
// whatever alignment.
func (h *Hider) hides(chars []byte) bool {
	if len(chars) < minBase64 {
		return false
	}
	if opaque(chars) {
		return true
	}
	for i := 0; ; {
		s, ok := nextText64(chars, i)
		if !ok {
			break
		}
		h.decoded = decode64(h.decoded[:0], chars[s.from:s.to])
		if (s.from == 0 || printable(h.decoded)) && (sniffs(h.decoded) || h.Promising(h.decoded)) {
			return true
		}
		i = s.to
	}
	return h.hidesHex(chars)
}

// sniffs reports whether decoded bytes are a container or wide text.
func sniffs(decoded []byte) bool { return sniff(decoded) != kindNone || sniffWide(decoded).unit > 0 }

func (h *Hider) hidesHex(chars []byte) bool {
	for i := 0; ; {
		from, to := nextHex(chars, i)
		if from < 0 {
			return false
		}
		for shift := range 2 {
			for s := nextHexText(chars[:to], from+shift); s.from >= 0; s = nextHexText(chars[:to], s.to) {
				h.decoded = h.decoded[:0]
				for k := s.from; k < s.to; k += 2 {
					h.decoded = append(h.decoded, byte(hexDigit(chars[k])<<4|hexDigit(chars[k+1])))
				}
				if h.Promising(h.decoded) {
					return true
				}
			}
		}
		i = to
	}
}

// Runs calls found for every run of n or more key characters that is no mere
// word or number and touches text[from:to]. It returns how far it looked, which
// is beyond to where a run is.
func Runs(text []byte, from, to, n int, found func(start, end int)) (looked int) {
	for from < to {
		start, end := runs.Next(text, from, n)
		if start < 0 || start >= to {
			break
		}
		if runs.Mixed(text[start:end]) {
			found(start, end)
		}
		from = end
	}
	return max(from, to)
}
