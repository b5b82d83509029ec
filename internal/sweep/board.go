package sweep

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"github.com/qleaks/qleaks/internal/records"
)

// board is River's client on either database.
type board struct {
	start, stop func(ctx context.Context) error
	list        func(ctx context.Context, params *river.JobListParams) (*river.JobListResult, error)
	retry       func(ctx context.Context, id int64) (*rivertype.JobRow, error)
	insert      func(ctx context.Context, tx *records.Tx, jobs []river.InsertManyParams) error
	// complete ends the job that the context is of, together with a transaction.
	complete func(ctx context.Context, tx *records.Tx, row *rivertype.JobRow) error
	migrate  func(ctx context.Context) error
}

var errOtherDatabase = errors.New("the transaction is of another database")

// newBoard makes a client. Workers are nil for one that only writes jobs down.
func newBoard(s *records.Store, config *river.Config) (*board, error) {
	if pool := s.Pool(); pool != nil {
		return boardOn[*riverpgxv5.Driver, pgx.Tx](riverpgxv5.New(pool), config)
	}
	// SQLite tells nobody of new jobs.
	config.FetchPollInterval = pollPause
	return boardOn[*riversqlite.Driver, *sql.Tx](riversqlite.New(s.SQL()), config)
}

// How often jobs are fetched: at most, and at least where nobody tells of new ones.
const (
	fetchPause = 20 * time.Millisecond
	pollPause  = 200 * time.Millisecond
)

func boardOn[D riverdriver.Driver[T], T any](driver D, config *river.Config) (*board, error) {
	client, err := river.NewClient[T](driver, config)
	if err != nil {
		return nil, fmt.Errorf("make a client of the job engine: %w", err)
	}
	return &board{
		start: client.Start, stop: client.StopAndCancel, list: client.JobList, retry: client.JobRetry,
		insert: func(ctx context.Context, tx *records.Tx, jobs []river.InsertManyParams) error {
			native, ok := tx.Native.(T)
			if !ok {
				return errOtherDatabase
			}
			_, err := client.InsertManyTx(ctx, native, jobs)
			return err
		},
		complete: func(ctx context.Context, tx *records.Tx, row *rivertype.JobRow) error {
			native, ok := tx.Native.(T)
			if !ok {
				return errOtherDatabase
			}
			_, err := river.JobCompleteTx[D](ctx, native, &river.Job[readArgs]{JobRow: row})
			return err
		},
		migrate: func(ctx context.Context) error {
			m, err := rivermigrate.New[T](driver, &rivermigrate.Config{Logger: config.Logger})
			if err == nil {
				_, err = m.Migrate(ctx, rivermigrate.DirectionUp, nil)
			}
			return err
		},
	}, nil
}

// Migrate brings the tables of the job engine up to date.
func Migrate(ctx context.Context, s *records.Store) error {
	b, err := newBoard(s, &river.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	if err := s.Locked(ctx, b.migrate); err != nil {
		return fmt.Errorf("bring the tables of the job engine up to date: %w", err)
	}
	return nil
}

// again gives a job that a worker left back to all, if it is still in the attempt
// in which it was left. That attempt does not count.
func again(ctx context.Context, tx *records.Tx, row *rivertype.JobRow) error {
	const statement = "UPDATE river_job SET state = 'available', max_attempts = max_attempts + 1 WHERE id = $1 AND state = 'running' AND attempt = $2"
	var err error
	switch native := tx.Native.(type) {
	case *sql.Tx:
		_, err = native.ExecContext(ctx, statement, row.ID, row.Attempt)
	case pgx.Tx:
		_, err = native.Exec(ctx, statement, row.ID, row.Attempt)
	}
	return err
}
