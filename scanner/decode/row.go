package decode

import (
	"bytes"

	"github.com/qleaks/qleaks/scanner/runs"
)

// Programs put strings together: "abc" + "def". Literals that may be parts of
// one value stand in a row, and what stands between two of them is a gap. This
// file finds rows in whatever encoding, so it takes more for one than is: what
// a row is made of in plain text is read by joined.go.

const (
	// maxGap is how long a gap may be, in encoded bytes.
	maxGap = 512
	// gapSteps is how many characters and encoded places a gap may have.
	gapSteps = 200
	// rowAround is how far around a stretch a row is sought that touches it.
	rowAround = 256
	// rowCut is where a long row is told in parts, of which each has rowAgain
	// bytes of the one before: no value is longer.
	rowCut, rowAgain = 16 << 10, 8 << 10
	// listAround is how far beside a list stand the words that join it.
	listAround = 128
)

// rowFinder finds rows of literals.
type rowFinder struct {
	text []byte
	sort Sort
	// found is called for every row that may be a value; it returns false when
	// it wants no more.
	found func(start, end int) (more bool)
	// seen is how far each kind of quote was looked for.
	seen [3]int
	// end is where the last row ended.
	end int
}

// listRows finds the rows of a text.
func listRows(text []byte) runList {
	var list runList
	f := rowFinder{text: text, sort: Text, found: func(start, end int) bool {
		list = append(list, stretch{start, end})
		return true
	}}
	f.find(0, len(text))
	for _, first := range []byte(`\&%`) {
		f.end = 0
		for i := 0; i < len(text); {
			k := bytes.IndexByte(text[i:], first)
			if k < 0 {
				break
			}
			e := elementAt(text, i+k, Text)
			if i = max(e.end, i+k+1); e.isQuote(text) {
				f.closing(e.at, e.end)
			}
		}
	}
	return list.sorted()
}

// find looks for rows that touch text[from:to] by the quotes that are not
// encoded. It returns false when found wants no more.
func (f *rowFinder) find(from, to int) (more bool) {
	from, to = max(0, from-rowAround), min(len(f.text), to+rowAround)
	for n, quote := range []byte("\"'`") {
		f.end = 0
		i := max(from, f.seen[n])
		for i < to {
			k := bytes.IndexByte(f.text[i:to], quote)
			if k < 0 {
				break
			}
			i += k + 1
			if !f.mayClose(i - 1) {
				continue
			}
			if !f.closing(i-1, i) {
				return false
			}
			i = max(i, f.end)
		}
		f.seen[n] = max(i, to)
	}
	return true
}

// isPieceByte reports whether a literal that is a part of a value may hold c.
func isPieceByte(c byte) bool { return isKeyByte(c) || c == '.' || c == '+' || c == '/' || c == '=' }

// isQuote reports whether an element stands for a quote that is seen in no
// other way.
func (e element) isQuote(text []byte) bool {
	return e.end > e.at && (e.c == '"' || e.c == '\'' || e.c == '`') && e.c != text[e.end-1]
}

// closing tells the row whose first gap stands behind the quote [at, end), if
// there is one.
func (f *rowFinder) closing(at, end int) (more bool) {
	if at < f.end {
		return true
	}
	next, listed := f.gap(end)
	if next < 0 {
		return true
	}
	var r rowValue
	start := f.before(at, &r)
	for next >= 0 {
		f.end = next
		if f.end-start > rowCut {
			if !f.tell(start, f.end, listed, &r) {
				return false
			}
			start = f.end - rowAgain
		}
		quote := f.value(next, &r)
		if quote < 0 {
			break
		}
		var list bool
		next, list = f.gap(quote)
		listed = listed || list && next >= 0
	}
	return f.tell(start, f.end, listed, &r)
}

// tell tells a row, if it may be a value.
func (f *rowFinder) tell(start, end int, listed bool, r *rowValue) (more bool) {
	if r.chars < minRun || !r.mixed() {
		return true
	}
	if listed {
		from, to := start, end
		start, end = max(0, start-listAround), min(len(f.text), end+listAround)
		if !r.encoded && !joinsList(f.text[start:min(to, from+listAround)]) && !joinsList(f.text[max(from, to-listAround):end]) {
			return true
		}
	}
	return f.found(start, end)
}

// rowValue is what the literals of a row hold.
type rowValue struct {
	chars               int
	digit, upper, lower bool
	encoded             bool
}

func (r *rowValue) mixed() bool {
	return r.encoded || r.digit && (r.upper || r.lower) || r.upper && r.lower
}

func (r *rowValue) add(c byte) {
	r.chars++
	switch {
	case c >= '0' && c <= '9':
		r.digit = true
	case c >= 'a' && c <= 'z':
		r.lower = true
	case c >= 'A' && c <= 'Z':
		r.upper = true
	}
}

// before counts what stands before a closing quote and returns where it begins.
func (f *rowFinder) before(at int, r *rowValue) int {
	i := at - 1
	for ; i >= 0 && at-i < rowCut; i-- {
		switch c := f.text[i]; {
		case isPieceByte(c):
			r.add(c)
			continue
		case c == '\\' || c == '&' || c == '%' || c == ';' || c == '#' || c == '{' || c == '}':
			r.encoded = r.encoded || i < at-4
			continue
		case c == '>':
			if k := bytes.LastIndexByte(f.text[max(0, i-maxGap):i], '<'); k >= 0 {
				i = max(0, i-maxGap) + k
				continue
			}
		}
		break
	}
	return i + 1
}

// value counts the characters of a literal from i on and returns where the
// quote behind them ends, -1 if there is none.
func (f *rowFinder) value(i int, r *rowValue) int {
	for i < len(f.text) {
		c, n, skipped := f.char(i)
		if n > 1 && !skipped && isPieceByte(c) {
			r.encoded = true
		}
		switch {
		case skipped:
		case isPieceByte(c):
			r.add(c)
		case c == '"' || c == '\'' || c == '`':
			f.end = i + n
			return f.end
		case c == '\\' || c == '&' || c == '%':
			r.encoded = true
		default:
			f.end = max(f.end, i)
			return -1
		}
		i += n
		f.end = i
	}
	return -1
}

// char reads the character at i, and how many bytes it takes. Skipped are those
// that nothing stands for.
func (f *rowFinder) char(i int) (c byte, n int, skipped bool) {
	switch c = f.text[i]; c {
	case '\\', '&', '%', '<', escapeByte:
	case ',', '"':
		if f.sort != Notebook {
			return c, 1, false
		}
	default:
		return c, 1, false
	}
	e := elementAt(f.text[:min(len(f.text), i+maxGap)], i, f.sort)
	if e.end <= i {
		return c, 1, false
	}
	if c == '<' {
		return ' ', e.end - i, true
	}
	return e.c, e.end - i, e.is == gone
}

// isRow reports whether what was put together may be a value.
func isRow(value []byte) bool { return len(value) >= minRun && runs.Mixed(value) }
