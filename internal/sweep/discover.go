package sweep

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/riverqueue/river"

	"github.com/qleaks/qleaks/internal/records"
)

// chunk is how many repositories one transaction notes.
const chunk = 200

type discoverer struct {
	river.WorkerDefaults[discoverArgs]

	*Worker
}

// Timeout implements river.Worker.
func (d *discoverer) Timeout(*river.Job[discoverArgs]) time.Duration { return jobTimeout }

// Work lists the repositories of a run, and has those read that changed. Doing it
// again changes nothing.
func (d *discoverer) Work(ctx context.Context, job *river.Job[discoverArgs]) error {
	run, err := d.Store.Run(ctx, job.Args.Run)
	if err != nil || run.State != records.Discovering {
		return err
	}
	listed, err := d.Source.List(ctx, job.Args.Request.Target)
	if busy, ok := errors.AsType[*BusyError](err); ok {
		return river.JobSnooze(busy.After)
	}
	if err != nil {
		if job.Attempt >= job.MaxAttempts || errors.Is(err, ErrGone) {
			return errors.Join(river.JobCancel(err), d.fail(ctx, run, err))
		}
		return err
	}
	listed = distinct(listed)
	for part := range slices.Chunk(listed, chunk) {
		err := d.Store.Update(ctx, func(tx *records.Tx) error { return d.note(ctx, tx, job.Args, part) })
		if err != nil {
			return err
		}
	}
	gone, err := d.missing(ctx, job.Args.Request.Target, listed)
	if err != nil {
		return err
	}
	return d.Store.Update(ctx, func(tx *records.Tx) error {
		for _, repository := range gone {
			if err := d.cover(ctx, tx, run.Seq, repository, records.Deleted, ""); err != nil {
				return err
			}
			if err := tx.Gone(ctx, repository); err != nil {
				return err
			}
		}
		if err := tx.Expect(ctx, run.Seq, int64(len(listed)+len(gone))); err != nil {
			return err
		}
		if _, err := tx.MoveRun(ctx, run.Seq, records.Discovering, records.Sweeping); err != nil {
			return err
		}
		if err := d.conclude(ctx, tx, run.Seq, job.Args.Request); err != nil {
			return err
		}
		return d.board.complete(ctx, tx, job.JobRow)
	})
}

// note writes some repositories down: those that have not changed as covered, the
// others as jobs.
func (d *discoverer) note(ctx context.Context, tx *records.Tx, args discoverArgs, part []Listed) error {
	var jobs []river.InsertManyParams
	now := time.Now()
	for _, l := range part {
		if l.State != "" {
			l.State += " " + d.Conditions
		}
		known, err := tx.PutRepository(ctx, records.Repository{
			Name: l.Name, Origin: args.Request.Target, Location: l.Location, URL: l.URL, About: l.About, Pushed: l.Pushed,
		})
		if err != nil {
			return err
		}
		if l.State != "" && known.State == l.State && !args.Request.Again {
			if err := d.cover(ctx, tx, args.Run, known.Seq, records.Unchanged, l.State); err != nil {
				return err
			}
			continue
		}
		jobs = append(jobs, reading(args.Run, known.Seq, l, args.Request, now))
	}
	if len(jobs) == 0 {
		return nil
	}
	return d.board.insert(ctx, tx, jobs)
}

// cover writes what needs no reading.
func (d *discoverer) cover(ctx context.Context, tx *records.Tx, run, repository int64, outcome records.Outcome, state string) error {
	err := tx.Cover(ctx, records.Report{Coverage: records.Coverage{Run: run, Repository: repository, Outcome: outcome, Complete: true, State: state}})
	if errors.Is(err, records.ErrCovered) {
		return nil
	}
	return err
}

// missing returns the repositories of a target that were there and are not listed
// any more.
func (d *discoverer) missing(ctx context.Context, target string, listed []Listed) ([]int64, error) {
	names := map[string]bool{}
	for _, l := range listed {
		names[l.Name] = true
	}
	var gone []int64
	for p := (records.Page{}); ; {
		known, err := d.Store.Repositories(ctx, records.RepositoryFilter{Origin: target}, p)
		if err != nil {
			return nil, err
		}
		for _, r := range known {
			p.Before = r.Seq
			if r.Gone.IsZero() && !names[r.Name] {
				gone = append(gone, r.Seq)
			}
		}
		if len(known) < records.MaxPage {
			return gone, nil
		}
	}
}

// distinct leaves the first of those with one name, which a listing that changes
// while it is read can have twice.
func distinct(listed []Listed) []Listed {
	seen := map[string]bool{}
	return slices.DeleteFunc(slices.Clone(listed), func(l Listed) bool {
		twice := seen[l.Name]
		seen[l.Name] = true
		return twice
	})
}

// fail ends a run that could not begin.
func (w *Worker) fail(ctx context.Context, run records.Run, why error) error {
	return w.Store.Update(ctx, func(tx *records.Tx) error {
		if err := tx.Total(ctx, run.Seq, nil, fmt.Sprintf("the repositories could not be listed: %v", why)); err != nil {
			return err
		}
		_, err := tx.MoveRun(ctx, run.Seq, records.Discovering, records.Broken)
		return err
	})
}
