package decode

import (
	"bytes"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/internal/expression"
)

// maxTerms is how many terms an expression may have.
const maxTerms = 64

// term is a name or a literal of an expression.
type term struct {
	from, to int
	pieces   []stretch
	// named says that a name stands for the pieces, list that it is a list's.
	named, list bool
}

// find finds the expressions that begin in text[from:to], in order, so that what they make is known where
// its name is used.
func (p *program) find(from, to int) {
	for i := from; i < to && !p.full; {
		c := p.text[i]
		switch {
		case isLetter(c) || c == '_':
			end := i + 1
			for end < len(p.text) && isNameByte(p.text[end]) {
				end++
			}
			i = max(end, p.atName(i, end))
		case isNameByte(c):
			for i < len(p.text) && isNameByte(p.text[i]) {
				i++
			}
		case isQuoteByte(c):
			i = max(i+1, p.atQuote(i))
		default:
			i++
		}
	}
}

// atName looks at a name and returns where what was read of it ends.
func (p *program) atName(from, to int) int {
	name := p.text[from:to]
	quoted, bare := p.names[string(name)], p.bare[string(name)]
	if len(quoted)+len(bare) == 0 {
		if to < len(p.text) && strings.IndexByte(".[(:-", p.text[to]) >= 0 {
			return p.expression(from, to) // c["a"] + c["b"]
		}
		return to
	}
	if end := p.template(from, to); end > 0 {
		return end
	}
	if len(quoted) == 0 {
		return to
	}
	if end := p.added(string(name), from, to); end > 0 {
		return end
	}
	if end := p.joinedList(from); end > 0 {
		return end
	}
	return p.expression(from, to)
}

// atQuote looks at a literal: as a format, or as the first term.
func (p *program) atQuote(i int) int {
	if end := p.format(i); end > 0 {
		return end
	}
	if _, end := p.literal(i); end > 0 {
		return p.expression(i, end)
	}
	return i + 1
}

// expression reads the terms from the one at from on, and returns where they
// end, otherwise what it was given.
func (p *program) expression(from, otherwise int) int {
	first, ok := p.term(from)
	if !ok || first.list {
		return otherwise
	}
	terms, commas := []term{first}, 0
	for end := first.to; len(terms) < maxTerms; {
		next, comma := p.operator(end)
		if next < 0 {
			break
		}
		t, ok := p.term(next)
		if !ok || t.list || comma && commas == 0 && len(terms) > 1 {
			break
		}
		if comma {
			commas++
		}
		terms = append(terms, t)
		end = t.to
	}
	if len(terms) < 2 {
		return otherwise
	}
	start, end := p.head(from), terms[len(terms)-1].to
	if commas > 0 {
		if start, end = p.joiner(start, end); start < 0 {
			return otherwise
		}
	}
	p.make(start, end, terms)
	return max(end, otherwise)
}

// make puts the terms of an expression together, and gives the value to the
// name that it is assigned to.
func (p *program) make(from, to int, terms []term) {
	var pieces []stretch
	named := false
	for _, t := range terms {
		pieces = append(pieces, t.pieces...)
		named = named || t.named
	}
	if !named || len(pieces) < 2 || len(pieces) > maxTerms {
		return
	}
	if t := targetOf(p.text, from); len(t.names) == 1 && !t.adds {
		p.named(t.names[0], binding{at: from, pieces: pieces})
	}
	p.join(namedJoin{from: from, to: to, pieces: pieces})
}

// join remembers a value that may be a key.
func (p *program) join(j namedJoin) {
	n := 0
	for _, s := range j.pieces {
		n += s.to - s.from
	}
	if n < minRun || n > maxJoined || !slices.ContainsFunc(j.pieces, p.strong) {
		return
	}
	if len(p.joins) >= maxNameJoins {
		p.full = true
		return
	}
	p.joins = append(p.joins, j)
}

// head returns where the path begins whose last part begins at i.
func (p *program) head(i int) int {
	for k := 0; k < 64 && i > 0 && (isNameByte(p.text[i-1]) || p.text[i-1] == '.' || p.text[i-1] == '$' || p.text[i-1] == '@'); k++ {
		i--
	}
	return i
}

// operator returns where the term begins behind the operator at i, -1 if there
// is none.
func (p *program) operator(i int) (next int, comma bool) {
	if k := i; k+1 < len(p.text) && p.text[k] == ' ' && isUpper(p.text[k-1]) && isUpper(p.text[k+1]) {
		return k + 1, false // the macros of C
	}
	g := gapReader{text: p.text[:min(len(p.text), i+maxGap)], i: i}
	g.space()
	g.all(')')
	switch g.operator() {
	case noGap:
		return -1, false
	case listed:
		comma = true
	case chained:
	default:
		if g.peek() == '=' {
			return -1, false
		}
	}
	g.space()
	g.all('(')
	for g.peek() == '&' || g.peek() == '*' {
		g.i++
	}
	return g.i, comma
}

func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' || c == '_' }

// term reads the term at i: a literal, or a name with what stands around it.
func (p *program) term(i int) (term, bool) {
	g := gapReader{text: p.text, i: i}
	g.prefix()
	if g.i >= len(p.text) {
		return term{}, false
	}
	if isQuoteByte(p.text[g.i]) {
		value, end := p.literal(g.i)
		return term{from: i, to: end, pieces: []stretch{value}}, end > 0
	}
	r := pathReader{p: p, i: i}
	return r.read()
}

// addedBy are the calls that add to a name's value.
var addedBy = expression.Lazy(`\A\s{0,4}(?:\+=|\.\.=|\.=|&=|\*=|~=|<<=?|\.(?:append|push_str|Append|concat!?|push|extend|add)\(|,\s{0,4})\s{0,40}`)

// added reads what is added to a name's value from one statement to the next,
// and returns where that ends, 0 if nothing is.
func (p *program) added(name string, from, to int) int {
	at := addedBy().FindIndex(p.text[to:min(len(p.text), to+64)])
	if at == nil {
		return 0
	}
	op := bytes.TrimSpace(p.text[to : to+at[1]])
	if op[0] == ',' && !bytes.HasSuffix(bytes.TrimRight(p.text[max(0, from-12):from], " "), []byte("strcat(")) {
		return 0
	}
	known, ok := value(p.names[name], from)
	if !ok || known.at > from {
		return 0
	}
	first, ok := p.term(to + at[1])
	if !ok {
		return 0
	}
	terms := []term{{pieces: known.pieces, named: true}, first}
	end := first.to
	for len(terms) < maxTerms {
		next, comma := p.operator(end)
		if next < 0 || comma {
			break
		}
		t, ok := p.term(next)
		if !ok {
			break
		}
		terms = append(terms, t)
		end = t.to
	}
	var pieces []stretch
	for _, t := range terms {
		pieces = append(pieces, t.pieces...)
	}
	if len(pieces) > maxTerms {
		return end
	}
	if op[0] == '<' || op[0] == '.' && op[len(op)-1] == '(' || !known.list {
		p.named(name, binding{at: from + 1, pieces: pieces, list: known.list})
	}
	if !known.list {
		start := p.head(from)
		p.join(namedJoin{from: start, to: end, pieces: pieces, lead: string(p.text[start:to]) + " = "})
	}
	return end
}

// namedList are the ways to join a list by its name.
var (
	listAfter = expression.Lazy(`\A(?:\[\s?:?\s?\])?\s{0,40}\.\s{0,8}(?:join|joined|joinToString|mkString|concat|reduce)\b\s{0,8}(?:\(\s{0,8}(?:["'` + "`" + `]{2})?[^()]{0,8}\))?`)
	joinWord  = expression.Lazy(`(?is)\A\s{0,4}(?:,\s{0,8}["']{2}\s{0,8})?\)`)
)

// joinedList reads a list that is joined by its name, and returns where the
// expression ends, 0 if there is none.
func (p *program) joinedList(from int) int {
	t, ok := p.term(from)
	if !ok || !t.list {
		return 0
	}
	start := p.head(from)
	before := p.text[max(0, start-callAround):start]
	if joinsList(before) {
		if called := callBefore().FindIndex(before); called != nil {
			if called[0] > 0 && (before[called[0]-1] == '.' || isQuoteByte(before[called[0]-1])) {
				return 0
			}
			if end := joinWord().FindIndex(p.text[t.to:min(len(p.text), t.to+32)]); end != nil {
				t.to += end[1]
			}
			p.make(start-len(before)+called[0], t.to, []term{t})
			return t.to
		}
	}
	after := p.text[t.to:min(len(p.text), t.to+callAround)]
	if bytes.HasPrefix(bytes.TrimLeft(after, " "), []byte("-join")) {
		p.make(start, t.to, []term{t})
		return t.to
	}
	// a.join is read as a path; so it is looked for behind the name.
	name := from
	for name < len(p.text) && isNameByte(p.text[name]) {
		name++
	}
	if joins := listAfter().FindIndex(p.text[name:min(len(p.text), name+callAround)]); joins != nil {
		p.make(start, name+joins[1], []term{t})
		return name + joins[1]
	}
	return 0
}

// joiner widens a list of terms to the call that puts it together; from is -1
// if none does.
func (p *program) joiner(from, to int) (start, end int) {
	before := p.text[max(0, from-callAround):from]
	after := p.text[to:min(len(p.text), to+callAround)]
	if joinsList(before) {
		if called := callBefore().FindIndex(before); called != nil && (called[0] == 0 || before[called[0]-1] != '.' && !isQuoteByte(before[called[0]-1])) {
			return from - len(before) + called[0], to
		}
	}
	if joinsList(after) {
		opened, joins := listBefore().FindIndex(before), joinAfter().FindIndex(after)
		if opened != nil && joins != nil {
			return from - len(before) + opened[0], to + joins[1]
		}
	}
	if i := bytes.LastIndexByte(before, '('); i >= 0 && strings.TrimSpace(string(before[i+1:])) == "" && isJoiningCall(before[:i]) {
		return from - len(before) + i, to
	}
	return -1, -1
}
