package arch

import (
	"go/ast"
	"strings"
)

// levels says where each package stands: it may import only from lower levels.
// A new package is given its place here; an entry that ends in "/*" holds for
// every package directly below.
func levels() map[string]int {
	table := map[string]int{}
	for level, packages := range []string{
		0:  "internal/peertest internal/schematest internal/subprocess internal/expression internal/secret internal/key internal/httpx internal/filelock scanner/runs scanner/gitsource/inflate scanner/gitsource/linediff scanner/gitsource/pack/packtest scanner/decode/pdf scanner/decode/pickle scanner/decode/pyc scanner/decode/sevenzip scanner/decode/sqlite",
		1:  "internal/ci internal/credential internal/durable rules scanner/decode/office scanner/source scanner/gitsource/reftable",
		2:  "internal/mirror internal/durable/durabletest remediate/head scanner/homesource rules/gitleaks rules/custompattern rules/sample scanner/finding scanner/decode scanner/gitsource/pack scanner/gitsource/reftable/reftabletest internal/provider",
		3:  "remediate/auditlog internal/records scanner/inspect scanner/ledger internal/provider/simhttp",
		4:  "internal/records/recordstest internal/notify/sim scanner scanner/baseline scanner/report scanner/reread scanner/gitsource internal/github internal/github/sim internal/provider/* internal/provider/ionq/* internal/provider/ibm/* internal/provider/qbraid/* remediate/journal remediate/store remediate/console remediate/console/sim remediate/handover remediate/courier remediate/rewrite",
		5:  "internal/paper rules/rulestest rules/accuracy scanner/leaks scanner/verify scanner/githubsource internal/provider/all internal/inventory internal/githooks internal/textpage remediate/store/*",
		6:  "internal/hygiene internal/demo internal/inventory/page remediate/store/all",
		7:  "internal/auditreport internal/incident remediate",
		8:  "internal/sweep internal/notify internal/sweepreport internal/web/access",
		9:  "internal/sweep/sweeptest internal/evidence internal/web/desk",
		10: "internal/web/api internal/web/pages",
		11: "internal/web internal/web/webhook internal/web/trace",
		12: "cmd/qleaks/internal/cli",
		13: "cmd/qleaks cmd/qleaks/internal/peers",
		14: "internal/arch",
	} {
		for p := range strings.FieldsSeq(packages) {
			table[p] = level
		}
	}
	return table
}

// levelOf returns the level of a package, or false if it has none.
func levelOf(table map[string]int, packagePath string) (int, bool) {
	if level, ok := table[packagePath]; ok {
		return level, true
	}
	above := packagePath[:max(0, strings.LastIndexByte(packagePath, '/'))]
	level, ok := table[above+"/*"]
	return level, ok
}

// importsPointDown holds the level table.
func importsPointDown(m *module) []violation {
	var found []violation
	table := levels()
	m.sources(func(p *pkg, f *file) {
		level, ok := levelOf(table, p.path)
		if !ok {
			found = append(found, m.at(f, f.ast.Name.Pos(), "package %s has no level: give it its place in the table of internal/arch/levels_test.go", p.path))
			return
		}
		for _, spec := range f.ast.Imports {
			imported, ours := strings.CutPrefix(importPath(spec), m.path+"/")
			if !ours {
				continue
			}
			if other, ok := levelOf(table, imported); !ok || other >= level {
				found = append(found, m.at(f, spec.Pos(), "%s (level %d) imports %s (level %d): only lower levels may be imported", p.path, level, imported, other))
			}
		}
	})
	return found
}

// scannerRunsNothing keeps other programs out of finding: only the reader of
// repositories may start one, and only git.
func scannerRunsNothing(m *module) []violation {
	return forbiddenImports(m, []string{"os/exec", "plugin"}, func(p *pkg) bool {
		return matches(p.path, "rules/...", "scanner/...") && !matches(p.path, "scanner/gitsource", "scanner/githubsource")
	})
}

// whoChangesKeysReadsNoTree keeps what reads trees out of the packages and the
// commands that change keys: these start a process that reads, and take from it
// what package remediate/courier lets through.
func whoChangesKeysReadsNoTree(m *module) []violation {
	const cli = "cmd/qleaks/internal/cli/"
	acts := func(p *pkg, f *file) bool {
		name, inCLI := strings.CutPrefix(f.path, cli)
		// Rewriting holds no credential. A store in a file asks Git's ignore rules where
		// the operator put it, lest the new key be committed.
		exempt := matches(p.path, "remediate/rewrite", "remediate/store/file")
		return matches(p.path, "remediate/...") && !exempt ||
			inCLI && (strings.HasPrefix(name, "remediate") || name == "revoke.go" || name == "scanremediate.go" || name == "readerprocess.go")
	}
	var readers []string
	for _, name := range []string{"scanner", "scanner/source", "scanner/gitsource/...", "scanner/decode/...", "scanner/inspect", "scanner/reread", "scanner/homesource", "scanner/leaks", "scanner/githubsource"} {
		readers = append(readers, m.path+"/"+name)
	}
	var found []violation
	m.sources(func(p *pkg, f *file) {
		if !acts(p, f) {
			return
		}
		for _, spec := range f.ast.Imports {
			if imported := importPath(spec); matches(imported, readers...) {
				found = append(found, m.at(f, spec.Pos(), "what changes keys may not import %s, which reads trees", imported))
			}
		}
		f.plainCalls(func(n *ast.CallExpr, name string) {
			if name == "newScanRun" || name == "runReader" {
				found = append(found, m.at(f, n.Pos(), "what changes keys may not call %s, which reads trees: start a reader", name))
			}
		})
	})
	return found
}

func forbiddenImports(m *module, paths []string, in func(p *pkg) bool) []violation {
	var found []violation
	m.sources(func(p *pkg, f *file) {
		if !in(p) {
			return
		}
		for _, spec := range f.ast.Imports {
			if imported := importPath(spec); matches(imported, paths...) {
				found = append(found, m.at(f, spec.Pos(), "%s may not import %s", p.path, imported))
			}
		}
	})
	return found
}

// noForbiddenNames keeps out packages and files whose name says nothing.
func noForbiddenNames(m *module) []violation {
	var found []violation
	m.sources(func(p *pkg, f *file) {
		for _, word := range []string{p.name(), stem(f.path)} {
			if saysNothing(word) {
				found = append(found, m.at(f, f.ast.Name.Pos(), "the name %q says nothing: name what it holds", word))
			}
		}
	})
	return found
}

func stem(name string) string {
	base := name[strings.LastIndexByte(name, '/')+1:]
	return strings.TrimSuffix(base, ".go")
}

func saysNothing(word string) bool {
	for _, part := range strings.FieldsFunc(word, func(r rune) bool { return r == '_' || r == '-' }) {
		switch strings.TrimSuffix(part, "s") {
		case "type", "shared", "base", "common", "manager", "util", "helper", "misc", "lib":
			return true
		}
		for _, anywhere := range []string{"util", "helper", "manager"} {
			if strings.HasPrefix(part, anywhere) || strings.HasSuffix(strings.TrimSuffix(part, "s"), anywhere) {
				return true
			}
		}
	}
	return false
}

// goroutinesThroughConc forbids every other way to start one.
func goroutinesThroughConc(m *module) []violation {
	found := forbiddenImports(m, []string{"golang.org/x/sync/errgroup"}, func(*pkg) bool { return true })
	m.sources(func(_ *pkg, f *file) {
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if statement, ok := n.(*ast.GoStmt); ok {
				found = append(found, m.at(f, statement.Pos(), "a go statement: goroutines are started through sourcegraph/conc"))
			}
			return true
		})
		f.selections(func(n *ast.SelectorExpr, imported, name string) {
			switch imported + "." + name {
			case "sync.WaitGroup", "time.AfterFunc":
				found = append(found, m.at(f, n.Pos(), "%s.%s starts goroutines: use sourcegraph/conc", imported, name))
			}
		})
	})
	return found
}
