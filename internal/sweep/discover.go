package sweep

import (
	"cmp"
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
	ctx, done := d.going.during(ctx, run.Seq)
	defer done()
	listed, err := d.Source.List(ctx, job.Args.Request.Target)
	if over := dropped(ctx); over != nil {
		return over
	}
	if busy, ok := errors.AsType[*BusyError](err); ok {
		return river.JobSnooze(busy.After)
	}
	if err != nil {
		if job.Attempt >= job.MaxAttempts || errors.Is(err, ErrGone) {
			return errors.Join(river.JobCancel(err), d.fail(ctx, run, job.Args.Request, err))
		}
		return err
	}
	listed = distinct(listed)
	known, err := d.known(ctx, job.Args.Request.Target)
	if err != nil {
		return err
	}
	for part := range slices.Chunk(listed, chunk) {
		err := d.Store.Update(ctx, func(tx *records.Tx) error { return d.note(ctx, tx, job.Args, part, known) })
		if err != nil {
			return errors.Join(dropped(ctx), err)
		}
	}
	gone := missing(known, listed)
	return d.Store.Update(ctx, func(tx *records.Tx) error {
		if still, err := tx.IsGoing(ctx, run.Seq); err != nil || !still {
			return errors.Join(err, d.board.complete(ctx, tx, job.JobRow))
		}
		for _, repository := range gone {
			if err := d.deleted(ctx, tx, run.Seq, repository); err != nil {
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
// others as jobs. What is known of them already is not written again.
func (d *discoverer) note(ctx context.Context, tx *records.Tx, args discoverArgs, part []Listed, known map[string]records.Repository) error {
	if still, err := tx.IsGoing(ctx, args.Run); err != nil || !still {
		return err
	}
	var jobs []river.InsertManyParams
	var unchanged []int64
	now := time.Now()
	for _, l := range part {
		if l.State != "" {
			l.State += " " + d.Conditions
		}
		r, ok := known[l.Name]
		if !ok || !says(r, l) {
			var err error
			r, err = tx.PutRepository(ctx, records.Repository{
				Name: l.Name, Origin: cmp.Or(l.Origin, args.Request.Target), Location: l.Location, URL: l.URL, About: l.About, Pushed: l.Pushed,
			})
			if err != nil {
				return err
			}
		}
		if l.State != "" && r.State == l.State && !args.Request.Again {
			unchanged = append(unchanged, r.Seq)
			continue
		}
		jobs = append(jobs, reading(args.Run, r.Seq, l, args.Request, now))
	}
	if err := tx.CoverUnchanged(ctx, args.Run, unchanged); err != nil || len(jobs) == 0 {
		return err
	}
	return d.board.insert(ctx, tx, jobs)
}

// says reports whether what is known of a repository is what is listed.
func says(r records.Repository, l Listed) bool {
	return r.Gone.IsZero() && r.Location == l.Location && r.URL == l.URL && string(r.About) == string(l.About) &&
		r.Pushed.Truncate(time.Microsecond).Equal(l.Pushed.Truncate(time.Microsecond))
}

// deleted writes that a repository is not there any more.
func (d *discoverer) deleted(ctx context.Context, tx *records.Tx, run, repository int64) error {
	err := tx.Cover(ctx, records.Report{Coverage: records.Coverage{Run: run, Repository: repository, Outcome: records.Deleted, Complete: true}})
	if errors.Is(err, records.ErrCovered) {
		return nil
	}
	return err
}

// known returns the repositories that a target had so far, by name.
func (d *discoverer) known(ctx context.Context, target string) (map[string]records.Repository, error) {
	all := map[string]records.Repository{}
	for p := (records.Page{}); ; {
		page, err := d.Store.Repositories(ctx, records.RepositoryFilter{Origin: target}, p)
		if err != nil {
			return nil, err
		}
		for _, r := range page {
			p.Before = r.Seq
			all[r.Name] = r
		}
		if len(page) < records.MaxPage {
			return all, nil
		}
	}
}

// missing returns the repositories that were there and are not listed any more.
func missing(known map[string]records.Repository, listed []Listed) (gone []int64) {
	names := map[string]bool{}
	for _, l := range listed {
		names[l.Name] = true
	}
	for name, r := range known {
		if r.Gone.IsZero() && !names[name] {
			gone = append(gone, r.Seq)
		}
	}
	slices.Sort(gone)
	return gone
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
func (w *Worker) fail(ctx context.Context, run records.Run, r Request, why error) error {
	return w.Store.Update(ctx, func(tx *records.Tx) error {
		moved, err := tx.MoveRun(ctx, run.Seq, records.Discovering, records.Broken)
		if err == nil && moved {
			err = tx.Total(ctx, run.Seq, nil, fmt.Sprintf("the repositories could not be listed: %v", why))
		}
		if err != nil || !moved || !slices.Contains(r.Steps, NotifyStep) {
			return err
		}
		r.Steps = []string{NotifyStep}
		return w.board.insert(ctx, tx, []river.InsertManyParams{concluding(run.Seq, NotifyStep, r, nil)})
	})
}
