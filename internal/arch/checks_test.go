package arch

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// check is one law over Go source. Its example is a file of testdata in which
// every line that must be complained about ends in badMark.
type check struct {
	law     string
	example string
	find    func(*module) []violation
}

const badMark = "// bad"

func checks() []check {
	return []check{
		{"a package imports only from lower levels", "levels.txtar", importsPointDown},
		{"finding starts no program", "programs.txtar", scannerRunsNothing},
		{"who changes keys reads no tree", "hands.txtar", whoChangesKeysReadsNoTree},
		{"names say something", "names.txtar", noForbiddenNames},
		{"goroutines are started through conc only", "goroutines.txtar", goroutinesThroughConc},
		{"key material stays in its type", "reveal.txtar", materialStaysIn},
		{"only main exits", "exits.txtar", onlyMainExits},
		{"nothing panics", "panics.txtar", nothingPanics},
		{"only the command prints", "prints.txtar", onlyTheCommandPrints},
		{"nothing runs by being linked", "init.txtar", noInit},
		{"packages hold no state", "state.txtar", noPackageState},
		{"exported names are documented", "exported.txtar", exportedIsDocumented},
		{"packages are documented once", "packages.txtar", packagesAreDocumented},
		{"code stays inside its budget", "budget.txtar", insideTheBudget},
	}
}

func TestTheModuleKeepsItsLaws(t *testing.T) {
	m := loadModule(t)
	if len(m.packages) < 5 {
		t.Fatalf("only %d packages were read", len(m.packages))
	}
	for _, c := range checks() {
		t.Run(c.law, func(t *testing.T) {
			for _, v := range c.find(m) {
				t.Error(v)
			}
		})
	}
}

func TestEveryLawComplainsOfItsBadExample(t *testing.T) {
	used := map[string]bool{}
	for _, c := range checks() {
		used[c.example] = true
		t.Run(c.law, func(t *testing.T) {
			m, want := readExample(t, c.example)
			var got []string
			for _, v := range c.find(m) {
				got = append(got, fmt.Sprintf("%s:%d", v.file, v.line))
			}
			slices.Sort(got)
			got = slices.Compact(got)
			if len(want) == 0 {
				t.Fatalf("%s has no line that ends in %q", c.example, badMark)
			}
			for _, line := range want {
				if !slices.Contains(got, line) {
					t.Errorf("nothing is said about %s", line)
				}
			}
			for _, line := range got {
				if !slices.Contains(want, line) {
					t.Errorf("%s is complained about, but is good", line)
				}
			}
		})
	}
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if !used[filepath.Base(name)] {
			t.Errorf("no law uses %s", name)
		}
	}
}

// readExample parses an example as a module of its own and returns the places
// of its bad lines. Its budget is small, so that the examples stay short.
func readExample(t *testing.T, name string) (*module, []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	m := newModule("example.test/m", "")
	m.budget = budget{functionLines: 4, fileLines: 20, testFileLines: 24, structFields: 2, interfaceMethods: 1}
	var bad []string
	for _, f := range txtar.Parse(text).Files {
		// The mark itself must not count as a comment.
		if err := m.add(f.Name, bytes.ReplaceAll(f.Data, []byte(badMark+"\n"), []byte("\n"))); err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(f.Data), "\n") {
			if strings.HasSuffix(line, badMark) {
				bad = append(bad, fmt.Sprintf("%s:%d", f.Name, i+1))
			}
		}
	}
	return m, bad
}
