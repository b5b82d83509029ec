package decode

import "bytes"

// nextPercent finds a percent-encoded byte. Formats of printf look alike, so
// what makes a key character counts only inside a row of them.
func nextPercent(text []byte, i int) (at, end int, strong bool) {
	for i < len(text) {
		k := bytes.IndexByte(text[i:], '%')
		if k < 0 {
			return -1, -1, false
		}
		at = i + k
		if c, ok := percentByte(text[at:]); ok {
			inside := at > 0 && isKeyByte(text[at-1]) &&
				at+3 < len(text) && (isKeyByte(text[at+3]) || text[at+3] == '%')
			return at, at + 3, inside && isKeyByte(c)
		}
		i = at + 1
	}
	return -1, -1, false
}

func percentByte(text []byte) (byte, bool) {
	if len(text) < 3 || text[0] != '%' {
		return 0, false
	}
	high, low := hexDigit(text[1]), hexDigit(text[2])
	if high < 0 || low < 0 {
		return 0, false
	}
	c := byte(high<<4 | low)
	return c, c >= 0x80 || isTextByte(c)
}

func writePercent(b *builder, text []byte, from, to int) {
	b.each(text, from, to, nextPercent, func(at, end int) {
		c, _ := percentByte(text[at:end])
		b.made(at, end)
		b.text = append(b.text, c)
	})
}
