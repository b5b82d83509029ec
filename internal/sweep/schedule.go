package sweep

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/qleaks/qleaks/internal/records"
)

// tickPause is how often schedules are looked at.
const tickPause = 15 * time.Second

// Next returns when a schedule is due after some time, jitter included. An error
// says what is wrong with its expression, or its time zone.
func Next(s records.Schedule, after time.Time) (time.Time, error) {
	zone, err := time.LoadLocation(s.Zone)
	if err != nil {
		return time.Time{}, fmt.Errorf("the time zone %q is not known", s.Zone)
	}
	expression, err := cron.ParseStandard(s.Cron)
	if err != nil {
		return time.Time{}, fmt.Errorf("the expression %q is not one of five fields (minute, hour, day, month, weekday): %w", s.Cron, err)
	}
	next := expression.Next(after.In(zone))
	if next.IsZero() {
		return next, fmt.Errorf("the expression %q is never due", s.Cron)
	}
	if s.Jitter < 0 {
		return next, fmt.Errorf("the jitter %v is negative", s.Jitter)
	}
	return next.Add(jitter(s, next)).UTC(), nil
}

// jitter spreads schedules that are due at once. It depends on name and time, so
// that all workers say the same.
func jitter(s records.Schedule, due time.Time) time.Duration {
	if s.Jitter <= 0 {
		return 0
	}
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%s %d", s.Name, due.Unix()) // a hash takes everything
	return time.Duration(h.Sum64() % uint64(s.Jitter))
}

// PutSchedule writes a schedule and says when it is due.
func (d *Desk) PutSchedule(ctx context.Context, s records.Schedule, r Request) (due time.Time, err error) {
	if s.Due, err = Next(s, time.Now()); err != nil {
		return s.Due, err
	}
	if s.Request, err = json.Marshal(r); err != nil {
		return s.Due, err
	}
	return s.Due, d.store.Update(ctx, func(tx *records.Tx) error { return tx.PutSchedule(ctx, s) })
}

// tick begins the sweeps that are due, and ends what is over by the clock. Several
// workers tick; each schedule is locked by the one that begins it. What was due
// while no worker ran is begun once.
func (w *Worker) tick(ctx context.Context) error {
	return w.Store.Update(ctx, func(tx *records.Tx) error {
		due, now, err := tx.Due(ctx)
		if err != nil {
			return err
		}
		for _, s := range due {
			if err := w.begin(ctx, tx, s, now); err != nil {
				return err
			}
		}
		return tx.Pass(ctx)
	})
}

func (w *Worker) begin(ctx context.Context, tx *records.Tx, s records.Schedule, now time.Time) error {
	next, err := Next(s, now)
	if err != nil {
		// Written by another version, say; it must not stop the others.
		w.log().Warn("a schedule cannot be read", "error", err)
		next = now.Add(24 * time.Hour)
	}
	var r Request
	if err := json.Unmarshal(s.Request, &r); err != nil {
		return tx.Began(ctx, s.Name, s.Run, next)
	}
	going, err := tx.IsGoing(ctx, s.Run)
	if err != nil {
		return err
	}
	if going {
		_, err := tx.Act(ctx, records.Action{Kind: "schedule", Subject: s.Name, State: "skipped: the sweep before goes on", Who: "clock", Run: s.Run})
		if err != nil {
			return err
		}
		return tx.Began(ctx, s.Name, s.Run, next)
	}
	run, err := start(ctx, tx, w.board, r, "schedule "+s.Name)
	if err != nil {
		return err
	}
	return tx.Began(ctx, s.Name, run.Seq, next)
}
