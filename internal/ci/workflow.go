package ci

import (
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/qleaks/qleaks/internal/secret"
)

// MaxAnnotations is how many annotations of a level GitHub shows of a step.
const MaxAnnotations = 10

// maskable is the shortest line that is masked: shorter ones would be blanked in
// half of every log.
const maskable = 12

// Level is how loud an annotation is.
type Level string

// The levels of annotations.
const (
	Error   Level = "error"
	Warning Level = "warning"
	Notice  Level = "notice"
)

// Annotation is a remark at a place of a file, or at none.
type Annotation struct {
	Level       Level
	Title, Text string
	// File is a path below the root of the repository; lines and columns count
	// from 1, 0 means none.
	File                             string
	Line, EndLine, Column, EndColumn int
}

// Workflow writes what the runner of GitHub takes for commands. Nothing that it
// is given can become another command.
type Workflow struct{ W io.Writer }

// Annotate writes an annotation.
func (w Workflow) Annotate(a Annotation) error {
	var properties []string
	add := func(name, value string) {
		if value != "" && value != "0" {
			properties = append(properties, name+"="+property(value))
		}
	}
	add("file", a.File)
	if a.File != "" {
		add("line", strconv.Itoa(a.Line))
		add("endLine", strconv.Itoa(a.EndLine))
		add("col", strconv.Itoa(a.Column))
		add("endColumn", strconv.Itoa(a.EndColumn))
	}
	add("title", a.Title)
	return w.command(string(a.Level), strings.Join(properties, ","), a.Text)
}

// Mask tells the runner to hide a key in all that is printed later, each line of
// it. The runner itself does not show the command.
func (w Workflow) Mask(v secret.Value) error {
	for line := range strings.Lines(v.Reveal()) {
		if line = strings.TrimSpace(line); len(line) < maskable {
			continue
		}
		if err := w.command("add-mask", "", line); err != nil {
			return err
		}
	}
	return nil
}

func (w Workflow) command(name, properties, text string) error {
	if properties != "" {
		properties = " " + properties
	}
	if _, err := fmt.Fprintf(w.W, "::%s%s::%s\n", name, properties, data(text)); err != nil {
		return fmt.Errorf("write a workflow command: %w", err)
	}
	return nil
}

// data and property escape as the runner unescapes.
func data(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(text)
}

func property(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(text)
}

// Output is a named result of a step.
type Output struct{ Name, Value string }

// WriteOutputs adds outputs to the file that the runner names (GITHUB_OUTPUT).
// A delimiter drawn by lot keeps a value from beginning another output.
func WriteOutputs(file string, outputs []Output) error {
	var text strings.Builder
	for _, o := range outputs {
		delimiter := "qleaks-" + rand.Text()
		fmt.Fprintf(&text, "%s<<%s\n%s\n%s\n", o.Name, delimiter, o.Value, delimiter)
	}
	return appendTo(file, text.String())
}

// maxSummary is the longest summary of a step, in bytes: the runner takes 1 MiB
// and refuses more.
const maxSummary = 900 << 10

// WriteSummary adds Markdown to the file that the runner names
// (GITHUB_STEP_SUMMARY). Of what is too long the last lines are left out.
func WriteSummary(file, markdown string) error {
	if len(markdown) > maxSummary {
		cut := strings.LastIndexByte(markdown[:maxSummary], '\n') + 1
		markdown = markdown[:cut] + "\nThe summary is cut here: the report has the rest.\n"
	}
	return appendTo(file, markdown)
}

func appendTo(name, text string) error {
	f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("write for the runner: %w", err)
	}
	if _, err := f.WriteString(text); err != nil {
		_ = f.Close()
		return fmt.Errorf("write for the runner: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("write for the runner: %w", err)
	}
	return nil
}
