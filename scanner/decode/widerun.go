package decode

import "bytes"

// wideUnit is the size of a character in a stretch of wide text: two bytes in
// UTF-16, four in UTF-32, which is what C's wchar_t and NumPy's strings are.
type wideUnit int

const (
	units16 wideUnit = 2
	units32 wideUnit = 4
)

func (u wideUnit) String() string {
	if u == units32 {
		return "utf-32"
	}
	return "utf-16"
}

// is reports whether an ASCII character stands at i, followed by zero bytes.
// Of the other order of bytes, all but the last character do so, too.
func (u wideUnit) is(text []byte, i int) bool {
	if i < 0 || i+int(u) > len(text) || !isTextByte(text[i]) || text[i+1] != 0 {
		return false
	}
	return u == units16 || text[i+2] == 0 && text[i+3] == 0
}

// next finds the first stretch of minWide or more characters that has a part
// in text[i:to] and does not begin or end further than reach beyond. It returns
// from < 0 if there is none.
func (u wideUnit) next(text []byte, i, to, reach int) (from, end int) {
	// A stretch covers at least one of the places looked at.
	begin, unit, step := i, int(u), minWide*int(u)/2
	for ; i < to; i += step {
		k := i
		for k < i+unit-1 && k < len(text) && text[k] == 0 {
			k++
		}
		if !u.is(text, k) || !u.is(text, k+unit) {
			continue
		}
		from, end = k, k+2*unit
		for from > begin-reach && u.is(text, from-unit) {
			from -= unit
		}
		for end < to+reach && u.is(text, end) {
			end += unit
		}
		if end-from >= minWide*unit {
			return from, end
		}
		i = max(i, end-step)
	}
	return -1, -1
}

// wideRuns yields stretches of UTF-16 and UTF-32 inside of other bytes: what a
// shell appended to a file in another encoding, or the strings of a program.
func (w *walk) wideRuns(n *node) bool {
	if bytes.IndexByte(n.text, 0) < 0 {
		return true
	}
	for _, u := range []wideUnit{units16, units32} {
		for i := 0; ; {
			from, to := u.next(n.text, i, len(n.text), len(n.text))
			if from < 0 {
				break
			}
			if !w.wideRun(n, u, from, to) {
				return false
			}
			i = to
		}
	}
	return true
}

func (w *walk) wideRun(n *node, u wideUnit, from, to int) bool {
	if !w.inTime() {
		return false
	}
	text, unit := n.text, int(u)
	first := from
	if from >= unit-1 && len(bytes.Trim(text[from-unit+1:from], "\x00")) == 0 && to < len(text) && isTextByte(text[to]) {
		// Big-endian: the zero bytes stand before their character.
		first -= unit - 1
		to++
	}
	out := w.builder()
	defer w.giveBack(out)
	for i := from; i < to; i += unit {
		out.text = append(out.text, text[i])
	}
	out.spans = append(out.spans, span{from: first, step: unit})
	child := n.inner(out.text, out.spans, u.String())
	return w.show(child) && w.text(child)
}

// isWide reports whether wide text may stand around i, as seen from a zero byte
// three bytes behind or one before.
func isWide(text []byte, i int) bool {
	if units16.is(text, i) {
		return true
	}
	for k := i - 4; k <= i+2; k++ {
		if units32.is(text, k) {
			return true
		}
	}
	return false
}
