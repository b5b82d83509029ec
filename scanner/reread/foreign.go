package reread

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/source"
)

// gitleaksEntry is a finding of gitleaks, by the names of its JSON report.
type gitleaksEntry struct {
	RuleID      string
	StartLine   int
	EndLine     int
	StartColumn int
	EndColumn   int
	Match       string
	Secret      string
	File        string
	Commit      string
	Author      string
	Email       string
	Date        string
}

func (x *reader) gitleaks(entry json.RawMessage) error {
	var e gitleaksEntry
	if err := json.Unmarshal(entry, &e); err != nil {
		return ErrBroken
	}
	// gitleaks writes REDACTED, or a part of the secret and three dots.
	if e.Secret == "" || e.Secret == "REDACTED" || strings.HasSuffix(e.Secret, "...") {
		x.Redacted++
		x.skip(e.File, whyRedacted)
		return nil
	}
	o := finding.Occurrence{Place: source.File, Location: finding.Location{
		Path: e.File, Line: e.StartLine, Column: e.StartColumn, EndLine: e.EndLine, EndColumn: e.EndColumn + 1,
	}}
	if e.Commit != "" {
		date, _ := time.Parse(time.RFC3339, e.Date) // one that is not told is zero
		o.Place, o.Git = source.Blob, &finding.Git{Commit: e.Commit, Author: e.Author, Email: e.Email, Date: date}
	}
	x.attribute(e.RuleID, e.Secret, e.Match, place{path: e.File, occurrence: o})
	return nil
}

// trufflehogEntry is a result of trufflehog.
type trufflehogEntry struct {
	SourceMetadata struct {
		// Data has one member, by the kind of source.
		Data map[string]json.RawMessage
	}
	DetectorName string
	Raw          string
	Redacted     string
}

// trufflehogPlace is what most kinds of sources tell.
type trufflehogPlace struct {
	Commit     string `json:"commit"`
	File       string `json:"file"`
	Email      string `json:"email"`
	Repository string `json:"repository"`
	Timestamp  string `json:"timestamp"`
	Line       int    `json:"line"`
}

// detectors are those of trufflehog's that are one of our rules.
func detectors() map[string]string {
	return map[string]string{"IbmCloudUserKey": "ibm-cloud-api-key"}
}

func (x *reader) trufflehog(entry json.RawMessage) error {
	var e trufflehogEntry
	if err := json.Unmarshal(entry, &e); err != nil {
		return ErrBroken
	}
	var p trufflehogPlace
	for _, data := range e.SourceMetadata.Data {
		if json.Unmarshal(data, &p) != nil {
			p = trufflehogPlace{} // a kind of source that tells it otherwise
		}
	}
	if e.Raw == "" {
		x.Redacted++
		x.skip(p.File, whyRedacted)
		return nil
	}
	o := finding.Occurrence{Place: source.File, Location: finding.Location{Path: p.File, Line: p.Line, EndLine: p.Line}}
	if p.Commit != "" {
		date, _ := time.Parse("2006-01-02 15:04:05 -0700", p.Timestamp) // one that is not told is zero
		o.Place, o.Git = source.Blob, &finding.Git{Commit: p.Commit, Email: p.Email, Date: date}
	}
	x.attribute(detectors()[e.DetectorName], e.Raw, e.Raw, place{path: p.File, repository: p.Repository, occurrence: o})
	return nil
}
