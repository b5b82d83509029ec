package rewrite_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/format"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/rewrite"
	"github.com/qleaks/qleaks/rules/accuracy"
)

// fixed is a file of the corpus, before and after.
type fixed struct {
	Name, Before, After string

	language string
	result   rewrite.Result
	keys     int
}

// fixAll takes the keys out of all leaking files of the corpus.
func fixAll(t *testing.T) []fixed {
	t.Helper()
	contexts, err := accuracy.Load("../../testdata/corpus", "contexts")
	if err != nil {
		t.Fatal(err)
	}
	var all []fixed
	for i := range contexts {
		c := &contexts[i]
		if c.Label != accuracy.Leak {
			continue
		}
		f := accuracy.Fill(c, i)
		var list []rewrite.Key
		for k, key := range f.Keys {
			list = append(list, rewrite.Key{Value: secret.New([]byte(key.Value)), Variable: fmt.Sprintf("QUANTUM_KEY_%d", k)})
		}
		got := rewrite.File{Path: c.Path, Content: f.Content}.Without(list)
		all = append(all, fixed{Name: c.Path, Before: string(f.Content), After: string(got.Content), language: c.Language, result: got, keys: len(list)})
	}
	return all
}

func TestWhatWasTakenIsGoneAndWhatIsLeftIsTold(t *testing.T) {
	count := map[string][3]int{}
	for _, f := range fixAll(t) {
		n := count[f.language]
		switch {
		case f.After == f.Before && len(f.result.Left) == 0:
			n[2]++ // encoded, cut or packed: nothing that the text shows
		case len(f.result.Left) > 0:
			n[1]++
		default:
			n[0]++
		}
		count[f.language] = n
		if before, after := strings.Count(f.Before, "\n"), strings.Count(f.After, "\n"); f.language != "notebook" && after > before+1+len(f.result.Variables) {
			t.Errorf("%s grew from %d to %d lines", f.Name, before, after)
		}
	}
	for _, language := range slices.Sorted(maps.Keys(count)) {
		t.Logf("%-18s taken out of %d, left in %d, hidden in %d", language, count[language][0], count[language][1], count[language][2])
	}
	if n := count["python"]; n[0] < 100 {
		t.Errorf("only %d Python files could be mended", n[0])
	}
}

// parses is a Python program that reads files before and after, and writes the
// names of those that were valid and no longer are.
const parses = `
import ast, json, sys, warnings
import nbformat
warnings.simplefilter("ignore")

def code(text):
    lines = text.split("\n")
    if lines and lines[0].startswith("%%") and not lines[0].split()[0] in ("%%time", "%%timeit", "%%capture"):
        return True
    return python("\n".join("pass" if l.lstrip().startswith(("%", "!")) else l for l in lines))

def python(text):
    try:
        ast.parse(text)
        return True
    except (SyntaxError, ValueError):
        return False

def notebook(text):
    try:
        nb = nbformat.reads(text, as_version=nbformat.NO_CONVERT)
        nbformat.validate(nb)
    except Exception:
        return False
    sheets = getattr(nb, "worksheets", [nb])
    for sheet in sheets:
        for c in sheet.cells:
            if c.cell_type == "code" and not code(c.get("source", c.get("input", ""))):
                return False
    return True

checked = 0
for f in json.load(sys.stdin):
    valid = notebook if f["Name"].endswith(".ipynb") else python
    if valid(f["Before"]):
        checked += 1
        if not valid(f["After"]):
            print("broken", f["Name"])
print("checked", checked)
`

// withNbformat returns a Python that has nbformat. Where QLEAKS_REQUIRE names
// nbformat its absence fails the test, elsewhere it is skipped.
func withNbformat(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(name, "-c", "import nbformat").Run() == nil {
			return name
		}
	}
	if demanded("nbformat") {
		t.Fatal("QLEAKS_REQUIRE names nbformat, and no python3 here has it")
	}
	t.Skip("no python3 with nbformat here; QLEAKS_REQUIRE=nbformat demands it")
	return ""
}

// demanded reports whether a part of the tests may not be skipped.
func demanded(part string) bool {
	return slices.Contains(strings.Split(os.Getenv("QLEAKS_REQUIRE"), ","), part)
}

func TestPythonAndNotebooksThatParsedStillDo(t *testing.T) {
	python := withNbformat(t)
	var list []fixed
	for _, f := range slices.Concat(fixAll(t), notebooks(t)) {
		if strings.HasSuffix(f.Name, ".py") || strings.HasSuffix(f.Name, ".ipynb") {
			list = append(list, f)
		}
	}
	in, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	program := exec.Command(python, "-c", parses)
	program.Stdin = bytes.NewReader(in)
	out, err := program.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var checked int
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "broken") {
			t.Errorf("no longer parses: %s", line)
		}
		fmt.Sscanf(line, "checked %d", &checked)
	}
	if checked < 150 {
		t.Errorf("only %d files were valid before", checked)
	}
}

// notebooks are cells of every Python context, as notebooks.
func notebooks(t *testing.T) []fixed {
	t.Helper()
	contexts, err := accuracy.Load("../../testdata/corpus", "contexts")
	if err != nil {
		t.Fatal(err)
	}
	var all []fixed
	for i := range contexts {
		c := &contexts[i]
		if c.Label != accuracy.Leak || c.Language != "python" {
			continue
		}
		f := accuracy.Fill(c, i)
		var list []rewrite.Key
		for k, key := range f.Keys {
			list = append(list, rewrite.Key{Value: secret.New([]byte(key.Value)), Variable: fmt.Sprintf("QUANTUM_KEY_%d", k)})
		}
		var lines []string
		for line := range strings.Lines(string(f.Content)) {
			lines = append(lines, line)
		}
		shown := []string{"the key is " + f.Keys[0].Value + "\n"}
		book := map[string]any{
			"nbformat": 4, "nbformat_minor": 4, "metadata": map[string]any{},
			"cells": []any{
				map[string]any{"cell_type": "code", "execution_count": 1, "metadata": map[string]any{}, "source": lines, "outputs": []any{
					map[string]any{"output_type": "stream", "name": "stdout", "text": []string{"quiet\n"}},
					map[string]any{"output_type": "stream", "name": "stdout", "text": shown},
				}},
				map[string]any{"cell_type": "code", "execution_count": nil, "metadata": map[string]any{}, "source": []string{"a = 1"}, "outputs": []any{}},
			},
		}
		var out bytes.Buffer
		e := json.NewEncoder(&out)
		e.SetEscapeHTML(false)
		e.SetIndent("", " ")
		if err := e.Encode(book); err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.ToSlash(c.Path), filepath.Ext(c.Path)) + ".ipynb"
		got := rewrite.File{Path: name, Content: out.Bytes()}.Without(list)
		if strings.Contains(string(got.Content), shown[0]) || !strings.Contains(string(got.Content), "quiet") {
			t.Errorf("%s: the output that shows the key is there, or another one is not", c.ID)
		}
		all = append(all, fixed{Name: name, Before: out.String(), After: string(got.Content), result: got})
	}
	return all
}

func TestOtherLanguagesThatParsedStillDo(t *testing.T) {
	dir := t.TempDir()
	checks := map[string]func(text string) bool{
		"go":   func(text string) bool { _, err := format.Source([]byte(text)); return err == nil },
		"json": func(text string) bool { return json.Valid([]byte(text)) },
	}
	for language, command := range map[string][]string{
		"shell": {"bash", "-n", "a.sh"}, "javascript": {"node", "--check", "a.mjs"}, "perl": {"perl", "-c", "a.pl"},
	} {
		if _, err := exec.LookPath(command[0]); err != nil {
			continue
		}
		checks[language] = func(text string) bool {
			name := filepath.Join(dir, command[len(command)-1])
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			return exec.Command(command[0], append(slices.Clone(command[1:len(command)-1]), name)...).Run() == nil
		}
	}
	checked := map[string]int{}
	for _, f := range fixAll(t) {
		if valid := checks[f.language]; valid != nil && f.After != f.Before && valid(f.Before) {
			checked[f.language]++
			if !valid(f.After) {
				t.Errorf("%s no longer parses", f.Name)
			}
		}
	}
	t.Log(checked)
	if checked["go"] < 3 {
		t.Errorf("only %d Go files were valid before", checked["go"])
	}
}
