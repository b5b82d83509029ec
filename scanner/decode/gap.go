package decode

import (
	"bytes"
	"strings"
)

// gapKind says what stands between two literals.
type gapKind int

const (
	noGap gapKind = iota
	// operated: an operator or nothing.
	operated
	// chained: a call such as .concat( of the one with the other.
	chained
	// listed: a comma, so that something else must join them.
	listed
)

func isQuoteByte(c byte) bool { return c == '"' || c == '\'' || c == '`' }

// gapReader reads what stands between two literals in plain text.
type gapReader struct {
	text []byte
	i    int
}

// gapAt returns where the text of the literal begins that stands behind the one
// whose closing quote is at i, and what is between; 0 if there is none.
func gapAt(text []byte, i int) (next int, kind gapKind) {
	g := &gapReader{text: text[:min(len(text), i+maxGap)], i: i}
	quotes := g.quotes()
	if quotes%2 == 0 && quotes <= 6 && g.begins() {
		return g.i, operated // 'abc''def'
	}
	if quotes > 3 {
		return 0, noGap
	}
	g.converted()
	g.space()
	closed := g.all(')')
	kind = g.operator()
	if kind == noGap {
		if closed {
			return 0, noGap
		}
		kind = operated
	}
	g.space()
	g.all('(')
	g.prefix()
	if n := g.quotes(); n == 0 || n == 2 || n > 3 || !g.begins() {
		return 0, noGap
	}
	return g.i, kind
}

func (g *gapReader) peek() byte {
	if g.i < len(g.text) {
		return g.text[g.i]
	}
	return 0
}

// begins reports whether a part of a value begins here.
func (g *gapReader) begins() bool { return isPieceByte(g.peek()) }

// quotes passes over quotes of one kind and returns their number.
func (g *gapReader) quotes() int {
	from := g.i
	for isQuoteByte(g.peek()) && g.peek() == g.text[from] {
		g.i++
	}
	return g.i - from
}

// all passes over brackets of one kind and the space around them.
func (g *gapReader) all(c byte) (some bool) {
	for g.peek() == c {
		g.i++
		some = true
		g.space()
	}
	return some
}

// space passes over white space, the marks of lines that go on, and comments.
func (g *gapReader) space() {
	for g.i < len(g.text) {
		rest := g.text[g.i:]
		switch {
		case isBlank(rest[0]):
			g.i++
		case goesOn(rest):
			g.i++
		case rest[0] == '#', bytes.HasPrefix(rest, []byte("//")):
			k := bytes.IndexByte(rest, '\n')
			if k < 0 || bytes.IndexByte(rest[:k], '"') >= 0 || bytes.IndexByte(rest[:k], '\'') >= 0 {
				return
			}
			g.i += k
		default:
			return
		}
	}
}

// goesOn reports whether text begins with what says, at the end of a line, that
// it goes on in the next one: a backslash, Basic's underscore, PowerShell's
// backtick.
func goesOn(text []byte) bool {
	c := text[0]
	return (c == '\\' || c == '_' || c == '`') && len(text) > 1 && (text[1] == '\n' || text[1] == '\r')
}

// prefix passes over the letters of a literal: f"", Rb”, L"", @"", $"".
func (g *gapReader) prefix() {
	for n := range 2 {
		if g.i+n+1 >= len(g.text) || strings.IndexByte("bBfFrRuUlL@$", g.text[g.i+n]) < 0 {
			return
		}
		if isQuoteByte(g.text[g.i+n+1]) {
			g.i += n + 1
			return
		}
	}
}

// converted passes over a call without arguments, as in "a".to_owned().
func (g *gapReader) converted() {
	n := g.i + 1
	for n < len(g.text) && (isLetter(g.text[n]) || g.text[n] == '_') {
		n++
	}
	if g.peek() == '.' && n > g.i+1 && bytes.HasPrefix(g.text[n:], []byte("()")) {
		g.i = n + 2
	}
}

// operators put two strings together, in one language or another; the longer
// ones first. The last two are those of expressions inside of literals.
func operators() []string {
	return []string{"...", "..", "++", "<>", "<<", "||", "//", "}${", "}{", "+", ".", "&", "*", "~", "^"}
}

// operator passes over an operator, a comma, or a call.
func (g *gapReader) operator() gapKind {
	rest := g.text[g.i:]
	if len(rest) == 0 || isQuoteByte(rest[0]) || isLetter(rest[0]) {
		return noGap
	}
	if rest[0] == ',' {
		g.i++
		return listed
	}
	for _, call := range []string{".concat", ".append", ".Append", ".plus", ".Concat"} {
		if bytes.HasPrefix(rest, []byte(call)) {
			inner := bytes.TrimLeft(rest[len(call):], " ")
			if len(inner) > 0 && inner[0] == '(' {
				g.i += len(rest) - len(inner)
				return chained
			}
		}
	}
	for _, op := range operators() {
		if bytes.HasPrefix(rest, []byte(op)) {
			g.i += len(op)
			return operated
		}
	}
	return noGap
}
