package decode

import "bytes"

// pathReader reads a path of names: self.a, Config::A, cfg["a"], parts[0],
// str(a), a.strip().
type pathReader struct {
	p     *program
	i     int
	name  string
	index int
	steps int
}

func (r *pathReader) at(s string) bool { return bytes.HasPrefix(r.p.text[r.i:], []byte(s)) }

// word reads a name.
func (r *pathReader) word() string {
	from := r.i
	for r.i < len(r.p.text) && isNameByte(r.p.text[r.i]) {
		r.i++
	}
	return string(r.p.text[from:r.i])
}

func (r *pathReader) read() (term, bool) {
	from := r.i
	for r.i < len(r.p.text) && (r.p.text[r.i] == '$' || r.p.text[r.i] == '@') {
		r.i++
	}
	if r.i == len(r.p.text) || !isLetter(r.p.text[r.i]) && r.p.text[r.i] != '_' {
		return term{}, false
	}
	r.name, r.index = r.word(), -1
	end := r.i
	for r.steps = 0; r.steps < 8; r.steps++ {
		if !r.step() {
			break
		}
		end = r.i
	}
	list := r.p.names[r.name]
	b, ok := value(list, from)
	if !ok {
		return term{}, false
	}
	t := term{from: from, to: end, pieces: b.pieces, named: true, list: b.list}
	if b.list && r.index >= 0 {
		if r.index >= len(b.pieces) {
			return term{}, false
		}
		t.pieces, t.list = b.pieces[r.index:r.index+1], false
	}
	return t, true
}

// step reads one more part of a path.
func (r *pathReader) step() bool {
	switch {
	case r.at("()"):
		r.i += 2
		return true
	case r.at("("):
		return r.wrapped()
	case r.at("["):
		return r.indexed()
	}
	for _, link := range []string{"->", "::", "?.", "."} {
		if !r.at(link) {
			continue
		}
		from := r.i
		r.i += len(link)
		if r.i < len(r.p.text) && (isLetter(r.p.text[r.i]) || r.p.text[r.i] == '_') {
			word := r.word()
			if r.at("()") {
				r.i += 2 // a.strip()
				return true
			}
			if r.at("(") && r.p.names[r.name] != nil {
				r.i = from
				return false // a.concat(b)
			}
			r.name = word
			return true
		}
		r.i = from
		return false
	}
	return false
}

// wrapped reads what a call of one name is handed: str(a).
func (r *pathReader) wrapped() bool {
	inner := pathReader{p: r.p, i: r.i + 1}
	if inner.i < len(r.p.text) && isQuoteByte(r.p.text[inner.i]) {
		// c.get("a")
		from := inner.i + 1
		inner.i = from
		name := inner.word()
		if name == "" || inner.i+1 >= len(r.p.text) || !isQuoteByte(r.p.text[inner.i]) || r.p.text[inner.i+1] != ')' {
			return false
		}
		r.name, r.i = name, inner.i+2
		return true
	}
	if r.steps > 4 {
		return false
	}
	for inner.at("&") || inner.at("*") || inner.at("$") {
		inner.i++
	}
	name := inner.word()
	for inner.at(".") {
		inner.i++
		name = inner.word()
	}
	if name == "" || !inner.at(")") || r.p.names[name] == nil {
		return false
	}
	r.name, r.i = name, inner.i+1
	return true
}

// indexed reads ["a"] or [0].
func (r *pathReader) indexed() bool {
	i := r.i + 1
	if i >= len(r.p.text) {
		return false
	}
	quoted := isQuoteByte(r.p.text[i])
	inner := pathReader{p: r.p, i: i}
	if quoted {
		inner.i++
	}
	word := inner.word()
	if quoted {
		inner.i++
	}
	if word == "" || inner.i >= len(r.p.text) || r.p.text[inner.i] != ']' {
		return false
	}
	if quoted {
		r.name = word
	} else {
		r.index = 0
		for _, c := range []byte(word) {
			if c < '0' || c > '9' || r.index > 1000 {
				return false
			}
			r.index = r.index*10 + int(c-'0')
		}
	}
	r.i = inner.i + 1
	return true
}
