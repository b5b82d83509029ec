package gitleaks

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

// span is a part of a text. Spans that touch count as overlapping.
type span struct{ start, end int }

func (s span) overlaps(o span) bool { return o.start <= s.end && o.end >= s.start }

func (s span) contains(o span) bool { return s.start <= o.start && o.end <= s.end }

func (s span) join(o span) span { return span{min(s.start, o.start), max(s.end, o.end)} }

// encoding is a way in which text is encoded; a set of them is their sum. Where
// two overlap, the one with the lower number is undone first.
type encoding int

const (
	percent encoding = 1 << iota
	unicodePoints
	hexDigits
	base64Text
)

// names are in the order in which reports list them.
func (e encoding) names() []string {
	var out []string
	for i, name := range []string{"percent", "unicode", "hex", "base64"} {
		if e>>i&1 != 0 {
			out = append(out, name)
		}
	}
	return out
}

// segment is a part of a text that was decoded.
type segment struct {
	// original is its place in the fragment, encoded that in the text before
	// this pass, decoded that in the text after it.
	original, encoded, decoded span
	encodings                  encoding
	depth                      int
	// earlier are all segments of the pass before.
	earlier []*segment
}

// decodePass undoes each encoding in a text once.
func decodePass(text []byte, earlier []*segment) ([]byte, []*segment) {
	var segments []*segment
	var out []byte
	copied := 0
	for _, e := range encodedIn(text) {
		value, ok := e.decode(string(text[e.start:e.end]))
		if !ok || value == "" {
			continue
		}
		out = append(out, text[copied:e.start]...)
		s := &segment{
			original: original(earlier, e.span), encoded: e.span, decoded: span{len(out), len(out) + len(value)},
			encodings: e.encoding, depth: 1, earlier: earlier,
		}
		out = append(out, value...)
		copied = e.end
		if len(earlier) > 0 {
			s.depth = 1 + earlier[0].depth
			for _, p := range earlier {
				if s.encoded.overlaps(p.decoded) {
					s.encodings |= p.encodings
				}
			}
		}
		segments = append(segments, s)
	}
	if len(segments) == 0 {
		return text, nil
	}
	return append(out, text[copied:]...), segments
}

// original maps a part of decoded text to the fragment.
func original(segments []*segment, at span) span {
	for len(segments) > 0 {
		var encoded span
		for _, p := range segments {
			if !p.decoded.overlaps(at) {
				continue
			}
			if p.decoded.contains(at) {
				return p.original
			}
			over := p.decoded.join(at)
			before := span{p.encoded.start + over.start - p.decoded.start, p.encoded.end + over.end - p.decoded.end}
			if encoded.end != 0 {
				before = encoded.join(before)
			}
			encoded = before
		}
		if encoded.end == 0 {
			return at
		}
		at, segments = encoded, segments[0].earlier
	}
	return at
}

// overlapping are the segments that a match touches: without one, it was found
// before.
func overlapping(segments []*segment, at span) []*segment {
	var out []*segment
	for _, s := range segments {
		if s.decoded.overlaps(at) {
			out = append(out, s)
		}
	}
	return out
}

// tagsOf say how the segments were encoded.
func tagsOf(segments []*segment) []string {
	var all encoding
	for _, s := range segments {
		all |= s.encodings
	}
	var tags []string
	for _, name := range all.names() {
		tags = append(tags, "decoded:"+name)
	}
	return append(tags, fmt.Sprintf("decode-depth:%d", segments[0].depth))
}

// decodedLine is the line of the decoded text that the segments are in.
func decodedLine(segments []*segment, text []byte) []byte {
	at := segments[0].decoded
	for _, s := range segments {
		at = at.join(s.decoded)
	}
	start, end := min(at.start, len(text)-1), at.end
	for start > 0 && text[start] != '\n' {
		start--
	}
	for end < len(text) && text[end] != '\n' {
		end++
	}
	return text[start:end]
}

// decode undoes an encoding; false if the value is none, or holds what no text
// does.
func (e encoding) decode(value string) (string, bool) {
	switch e {
	case percent:
		return decodePercent(value)
	case unicodePoints:
		return decodePoints(value), true
	case hexDigits:
		return decodeHex(value)
	default:
		return decode64(value)
	}
}

// printable reports whether a byte is one of ASCII text, control characters
// from the tab on among them.
func printable(c byte) bool { return c > 8 && c < 127 }

func allPrintable(text []byte) bool {
	for _, c := range text {
		if !printable(c) {
			return false
		}
	}
	return true
}

func decodePercent(value string) (string, bool) {
	var out strings.Builder
	for i := 0; i < len(value); i++ {
		if value[i] == '%' && i+2 < len(value) && isHex(value[i+1]) && isHex(value[i+2]) {
			c := nibble(value[i+1])<<4 | nibble(value[i+2])
			if !printable(c) {
				return "", false
			}
			out.WriteByte(c)
			i += 2
			continue
		}
		out.WriteByte(value[i])
	}
	return out.String(), true
}

// decodePoints undoes U+0041 and \u0041.
func decodePoints(value string) string {
	var out strings.Builder
	split := func(r rune) bool { return r == '\\' || r == 'u' || r == 'U' || r == '+' || r <= ' ' }
	for _, digits := range strings.FieldsFunc(value, split) {
		if n, err := strconv.ParseInt(digits, 16, 32); err == nil {
			out.WriteRune(rune(n))
		}
	}
	return out.String()
}

func decodeHex(value string) (string, bool) {
	if len(value)%2 != 0 || !strings.ContainsAny(value, "0123456789") {
		return "", false
	}
	out := make([]byte, len(value)/2)
	for i := range out {
		out[i] = nibble(value[2*i])<<4 | nibble(value[2*i+1])
		if !printable(out[i]) {
			return "", false
		}
	}
	return string(out), true
}

func decode64(value string) (string, bool) {
	if !strings.ContainsAny(value, "0123456789+/-_") {
		return "", false // a word of a program
	}
	for _, e := range []*base64.Encoding{base64.StdEncoding, base64.RawURLEncoding} {
		if out, err := e.DecodeString(value); err == nil && allPrintable(out) {
			return string(out), true
		}
	}
	return "", false
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func nibble(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c >= 'a':
		return c - 'a' + 10
	}
	return c - 'A' + 10
}
