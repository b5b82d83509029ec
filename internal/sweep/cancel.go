package sweep

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/qleaks/qleaks/internal/records"
)

// ErrOver says that a run has ended already.
var ErrOver = errors.New("the sweep is over")

// errCancelled ends what is being done for a run that somebody cancelled.
var errCancelled = errors.New("the sweep was cancelled")

// Cancel ends a run: its jobs are not begun any more, and workers drop within
// seconds what they are doing for it. What they wrote before stays. Who is told
// with it: "person NAME", say. It returns records.ErrNotFound if there is no such
// run, and ErrOver if it has ended.
func (d *Desk) Cancel(ctx context.Context, run int64, who string) error {
	known, err := d.store.Run(ctx, run)
	if err != nil {
		return err
	}
	return d.store.Update(ctx, func(tx *records.Tx) error {
		// Before the state is changed, since who covers repositories waits from then on.
		p, err := tx.Progress(ctx, run)
		if err != nil {
			return err
		}
		totals, err := json.Marshal(Totals{Progress: p})
		if err != nil {
			return err
		}
		cancelled, err := tx.CancelRun(ctx, run, totals, "cancelled by "+who)
		if err != nil {
			return err
		}
		if !cancelled {
			return ErrOver
		}
		if _, err := tx.Act(ctx, records.Action{Kind: "cancel", Subject: known.Target, State: "done", Who: who, Run: run}); err != nil {
			return err
		}
		return cancelJobs(ctx, tx, run)
	})
}

// cancelJobs ends the jobs of a run that nobody works on. The others end when they
// look at their run.
func cancelJobs(ctx context.Context, tx *records.Tx, run int64) error {
	const statement = "UPDATE river_job SET state = 'cancelled', finalized_at = {now} WHERE kind IN ('discover', 'read', 'step') AND state IN ('available', 'pending', 'retryable', 'scheduled') AND CAST(args ->> 'run' AS TEXT) = $1"
	var err error
	switch native := tx.Native.(type) {
	case *sql.Tx:
		_, err = native.ExecContext(ctx, strings.Replace(statement, "{now}", "datetime('now', 'subsec')", 1), strconv.FormatInt(run, 10))
	case pgx.Tx:
		_, err = native.Exec(ctx, strings.Replace(statement, "{now}", "now()", 1), strconv.FormatInt(run, 10))
	}
	return err
}

// going are the runs that a worker does something for at the moment.
type going struct {
	mutex sync.Mutex
	last  int64
	doing map[int64]part
}

// part is one thing that is done for a run.
type part struct {
	run    int64
	cancel context.CancelCauseFunc
}

// during returns a context that ends when its run is cancelled, and what is to be
// called when the work is done.
func (g *going) during(ctx context.Context, run int64) (of context.Context, done func()) {
	of, cancel := context.WithCancelCause(ctx)
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if g.doing == nil {
		g.doing = map[int64]part{}
	}
	g.last++
	id := g.last
	g.doing[id] = part{run, cancel}
	return of, func() {
		g.mutex.Lock()
		delete(g.doing, id)
		g.mutex.Unlock()
		cancel(nil)
	}
}

// runs are those that something is done for.
func (g *going) runs() map[int64]bool {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	all := map[int64]bool{}
	for _, p := range g.doing {
		all[p.run] = true
	}
	return all
}

// end ends what is done for a run.
func (g *going) end(run int64) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	for _, p := range g.doing {
		if p.run == run {
			p.cancel(errCancelled)
		}
	}
}

// dropCancelled ends what this worker does for runs that are over.
func (w *Worker) dropCancelled(ctx context.Context) error {
	for run := range w.going.runs() {
		r, err := w.Store.Run(ctx, run)
		if err != nil && !errors.Is(err, records.ErrNotFound) {
			return err
		}
		if err != nil || r.State.Over() {
			w.going.end(run)
		}
	}
	return nil
}

// dropped says to the job engine that a job ended with its run, nil if it did not.
func dropped(ctx context.Context) error {
	if errors.Is(context.Cause(ctx), errCancelled) {
		return river.JobCancel(errCancelled)
	}
	return nil
}
