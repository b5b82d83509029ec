package report

import (
	"slices"

	"github.com/qleaks/qleaks/scanner/finding"
)

// prepare returns a copy of the result in which no text holds material, unless
// the options ask for it.
func prepare(r finding.Result, o Options) finding.Result {
	holders := slices.Clone(r.Findings)
	for _, s := range r.Suppressed {
		holders = append(holders, s.Finding)
	}
	return mapResult(r, masking(holders, o))
}

// Masked returns a copy of a result in which no text holds the material of its
// findings: people name files after keys, and commit as them. The function does
// the same to other texts.
func Masked(r finding.Result) (finding.Result, func(string) string) {
	holders := slices.Clone(r.Findings)
	for _, s := range r.Suppressed {
		holders = append(holders, s.Finding)
	}
	mask := masking(holders, Options{})
	return mapResult(r, mask), mask
}

// mapResult returns a copy of the result with every text that comes from
// scanned content, or from an ignore, put through change.
func mapResult(r finding.Result, change func(string) string) finding.Result {
	r.Findings = slices.Clone(r.Findings)
	for i, f := range r.Findings {
		r.Findings[i] = mapFinding(f, change)
	}
	r.Suppressed = slices.Clone(r.Suppressed)
	for i := range r.Suppressed {
		s := &r.Suppressed[i]
		s.Finding = mapFinding(s.Finding, change)
		s.Reason, s.Owner, s.Until = change(s.Reason), change(s.Owner), change(s.Until)
	}
	r.Alerts = slices.Clone(r.Alerts)
	for i := range r.Alerts {
		a := &r.Alerts[i]
		a.Repository, a.Title, a.Places = change(a.Repository), change(a.Title), slices.Clone(a.Places)
		for j := range a.Places {
			a.Places[j].Path, a.Places[j].Page = change(a.Places[j].Path), change(a.Places[j].Page)
		}
	}
	r.Coverage = mapCoverage(r.Coverage, change)
	return r
}

func mapCoverage(c finding.Coverage, change func(string) string) finding.Coverage {
	c.Skipped = slices.Clone(c.Skipped)
	for i := range c.Skipped {
		s := &c.Skipped[i]
		s.Path, s.Reason = change(s.Path), change(s.Reason)
	}
	c.Reasons = slices.Clone(c.Reasons)
	for i := range c.Reasons {
		c.Reasons[i].Reason = change(c.Reasons[i].Reason)
	}
	return c
}

func mapFinding(f finding.Finding, change func(string) string) finding.Finding {
	f.Evidence = change(f.Evidence)
	f.Check = mapCheck(f.Check, change)
	f.Repository = change(f.Repository)
	f.Path = change(f.Path)
	f.Occurrences = slices.Clone(f.Occurrences)
	for i := range f.Occurrences {
		o := &f.Occurrences[i]
		o.Location = mapLocation(o.Location, change)
		if o.Git != nil {
			o.Git = mapGit(*o.Git, change)
		}
	}
	return f
}

func mapLocation(l finding.Location, change func(string) string) finding.Location {
	l.Path, l.Member = change(l.Path), change(l.Member)
	l.Way = mapAll(l.Way, change)
	if l.Notebook != nil {
		cell := *l.Notebook
		cell.Part = change(cell.Part)
		l.Notebook = &cell
	}
	return l
}

func mapGit(g finding.Git, change func(string) string) *finding.Git {
	g.Object, g.Commit = change(g.Object), change(g.Commit)
	g.Author, g.Email = change(g.Author), change(g.Email)
	g.Refs = mapAll(g.Refs, change)
	return &g
}

func mapAll(texts []string, change func(string) string) []string {
	texts = slices.Clone(texts)
	for i := range texts {
		texts[i] = change(texts[i])
	}
	return texts
}
