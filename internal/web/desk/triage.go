package desk

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/web/access"
)

// Ignoring is a decision to ignore findings, or a key wherever it is found. One of
// Findings and Fingerprint is given.
type Ignoring struct {
	// Findings are numbers of findings.
	Findings    []int64
	Fingerprint string
	Why         string
	// Until is when it ends, zero for never.
	Until time.Time
}

// mostAtOnce is how many findings are decided about at once.
const mostAtOnce = 1000

// Ignore decides that findings are ignored, all of them or none, and returns the
// numbers of the decisions. It needs a triager.
func (d *Desk) Ignore(ctx context.Context, i Ignoring) ([]int64, error) {
	who, err := access.Need(ctx, access.Triager)
	if err != nil {
		return nil, err
	}
	if i.Why, err = checkText("the reason", i.Why); err != nil {
		return nil, err
	}
	switch {
	case (len(i.Findings) == 0) == (i.Fingerprint == ""):
		return nil, wrong("name findings, or a fingerprint")
	case len(i.Findings) > mostAtOnce:
		return nil, wrong("at most %d findings at once", mostAtOnce)
	case !i.Until.IsZero() && !i.Until.After(time.Now()):
		return nil, wrong("the day until which it is ignored is over")
	}
	decisions, err := d.decisions(ctx, i)
	if err != nil {
		return nil, err
	}
	var made []int64
	err = d.Store.Update(ctx, func(tx *records.Tx) error {
		for _, decision := range decisions {
			decision.Who, decision.Why, decision.Until = who.Name, i.Why, i.Until
			seq, err := tx.Ignore(ctx, decision)
			if err != nil {
				return err
			}
			made = append(made, seq)
			if err := note(ctx, tx, "decision", decision.Finding+decision.Fingerprint, "ignored", who.Name); err != nil {
				return err
			}
		}
		return nil
	})
	return made, err
}

// decisions are about the IDs of findings, each once.
func (d *Desk) decisions(ctx context.Context, i Ignoring) ([]records.Decision, error) {
	if i.Fingerprint != "" {
		found, err := d.Store.Findings(ctx, records.Filter{Fingerprint: i.Fingerprint}, records.Page{Most: 1})
		if err == nil && len(found) == 0 {
			err = records.ErrNotFound
		}
		return []records.Decision{{Fingerprint: i.Fingerprint}}, err
	}
	var list []records.Decision
	known := map[string]bool{}
	for _, seq := range i.Findings {
		f, err := d.Store.Finding(ctx, seq)
		if err != nil {
			return nil, fmt.Errorf("finding %d: %w", seq, err)
		}
		if !known[f.ID] {
			known[f.ID] = true
			list = append(list, records.Decision{Finding: f.ID})
		}
	}
	return list, nil
}

// TakeBack ends a decision. It needs a triager.
func (d *Desk) TakeBack(ctx context.Context, decision int64, why string) error {
	who, err := access.Need(ctx, access.Triager)
	if err != nil {
		return err
	}
	if why == "" {
		why = "taken back"
	}
	if why, err = checkText("the reason", why); err != nil {
		return err
	}
	return d.Store.Update(ctx, func(tx *records.Tx) error {
		if err := tx.EndDecision(ctx, decision, who.Name, why); err != nil {
			return err
		}
		return note(ctx, tx, "decision", strconv.FormatInt(decision, 10), "taken back", who.Name)
	})
}

// isNotFound tells an absent record from other errors.
func isNotFound(err error) bool { return errors.Is(err, records.ErrNotFound) }
