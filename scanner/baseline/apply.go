package baseline

import (
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/source"
)

// Outcome is what ignores and marks did to the findings of a scan.
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
}

// Apply takes the suppressed findings out. It never takes out a finding whose
// key is known to be active. Marks count as the findings' occurrences have
// them: clear those of content that has no say (see ClearMark).
func Apply(findings []finding.Finding, ignores []Ignore, now time.Time) Outcome {
	var out Outcome
	byID := map[string]Ignore{}
	for _, i := range ignores {
		if i.Until.Over(now) {
			out.Expired = append(out.Expired, i)
			continue
		}
		byID[i.ID] = i
	}
	used := map[string]bool{}
	for _, f := range findings {
		used[f.ID] = true
		s, ok := suppression(f, byID)
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
	for _, i := range ignores {
		if _, holds := byID[i.ID]; holds && !used[i.ID] {
			out.Unused = append(out.Unused, i)
		}
	}
	return out
}

// suppression says what suppresses a finding, if anything does.
func suppression(f finding.Finding, byID map[string]Ignore) (finding.Suppression, bool) {
	if i, ok := byID[f.ID]; ok {
		return finding.Suppression{
			Finding: f, By: finding.SuppressedByIgnore, Reason: i.Reason, Owner: i.Owner, Until: i.Until.String(),
		}, true
	}
	if isMarked(f) {
		return finding.Suppression{Finding: f, By: finding.SuppressedByMark}, true
	}
	return finding.Suppression{}, false
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
