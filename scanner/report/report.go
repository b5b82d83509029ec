// Package report writes the result of a scan for people and for machines. A
// writer is a pure function of the result and the options: the same result
// gives the same bytes. None shows key material unless it is told to, and none
// passes on a byte of the scanned content that a terminal, a CI log or a
// spreadsheet would obey.
package report

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/qleaks/qleaks/scanner/finding"
)

// ErrSecretsNotShown is returned for Options.ShowSecrets in a format that is
// made to be passed on, where material has no place.
var ErrSecretsNotShown = errors.New("report: this format never shows secrets")

// Options say how to write a report. The zero Options are useful.
type Options struct {
	// ShowSecrets shows the material: in text on a line of its own, in json
	// and jsonl as the field "secret". The other formats refuse it.
	ShowSecrets bool
	// Color uses ANSI colours in text.
	Color bool
	// Width is the number of columns for text; 0 means 80.
	Width int
	// Elapsed is how long the scan took; 0 leaves it out, so that reports of
	// the same content are the same.
	Elapsed time.Duration
	// Began is when the scan began, for gitlab, which demands it.
	Began time.Time
	// Version is that of qleaks, for sarif and gitlab.
	Version string
	// Checkouts are the revisions that were scanned, where known, for sarif.
	Checkouts []Checkout
	// Remediation is what became of the keys, for json and jsonl; nil leaves it out.
	// It must hold no material.
	Remediation any
}

// Checkout is one repository at one revision.
type Checkout struct {
	// URI is where the repository can be had. Credentials in it are dropped.
	URI      string
	Revision string
	Branch   string
}

type writer struct {
	name  string
	write func(w io.Writer, r finding.Result, o Options) error
}

func writers() []writer {
	return []writer{
		{"text", writeText},
		{"json", writeJSON},
		{"jsonl", writeJSONL},
		{"sarif", writeSARIF},
		{"csv", writeCSV},
		{"junit", writeJUnit},
		{"gitlab", writeGitLab},
	}
}

// Formats returns the names that Write knows, text first.
func Formats() []string {
	var names []string
	for _, w := range writers() {
		names = append(names, w.name)
	}
	return names
}

// Write writes the result in a format of Formats.
func Write(w io.Writer, format string, r finding.Result, o Options) error {
	all := writers()
	i := slices.IndexFunc(all, func(w writer) bool { return w.name == format })
	if i < 0 {
		return fmt.Errorf("report: format %q is not one of %s", format, strings.Join(Formats(), ", "))
	}
	if err := all[i].write(w, r, o); err != nil {
		return fmt.Errorf("report: writing %s: %w", format, err)
	}
	return nil
}
