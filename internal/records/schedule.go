package records

import (
	"context"
	"encoding/json"
	"time"
)

// Schedule says when sweeps begin by themselves.
type Schedule struct {
	Name string `json:"name"`
	// Cron is an expression of five fields, read in the time zone Zone.
	Cron string `json:"cron"`
	Zone string `json:"zone"`
	// Jitter is by how much later a sweep may begin.
	Jitter time.Duration `json:"jitter"`
	// Request is what is swept, without secrets.
	Request json.RawMessage `json:"request"`
	Enabled bool            `json:"enabled"`
	// Due is when the next one begins; Started when the last one began, and Run
	// which one that was.
	Due     time.Time `json:"due"`
	Started time.Time `json:"started,omitzero"`
	Run     int64     `json:"run,omitempty"`
}

const scheduleColumns = "name, cron, zone, jitter, request, enabled, due, started, run"

func scanSchedule(scan func(to ...any) error, s *Schedule) error {
	var jitter, due, started int64
	var request string
	err := scan(&s.Name, &s.Cron, &s.Zone, &jitter, &request, &s.Enabled, &due, &started, &s.Run)
	s.Jitter, s.Request, s.Due, s.Started = time.Duration(jitter)*time.Microsecond, json.RawMessage(request), moment(due), moment(started)
	return err
}

// PutSchedule writes a schedule in place of the one with its name.
func (tx *Tx) PutSchedule(ctx context.Context, s Schedule) error {
	_, err := tx.exec(ctx, `INSERT INTO schedules (name, cron, zone, jitter, request, enabled, due) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (name) DO UPDATE SET cron = excluded.cron, zone = excluded.zone, jitter = excluded.jitter, request = excluded.request,
			enabled = excluded.enabled, due = excluded.due`,
		s.Name, s.Cron, s.Zone, s.Jitter.Microseconds(), object(s.Request), s.Enabled, micros(s.Due))
	return doing("write a schedule", err)
}

// DeleteSchedule deletes a schedule; ErrNotFound if there is none.
func (tx *Tx) DeleteSchedule(ctx context.Context, name string) error {
	n, err := tx.exec(ctx, "DELETE FROM schedules WHERE name = $1", name)
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	return doing("delete a schedule", err)
}

// Schedules returns all schedules by name.
func (s *Store) Schedules(ctx context.Context) ([]Schedule, error) {
	schedules, err := list(ctx, s.engine, "SELECT "+scheduleColumns+" FROM schedules ORDER BY name", scanSchedule)
	return schedules, doing("list schedules", err)
}

// Due returns the schedules that are due by the database's clock, locked until
// the transaction ends, and the time.
func (tx *Tx) Due(ctx context.Context) ([]Schedule, time.Time, error) {
	now, err := clock(ctx, tx)
	if err != nil {
		return nil, now, doing("read the clock", err)
	}
	due, err := list(ctx, tx, "SELECT "+scheduleColumns+" FROM schedules WHERE enabled AND due <= $1 ORDER BY name"+tx.words().lock, scanSchedule, micros(now))
	return due, now, doing("list schedules", err)
}

// Began notes that a schedule began a run, and when the next one is due.
func (tx *Tx) Began(ctx context.Context, name string, run int64, next time.Time) error {
	_, err := tx.exec(ctx, "UPDATE schedules SET started = "+tx.words().now+", run = $1, due = $2 WHERE name = $3", run, micros(next), name)
	return doing("note that a schedule began", err)
}
