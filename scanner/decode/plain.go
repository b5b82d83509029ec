package decode

import "bytes"

// lastReach bounds how far plain text is looked for, in bytes.
const lastReach = 16 << 10

// Before returns a place before at with at least n bytes between that every
// view shows as they are, or stand for at least as many; -1 if there is none.
func Before(text []byte, sort Sort, at, n int) int {
	from := at - n
	if from >= 0 && sort == Text && IsPlain(text[from:at]) {
		return from
	}
	for far := 2 * n; at-far > 0 && far <= lastReach; far *= 2 {
		if plainBytes(text[at-far:at], sort) >= n {
			return at - far
		}
	}
	return -1
}

// After is Before in the other direction; len(text)+1 if there is none.
func After(text []byte, sort Sort, at, n int) int {
	to := at + n
	if to <= len(text) && sort == Text && IsPlain(text[at:to]) {
		return to
	}
	for far := 2 * n; at+far < len(text) && far <= lastReach; far *= 2 {
		if plainBytes(text[at:at+far], sort) >= n {
			return at + far
		}
	}
	return len(text) + 1
}

// IsPlain reports whether no part of text can be encoded: it stands in every
// view as it is.
func IsPlain(text []byte) bool {
	for _, c := range []byte("\\%&<>\x1b\x07=") {
		if bytes.IndexByte(text, c) >= 0 && (c != '=' || endsLineSoftly(text)) {
			return false
		}
	}
	return bytes.IndexByte(text, 0) < 0
}

func endsLineSoftly(text []byte) bool {
	return bytes.Contains(text, []byte("=\n")) || bytes.Contains(text, []byte("=\r\n"))
}

// elementLen returns how long the encoded place is that text begins with, 0 if
// it begins with none, whatever it stands for.
func elementLen(text []byte, sort Sort) int {
	switch text[0] {
	case '<':
		return tagLen(text)
	case '&':
		return entityLen(text)
	default:
		return elementAt(text, 0, sort).end
	}
}

// plainBytes counts the bytes of text outside of all that may be encoded.
func plainBytes(text []byte, sort Sort) int {
	plain := len(text)
	for i := 0; i < len(text); {
		c := text[i]
		if isKeyByte(c) || !begins(c) {
			i++
			continue
		}
		n := elementLen(text[i:], sort)
		plain -= n
		i += max(n, 1)
	}
	// A tag may have begun before.
	if i := bytes.IndexByte(text, '>'); i >= 0 && bytes.IndexByte(text[:i], '<') < 0 {
		plain -= i + 1
	}
	if sort == Notebook {
		for i := range text {
			if text[i] == '"' || isBlank(text[i]) || text[i] == ',' {
				plain--
			}
		}
	}
	return plain - bytes.Count(text, []byte{0})
}
