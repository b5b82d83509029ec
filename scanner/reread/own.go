package reread

import (
	"encoding/json"
	"time"

	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/source"
)

// ownSchema is the form of qleaks' reports that is read.
const ownSchema = "qleaks.findings/1"

// ownLine is a whole report, or a line of one as jsonl.
type ownLine struct {
	Type       string          `json:"type"`
	Findings   []ownFinding    `json:"findings"`
	Suppressed []ownSuppressed `json:"suppressed"`
	Finding    *ownFinding     `json:"finding"`
	ownFinding
}

type ownSuppressed struct {
	Finding ownFinding `json:"finding"`
}

type ownFinding struct {
	Rule        string          `json:"rule"`
	Confidence  string          `json:"confidence"`
	Stored      bool            `json:"stored"`
	Evidence    string          `json:"evidence"`
	Expires     time.Time       `json:"expires"`
	Secret      string          `json:"secret"`
	Repository  string          `json:"repository"`
	Path        string          `json:"path"`
	Occurrences []ownOccurrence `json:"occurrences"`
}

type ownOccurrence struct {
	Place    string      `json:"place"`
	Location ownLocation `json:"location"`
	Git      *ownGit     `json:"git"`
}

type ownLocation struct {
	Path      string   `json:"path"`
	Line      int      `json:"line"`
	Column    int      `json:"column"`
	EndLine   int      `json:"endLine"`
	EndColumn int      `json:"endColumn"`
	Decoded   []string `json:"decoded"`
	Archive   *struct {
		Member string `json:"member"`
	} `json:"archive"`
	Notebook *struct {
		Cell int    `json:"cell"`
		Part string `json:"part"`
		Line int    `json:"line"`
	} `json:"notebook"`
}

type ownGit struct {
	Object   string    `json:"object"`
	Commit   string    `json:"commit"`
	Author   string    `json:"author"`
	Email    string    `json:"email"`
	Date     time.Time `json:"date"`
	Refs     []string  `json:"refs"`
	MoreRefs int       `json:"moreRefs"`
	Reach    string    `json:"reach"`
}

// own reads a report of qleaks, or a line of one.
func (x *reader) own(entry json.RawMessage) error {
	var line ownLine
	if err := json.Unmarshal(entry, &line); err != nil {
		return ErrBroken
	}
	switch line.Type {
	case "":
		for _, f := range line.Findings {
			x.ownFinding(f, false)
		}
		for _, s := range line.Suppressed {
			x.ownFinding(s.Finding, true)
		}
	case "finding":
		x.ownFinding(line.ownFinding, false)
	case "suppressed":
		if line.Finding != nil {
			x.ownFinding(*line.Finding, true)
		}
	}
	return nil
}

func (x *reader) ownFinding(f ownFinding, suppressed bool) {
	if f.Secret == "" {
		x.Redacted++
		x.skip(f.Path, whyRedacted)
		return
	}
	rule := x.o.Inspector.Rules.Rule(f.Rule)
	switch {
	case rule == nil:
		x.skip(f.Path, whyNoRule)
		return
	case !fits(rule, f.Secret) || !printable(f.Secret) || len(f.Occurrences) == 0:
		x.skip(f.Path, whyUnlike)
		return
	}
	x.add(rule, confidence(f.Confidence), f.Evidence, f.Secret, place{path: f.Path, repository: f.Repository})
	e := &x.Entries[len(x.Entries)-1]
	e.Stored, e.Expires, e.Suppressed = f.Stored, f.Expires, suppressed
	e.Occurrences = nil
	for _, o := range f.Occurrences {
		e.Occurrences = append(e.Occurrences, o.occurrence())
	}
}

// confidence reads a word; one that is none is the lowest.
func confidence(word string) rules.Confidence {
	for _, c := range []rules.Confidence{rules.High, rules.Medium} {
		if c.String() == word {
			return c
		}
	}
	return rules.Low
}

func (o ownOccurrence) occurrence() finding.Occurrence {
	l := o.Location
	made := finding.Occurrence{Place: knownPlace(o.Place), Location: finding.Location{
		Path: l.Path, Line: l.Line, Column: l.Column, EndLine: l.EndLine, EndColumn: l.EndColumn, Way: l.Decoded,
	}}
	if l.Archive != nil {
		made.Location.Member = l.Archive.Member
	}
	if n := l.Notebook; n != nil {
		made.Location.Notebook = &finding.Cell{Cell: n.Cell, Part: n.Part, Line: n.Line}
	}
	if g := o.Git; g != nil {
		made.Git = &finding.Git{
			Object: g.Object, Commit: g.Commit, Author: g.Author, Email: g.Email, Date: g.Date,
			Refs: g.Refs[:min(len(g.Refs), finding.MaxRefs)], MoreRefs: max(g.MoreRefs, 0), Reach: finding.Reach(g.Reach),
		}
	}
	return made
}

// knownPlace reads a place; one that is none is a file.
func knownPlace(word string) source.Place {
	for _, p := range []source.Place{
		source.Stdin, source.Blob, source.CommitMessage, source.TagMessage, source.Note, source.Staged, source.Reflog, source.GitConfig,
		source.UserEnvironment, source.SystemEnvironment,
	} {
		if string(p) == word {
			return p
		}
	}
	return source.File
}
