package decode

import "bytes"

// nextQuoted finds an encoded byte or a soft line break, after a header that
// says that the text is quoted-printable.
func nextQuoted(text []byte, i int) (at, end int, strong bool) {
	if i == 0 {
		if i = quotedHeader(text); i < 0 {
			return -1, -1, false
		}
	}
	return nextQuotedByte(text, i)
}

// quotedHeader returns where the first mention of quoted-printable ends, in
// whatever case, or -1. Its first letter is rare in both cases.
func quotedHeader(text []byte) int {
	const name = "quoted-printable"
	if i := bytes.Index(text, []byte(name)); i >= 0 {
		return i + len(name)
	}
	for i := 0; ; i++ {
		k := bytes.IndexByte(text[i:], 'Q')
		if k < 0 {
			return -1
		}
		if i += k; i+len(name) <= len(text) && bytes.EqualFold(text[i:i+len(name)], []byte(name)) {
			return i + len(name)
		}
	}
}

func nextQuotedByte(text []byte, i int) (at, end int, strong bool) {
	for i < len(text) {
		k := bytes.IndexByte(text[i:], '=')
		if k < 0 {
			break
		}
		at = i + k
		if _, n := quotedByte(text[at:]); n > 0 {
			return at, at + n, true
		}
		i = at + 1
	}
	return -1, -1, false
}

// quotedByte reads what text begins with: an encoded byte, or a soft line
// break, which is no byte.
func quotedByte(text []byte) (c, n int) {
	rest := text[1:]
	for len(rest) > 0 && (rest[0] == ' ' || rest[0] == '\t') && len(text)-len(rest) < 80 {
		rest = rest[1:]
	}
	switch {
	case bytes.HasPrefix(rest, []byte("\n")):
		return -1, len(text) - len(rest) + 1
	case bytes.HasPrefix(rest, []byte("\r\n")):
		return -1, len(text) - len(rest) + 2
	}
	if len(text) < 3 {
		return -1, 0
	}
	high, low := hexDigit(text[1]), hexDigit(text[2])
	if high < 0 || low < 0 {
		return -1, 0
	}
	return high<<4 | low, 3
}

func writeQuoted(b *builder, text []byte, from, to int) {
	b.each(text, from, to, nextQuotedByte, func(at, end int) {
		if c, _ := quotedByte(text[at:end]); c >= 0 {
			b.made(at, end)
			b.text = append(b.text, byte(c))
		}
	})
}
