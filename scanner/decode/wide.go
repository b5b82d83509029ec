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

// sniffWide tells UTF-16 and UTF-32 by their mark, and UTF-16 also by the
// zero bytes of its ASCII characters.
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
	if head := text[:min(len(text), sniffBytes)&^1]; len(head) >= 2*minDecoded && bytes.IndexByte(head, 0) >= 0 {
		if isASCIIWide(head, 0) {
			return wide{name: "utf-16", unit: 2}
		} else if isASCIIWide(head, 1) {
			return wide{name: "utf-16", unit: 2, big: true}
		}
	}
	return wide{}
}

// isASCIIWide reports whether nearly all code units are ASCII text. Text with
// fewer of them is left to wideRuns, which need no common beginning.
func isASCIIWide(head []byte, low int) bool {
	good := 0
	for i := 0; i+2 <= len(head); i += 2 {
		if isTextByte(head[i+low]) && head[i+1-low] == 0 {
			good++
		}
	}
	return good*2*20 >= len(head)*19
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
	return w.text(child)
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

// wideRuns yields stretches of UTF-16 inside of other bytes: what a shell
// appended to a file in another encoding, or the strings of a program.
func (w *walk) wideRuns(n *node) bool {
	if bytes.IndexByte(n.text, 0) < 0 {
		return true
	}
	text := n.text
	// A stretch covers at least one of the places looked at.
	for i := 0; i+4 <= len(text); i += minWide {
		k := i
		if text[k] == 0 {
			k++
		}
		if !isWide(text, k) || !isWide(text, k+2) {
			continue
		}
		from, to := k, k+4
		for isWide(text, from-2) {
			from -= 2
		}
		for isWide(text, to) {
			to += 2
		}
		if to-from >= 2*minWide && !w.wideRun(n, from, to) {
			return false
		}
		i = max(i, to-minWide)
	}
	return true
}

// isWide reports whether an ASCII character stands at i, followed by a zero
// byte. Of the other order of bytes, all but the last character do so, too.
func isWide(text []byte, i int) bool {
	return i >= 0 && i+1 < len(text) && isTextByte(text[i]) && text[i+1] == 0
}

func (w *walk) wideRun(n *node, from, to int) bool {
	if !w.inTime() {
		return false
	}
	if last := to; from > 0 && text2(n.text, from-1, last) {
		// Big-endian: the zero byte stands before its character.
		to++
	}
	out := w.builder()
	defer w.giveBack(out)
	for i := from; i < to; i += 2 {
		out.text = append(out.text, n.text[i])
	}
	out.spans = append(out.spans, span{from: from, step: 2})
	child := n.inner(out.text, out.spans, "utf-16")
	return w.show(child) && w.text(child)
}

// text2 reports whether a zero byte stands at zero and an ASCII character at
// last.
func text2(text []byte, zero, last int) bool {
	return text[zero] == 0 && last < len(text) && isTextByte(text[last])
}
