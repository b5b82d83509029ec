package sweep

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"github.com/sourcegraph/conc"

	"github.com/qleaks/qleaks/internal/records"
)

// Worker works on sweeps.
type Worker struct {
	Options

	id    string
	host  string
	board *board
	going going
}

// NewWorker makes a worker. The tables of the job engine must be up to date.
func NewWorker(o Options) (*Worker, error) {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	w := &Worker{Options: o, host: host, id: fmt.Sprintf("%s-%d-%s", host, os.Getpid(), rand.Text()[:8])}
	workers := river.NewWorkers()
	river.AddWorker(workers, &discoverer{Worker: w})
	river.AddWorker(workers, &reader{Worker: w})
	river.AddWorker(workers, &concluder{Worker: w})
	queues := map[string]river.QueueConfig{stepQueue: {MaxWorkers: 2}}
	if o.Workers > 0 {
		queues[readQueue] = river.QueueConfig{MaxWorkers: o.Workers}
	}
	w.board, err = newBoard(o.Store, &river.Config{
		ID: w.id, Logger: o.log(), Workers: workers, Queues: queues, RetryPolicy: patient{},
		FetchCooldown: fetchPause, FetchPollInterval: time.Second, JobTimeout: jobTimeout, RescueStuckJobsAfter: jobTimeout + time.Hour,
		CompletedJobRetentionPeriod: 24 * time.Hour, DiscardedJobRetentionPeriod: 30 * 24 * time.Hour,
	})
	return w, err
}

// Run works until the context ends. Then what is being done is given back.
func (w *Worker) Run(ctx context.Context) error {
	if err := w.join(ctx); err != nil {
		if ctx.Err() != nil {
			return nil // it was told to end before it began
		}
		return err
	}
	var beside conc.WaitGroup
	beside.Go(func() { w.every(ctx, w.patience()/6, w.beat) })
	beside.Go(func() { w.every(ctx, w.patience()/4, w.takeOver) })
	beside.Go(func() { w.every(ctx, tickPause, w.tick) })
	beside.Go(func() { w.every(ctx, w.patience()/10, w.dropCancelled) })
	beside.Go(func() { w.every(ctx, retainPause, w.retain) })
	if w.Aside != nil {
		beside.Go(func() {
			w.every(ctx, asidePause, func(ctx context.Context) error {
				w.Aside(ctx)
				return nil
			})
		})
	}
	<-ctx.Done()
	beside.Wait()
	// The context has ended, and ending takes a moment.
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopPatience)
	defer cancel()
	err := w.board.stop(last)
	return errors.Join(err, w.Store.Update(last, func(tx *records.Tx) error {
		return errors.Join(tx.ReleaseAll(last, w.id), tx.Leave(last, w.id))
	}))
}

func (w *Worker) join(ctx context.Context) error {
	if err := w.beat(ctx); err != nil {
		return err
	}
	if err := w.board.start(ctx); err != nil {
		return fmt.Errorf("start the job engine: %w", err)
	}
	return nil
}

// asidePause is how often a worker does what it does aside.
const asidePause = 5 * time.Minute

// stopPatience is how long a worker that was told to end may take.
const stopPatience = time.Minute

func (w *Worker) beat(ctx context.Context) error {
	return w.Store.Beat(ctx, records.Worker{ID: w.id, Host: w.host, PID: int64(os.Getpid()), Version: w.Version})
}

// every does something again and again. What fails is told, and tried again next
// time: a database that was away comes back.
func (w *Worker) every(ctx context.Context, pause time.Duration, do func(ctx context.Context) error) {
	for ctx.Err() == nil {
		if err := do(ctx); err != nil && ctx.Err() == nil {
			w.log().Warn("the database did not answer", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// takeOver gives the work of workers that are not heard of any more back to all.
func (w *Worker) takeOver(ctx context.Context) error {
	alive, err := w.Store.Workers(ctx, w.patience())
	if err != nil {
		return err
	}
	running, err := w.board.list(ctx, river.NewJobListParams().States(rivertype.JobStateRunning).First(1000))
	if err != nil {
		return err
	}
	for _, row := range running.Jobs {
		by := row.AttemptedBy
		if len(by) == 0 || by[len(by)-1] == w.id || slices.ContainsFunc(alive, func(a records.Worker) bool { return a.ID == by[len(by)-1] }) {
			continue
		}
		w.log().Info("the work of a worker that is gone is taken over", "job", row.ID)
		err := w.Store.Update(ctx, func(tx *records.Tx) error {
			if err := tx.ReleaseAll(ctx, by[len(by)-1]); err != nil {
				return err
			}
			return again(ctx, tx, row)
		})
		if err != nil {
			return err
		}
	}
	return w.Store.Update(ctx, func(tx *records.Tx) error { return tx.ForgetWorkers(ctx, 10*w.patience()) })
}
