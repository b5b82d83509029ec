package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// loggingCommand begins a command to the runner of a CI job, anywhere in a
// line of its log.
const loggingCommand = "##["

// lineCommand begins such a command at the begin of a line.
const lineCommand = "::"

// Clean makes text from scanned content fit for a terminal and a CI log: what
// could move the cursor, reorder or hide text shows as \xNN (bytes below 0x20,
// 0x7f, and bytes that are not UTF-8) or \u{…} (other characters that are
// invisible or no plain space). The result is one line.
func Clean(s string) string {
	if isPlain(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && size <= 1, r < 0x20, r == 0x7f:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case strings.HasPrefix(s, loggingCommand):
			b.WriteString(`##\x5b`)
			size = len(loggingCommand)
		case !isVisible(r):
			fmt.Fprintf(&b, `\u{%x}`, r)
		default:
			b.WriteString(s[:size])
		}
		s = s[size:]
	}
	return b.String()
}

func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return !strings.Contains(s, loggingCommand)
}

// isVisible reports whether a character shows as itself and does nothing else.
func isVisible(r rune) bool {
	if r < utf8.RuneSelf {
		return 0x20 <= r && r < 0x7f
	}
	return unicode.IsPrint(r) &&
		!unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) &&
		r != '\u2800' // the Braille pattern without a dot
}

// validText shows the bytes of s that are not UTF-8 as \xNN, so that two names
// which differ there differ in JSON, and leaves everything else.
func validText(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && size <= 1 {
			fmt.Fprintf(&b, `\x%02x`, s[0])
		} else {
			b.WriteString(s[:size])
		}
		s = s[size:]
	}
	return b.String()
}

// clip shortens a text to n characters, so that an author's name of a million
// fills no screen.
func clip(s string, n int) string {
	for i := range s {
		if n--; n < 0 {
			return s[:i] + "…"
		}
	}
	return s
}
