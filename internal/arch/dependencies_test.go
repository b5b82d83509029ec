package arch

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// dependencyList is where each direct dependency has its line.
const dependencyList = "docs/dependencies.md"

// requirements returns the modules that go.mod demands, with their versions,
// and which of them it calls indirect.
func requirements(t *testing.T, goMod string) (versions map[string]string, indirect map[string]bool) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "mod", "edit", "-json", goMod).Output()
	if err != nil {
		t.Fatalf("go mod edit -json: %v", err)
	}
	var parsed struct {
		Require []struct {
			Path, Version string
			Indirect      bool
		}
	}
	if err := json.Unmarshal(out, &parsed); err != nil {
		t.Fatal(err)
	}
	versions, indirect = map[string]string{}, map[string]bool{}
	for _, r := range parsed.Require {
		versions[r.Path] = r.Version
		indirect[r.Path] = r.Indirect
	}
	return versions, indirect
}

// imported returns which of the modules the source or its tests import.
func (m *module) imported(modules map[string]string) map[string]bool {
	found := map[string]bool{}
	for _, p := range m.packages {
		for _, f := range p.files {
			for _, spec := range f.ast.Imports {
				name := importPath(spec)
				for module := range modules {
					if matches(name, module+"/...") {
						found[module] = true
					}
				}
			}
		}
	}
	return found
}

// row is a line of the table: module, version, licence, date, reason.
func dependencyRows(text string) map[string][]string {
	rows := map[string][]string{}
	for line := range strings.Lines(text) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if len(cells) == 5 && strings.HasPrefix(cells[0], "`") {
			rows[strings.Trim(cells[0], "`")] = cells[1:]
		}
	}
	return rows
}

// undeclared compares the table with what is needed.
func undeclared(rows map[string][]string, versions map[string]string, needed map[string]bool) []string {
	var found []string
	for _, module := range slices.Sorted(maps.Keys(needed)) {
		row := rows[module]
		switch {
		case row == nil:
			found = append(found, module+" has no line: what is it needed for?")
		case row[0] != versions[module]:
			found = append(found, module+" is at "+versions[module]+", its line says "+row[0])
		case row[1] == "" || !regexp.MustCompile(`^\d{4}-\d\d-\d\d$`).MatchString(row[2]) || len(strings.Fields(row[3])) < 3:
			found = append(found, module+" needs a licence, a date (2006-01-02) and a reason")
		}
	}
	for _, module := range slices.Sorted(maps.Keys(rows)) {
		if !needed[module] {
			found = append(found, module+" has a line but is no direct dependency")
		}
	}
	return found
}

func TestEveryDirectDependencyHasItsReason(t *testing.T) {
	root := moduleRoot(t)
	m := loadModule(t)
	versions, indirect := requirements(t, filepath.Join(root, "go.mod"))
	needed := m.imported(versions)
	for module := range versions {
		if !indirect[module] {
			needed[module] = true
		}
	}
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(dependencyList)))
	if err != nil {
		t.Fatal(err)
	}
	for _, complaint := range undeclared(dependencyRows(string(text)), versions, needed) {
		t.Errorf("%s: %s", dependencyList, complaint)
	}
}

func TestAWrongListOfDependenciesIsSeen(t *testing.T) {
	rows := dependencyRows("| module | version | licence | released | reason |\n|---|---|---|---|---|\n" +
		"| `a.test/good` | v1.0.0 | MIT | 2026-01-02 | reads what is written |\n" +
		"| `a.test/old` | v1.0.0 | MIT | 2026-01-02 | reads what is written |\n" +
		"| `a.test/mute` | v1.0.0 | MIT | 2026-01-02 | |\n" +
		"| `a.test/dateless` | v1.0.0 | MIT | lately | reads what is written |\n" +
		"| `a.test/gone` | v1.0.0 | MIT | 2026-01-02 | reads what is written |\n")
	versions := map[string]string{"a.test/good": "v1.0.0", "a.test/old": "v1.1.0", "a.test/mute": "v1.0.0", "a.test/dateless": "v1.0.0", "a.test/new": "v2.0.0"}
	needed := map[string]bool{}
	for module := range versions {
		needed[module] = true
	}
	found := undeclared(rows, versions, needed)
	for _, module := range []string{"old", "mute", "dateless", "gone", "new"} {
		if !slices.ContainsFunc(found, func(text string) bool { return strings.HasPrefix(text, "a.test/"+module+" ") }) {
			t.Errorf("nothing is said about %s", module)
		}
	}
	if len(found) != 5 {
		t.Errorf("complaints: %q", found)
	}
}
