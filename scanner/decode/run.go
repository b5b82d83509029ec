package decode

import "unicode/utf8"

// minRun is the length from which a row of key characters could be a key, or
// the larger part of one. The shortest keys have 32 characters.
const minRun = 20

// Bit sets of the key characters A-Z a-z 0-9 _ - below 64 and above.
const (
	keysBelow = 1<<'-' | (1<<10-1)<<'0'
	keysAbove = (1<<26-1)<<('A'-64) | 1<<('_'-64) | (1<<26-1)<<('a'-64)
)

func isKeyByte(c byte) bool {
	if c < 64 {
		return uint64(keysBelow)>>c&1 != 0
	}
	return c < 128 && uint64(keysAbove)>>(c-64)&1 != 0
}

func isKeyRune(r rune) bool { return r >= 0 && r < utf8.RuneSelf && isKeyByte(byte(r)) }

// isTextByte reports whether c is printable ASCII or white space.
func isTextByte(c byte) bool {
	return c >= ' ' && c < 0x7f || c == '\n' || c == '\r' || c == '\t'
}

func appendRune(b []byte, r rune) []byte { return utf8.AppendRune(b, r) }

// runs walks over the runs of a text that could be keys.
type runs struct {
	text       []byte
	start, end int
	done       bool
}

// near reports whether a run touches [from, to), and leaves it in start and
// end. From call to call, from does not descend.
func (r *runs) near(from, to int) bool {
	from = max(from, 0)
	for !r.done && r.end < from || r.end == 0 && !r.done {
		r.next(max(from, r.end))
	}
	return !r.done && r.start < to
}

// next finds the first run that ends after i. It looks at every minRun-th byte
// only, since a run covers at least one of those.
func (r *runs) next(i int) {
	text := r.text
	for p := i; p < len(text); {
		if !isKeyByte(text[p]) {
			p += minRun
			continue
		}
		start, end := p, p+1
		for start > 0 && isKeyByte(text[start-1]) {
			start--
		}
		for end < len(text) && isKeyByte(text[end]) {
			end++
		}
		if end-start >= minRun && mixed(text[start:end]) {
			r.start, r.end = start, end
			return
		}
		p = end + minRun
	}
	r.done = true
}

// mixed tells keys from words: they have a digit, or both cases.
func mixed(run []byte) bool {
	upper, lower := false, false
	for _, c := range run {
		switch {
		case c >= '0' && c <= '9':
			return true
		case c >= 'a' && c <= 'z':
			lower = true
		case c >= 'A' && c <= 'Z':
			upper = true
		}
		if upper && lower {
			return true
		}
	}
	return false
}
