package peers

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/internal/peertest"
)

// TestGitleaksWalk gives gitleaks and qleaks the same command lines, one after
// the other, and compares what they leave behind: the exit code and every field
// of the report.
func TestGitleaksWalk(t *testing.T) {
	peer := peertest.Gitleaks(t, filepath.Join("..", "..", "..", ".."))
	w := newWalk(t, peer)
	for _, c := range walkCases() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w.compare(t, c)
		})
	}
}

// walkCase is one command line.
type walkCase struct {
	name string
	// args are split at spaces; {NAME} stands for a file of the walk.
	args string
	// log is the value of --log-opts.
	log string
	// in is the directory that it runs in, below the walk's.
	in    string
	stdin string
	env   []string
	// format is that of the report, json if it is empty; "none" is for command
	// lines that fail before there is one.
	format string
	// least is how many leaks the case must have, lest it prove nothing.
	least int
	// hidden leaves values redacted in both.
	hidden bool
	// code is qleaks' exit code where it is another one than gitleaks', plus
	// one.
	code int
}

// outcome is what a program leaves behind.
type outcome struct {
	code           int
	leaks          []string
	report         []byte
	stdout, stderr string
}

func (w *walk) compare(t *testing.T, c walkCase) {
	theirs := w.run(t, c, w.peer.Program)
	ours := w.run(t, c, w.own, w.reveal(c)...)
	want := theirs.code
	if c.code > 0 {
		want = c.code - 1
	}
	if ours.code != want {
		t.Errorf("exit code %d, gitleaks' is %d\n%s\n%s", ours.code, theirs.code, w.hide(ours.stderr), w.hide(theirs.stderr))
	}
	if len(theirs.leaks) < c.least {
		t.Errorf("gitleaks finds %d: that proves little\n%s", len(theirs.leaks), w.hide(theirs.stderr))
	}
	tell := func(who string, list, other []string) {
		for _, l := range list {
			if n := slices.Index(other, l); n < 0 {
				t.Errorf("only %s: %s", who, w.hide(l))
			}
		}
	}
	tell("qleaks", ours.leaks, theirs.leaks)
	tell("gitleaks", theirs.leaks, ours.leaks)
	if len(ours.leaks) != len(theirs.leaks) {
		t.Errorf("%d entries, gitleaks has %d", len(ours.leaks), len(theirs.leaks))
	}
	for _, value := range w.values {
		if strings.Contains(ours.stderr, value) || c.hidden && strings.Contains(ours.stdout+strings.Join(ours.leaks, ""), value) {
			t.Errorf("a value is shown")
		}
	}
}

// reveal are the flags by which qleaks shows what gitleaks shows.
func (w *walk) reveal(c walkCase) []string {
	if c.hidden || c.format == "none" {
		return nil
	}
	return []string{"--show-secrets"}
}

func (w *walk) run(t *testing.T, c walkCase, program string, more ...string) outcome {
	t.Helper()
	format, report := c.format, filepath.Join(t.TempDir(), "report")
	var args []string
	for word := range strings.FieldsSeq(c.args) {
		args = append(args, w.filled(word))
	}
	if c.log != "" {
		args = append(args, "--log-opts", c.log)
	}
	if format == "" {
		format = "json"
	}
	if format != "none" {
		args = append(args, "--report-path", report)
		if !strings.Contains(c.args, "--report-format") {
			args = append(args, "--report-format", format)
		}
	}
	cmd := exec.CommandContext(t.Context(), program, append(args, more...)...)
	cmd.Dir = filepath.Join(w.dir, filepath.FromSlash(c.in))
	cmd.Env = append(slices.Clone(w.env), c.env...)
	for i := range cmd.Env {
		cmd.Env[i] = w.filled(cmd.Env[i])
	}
	cmd.Stdin = strings.NewReader(w.filled(c.stdin))
	var out, err bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &err
	failed := cmd.Run()
	var exit *exec.ExitError
	if failed != nil && !errors.As(failed, &exit) {
		t.Fatal(failed)
	}
	o := outcome{code: cmd.ProcessState.ExitCode(), stdout: out.String(), stderr: err.String()}
	o.report, _ = os.ReadFile(report) // there may be none
	o.leaks = w.entries(t, format, o.report)
	if format == "none" {
		return o
	}
	if strings.Contains(o.stdout, "Finding:") {
		o.leaks = append(o.leaks, shown(o.stdout)...)
	}
	return o
}

// shown are the leaks that --verbose lists, each as its lines from the rule on.
// How much of a line those before show is gitleaks' own.
func shown(stdout string) []string {
	var out []string
	stdout = regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAllString(stdout, "")
	for part := range strings.SplitSeq(stdout, "\n\n") {
		var lines []string
		_, rest, _ := strings.Cut(part, "RuleID:")
		for line := range strings.Lines(rest) {
			if line = strings.TrimSpace(line); line != "" {
				lines = append(lines, line)
			}
		}
		if len(lines) > 0 {
			out = append(out, strings.Join(lines, " | "))
		}
	}
	return out
}

// entries are the parts of a report whose order is left to chance.
func (w *walk) entries(t *testing.T, format string, text []byte) []string {
	t.Helper()
	if len(text) == 0 {
		return nil
	}
	var out []string
	add := func(v any) {
		line, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(line))
	}
	switch format {
	case "json":
		var list []map[string]any
		w.must(t, json.Unmarshal(text, &list))
		for _, l := range list {
			add(l)
		}
		out = append(out, keysInOrder(text)...)
	case "csv":
		rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
		w.must(t, err)
		for _, row := range rows {
			add(row)
		}
	case "junit":
		out = w.junit(t, text)
	case "sarif":
		out = w.sarif(t, text)
	default:
		for line := range strings.Lines(string(text)) { // the last has no comma
			out = append(out, strings.TrimRight(line, ",\n"))
		}
	}
	return out
}

// keysInOrder are the names of a report's fields, once each.
func keysInOrder(text []byte) []string {
	var out []string
	for line := range strings.Lines(string(text)) {
		if key, _, isKey := strings.Cut(line, ":"); isKey && strings.HasPrefix(key, "  \"") && !slices.Contains(out, key) {
			out = append(out, key)
		}
	}
	return []string{strings.Join(out, "")}
}

func (w *walk) junit(t *testing.T, text []byte) []string {
	t.Helper()
	type node struct {
		XMLName  xml.Name
		Attrs    []xml.Attr `xml:",any,attr"`
		Text     string     `xml:",chardata"`
		Children []node     `xml:",any"`
	}
	var root node
	w.must(t, xml.Unmarshal(text, &root))
	var out []string
	var walk func(n node, depth int)
	walk = func(n node, depth int) {
		if depth == 2 {
			out = append(out, fmt.Sprint(n))
			return
		}
		out = append(out, fmt.Sprint(n.XMLName, n.Attrs))
		for _, c := range n.Children {
			walk(c, depth+1)
		}
	}
	walk(root, 0)
	return out
}

// sarif leaves out who made the report: that is told as it is.
func (w *walk) sarif(t *testing.T, text []byte) []string {
	t.Helper()
	var log map[string]any
	w.must(t, json.Unmarshal(text, &log))
	var out []string
	add := func(v any) {
		line, err := json.Marshal(v)
		w.must(t, err)
		out = append(out, string(line))
	}
	runs, _ := log["runs"].([]any)
	for _, r := range runs {
		run, _ := r.(map[string]any)
		results, _ := run["results"].([]any)
		for _, result := range results {
			add(result)
		}
		delete(run, "results")
		tool, _ := run["tool"].(map[string]any)
		driver, _ := tool["driver"].(map[string]any)
		delete(driver, "semanticVersion")
		delete(driver, "informationUri")
	}
	add(log)
	return out
}

func (w *walk) must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
