package decode

import (
	"bytes"
	"strings"
)

// What a byte says of a gap, in whatever encoding.
const (
	ends = iota // no gap holds it
	goes        // the gap goes on
	says        // it is of a gap, or begins something encoded that may be
)

// gapBytes says it of all bytes.
var gapBytes = [256]byte{
	' ': goes, '\t': goes, '\r': goes, '\n': goes, ',': goes, ')': goes, '}': goes,
	'"': says, '\'': says, '`': says, '+': says, '.': says, '&': says, '*': says, '<': says, '>': says, '~': says, '^': says,
	'|': says, '/': says, '(': says, '{': says, '$': says, '@': says, '#': says, '%': says, '\\': says, escapeByte: says,
}

// mayClose is a first look at a quote: it may end a literal behind which
// another one stands.
func (f *rowFinder) mayClose(at int) bool {
	i := at + 1
	for i < len(f.text) && gapBytes[f.text[i]] == goes {
		i++
	}
	if i == len(f.text) || isNoOperator(f.text, i) || gapBytes[f.text[i]] == ends && (i == at+1 || !f.isPrefix(i, len(f.text)) && f.text[i] != '_') {
		return false
	}
	i = at - 1
	for i >= 0 && f.text[i] == '\\' {
		i--
	}
	return i >= 0 && (isPieceByte(f.text[i]) && !endsLine(f.text, i) || strings.IndexByte(";})>", f.text[i]) >= 0)
}

// isNoOperator reports whether text[i] is one half of an operator, or a mark of
// comments, without the other.
func isNoOperator(text []byte, i int) bool {
	switch text[i] {
	case '>':
		return text[i-1] != '<'
	case '/':
		return text[i-1] != '/' && (i+1 == len(text) || text[i+1] != '/')
	}
	return false
}

// endsLine reports whether text[i] is the letter of \n.
func endsLine(text []byte, i int) bool {
	return text[i] == 'n' && i > 0 && text[i-1] == '\\' && (i < 2 || text[i-2] != '\\')
}

// gap returns where the literal begins that may be joined with the one whose
// closing quote ends at i, -1 if there is none. Listed says that a comma or a
// call stands between them.
func (f *rowFinder) gap(i int) (next int, listed bool) {
	limit := min(len(f.text), i+maxGap)
	quoted, closed := false, false
	for range gapSteps {
		for i < limit && f.text[i] == ' ' && !quoted {
			i++
			closed = true
		}
		if i >= limit {
			break
		}
		c, n, skipped := f.char(i)
		switch {
		case skipped:
			i += n
			continue
		case c == '\n' && n > 1:
		case quoted && (isPieceByte(c) || c == '\\' || c == '&' || c == '%'):
			return i, listed
		case c == '`' && goesOn(f.text[i:limit]):
		case isQuoteByte(c):
			quoted = true
			i += n
			continue
		case quoted && closed && f.sort != Notebook:
			return -1, false
		case c == ',':
			listed = true
		case c == '.' && f.callLen(i) > 0:
			listed = true
			n = f.callLen(i)
		case c == '.' && f.convertedLen(i) > 0:
			n = f.convertedLen(i)
		case c == '#' || c == '/' && i+1 < limit && f.text[i+1] == '/':
			n = f.commentLen(i, limit)
		case n == 1 && isNoOperator(f.text, i):
			return -1, false
		case gapBytes[c] != ends:
		case c == '_' && i+1 < limit && isBlank(f.text[i+1]):
		case f.isPrefix(i, limit):
		default:
			return -1, false
		}
		i += n
		// The first quotes may belong to the literal before.
		quoted, closed = false, true
	}
	return -1, false
}

// convertedLen returns the length of a call without arguments.
func (f *rowFinder) convertedLen(i int) int {
	g := gapReader{text: f.text[:min(len(f.text), i+32)], i: i}
	g.converted()
	return g.i - i
}

// callLen returns the length of a call such as .concat( without its bracket, 0
// if there is none at i.
func (f *rowFinder) callLen(i int) int {
	n := i + 1
	for n < len(f.text) && (isLetter(f.text[n]) || f.text[n] == ' ') && n-i < 16 {
		n++
	}
	if n < len(f.text) && f.text[n] == '(' && isJoiningCall(f.text[i:n]) {
		return n - i
	}
	return 0
}

// commentLen returns the length of a comment up to its line's end, 1 if no line
// ends before limit.
func (f *rowFinder) commentLen(i, limit int) int {
	for _, lineEnd := range []string{"\n", `\n`} {
		if k := bytes.Index(f.text[i:limit], []byte(lineEnd)); k > 0 {
			if bytes.ContainsAny(f.text[i:i+k], `"'&`) {
				return 1
			}
			return k
		}
	}
	return 1
}

// isPrefix reports whether the letter at i belongs to a literal, as in f"" and
// Rb”.
func (f *rowFinder) isPrefix(i, limit int) bool {
	for n := range 2 {
		if i+n+1 >= limit || strings.IndexByte("bBfFrRuUlL", f.text[i+n]) < 0 {
			return false
		}
		if c := f.text[i+n+1]; c == '"' || c == '\'' || c == '`' || c == '\\' || c == '&' || c == '%' {
			return true
		}
	}
	return false
}

// joinsList reports whether text holds a word that joins the strings of a list.
func joinsList(text []byte) bool {
	for _, word := range []string{"join", "Join", "JOIN", "mkString"} {
		if bytes.Contains(text, []byte(word)) {
			return true
		}
	}
	for i := 0; ; i++ {
		k := bytes.IndexByte(text[i:], '(')
		if k < 0 {
			return false
		}
		if i += k; isJoiningCall(text[:i]) {
			return true
		}
	}
}

// isJoiningCall reports whether text ends with the name of a function that
// joins strings.
func isJoiningCall(text []byte) bool {
	text = bytes.TrimRight(text, " !")
	if len(text) < 3 {
		return false
	}
	switch text[len(text)-1] | 0x20 {
	case 't', 'e', 'd', '0', 'g', 'r', 's', 'n':
	default:
		return false
	}
	lower := bytes.ToLower(text[max(0, len(text)-12):])
	for _, name := range []string{"concat", "concatenate", "strcat", "append", "implode", "reduce", "paste", "paste0", "string", "plus"} {
		if bytes.HasSuffix(lower, []byte(name)) {
			return true
		}
	}
	return false
}
