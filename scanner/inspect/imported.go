package inspect

import (
	"context"
	"slices"

	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/rules/gitleaks"
	"github.com/qleaks/qleaks/scanner/decode"
)

// Imported are the rules that people wrote for gitleaks. They have no width:
// what they find can depend on any byte of the content, so content is always
// inspected as a whole with them.
type Imported struct {
	set   *gitleaks.Set
	rules map[*gitleaks.Rule]*rules.Rule
}

// importedRank lets a rule of our own report what both find.
const importedRank = -10

// NewImported makes rules of a set fit for findings.
func NewImported(set *gitleaks.Set) *Imported {
	x := &Imported{set: set, rules: map[*gitleaks.Rule]*rules.Rule{}}
	for _, r := range set.Rules() {
		title := r.Description
		if title == "" {
			title = r.ID
		}
		x.rules[r] = &rules.Rule{
			ID: r.ID, Provider: "other", Title: title, Description: title, Severity: rules.SeverityMedium,
			Fix: "Revoke it where it was issued, and take it out of the text.", Rank: importedRank,
		}
	}
	return x
}

// has reports whether a rule is among them; none is in nil.
func (x *Imported) has(rule string) bool {
	return x != nil && slices.ContainsFunc(x.set.Rules(), func(r *gitleaks.Rule) bool { return r.ID == rule })
}

// importedMatch is what an imported rule found.
type importedMatch struct {
	gitleaks.Finding
}

// imported adds what imported rules find in a view.
func (s *sighting) imported(view decode.View) {
	if s.Imported == nil || view.Focus.To > view.Focus.From {
		return
	}
	fragment := gitleaks.Fragment{Text: view.Text, Anywhere: true}
	for _, f := range s.Imported.set.Detect(context.Background(), fragment, gitleaks.Options{}) {
		rule := s.Imported.rules[f.Rule]
		p := s.place(view, rules.Match{Rule: rule, Start: f.Start, End: f.End})
		p.Secret = f.Secret
		p.marked = p.marked || f.Marked
		p.imported = &importedMatch{f}
		s.ruler(view, p.start).span(p.start, p.end, &p.Location)
		s.found.add(seen{rule: rule.ID, member: view.Member, fingerprint: s.Fingerprints.Of(p.Secret)}, p)
	}
}

// judgeImported decides about the match of an imported rule.
func (x *Inspector) judgeImported(r Record, path string) (rules.Verdict, bool) {
	return rules.Verdict{Confidence: rules.Medium, Evidence: "pattern"}, x.Imported.set.In(r.imported.Finding, path)
}
