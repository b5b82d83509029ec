package decode

import (
	"bytes"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// nextEscape finds a backslash escape of JSON, Python, JavaScript or C.
func nextEscape(text []byte, i int) (at, end int, strong bool) {
	for i < len(text) {
		k := bytes.IndexByte(text[i:], '\\')
		if k < 0 {
			return -1, -1, false
		}
		at = i + k
		r, n := escape(text[at:])
		if n > 0 {
			// A fold inside a key: nothing but the fold stands between two
			// key characters.
			folded := r == fold && at > 0 && isKeyByte(text[at-1]) && at+n < len(text) && isKeyByte(text[at+n])
			return at, at + n, folded || n > 2 && isKeyRune(r)
		}
		i = at + 1
	}
	return -1, -1, false
}

func writeEscapes(b *builder, text []byte, from, to int) {
	b.each(text, from, to, nextEscape, func(at, end int) {
		switch r, n := escape(text[at:end]); {
		case r == fold:
			// The line goes on: nothing stands for the escape.
		case n == 2 && isTextByte(text[at+1]) && rune(text[at+1]) == r:
			// The second byte stands for itself and keeps its place.
			b.copy(text, at+1, end)
		default:
			b.char(r, at, end)
		}
	})
}

// fold is what a backslash before a line's end stands for: nothing.
const fold rune = -1

// escape reads the escape that text begins with and returns the character and
// the length, 0 if it is none.
func escape(text []byte) (r rune, n int) {
	if len(text) < 2 || text[0] != '\\' {
		return 0, 0
	}
	switch c := text[1]; c {
	case '"', '\'', '\\', '/', '_', '`':
		return rune(c), 2
	case 'n', 't', 'r', 'b', 'f', 'a', 'v', 'e':
		return rune("\n\t\r\b\f\a\v\x1b"[strings.IndexByte("ntrbfave", c)]), 2
	case '\n':
		return fold, 2 + indentLen(text[2:])
	case '\r':
		if len(text) > 2 && text[2] == '\n' {
			return fold, 3 + indentLen(text[3:])
		}
	case 'x':
		if len(text) > 2 && text[2] == '{' {
			return bracedEscape(text)
		}
		return hexEscape(text, 2)
	case 'u':
		return unicodeEscape(text)
	case 'U':
		return hexEscape(text, 8)
	default:
		return octalEscape(text)
	}
	return 0, 0
}

// maxIndent is how far a line that goes on may be indented, in bytes. YAML and
// Java's properties drop the indentation, and where programs keep it, a key is
// not cut there.
const maxIndent = 64

// indentLen returns the length of the indentation that text begins with.
func indentLen(text []byte) int {
	n := 0
	for n < len(text) && n < maxIndent && (text[n] == ' ' || text[n] == '\t') {
		n++
	}
	return n
}

// hexEscape reads exactly so many digits after two bytes.
func hexEscape(text []byte, digits int) (rune, int) {
	if len(text) < 2+digits {
		return 0, 0
	}
	v := rune(0)
	for _, c := range text[2 : 2+digits] {
		d := hexDigit(c)
		if d < 0 {
			return 0, 0
		}
		v = v<<4 | rune(d)
		if v > utf8.MaxRune {
			return utf8.RuneError, 2 + digits
		}
	}
	return v, 2 + digits
}

// unicodeEscape reads \uXXXX, a surrogate pair of those, or \u{X…}.
func unicodeEscape(text []byte) (rune, int) {
	if len(text) > 2 && text[2] == '{' {
		return bracedEscape(text)
	}
	r, n := hexEscape(text, 4)
	if n == 0 || !utf16.IsSurrogate(r) {
		return r, n
	}
	if len(text) > n+1 && text[n] == '\\' && text[n+1] == 'u' {
		if low, m := hexEscape(text[n:], 4); m > 0 {
			if whole := utf16.DecodeRune(r, low); whole != utf8.RuneError {
				return whole, n + m
			}
		}
	}
	return utf8.RuneError, n
}

// bracedEscape reads \u{X…} and \x{X…}.
func bracedEscape(text []byte) (rune, int) {
	v := rune(0)
	for i := 3; i < len(text) && i < 3+9; i++ {
		if text[i] == '}' && i > 3 {
			return v, i + 1
		}
		d := hexDigit(text[i])
		if d < 0 || v > utf8.MaxRune {
			return 0, 0
		}
		v = v<<4 | rune(d)
	}
	return 0, 0
}

// octalEscape reads three octal digits; fewer are more often a reference to a
// group.
func octalEscape(text []byte) (rune, int) {
	if len(text) < 4 {
		return 0, 0
	}
	v := rune(0)
	for _, c := range text[1:4] {
		if c < '0' || c > '7' {
			return 0, 0
		}
		v = v<<3 | rune(c-'0')
	}
	return v, 4
}

// hexDigit returns the value of a hexadecimal digit, -1 for another byte.
func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
