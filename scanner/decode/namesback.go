package decode

import (
	"bytes"
	"slices"
	"strings"
)

// backward reads text from its end to its begin.
type backward struct {
	text     []byte
	i, limit int
}

func (b *backward) last() byte {
	if b.i > b.limit {
		return b.text[b.i-1]
	}
	return 0
}

func (b *backward) take(c byte) bool {
	if b.last() != c || c == 0 {
		return false
	}
	b.i--
	b.blanks()
	return true
}

func (b *backward) blanks() {
	for c := b.last(); c == ' ' || c == '\t' || c == '\n' || c == '\r'; c = b.last() {
		b.i--
	}
}

// prefix passes over the letters before a quote: f"", Rb"".
func (b *backward) prefix() {
	for n := 0; n < 2 && b.last() != 0 && strings.IndexByte("bBfFrRuUlL$@&*", b.last()) >= 0; n++ {
		if b.i >= 2 && n == 0 && isNameByte(b.last()) && isNameByte(b.text[b.i-2]) && strings.IndexByte("bBfFrRuU", b.text[b.i-2]) < 0 {
			return
		}
		b.i--
	}
}

// any passes over one of some operators.
func (b *backward) any(operators ...string) bool {
	for _, op := range operators {
		if bytes.HasSuffix(b.text[b.limit:b.i], []byte(op)) {
			b.i -= len(op)
			return true
		}
	}
	return false
}

// called passes over the name of a call, and what makes a list:
// String::from, new StringBuilder, []string.
func (b *backward) called() {
	for c := b.last(); c != 0 && (isNameByte(c) || strings.IndexByte(":.!", c) >= 0); c = b.last() {
		if c == ':' && !b.any("::") {
			break // a: ["x"]
		} else if c != ':' {
			b.i--
		}
	}
	b.any("[]")
	b.blanks()
	b.any("new")
	b.blanks()
}

// copied reads what a literal is copied to: strcpy(a, "x").
func (b *backward) copied() target {
	b.take(',')
	name := b.name()
	from := b.i
	b.blanks()
	if b.take('('); name == "" || b.name() != "strcpy" {
		return target{}
	}
	return target{names: []string{name}, from: from}
}

// name passes over a name and returns it.
func (b *backward) name() string {
	to := b.i
	for b.i > b.limit && isNameByte(b.text[b.i-1]) {
		b.i--
	}
	if b.i == to || b.text[b.i] >= '0' && b.text[b.i] <= '9' {
		b.i = to
		return ""
	}
	return string(b.text[b.i:to])
}

// targets reads names that are assigned to: a, self.a, a: str, c["a"], "a", a[].
func (b *backward) targets(t target) target {
	for len(t.names) < 16 {
		name := b.target(t.member)
		if name == "" {
			break
		}
		t.names = append(t.names, name)
		t.from = b.i
		b.blanks()
		if b.last() != ',' {
			break
		}
		b.i--
		b.blanks()
		if isQuoteByte(b.last()) {
			break
		}
	}
	slices.Reverse(t.names)
	return t
}

// target reads one name.
func (b *backward) target(member bool) string {
	if b.last() == ']' {
		b.i--
		if b.name(); b.last() == '[' {
			b.i-- // the size of an array
			b.blanks()
			return b.name()
		}
	}
	quoted := isQuoteByte(b.last())
	if quoted {
		b.i--
	}
	name := b.name()
	if quoted {
		if isQuoteByte(b.last()) {
			b.i--
			b.path()
			return name
		}
		return ""
	}
	if !member {
		if typed := b.typed(); typed != "" {
			return typed
		}
	}
	if strings.EqualFold(name, "string") && (b.last() == ' ' || b.last() == '\t') {
		// Dim a As String
		as := backward{text: b.text, i: b.i, limit: b.limit}
		as.blanks()
		if strings.EqualFold(as.name(), "as") {
			as.blanks()
			b.i = as.i
			return b.name()
		}
	}
	b.path()
	return name
}

// typed returns the name before a type that was just passed over, if there is
// one: name: str, name: &'static str.
func (b *backward) typed() string {
	line := b.text[b.limit:b.i]
	if k := bytes.LastIndexByte(line, '\n'); k >= 0 {
		line = line[k+1:]
	}
	colon := bytes.LastIndexByte(line, ':')
	if colon < 1 || len(line)-colon > 24 || bytes.ContainsAny(line[colon:], `"=(){};,`) {
		return ""
	}
	before := backward{text: b.text, i: b.i - len(line) + colon, limit: b.limit}
	before.blanks()
	name := before.name()
	if name != "" {
		b.i = before.i
	}
	return name
}

// path passes over what stands before a name's last part: self., cfg[.
func (b *backward) path() {
	for b.i > b.limit && (isNameByte(b.last()) || strings.IndexByte(".$@[&*>-", b.last()) >= 0) {
		b.i--
	}
}

// declared reads the name of a declaration without an operator: #define A "x".
func (b *backward) declared(t target, end int) target {
	if end == b.i {
		return target{}
	}
	name := b.name()
	from := b.i
	b.blanks()
	if b.i == from || name == "" {
		return target{}
	}
	switch b.name() {
	case "define", "def", "set", "setx", "ENV", "defparameter", "defvar", "setq", "let", "constant":
		t.names, t.from = []string{name}, from
		return t
	}
	return target{}
}
