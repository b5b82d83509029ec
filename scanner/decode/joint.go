package decode

import (
	"bytes"
	"unicode/utf8"

	"github.com/qleaks/qleaks/scanner/runs"
)

// A joint is a place at which a decoding makes key characters, or drops what
// stands between some. It matters if that gives a row of key characters that
// may be a value, or a word that leads to one.

const (
	// shortestRow is how many key characters a row must have at least to be a
	// value, less the letters that belong to an escape in some views and to
	// the row in others.
	shortestRow = 12
	// cutElement is how long an encoded character can be: so much of the begin
	// of a stretch may be the rest of one.
	cutElement = 40
	// squeezes is how often what was decoded is decoded again.
	squeezes = 4
)

// Joiner finds the joints of a text.
type Joiner struct {
	Text []byte
	Sort Sort
	// Leads reports whether a text holds a word behind which a value may
	// stand.
	Leads func(text []byte) bool
	// Found is called for every joint that matters. It returns false when it
	// wants no more.
	Found func(start, end int) (more bool)

	squeezed [2][]byte
	rows     rowFinder
}

// Reset makes the joiner one of another text.
func (j *Joiner) Reset(text []byte) {
	j.Text, j.rows = text, rowFinder{}
}

// Find finds the joints that begin in Text[from:to]. It decides by the bytes
// beside a joint, wherever it stands.
func (j *Joiner) Find(from, to int) {
	if j.rows.text == nil {
		j.rows = rowFinder{text: j.Text, sort: j.Sort, found: j.Found}
	}
	for _, first := range []byte(`\&%<` + "\x1b") {
		j.rows.end = 0
		if !j.each(from, to, first) {
			return
		}
	}
	if !j.rows.find(from, to) {
		return
	}
	if j.Sort == Notebook && !j.each(from, to, ',') || !wideClues(j.Text, from, to, j.Found) {
		return
	}
	if i := quotedHeader(j.Text[from:to]); i >= 0 {
		// From here on, every line may be encoded.
		j.Found(from, len(j.Text))
	}
}

// each looks at what begins with a byte.
func (j *Joiner) each(from, to int, first byte) (more bool) {
	var last element
	for i := from; i < to; {
		k := bytes.IndexByte(j.Text[i:to], first)
		if k < 0 {
			break
		}
		e := elementAt(j.Text, i+k, j.Sort)
		// What is dropped behind what is dropped stands in the same row.
		follows := e.is == gone && last.is == gone && e.at == last.end
		if !follows && j.worth(e) && j.matters(e) && !j.Found(e.at, e.end) {
			return false
		}
		if e.isQuote(j.Text) && !j.rows.closing(e.at, e.end) {
			return false
		}
		last = e
		i = max(e.end, i+k+1)
	}
	return true
}

// worth is a first look: what is dropped must be dropped behind a key
// character.
func (j *Joiner) worth(e element) bool {
	switch {
	case e.is == key || e.is == opening && !e.drops:
		return true
	case e.is == nothing:
		return false
	default:
		return e.at > 0 && isKeyByte(j.Text[e.at-1])
	}
}

// matters decides by as much text around an element as its row takes.
func (j *Joiner) matters(e element) bool {
	for _, reach := range []int{96, 1 << 10} {
		if matters, known := j.around(e, reach); known {
			return matters
		}
	}
	return true
}

// around looks at the text as far as reach on both sides of an element.
// What it makes of it is not known if the row is longer.
func (j *Joiner) around(e element, reach int) (matters, known bool) {
	s := squeeze{text: j.Text, from: max(0, e.at-reach), to: min(len(j.Text), e.end+reach), mark: e.at, sort: j.Sort}
	begun, ended := s.from == 0, s.to == len(j.Text)
	for n := range squeezes {
		out := s.apply(j.squeezed[n&1][:0])
		j.squeezed[n&1] = out
		if e.is == opening && e.c == 0 {
			return isWide(out, s.place-3) || isWide(out, s.place+1), true
		}
		lo, hi := s.place, s.place
		for lo > 0 && isKeyByte(out[lo-1]) {
			lo--
		}
		for hi < len(out) && isKeyByte(out[hi]) {
			hi++
		}
		switch {
		case hi-lo >= shortestRow && runs.Mixed(out[lo:hi]):
			return true, true
		case !begun && lo < cutElement, lo > 0 && out[lo-1] == '>' && j.behindTag(e.at-reach, e.at), lo > 0 && out[lo-1] == bellByte,
			!ended && hi == len(out):
			return false, false
		case j.Leads(out):
			return true, true
		case !s.again:
			return false, true
		}
		s = squeeze{text: out, to: len(out), mark: s.place, sort: j.Sort}
	}
	return true, true
}

// behindTag reports whether a tag that began before from may end before to.
func (j *Joiner) behindTag(from, to int) bool {
	if from <= 0 {
		return false
	}
	return bytes.IndexByte(j.Text[max(0, from-maxTag):from], '<') >= 0 && bytes.IndexByte(j.Text[from:to], '>') >= 0
}

// squeeze undoes all encodings of text[from:to] at once.
type squeeze struct {
	text     []byte
	from, to int
	sort     Sort
	// mark is a place in the text, place the one that it becomes.
	mark, place int
	// again says that what was made may be encoded.
	again bool
}

// apply appends the decoded text.
func (s *squeeze) apply(out []byte) []byte {
	for i := s.from; i < s.to; {
		if i == s.mark {
			s.place = len(out)
		}
		c := s.text[i]
		if isKeyByte(c) || !begins(c) {
			out = append(out, c)
			i++
			continue
		}
		e := elementAt(s.text, i, s.sort)
		if e.end <= i || i < s.mark && e.end > s.mark {
			out = append(out, c)
			i++
			continue
		}
		switch e.is {
		case gone:
		case opening:
			out = append(out, e.c)
			s.again = s.again || e.c != 0
		default:
			out = append(out, e.c)
		}
		i = e.end
	}
	if s.mark >= s.to {
		s.place = len(out)
	}
	return out
}

// begins reports whether an element may begin with c.
func begins(c byte) bool {
	return c == '\\' || c == '&' || c == '%' || c == '<' || c == escapeByte || c == '"'
}

// effect is what becomes of an encoded element in some view.
type effect int

const (
	// nothing that joins or makes key characters.
	nothing effect = iota
	// key is a key character.
	key
	space
	// gone is an element that is dropped.
	gone
	// opening is an element that may begin something encoded again.
	opening
)

// element is an encoded place of a text, and the character that it stands for.
type element struct {
	at, end int
	is      effect
	c       byte
	// drops says of an opening one that in the end nothing or a space stands
	// there.
	drops bool
}

// elementAt reads the element that begins at i, or at whose comma i is. Of
// what is none, the end is i.
func elementAt(text []byte, i int, sort Sort) element {
	e := element{at: i, end: i}
	switch text[i] {
	case '\\':
		return escapeAt(text, i)
	case '&':
		if n := entityLen(text[i:]); n > 0 {
			if s := entity(text[i : i+n]); s != "" {
				e.end = i + n
				r, _ := utf8.DecodeRuneInString(s)
				e.become(r)
			}
		}
	case '%':
		if c, ok := percentByte(text[i:]); ok {
			e.end = i + 3
			e.become(rune(c))
		}
	case '<':
		if n := tagLen(text[i:]); n > 0 {
			e.end, e.c = i+n, '\n'
			if apart(text[i:i+n]) == "" {
				e.is = gone
			}
		}
	case escapeByte:
		if n := control(text[i:]); n > 0 {
			e.end, e.is = i+n, gone
		}
	case ',', '"':
		if sort == Notebook {
			return separatorAt(text, i)
		}
	}
	return e
}

// escapeAt reads the escape that begins at i.
func escapeAt(text []byte, i int) element {
	if len(text) > i+2 && text[i+1] == 'P' && text[i+2] == 'Y' {
		if s, n := pygment(text[i:]); n > 0 {
			e := element{at: i, end: i + n, is: gone}
			if s != "" {
				e.become(rune(s[0]))
			}
			return e
		}
	}
	if n := escapedControl(text[i:]); n > 0 {
		return element{at: i, end: i + n, is: gone}
	}
	r, n := escape(text[i:])
	e := element{at: i, end: i + n, c: '\\'}
	if n == 0 {
		return e
	}
	if r == '\\' {
		// Escaped twice: what follows is read after the other.
		inner := escapeAt(text, i+1)
		if inner.is == nothing {
			return e
		}
		e.drops = inner.is == gone || inner.is == space
	}
	e.become(r)
	return e
}

// become sets the effect of an element that stands for a character.
func (e *element) become(r rune) {
	e.c = byte(r)
	if r < ' ' || r >= 0x80 {
		e.c = '\n' // what ends a row
	}
	switch {
	case r == fold:
		e.is = gone
	case r == ' ':
		e.is = space
	case isKeyRune(r):
		e.is = key
	case r == 0 || r == escapeByte:
		e.is, e.c = opening, byte(r)
	case r == '<' || r == '=' || r < 0x80 && mayBegin(byte(r)):
		e.is, e.drops = opening, r == '<'
	}
}

// mayBegin reports whether what is encoded as a key character may begin with c.
func mayBegin(c byte) bool { return c == '\\' || c == '&' || c == '%' }

// escapedControl returns the length of a terminal control whose first byte is
// escaped, as in JSON, 0 if text does not begin with one.
func escapedControl(text []byte) int {
	r, n := escape(text)
	if n == 0 || r != escapeByte || n == len(text) {
		return 0
	}
	for i := n; i < min(len(text), n+64); i++ {
		switch c := text[i]; {
		case i == n && (c == '[' || c == '(' || c == ')'), c >= '0' && c <= '9', c == ';', c == '?':
		default:
			return i + 1
		}
	}
	return n
}

// separatorAt reads what stands around the comma between two strings of a
// notebook's list, which are joined; at is the first quote or the comma.
func separatorAt(text []byte, at int) element {
	e := element{at: at, end: at}
	comma := at
	if text[at] == '"' {
		for comma++; comma < len(text) && isBlank(text[comma]); comma++ {
		}
		if comma == len(text) || text[comma] != ',' {
			return e
		}
	}
	from, to := separator(text, comma)
	if from >= 0 && !endsEscape(text[:from]) && !isMemberName(text[to:]) {
		return element{at: from, end: to, is: gone}
	}
	return e
}

// separator returns the quotes and the blanks around a comma between two
// strings.
func separator(text []byte, comma int) (at, end int) {
	at, end = comma, comma+1
	for at > 0 && isBlank(text[at-1]) {
		at--
	}
	for end < len(text) && isBlank(text[end]) {
		end++
	}
	if at == 0 || text[at-1] != '"' || end == len(text) || text[end] != '"' {
		return -1, -1
	}
	return at - 1, end + 1
}

// isMemberName reports whether a string, without its first quote, is the name
// of an object's member.
func isMemberName(text []byte) bool {
	k := bytes.IndexByte(text, '"')
	return k >= 0 && bytes.HasPrefix(text[k+1:], []byte{':'})
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// endsEscape reports whether the last byte is the letter of an escape such as
// \n.
func endsEscape(text []byte) bool {
	slashes := 0
	for i := len(text) - 2; i >= 0 && text[i] == '\\'; i-- {
		slashes++
	}
	return slashes&1 == 1
}
