// Package reread reads keys back out of what was written about them: reports of
// qleaks, of gitleaks and of trufflehog, and lists of bare keys. It reaches no
// network, and a report cannot make a value a key of somebody that it does not
// look like.
package reread

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf16"

	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/inspect"
	"github.com/qleaks/qleaks/scanner/source"
)

const (
	// MaxSize is how many bytes a report may have.
	MaxSize = 64 << 20
	// maxEntries is how many entries of a report are read.
	maxEntries = 200_000
	// shortestKey and longestKey bound what is taken for a value, in bytes.
	shortestKey = 16
	longestKey  = 8 << 10
)

// Format is a form of report that is known.
type Format string

// The forms that are recognised, by their shape.
const (
	Qleaks     Format = "a report of qleaks"
	Gitleaks   Format = "a report of gitleaks"
	Trufflehog Format = "a report of trufflehog"
	Plain      Format = "text"
)

// Errors of Read.
var (
	ErrTooLarge = fmt.Errorf("it has more than %d MiB", MaxSize>>20)
	ErrSARIF    = errors.New("it is SARIF, which holds no keys")
	ErrNoReport = errors.New("it is JSON, but not a report of qleaks, gitleaks or trufflehog")
	ErrBroken   = errors.New("it breaks off, or is not well formed")
)

// Options say how to read.
type Options struct {
	// Inspector says what looks like whose key.
	Inspector *inspect.Inspector
	// Provider is whose keys those are that nothing else says, by its name in
	// rules; "" leaves them out.
	Provider string
	// Name is the file's, "" for standard input.
	Name string
}

// Entry is one finding of a report.
type Entry struct {
	finding.Finding
	// Suppressed ones were not to be told of.
	Suppressed bool
}

// Reading is what a report holds.
type Reading struct {
	Format  Format
	Entries []Entry
	// Redacted counts the entries without their value.
	Redacted int
	// Skipped are the entries that cannot be used, and why. Redacted ones are
	// among them.
	Skipped []*source.ItemError
}

// Read reads a report. Of one that is not whole, it is an error.
func Read(r io.Reader, o Options) (Reading, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return Reading{}, err
	}
	if len(data) > MaxSize {
		return Reading{}, ErrTooLarge
	}
	x := &reader{o: o}
	text := bytes.TrimSpace(narrow(data))
	switch {
	case len(text) > 0 && (text[0] == '{' || text[0] == '['):
		err = x.json(text)
	default:
		x.Format = Plain
		x.plain(text)
	}
	return x.Reading, err
}

// narrow drops a byte order mark, and makes UTF-8 of UTF-16: that is what a
// shell of Windows writes.
func narrow(data []byte) []byte {
	order := func(high, low int) []byte {
		var units []uint16
		for i := 2; i+1 < len(data); i += 2 {
			units = append(units, uint16(data[i+high])<<8|uint16(data[i+low]))
		}
		return []byte(string(utf16.Decode(units)))
	}
	switch {
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}):
		return order(1, 0)
	case bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		return order(0, 1)
	}
	return bytes.TrimPrefix(data, []byte("\ufeff"))
}

type reader struct {
	Reading

	o Options
}

// shape is what tells the forms apart.
type shape struct {
	Schema   *string         `json:"schema"`
	Findings json.RawMessage `json:"findings"`
	Runs     json.RawMessage `json:"runs"`
	RuleID   *string
	Secret   *string
	Detector *string `json:"DetectorName"`
}

func (s shape) format() (Format, error) {
	switch {
	case s.Schema != nil && *s.Schema == ownSchema:
		return Qleaks, nil
	case s.Runs != nil:
		return "", ErrSARIF
	case s.Detector != nil:
		return Trufflehog, nil
	case s.RuleID != nil && s.Secret != nil:
		return Gitleaks, nil
	}
	return "", ErrNoReport
}

// json reads one document, an array of entries, or one entry after the other.
func (x *reader) json(text []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	if text[0] == '[' {
		if _, err := decoder.Token(); err != nil {
			return ErrBroken
		}
	}
	for n := 0; decoder.More(); n++ {
		var entry json.RawMessage
		if err := decoder.Decode(&entry); err != nil {
			return ErrBroken
		}
		if n == maxEntries {
			return fmt.Errorf("it has more than %d entries", maxEntries)
		}
		if n == 0 {
			var s shape
			if err := json.Unmarshal(entry, &s); err != nil {
				return ErrNoReport
			}
			var err error
			if x.Format, err = s.format(); err != nil {
				return err
			}
		}
		if err := x.entry(entry); err != nil {
			return err
		}
	}
	if text[0] == '[' {
		if x.Format == "" {
			x.Format = Gitleaks // which writes an empty list where there is nothing
		}
		if _, err := decoder.Token(); err != nil {
			return ErrBroken
		}
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return ErrBroken
	}
	return nil
}

func (x *reader) entry(entry json.RawMessage) error {
	switch x.Format {
	case Qleaks:
		return x.own(entry)
	case Gitleaks:
		return x.gitleaks(entry)
	default:
		return x.trufflehog(entry)
	}
}

// skip notes an entry that cannot be used.
func (x *reader) skip(path, reason string) {
	x.Skipped = append(x.Skipped, &source.ItemError{Path: path, Outcome: source.Unread, Reason: reason})
}

const (
	whyRedacted = "the report does not hold the key itself"
	whyWhose    = "nothing says whose key it is"
	whyUnlike   = "it does not look like a key of the provider that is named"
	whyNoRule   = "its rule is not known here"
)

// place is where an entry was found.
type place struct {
	path, repository string
	occurrence       finding.Occurrence
}

// add takes a value whose rule is known.
func (x *reader) add(rule *rules.Rule, sure rules.Confidence, evidence, value string, at place) {
	v := secret.New([]byte(value))
	f := finding.Finding{
		Rule: rule, Confidence: sure, Evidence: evidence, Standing: unverified(), Secret: v, Fingerprint: x.o.Inspector.Fingerprints.Of(v),
		Repository: at.repository, Path: at.path, Occurrences: []finding.Occurrence{at.occurrence},
	}
	f.ID = finding.Identify(x.o.Inspector.Fingerprints, f)
	x.Entries = append(x.Entries, Entry{Finding: f})
}

// attribute finds out whose key a value is: by a rule's name, by what stands
// around it, or by the operator's word.
func (x *reader) attribute(ruleID, value, around string, at place) {
	if len(value) < shortestKey || len(value) > longestKey || !printable(value) {
		x.skip(at.path, "it is no value that could be a key")
		return
	}
	if rule := x.o.Inspector.Rules.Rule(ruleID); rule != nil && fits(rule, value) {
		x.add(rule, rules.High, "named by the report", value, at)
		return
	}
	for _, text := range []string{around, value} {
		if f, ok := x.seen(text, value, at.path); ok {
			x.add(f.Rule, f.Confidence, f.Evidence, value, at)
			return
		}
	}
	if x.o.Provider == "" {
		x.skip(at.path, whyWhose)
		return
	}
	for _, rule := range x.o.Inspector.Rules.Rules() {
		if rule.Provider == x.o.Provider && fits(rule, value) {
			x.add(rule, rules.High, "named on the command line", value, at)
			return
		}
	}
	x.skip(at.path, whyUnlike)
}

// seen looks for a value in a text by the rules, and takes the surest finding.
func (x *reader) seen(text, value, path string) (surest finding.Finding, ok bool) {
	want := secret.New([]byte(value))
	for _, r := range x.o.Inspector.Inspect([]byte(text), path, inspect.Position{}).Records {
		f, reported := x.o.Inspector.Judge(r, source.Origin{Path: path})
		if reported && f.Secret.Equal(want) && (!ok || f.Confidence > surest.Confidence) {
			surest, ok = f, true
		}
	}
	return surest, ok
}

func printable(value string) bool {
	for i := range len(value) {
		if value[i] <= ' ' || value[i] > '~' {
			return false
		}
	}
	return true
}
