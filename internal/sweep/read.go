package sweep

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/riverqueue/river"
	"github.com/sourcegraph/conc"

	"github.com/qleaks/qleaks/internal/records"
)

// jobTimeout bounds one job; heldPause is how long a job waits that finds its
// repository held.
const (
	jobTimeout = 6 * time.Hour
	heldPause  = 2 * time.Second
	// giveUp is after how many attempts, also those that ended with their worker,
	// a repository is told as one that cannot be read.
	giveUp = 40
)

type reader struct {
	river.WorkerDefaults[readArgs]

	*Worker
}

// Timeout implements river.Worker.
func (r *reader) Timeout(*river.Job[readArgs]) time.Duration { return jobTimeout }

// Work reads one repository, and writes what it found out together with its own
// end.
func (r *reader) Work(ctx context.Context, job *river.Job[readArgs]) error {
	args := job.Args
	awaited, err := r.Store.Awaits(ctx, args.Run, args.Repository)
	if err != nil || !awaited {
		return err
	}
	repository, err := r.Store.Repository(ctx, args.Repository)
	if errors.Is(err, records.ErrNotFound) {
		return river.JobCancel(err) // somebody deleted it
	}
	if err != nil {
		return err
	}
	held, err := r.Store.Hold(ctx, args.Repository, r.id, r.patience())
	if err != nil {
		return err
	}
	if !held {
		return river.JobSnooze(heldPause)
	}
	of, done := r.going.during(ctx, args.Run)
	defer done()
	report, err := r.examine(of, repository, args)
	if over := dropped(of); over != nil {
		return errors.Join(over, r.Store.Release(ctx, args.Repository, r.id))
	}
	if busy, ok := errors.AsType[*BusyError](err); ok {
		return errors.Join(r.Store.Release(ctx, args.Repository, r.id), river.JobSnooze(busy.After))
	}
	if err != nil {
		report.Outcome, report.Complete, report.Skipped = records.Failed, false, reasons(err)
		again := job.Attempt < job.MaxAttempts && job.Attempt < giveUp && !errors.Is(err, ErrUnreadable)
		if ctx.Err() != nil || again {
			return errors.Join(err, r.Store.Release(context.WithoutCancel(ctx), args.Repository, r.id))
		}
	}
	err = r.Store.Update(ctx, func(tx *records.Tx) error {
		if err := tx.Cover(ctx, report); err != nil {
			return err
		}
		if report.Outcome == records.Deleted {
			if err := tx.Gone(ctx, args.Repository); err != nil {
				return err
			}
		}
		if err := r.conclude(ctx, tx, args.Run, args.Request); err != nil {
			return err
		}
		return r.board.complete(ctx, tx, job.JobRow)
	})
	if errors.Is(err, records.ErrCovered) {
		return r.Store.Release(ctx, args.Repository, r.id)
	}
	return err
}

// examine has a repository read while this worker holds it.
func (r *reader) examine(ctx context.Context, repository records.Repository, args readArgs) (records.Report, error) {
	report := records.Report{
		Coverage: records.Coverage{Run: args.Run, Repository: args.Repository, Outcome: records.Read, State: args.State}, Holder: r.id,
	}
	ctx, cancel := context.WithCancelCause(ctx)
	var beside conc.WaitGroup
	defer beside.Wait()
	defer cancel(nil)
	beside.Go(func() { r.keepHolding(ctx, cancel, args.Repository) })

	began := time.Now()
	known, err := r.look(ctx, repository, args, &report)
	if err == nil && !known {
		err = r.read(ctx, repository, &report)
	}
	if errors.Is(err, ErrGone) {
		report.Outcome, report.Complete, report.State, err = records.Deleted, true, "", nil
	}
	report.Millis = max(time.Since(began).Milliseconds(), 1) // 0 is of what nobody looked at
	return report, err
}

// look asks for the state of a repository where the source tells, and returns true
// if that is all that there is to do: it is the state in which it was read to its
// end, or there is nothing in it.
func (r *reader) look(ctx context.Context, repository records.Repository, args readArgs, report *records.Report) (bool, error) {
	from, ok := r.Source.(Looker)
	if !ok || !args.Look {
		return false, nil
	}
	state, err := from.Look(ctx, repository)
	if err != nil {
		return false, err
	}
	report.State = state + " " + r.Conditions
	switch {
	case report.State == repository.State && !args.Request.Again:
		report.Outcome, report.Complete = records.Unchanged, true
		return true, nil
	case state == Nothing:
		report.Complete = true
		return true, nil
	}
	return false, nil
}

// read fetches a repository and has it read.
func (r *reader) read(ctx context.Context, repository records.Repository, report *records.Report) error {
	there, err := r.Source.Fetch(ctx, repository)
	if err != nil {
		return err
	}
	if there.Done != nil {
		defer there.Done()
	}
	got, err := r.Reader.Read(ctx, there)
	if err != nil {
		return err
	}
	report.Complete, report.Extent, report.Sightings = got.Complete, got.Extent, got.Sightings
	report.Findings = int64(len(got.Sightings))
	return nil
}

// keepHolding says again and again that the repository is being read. When
// somebody else has it, the reading ends.
func (r *reader) keepHolding(ctx context.Context, cancel context.CancelCauseFunc, repository int64) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(r.patience() / 4):
		}
		if held, err := r.Store.Hold(ctx, repository, r.id, r.patience()); err == nil && !held {
			cancel(records.ErrLost)
			return
		}
	}
}

// reasons says why nothing was read, as a coverage tells what was skipped.
func reasons(err error) json.RawMessage {
	text, failed := json.Marshal([]map[string]string{{"path": ".", "outcome": "unread", "reason": err.Error()}})
	if failed != nil {
		return nil
	}
	return text
}
