package arch

import (
	"go/ast"
	"go/token"
	"slices"
	"strconv"
	"strings"
)

// mayReveal lists the packages that may take key material out of its type. Two
// more are narrower: see revealAllowed.
func mayReveal() []string {
	return []string{
		"internal/secret",       // fingerprints
		"internal/provider/...", // headers and bodies to the key's own provider
		"internal/ci",           // tells a runner what to hide in its logs
		"internal/github",       // the header with which GitHub is asked
		"internal/web/access",   // the client's secret, to the identity provider
		"internal/notify",       // addresses of webhooks and passwords of mail, to their own servers
		"internal/web/webhook",  // codes of messages that GitHub signed
		"internal/demo",         // leaks keys that open nothing, made for the occasion
		"remediate/store/...",   // puts a new key where it is used
		"remediate/console/...", // types a new key where a console asks for it
		"remediate/rewrite",     // replaces a literal
		"remediate/handover",    // gives a key to a person or a program, once
		"remediate/courier",     // seals what one process hands to another
	}
}

// materialStaysIn allows Reveal in the listed packages, in the journal's
// sealing, and in one file each of scanner/report and scanner/leaks (behind
// --show-secrets).
func materialStaysIn(m *module) []violation {
	var found []violation
	reports := map[string]string{"scanner/report": "", "scanner/leaks": ""}
	m.sources(func(p *pkg, f *file) {
		allowed := matches(p.path, mayReveal()...) || f.path == "remediate/journal/seal.go"
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if allowed || !reveals(n) {
				return true
			}
			if first, ok := reports[p.path]; ok && (first == "" || first == f.path) {
				reports[p.path] = f.path
				return true
			}
			found = append(found, m.at(f, n.Pos(), "key material is taken out of its type here: allowed are the packages of mayReveal and one file of scanner/report"))
			return true
		})
	})
	return found
}

// reveals reports whether n names the method Reveal, as code or, for templates
// and reflection, as text.
func reveals(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.SelectorExpr:
		return n.Sel.Name == "Reveal"
	case *ast.BasicLit:
		text, err := strconv.Unquote(n.Value)
		return n.Kind == token.STRING && err == nil && (text == "Reveal" || strings.Contains(text, ".Reveal"))
	}
	return false
}

// onlyMainExits keeps the end of the program in one file.
func onlyMainExits(m *module) []violation {
	var found []violation
	m.sources(func(_ *pkg, f *file) {
		if f.path == "cmd/qleaks/main.go" {
			return
		}
		f.selections(func(n *ast.SelectorExpr, imported, name string) {
			exits := imported+"."+name == "os.Exit" || imported == "syscall" && (name == "Exit" || name == "Exec") ||
				imported == "log" && (strings.HasPrefix(name, "Fatal") || strings.HasPrefix(name, "Panic"))
			if exits {
				found = append(found, m.at(f, n.Pos(), "%s.%s: only cmd/qleaks/main.go ends the program", imported, name))
			}
		})
	})
	return found
}

// nothingPanics forbids panic, and Must functions and lazy expressions on
// anything but literals: what is scanned is hostile.
func nothingPanics(m *module) []violation {
	var found []violation
	m.sources(func(p *pkg, f *file) {
		constants := p.constants()
		f.plainCalls(func(n *ast.CallExpr, name string) {
			if name == "panic" {
				found = append(found, m.at(f, n.Pos(), "panic: return an error"))
			}
		})
		named := f.imports()
		ast.Inspect(f.ast, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			function, ok := call.Fun.(*ast.SelectorExpr)
			must := ok && strings.HasPrefix(function.Sel.Name, "Must") && p.path != "internal/expression"
			if !must && !f.calls(call, m.path+"/internal/expression.Lazy") || len(call.Args) == 0 {
				return true
			}
			if x, ok := function.X.(*ast.Ident); ok && named[x.Name] != "" && !literal(call.Args[0], constants) {
				found = append(found, m.at(f, n.Pos(), "%s.%s of a value that is no literal panics on bad input", x.Name, function.Sel.Name))
			}
			return true
		})
	})
	return found
}

// constants are the names of a package's constants, wherever they are declared.
func (p *pkg) constants() map[string]bool {
	names := map[string]bool{}
	for _, f := range p.files {
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if d, ok := n.(*ast.GenDecl); ok && d.Tok == token.CONST {
				for _, spec := range d.Specs {
					for _, name := range spec.(*ast.ValueSpec).Names {
						names[name.Name] = true
					}
				}
			}
			return true
		})
	}
	return names
}

// literal reports whether e is text written in the source, or a sum of such.
func literal(e ast.Expr, constants map[string]bool) bool {
	switch e := e.(type) {
	case *ast.BasicLit:
		return true
	case *ast.BinaryExpr:
		return literal(e.X, constants) && literal(e.Y, constants)
	case *ast.Ident:
		return constants[e.Name]
	}
	return false
}

// onlyTheCommandPrints keeps the streams of the process, and the default
// logger, out of everything but the command.
func onlyTheCommandPrints(m *module) []violation {
	var found []violation
	m.sources(func(p *pkg, f *file) {
		if matches(p.path, "cmd/qleaks/...") {
			return
		}
		f.plainCalls(func(n *ast.CallExpr, name string) {
			if name == "print" || name == "println" {
				found = append(found, m.at(f, n.Pos(), "%s: only the command prints", name))
			}
		})
		f.selections(func(n *ast.SelectorExpr, imported, name string) {
			if prints(imported, name) {
				found = append(found, m.at(f, n.Pos(), "%s.%s: only the command prints; writers and loggers are passed in", imported, name))
			}
		})
	})
	return found
}

func prints(imported, name string) bool {
	switch imported {
	case "os":
		return name == "Stdout" || name == "Stderr"
	case "fmt":
		return strings.HasPrefix(name, "Print") || strings.HasPrefix(name, "Scan")
	case "log":
		return true
	case "log/slog":
		return slices.Contains([]string{"Default", "SetDefault", "Debug", "Info", "Warn", "Error", "Log", "LogAttrs", "DebugContext", "InfoContext", "WarnContext", "ErrorContext"}, name)
	}
	return false
}

// noInit forbids code that runs by being linked.
func noInit(m *module) []violation {
	var found []violation
	m.sources(func(_ *pkg, f *file) {
		for _, declaration := range f.ast.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok && function.Recv == nil && function.Name.Name == "init" {
				found = append(found, m.at(f, function.Pos(), "func init: call it by name where it is needed"))
			}
		}
	})
	return found
}
