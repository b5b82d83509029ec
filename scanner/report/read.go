package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/source"
)

// ErrNoReport says that a text is no report in the json format.
var ErrNoReport = errors.New("it is no report that qleaks scan --json wrote")

// The part of the json format that is read again. What a newer version adds is
// passed over.
type (
	readDocument struct {
		Schema   string        `json:"schema"`
		Findings []readFinding `json:"findings"`
		Alerts   []alertRecord `json:"alerts"`
		Coverage struct {
			Interrupted bool           `json:"interrupted"`
			Unread      int64          `json:"unread"`
			Excluded    int64          `json:"excluded"`
			Reasons     []reasonRecord `json:"reasons"`
			Skipped     []skipRecord   `json:"skipped"`
		} `json:"coverage"`
	}
	readFinding struct {
		kindRecord
		readVerdict
		Repository  string           `json:"repository"`
		Path        string           `json:"path"`
		Occurrences []readOccurrence `json:"occurrences"`
	}
	readVerdict struct {
		Confidence  rules.Confidence   `json:"confidence"`
		Status      key.Status         `json:"status"`
		Stored      bool               `json:"stored"`
		Fingerprint secret.Fingerprint `json:"fingerprint"`
		Evidence    string             `json:"evidence"`
		Expires     time.Time          `json:"expires"`
		Check       *readCheck         `json:"verification"`
	}
	readCheck struct {
		Provider string       `json:"provider"`
		Account  string       `json:"account"`
		Withheld bool         `json:"withheld"`
		Reason   string       `json:"reason"`
		Evidence key.Evidence `json:"evidence"`
		Key      key.Key      `json:"key"`
		Reach    *key.Reach   `json:"reach"`
	}
	readOccurrence struct {
		Place    source.Place   `json:"place"`
		Location locationRecord `json:"location"`
		Git      *readGit       `json:"git"`
		Access   *accessRecord  `json:"access"`
		URL      string         `json:"url"`
	}
	readGit struct {
		gitRecord
		Date time.Time `json:"date"`
	}
)

// Read reads a report in the json format back. The findings have no material,
// and of their rules only what a report tells; what a report leaves out is zero.
func Read(data []byte) (finding.Result, error) {
	var d readDocument
	if err := json.Unmarshal(data, &d); err != nil || d.Schema != findingsSchema {
		return finding.Result{}, ErrNoReport
	}
	r := finding.Result{Coverage: finding.Coverage{
		Interrupted: d.Coverage.Interrupted, Complete: !d.Coverage.Interrupted && d.Coverage.Unread == 0,
		Unread: d.Coverage.Unread, Excluded: d.Coverage.Excluded,
	}}
	for _, s := range d.Coverage.Skipped {
		r.Coverage.Skipped = append(r.Coverage.Skipped, finding.Skip{Path: s.Path, Outcome: source.Outcome(s.Outcome), Reason: s.Reason})
	}
	for _, s := range d.Coverage.Reasons {
		r.Coverage.Reasons = append(r.Coverage.Reasons, finding.Reason{Outcome: source.Outcome(s.Outcome), Reason: s.Reason, Count: s.Count})
	}
	for i, f := range d.Findings {
		if f.ID == "" || f.Rule == "" || f.Fingerprint == "" || len(f.Occurrences) == 0 {
			return finding.Result{}, fmt.Errorf("%w: finding number %d says too little", ErrNoReport, i+1)
		}
		r.Findings = append(r.Findings, f.finding())
	}
	for _, a := range d.Alerts {
		r.Alerts = append(r.Alerts, a.alert())
	}
	return r, nil
}

func (f readFinding) finding() finding.Finding {
	if f.Status != key.Active && f.Status != key.Inactive {
		f.Status = key.Unknown
	}
	out := finding.Finding{
		ID: f.ID, Rule: &rules.Rule{ID: f.Rule, Provider: f.Provider, Title: f.Title, Severity: rules.Severity(f.Severity)},
		Confidence: f.Confidence, Standing: finding.Standing{Status: f.Status, Check: f.Check.check(f.Status)}, Fingerprint: f.Fingerprint,
		Evidence: f.Evidence, Expires: f.Expires, Stored: f.Stored, Repository: f.Repository, Path: f.Path,
	}
	for _, o := range f.Occurrences {
		out.Occurrences = append(out.Occurrences, o.occurrence())
	}
	return out
}

// check is nil where nobody was to be asked.
func (c *readCheck) check(status key.Status) *finding.Check {
	if c == nil {
		return nil
	}
	check := &finding.Check{Provider: c.Provider, Account: c.Account, Withheld: c.Withheld, Verdict: key.Verdict{Status: status, Reason: c.Reason, Evidence: c.Evidence, Key: c.Key}}
	if c.Reach != nil {
		check.Known = &key.Description{Key: c.Key, Reach: *c.Reach}
	}
	return check
}

func (o readOccurrence) occurrence() finding.Occurrence {
	l := o.Location
	out := finding.Occurrence{Place: o.Place, URL: o.URL, Location: finding.Location{
		Path: l.Path, Line: l.Line, Column: l.Column, EndLine: l.EndLine, EndColumn: l.EndColumn, Way: l.Decoded,
	}}
	if l.Notebook != nil {
		out.Location.Notebook = &finding.Cell{Cell: l.Notebook.Cell, Part: l.Notebook.Part, Line: l.Notebook.Line}
	}
	if l.Archive != nil {
		out.Location.Member = l.Archive.Member
	}
	if g := o.Git; g != nil {
		out.Git = &finding.Git{
			Object: g.Object, Commit: g.Commit, Author: g.Author, Email: g.Email, Date: g.Date, Refs: g.Refs, MoreRefs: g.MoreRefs, Reach: finding.Reach(g.Reach),
		}
	}
	if a := o.Access; a != nil && slices.Contains([]source.Readers{source.OnlyOwner, source.GroupToo, source.Everybody}, source.Readers(a.Readers)) {
		if mode, err := strconv.ParseUint(a.Mode, 8, 32); err == nil {
			out.Access = source.Access{Mode: fs.FileMode(mode).Perm(), Readers: source.Readers(a.Readers), Store: a.Store}
		}
	}
	return out
}
