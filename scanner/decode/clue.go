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

// Joints calls found for every place in text[from:to] at which a decoding may
// join or make key characters: escapes, entities and percent-encoding of such,
// tags and terminal controls between them, folded lines, strings of a notebook
// that follow each other, and text of two bytes a character.
func Joints(text []byte, sort Sort, from, to int, found func(start, end int)) {
	for _, next := range []func([]byte, int) (int, int, bool){jointEscape, jointEntity, jointPercent, jointTag, jointControl, nextLatex} {
		eachPlace(text, from, to, next, found)
	}
	if sort == Notebook {
		eachPlace(text, from, to, jointStrings, found)
	}
	wideClues(text, from, to, found)
	if i := quotedHeader(text[from:to]); i >= 0 {
		// From here on, every line may be encoded.
		found(from, len(text))
	}
}

// eachPlace calls found for the places that begin in text[from:to].
func eachPlace(text []byte, from, to int, next func([]byte, int) (int, int, bool), found func(start, end int)) {
	for i := from; i < to; {
		// What follows the stretch matters only to a place that begins in it.
		at, end, joins := next(text[:min(len(text), to+maxTag+1)], i)
		if at < 0 || at >= to {
			return
		}
		if joins {
			found(at, end)
		}
		i = max(end, i+1)
	}
}

// between reports whether text[at:end], and what is dropped with it, has key
// characters on both sides.
func between(text []byte, at, end int) bool {
	if at == 0 || !isKeyByte(text[at-1]) {
		return false
	}
	for end < len(text) {
		n := 0
		switch text[end] {
		case '<':
			n = tagLen(text[end:])
		case escapeByte:
			n = control(text[end:])
		case '\\':
			n = escapedControl(text[end:])
		}
		if n == 0 {
			break
		}
		end += n
	}
	return end < len(text) && (isKeyByte(text[end]) || mayBegin(text[end]))
}

// mayBegin reports whether what is encoded as a key character may begin with c.
func mayBegin(c byte) bool { return c == '\\' || c == '&' || c == '%' }

// escapedControl returns the length of a terminal control whose first byte is
// escaped, as in JSON, 0 if text does not begin with one.
func escapedControl(text []byte) int {
	r, n := escape(text)
	if n == 0 || r != escapeByte || n == len(text) {
		return 0
	}
	for i := n; i < min(len(text), n+64); i++ {
		switch c := text[i]; {
		case i == n && (c == '[' || c == '(' || c == ')'), c >= '0' && c <= '9', c == ';', c == '?':
		default:
			return i + 1
		}
	}
	return n
}

func jointEscape(text []byte, i int) (at, end int, joins bool) {
	at, end, joins = nextEscape(text, i)
	if at < 0 || joins {
		return at, end, joins
	}
	if n := escapedControl(text[at:]); n > 0 {
		return at, at + n, between(text, at, at+n) && !endsEscape(text[:at])
	}
	r, _ := escape(text[at:])
	if r == '\\' {
		// Escaped twice: what follows is read after the other.
		inner, n := escape(text[at+1:])
		return at, end, n > 2 && isKeyRune(inner) || inner == fold
	}
	if end-at > 2 && (r == 0 || r == '<' || r == '=' || mayBegin(byte(min(r, 0x7f)))) {
		return at, end, true // what it stands for may begin something encoded
	}
	return at, end, (isKeyRune(r) || r == fold || r == ' ') && between(text, at, end)
}

func jointEntity(text []byte, i int) (at, end int, joins bool) {
	at, end, joins = nextEntity(text, i)
	if at >= 0 && !joins {
		joins = entity(text[at:end]) == " " && between(text, at, end)
	}
	return at, end, joins
}

func jointPercent(text []byte, i int) (at, end int, joins bool) {
	at, end, joins = nextPercent(text, i)
	if at >= 0 && !joins {
		c, _ := percentByte(text[at:])
		joins = isKeyByte(c) && at > 0 && isKeyByte(text[at-1]) || c == ' ' && between(text, at, end)
	}
	return at, end, joins
}

func jointTag(text []byte, i int) (at, end int, joins bool) {
	at, end, _ = nextTag(text, i)
	return at, end, at >= 0 && between(text, at, end)
}

func jointControl(text []byte, i int) (at, end int, joins bool) {
	at, end, _ = nextControl(text, i)
	return at, end, at >= 0 && between(text, at, end)
}

// jointStrings finds where one string of a list ends and the next begins, with
// nothing but key characters around, such as a line that does not end.
func jointStrings(text []byte, i int) (at, end int, joins bool) {
	for i < len(text) {
		k := bytes.IndexByte(text[i:], ',')
		if k < 0 {
			break
		}
		if at, end := separator(text, i+k); at >= 0 {
			return at, end, between(text, at, end) && !endsEscape(text[:at]) && !isMemberName(text[end:])
		}
		i += k + 1
	}
	return -1, -1, false
}

// separator returns the quotes and the blanks around a comma between two
// strings.
func separator(text []byte, comma int) (at, end int) {
	at, end = comma, comma+1
	for at > 0 && isBlank(text[at-1]) {
		at--
	}
	for end < len(text) && isBlank(text[end]) {
		end++
	}
	if at == 0 || text[at-1] != '"' || end == len(text) || text[end] != '"' {
		return -1, -1
	}
	return at - 1, end + 1
}

// isMemberName reports whether a string, without its first quote, is the name
// of an object's member.
func isMemberName(text []byte) bool {
	k := bytes.IndexByte(text, '"')
	return k >= 0 && bytes.HasPrefix(text[k+1:], []byte{':'})
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// endsEscape reports whether the last byte is the letter of an escape such as
// \n.
func endsEscape(text []byte) bool {
	slashes := 0
	for i := len(text) - 2; i >= 0 && text[i] == '\\'; i-- {
		slashes++
	}
	return slashes&1 == 1
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
