package rewrite

import (
	"bytes"

	"github.com/qleaks/qleaks/internal/expression"
)

var fence = expression.Lazy("(?m)^[ \t>]*(```+|~~~+)[ \t]*\\{?[ \t]*\\.?([A-Za-z+#-]*)[^\n]*$")

// workflow is a workflow of GitHub Actions.
func workflow() *language {
	expression := "${{ secrets.VAR }}"
	return &language{
		name:   "workflow",
		syntax: syntax{line: []string{"#"}, spaced: true, quotes: []quote{{open: `"`, end: `"`, escape: '\\', fills: expression}, {open: `'`, end: `'`, doubled: true, fills: expression}}},
		writes: writes{lookup: expression, bare: expression},
		suits: func(_ *writing, t token, lookup string) string {
			return t.quote.open + lookup + t.quote.end
		},
	}
}

// compose is a file for Docker Compose, which replaces variables in all values.
func compose() *language {
	l := workflow()
	l.name = "compose"
	l.lookup, l.bare = "${VAR}", "${VAR}"
	for i := range l.syntax.quotes {
		l.syntax.quotes[i].fills = "${VAR}"
	}
	return l
}

// editorConfig is a configuration of Visual Studio Code, which replaces
// variables in launch configurations, tasks and servers.
func editorConfig() *language {
	return &language{
		name:   "editor configuration",
		syntax: syntax{line: []string{"//"}, block: [][2]string{{"/*", "*/"}}, quotes: []quote{{open: `"`, end: `"`, escape: '\\', fills: "${env:VAR}"}}},
		writes: writes{lookup: `"${env:VAR}"`},
	}
}

// prose is text for people.
func prose() *language { return &language{name: "prose", prose: true} }

// markdown is prose with code between fences.
func markdown() *language { return &language{name: "markdown", prose: true, fenced: true} }

// fences replaces keys in prose by names, and between fences as the language of
// the fence does.
func (w *writing) fences(found []occurrence) {
	marks := fence().FindAllSubmatchIndex(w.text, -1)
	done := map[int]bool{}
	for i := 0; i < len(marks); i++ {
		opened := marks[i]
		mark := w.text[opened[2]:opened[3]]
		from, to := nextLine(w.text, opened[1]), len(w.text)
		for i++; i < len(marks); i++ {
			closing := w.text[marks[i][2]:marks[i][3]]
			if bytes.HasPrefix(closing, mark) && marks[i][4] == marks[i][5] {
				to = lineStart(w.text, marks[i][2])
				break
			}
		}
		l := named(string(w.text[opened[4]:opened[5]]))
		if l == nil || l.hint != "" || from > to {
			continue
		}
		code := writing{text: w.text[from:to], keys: w.keys, from: w.line(from) - 1, cell: w.cell}
		code.language(l)
		for _, o := range found {
			done[o.start] = done[o.start] || o.start >= from && o.start < to && !code.untouched(o, from)
		}
		w.adopt(code, from)
	}
	for _, o := range found {
		if !done[o.start] {
			w.name(o)
		}
	}
}

// adopt takes over what was done to a part of the text that begins at from. What
// could not be replaced as code there is replaced as prose.
func (w *writing) adopt(part writing, from int) {
	for _, e := range part.edits {
		w.edits = append(w.edits, edit{e.start + from, e.end + from, e.with})
	}
	w.taken = append(w.taken, part.taken...)
	for _, v := range part.variables {
		w.use(v.Name, v.Key)
	}
}

// untouched reports whether no edit of a part that begins at from took a key.
func (w *writing) untouched(o occurrence, from int) bool {
	for _, e := range w.edits {
		if e.start+from <= o.start && o.end <= e.end+from {
			return false
		}
	}
	return true
}
