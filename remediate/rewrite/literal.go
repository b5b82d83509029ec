package rewrite

import (
	"bytes"
	"strings"
)

// language replaces the keys of a text that is in one language.
func (w *writing) language(l *language) {
	found := w.occurrences()
	if l.fenced {
		w.fences(found)
		return
	}
	if l.prose {
		for _, o := range found {
			w.name(o)
		}
		return
	}
	tokens := l.syntax.tokens(w.text)
	for _, o := range found {
		if !l.magics || !w.magic(o) {
			w.replace(l, tokens, o)
		}
	}
	w.pieces(l, tokens)
	if w.looks && l.importing != nil {
		l.importing(w)
	}
}

// name puts the name of the variable where a key stood in text for people.
func (w *writing) name(o occurrence) {
	variable := w.keys[o.key].Variable
	w.take(o, "", "replaced by the name of the variable", edit{o.start, o.end, "<" + variable + ">"})
}

func (w *writing) replace(l *language, tokens []token, o occurrence) {
	at := -1
	for i, t := range tokens {
		if t.holds(o) {
			at = i
			break
		}
	}
	switch {
	case at < 0 && l.bare != "":
		w.bare(l, o)
	case at < 0:
		w.leave(o, cmpOr(l.hint, "the key stands in no literal"))
	case tokens[at].comment:
		w.name(o)
	case tokens[at].open:
		w.leave(o, "the literal is not closed")
	default:
		w.literal(l, tokens, at, o)
	}
}

// literal replaces the key in a literal, or the whole of it.
func (w *writing) literal(l *language, tokens []token, at int, o occurrence) {
	t := tokens[at]
	if l.lookup == "" {
		w.leave(o, cmpOr(l.hint, "this language has no look-up"))
		return
	}
	if w.fallsBack(l, t, o) {
		return
	}
	if l.refuses != nil {
		if why := l.refuses(w, t); why != "" {
			w.leave(o, why)
			return
		}
	}
	if w.statement(l, t) {
		w.name(o)
		return
	}
	variable := w.keys[o.key].Variable
	before, after := string(w.text[t.from:o.start]), string(w.text[o.end:t.to])
	if strings.Contains(t.prefix, "f") && strings.Count(before, "{") != strings.Count(before, "}") {
		w.leave(o, "the key stands inside an expression of a formatted literal")
		return
	}
	if before == "" && after == "" {
		lookup := l.expression(variable)
		if strings.ContainsAny(t.prefix, "bB") {
			lookup += ".encode()"
		}
		if l.suits != nil {
			lookup = l.suits(w, t, lookup)
		}
		opened, closed := w.beside(l, tokens, at, true, true)
		if l.join == "" && opened+closed != "" {
			w.leave(o, "other text is added to the key, and "+l.name+" cannot add texts here")
			return
		}
		w.looked(o, variable, edit{t.start, t.end, opened + lookup + closed})
		return
	}
	w.part(l, tokens, at, o, before, after)
}

// part replaces a key that is a part of a literal.
func (w *writing) part(l *language, tokens []token, at int, o occurrence, before, after string) {
	t := tokens[at]
	variable := w.keys[o.key].Variable
	switch {
	case strings.ContainsAny(t.prefix, "bB") && l.name == "python":
		w.leave(o, "the key is a part of a bytes literal")
	case t.quote.fills != "":
		w.looked(o, variable, edit{o.start, o.end, strings.ReplaceAll(t.quote.fills, "VAR", variable)})
	case w.others(t, o):
		w.leave(o, "the literal holds several keys")
	case l.call != "":
		opened, closed := w.beside(l, tokens, at, true, true)
		if t.prefix != "" || t.quote.open != `"` && (t.quote.open != "'" || strings.ContainsAny(before+after, `"`)) || opened+closed != "" {
			w.leave(o, "the key is a part of a literal that is put together")
			return
		}
		if l.name == "rust" {
			before, after = braces(before), braces(after)
		}
		call := l.call
		if after == "" {
			call = strings.NewReplacer(` + "AFTER"`, "", `, "AFTER"`, "").Replace(call)
		}
		call = strings.NewReplacer("BEFORE", before, "AFTER", after, "VAR", variable).Replace(call)
		if l.suits != nil {
			call = l.suits(w, t, call)
		}
		w.looked(o, variable, edit{t.start, t.end, call})
	case l.join == "":
		w.leave(o, "the key is a part of a literal, and "+l.name+" cannot add texts here")
	default:
		first := func(text string) string { return t.prefix + t.quote.open + text + t.quote.end }
		opened, closed := w.beside(l, tokens, at, before == "", after == "")
		inner := l.expression(variable)
		if before != "" {
			inner = first(before) + l.join + inner
		}
		if after != "" {
			inner += l.join + first(after)
		}
		left, right := "(", ")"
		if w.alone(l, tokens, at) {
			left, right = "", ""
		}
		chain := l.chain(w.text, tokens, at)
		switch {
		case chain.first == chain.last || left == "":
			w.looked(o, variable, edit{t.start, t.end, left + opened + inner + closed + right})
		default:
			w.looked(o, variable, edit{tokens[chain.first].start, tokens[chain.first].start, left},
				edit{t.start, t.end, opened + inner + closed}, edit{tokens[chain.last].end, tokens[chain.last].end, right})
		}
	}
}

// looked notes a look-up that was written.
func (w *writing) looked(o occurrence, variable string, edits ...edit) {
	w.looks = true
	w.take(o, variable, "looked up in the environment", edits...)
}

// others reports whether a literal holds another key.
func (w *writing) others(t token, o occurrence) bool {
	for _, other := range w.occurrences() {
		if other.start != o.start && t.holds(other) {
			return true
		}
	}
	return false
}

// fallsBack drops a key that is the default of a look-up.
func (w *writing) fallsBack(l *language, t token, o occurrence) bool {
	if t.from != o.start || t.to != o.end {
		return false
	}
	for _, f := range l.defaults {
		around := w.text[max(0, t.start-200):t.start]
		m := f.before().FindSubmatchIndex(around)
		if len(m) < 6 {
			continue
		}
		after := f.after().FindIndex(w.text[t.end:])
		if after == nil {
			continue
		}
		from := t.start - len(around) + m[4]
		variable := w.keys[o.key].Variable
		if m[2] >= 0 {
			variable = string(around[m[2]:m[3]])
		}
		w.take(o, variable, "no longer the default of "+variable, edit{from, t.end, strings.ReplaceAll(f.with, "VAR", variable)})
		return true
	}
	return false
}

// statement reports whether a literal is a statement of its own: a text for
// readers, as docstrings are.
func (w *writing) statement(l *language, t token) bool {
	if l.name != "python" {
		return false
	}
	before := bytes.TrimRight(w.text[:t.start], " \t\r\n")
	line := w.text[lineStart(w.text, t.start):t.start]
	after := bytes.TrimLeft(w.text[t.end:t.end+lineEnd(w.text[t.end:])], " \t\r;")
	if len(bytes.TrimSpace(line)) > 0 || len(after) > 0 && after[0] != '#' {
		return false
	}
	return len(before) == 0 || strings.IndexByte("([{,+=\\", before[len(before)-1]) < 0 && t.to-t.from > 0 && len(t.quote.open) == 3
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// braces writes braces so that a format takes them for text.
func braces(text string) string { return strings.NewReplacer("{", "{{", "}", "}}").Replace(text) }
