package finding

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/qleaks/qleaks/scanner/source"
)

// compareFindings is the order of reports: path in byte order, line, column,
// rule; the rest only makes the order total.
func compareFindings(a, b Finding) int {
	la, lb := a.Occurrences[0].Location, b.Occurrences[0].Location
	return cmp.Or(
		strings.Compare(a.Path, b.Path),
		cmp.Compare(la.Line, lb.Line),
		cmp.Compare(la.Column, lb.Column),
		strings.Compare(a.Rule.ID, b.Rule.ID),
		strings.Compare(string(a.Fingerprint), string(b.Fingerprint)),
		strings.Compare(a.Repository, b.Repository),
		strings.Compare(a.ID, b.ID),
	)
}

// compareOccurrences puts what is there now before what was: working tree,
// index, history from the oldest introduction on. An occurrence without a date
// comes after the dated ones.
func compareOccurrences(a, b Occurrence) int {
	return cmp.Or(
		cmp.Compare(nearness(a.Place), nearness(b.Place)),
		compareDates(dateOf(a), dateOf(b)),
		compareLocations(a.Location, b.Location),
		strings.Compare(string(a.Place), string(b.Place)),
		compareGit(a.Git, b.Git),
	)
}

// nearness is 0 for what a person has before them and grows with the distance.
func nearness(p source.Place) int {
	switch p {
	case source.File, source.Stdin, source.UserEnvironment, source.SystemEnvironment:
		return 0
	case source.Staged:
		return 1
	case source.Issue, source.Review, source.Release, source.Asset, source.RunLog, source.Artifact, source.Variable, source.Gist:
		return 0
	default:
		return 2
	}
}

func dateOf(o Occurrence) time.Time {
	if o.Git == nil {
		return time.Time{}
	}
	return o.Git.Date
}

func compareDates(a, b time.Time) int {
	if a.IsZero() != b.IsZero() {
		if a.IsZero() {
			return 1
		}
		return -1
	}
	return a.Compare(b)
}

func compareLocations(a, b Location) int {
	return cmp.Or(
		strings.Compare(a.Path, b.Path),
		strings.Compare(a.Member, b.Member),
		cmp.Compare(a.Line, b.Line),
		cmp.Compare(a.Column, b.Column),
		cmp.Compare(a.EndLine, b.EndLine),
		cmp.Compare(a.EndColumn, b.EndColumn),
		cmp.Compare(a.Column16, b.Column16),
		cmp.Compare(a.EndColumn16, b.EndColumn16),
		slices.Compare(a.Way, b.Way),
		compareCells(a.Notebook, b.Notebook),
	)
}

func compareCells(a, b *Cell) int {
	if a == nil || b == nil {
		return compareNil(a == nil, b == nil)
	}
	return cmp.Or(
		cmp.Compare(a.Cell, b.Cell),
		strings.Compare(a.Part, b.Part),
		cmp.Compare(a.Line, b.Line),
	)
}

// compareGit sees everything but the refs, which mergeGit unites.
func compareGit(a, b *Git) int {
	if a == nil || b == nil {
		return compareNil(a == nil, b == nil)
	}
	return cmp.Or(
		strings.Compare(a.Object, b.Object),
		compareDates(a.Date, b.Date),
		strings.Compare(a.Commit, b.Commit),
		strings.Compare(a.Author, b.Author),
		strings.Compare(a.Email, b.Email),
		cmp.Compare(reachOrder(a.Reach), reachOrder(b.Reach)),
	)
}

func compareNil(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	default:
		return 1
	}
}

// reachOrder is the order in which Reach's constants are declared; an unknown
// way is the weakest.
func reachOrder(r Reach) int {
	order := [...]Reach{ReachRef, ReachStash, ReachIndex, ReachReflog, ReachDangling}
	if i := slices.Index(order[:], r); i >= 0 {
		return i
	}
	return len(order)
}
