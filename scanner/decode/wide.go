package decode

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	// minWide is how many wide characters in a row are looked at.
	minWide = 20
	// sniffBytes is how much of a text is looked at for its encoding.
	sniffBytes = 1024
)

// wide says how text of two or four bytes a character is written.
type wide struct {
	name string
	// unit is the size of a code unit, 0 for text that is not wide; big is
	// the order of its bytes; bom is the length of the mark before the text.
	unit, bom int
	big       bool
}

// sniffWide tells UTF-16 and UTF-32 by their mark, or by the zero bytes of
// their ASCII characters.
func sniffWide(text []byte) wide {
	switch {
	case len(text) < 4:
		return wide{}
	case text[0] == 0xff && text[1] == 0xfe && text[2] == 0 && text[3] == 0:
		return wide{name: "utf-32", unit: 4, bom: 4}
	case text[0] == 0 && text[1] == 0 && text[2] == 0xfe && text[3] == 0xff:
		return wide{name: "utf-32", unit: 4, bom: 4, big: true}
	case text[0] == 0xff && text[1] == 0xfe:
		return wide{name: "utf-16", unit: 2, bom: 2}
	case text[0] == 0xfe && text[1] == 0xff:
		return wide{name: "utf-16", unit: 2, bom: 2, big: true}
	}
	head := text[:min(len(text), sniffBytes)]
	if bytes.IndexByte(head, 0) < 0 {
		return wide{}
	}
	for _, as := range [...]wide{
		{name: "utf-16", unit: 2}, {name: "utf-16", unit: 2, big: true},
		{name: "utf-32", unit: 4}, {name: "utf-32", unit: 4, big: true},
	} {
		if as.isASCII(head[:len(head)&^(as.unit-1)]) {
			return as
		}
	}
	return wide{}
}

// isASCII reports whether nearly all code units are ASCII text. Text with
// fewer of them is left to wideRuns, which need no common beginning.
func (as wide) isASCII(head []byte) bool {
	units := len(head) / as.unit
	if units < minDecoded {
		return false
	}
	good := 0
	for i := 0; i < len(head); i += as.unit {
		if r := as.read(head[i:]); r < utf8.RuneSelf && isTextByte(byte(r)) {
			good++
		}
	}
	return good*20 >= units*19
}

// wideText yields the decoded text, which lines and columns then count in.
func (w *walk) wideText(n *node, as wide) bool {
	text := as.decode(n.text)
	child := n.inner(text, n.all(), as.name)
	if n.raw {
		child.layer, child.base, child.raw = layer{text: text}, text, true
	}
	if child.depth > w.o.Depth {
		return w.tooDeep(n)
	}
	if !w.show(child) {
		return false
	}
	if isNotebook(text) {
		if whole, more := w.notebook(child); whole || !more {
			return more
		}
	}
	return w.programs(child) && w.text(child)
}

// decode returns the text in UTF-8. What is no character becomes U+FFFD.
func (as wide) decode(text []byte) []byte {
	out := make([]byte, 0, len(text)/as.unit+16)
	for i := as.bom; i+as.unit <= len(text); i += as.unit {
		r := as.read(text[i:])
		if as.unit == 2 && utf16.IsSurrogate(r) {
			r2 := rune(0)
			if i+4 <= len(text) {
				r2 = as.read(text[i+2:])
			}
			if r = utf16.DecodeRune(r, r2); r != utf8.RuneError {
				i += 2
			}
		}
		out = utf8.AppendRune(out, r)
	}
	return out
}

func (as wide) read(b []byte) rune {
	v := uint32(0)
	for i := range as.unit {
		k := i
		if !as.big {
			k = as.unit - 1 - i
		}
		v = v<<8 | uint32(b[k])
	}
	if v > utf8.MaxRune {
		return utf8.RuneError
	}
	return rune(v)
}
