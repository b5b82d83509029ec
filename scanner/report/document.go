package report

import (
	"fmt"
	"time"

	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/source"
)

// findingsSchema names the form of the json and jsonl formats. It changes when
// a reader of the old form could misunderstand the new one.
const findingsSchema = "qleaks.findings/1"

// document is the whole of the json format; see schema/findings.schema.json
// for what the fields mean.
type document struct {
	Schema     string           `json:"schema"`
	Findings   []findingRecord  `json:"findings"`
	Suppressed []suppressRecord `json:"suppressed"`
	// Alerts are those of GitHub, where it was asked.
	Alerts   []alertRecord  `json:"alerts,omitempty"`
	Coverage coverageRecord `json:"coverage"`
	Summary  summaryRecord  `json:"summary"`
	// Remediation is what became of the keys, as docs/remediation.md tells.
	Remediation any `json:"remediation,omitempty"`
}

type findingRecord struct {
	Type string `json:"type,omitempty"`
	kindRecord
	verdictRecord
	placeRecord
	Occurrences []occurrenceRecord `json:"occurrences"`
}

type kindRecord struct {
	ID       string `json:"id"`
	Rule     string `json:"rule"`
	Provider string `json:"provider"`
	Title    string `json:"title"`
	Severity string `json:"severity"`
}

type verdictRecord struct {
	Confidence  string `json:"confidence"`
	Status      string `json:"status"`
	Stored      bool   `json:"stored"`
	Fingerprint string `json:"fingerprint"`
	Evidence    string `json:"evidence"`
	Expires     string `json:"expires,omitempty"`
	Redacted    string `json:"redacted"`
	Secret      string `json:"secret,omitempty"`
	// Verification is nil where nobody was to be asked.
	Verification *verificationRecord `json:"verification,omitempty"`
}

type placeRecord struct {
	Repository string         `json:"repository"`
	Path       string         `json:"path"`
	Location   locationRecord `json:"location"`
	Git        *gitRecord     `json:"git,omitempty"`
}

type occurrenceRecord struct {
	Place    string         `json:"place"`
	Location locationRecord `json:"location"`
	Git      *gitRecord     `json:"git,omitempty"`
	Access   *accessRecord  `json:"access,omitempty"`
	URL      string         `json:"url,omitempty"`
}

type accessRecord struct {
	Mode    string `json:"mode"`
	Readers string `json:"readers"`
	Store   bool   `json:"store"`
}

type locationRecord struct {
	Path      string          `json:"path"`
	Line      int             `json:"line"`
	Column    int             `json:"column"`
	EndLine   int             `json:"endLine"`
	EndColumn int             `json:"endColumn"`
	Notebook  *notebookRecord `json:"notebook,omitempty"`
	Archive   *archiveRecord  `json:"archive,omitempty"`
	Decoded   []string        `json:"decoded,omitempty"`
}

type notebookRecord struct {
	Cell int    `json:"cell"`
	Part string `json:"part"`
	Line int    `json:"line"`
}

type archiveRecord struct {
	Member string `json:"member"`
}

type gitRecord struct {
	Object   string   `json:"object,omitempty"`
	Commit   string   `json:"commit,omitempty"`
	Author   string   `json:"author,omitempty"`
	Email    string   `json:"email,omitempty"`
	Date     string   `json:"date,omitempty"`
	Refs     []string `json:"refs"`
	MoreRefs int      `json:"moreRefs"`
	Reach    string   `json:"reach,omitempty"`
}

type suppressRecord struct {
	By      string        `json:"by"`
	Reason  string        `json:"reason,omitempty"`
	Owner   string        `json:"owner,omitempty"`
	Until   string        `json:"until,omitempty"`
	Finding findingRecord `json:"finding"`
}

type coverageRecord struct {
	Complete    bool `json:"complete"`
	Interrupted bool `json:"interrupted"`
	Strict      bool `json:"strict"`
	numbersRecord
	Unread   int64          `json:"unread"`
	Excluded int64          `json:"excluded"`
	Reasons  []reasonRecord `json:"reasons"`
	Skipped  []skipRecord   `json:"skipped"`
	Unlisted int64          `json:"unlisted"`
}

type numbersRecord struct {
	Files   int64 `json:"files"`
	Objects int64 `json:"objects"`
	Blobs   int64 `json:"blobs"`
	Bytes   int64 `json:"bytes"`
	Images  int64 `json:"images"`
}

type reasonRecord struct {
	Outcome string `json:"outcome"`
	Reason  string `json:"reason"`
	Count   int64  `json:"count"`
}

type skipRecord struct {
	Path    string `json:"path"`
	Outcome string `json:"outcome"`
	Reason  string `json:"reason"`
}

type summaryRecord struct {
	Findings int `json:"findings"`
	Keys     int `json:"keys"`
	Places   int `json:"places"`
	High     int `json:"high"`
	Medium   int `json:"medium"`
	Low      int `json:"low"`
	Stored   int `json:"stored"`
	verifiedRecord
	Below      int `json:"below"`
	Suppressed int `json:"suppressed"`
}

type verifiedRecord struct {
	Active     int `json:"active"`
	Inactive   int `json:"inactive"`
	Unanswered int `json:"unanswered"`
	Withheld   int `json:"withheld"`
}

func newSummaryRecord(s finding.Summary) summaryRecord {
	return summaryRecord{
		Findings: s.Findings, Keys: s.Keys, Places: s.Places, High: s.High, Medium: s.Medium, Low: s.Low, Stored: s.Stored,
		verifiedRecord: verifiedRecord(s.Verified), Below: s.Below, Suppressed: s.Suppressed,
	}
}

func newDocument(r finding.Result, o Options) document {
	d := document{
		Schema:     findingsSchema,
		Findings:   []findingRecord{},
		Suppressed: []suppressRecord{},
		Coverage:   newCoverageRecord(r.Coverage),
		Summary:    newSummaryRecord(finding.Summarize(r)),

		Remediation: o.Remediation,
		Alerts:      newAlertRecords(r.Alerts),
	}
	for _, f := range r.Findings {
		d.Findings = append(d.Findings, newFindingRecord(f, o))
	}
	for _, s := range r.Suppressed {
		d.Suppressed = append(d.Suppressed, newSuppressRecord(s, o))
	}
	return d
}

// expiry is when the key ends by its own word, "" if it says nothing. Reports
// give the time and leave to the reader whether it is over: equal scans must
// make equal reports, whatever the clock says.
func expiry(f finding.Finding) string {
	if f.Expires.IsZero() {
		return ""
	}
	return f.Expires.UTC().Format(time.RFC3339)
}

func newFindingRecord(f finding.Finding, o Options) findingRecord {
	record := findingRecord{
		kindRecord: kindRecord{
			ID: f.ID, Rule: f.Rule.ID, Provider: f.Rule.Provider, Title: f.Rule.Title,
			Severity: string(f.Rule.Severity),
		},
		verdictRecord: verdictRecord{
			Confidence: f.Confidence.String(), Status: string(f.Status), Stored: f.Stored,
			Fingerprint: string(f.Fingerprint), Evidence: f.Evidence, Expires: expiry(f), Redacted: redacted(f), Secret: shown(f, o),
			Verification: newVerificationRecord(f.Check),
		},
	}
	for _, o := range f.Occurrences {
		record.Occurrences = append(record.Occurrences, occurrenceRecord{
			Place: string(o.Place), Location: newLocationRecord(o.Location), Git: newGitRecord(o.Git), Access: newAccessRecord(o.Access), URL: o.URL,
		})
	}
	first := record.Occurrences[0]
	record.placeRecord = placeRecord{
		Repository: f.Repository, Path: f.Path, Location: first.Location, Git: first.Git,
	}
	return record
}

// newAccessRecord is nil where nothing is known.
func newAccessRecord(a source.Access) *accessRecord {
	if a.Readers == source.NotTold {
		return nil
	}
	return &accessRecord{Mode: fmt.Sprintf("%04o", a.Mode), Readers: string(a.Readers), Store: a.Store}
}

func newLocationRecord(l finding.Location) locationRecord {
	record := locationRecord{
		Path: l.Path, Line: l.Line, Column: l.Column, EndLine: l.EndLine, EndColumn: l.EndColumn, Decoded: l.Way,
	}
	if l.Notebook != nil {
		record.Notebook = &notebookRecord{Cell: l.Notebook.Cell, Part: l.Notebook.Part, Line: l.Notebook.Line}
	}
	if l.Member != "" {
		record.Archive = &archiveRecord{Member: l.Member}
	}
	return record
}

func newGitRecord(g *finding.Git) *gitRecord {
	if g == nil {
		return nil
	}
	return &gitRecord{
		Object: g.Object, Commit: g.Commit, Author: g.Author, Email: g.Email, Date: instant(g.Date),
		Refs: append([]string{}, g.Refs...), MoreRefs: g.MoreRefs, Reach: string(g.Reach),
	}
}

// instant writes a time as RFC 3339 in UTC; a zero time, or one that RFC 3339
// has no form for, is "". A commit may claim any date.
func instant(t time.Time) string {
	if t = t.UTC(); t.IsZero() || t.Year() < 0 || t.Year() > 9999 {
		return ""
	}
	return t.Format(time.RFC3339)
}

func newSuppressRecord(s finding.Suppression, o Options) suppressRecord {
	return suppressRecord{
		By: string(s.By), Reason: s.Reason, Owner: s.Owner, Until: s.Until, Finding: newFindingRecord(s.Finding, o),
	}
}

func newCoverageRecord(c finding.Coverage) coverageRecord {
	record := coverageRecord{
		Complete: c.Complete, Interrupted: c.Interrupted, Strict: c.Strict,
		numbersRecord: numbersRecord{
			Files: c.Files, Objects: c.Objects, Blobs: c.Blobs, Bytes: c.Bytes, Images: c.Images,
		},
		Unread: c.Unread, Excluded: c.Excluded, Unlisted: c.Unlisted(),
		Reasons: []reasonRecord{}, Skipped: []skipRecord{},
	}
	for _, r := range c.Reasons {
		record.Reasons = append(record.Reasons, reasonRecord{string(r.Outcome), r.Reason, r.Count})
	}
	for _, s := range c.Skipped {
		record.Skipped = append(record.Skipped, skipRecord{s.Path, string(outcomeOf(s)), s.Reason})
	}
	return record
}

// outcomeOf reads an outcome that nobody set as the worse one.
func outcomeOf(s finding.Skip) source.Outcome {
	if s.Outcome == source.Excluded {
		return source.Excluded
	}
	return source.Unread
}
