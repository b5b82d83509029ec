package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/scanner/report"
)

const (
	defaultFormat = "text"

	colorAuto   = "auto"
	colorAlways = "always"
	colorNever  = "never"

	// allowShowSecrets permits --show-secrets where CI is set.
	allowShowSecrets = "QLEAKS_ALLOW_SHOW_SECRETS"
)

// validate says which output flags do not go together.
func (o *outputOptions) validate(env Env, origins map[string]origin) error {
	if o.JSON {
		format, asJSON := origins["format"].rank(), origins["json"].rank()
		if format == asJSON && o.Format != "json" {
			return wrongUsage(fmt.Sprintf("--json and --format %s contradict each other", o.Format))
		}
		if asJSON >= format {
			o.Format = "json"
		}
	}
	if !slices.Contains(report.Formats(), o.Format) {
		hints := didYouMean(o.Format, report.Formats())
		return wrongUsage(fmt.Sprintf("--format %q is not one of %s", o.Format, strings.Join(report.Formats(), ", ")), hints...)
	}
	if o.Unordered && o.Format != "jsonl" {
		return wrongUsage("--unordered is only for --format jsonl", "the other formats need the whole result before their first line")
	}
	if !slices.Contains([]string{colorAuto, colorAlways, colorNever}, o.Color) {
		return wrongUsage(fmt.Sprintf("--color %q is not one of auto, always, never", o.Color))
	}
	if o.File == "-" {
		o.File = ""
	}
	return o.mayShow(env)
}

// mayShow says whether --show-secrets is acceptable here.
func (o *outputOptions) mayShow(env Env) error {
	if !o.ShowSecrets {
		return nil
	}
	if env.inCI() && env.Getenv(allowShowSecrets) != "1" {
		return wrongUsage("--show-secrets is refused where CI is set: logs and artifacts of a CI job are read by many",
			"if this job's output is private: "+allowShowSecrets+"=1")
	}
	machine := o.Format == "json" || o.Format == "jsonl"
	if machine || o.Format == defaultFormat && o.File == "" && env.isTerminal(env.Stdout) {
		return nil
	}
	if o.Format == defaultFormat {
		return wrongUsage("--show-secrets as text is only for a terminal", "for a file or a pipe: --format json --show-secrets -o FILE")
	}
	return wrongUsage(fmt.Sprintf("--show-secrets is not for --format %s, which is made to be passed on", o.Format),
		"formats that may hold keys: text on a terminal, json, jsonl")
}

// colors decides whether the report has colours. NO_COLOR and CLICOLOR_FORCE
// are the conventions of https://no-color.org and https://bixense.com/clicolors.
func (o *outputOptions) colors(env Env) bool {
	switch {
	case o.Color != colorAuto:
		return o.Color == colorAlways
	case env.Getenv("NO_COLOR") != "" || o.File != "":
		return false
	case env.Getenv("CLICOLOR_FORCE") != "" && env.Getenv("CLICOLOR_FORCE") != "0":
		return true
	}
	return env.Getenv("TERM") != "dumb" && env.isTerminal(env.Stdout)
}

// destination is where a report goes. Finish or Abandon it.
type destination struct {
	io.Writer
	file *os.File
	name string
}

// open opens the destination. A file appears under its name only when it is
// finished; one that holds keys is for its owner alone from the first byte on.
func (o *outputOptions) open(env Env) (*destination, error) {
	if o.File == "" {
		return &destination{Writer: env.Stdout}, nil
	}
	if info, err := os.Stat(o.File); err == nil && info.IsDir() {
		return nil, wrongUsage(fmt.Sprintf("--output %s is a directory", o.File))
	} else if err == nil && !info.Mode().IsRegular() {
		return o.openSpecial()
	}
	f, err := os.CreateTemp(filepath.Dir(o.File), ".qleaks-report-*")
	if err != nil {
		return nil, couldNot("cannot write "+o.File, rootCause(err))
	}
	d := &destination{Writer: f, file: f, name: o.File}
	if !o.ShowSecrets {
		if err := f.Chmod(readableMode(o.File)); err != nil {
			return nil, couldNot("cannot write "+o.File, errors.Join(rootCause(err), d.abandon()))
		}
	}
	return d, nil
}

// openSpecial opens a pipe or a device such as /dev/stderr, which cannot be
// replaced in one step.
func (o *outputOptions) openSpecial() (*destination, error) {
	f, err := os.OpenFile(o.File, os.O_WRONLY, 0)
	if err != nil {
		return nil, couldNot("cannot write "+o.File, rootCause(err))
	}
	return &destination{Writer: f, file: f}, nil
}

// readableMode keeps the mode of a file that is replaced.
func readableMode(name string) os.FileMode {
	if info, err := os.Stat(name); err == nil {
		return info.Mode().Perm()
	}
	return 0o644
}

// finish makes the report appear.
func (d *destination) finish() error {
	if d.file == nil {
		return nil
	}
	err := d.file.Close()
	if err == nil && d.name != "" {
		err = os.Rename(d.file.Name(), d.name)
	}
	if err != nil && d.name != "" {
		return couldNot("cannot write "+d.name, errors.Join(rootCause(err), os.Remove(d.file.Name())))
	}
	return err
}

// abandon removes what was written.
func (d *destination) abandon() error {
	if d.file == nil || d.name == "" {
		return nil
	}
	return errors.Join(d.file.Close(), os.Remove(d.file.Name()))
}
