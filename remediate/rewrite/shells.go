package rewrite

import (
	"bytes"
	"strings"

	"github.com/qleaks/qleaks/internal/expression"
)

var (
	shellDefault = expression.Lazy(`\$\{([A-Za-z_][A-Za-z0-9_]*)(:?[-=])\z`)
	shellName    = expression.Lazy(`(?:^|[\s;&|(])(?:export\s+|declare\s+-x\s+|typeset\s+-x\s+)?([A-Za-z_][A-Za-z0-9_]*)=["']?\z`)
	hereDocument = expression.Lazy(`<<-?[ \t]*(\\?["']?)([A-Za-z_]\w*)["']?`)
	makeRecurses = expression.Lazy(`(?:^|\n)(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*\??=[ \t]*\z`)
)

func shell() *language {
	return &language{
		name: "shell",
		syntax: syntax{
			line: []string{"#"}, spaced: true,
			quotes: []quote{
				{open: `$'`, end: `'`, escape: '\\', lines: true, fills: `'"$VAR"'`},
				{open: `"`, end: `"`, escape: '\\', lines: true, fills: "${VAR}"},
				{open: `'`, end: `'`, lines: true, fills: `'"$VAR"'`},
			},
		},
		writes: writes{lookup: `"$VAR"`, bare: `"$VAR"`},
		suits: func(w *writing, t token, lookup string) string {
			return sameName(w, t.start, lookup)
		},
	}
}

// sameName lets a script stop where it set the variable that it now looks up.
func sameName(w *writing, at int, lookup string) string {
	m := shellName().FindSubmatch(w.text[max(0, at-120):at])
	if m != nil && lookup == `"$`+string(m[1])+`"` {
		return `"${` + string(m[1]) + `:?}"`
	}
	return lookup
}

func fish() *language {
	l := shell()
	l.name = "fish"
	l.suits = nil
	l.syntax.quotes = []quote{
		{open: `"`, end: `"`, escape: '\\', lines: true, fills: `""$VAR""`},
		{open: `'`, end: `'`, escape: '\\', lines: true, fills: `'"$VAR"'`},
	}
	return l
}

func powershell() *language {
	return &language{
		name: "powershell",
		syntax: syntax{
			line: []string{"#"}, block: [][2]string{{"<#", "#>"}}, spaced: true,
			quotes: []quote{
				{open: `"`, end: `"`, escape: '`', lines: true, fills: "${env:VAR}"},
				{open: `'`, end: `'`, doubled: true, lines: true},
			},
		},
		writes: writes{lookup: `$env:VAR`, bare: `$env:VAR`, join: " + "},
	}
}

func batch() *language {
	return &language{
		name:   "batch",
		syntax: syntax{line: []string{"REM ", "rem ", "Rem ", "::"}},
		writes: writes{lookup: `%VAR%`, bare: `%VAR%`},
	}
}

func makefile() *language {
	return &language{name: "make", syntax: syntax{line: []string{"#"}, spaced: true}, writes: writes{lookup: "$(VAR)", bare: "$(VAR)"}}
}

// bare replaces a key that stands in no literal, as words of shells do.
func (w *writing) bare(l *language, o occurrence) {
	variable := w.keys[o.key].Variable
	with := strings.ReplaceAll(l.bare, "VAR", variable)
	before := w.text[max(0, o.start-200):o.start]
	switch l.name {
	case "shell":
		if m := shellDefault().FindSubmatchIndex(before); m != nil && has(w.text[o.end:], "}") {
			name := string(before[m[2]:m[3]])
			w.take(o, name, "no longer the default of "+name, edit{o.start - len(before) + m[4], o.end, ""})
			return
		}
		if quoted, in := w.hereDocument(o); in {
			if quoted {
				w.leave(o, "the key stands in a here-document that replaces no variables")
				return
			}
			with = "${" + variable + "}"
		} else {
			with = sameName(w, o.start, with)
		}
	case "make":
		if m := makeRecurses().FindSubmatch(before); m != nil && string(m[1]) == variable {
			w.leave(o, "delete this line: make takes the variable from the environment")
			return
		}
	case "workflow":
		line := w.text[lineStart(w.text, o.start):o.start]
		if bytes.Count(line, []byte("{")) != bytes.Count(line, []byte("}")) {
			w.leave(o, "the key stands in a mapping in braces")
			return
		}
	}
	w.looked(o, variable, edit{o.start, o.end, with})
}

// hereDocument reports whether a key stands in a here-document, and whether that
// is one that replaces no variables.
func (w *writing) hereDocument(o occurrence) (quoted, in bool) {
	all := hereDocument().FindAllSubmatchIndex(w.text[:o.start], -1)
	if len(all) == 0 {
		return false, false
	}
	m := all[len(all)-1]
	body := w.text[min(nextLine(w.text, m[1]), o.start):o.start]
	if !bytes.Contains(w.text[m[1]:o.start], []byte("\n")) {
		return false, false
	}
	for line := range bytes.Lines(body) {
		if bytes.Equal(bytes.TrimSpace(line), w.text[m[4]:m[5]]) {
			return false, false
		}
	}
	return m[3] > m[2], true
}
