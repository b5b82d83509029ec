package rewrite

import (
	"bytes"
	"strings"
)

// chain is a row of literals that are put together: side by side, as Python and
// C allow, or with an operator between them.
type chain struct{ first, last int }

// chain finds the row in which a literal stands.
func (l *language) chain(text []byte, tokens []token, at int) chain {
	c := chain{at, at}
	for c.first > 0 && l.joined(text, tokens[c.first-1], tokens[c.first]) {
		c.first--
	}
	for c.last+1 < len(tokens) && l.joined(text, tokens[c.last], tokens[c.last+1]) {
		c.last++
	}
	return c
}

// joined reports whether two literals are put together.
func (l *language) joined(text []byte, a, b token) bool {
	if a.comment || b.comment || a.open || b.open || a.end > b.start {
		return false
	}
	gap := strings.TrimSpace(string(bytes.ReplaceAll(text[a.end:b.start], []byte("\\\n"), nil)))
	if gap == "" {
		return l.adjacent
	}
	return gap == strings.TrimSpace(l.join)
}

// beside returns what has to stand before and behind a look-up whose literal
// had a neighbour without an operator.
func (w *writing) beside(l *language, tokens []token, at int, before, after bool) (opened, closed string) {
	implicit := func(a, b token) bool {
		return l.joined(w.text, a, b) && len(bytes.Trim(w.text[a.end:b.start], " \t\r\n\\")) == 0
	}
	operator := strings.TrimSpace(l.join)
	if before && at > 0 && implicit(tokens[at-1], tokens[at]) {
		opened = operator + " "
	}
	if after && at+1 < len(tokens) && implicit(tokens[at], tokens[at+1]) {
		closed = " " + operator
	}
	return opened, closed
}

// alone reports whether a row of literals is a whole expression, so that adding
// to it needs no brackets.
func (w *writing) alone(l *language, tokens []token, at int) bool {
	c := l.chain(w.text, tokens, at)
	from, to := tokens[c.first].start, tokens[c.last].end
	before := bytes.TrimRight(w.text[:from], " \t")
	after := bytes.TrimLeft(w.text[to:], " \t")
	closed := len(after) == 0 || strings.IndexByte(",)]};\r\n", after[0]) >= 0
	return closed && len(before) > 0 && (strings.IndexByte("(,[{:", before[len(before)-1]) >= 0 || assigns(before))
}

// assigns reports whether a text ends with a sign that assigns or names an
// argument, and not with one that compares.
func assigns(before []byte) bool {
	n := len(before)
	return before[n-1] == '=' && n > 1 && strings.IndexByte("=!<>", before[n-2]) < 0
}

// pieces replaces keys that are written in several literals of one row.
func (w *writing) pieces(l *language, tokens []token) {
	for at := 0; at < len(tokens); at++ {
		if tokens[at].comment {
			continue
		}
		c := l.chain(w.text, tokens, at)
		if c.last > c.first {
			w.row(l, tokens[c.first:c.last+1])
		}
		at = c.last
	}
}

// row replaces the literals of a row over which a key goes.
func (w *writing) row(l *language, row []token) {
	var together []byte
	var starts []int
	for _, t := range row {
		starts = append(starts, len(together))
		together = append(together, w.text[t.from:t.to]...)
	}
	for i, k := range w.keys {
		value := []byte(k.Value.Reveal())
		from := bytes.Index(together, value)
		if len(value) == 0 || from < 0 {
			continue
		}
		first, last := pieceOf(starts, from), pieceOf(starts, from+len(value)-1)
		o := occurrence{row[first].start, row[last].end, i}
		whole := from == starts[first] && from+len(value) == starts[last]+row[last].to-row[last].from
		switch {
		case first == last:
		case !whole || l.lookup == "" || l.refuses != nil && l.refuses(w, row[first]) != "" || strings.ContainsAny(row[first].prefix, "bBf"):
			w.leave(o, "the key is written in several pieces")
		case first > 0 || last < len(row)-1:
			w.leave(o, "the key is written in several pieces, and other text is added to it")
		default:
			w.looked(o, k.Variable, edit{o.start, o.end, l.expression(k.Variable)})
		}
	}
}

// pieceOf returns the index of the piece that holds a byte.
func pieceOf(starts []int, at int) int {
	i := len(starts) - 1
	for i > 0 && starts[i] > at {
		i--
	}
	return i
}
