package rewrite

import (
	"bytes"
	"strings"
)

// syntax is what has to be known of a language to tell code, literals and
// comments apart.
type syntax struct {
	line   []string    // what begins a comment to the end of the line
	block  [][2]string // what begins and ends a comment
	quotes []quote     // longer openings first
	// prefixes are letters that may stand directly before a literal.
	prefixes string
	// spaced comments begin only at the start of a word, as in shells.
	spaced bool
}

// quote is a kind of literal.
type quote struct {
	open, end string
	// escape makes the next byte mean itself; 0 in raw literals. doubled: the
	// quote is written twice instead.
	escape  byte
	doubled bool
	// lines: may go over the end of a line.
	lines bool
	// fills says how a look-up is put into such a literal, with VAR for the name
	// of the variable: "${process.env.VAR}". Empty where that is impossible.
	fills string
}

// token is a literal or a comment.
type token struct {
	start, end int
	// body is what stands between the quotes, or in the comment.
	from, to int
	comment  bool
	quote    quote
	prefix   string
	// open literals are not closed before the line or the text ends.
	open bool
}

func (t token) holds(o occurrence) bool { return t.start <= o.start && o.end <= t.end }

// tokens cuts a text into its literals and comments. What is not closed ends
// with the line, or with the text.
func (s *syntax) tokens(text []byte) []token {
	var all []token
	for at := 0; at < len(text); {
		t, ok := s.tokenAt(text, at)
		if !ok {
			at++
			continue
		}
		all = append(all, t)
		at = max(t.end, at+1)
	}
	return all
}

func (s *syntax) tokenAt(text []byte, at int) (token, bool) {
	rest := text[at:]
	for _, begin := range s.line {
		if has(rest, begin) && (!s.spaced || at == 0 || strings.IndexByte(" \t\n;&|(", text[at-1]) >= 0) {
			end := at + lineEnd(rest)
			return token{start: at, end: end, from: at + len(begin), to: end, comment: true}, true
		}
	}
	for _, b := range s.block {
		if has(rest, b[0]) {
			end, to := len(text), len(text)
			if n := bytes.Index(rest[len(b[0]):], []byte(b[1])); n >= 0 {
				to = at + len(b[0]) + n
				end = to + len(b[1])
			}
			return token{start: at, end: end, from: at + len(b[0]), to: to, comment: true}, true
		}
	}
	for _, q := range s.quotes {
		if has(rest, q.open) {
			return s.literal(text, at, q), true
		}
	}
	return token{}, false
}

// literal reads the literal whose quote stands at text[at:].
func (s *syntax) literal(text []byte, at int, q quote) token {
	t := token{start: at, from: at + len(q.open), quote: q}
	for t.start > 0 && at-t.start < 2 && strings.IndexByte(s.prefixes, text[t.start-1]) >= 0 {
		t.start--
	}
	if t.start > 0 && t.start < at && wordByte(text[t.start-1]) {
		t.start = at // the end of a word, not a prefix
	}
	t.prefix = string(text[t.start:at])
	escape := q.escape
	if strings.ContainsAny(t.prefix, "rR") && s.prefixes != "" {
		escape = '\\' // a raw literal keeps the backslash, and it keeps the quote
	}
	for i := t.from; i < len(text); i++ {
		switch {
		case escape != 0 && text[i] == escape:
			i++
		case has(text[i:], q.end):
			if q.doubled && has(text[i+len(q.end):], q.end) {
				i++
				continue
			}
			t.to, t.end = i, i+len(q.end)
			return t
		case text[i] == '\n' && !q.lines:
			t.to, t.end, t.open = i, i, true
			return t
		}
	}
	t.to, t.end, t.open = len(text), len(text), true
	return t
}

func has(text []byte, prefix string) bool {
	return len(text) >= len(prefix) && string(text[:len(prefix)]) == prefix
}

func lineEnd(text []byte) int {
	if n := bytes.IndexByte(text, '\n'); n >= 0 {
		if n > 0 && text[n-1] == '\r' {
			return n - 1
		}
		return n
	}
	return len(text)
}

func lineStart(text []byte, at int) int { return bytes.LastIndexByte(text[:at], '\n') + 1 }

func wordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}
