package gitleaks

import "bytes"

const (
	// minHex and min64 are how long text must be to be taken for encoded.
	minHex = 32
	min64  = 16
)

// encodedSpan is text that looks encoded.
type encodedSpan struct {
	encoding
	span
}

// encodedIn lists what looks encoded, from the begin of the text on. Where two
// touch, only the one that is to be undone first is listed.
func encodedIn(text []byte) []encodedSpan {
	var all []encodedSpan
	run := 0 // where the run of base64 characters at i ends
	for i := 0; i < len(text); {
		if i >= run {
			run = i
			for run < len(text) && base64Alphabet(text[run]) {
				run++
			}
		}
		e, end := encodedAt(text, i, run)
		if end == 0 {
			i++
			continue
		}
		all = append(all, encodedSpan{e, span{i, end}})
		i = end
	}
	out := all[:0:0]
	for i, m := range all {
		yields := func(j int) bool {
			return j >= 0 && j < len(all) && m.overlaps(all[j].span) && all[j].encoding < m.encoding
		}
		if !yields(i-1) && !yields(i+1) {
			out = append(out, m)
		}
	}
	return out
}

// encodedAt is what begins at an offset, and its end; 0 if nothing does.
func encodedAt(text []byte, i, run int) (encoding, int) {
	switch text[i] {
	case '%':
		return percent, percentEnd(text, i)
	case '\\':
		return unicodePoints, escapesEnd(text, i)
	case 'U':
		if end := pointsEnd(text, i); end > 0 {
			return unicodePoints, end
		}
	}
	if run-i < min64 {
		return 0, 0
	}
	digits := i
	for digits < run && isHex(text[digits]) {
		digits++
	}
	if digits-i >= minHex {
		return hexDigits, digits
	}
	for n := 0; n < 2 && run < len(text) && text[run] == '='; n++ {
		run++
	}
	return base64Text, run
}

func base64Alphabet(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '/' || c == '+' || c == '-'
}

func twoHex(text []byte, i int) bool {
	return i+2 < len(text) && text[i] == '%' && isHex(text[i+1]) && isHex(text[i+2])
}

// percentEnd is the end of the last escape in the line.
func percentEnd(text []byte, i int) int {
	if !twoHex(text, i) {
		return 0
	}
	end := len(text)
	if n := bytes.IndexByte(text[i:], '\n'); n >= 0 {
		end = i + n
	}
	for j := end - 3; j > i; j-- {
		if twoHex(text, j) {
			return j + 3
		}
	}
	return i + 3
}

func fourHex(text []byte, i int) bool {
	return i+4 <= len(text) && isHex(text[i]) && isHex(text[i+1]) && isHex(text[i+2]) && isHex(text[i+3])
}

// escapesEnd is the end of a row of \u0041 or \\u0041.
func escapesEnd(text []byte, i int) int {
	end := 0
	for {
		at := i
		for n := 0; n < 2 && at < len(text) && text[at] == '\\'; n++ {
			at++
		}
		if at == i || at >= len(text) || text[at] != 'u' && text[at] != 'U' || !fourHex(text, at+1) {
			return end
		}
		i = at + 5
		end = i
	}
}

// pointsEnd is the end of a row of U+0041 with white space behind each.
func pointsEnd(text []byte, i int) int {
	end := 0
	for i+1 < len(text) && text[i] == 'U' && text[i+1] == '+' && fourHex(text, i+2) {
		i += 6
		if i == len(text) {
			return i
		}
		switch text[i] {
		case ' ', '\t', '\n', '\r', '\f':
			i++
			end = i
		default:
			return end
		}
	}
	return end
}
