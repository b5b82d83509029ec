package sweep

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/riverqueue/river"

	"github.com/qleaks/qleaks/internal/records"
)

// conclude has the steps done that a request names, when all repositories are
// covered. One transaction of all that end with the last repository does it.
func (w *Worker) conclude(ctx context.Context, tx *records.Tx, run int64, r Request) error {
	swept, err := tx.Swept(ctx, run)
	if err != nil || !swept {
		return err
	}
	return w.board.insert(ctx, tx, []river.InsertManyParams{concluding(run, r.after(""), r, nil)})
}

type concluder struct {
	river.WorkerDefaults[stepArgs]

	*Worker
}

// Timeout implements river.Worker.
func (c *concluder) Timeout(*river.Job[stepArgs]) time.Duration { return jobTimeout }

// Work does one step, and has the next one done. A step that fails to the last is
// told, and the run goes on without it.
func (c *concluder) Work(ctx context.Context, job *river.Job[stepArgs]) error {
	args := job.Args
	run, err := c.Store.Run(ctx, args.Run)
	over := args.Step == NotifyStep && run.State == records.Broken
	if err != nil || run.State != records.Concluding && !over {
		return err
	}
	if args.Step == reportStep {
		return c.report(ctx, job, run)
	}
	of, finish := c.going.during(ctx, run.Seq)
	defer finish()
	action := records.Action{Kind: args.Step, Subject: run.Target, State: "done", Who: "sweep", Run: run.Seq}
	do, known := c.step(args.Step)
	if !known {
		err = errors.New("this worker does not know the step " + args.Step)
	} else {
		action.Detail, err = do(of, run)
	}
	if over := dropped(of); over != nil {
		return over
	}
	if busy, ok := errors.AsType[*BusyError](err); ok {
		return river.JobSnooze(busy.After)
	}
	if errors.Is(err, ErrPartly) {
		err, action.State = nil, "partial"
		args.Failed = append(slices.Clone(args.Failed), args.Step)
	}
	if err != nil {
		if ctx.Err() != nil || job.Attempt < job.MaxAttempts {
			return err
		}
		c.log().Warn("a step failed", "run", run.Seq, "step", args.Step)
		action.State, action.Detail = "failed", because(err)
		args.Failed = append(slices.Clone(args.Failed), args.Step)
	}
	return c.Store.Update(ctx, func(tx *records.Tx) error {
		if still, err := tx.IsGoing(ctx, run.Seq); err != nil || !still {
			return errors.Join(err, c.board.complete(ctx, tx, job.JobRow))
		}
		if _, err := tx.Act(ctx, action); err != nil {
			return err
		}
		next := concluding(run.Seq, args.Request.after(args.Step), args.Request, args.Failed)
		if err := c.board.insert(ctx, tx, []river.InsertManyParams{next}); err != nil {
			return err
		}
		return c.board.complete(ctx, tx, job.JobRow)
	})
}

func because(err error) json.RawMessage {
	text, failed := json.Marshal(map[string]string{"error": err.Error()})
	if failed != nil {
		return nil
	}
	return text
}

// Totals are the numbers of a run's end.
type Totals struct {
	records.Progress

	// Findings counts all that the database has, by life and standing.
	Findings []records.Count `json:"findingsByLife"`
	// Failed are the steps that did not succeed.
	Failed []string `json:"failedSteps,omitempty"`
}

// report ends the run.
func (c *concluder) report(ctx context.Context, job *river.Job[stepArgs], run records.Run) error {
	counts, err := c.Store.Counts(ctx)
	if err != nil {
		return err
	}
	return c.Store.Update(ctx, func(tx *records.Tx) error {
		p, err := tx.Progress(ctx, run.Seq)
		if err != nil {
			return err
		}
		text, err := json.Marshal(Totals{Progress: p, Findings: counts, Failed: job.Args.Failed})
		if err != nil {
			return err
		}
		end, problem := records.Done, ""
		if p.Incomplete > 0 || len(job.Args.Failed) > 0 {
			end, problem = records.Partial, "not everything was read or done"
		}
		moved, err := tx.MoveRun(ctx, run.Seq, records.Concluding, end)
		if err == nil && moved {
			err = tx.Total(ctx, run.Seq, text, problem)
		}
		if err != nil {
			return err
		}
		return c.board.complete(ctx, tx, job.JobRow)
	})
}
