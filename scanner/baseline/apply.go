package baseline

import (
	"slices"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/source"
)

// Say is what somebody says about findings: the operator about all of them, or
// the owners of a root about those in it.
type Say struct {
	ignores []Ignore
	known   []Known
	byID    map[string]Ignore
	isKnown map[knownKey]bool
	expired []Ignore
	// saw holds the IDs of the findings in the root; nil means all there are.
	saw map[string]bool
	// outer speaks for the root as well; nil for most.
	outer *Say
}

// NewSay returns what the operator says, which is about every finding. The
// list may be nil. Entries whose day is over at that time say nothing more.
func NewSay(ignores []Ignore, known *List, now time.Time) *Say {
	s := &Say{ignores: ignores, byID: map[string]Ignore{}, isKnown: map[knownKey]bool{}}
	for _, i := range ignores {
		if i.Until.Over(now) {
			s.expired = append(s.expired, i)
		} else {
			s.byID[i.ID] = i
		}
	}
	if known != nil {
		s.known = known.Keys
	}
	for _, k := range s.known {
		s.isKnown[k.key()] = true
	}
	return s
}

// NewRootSay is NewSay for the owners of a root: it is about the findings that
// See is told of, and about those of roots within.
func NewRootSay(ignores []Ignore, known *List, now time.Time) *Say {
	s := NewSay(ignores, known, now)
	s.saw = map[string]bool{}
	return s
}

// See tells of a finding in the root.
func (s *Say) See(id string) { s.saw[id] = true }

// Within tells that the root lies in another one, such as a submodule, whose
// owners can speak for it.
func (s *Say) Within(outer *Say) { s.outer = outer }

// suppresses says what a finding is suppressed by, if it is.
func (s *Say) suppresses(f finding.Finding) (finding.Suppression, bool) {
	for ; s != nil; s = s.outer {
		if by, ok := s.lists(f); ok {
			return by, true
		}
	}
	return finding.Suppression{}, false
}

// lists looks for a finding in what is said here.
func (s *Say) lists(f finding.Finding) (finding.Suppression, bool) {
	if i, ok := s.byID[f.ID]; ok {
		return finding.Suppression{
			Finding: f, By: finding.SuppressedByIgnore, Reason: i.Reason, Owner: i.Owner, Until: i.Until.String(),
		}, true
	}
	if s.isKnown[keyOf(f)] {
		return finding.Suppression{Finding: f, By: finding.SuppressedByBaseline}, true
	}
	return finding.Suppression{}, false
}

// Findings are those of a scan.
type Findings struct {
	// Reported are to be judged.
	Reported []finding.Finding
	// Excluded are not reported anyway, for their path. What is said of them is
	// not unused.
	Excluded []finding.Finding
}

// Outcome is what ignores, baselines and marks did to the findings of a scan.
type Outcome struct {
	// Kept are the findings to report, Suppressed the others; both keep their
	// order.
	Kept       []finding.Finding
	Suppressed []finding.Suppression
	// Refused are kept although something suppresses them: their key works.
	Refused []finding.Finding
	// Expired are the entries whose day is over, Unused those whose finding
	// the scan did not see. An entry may be both; it is then only Expired.
	Expired []Ignore
	Unused  []Ignore
	// Missing are the keys of baselines that the scan did not see.
	Missing []Known
}

// Apply takes the suppressed findings out. What the operator says suffices; of
// the roots, all that hold a finding must say it, since none has a say about
// another. A finding whose key is known to be active is never taken out. Marks
// count as the findings' occurrences have them: clear those of content that has
// no say (see ClearMark).
func Apply(findings Findings, operator *Say, roots []*Say) Outcome {
	var out Outcome
	for _, f := range findings.Reported {
		s, ok := suppression(f, operator, roots)
		switch {
		case !ok:
			out.Kept = append(out.Kept, f)
		case f.Status == key.Active:
			out.Kept = append(out.Kept, f)
			out.Refused = append(out.Refused, f)
		default:
			out.Suppressed = append(out.Suppressed, s)
		}
	}
	all := slices.Concat(findings.Reported, findings.Excluded)
	operator.audit(all, &out)
	for _, s := range roots {
		if len(s.ignores)+len(s.known) > 0 {
			s.audit(s.itsOwn(all, roots), &out)
		}
	}
	return out
}

// Keeps reports whether Apply would keep a finding, by what is known so far.
func Keeps(f finding.Finding, operator *Say, roots []*Say) bool {
	_, ok := suppression(f, operator, roots)
	return !ok || f.Status == key.Active
}

// itsOwn are the findings in the root, and in the roots that lie within it.
func (s *Say) itsOwn(all []finding.Finding, roots []*Say) []finding.Finding {
	inner := slices.DeleteFunc(slices.Clone(roots), func(root *Say) bool { return !root.isWithin(s) })
	return slices.DeleteFunc(slices.Clone(all), func(f finding.Finding) bool {
		return !slices.ContainsFunc(inner, func(root *Say) bool { return root.saw[f.ID] })
	})
}

// isWithin reports whether a root is another, or lies within it.
func (s *Say) isWithin(other *Say) bool {
	for ; s != nil; s = s.outer {
		if s == other {
			return true
		}
	}
	return false
}

// suppression says what suppresses a finding, if anything does.
func suppression(f finding.Finding, operator *Say, roots []*Say) (finding.Suppression, bool) {
	if s, ok := operator.suppresses(f); ok {
		return s, true
	}
	if s, ok := unanimous(f, roots); ok {
		return s, true
	}
	if isMarked(f) {
		return finding.Suppression{Finding: f, By: finding.SuppressedByMark}, true
	}
	return finding.Suppression{}, false
}

// unanimous is the first of what the roots that hold a finding say, if each of
// them suppresses it.
func unanimous(f finding.Finding, roots []*Say) (finding.Suppression, bool) {
	var first finding.Suppression
	said := false
	for _, root := range roots {
		if !root.saw[f.ID] {
			continue
		}
		s, ok := root.suppresses(f)
		if !ok {
			return finding.Suppression{}, false
		}
		if !said {
			first, said = s, true
		}
	}
	return first, said
}

// audit adds the entries that say nothing any more of the findings that this
// is about.
func (s *Say) audit(about []finding.Finding, out *Outcome) {
	out.Expired = append(out.Expired, s.expired...)
	ids, keys := map[string]bool{}, map[knownKey]bool{}
	for _, f := range about {
		ids[f.ID], keys[keyOf(f)] = true, true
	}
	for _, i := range s.ignores {
		if _, holds := s.byID[i.ID]; holds && !ids[i.ID] {
			out.Unused = append(out.Unused, i)
		}
	}
	for _, k := range s.known {
		if !keys[k.key()] {
			out.Missing = append(out.Missing, k)
		}
	}
}

// isMarked reports whether the marks speak for the whole finding. Where the
// key still stands in files, all those places must be marked; what history
// held before the mark was written does not count then. A key that only
// history holds must be marked in every version.
func isMarked(f finding.Finding) bool {
	current, all := 0, true
	for _, o := range f.Occurrences {
		if o.Place != source.File && o.Place != source.Stdin {
			all = all && o.Marked
			continue
		}
		if !o.Marked {
			return false
		}
		current++
	}
	return current > 0 || all && len(f.Occurrences) > 0
}

// ClearMark removes the marks of a finding whose content has no say.
func ClearMark(f *finding.Finding) {
	for i := range f.Occurrences {
		f.Occurrences[i].Marked = false
	}
}
