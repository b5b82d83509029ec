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

// wideClues finds text of two bytes a character.
func wideClues(text []byte, from, to int, found func(start, end int)) {
	if bytes.IndexByte(text[from:to], 0) < 0 {
		return
	}
	for i := from; i < to; i += minWide {
		k := i
		if text[k] == 0 {
			k++
		}
		if !isWide(text, k) || !isWide(text, k+2) {
			continue
		}
		start, end := k, k+4
		for start > from-wideReach && isWide(text, start-2) {
			start -= 2
		}
		for end < to+wideReach && isWide(text, end) {
			end += 2
		}
		if end-start >= 2*minWide {
			found(start, end)
		}
		i = max(i, end-minWide)
	}
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

// Hides reports whether a row of base64 or hexadecimal digits decodes to more
// than bytes without meaning, and where it stands with the lines that it is
// wrapped into.
func Hides(text []byte, sort Sort, from, to int) (start, end int, ok bool) {
	if to-from < minBase64 || isImageURI(text, from) || sort == Notebook && isImageData(text, from) {
		return from, to, false
	}
	wraps := to-from >= wrapped && nextLine(text, to) >= 0
	if !wraps && !hidesText(text[from:to]) && !hidesText(text[Trimmed(text, from, to):to]) {
		return from, to, false
	}
	for from > 0 && (sextet(text[from-1]) != 0xff || isFold(text[from-1])) {
		from--
	}
	for to < len(text) && (sextet(text[to]) != 0xff || isFold(text[to])) {
		to++
	}
	return from, to, true
}

// isImageData reports whether a row is a picture of a notebook.
func isImageData(text []byte, from int) bool {
	return bytes.Contains(text[max(0, from-80):from], []byte(`"image/`))
}

// isFold reports whether c may stand between the lines of a row.
func isFold(c byte) bool { return isBlank(c) || c == '>' || c == '\\' || c == '=' }

func hidesText(chars []byte) bool {
	if len(chars) < minBase64 {
		return false
	}
	if _, ok := nextText64(chars, 0); ok || opaque(chars) {
		return true
	}
	for i := 0; ; {
		from, to := nextHex(chars, i)
		if from < 0 {
			return false
		}
		if nextHexText(chars[:to], from).from >= 0 || nextHexText(chars[:to], from+1).from >= 0 {
			return true
		}
		i = to
	}
}

// Runs calls found for every run of n or more key characters that is no mere
// word and touches text[from:to].
func Runs(text []byte, from, to, n int, found func(start, end int)) {
	for start, end := runs.Next(text, from, n); start >= 0 && start < to; start, end = runs.Next(text, end, n) {
		if runs.Mixed(text[start:end]) {
			found(start, end)
		}
	}
}
