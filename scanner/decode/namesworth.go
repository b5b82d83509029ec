package decode

import (
	"bytes"
	"strings"

	"github.com/qleaks/qleaks/scanner/runs"
)

const (
	// expressionReach is how far around a place that matters expressions are
	// read.
	expressionReach = 512
	// longLine is how far from a place, on both sides, a line that is too long
	// goes on.
	longLine = 1 << 10
	// combineGap is how far behind a literal it is put together with a name.
	combineGap = 120
	// listReach is how far behind the first of a list its elements are sought.
	listReach = 360
	// maxPlaces is how many places that matter are remembered, maxUses how many
	// of one name.
	maxPlaces, maxUses = 2000, 200
	// namings is how often names that were given such a value are looked up in
	// their turn.
	namings = 3
)

// worth is a first look: it finds the places at which a literal that may be a
// part of a value stands beside a name, and those at which a name that it is
// given to stands where names are put together.
func (p *program) worth(pieces *Pieces) bool {
	p.code = []stretch{{0, len(p.text)}}
	if isMarkup(p.text) {
		p.code = scripts(p.text)
	}
	for _, c := range p.code {
		p.worthWithin(c.from, c.to, pieces)
	}
	return len(p.places) > 0
}

// scripts are all of a document that can put names together.
func scripts(text []byte) []stretch {
	var all []stretch
	for at := 0; ; {
		k := bytes.Index(text[at:], []byte(scriptTag))
		if k < 0 {
			return all
		}
		at += k
		opened := bytes.IndexByte(text[at:], '>')
		if opened < 0 {
			return all
		}
		at += opened + 1
		end := len(text)
		if k := bytes.Index(text[at:], []byte("</script")); k >= 0 {
			end = at + k
		}
		all = append(all, stretch{at, end})
		at = end
	}
}

const (
	// scriptTag begins what a document of HTML has of programs.
	scriptTag = "<script"
	// markupReach is how far into a text, in bytes, it says that it is one.
	markupReach = 200
)

// isMarkup reports whether text is a document of HTML or XML.
func isMarkup(text []byte) bool {
	text = bytes.TrimLeft(text[:min(len(text), markupReach)], "\ufeff \t\r\n")
	return len(text) > 1 && text[0] == '<' && (text[1] == '!' || isLetter(text[1]) || bytes.HasPrefix(text, []byte("<?xml")))
}

// worthWithin is worth for a stretch of the text.
func (p *program) worthWithin(from, to int, pieces *Pieces) {
	if pieces.known() {
		for _, s := range pieces.touching(from, to) {
			if len(p.places) < maxPlaces && !inLongLine(p.text, s.from) {
				p.worthPiece(s.from, s.to)
			}
		}
		return
	}
	for len(p.places) < maxPlaces {
		start, end := runs.Next(p.text, from, PieceRun)
		if start < 0 || start >= to {
			return
		}
		from = end
		if IsPiece(p.text, start, end) && !inLongLine(p.text, start) {
			p.worthPiece(start, end)
		}
	}
}

// inLongLine reports whether a place stands in a line that nobody wrote by
// hand.
func inLongLine(text []byte, at int) bool {
	return at >= longLine && len(text)-at >= longLine &&
		bytes.IndexByte(text[at-longLine:at], '\n') < 0 && bytes.IndexByte(text[at:at+longLine], '\n') < 0
}

// worthPiece is worth for one run.
func (p *program) worthPiece(start, end int) {
	low, high := max(0, end-maxPiece), min(len(p.text), start+maxPiece)
	for start > low && isPieceByte(p.text[start-1]) && p.text[start-1] != '=' {
		start--
	}
	for end < high && isPieceByte(p.text[end]) {
		end++
	}
	before, after := byte(0), byte(0)
	if start > 0 {
		before = p.text[start-1]
	}
	if end < len(p.text) {
		after = p.text[end]
	}
	switch {
	case before == '}', after == '{', after == '$', before == ')' && after != ')', after == '\\' && end+1 < len(p.text) && p.text[end+1] == '(':
		p.places = append(p.places, start)
		return
	case before == '=':
		p.worthName(p.nameBefore(start - 1))
		return
	case !isQuoteByte(before) || after != before:
		return
	}
	for start > 1 && p.text[start-2] == before {
		start--
	}
	t := targetOf(p.text, start-1)
	for _, name := range t.names {
		p.worthName(name)
	}
	if t.adds || p.besideName(start-1, end+1) {
		p.places = append(p.places, start)
	}
	if len(t.names) == 0 {
		p.worthName(p.listName(start - 1))
	}
}

// nameBefore returns the name before the = or += at i.
func (p *program) nameBefore(i int) string {
	if i > 0 && p.text[i-1] == '+' {
		i--
	}
	b := backward{text: p.text, i: i, limit: max(0, i-targetReach)}
	return b.name()
}

// combining are the bytes of operators and placeholders beside a name.
const combining = "+&*~|<^%{}$!"

// besideName reports whether an operator stands between the literal in
// text[from:to] and something that is no literal.
func (p *program) besideName(from, to int) bool {
	g := gapReader{text: p.text[:min(len(p.text), to+combineGap)], i: to}
	g.space()
	g.all(')')
	if kind := g.operator(); kind == operated || kind == chained {
		g.space()
		g.all('(')
		if c := g.peek(); isLetter(c) || c == '_' || c == '$' || c == '@' {
			return true
		}
	}
	b := backward{text: p.text, i: from, limit: max(0, from-targetReach)}
	b.prefix()
	b.blanks()
	for b.take('(') {
	}
	operator := b.i
	for b.last() != 0 && strings.IndexByte("+.&*~|^<>", b.last()) >= 0 {
		b.i--
	}
	if operator == b.i {
		return false
	}
	b.blanks()
	return isNameByte(b.last()) || b.last() == ')' || b.last() == ']'
}

// listName returns the name of the list whose element behind others the literal
// at i is.
func (p *program) listName(i int) string {
	for limit := i - listReach; i > limit; {
		b := backward{text: p.text, i: i, limit: max(0, i-targetReach)}
		b.blanks()
		if b.last() != ',' {
			return ""
		}
		b.i--
		b.blanks()
		if !isQuoteByte(b.last()) {
			return ""
		}
		open := bytes.LastIndexByte(p.text[b.limit:b.i-1], b.last())
		if open < 0 {
			return ""
		}
		i = b.limit + open
		if t := targetOf(p.text, i); len(t.names) > 0 {
			return t.names[0]
		}
	}
	return ""
}

// worthName adds the places at which a name stands where names are put
// together.
func (p *program) worthName(name string) {
	if name == "" || p.seen[name] {
		return
	}
	p.seen[name] = true
	p.worthNameWithin(name, 0, len(p.text))
}

// worthNameWithin is worthName for a stretch of the text.
func (p *program) worthNameWithin(name string, i, end int) {
	word, limit := []byte(name), min(maxPlaces, len(p.places)+maxUses)
	for len(p.places) < limit {
		k := bytes.Index(p.text[i:end], word)
		if k < 0 {
			return
		}
		from, to := i+k, i+k+len(word)
		i = to
		if from > 0 && isNameByte(p.text[from-1]) || to < len(p.text) && isNameByte(p.text[to]) {
			continue
		}
		if p.combined(from, to) {
			p.places = append(p.places, from)
		}
	}
}

// sameCell narrows a stretch to the cell that a place in it is in.
func sameCell(text []byte, from, at, to int) []byte {
	from += bytes.LastIndexByte(text[from:at], cellEnd) + 1
	if k := bytes.IndexByte(text[at:to], cellEnd); k >= 0 {
		to = at + k
	}
	return text[from:to]
}

// combined reports whether the name at text[from:to] may be put together with
// something.
func (p *program) combined(from, to int) bool {
	before := bytes.TrimRight(p.text[max(0, from-40):from], " \t\r\n(")
	if len(before) > 0 && before[len(before)-1] == '\\' {
		return true
	}
	after := bytes.TrimLeft(p.text[to:min(len(p.text), to+40)], " \t\r\n)]}\"'")
	if len(before) > 0 && strings.IndexByte(combining, before[len(before)-1]) >= 0 {
		return true
	}
	if len(after) > 0 && strings.IndexByte(combining, after[0]) >= 0 {
		return true
	}
	around := sameCell(p.text, max(0, from-callAround), from, min(len(p.text), to+callAround))
	if bytes.IndexByte(around, '(') < 0 && !bytes.Contains(around, []byte("-join")) {
		around = nil
	}
	if joinsList(around) || bytes.Contains(around, []byte("ormat")) || bytes.Contains(around, []byte("rintf")) || bytes.Contains(around, []byte("push")) || bytes.Contains(around, []byte("add(")) {
		return true
	}
	next := p.text[to:min(len(p.text), to+40)]
	return bytes.Contains(next, []byte(" . ")) || bytes.Contains(next, []byte("..")) || bytes.Contains(next, []byte(".=")) || bytes.Contains(next, []byte("() +")) ||
		len(before) > 0 && before[len(before)-1] == '.' && (len(before) < 2 || !isNameByte(before[len(before)-2]) && before[len(before)-2] != ']') ||
		to+1 < len(p.text) && p.text[to] == ' ' && isUpper(p.text[to-1]) && isUpper(p.text[to+1]) || from > 1 && p.text[from-1] == ' ' && isUpper(p.text[from]) && isUpper(p.text[from-2])
}

// windows are the stretches in which expressions are read.
func (p *program) windows() runList {
	var list runList
	for _, at := range p.places {
		from := max(0, at-expressionReach)
		for k := 0; k < expressionReach && from > 0 && p.text[from-1] != '\n'; k++ {
			from--
		}
		list = append(list, stretch{from, min(len(p.text), at+expressionReach)})
	}
	return list.sorted()
}

// look finds the values, and those that are made of them.
func (p *program) look() {
	for range namings {
		known := len(p.places)
		p.joins, p.full = nil, false
		for _, j := range p.said {
			p.join(j)
		}
		for _, w := range p.windows() {
			p.find(w.from, w.to)
		}
		for _, name := range p.made {
			p.worthName(name)
		}
		p.made = nil
		if len(p.places) == known {
			return
		}
	}
}
