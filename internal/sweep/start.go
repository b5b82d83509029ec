package sweep

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/qleaks/qleaks/internal/records"
)

// Desk is where sweeps are asked for and looked at, by whoever has the database. It
// does no work.
type Desk struct {
	store *records.Store
	board *board
}

// NewDesk makes a Desk.
func NewDesk(s *records.Store) (*Desk, error) {
	b, err := newBoard(s, &river.Config{Logger: slog.New(slog.DiscardHandler)})
	return &Desk{store: s, board: b}, err
}

// Start begins a run for any worker to work on. Cause says why, for people.
func (d *Desk) Start(ctx context.Context, r Request, cause string) (run records.Run, err error) {
	err = d.store.Update(ctx, func(tx *records.Tx) error {
		run, err = start(ctx, tx, d.board, r, cause)
		return err
	})
	return run, err
}

func start(ctx context.Context, tx *records.Tx, b *board, r Request, cause string) (records.Run, error) {
	run, err := tx.StartRun(ctx, "sweep", r.Target, cause)
	if err != nil {
		return run, err
	}
	if err := b.insert(ctx, tx, []river.InsertManyParams{discovering(run.Seq, r)}); err != nil {
		return run, fmt.Errorf("write down the first job of a sweep: %w", err)
	}
	return run, nil
}

// Job is a job as people see it.
type Job struct {
	ID      int64     `json:"id"`
	Kind    string    `json:"kind"`
	State   string    `json:"state"`
	Attempt int       `json:"attempt"`
	At      time.Time `json:"at"`
	Due     time.Time `json:"due"`
	// Args hold numbers and names, no secrets.
	Args json.RawMessage `json:"args"`
	// Error is that of the last attempt, "" if none failed.
	Error string `json:"error,omitempty"`
	// Worker is who has or had it.
	Worker string `json:"worker,omitempty"`
}

// The states of jobs that people ask for.
const (
	JobsRunning  = "running"
	JobsWaiting  = "available"
	JobsRetrying = "retryable"
	// JobsDead failed to the last: nothing happens to them before somebody has them
	// done again.
	JobsDead = "discarded"
)

// Jobs returns the newest jobs of a state, at most so many.
func (d *Desk) Jobs(ctx context.Context, state string, most int) ([]Job, error) {
	params := river.NewJobListParams().States(rivertype.JobState(state)).OrderBy(river.JobListOrderByID, river.SortOrderDesc).First(max(1, min(most, 1000)))
	got, err := d.board.list(ctx, params)
	if err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	jobs := make([]Job, 0, len(got.Jobs))
	for _, row := range got.Jobs {
		j := Job{ID: row.ID, Kind: row.Kind, State: string(row.State), Attempt: row.Attempt, At: row.CreatedAt, Due: row.ScheduledAt, Args: row.EncodedArgs}
		if n := len(row.Errors); n > 0 {
			j.Error = row.Errors[n-1].Error
		}
		if n := len(row.AttemptedBy); n > 0 {
			j.Worker = row.AttemptedBy[n-1]
		}
		jobs = append(jobs, j)
	}
	return jobs, nil
}

// Retry has a job done again that failed. records.ErrNotFound if there is none.
func (d *Desk) Retry(ctx context.Context, job int64) error {
	_, err := d.board.retry(ctx, job)
	if errors.Is(err, rivertype.ErrNotFound) {
		return records.ErrNotFound
	}
	return err
}
