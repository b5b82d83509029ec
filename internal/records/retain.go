package records

import (
	"context"
	"fmt"
	"time"
)

// Retention says how long records are kept; 0 keeps them. Findings, keys and
// decisions stay until somebody deletes them, and so do the last run and the last
// coverage of each repository.
type Retention struct {
	// Coverage is how long is kept what runs read of repositories, Runs how long the
	// runs themselves; Changes how long the steps of findings that are over; Actions
	// how long what was done is kept.
	Coverage, Runs, Changes, Actions time.Duration
}

// Retained is what was deleted because of its age, in rows.
type Retained struct {
	Coverage int64 `json:"coverage"`
	Runs     int64 `json:"runs"`
	Changes  int64 `json:"changes"`
	Actions  int64 `json:"actions"`
}

// Rows is how many rows were deleted.
func (r Retained) Rows() int64 { return r.Coverage + r.Runs + r.Changes + r.Actions }

// retainedAtOnce is how many rows one transaction deletes, so that nobody waits
// long for it.
const retainedAtOnce = 5000

// aged are rows of a table that are deleted by their age.
type aged struct {
	table, at string
	// besides says which of the old ones are meant; it begins with AND.
	besides string
}

// Retain deletes what is older than it has to be. A database that nothing is to be
// deleted from is read only as far as its rows are old.
func (s *Store) Retain(ctx context.Context, r Retention) (Retained, error) {
	var done Retained
	for _, d := range []struct {
		keep time.Duration
		rows aged
		done *int64
	}{
		{r.Coverage, aged{"coverage", "at", " AND seq < (SELECT MAX(c.seq) FROM coverage c WHERE c.repository = coverage.repository)"}, &done.Coverage},
		{r.Runs, aged{"runs", "started", " AND ended > 0 AND seq < (SELECT MAX(seq) FROM runs)"}, &done.Runs},
		{r.Changes, aged{"changes", "at", " AND EXISTS (SELECT 1 FROM findings f WHERE f.seq = changes.finding AND f.life IN ('fixed', 'revoked', 'expired'))"}, &done.Changes},
		{r.Actions, aged{"actions", "at", ""}, &done.Actions},
	} {
		if d.keep <= 0 {
			continue
		}
		n, err := s.retain(ctx, d.rows, d.keep)
		*d.done = n
		if err != nil {
			return done, doing("delete what is old", err)
		}
	}
	return done, nil
}

// retain deletes the old rows of one table, some at a time. Rows are in the order
// in which they were written, so that the first one that is not old ends it.
func (s *Store) retain(ctx context.Context, a aged, keep time.Duration) (all int64, err error) {
	now := s.engine.words().now
	young, err := list(ctx, s.engine, fmt.Sprintf("SELECT seq FROM %s WHERE %s >= %s - $1 ORDER BY seq LIMIT 1", a.table, a.at, now), scanNumber, keep.Microseconds())
	if err != nil {
		return 0, err
	}
	end := int64(1<<63 - 1)
	if len(young) > 0 {
		end = young[0]
	}
	statement := fmt.Sprintf("DELETE FROM %s WHERE seq IN (SELECT seq FROM %s WHERE seq < $1 AND %s < %s - $2%s ORDER BY seq LIMIT %d)", a.table, a.table, a.at, now, a.besides, retainedAtOnce)
	for {
		n, err := s.engine.exec(ctx, statement, end, keep.Microseconds())
		all += n
		if err != nil || n < retainedAtOnce {
			return all, err
		}
	}
}

func scanNumber(scan func(to ...any) error, n *int64) error { return scan(n) }
