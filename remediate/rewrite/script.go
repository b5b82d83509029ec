package rewrite

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/qleaks/qleaks/internal/expression"
)

var (
	scriptDefault = expression.Lazy(`\bprocess\.env(?:\.([A-Za-z_][A-Za-z0-9_]*))(\s*(?:\|\||\?\?)\s*)\z`)
	jsxAttribute  = expression.Lazy(`<[A-Za-z][^<>]*\s[A-Za-z_:][\w:.-]*=\z`)
	typePosition  = expression.Lazy(`(?:^|\n)\s*(?:export\s+)?(?:declare\s+)?(?:type|interface|enum|const\s+enum)\s[^;]*\z`)
	objectName    = expression.Lazy(`\A\s*:`)
	rubyDefault   = expression.Lazy(`\bENV\.fetch\(\s*["']([A-Za-z_][A-Za-z0-9_]*)["'](\s*,\s*)\z`)
	rubyOr        = expression.Lazy(`\bENV\[\s*["']([A-Za-z_][A-Za-z0-9_]*)["']\s*\](\s*\|\|\s*)\z`)
	juliaDefault  = expression.Lazy(`\bget\(\s*ENV\s*,\s*"([A-Za-z_][A-Za-z0-9_]*)"(\s*,\s*)\z`)
	phpOr         = expression.Lazy(`\bgetenv\(\s*["']([A-Za-z_][A-Za-z0-9_]*)["']\s*\)(\s*\?:\s*)\z`)
	phpConstant   = expression.Lazy(`\b(?:const|case)\s[^;{}]*\z`)
	luaOr         = expression.Lazy(`\bos\.getenv\(\s*["']([A-Za-z_][A-Za-z0-9_]*)["']\s*\)(\s+or\s+)\z`)
)

func plainQuotes(marks ...string) []quote {
	var all []quote
	for _, m := range marks {
		all = append(all, quote{open: m, end: m, escape: '\\'})
	}
	return all
}

func javascript() *language {
	return &language{
		name: "javascript",
		syntax: syntax{
			line: []string{"//"}, block: [][2]string{{"/*", "*/"}},
			quotes: append(plainQuotes(`"`, `'`), quote{open: "`", end: "`", escape: '\\', lines: true, fills: "${process.env.VAR}"}),
		},
		writes: writes{lookup: "process.env.VAR", join: " + "},
		refuses: func(w *writing, t token) string {
			if before := bytes.TrimRight(w.text[:t.start], " \t\r\n"); objectName().Match(w.text[t.end:]) &&
				len(before) > 0 && strings.IndexByte("{,", before[len(before)-1]) >= 0 {
				return "the key is the name of a property"
			}
			if typePosition().Match(w.statementBefore(t)) {
				return "a type is made of literals"
			}
			return ""
		},
		suits: func(w *writing, t token, lookup string) string {
			if t.quote.open != "`" && jsxAttribute().Match(w.text[max(0, t.start-400):t.start]) {
				return "{" + lookup + "}"
			}
			return lookup
		},
		defaults: []fallback{{before: scriptDefault, after: anything}},
	}
}

func typescript() *language {
	l := javascript()
	l.name = "typescript"
	l.lookup = "process.env.VAR!"
	return l
}

// statementBefore returns what stands before a literal in its statement, as far
// as semicolons tell.
func (w *writing) statementBefore(t token) []byte {
	before := w.text[max(0, t.start-400):t.start]
	return before[bytes.LastIndexByte(before, ';')+1:]
}

func ruby() *language {
	return &language{
		name:     "ruby",
		syntax:   syntax{line: []string{"#"}, quotes: multiline(`"`, `'`)},
		writes:   writes{lookup: `ENV.fetch("VAR")`, join: " + "},
		defaults: []fallback{{before: rubyDefault, after: closesCall}, {before: rubyOr, after: anything}},
	}
}

func multiline(marks ...string) []quote {
	all := plainQuotes(marks...)
	for i := range all {
		all[i].lines = true
	}
	return all
}

func php() *language {
	return &language{
		name:     "php",
		syntax:   syntax{line: []string{"//", "#"}, block: [][2]string{{"/*", "*/"}}, quotes: multiline(`"`, `'`)},
		writes:   writes{lookup: `getenv("VAR")`, join: " . "},
		defaults: []fallback{{before: phpOr, after: anything}},
		refuses:  constants(phpConstant),
	}
}

func perl() *language {
	return &language{
		name:   "perl",
		syntax: syntax{line: []string{"#"}, quotes: multiline(`"`, `'`), spaced: true},
		writes: writes{lookup: `$ENV{VAR}`, join: " . "},
	}
}

func lua() *language {
	return &language{
		name:     "lua",
		syntax:   syntax{block: [][2]string{{"--[[", "]]"}}, line: []string{"--"}, quotes: plainQuotes(`"`, `'`)},
		writes:   writes{lookup: `os.getenv("VAR")`, join: " .. "},
		defaults: []fallback{{before: luaOr, after: anything}},
	}
}

func julia() *language {
	return &language{
		name: "julia",
		syntax: syntax{
			line: []string{"#"}, block: [][2]string{{"#=", "=#"}},
			quotes: []quote{{open: `"""`, end: `"""`, escape: '\\', lines: true}, {open: `"`, end: `"`, escape: '\\', lines: true}},
		},
		writes:   writes{lookup: `ENV["VAR"]`, join: " * "},
		defaults: []fallback{{before: juliaDefault, after: closesCall, with: ", nothing"}},
	}
}

func r() *language {
	return &language{
		name:   "r",
		syntax: syntax{line: []string{"#"}, quotes: multiline(`"`, `'`)},
		writes: writes{lookup: `Sys.getenv("VAR")`, call: `paste0("BEFORE", Sys.getenv("VAR"), "AFTER")`},
	}
}

func matlab() *language {
	return &language{
		name:   "matlab",
		syntax: syntax{line: []string{"%", "#"}, quotes: []quote{{open: `"`, end: `"`, doubled: true}, {open: `'`, end: `'`, doubled: true}}},
		writes: writes{lookup: `getenv('VAR')`},
		refuses: func(w *writing, _ token) string {
			if bytes.Contains(w.text, []byte("@interface")) || bytes.Contains(w.text, []byte("#import")) {
				return "this is Objective-C: read the variable with NSProcessInfo"
			}
			return ""
		},
	}
}

// constants refuses literals where the language wants a constant: where the
// statement before the literal matches.
func constants(statement func() *regexp.Regexp) func(w *writing, t token) string {
	return func(w *writing, t token) string {
		if statement().Match(w.statementBefore(t)) {
			return "a constant cannot be looked up when the program runs: make it a variable"
		}
		return ""
	}
}
