package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/rules/sample"
)

// TestProgramsDoTheSameWithoutTheirKeys lets qleaks fix --write take one key out of
// a hundred programs and fifty notebooks, and runs them before and after.
func TestProgramsDoTheSameWithoutTheirKeys(t *testing.T) {
	if testing.Short() {
		t.Skip("it compiles programs of many languages")
	}
	t.Parallel()
	p := newPrograms(t)
	if len(p.sources) < 100 || len(p.notebooks) < 50 {
		t.Fatalf("%d programs, %d notebooks", len(p.sources), len(p.notebooks))
	}
	p.fix()
	ran := p.compareAll(t)
	for _, name := range p.notebooks {
		p.compareNotebook(name)
	}
	p.nbformat()
	t.Logf("%d programs and %d notebooks; run without the key: %v", len(p.sources), len(p.notebooks), ran)
	if ran["python"] < 15 || ran["go"] < 6 {
		t.Errorf("too few programs could be run: %v", ran)
	}
}

// compareAll compares the programs, languages beside each other, and counts by
// language what could be run.
func (p *programs) compareAll(t *testing.T) map[string]int {
	ran := map[string]int{}
	var mu sync.Mutex
	t.Run("run", func(t *testing.T) {
		for language := range runners() {
			t.Run(language, func(t *testing.T) {
				t.Parallel()
				own := *p
				own.t = t
				n := 0
				for _, name := range p.sources {
					if path.Dir(name) == language && own.compare(name) {
						n++
					}
				}
				mu.Lock()
				defer mu.Unlock()
				ran[language] = n
			})
		}
		for _, name := range p.sources {
			if runners()[path.Dir(name)] == nil {
				p.compare(name)
			}
		}
	})
	return ran
}

// programs are the files of the test.
type programs struct {
	t *testing.T
	// dir holds them as they become, before as they were.
	dir    string
	before map[string]string
	key    string
	// sources and notebooks are their names.
	sources, notebooks []string
}

// kernels are the languages of notebooks, by the folder of their programs.
func kernels() map[string]string {
	return map[string]string{"python": "python", "r": "R", "julia": "julia", "javascript": "javascript", "shell": "bash", "ruby": "ruby", "csharp": "C#"}
}

func newPrograms(t *testing.T) *programs {
	t.Helper()
	set, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	values := sample.NewValues(20)
	p := &programs{t: t, dir: t.TempDir(), before: map[string]string{}, key: sample.Key(set.Rule("ionq-api-key"), values)}
	archive, err := txtar.ParseFile(filepath.Join("..", "..", "testdata", "fix", "sources.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range archive.Files {
		text := sample.Expand(string(f.Data), p.key, values)
		p.sources = append(p.sources, f.Name)
		p.before[f.Name] = text
		if kernel := kernels()[path.Dir(f.Name)]; kernel != "" {
			name := "notebooks/" + strings.ReplaceAll(f.Name, "/", "-") + ".ipynb"
			p.notebooks = append(p.notebooks, name)
			p.before[name] = book(t, kernel, text, p.key)
		}
	}
	for name, text := range p.before {
		p.write(p.dir, name, text)
	}
	return p
}

func (p *programs) write(dir, name, text string) {
	p.t.Helper()
	file := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// book is a notebook of a program, with what it wrote and with a cell that has no
// key.
func book(t *testing.T, kernel, program, key string) string {
	t.Helper()
	var lines []string
	for line := range strings.Lines(strings.TrimSuffix(program, "\n")) {
		lines = append(lines, line)
	}
	shows := func(text string) map[string]any {
		return map[string]any{"output_type": "stream", "name": "stdout", "text": []string{text}}
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(map[string]any{
		"cells": []any{
			map[string]any{"cell_type": "markdown", "id": "title", "metadata": map[string]any{}, "source": []string{"# Jobs on IonQ"}},
			map[string]any{"cell_type": "code", "id": "run", "execution_count": 1, "metadata": map[string]any{}, "source": lines, "outputs": []any{shows("quiet\n"), shows("ionq_api_key = " + key + "\n")}},
			map[string]any{"cell_type": "code", "id": "rest", "execution_count": 2, "metadata": map[string]any{}, "source": []string{"1 + 1"}, "outputs": []any{shows("2\n")}},
		},
		"metadata": map[string]any{"kernelspec": map[string]any{"display_name": kernel, "language": kernel, "name": kernel}},
		"nbformat": 4, "nbformat_minor": 5,
	}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// fix runs the real program.
func (p *programs) fix() {
	p.t.Helper()
	home := p.t.TempDir()
	cmd := exec.CommandContext(p.t.Context(), "qleaks", "fix", "--write", p.dir)
	cmd.Dir = p.dir
	cmd.Env = append(os.Environ(), "HOME="+home, "XDG_CONFIG_HOME="+home, "AppData="+home)
	out, err := cmd.CombinedOutput()
	if err != nil {
		p.t.Fatalf("%v\n%s", err, out)
	}
	if sample.Tells(string(out), p.key) {
		p.t.Error("fix tells the key")
	}
	kept, err := os.ReadFile(filepath.Join(p.dir, ".env"))
	if err != nil || string(kept) != "IONQ_API_KEY="+p.key+"\n" {
		p.t.Errorf("the key was not put away as it is: %v", err)
	}
}

func (p *programs) after(name string) string {
	p.t.Helper()
	text, err := os.ReadFile(filepath.Join(p.dir, filepath.FromSlash(name)))
	if err != nil {
		p.t.Fatal(err)
	}
	return string(text)
}

// compare compares a program before and after, and reports whether it was run.
func (p *programs) compare(name string) bool {
	p.t.Helper()
	before, after := p.before[name], p.after(name)
	if strings.Contains(after, p.key) {
		p.t.Errorf("%s: the key is left:\n%s", name, strings.ReplaceAll(after, p.key, "KEY"))
		return false
	}
	if removed, added := changed(before, after); removed > 1 || added > removed+2 {
		p.t.Errorf("%s: %d lines went and %d came:\n%s", name, removed, added, after)
	}
	is, ok := p.run(name, after)
	if !ok && is == "" {
		return false // its language is not here
	}
	if len(runners()[path.Dir(name)]) == 1 && path.Dir(name) != "java" {
		was, ran := p.run(name, before)
		ok = ok && ran && was == is
	} else {
		// What takes long to compile is run once: it tells the key, or how long it is.
		told := strings.ToLower(is)
		ok = ok && (strings.Contains(told, strings.ToLower(p.key)) || told == "32\n" || strings.Contains(before, "no key"))
	}
	if !ok {
		p.t.Errorf("%s does not do the same any more:\n%s\nit wrote\n%s", name, after, strings.ReplaceAll(is, p.key, "KEY"))
	}
	return true
}

// changed counts the lines that only one of two texts has, in their order.
func changed(before, after string) (removed, added int) {
	a, b := slices.Collect(strings.Lines(before)), slices.Collect(strings.Lines(after))
	common := make([][]int, len(a)+1)
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := range slices.Backward(a) {
		for j := range slices.Backward(b) {
			if common[i][j] = max(common[i+1][j], common[i][j+1]); a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			}
		}
	}
	return len(a) - common[0][0], len(b) - common[0][0]
}

// runners are the commands that run a program; FILE is its name, OUT a program that
// is made of it first.
func runners() map[string][][]string {
	return map[string][][]string{
		"python": {{"python3", "FILE"}}, "javascript": {{"node", "FILE"}}, "shell": {{"bash", "FILE"}}, "perl": {{"perl", "-w", "FILE"}},
		"ruby": {{"ruby", "FILE"}}, "php": {{"php", "FILE"}}, "lua": {{"lua5.4", "FILE"}}, "r": {{"Rscript", "--vanilla", "FILE"}}, "julia": {{"julia", "FILE"}},
		"java": {{"java", "FILE"}}, "go": {{"go", "build", "-o", "OUT", "FILE"}, {"OUT"}},
		"c":    {{"gcc", "-Wall", "-Werror", "-o", "OUT", "FILE"}, {"OUT"}},
		"cpp":  {{"g++", "-std=c++17", "-Wall", "-Werror", "-o", "OUT", "FILE"}, {"OUT"}},
		"rust": {{"rustc", "-o", "OUT", "FILE"}, {"OUT"}},
	}
}

// run runs a program with the variable set, and returns what it wrote; ok is false
// where it failed, or cannot be run here.
func (p *programs) run(name, text string) (wrote string, ok bool) {
	p.t.Helper()
	dir := p.t.TempDir()
	p.write(dir, path.Base(name), text)
	for _, command := range runners()[path.Dir(name)] {
		var words []string
		for _, w := range command {
			w = strings.ReplaceAll(w, "FILE", filepath.Join(dir, path.Base(name)))
			words = append(words, strings.ReplaceAll(w, "OUT", filepath.Join(dir, "program")))
		}
		if _, err := exec.LookPath(words[0]); err != nil {
			return "", false
		}
		cmd := exec.CommandContext(p.t.Context(), words[0], words[1:]...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "IONQ_API_KEY="+p.key, "GOFLAGS=", "GO111MODULE=off")
		var out, complaint bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &complaint
		if err := cmd.Run(); err != nil {
			return fmt.Sprintf("%v\n%s", err, &complaint), false
		}
		wrote += out.String()
		ok = true
	}
	return wrote, ok
}

// compareNotebook compares a notebook with what became of its program: the same is
// to become of its cell, and nothing of the rest.
func (p *programs) compareNotebook(name string) {
	p.t.Helper()
	type notebook struct {
		Cells []struct {
			Source  []string
			Outputs []struct{ Text []string }
		}
	}
	var is notebook
	if err := json.Unmarshal([]byte(p.after(name)), &is); err != nil || len(is.Cells) != 3 {
		p.t.Errorf("%s has %d cells: %v", name, len(is.Cells), err)
		return
	}
	program := strings.Join(is.Cells[1].Source, "")
	source := strings.Replace(strings.TrimSuffix(strings.TrimPrefix(name, "notebooks/"), ".ipynb"), "-", "/", 1)
	if program+"\n" != p.after(source) {
		p.t.Errorf("%s: the cell is not what the program became:\n%s", name, strings.ReplaceAll(program, p.key, "KEY"))
	}
	if outputs := is.Cells[1].Outputs; len(outputs) != 1 || strings.Join(outputs[0].Text, "") != "quiet\n" {
		p.t.Errorf("%s: the outputs are %v", name, len(outputs))
	}
	if removed, added := changed(p.before[name], p.after(name)); added > 3 || removed > 8 {
		p.t.Errorf("%s: %d lines went and %d came", name, removed, added)
	}
}

// nbformat has all notebooks validated by Jupyter's own library, where it is.
func (p *programs) nbformat() {
	p.t.Helper()
	program := "import sys, nbformat\nfor name in sys.argv[1:]:\n    nbformat.validate(nbformat.read(name, as_version=nbformat.NO_CONVERT))\n"
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		if exec.CommandContext(p.t.Context(), python, "-c", "import nbformat").Run() != nil {
			continue
		}
		words := []string{"-c", program}
		for _, name := range p.notebooks {
			words = append(words, filepath.Join(p.dir, filepath.FromSlash(name)))
		}
		if out, err := exec.CommandContext(p.t.Context(), python, words...).CombinedOutput(); err != nil {
			p.t.Errorf("%v\n%s", err, out)
		}
		return
	}
	p.t.Log("no python3 with nbformat here")
}
