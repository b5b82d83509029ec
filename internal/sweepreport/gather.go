package sweepreport

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/secret"
)

// most is how many rows of each list are told.
const most = 200_000

// gathering is a report in the making.
type gathering struct {
	store *records.Store
	r     Report
	// changes are the last ones of findings, by their number, within the period.
	changes map[int64]records.Change
}

// Gather reads a report from the records.
func Gather(ctx context.Context, s *records.Store, p Period) (Report, error) {
	g := &gathering{store: s, changes: map[int64]records.Change{}, r: Report{
		Schema: Schema, Period: p, Numbers: Numbers{Lives: map[records.Life]int64{}}, Findings: []Finding{}, Keys: []Key{}, Decisions: []records.Decision{},
		Coverage: []Coverage{}, Runs: []records.Run{}, Actions: []Action{}, Cut: []string{},
	}}
	for _, read := range []func(context.Context) error{g.readRuns, g.readChanges, g.readFindings, g.readKeys, g.readDecisions, g.readCoverage, g.readActions, g.count} {
		if err := read(ctx); err != nil {
			return g.r, err
		}
	}
	return g.r, nil
}

// pages reads a list, newest row first, until take wants no more.
func pages[T any](ctx context.Context, read func(context.Context, records.Page) ([]T, error), take func(T) (seq int64, more bool)) error {
	for p := (records.Page{}); ; {
		page, err := read(ctx, p)
		if err != nil {
			return err
		}
		for _, row := range page {
			seq, more := take(row)
			if !more {
				return nil
			}
			p.Before = seq
		}
		if len(page) < records.MaxPage {
			return nil
		}
	}
}

// full notes that a list is longer than what is told of it.
func (g *gathering) full(list string, n int) bool {
	if n < most {
		return false
	}
	text := fmt.Sprintf("%s: only the newest %d are told", list, most)
	if !slices.Contains(g.r.Cut, text) {
		g.r.Cut = append(g.r.Cut, text)
	}
	return true
}

// clean takes key material out of text that people or repositories chose.
func clean(text string) string {
	if len(inventory.Material(text)) > 0 {
		return secret.Redacted
	}
	return text
}

func (g *gathering) readRuns(ctx context.Context) error {
	if g.r.Run > 0 {
		run, err := g.store.Run(ctx, g.r.Run)
		run.Target, run.Error, run.Cause = clean(run.Target), clean(run.Error), clean(run.Cause)
		g.r.Runs, g.r.Since = append(g.r.Runs, run), run.Started
		return err
	}
	return pages(ctx, g.store.Runs, func(run records.Run) (int64, bool) {
		if run.Started.Before(g.r.Since) || g.full("runs", len(g.r.Runs)) {
			return 0, false
		}
		run.Target, run.Error, run.Cause = clean(run.Target), clean(run.Error), clean(run.Cause)
		g.r.Runs = append(g.r.Runs, run)
		return run.Seq, true
	})
}

func (g *gathering) readChanges(ctx context.Context) error {
	for after := int64(0); ; {
		var page []records.Change
		var err error
		if g.r.Run > 0 {
			page, err = g.store.ChangesOf(ctx, g.r.Run, after, records.MaxPage)
		} else {
			page, err = g.store.ChangesSince(ctx, g.r.Since, after, records.MaxPage)
		}
		if err != nil {
			return err
		}
		for _, c := range page {
			after = c.Seq
			g.changes[c.Finding] = c
		}
		if len(page) < records.MaxPage {
			return nil
		}
	}
}

// readFindings tells the findings that are open, or changed in the period; of one
// run those that it changed.
func (g *gathering) readFindings(ctx context.Context) error {
	read := func(ctx context.Context, p records.Page) ([]records.Finding, error) {
		return g.store.Findings(ctx, records.Filter{}, p)
	}
	return pages(ctx, read, func(f records.Finding) (int64, bool) {
		c, changed := g.changes[f.Seq]
		if !changed && (g.r.Run > 0 || !f.Life.Open()) {
			return f.Seq, true
		}
		if g.full("findings", len(g.r.Findings)) {
			return 0, false
		}
		f.Path, f.Name, f.ID = clean(f.Path), clean(f.Name), clean(f.ID)
		told := Finding{Finding: f}
		if changed {
			told.Why, told.By = clean(c.Why), clean(c.Who)
			if !f.Life.Open() {
				told.Over = c.At
			}
		}
		g.r.Findings = append(g.r.Findings, told)
		return f.Seq, true
	})
}

func (g *gathering) readKeys(ctx context.Context) error {
	read := func(ctx context.Context, p records.Page) ([]records.Key, error) {
		return g.store.Keys(ctx, records.KeyFilter{}, p)
	}
	err := pages(ctx, read, func(k records.Key) (int64, bool) {
		if !k.Gone.IsZero() && k.Gone.Before(g.r.Since) {
			return k.Seq, true
		}
		if g.full("keys", len(g.r.Keys)) {
			return 0, false
		}
		g.r.Keys = append(g.r.Keys, Key{
			Seq: k.Seq, Provider: k.Provider, Account: cmp.Or(clean(k.Record.Account.Name), k.Account), ID: clean(k.ID), Name: clean(k.Name),
			Owner:       clean(cmp.Or(k.Record.Owner.Email, k.Record.Owner.Name, k.Record.Owner.ID)),
			Fingerprint: k.Fingerprint, Created: k.Record.Dates.Created, Use: k.Record.Use, Unused: unused(k.Record, g.r.Made),
			Disabled: k.Record.State.Disabled == key.Yes, Listed: Listed{k.First, k.Last, k.Gone},
		})
		return k.Seq, true
	})
	slices.SortStableFunc(g.r.Keys, func(a, b Key) int { return b.Unused - a.Unused })
	return err
}

// unused is for how many days nobody used a key, -1 if that is not known.
func unused(k key.Key, now time.Time) int {
	since := k.Use.Last
	if since.IsZero() && k.Use.After.IsZero() {
		since = k.Dates.Created
	}
	if !k.Use.Known || since.IsZero() {
		return -1
	}
	return max(0, int(now.Sub(since)/(24*time.Hour)))
}

func (g *gathering) readDecisions(ctx context.Context) error {
	read := func(ctx context.Context, p records.Page) ([]records.Decision, error) {
		return g.store.Decisions(ctx, records.DecisionFilter{}, p)
	}
	return pages(ctx, read, func(d records.Decision) (int64, bool) {
		if !d.Ended.IsZero() && d.Ended.Before(g.r.Since) {
			return d.Seq, true
		}
		if g.full("decisions", len(g.r.Decisions)) {
			return 0, false
		}
		d.Why, d.Who, d.Finding, d.EndedBy = clean(d.Why), clean(d.Who), clean(d.Finding), clean(d.EndedBy)
		g.r.Decisions = append(g.r.Decisions, d)
		return d.Seq, true
	})
}

func (g *gathering) readActions(ctx context.Context) error {
	read := func(ctx context.Context, p records.Page) ([]records.Action, error) {
		return g.store.Actions(ctx, records.ActionFilter{}, p)
	}
	return pages(ctx, read, func(a records.Action) (int64, bool) {
		if a.At.Before(g.r.Since) || g.full("actions", len(g.r.Actions)) {
			return 0, false
		}
		if g.r.Run == 0 || a.Run == g.r.Run {
			g.r.Actions = append(g.r.Actions, Action{a.Seq, a.At, a.Kind, clean(a.Subject), a.State, clean(a.Who), a.Run})
		}
		return a.Seq, true
	})
}
