package rewrite

import (
	"bytes"
	"strings"

	"github.com/qleaks/qleaks/internal/expression"
)

var (
	goConst      = expression.Lazy(`(?m)^[ \t]*(const)[ \t]+\w+(?:[ \t]+string)?[ \t]*=[ \t]*\z`)
	goConstBlock = expression.Lazy(`(?m)^[ \t]*const[ \t]*\(`)
	goBlockEnd   = expression.Lazy(`(?m)^[ \t]*\)`)
	goImportsOS  = expression.Lazy(`(?m)^[ \t]*(?:import[ \t]+)?"os"[ \t]*\r?$`)
	goImports    = expression.Lazy(`(?m)^import[ \t]*\([ \t]*\r?\n`)
	goImportOne  = expression.Lazy(`(?m)^import[ \t]+(?:\w+[ \t]+)?"[^"\n]+"[ \t]*\r?\n`)
	goPackage    = expression.Lazy(`(?m)^package[ \t]+\w+[^\n]*\n`)

	rustConst = expression.Lazy(`\b(?:const|static)\s[^;{}]*\z`)
	rustMacro = expression.Lazy(`(\w+)!\s*[(\[{]\s*\z`)
	cArray    = expression.Lazy(`\[[^\]]*\]\s*=\s*\{?\s*\z`)
	cppConst  = expression.Lazy(`\bconstexpr\b[^;{}]*\z`)
	cStatic   = expression.Lazy(`\bstatic\b[^;{}]*\z`)
	cInclude  = expression.Lazy(`(?m)^[ \t]*#[ \t]*include\b[^\n]*\n`)
	cOnce     = expression.Lazy(`(?m)^[ \t]*#[ \t]*pragma once[^\n]*\n`)

	javaConstant   = expression.Lazy(`@\w+(?:\.\w+)*\s*\([^)]*\z|\bcase\s*\z`)
	kotlinConstant = expression.Lazy(`@\w+(?:\.\w+)*\s*\([^)]*\z|\bconst\s+val\b[^\n]*\z`)
	csharpConstant = expression.Lazy(`\bconst\b[^;{}]*\z|\[\w+(?:\.\w+)*\s*\([^)\]]*\z|\bcase\s*\z`)
	csharpDefault  = expression.Lazy(`\bstring\??\s+\w+\s*=\s*\z`)
	argument       = expression.Lazy(`\A\s*[,)]`)
)

func golang() *language {
	return &language{
		name: "go",
		syntax: syntax{
			line: []string{"//"}, block: [][2]string{{"/*", "*/"}},
			quotes: append(plainQuotes(`"`, `'`), quote{open: "`", end: "`", lines: true}),
		},
		writes:    writes{lookup: `os.Getenv("VAR")`, join: " + "},
		importing: importGo,
		refuses: func(w *writing, t token) string {
			before := w.text[:t.start]
			if m := goConst().FindSubmatchIndex(before); m != nil {
				w.edits = append(w.edits, edit{m[2], m[3], "var"})
				return ""
			}
			opened, closed := goConstBlock().FindAllIndex(before, -1), goBlockEnd().FindAllIndex(before, -1)
			if len(opened) > 0 && (len(closed) == 0 || closed[len(closed)-1][0] < opened[len(opened)-1][0]) {
				return "a constant cannot be looked up when the program runs: make it a variable"
			}
			return ""
		},
	}
}

// importGo adds the package os to the imports.
func importGo(w *writing) {
	if goImportsOS().Match(w.text) {
		return
	}
	if m := goImports().FindIndex(w.text); m != nil {
		at := m[1]
		for {
			path := strings.TrimSpace(string(w.text[at : at+lineEnd(w.text[at:])]))
			if !strings.HasPrefix(path, `"`) || path > `"os"` {
				break
			}
			at = nextLine(w.text, at)
		}
		w.edits = append(w.edits, edit{at, at, "\t\"os\"" + w.newline()})
		return
	}
	if m := goImportOne().FindIndex(w.text); m != nil {
		w.edits = append(w.edits, edit{m[1], m[1], "import \"os\"" + w.newline()})
		return
	}
	if m := goPackage().FindIndex(w.text); m != nil {
		w.edits = append(w.edits, edit{m[1], m[1], w.newline() + "import \"os\"" + w.newline()})
	}
}

func rust() *language {
	return &language{
		name: "rust",
		syntax: syntax{
			line: []string{"//"}, block: [][2]string{{"/*", "*/"}},
			quotes: []quote{
				{open: `r##"`, end: `"##`, lines: true}, {open: `r#"`, end: `"#`, lines: true}, {open: `r"`, end: `"`, lines: true},
				{open: `'"'`}, {open: `'\"'`}, {open: `"`, end: `"`, escape: '\\', lines: true},
			},
		},
		writes: writes{lookup: `std::env::var("VAR").expect("VAR is not set")`, call: `format!("BEFORE{}AFTER", std::env::var("VAR").expect("VAR is not set"))`},
		refuses: func(w *writing, t token) string {
			if rustConst().Match(w.statementBefore(t)) {
				return "a constant cannot be looked up when the program runs: use std::sync::LazyLock"
			}
			if m := rustMacro().FindSubmatch(w.text[max(0, t.start-80):t.start]); m != nil && string(m[1]) != "vec" {
				return "a macro may need the literal"
			}
			return ""
		},
		suits: func(w *writing, t token, lookup string) string {
			if has(bytes.TrimLeft(w.text[t.end:], " \t\r\n"), ".") {
				return lookup // a method of the String
			}
			return "&" + lookup
		},
	}
}

func java() *language {
	return &language{
		name: "java",
		syntax: syntax{
			line: []string{"//"}, block: [][2]string{{"/*", "*/"}},
			quotes: append([]quote{{open: `"""`, end: `"""`, escape: '\\', lines: true}}, plainQuotes(`"`, `'`)...),
		},
		writes:  writes{lookup: `System.getenv("VAR")`, join: " + "},
		refuses: constants(javaConstant),
	}
}

func kotlin() *language {
	l := java()
	l.name = "kotlin"
	l.refuses = constants(kotlinConstant)
	return l
}

func csharp() *language {
	return &language{
		name: "c#",
		syntax: syntax{
			line: []string{"//"}, block: [][2]string{{"/*", "*/"}}, prefixes: "$@",
			quotes: append([]quote{{open: `"""`, end: `"""`, lines: true}}, plainQuotes(`"`, `'`)...),
		},
		writes: writes{lookup: `System.Environment.GetEnvironmentVariable("VAR")`, join: " + "},
		refuses: func(w *writing, t token) string {
			if strings.Contains(t.prefix, "@") {
				return "the key stands in a verbatim literal"
			}
			statement := w.statementBefore(t)
			if csharpDefault().Match(statement) && argument().Match(w.text[t.end:]) {
				return "the default of a parameter must be a constant"
			}
			return constants(csharpConstant)(w, t)
		},
	}
}

func swift() *language {
	return &language{
		name: "swift",
		syntax: syntax{
			line: []string{"//"}, block: [][2]string{{"/*", "*/"}},
			quotes: append([]quote{{open: `"""`, end: `"""`, escape: '\\', lines: true}}, plainQuotes(`"`)...),
		},
		writes: writes{lookup: `ProcessInfo.processInfo.environment["VAR"]!`, join: " + "},
		importing: func(w *writing) {
			for _, module := range []string{"Foundation", "UIKit", "AppKit", "SwiftUI"} {
				if bytes.Contains(w.text, []byte("import "+module)) {
					return
				}
			}
			w.edits = append(w.edits, edit{0, 0, "import Foundation" + w.newline()})
		},
	}
}

func c() *language {
	return &language{
		name:      "c",
		syntax:    syntax{line: []string{"//"}, block: [][2]string{{"/*", "*/"}}, quotes: plainQuotes(`"`, `'`)},
		writes:    writes{lookup: `getenv("VAR")`, adjacent: true},
		importing: func(w *writing) { include(w, "stdlib.h") },
		refuses: func(w *writing, t token) string {
			line := w.text[lineStart(w.text, t.start):t.start]
			define := has(bytes.TrimLeft(line, " \t"), "#define")
			switch {
			case cArray().Match(w.statementBefore(t)):
				return "an array is filled with a literal: make it a pointer"
			case !define && len(line) > 0 && line[0] != ' ' && line[0] != '\t' && line[0] != '}':
				return "what stands outside of functions must be a constant: look the variable up in main"
			case cStatic().Match(w.statementBefore(t)):
				return "a static variable must begin as a constant"
			}
			return ""
		},
	}
}

func cpp() *language {
	return &language{
		name: "c++",
		syntax: syntax{
			line: []string{"//"}, block: [][2]string{{"/*", "*/"}},
			quotes: append([]quote{{open: `R"(`, end: `)"`, lines: true}}, plainQuotes(`"`, `'`)...),
		},
		writes:    writes{lookup: `std::getenv("VAR")`, call: `(std::string("BEFORE") + std::getenv("VAR") + "AFTER")`, adjacent: true},
		importing: func(w *writing) { include(w, "cstdlib") },
		refuses: func(w *writing, t token) string {
			statement := w.statementBefore(t)
			switch {
			case cArray().Match(statement):
				return "an array is filled with a literal: make it a std::string"
			case cppConst().Match(statement):
				return "a constant expression cannot be looked up when the program runs"
			}
			return ""
		},
	}
}

// include adds a header behind the last one of the first block.
func include(w *writing, header string) {
	if bytes.Contains(w.text, []byte("<"+header+">")) {
		return
	}
	at := 0
	if m := cInclude().FindIndex(w.text); m != nil {
		at = m[0]
	} else if m := cOnce().FindIndex(w.text); m != nil {
		at = m[1]
	}
	w.edits = append(w.edits, edit{at, at, "#include <" + header + ">" + w.newline()})
}

func qsharp() *language {
	return &language{name: "qsharp", hint: "Q# cannot read the environment: pass the key from the host program or the command line"}
}
