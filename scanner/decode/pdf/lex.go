package pdf

import (
	"bytes"
	"strconv"
	"strings"
)

// The values of a PDF: nil, bool, float64, name, text, ref, []any, dict, and in
// the streams of pages operator.
type (
	name     string
	text     []byte
	ref      int
	dict     map[name]any
	operator string
)

// maxNesting bounds how deep arrays and dictionaries may stand in each other.
const maxNesting = 64

// lexer reads values one by one.
type lexer struct {
	src   []byte
	pos   int
	depth int
}

func isSpace(c byte) bool {
	return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == 0
}

func isDelimiter(c byte) bool { return strings.IndexByte("()<>[]{}/%", c) >= 0 }

// space passes over white space and comments.
func (l *lexer) space() {
	for l.pos < len(l.src) {
		switch c := l.src[l.pos]; {
		case isSpace(c):
			l.pos++
		case c == '%':
			if k := bytes.IndexAny(l.src[l.pos:], "\r\n"); k >= 0 {
				l.pos += k
			} else {
				l.pos = len(l.src)
			}
		default:
			return
		}
	}
}

// end stands for what ends an array or a dictionary.
type end byte

// next reads a value. It returns false at the end.
func (l *lexer) next() (value any, ok bool) {
	l.space()
	if l.pos >= len(l.src) {
		return nil, false
	}
	c := l.src[l.pos]
	pair := l.pos+1 < len(l.src) && l.src[l.pos+1] == c
	switch {
	case c == '(':
		return l.literal(), true
	case c == '<' && pair:
		l.pos += 2
		return l.dict(), true
	case c == '<':
		return l.hex(), true
	case c == '[':
		l.pos++
		return l.list(']'), true
	case c == '>' && pair:
		l.pos += 2
		return end('>'), true
	case c == ']' || c == '}' || c == '{' || c == ')' || c == '>':
		l.pos++
		return end(c), true
	case c == '/':
		l.pos++
		return name(unhashed(l.word())), true
	}
	return valueOf(l.word()), true
}

func (l *lexer) word() []byte {
	from := l.pos
	for l.pos < len(l.src) && !isSpace(l.src[l.pos]) && !isDelimiter(l.src[l.pos]) {
		l.pos++
	}
	return l.src[from:l.pos]
}

func valueOf(word []byte) any {
	switch string(word) {
	case "null":
		return nil
	case "true":
		return true
	case "false":
		return false
	}
	if c := word[0]; c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.' {
		if n, err := strconv.ParseFloat(string(word), 64); err == nil {
			return n
		}
	}
	return operator(word)
}

// unhashed undoes the escapes of a name.
func unhashed(word []byte) []byte {
	if bytes.IndexByte(word, '#') < 0 {
		return word
	}
	var out []byte
	for i := 0; i < len(word); i++ {
		if word[i] == '#' && i+2 < len(word) {
			if n, err := strconv.ParseUint(string(word[i+1:i+3]), 16, 8); err == nil {
				out = append(out, byte(n))
				i += 2
				continue
			}
		}
		out = append(out, word[i])
	}
	return out
}

// list reads up to a closing bracket, and makes references of "1 0 R".
func (l *lexer) list(closing end) (values []any) {
	l.depth++
	defer func() { l.depth-- }()
	for l.depth <= maxNesting {
		v, ok := l.next()
		if !ok || v == closing {
			break
		}
		if op, is := v.(operator); is && op == "R" && len(values) >= 2 {
			if n, is := values[len(values)-2].(float64); is {
				values = append(values[:len(values)-2], ref(n))
				continue
			}
		}
		if _, is := v.(end); is {
			continue
		}
		values = append(values, v)
	}
	return values
}

func (l *lexer) dict() dict {
	values := l.list('>')
	d := make(dict, len(values)/2)
	for i := 0; i+1 < len(values); i += 2 {
		key, is := values[i].(name)
		if !is {
			i-- // out of step
			continue
		}
		d[key] = values[i+1]
	}
	return d
}

// literal reads a string in parentheses.
func (l *lexer) literal() text {
	l.pos++
	out := text{}
	for depth := 1; l.pos < len(l.src); l.pos++ {
		switch c := l.src[l.pos]; c {
		case '(':
			depth++
			out = append(out, c)
		case ')':
			if depth--; depth == 0 {
				l.pos++
				return out
			}
			out = append(out, c)
		case '\\':
			out = l.escape(out)
		default:
			out = append(out, c)
		}
	}
	return out
}

// escape reads the escape at pos and leaves pos at its last byte.
func (l *lexer) escape(out text) text {
	l.pos++
	if l.pos >= len(l.src) {
		return out
	}
	c := l.src[l.pos]
	if k := strings.IndexByte("nrtbf", c); k >= 0 {
		return append(out, "\n\r\t\b\f"[k])
	}
	switch {
	case c == '\r':
		if l.pos+1 < len(l.src) && l.src[l.pos+1] == '\n' {
			l.pos++
		}
		return out
	case c == '\n':
		return out
	case c < '0' || c > '7':
		return append(out, c)
	}
	n := 0
	for k := 0; k < 3 && l.pos < len(l.src) && l.src[l.pos] >= '0' && l.src[l.pos] <= '7'; k++ {
		n = n*8 + int(l.src[l.pos]-'0')
		l.pos++
	}
	l.pos--
	return append(out, byte(n))
}

// hex reads a string in angle brackets.
func (l *lexer) hex() text {
	l.pos++
	length := bytes.IndexByte(l.src[l.pos:], '>')
	if length < 0 {
		length = len(l.src) - l.pos
	}
	out := unhex(l.src[l.pos : l.pos+length])
	l.pos = min(l.pos+length+1, len(l.src))
	return out
}

// unhex reads pairs of digits; what is none is passed over.
func unhex(digits []byte) []byte {
	out := make([]byte, 0, len(digits)/2+1)
	half, high := false, byte(0)
	for _, c := range digits {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			continue
		}
		if half {
			out = append(out, high<<4|c)
		}
		half, high = !half, c
	}
	if half {
		out = append(out, high<<4)
	}
	return out
}
