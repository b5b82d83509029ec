package finding

import (
	"cmp"
	"errors"
	"iter"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/scanner/source"
)

// Merge joins findings that have the same ID and yields them in the order of
// reports. Item errors pass at once; findings come when seq has ended, so Merge
// holds all of them. Any other error ends seq: what was found until then is
// yielded, and the error after it.
//
// What comes out does not depend on the order in which findings came in. The
// joined finding has all occurrences, each once; the highest confidence, with
// its evidence; and is Stored only if all its parts were.
func Merge(seq iter.Seq2[Finding, error]) iter.Seq2[Finding, error] {
	return func(yield func(Finding, error) bool) {
		parts := map[string][]Finding{}
		var end error
		for f, err := range seq {
			var item *source.ItemError
			switch {
			case err == nil:
				parts[f.ID] = append(parts[f.ID], f)
				continue
			case errors.As(err, &item):
				if !yield(Finding{}, err) {
					return
				}
				continue
			}
			end = err
			break
		}
		for _, f := range joinAll(parts) {
			if !yield(f, nil) {
				return
			}
		}
		if end != nil {
			yield(Finding{}, end)
		}
	}
}

// joinAll makes one finding of the parts of each ID and settles which rule
// reports a value that several rules matched.
func joinAll(parts map[string][]Finding) []Finding {
	var all []Finding
	for _, p := range parts {
		if f := join(p); len(f.Occurrences) > 0 {
			all = append(all, f)
		}
	}
	all = settleRanks(all)
	slices.SortFunc(all, compareFindings)
	return all
}

// join makes one finding of the parts, which have the same ID.
func join(parts []Finding) Finding {
	joined := slices.MinFunc(parts, surestFirst)
	joined.Stored = true
	joined.Standing = Standing{Status: key.Unknown}
	var occurrences []Occurrence
	for _, p := range parts {
		joined.Stored = joined.Stored && p.Stored
		joined.Standing = surer(joined.Standing, p.Standing)
		if joined.Secret.IsZero() {
			joined.Secret = p.Secret
		}
		occurrences = append(occurrences, p.Occurrences...)
	}
	joined.Occurrences = uniteOccurrences(occurrences)
	return joined
}

func surestFirst(a, b Finding) int {
	return cmp.Or(
		cmp.Compare(b.Confidence, a.Confidence),
		strings.Compare(a.Evidence, b.Evidence),
	)
}

// uniteOccurrences sorts, and makes one of those that are the same place of
// the same object: that of the oldest introduction.
func uniteOccurrences(all []Occurrence) []Occurrence {
	slices.SortFunc(all, func(a, b Occurrence) int {
		return cmp.Or(compareSpots(a, b), compareOccurrences(a, b))
	})
	var united []Occurrence
	for rest := all; len(rest) > 0; {
		n := 1
		for n < len(rest) && compareSpots(rest[0], rest[n]) == 0 {
			n++
		}
		united = append(united, mergeGit(rest[:n]))
		rest = rest[n:]
	}
	slices.SortFunc(united, compareOccurrences)
	return united
}

// compareSpots compares what makes two occurrences one: the place, and the
// object or, for a message that has none, the commit.
func compareSpots(a, b Occurrence) int {
	return cmp.Or(
		strings.Compare(string(a.Place), string(b.Place)),
		strings.Compare(objectOf(a), objectOf(b)),
		compareLocations(a.Location, b.Location),
	)
}

func objectOf(o Occurrence) string {
	switch {
	case o.Git == nil:
		return ""
	case o.Git.Object != "":
		return o.Git.Object
	default:
		return o.Git.Commit
	}
}

// mergeGit returns the first of the occurrences, which are the same spot in
// order, with everything that still reaches one of them.
func mergeGit(same []Occurrence) Occurrence {
	first := same[0]
	for _, o := range same {
		first.Marked = first.Marked && o.Marked
	}
	if len(same) == 1 || first.Git == nil {
		return first
	}
	git := *first.Git
	var refs []string
	reached := 0
	for _, o := range same {
		if o.Git == nil {
			continue
		}
		refs = append(refs, o.Git.Refs...)
		reached = max(reached, len(o.Git.Refs)+o.Git.MoreRefs)
		if reachOrder(o.Git.Reach) < reachOrder(git.Reach) {
			git.Reach = o.Git.Reach
		}
	}
	slices.Sort(refs)
	refs = slices.Compact(refs)
	reached = max(reached, len(refs))
	git.Refs = refs[:min(len(refs), MaxRefs):min(len(refs), MaxRefs)]
	git.MoreRefs = reached - len(git.Refs)
	first.Git = &git
	return first
}

// spot is where a value stands in a path, whatever the version of the file.
type spot struct {
	repository, path string
	fingerprint      secret.Fingerprint
	line, column     int
}

func spotOf(f Finding, o Occurrence) spot {
	return spot{f.Repository, f.Path, f.Fingerprint, o.Location.Line, o.Location.Column}
}

// version is a spot in one version of the file.
type version struct {
	spot
	place  source.Place
	object string
}

func versionOf(f Finding, o Occurrence) version {
	return version{spotOf(f, o), o.Place, objectOf(o)}
}

// settleRanks lets one rule report a value at one place: the highest ranked,
// then the surer one. Occurrences of the others there go to that rule's
// finding, so that no place is lost; a finding without occurrences is dropped.
func settleRanks(all []Finding) []Finding {
	slices.SortFunc(all, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(b.Rule.Rank, a.Rule.Rank),
			cmp.Compare(b.Confidence, a.Confidence),
			strings.Compare(a.Rule.ID, b.Rule.ID),
			strings.Compare(a.ID, b.ID),
		)
	})
	reporter := map[spot]int{}
	// marked are the places that carry a mark for the rule that reports them.
	marked := map[version]bool{}
	gained := map[int]bool{}
	for i := range all {
		var kept []Occurrence
		for _, o := range all[i].Occurrences {
			r, taken := reporter[spotOf(all[i], o)]
			if !taken {
				reporter[spotOf(all[i], o)] = i
			}
			if !taken || r == i {
				kept = append(kept, o)
				marked[versionOf(all[i], o)] = o.Marked
				continue
			}
			// A mark counts for the rule that it names.
			o.Marked = marked[versionOf(all[i], o)]
			all[r].Occurrences = append(all[r].Occurrences, o)
			all[r].Stored = all[r].Stored && all[i].Stored
			gained[r] = true
		}
		all[i].Occurrences = kept
	}
	for i := range gained {
		all[i].Occurrences = uniteOccurrences(all[i].Occurrences)
	}
	return slices.DeleteFunc(all, func(f Finding) bool { return len(f.Occurrences) == 0 })
}
