package sweepreport

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/qleaks/qleaks/internal/records"
)

// readCoverage tells how far every repository was read: of one run what that run
// says, else what is known now.
func (g *gathering) readCoverage(ctx context.Context) error {
	var err error
	if g.r.Run > 0 {
		err = g.readCovered(ctx)
	} else {
		err = pages(ctx, g.store.LastReadings, func(l records.LastReading) (int64, bool) {
			if g.full("coverage", len(g.r.Coverage)) {
				return 0, false
			}
			r, c := l.Repository, l.Coverage
			g.r.Coverage = append(g.r.Coverage, Coverage{
				Repository: clean(r.Name), Origin: clean(r.Origin), Gone: r.Gone, Covered: r.Covered, Complete: r.Complete, Outcome: string(c.Outcome),
				Read: c.At, Run: c.Run, Tips: safe(c.Tips), Counts: safe(c.Counts), Skipped: safe(c.Skipped),
			})
			return r.Seq, true
		})
	}
	slices.SortStableFunc(g.r.Coverage, func(a, b Coverage) int { return cmp.Compare(a.Repository, b.Repository) })
	return err
}

func (g *gathering) readCovered(ctx context.Context) error {
	var failed error
	read := func(ctx context.Context, p records.Page) ([]records.Coverage, error) {
		return g.store.Covered(ctx, g.r.Run, p)
	}
	err := pages(ctx, read, func(c records.Coverage) (int64, bool) {
		if g.full("coverage", len(g.r.Coverage)) {
			return 0, false
		}
		r, err := g.store.Repository(ctx, c.Repository)
		if err != nil {
			failed = err
			return 0, false
		}
		g.r.Coverage = append(g.r.Coverage, Coverage{
			Repository: clean(r.Name), Origin: clean(r.Origin), Gone: r.Gone, Covered: c.At, Complete: c.Complete, Outcome: string(c.Outcome),
			Read: c.At, Run: c.Run, Tips: safe(c.Tips), Counts: safe(c.Counts), Skipped: safe(c.Skipped),
		})
		return c.Repository, true
	})
	return cmp.Or(failed, err)
}

// safe is JSON that holds no key material: names of refs and paths may.
func safe(text json.RawMessage) json.RawMessage {
	if !json.Valid(text) {
		return nil
	}
	if cleaned := clean(string(text)); cleaned != string(text) {
		return json.RawMessage(`"` + cleaned + `"`)
	}
	return text
}

// count makes the numbers of the first page.
func (g *gathering) count(ctx context.Context) error {
	counts, err := g.store.Counts(ctx)
	if err != nil {
		return err
	}
	n := &g.r.Numbers
	for _, c := range counts {
		n.Lives[c.Life] += c.Count
		if !c.Life.Open() {
			continue
		}
		n.Open += c.Count
		switch c.Standing {
		case records.Active:
			n.Active += c.Count
		case records.Unknown:
			n.Unasked += c.Count
		}
	}
	for _, c := range g.r.Coverage {
		if c.Gone.IsZero() {
			n.Repositories++
			if c.Complete {
				n.Whole++
			}
		}
	}
	for _, k := range g.r.Keys {
		if k.Gone.IsZero() && !k.Disabled && k.Unused >= idleDays {
			n.Idle++
		}
	}
	n.Revoke = g.delays()
	return nil
}

// idleDays is from when on a key counts as idle.
const idleDays = 90

// delays are about keys, not findings: a key that stands in ten places is revoked
// once.
func (g *gathering) delays() (d Delays) {
	first := map[string]time.Time{}
	over := map[string]time.Time{}
	for _, f := range g.r.Findings {
		if begun, ok := first[f.Fingerprint]; !ok || f.First.Before(begun) {
			first[f.Fingerprint] = f.First
		}
		if f.Life == records.Revoked && !f.Over.IsZero() {
			if ended, ok := over[f.Fingerprint]; !ok || f.Over.Before(ended) {
				over[f.Fingerprint] = f.Over
			}
		}
		if f.Life.Open() && f.Standing == records.Active {
			d.Waiting = max(d.Waiting, g.r.Made.Sub(f.First))
		}
	}
	var all []time.Duration
	for fingerprint, ended := range over {
		all = append(all, ended.Sub(first[fingerprint]))
	}
	if len(all) == 0 {
		return d
	}
	slices.Sort(all)
	d.Keys, d.Median, d.Longest = len(all), all[(len(all)-1)/2], all[len(all)-1]
	return d
}
