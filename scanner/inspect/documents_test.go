package inspect_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/inspect"
	"github.com/qleaks/qleaks/scanner/source"
)

// written runs a Python program that writes files into a new folder, whose name
// is its argument; the values that it puts there come by standard input, one a
// line. Where QLEAKS_REQUIRE names the part python, a missing python3 fails the
// test, elsewhere it is skipped.
func written(t *testing.T, program string, values ...string) (folder string) {
	t.Helper()
	folder = t.TempDir()
	python, err := exec.LookPath("python3")
	if err != nil {
		if slices.Contains(strings.Split(os.Getenv("QLEAKS_REQUIRE"), ","), "python") {
			t.Fatal("there is no python3")
		}
		t.Skip("there is no python3")
	}
	cmd := exec.Command(python, "-c", program, folder)
	cmd.Stdin = strings.NewReader(strings.Join(values, "\n"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return folder
}

// toldOf lists what is found in a file of high or medium confidence, as "path
// line: rule way #value" with the number of the value, and then the notes.
func toldOf(t *testing.T, path string, values []string) (found []string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	x := inspector(t)
	name := filepath.Base(path)
	result := x.Inspect(content, name, inspect.Position{})
	for _, r := range result.Records {
		f, ok := x.Judge(r, source.Origin{Path: name})
		if !ok || f.Confidence < rules.Medium {
			continue
		}
		l := f.Occurrences[0].Location
		number := 0
		for i, v := range values {
			if f.Fingerprint == x.Fingerprints.Of(secret.New([]byte(v))) {
				number = i + 1
			}
		}
		line := fmt.Sprint(l.Line)
		if l.Notebook != nil {
			line = fmt.Sprintf("cell %d %s", l.Notebook.Cell, l.Notebook.Part)
		}
		if slices.Contains(l.Way, "unused space") {
			line = "?" // SQLite's own business
		}
		found = append(found, fmt.Sprintf("%s %s: %s %s#%d", f.Path, line, f.Rule.ID, strings.Join(append(slices.Clone(l.Way), ""), " "), number))
	}
	for _, n := range result.Notes {
		found = append(found, n.Error())
	}
	return found
}

func wantTold(t *testing.T, path string, values []string, want ...string) {
	t.Helper()
	got := toldOf(t, path, values)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s\nwant %s\ngot  %s", filepath.Base(path), strings.Join(want, "\n     "), strings.Join(got, "\n     "))
	}
}

// keysIn lists the numbers of the values that are found in a file, in order.
func keysIn(t *testing.T, path string, values []string) string {
	t.Helper()
	var numbers []string
	for _, line := range toldOf(t, path, values) {
		numbers = append(numbers, line[strings.LastIndexByte(line, '#'):])
	}
	slices.Sort(numbers)
	return strings.Join(numbers, " ")
}
