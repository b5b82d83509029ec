package decode

import (
	"bytes"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/scanner/runs"
)

// Programs put values together from names: p = "abc", q = "def", key = p + q.
// This file finds what names stand for, nameexpr.go and nametemplate.go find
// where they are put together, and namedview.go shows the values there.

const (
	// PieceRun is how many characters the longest literal of a value has at
	// least: of three, the longest of every key has them.
	PieceRun = 10
	// maxPiece is the longest literal that is a part of a value.
	maxPiece = 200
	// maxProgram is the longest text, in bytes, in which names are looked up:
	// nobody writes longer programs by hand.
	maxProgram = 4 << 20
	// maxNames is how many assignments are remembered of one program.
	maxNames = 20_000
	// maxNameJoins is how many values are put together from names in one
	// program.
	maxNameJoins = 200
	// targetReach is how far before a literal the name is looked for.
	targetReach = 120
)

// IsPiece reports whether the run text[start:end] may be a literal that is a
// part of a value.
func IsPiece(text []byte, start, end int) bool {
	if end-start < PieceRun || end-start > maxPiece || start == 0 {
		return false
	}
	switch c := text[start-1]; {
	case c == '=' || c == ' ' && start > 1 && text[start-2] == '=' || c == '\\' || c == '}':
	case isQuoteByte(c):
		if isCellID(text[:start]) || isDigest(text[start:end]) {
			return false
		}
	default:
		return false
	}
	return shuffled(text[start:end])
}

// isDigest reports whether a run begins a picture in base64, or the digest of a
// package.
func isDigest(run []byte) bool {
	return bytes.HasPrefix(run, []byte("iVBORw0KGgo")) || bytes.HasPrefix(run, []byte("sha512-")) || bytes.HasPrefix(run, []byte("sha1-"))
}

// isCellID reports whether text ends where the id of a notebook's cell begins.
func isCellID(text []byte) bool {
	return bytes.HasSuffix(text, []byte(`"id": "`)) || bytes.HasSuffix(text, []byte(`"id":"`))
}

// shuffled reports whether characters look drawn by lot rather than named: in
// a word, the kind of character seldom turns. Of three pieces of a key that are
// no shorter than PieceRun, one in a thousand are all taken for words.
func shuffled(run []byte) bool {
	digits, turns := 0, 0
	last := byte(0)
	for _, c := range run {
		kind := byte(0)
		switch {
		case c >= '0' && c <= '9':
			kind = 1
			digits++
		case c >= 'a' && c <= 'z':
			kind = 2
		case c >= 'A' && c <= 'Z':
			kind = 3
		}
		if kind != last && kind*last != 0 {
			turns++
		}
		last = kind
	}
	if digits == 0 {
		return turns > 4 && turns >= len(run)/2 // CamelCase turns less often
	}
	return turns >= max(3, (len(run)+2)/4)
}

// hasPiece reports whether a piece touches text[from:to].
func hasPiece(text []byte, from, to int) bool {
	for {
		start, end := runs.Next(text, from, PieceRun)
		if start < 0 || start >= to {
			return false
		}
		if IsPiece(text, start, end) {
			return true
		}
		from = end
	}
}

// binding is what a name stands for from some place on.
type binding struct {
	at int
	// pieces are the literals: of a list its elements, else what makes the
	// value together.
	pieces []stretch
	list   bool
}

// program is a text in which names are looked up.
type program struct {
	text []byte
	// code is where in the text names can be put together: of a document of
	// HTML, its scripts.
	code []stretch
	// names are the bindings by name, in order; bare holds those of values
	// without quotes, which only $NAME and %NAME% refer to.
	names, bare map[string][]binding
	bound       int
	// places are where names that matter may be put together, seen the names
	// that were looked for, made those that were given a value since.
	places []int
	seen   map[string]bool
	made   []string
	// said are joins that shells write as assignments.
	said, joins []namedJoin
	full        bool
}

// namedJoin is a place at which names are put together.
type namedJoin struct {
	// from and to are what the value replaces, pieces what it is made of.
	from, to int
	pieces   []stretch
	// quoted says that the place is inside a literal; lead is written before
	// the value instead of what stands there.
	quoted bool
	lead   string
}

// readProgram finds the values that are put together from names. Pieces are
// those of the text, nil where they are not known.
func readProgram(text []byte, pieces *Pieces) *program {
	p := &program{text: text, names: map[string][]binding{}, bare: map[string][]binding{}, seen: map[string]bool{}}
	if len(text) > maxProgram || !p.worth(pieces) {
		return p
	}
	p.bind()
	p.bindBare()
	p.look()
	return p
}

// strong reports whether a literal holds a piece.
func (p *program) strong(s stretch) bool {
	start, end := runs.Next(p.text[s.from:s.to], 0, PieceRun)
	return start >= 0 && shuffled(p.text[s.from+start:s.from+end])
}

// literal reads the literal whose opening quotes are at i; it returns its text
// and where its closing quotes end, -1 if there is none of piece characters.
func (p *program) literal(i int) (value stretch, end int) {
	quote, n := p.text[i], 1
	if i+2 < len(p.text) && p.text[i+1] == quote && p.text[i+2] == quote {
		n = 3
	}
	from := i + n
	to := from
	for to < len(p.text) && to-from <= maxPiece && isPieceByte(p.text[to]) {
		to++
	}
	if to == from || to-from > maxPiece || to+n > len(p.text) {
		return stretch{}, -1
	}
	for k := range n {
		if p.text[to+k] != quote {
			return stretch{}, -1
		}
	}
	return stretch{from, to}, to + n
}

// bind finds the literals that names are given.
func (p *program) bind() {
	for _, c := range p.code {
		p.bindWithin(c.from, c.to)
	}
}

func (p *program) bindWithin(i, end int) {
	for i < end && p.bound < maxNames {
		if !isQuoteByte(p.text[i]) {
			if p.text[i] == '=' {
				p.bindWord(i)
			}
			i++
			continue
		}
		value, after := p.literal(i)
		if after < 0 {
			i++
			continue
		}
		i = p.bindLiteral(i, value, after)
	}
}

// bindLiteral gives the literal at i, or the list that begins with it, to the
// names before it, and returns where it ends.
func (p *program) bindLiteral(i int, value stretch, end int) int {
	t := targetOf(p.text, i)
	if len(t.names) == 0 || t.adds {
		return end
	}
	pieces := []stretch{value}
	for len(pieces) < 64 {
		next, kind := gapAt(p.text, end-1)
		if next == 0 || kind != listed && !t.opens {
			break
		}
		open := next - 1
		value, to := p.literal(open)
		if to < 0 || kind != listed {
			break
		}
		pieces, end = append(pieces, value), to
	}
	switch {
	case len(t.names) > 1 && len(t.names) == len(pieces):
		for k, name := range t.names {
			p.give(p.names, name, binding{at: i, pieces: pieces[k : k+1]})
		}
	case len(pieces) > 1 && t.opens:
		p.give(p.names, t.names[0], binding{at: i, pieces: pieces, list: true})
	default:
		p.give(p.names, t.names[len(t.names)-1], binding{at: i, pieces: pieces[:1]})
	}
	return end
}

// bindWord gives a value without quotes, as in a shell, to the name before the
// = at i.
func (p *program) bindWord(i int) {
	from, name := i, i
	if i > 0 && p.text[i-1] == '+' {
		from, name = i-1, i-1
	}
	for from > 0 && isNameByte(p.text[from-1]) {
		from--
	}
	if from == name || p.text[from] >= '0' && p.text[from] <= '9' || from > 0 && strings.IndexByte(" \t\n\r;&\"", p.text[from-1]) < 0 {
		return
	}
	to := i + 1
	for to < len(p.text) && isPieceByte(p.text[to]) {
		to++
	}
	if to == i+1 || to-i > maxPiece || to < len(p.text) && strings.IndexByte(" \t\n\r;&\"", p.text[to]) < 0 {
		return
	}
	b := binding{at: i, pieces: []stretch{{i + 1, to}}}
	if name < i {
		known, ok := value(p.bare[string(p.text[from:name])], i)
		if !ok || known.at > i || len(known.pieces) >= maxTerms {
			return
		}
		b.pieces = append(slices.Clone(known.pieces), b.pieces...)
		p.said = append(p.said, namedJoin{from: i + 1, to: to, pieces: b.pieces, quoted: true})
	}
	p.give(p.bare, string(p.text[from:name]), b)
}

// bindBare adds the quoted values to those that $NAME refers to.
func (p *program) bindBare() {
	for name, list := range p.names {
		for _, b := range list {
			p.give(p.bare, name, b)
		}
	}
}

// give remembers what a name stands for.
func (p *program) give(names map[string][]binding, name string, b binding) {
	if p.bound++; p.bound > 2*maxNames {
		return
	}
	list := names[name]
	n, _ := slices.BinarySearchFunc(list, b.at, func(o binding, at int) int { return o.at - at })
	names[name] = slices.Insert(list, n, b)
}

// named gives a name what was put together.
func (p *program) named(name string, b binding) {
	p.give(p.names, name, b)
	p.give(p.bare, name, b)
	if slices.ContainsFunc(b.pieces, p.strong) {
		p.made = append(p.made, name)
	}
}

// value returns what a name stands for at a place: what it was given last
// before, else first behind.
func value(list []binding, at int) (binding, bool) {
	if len(list) == 0 {
		return binding{}, false
	}
	n, _ := slices.BinarySearchFunc(list, at, func(o binding, at int) int { return o.at - at })
	return list[max(n-1, 0)], true
}

func isNameByte(c byte) bool { return isLetter(c) || c >= '0' && c <= '9' || c == '_' }

// target is what stands before a literal: the names that it is given to.
type target struct {
	names []string
	// from is where the first of them begins.
	from int
	// member says that a colon is between, adds that it is added to what the name stands for, opens that it is
	// the first of a list.
	member, adds, opens bool
}

// targetOf reads what stands before the expression at i.
func targetOf(text []byte, i int) (t target) {
	b := backward{text: text, i: i, limit: max(0, i-targetReach)}
	b.prefix()
	apart := b.i
	b.blanks()
	for b.take('(') || b.take('[') || b.take('{') || b.take('@') {
		t.opens = true
		b.called()
	}
	if b.last() == ',' {
		return b.copied()
	}
	before := b.i
	if t.adds = b.any("+=", "..=", ".=", "&=", "*=", "~="); !t.adds && !b.any(":=", "<-", "=>", "=", ":") {
		return b.declared(t, apart)
	}
	t.member = before > 0 && text[before-1] == ':' && b.i == before-1
	if b.i > 0 && text[before-1] == '=' && strings.IndexByte("=!<>", text[b.i-1]) >= 0 {
		return target{}
	}
	b.blanks()
	return b.targets(t)
}
