package finding

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/scanner/source"
)

// MaxSkips is how many skipped things a Coverage lists one by one, and how
// many reasons it counts apart.
const MaxSkips = 1000

// Coverage says what of the target was read. A scan that found nothing says
// something only together with it.
type Coverage struct {
	// Complete is true if the scan ran to its end and nothing is unread.
	Complete bool
	// Interrupted is true if the scan was cut short.
	Interrupted bool
	// Strict is true if excluded things were counted as unread.
	Strict bool
	// Files, Objects, Blobs, Bytes and Images are the numbers of a
	// source.Tally.
	Files, Objects, Blobs, Bytes, Images int64
	// Unread and Excluded count everything skipped, listed or not.
	Unread, Excluded int64
	// Skipped lists at most MaxSkips things: unread ones first, then by path
	// and reason.
	Skipped []Skip
	// Reasons counts what was skipped by reason, in the order of Skipped; at
	// most MaxSkips of them.
	Reasons []Reason
}

// Skip is one thing that was not read, or not in full.
type Skip struct {
	Path    string
	Outcome source.Outcome
	Reason  string
}

// Reason counts the things that were skipped for one reason.
type Reason struct {
	Outcome source.Outcome
	Reason  string
	Count   int64
}

// Unlisted is how many skipped things are counted but not in Skipped.
func (c Coverage) Unlisted() int64 {
	return c.Unread + c.Excluded - int64(len(c.Skipped))
}

func (c *Coverage) count(t *source.Tally) {
	if t == nil {
		return
	}
	c.Files = t.Files.Load()
	c.Objects = t.Objects.Load()
	c.Blobs = t.Blobs.Load()
	c.Bytes = t.Bytes.Load()
	c.Images = t.Images.Load()
}

// leftovers gathers skipped things within a fixed memory, and so that the
// outcome does not depend on the order in which they come.
type leftovers struct {
	strict           bool
	unread, excluded int64
	skips            lowest[Skip]
	reasons          lowest[Reason]
}

func newLeftovers(strict bool) *leftovers {
	return &leftovers{
		strict:  strict,
		skips:   lowest[Skip]{compare: compareSkips, counts: map[Skip]int64{}},
		reasons: lowest[Reason]{compare: compareReasons, counts: map[Reason]int64{}},
	}
}

func (l *leftovers) add(e *source.ItemError) {
	outcome := source.Unread
	if e.Outcome == source.Excluded && !l.strict {
		outcome = source.Excluded
		l.excluded++
	} else {
		l.unread++
	}
	l.skips.add(Skip{Path: e.Path, Outcome: outcome, Reason: e.Reason})
	l.reasons.add(Reason{Outcome: outcome, Reason: e.Reason})
}

func (l *leftovers) coverage() Coverage {
	c := Coverage{Unread: l.unread, Excluded: l.excluded}
	for skip, n := range l.skips.sorted() {
		for ; n > 0 && len(c.Skipped) < MaxSkips; n-- {
			c.Skipped = append(c.Skipped, skip)
		}
	}
	for reason, n := range l.reasons.sorted() {
		reason.Count = n
		c.Reasons = append(c.Reasons, reason)
	}
	return c
}

func compareSkips(a, b Skip) int {
	return cmp.Or(
		compareOutcomes(a.Outcome, b.Outcome),
		strings.Compare(a.Path, b.Path),
		strings.Compare(a.Reason, b.Reason),
	)
}

func compareReasons(a, b Reason) int {
	return cmp.Or(compareOutcomes(a.Outcome, b.Outcome), strings.Compare(a.Reason, b.Reason))
}

func compareOutcomes(a, b source.Outcome) int {
	return compareNil(a == source.Unread, b == source.Unread)
}

// lowest counts keys, but keeps only the MaxSkips lowest ones. Their counts
// are exact: a key that was dropped had MaxSkips lower ones, which stay.
type lowest[K comparable] struct {
	compare func(a, b K) int
	counts  map[K]int64
}

func (l *lowest[K]) add(k K) {
	l.counts[k]++
	if len(l.counts) >= 2*MaxSkips {
		l.prune()
	}
}

func (l *lowest[K]) prune() []K {
	keys := slices.SortedFunc(maps.Keys(l.counts), l.compare)
	if len(keys) > MaxSkips {
		for _, k := range keys[MaxSkips:] {
			delete(l.counts, k)
		}
		keys = keys[:MaxSkips]
	}
	return keys
}

// sorted yields the lowest keys in order, with their counts.
func (l *lowest[K]) sorted() iter.Seq2[K, int64] {
	return func(yield func(K, int64) bool) {
		for _, k := range l.prune() {
			if !yield(k, l.counts[k]) {
				return
			}
		}
	}
}
