package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/sweep"
	"github.com/qleaks/qleaks/internal/web/access"
)

// Start begins a sweep. What was swept before, or is scheduled, a triager may
// start; what is new, or ends with steps that were not asked for before, needs an
// admin: a target is a place that the server reads.
func (d *Desk) Start(ctx context.Context, r sweep.Request) (records.Run, error) {
	who, err := access.Need(ctx, access.Triager)
	if err != nil {
		return records.Run{}, err
	}
	// Before the target is looked at, so that nobody learns what else is there.
	if who.Role < access.Admin {
		known, err := d.knows(ctx, r)
		if err != nil {
			return records.Run{}, err
		}
		if !known {
			return records.Run{}, fmt.Errorf("%w: what was never swept so before needs the role %s", access.ErrForbidden, access.Admin)
		}
	}
	checked, err := d.request(r)
	if err != nil {
		return records.Run{}, err
	}
	run, err := d.Sweeps.Start(ctx, checked, "person "+who.Name)
	if err != nil {
		return run, err
	}
	return run, d.Store.Update(ctx, func(tx *records.Tx) error {
		_, err := tx.Act(ctx, records.Action{Kind: "run", Subject: run.Target, State: "started", Who: who.Name, Run: run.Seq})
		return err
	})
}

func (d *Desk) request(r sweep.Request) (sweep.Request, error) {
	if len(r.Target) == 0 || len(r.Target) > longestText {
		return r, wrong("the target is missing, or too long")
	}
	checked, err := d.Request(r)
	if err != nil {
		return r, wrong("%w", err)
	}
	return checked, nil
}

// knows reports whether a target is scheduled with these steps, or was swept and
// nothing but reading is asked for.
func (d *Desk) knows(ctx context.Context, r sweep.Request) (bool, error) {
	schedules, err := d.Store.Schedules(ctx)
	if err != nil {
		return false, err
	}
	for _, s := range schedules {
		var asked sweep.Request
		if json.Unmarshal(s.Request, &asked) == nil && asked.Target == r.Target && !slices.ContainsFunc(r.Steps, func(step string) bool { return !slices.Contains(asked.Steps, step) }) {
			return true, nil
		}
	}
	if len(r.Steps) > 0 {
		return false, nil
	}
	found, err := d.Store.Repositories(ctx, records.RepositoryFilter{Origin: r.Target}, records.Page{Most: 1})
	if err != nil || len(found) > 0 {
		return len(found) > 0, err
	}
	_, err = d.Store.RepositoryNamed(ctx, r.Target)
	if isNotFound(err) {
		return false, nil
	}
	return err == nil, err
}

// Cancel ends a sweep that goes on. It needs a triager.
func (d *Desk) Cancel(ctx context.Context, run int64) error {
	who, err := access.Need(ctx, access.Triager)
	if err != nil {
		return err
	}
	err = d.Sweeps.Cancel(ctx, run, who.Name)
	if errors.Is(err, sweep.ErrOver) {
		return conflict("the sweep has ended")
	}
	return err
}

// longestName is how long the name of a schedule may be, in bytes.
const longestName = 100

// PutSchedule writes a schedule in place of the one with its name, and says when it
// is due. It needs an admin.
func (d *Desk) PutSchedule(ctx context.Context, s records.Schedule, r sweep.Request) (time.Time, error) {
	who, err := access.Need(ctx, access.Admin)
	if err != nil {
		return time.Time{}, err
	}
	if s.Name, err = checkText("the name", s.Name); err != nil {
		return time.Time{}, err
	}
	if len(s.Name) > longestName {
		return time.Time{}, wrong("the name is longer than %d bytes", longestName)
	}
	checked, err := d.request(r)
	if err != nil {
		return time.Time{}, err
	}
	if len(s.Cron) > longestName || len(s.Zone) > longestName {
		return time.Time{}, wrong("the expression, or the time zone, is too long")
	}
	if _, err := sweep.Next(s, time.Now()); err != nil {
		return time.Time{}, wrong("%w", err)
	}
	due, err := d.Sweeps.PutSchedule(ctx, s, checked)
	if err != nil {
		return due, err
	}
	return due, d.Store.Update(ctx, func(tx *records.Tx) error { return note(ctx, tx, "schedule", s.Name, "written", who.Name) })
}

// Pause has a schedule begin nothing, or go on. It needs an admin.
func (d *Desk) Pause(ctx context.Context, name string, paused bool) error {
	who, err := access.Need(ctx, access.Admin)
	if err != nil {
		return err
	}
	schedules, err := d.Store.Schedules(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(schedules, func(s records.Schedule) bool { return s.Name == name })
	if i < 0 {
		return records.ErrNotFound
	}
	s, state := schedules[i], "resumed"
	if s.Enabled = !paused; paused {
		state = "paused"
	} else if s.Due, err = sweep.Next(s, time.Now()); err != nil {
		return wrong("%w", err)
	}
	return d.Store.Update(ctx, func(tx *records.Tx) error {
		if err := tx.PutSchedule(ctx, s); err != nil {
			return err
		}
		return note(ctx, tx, "schedule", name, state, who.Name)
	})
}

// DeleteSchedule deletes a schedule. It needs an admin.
func (d *Desk) DeleteSchedule(ctx context.Context, name string) error {
	who, err := access.Need(ctx, access.Admin)
	if err != nil {
		return err
	}
	return d.Store.Update(ctx, func(tx *records.Tx) error {
		if err := tx.DeleteSchedule(ctx, name); err != nil {
			return err
		}
		return note(ctx, tx, "schedule", name, "deleted", who.Name)
	})
}

// Retry has a job done again that failed. It needs a triager.
func (d *Desk) Retry(ctx context.Context, job int64) error {
	who, err := access.Need(ctx, access.Triager)
	if err != nil {
		return err
	}
	if err := d.Sweeps.Retry(ctx, job); err != nil {
		return err
	}
	return d.Store.Update(ctx, func(tx *records.Tx) error {
		return note(ctx, tx, "job", strconv.FormatInt(job, 10), "retried", who.Name)
	})
}

// RetryAll has all jobs done again that failed to the last, and returns how many.
func (d *Desk) RetryAll(ctx context.Context) (int, error) {
	if _, err := access.Need(ctx, access.Triager); err != nil {
		return 0, err
	}
	jobs, err := d.Sweeps.Jobs(ctx, sweep.JobsDead, records.MaxPage)
	if err != nil {
		return 0, err
	}
	for i, j := range jobs {
		if err := d.Retry(ctx, j.ID); err != nil && !isNotFound(err) {
			return i, err
		}
	}
	return len(jobs), nil
}
