package decode

import (
	"bytes"
	"strings"
)

// template reads a row of names inside a literal, such as {a}{b}, ${a}${b},
// $A$B, %A%%B%, and returns where it ends, 0 if the name at from is in none.
func (p *program) template(from, to int) int {
	open, ok := p.opening(p.head(from))
	if !ok {
		return 0
	}
	start := open
	for start > 0 && isPieceByte(p.text[start-1]) && p.text[start-1] != '=' && open-start < maxPiece {
		start--
	}
	var pieces []stretch
	named, end := 0, start
	for end < len(p.text) && len(pieces) < maxTerms {
		if c := p.text[end]; isPieceByte(c) {
			from := end
			for end < len(p.text) && isPieceByte(p.text[end]) {
				end++
			}
			pieces = append(pieces, stretch{from, end})
			continue
		}
		value, next := p.placeholder(end)
		if next == 0 {
			break
		}
		pieces = append(pieces, value...)
		named++
		end = next
	}
	if named == 0 || len(pieces) < 2 || len(pieces) > maxTerms {
		return 0
	}
	j := namedJoin{from: start, to: end, pieces: pieces, quoted: true}
	assigned := start
	for assigned > 0 && (isQuoteByte(p.text[assigned-1]) || strings.IndexByte("fF$@", p.text[assigned-1]) >= 0) {
		assigned--
	}
	if t := targetOf(p.text, assigned); len(t.names) == 1 && !t.adds {
		p.named(t.names[0], binding{at: start, pieces: pieces})
	}
	p.join(j)
	return max(end, to)
}

// opening returns where the placeholder begins whose name begins at i.
func (p *program) opening(i int) (open int, ok bool) {
	for i > 0 && p.text[i-1] == ' ' {
		i--
	}
	if i == 0 {
		return 0, false
	}
	switch p.text[i-1] {
	case '{':
		for i--; i > 0 && strings.IndexByte("{$#", p.text[i-1]) >= 0; i-- {
		}
		return i, true
	case '(':
		if i > 1 && (p.text[i-2] == '\\' || p.text[i-2] == '$') {
			return i - 2, true
		}
	case '%', '!':
		return i - 1, true
	}
	// head has passed over the $ of $A.
	return i, p.text[i] == '$'
}

// placeholder reads the placeholder at i and returns what it stands for, and
// where it ends, 0 if it is none.
func (p *program) placeholder(i int) (pieces []stretch, end int) {
	rest := p.text[i:min(len(p.text), i+128)]
	for _, form := range []struct{ open, close string }{
		{"${{", "}}"}, {"{{", "}}"}, {"${", "}"}, {"#{", "}"}, {"{", "}"}, {`\(`, ")"}, {"$(", ")"}, {"%", "%"}, {"!", "!"}, {"$", ""},
	} {
		if !bytes.HasPrefix(rest, []byte(form.open)) {
			continue
		}
		from := i + len(form.open)
		for from < len(p.text) && p.text[from] == ' ' && form.close != "" {
			from++
		}
		r := pathReader{p: &program{text: p.text, names: p.bare}, i: from}
		var t term
		var ok bool
		if form.open == "$" || form.open == "%" || form.open == "!" {
			name := r.word()
			var b binding
			if b, ok = value(p.bare[name], i); ok {
				t = term{pieces: b.pieces, to: r.i, list: b.list}
			}
		} else {
			t, ok = r.read()
		}
		if !ok || t.list {
			return nil, 0
		}
		end := t.to
		for end < len(p.text) && p.text[end] == ' ' && form.close != "" {
			end++
		}
		if !bytes.HasPrefix(p.text[end:], []byte(form.close)) {
			return nil, 0
		}
		return t.pieces, end + len(form.close)
	}
	return nil, 0
}

// slot is a place of a format: literal text, or which argument stands there.
type slot struct {
	text stretch
	arg  int
	name string
}

// slots reads a format of nothing but places and piece characters between the
// quotes at i; end is 0 if it is none.
func (p *program) slots(i int) (list []slot, end int) {
	quote, n, holes := p.text[i], 0, 0
	for k := i + 1; k < len(p.text) && k-i < maxPiece && len(list) < maxTerms; {
		c := p.text[k]
		switch {
		case c == quote:
			if holes == 0 || len(list) < 2 {
				return nil, 0
			}
			return list, k + 1
		case c == '%' && k+1 < len(p.text) && strings.IndexByte("svS@w", p.text[k+1]) >= 0:
			list, k = append(list, slot{arg: n}), k+2
			n, holes = n+1, holes+1
		case c == '{':
			to := bytes.IndexByte(p.text[k:min(len(p.text), k+24)], '}')
			if to < 0 {
				return nil, 0
			}
			name := string(p.text[k+1 : k+to])
			s := slot{arg: -1, name: name}
			switch {
			case name == "":
				s = slot{arg: n}
				n++
			case len(name) == 1 && name[0] >= '0' && name[0] <= '9':
				s = slot{arg: int(name[0] - '0')}
			}
			list, k, holes = append(list, s), k+to+1, holes+1
		case isPieceByte(c):
			from := k
			for k < len(p.text) && isPieceByte(p.text[k]) {
				k++
			}
			list = append(list, slot{text: stretch{from, k}, arg: -1})
		default:
			return nil, 0
		}
	}
	return nil, 0
}

// format reads a format at i and the names that are put into it, and returns
// where the expression ends, 0 if it is none.
func (p *program) format(i int) int {
	if i+1 >= len(p.text) || !isPieceByte(p.text[i+1]) && p.text[i+1] != '%' && p.text[i+1] != '{' {
		return 0
	}
	list, end := p.slots(i)
	if end == 0 {
		return 0
	}
	g := gapReader{text: p.text[:min(len(p.text), end+maxGap)], i: end}
	g.space()
	switch rest := g.text[g.i:]; {
	case bytes.HasPrefix(rest, []byte(".format(")), bytes.HasPrefix(rest, []byte(".formatted(")):
		g.i += bytes.IndexByte(rest, '(') + 1
	case len(rest) > 0 && (rest[0] == '%' || rest[0] == ','):
		g.i++
	case bytes.HasPrefix(rest, []byte("-f ")):
		g.i += 3
	default:
		return 0
	}
	args, named, end := p.arguments(g.i)
	var pieces []stretch
	for _, s := range list {
		switch {
		case s.arg >= 0 && s.arg < len(args):
			pieces = append(pieces, args[s.arg].pieces...)
		case s.arg < 0 && s.name != "":
			t, ok := named[s.name]
			if !ok {
				return 0
			}
			pieces = append(pieces, t.pieces...)
		case s.arg < 0:
			pieces = append(pieces, s.text)
		default:
			return 0
		}
	}
	start := i
	before := p.text[max(0, i-32):i]
	if k := bytes.LastIndexByte(before, '('); k >= 0 && bytes.HasSuffix(bytes.ToLower(bytes.TrimRight(before[:k], "!f")), []byte("format")) || k >= 0 && bytes.HasSuffix(before[:k], []byte("printf")) {
		start = p.head(i - len(before) + k)
		if start > 0 && p.text[start-1] == '!' {
			start = p.head(start - 1)
		}
	}
	p.make(start, end, []term{{pieces: pieces, named: true}})
	return end
}

// arguments reads terms with commas between them, some with names.
func (p *program) arguments(i int) (args []term, named map[string]term, end int) {
	named = map[string]term{}
	g := gapReader{text: p.text, i: i}
	g.space()
	g.all('(')
	end = g.i
	for len(args)+len(named) < maxTerms {
		name := ""
		r := pathReader{p: p, i: g.i}
		if word := r.word(); word != "" && r.at("=") && !r.at("==") {
			name, g.i = word, r.i+1
		}
		t, ok := p.term(g.i)
		if !ok || t.list {
			break
		}
		if name != "" {
			named[name] = t
		} else {
			args = append(args, t)
		}
		g.i = t.to
		end = t.to
		g.space()
		if g.peek() != ',' {
			if g.peek() == ')' {
				end = g.i + 1
			}
			break
		}
		g.i++
		g.space()
	}
	return args, named, end
}
