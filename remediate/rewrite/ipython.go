package rewrite

import (
	"bytes"
	"strings"

	"github.com/qleaks/qleaks/internal/expression"
)

var (
	setsVariable = expression.Lazy(`\A(\s*)%(?:set_)?env\s+([A-Za-z_][A-Za-z0-9_]*)(?:\s*=\s*|\s+)["']?\z`)
	cellMagic    = expression.Lazy(`\A\s*%%(\w+)[ \t]*([^\r\n]*)`)
)

// ipython is Python with the magics of notebooks.
func ipython() *language {
	l := python()
	l.magics = true
	return l
}

// inCell replaces the keys of a cell of code. Its first line may say that it is
// in another language.
func (w *writing) inCell(l *language) {
	m := cellMagic().FindSubmatchIndex(w.text)
	if m == nil || l.name != "python" {
		w.language(l)
		return
	}
	magic, rest := string(w.text[m[2]:m[3]]), strings.Fields(string(w.text[m[4]:m[5]]))
	var inner *language
	switch {
	case (magic == "writefile" || magic == "file") && len(rest) > 0:
		inner = languageOf(rest[len(rest)-1], nil)
	case magic == "script" && len(rest) > 0:
		inner = named(rest[0])
	default:
		inner = named(magic)
	}
	from := nextLine(w.text, m[1])
	if inner == nil || inner.name == "python" && magic != "writefile" && magic != "file" {
		w.language(l) // %%time, %%capture and the like
		return
	}
	body := writing{text: w.text[from:], keys: w.keys, cell: w.cell, from: 1}
	body.language(inner)
	w.adopt(body, from)
	w.left = append(w.left, body.left...)
	head := writing{text: w.text[:from], keys: w.keys, cell: w.cell}
	for _, o := range head.occurrences() {
		w.leave(o, "the key stands in the line of a magic")
	}
}

// magic replaces a key in a line that IPython takes for itself, and reports
// whether it stands in one.
func (w *writing) magic(o occurrence) bool {
	from := lineStart(w.text, o.start)
	to := from + lineEnd(w.text[from:])
	line := w.text[from:to]
	start := bytes.TrimLeft(line, " \t")
	variable := w.keys[o.key].Variable
	switch {
	case has(start, "!"):
		at := to - len(start) + 1
		command := writing{text: w.text[at:to], keys: w.keys, cell: w.cell, from: w.line(at) - 1}
		command.keys = w.keys
		for _, other := range command.occurrences() {
			if other.start+at == o.start {
				l := shell()
				command.replace(l, l.syntax.tokens(command.text), other)
			}
		}
		w.adopt(command, at)
		w.left = append(w.left, command.left...)
		return true
	case has(start, "%"):
		if m := setsVariable().FindSubmatchIndex(w.text[from:o.start]); m != nil && len(bytes.Trim(w.text[o.end:to], "\"' \t")) == 0 {
			name := string(w.text[from+m[4] : from+m[5]])
			ask := `import getpass, os; os.environ["VAR"] = os.environ.get("VAR") or getpass.getpass("VAR: ")`
			w.take(o, name, "asked for when the variable is not set", edit{from + m[3], to, strings.ReplaceAll(ask, "VAR", name)})
			return true
		}
		w.looked(o, variable, edit{o.start, o.end, `{os.environ["` + variable + `"]}`})
		return true
	}
	return false
}
