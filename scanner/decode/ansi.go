package decode

import "bytes"

const (
	escapeByte = 0x1b
	bellByte   = 0x07
	// maxControl bounds the length of one control sequence: a longer one is
	// no sequence but text after a stray byte.
	maxControl = 4096
)

// nextControl finds a terminal's control sequence: colours, cursor moves,
// bracketed paste, window titles, links.
func nextControl(text []byte, i int) (at, end int, strong bool) {
	for i < len(text) {
		k := bytes.IndexByte(text[i:], escapeByte)
		if k < 0 {
			break
		}
		at = i + k
		if n := control(text[at:]); n > 0 {
			return at, at + n, false
		}
		i = at + 1
	}
	return -1, -1, false
}

// nextSequence finds what only a terminal's output has: of the bytes of a
// program, many look like the short controls.
func nextSequence(text []byte, i int) (at, end int, strong bool) {
	for {
		at, end, _ = nextControl(text, i)
		if at < 0 || text[at+1] == '[' || text[at+1] == ']' {
			return at, end, false
		}
		i = end
	}
}

// control returns the length of the sequence that text begins with, 0 if it is
// none.
func control(text []byte) int {
	if len(text) < 2 {
		return 0
	}
	text = text[:min(len(text), maxControl)]
	switch c := text[1]; {
	case c == '[':
		i := 2
		for i < len(text) && text[i] >= 0x20 && text[i] <= 0x3f {
			i++
		}
		if i < len(text) && text[i] >= 0x40 && text[i] <= 0x7e {
			return i + 1
		}
	case c == ']' || c == 'P' || c == '^' || c == '_' || c == 'X':
		for i := 2; i < len(text); i++ {
			if text[i] == bellByte {
				return i + 1
			}
			if text[i] == escapeByte && i+1 < len(text) && text[i+1] == '\\' {
				return i + 2
			}
			if text[i] == escapeByte || text[i] == '\n' {
				return 0
			}
		}
	case c >= 0x20 && c <= 0x2f:
		if len(text) > 2 && text[2] >= 0x30 && text[2] <= 0x7e {
			return 3
		}
	case c >= 0x30 && c <= 0x7e:
		return 2
	}
	return 0
}

func writeControls(b *builder, text []byte, from, to int) {
	b.each(text, from, to, nextControl, func(int, int) {})
}
