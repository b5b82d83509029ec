package rewrite

import (
	"bytes"
	"strings"

	"github.com/qleaks/qleaks/internal/expression"
)

var (
	pythonDefault   = expression.Lazy(`(?:os\.getenv|os\.environ\.get|environ\.get|getenv)\(\s*["']([A-Za-z_][A-Za-z0-9_]*)["'](\s*,\s*(?:default\s*=\s*)?)\z`)
	pythonOr        = expression.Lazy(`(?:os\.getenv|os\.environ\.get|environ\.get|getenv)\(\s*["']([A-Za-z_][A-Za-z0-9_]*)["']\s*\)(\s+or\s+)\z`)
	pythonSet       = expression.Lazy(`\bos\.environ\[\s*["']([A-Za-z_][A-Za-z0-9_]*)["']\s*\](\s*=\s*)\z`)
	pythonImport    = expression.Lazy(`(?m)^(?:import|from)[ \t]+[A-Za-z_.]`)
	pythonImportsOS = expression.Lazy(`(?m)^import[ \t]+(?:[^\n#;]*,[ \t]*)?os[ \t]*(?:[,;#]|\r?$)`)
	pythonFuture    = expression.Lazy(`(?m)^from[ \t]+__future__[ \t]+import[^\n]*\n?`)

	closesCall = expression.Lazy(`\A\s*,?\s*\)`)
	endsLine   = expression.Lazy(`\A[ \t]*(?:[;#\r\n]|\z)`)
	anything   = expression.Lazy(`\A`)
)

func python() *language {
	return &language{
		name: "python",
		syntax: syntax{
			line:     []string{"#"},
			prefixes: "rRbBuUfF",
			quotes: []quote{
				{open: `"""`, end: `"""`, escape: '\\', lines: true},
				{open: `'''`, end: `'''`, escape: '\\', lines: true},
				{open: `"`, end: `"`, escape: '\\'},
				{open: `'`, end: `'`, escape: '\\'},
			},
		},
		writes:    writes{lookup: `os.environ["VAR"]`, join: " + ", adjacent: true},
		importing: importOS,
		defaults: []fallback{
			{before: pythonDefault, after: closesCall},
			{before: pythonOr, after: anything},
			{before: pythonSet, after: endsLine},
		},
	}
}

// importOS adds "import os" where the modules are imported, unless it is there
// before the first look-up.
func importOS(w *writing) {
	first := len(w.text)
	for _, e := range w.edits {
		first = min(first, e.start)
	}
	tokens := python().syntax.tokens(w.text)
	for _, m := range pythonImportsOS().FindAllIndex(w.text, -1) {
		if m[0] < first && !inside(tokens, m[0]) {
			return
		}
	}
	end := w.newline()
	at := pythonHeader(w.text, tokens)
	for _, m := range pythonImport().FindAllIndex(w.text, -1) {
		if m[0] >= at && m[0] < first && !inside(tokens, m[0]) {
			at = m[0]
			break
		}
	}
	text := "import os" + end
	if at > 0 && w.text[at-1] != '\n' {
		text = end + "import os" // the header is all there is, without a line end
	}
	w.edits = append(w.edits, edit{at, at, text})
}

// pythonHeader returns where the first statement may stand: behind the first
// comments that mean something, the docstring, and what comes from __future__.
func pythonHeader(text []byte, tokens []token) int {
	at := 0
	for at < len(text) {
		line := text[at : at+lineEnd(text[at:])]
		cellMagic := bytes.HasPrefix(line, []byte("%%"))
		if !bytes.HasPrefix(line, []byte("#!")) && !(bytes.HasPrefix(line, []byte("#")) && bytes.Contains(line, []byte("coding"))) && !cellMagic {
			break
		}
		at = nextLine(text, at)
	}
	for _, t := range tokens {
		if t.comment {
			continue
		}
		if len(bytes.TrimSpace(withoutComments(text[at:max(at, t.start)]))) == 0 && len(t.quote.open) == 3 && t.start >= at {
			at = nextLine(text, t.end)
		}
		break
	}
	for _, m := range pythonFuture().FindAllIndex(text, -1) {
		if inside(tokens, m[0]) {
			continue
		}
		end := m[1]
		if line := text[m[0]:m[1]]; bytes.Contains(line, []byte("(")) && !bytes.Contains(line, []byte(")")) {
			if n := bytes.IndexByte(text[m[1]:], ')'); n >= 0 {
				end = nextLine(text, m[1]+n)
			}
		}
		at = max(at, end)
	}
	return at
}

// withoutComments drops lines that are comments.
func withoutComments(text []byte) []byte {
	var kept []string
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(strings.TrimSpace(line), "#") {
			kept = append(kept, line)
		}
	}
	return []byte(strings.Join(kept, ""))
}

func nextLine(text []byte, at int) int {
	if n := bytes.IndexByte(text[at:], '\n'); n >= 0 {
		return at + n + 1
	}
	return len(text)
}

// inside reports whether a byte stands in a literal or a comment.
func inside(tokens []token, at int) bool {
	for _, t := range tokens {
		if t.start <= at && at < t.end {
			return true
		}
	}
	return false
}
