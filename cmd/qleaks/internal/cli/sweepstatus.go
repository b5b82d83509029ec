package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/sweep"
	"github.com/qleaks/qleaks/scanner/report"
)

// sweepLine says how far a run is.
type sweepLine struct {
	mutex sync.Mutex
	run   records.Run
}

func (l *sweepLine) set(r records.Run) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.run = r
}

func (l *sweepLine) text() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.run.Expected == 0 {
		return "sweeping: listing repositories"
	}
	return fmt.Sprintf("sweeping: %s of %s", grouped(l.run.Covered), plural(l.run.Expected, "repository"))
}

// openCount counts findings that somebody has to do something about, and of these
// the ones whose key works.
func openCount(counts []records.Count) (open, active int64) {
	for _, c := range counts {
		if c.Life.Open() {
			open += c.Count
			if c.Standing == records.Active {
				active += c.Count
			}
		}
	}
	return open, active
}

// tellRun tells what a run came to, and returns the exit code.
func tellRun(ctx context.Context, env Env, store *records.Store, seq int64) error {
	run, err := store.Run(ctx, seq)
	if err != nil {
		return couldNot("cannot read the records", err)
	}
	counts, err := store.Counts(ctx)
	if err != nil {
		return couldNot("cannot read the records", err)
	}
	if run.State == records.Broken {
		return couldNot("the sweep failed", errors.New(report.Clean(run.Error)))
	}
	var totals sweep.Totals
	if err := json.Unmarshal(run.Totals, &totals); err != nil {
		return couldNot("cannot read the records", err)
	}
	open, active := openCount(counts)
	var b strings.Builder
	fmt.Fprintf(&b, "sweep %d of %s: %s in %s\n", run.Seq, report.Clean(run.Target), run.State, run.Ended.Sub(run.Started).Round(100*time.Millisecond))
	fmt.Fprintf(&b, "  repositories: %s read, %s unchanged, %s failed, %s deleted; %s not read to the end\n",
		grouped(totals.Repositories[records.Read]), grouped(totals.Repositories[records.Unchanged]), grouped(totals.Repositories[records.Failed]),
		grouped(totals.Repositories[records.Deleted]), grouped(totals.Incomplete))
	fmt.Fprintf(&b, "  findings: %s new, %s fixed, %s reopened; %s open in all, %s of them with a key that works\n",
		grouped(totals.Changed[records.New]), grouped(totals.Changed[records.Fixed]), grouped(totals.Changed[records.Reopened]), grouped(open), grouped(active))
	if totals.Incomplete > 0 {
		reasons, err := unreadReasons(ctx, store, run.Seq)
		if err != nil {
			return couldNot("cannot read the records", err)
		}
		b.WriteString(reasons)
	}
	if len(totals.Failed) > 0 {
		fmt.Fprintf(&b, "  not done: %s\n", strings.Join(totals.Failed, ", "))
	}
	if _, err := io.WriteString(env.Stdout, b.String()); err != nil {
		return couldNot("cannot write", err)
	}
	switch {
	case open > 0:
		return exitStatusError(exitFindings)
	case run.State == records.Partial || run.State == records.Cancelled:
		return exitStatusError(exitIncomplete)
	}
	return nil
}

// unreadReasons says of the first repositories that were not read why.
func unreadReasons(ctx context.Context, store *records.Store, seq int64) (string, error) {
	unread, err := store.Unread(ctx, seq, records.Page{Most: shownRuns})
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, c := range unread {
		repository, err := store.Repository(ctx, c.Repository)
		if err != nil {
			return "", err
		}
		var skipped []struct{ Reason, Outcome string }
		if err := json.Unmarshal(c.Skipped, &skipped); err != nil {
			return "", fmt.Errorf("why %s was not read: %w", report.Clean(repository.Name), err)
		}
		for _, s := range skipped {
			if s.Outcome == "unread" {
				fmt.Fprintf(&b, "  not read: %s: %s\n", report.Clean(repository.Name), report.Clean(s.Reason))
				break
			}
		}
	}
	return b.String(), nil
}

type sweepStatusOptions struct {
	JSON     bool
	Database databaseOptions
}

func newSweepStatusCommand(env Env) *cobra.Command {
	var o sweepStatusOptions
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show the last sweeps, schedules, workers and jobs that failed",
		Example: `  qleaks sweep status
  qleaks sweep status --json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := bindEnvironment(cmd.Flags(), env.Getenv); err != nil {
				return err
			}
			return runSweepStatus(cmd.Context(), env, o)
		},
	}
	cmd.Flags().BoolVar(&o.JSON, "json", false, "as JSON")
	addDatabaseFlag(cmd, &o.Database)
	return cmd
}

// sweepStatus is what sweep status shows.
type sweepStatus struct {
	Runs      []records.Run      `json:"runs"`
	Findings  []records.Count    `json:"findings"`
	Schedules []records.Schedule `json:"schedules"`
	Workers   []records.Worker   `json:"workers"`
	Running   []sweep.Job        `json:"running"`
	Retrying  []sweep.Job        `json:"retrying"`
	// Failed are those that are not tried again by themselves.
	Failed []sweep.Job `json:"failed"`
}

// shownRuns is how many runs and jobs are shown.
const shownRuns = 10

func readSweepStatus(ctx context.Context, store *records.Store) (s sweepStatus, err error) {
	desk, err := sweep.NewDesk(store)
	if err != nil {
		return s, err
	}
	for _, read := range []func() error{
		func() (err error) { s.Runs, err = store.Runs(ctx, records.Page{Most: shownRuns}); return err },
		func() (err error) { s.Findings, err = store.Counts(ctx); return err },
		func() (err error) { s.Schedules, err = store.Schedules(ctx); return err },
		func() (err error) { s.Workers, err = store.Workers(ctx, time.Minute); return err },
		func() (err error) { s.Running, err = desk.Jobs(ctx, sweep.JobsRunning, shownRuns); return err },
		func() (err error) { s.Retrying, err = desk.Jobs(ctx, sweep.JobsRetrying, shownRuns); return err },
		func() (err error) { s.Failed, err = desk.Jobs(ctx, sweep.JobsDead, shownRuns); return err },
	} {
		if err := read(); err != nil {
			return s, err
		}
	}
	return s, nil
}

func runSweepStatus(ctx context.Context, env Env, o sweepStatusOptions) (err error) {
	store, err := o.Database.open(ctx, env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	s, err := readSweepStatus(ctx, store)
	if err != nil {
		return couldNot("cannot read the records", err)
	}
	if o.JSON {
		return writeIndented(env.Stdout, s)
	}
	return s.write(env.Stdout)
}

func (s sweepStatus) write(w io.Writer) error {
	var b strings.Builder
	open, active := openCount(s.Findings)
	fmt.Fprintf(&b, "%s open, %s of them with a key that works; %s\n\n", plural(open, "finding"), grouped(active), plural(int64(len(s.Workers)), "worker"))
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "SWEEP\tSTARTED\tSTATE\tREPOSITORIES\tTARGET\tBY")
	for _, r := range s.Runs {
		fmt.Fprintf(table, "%d\t%s\t%s\t%d of %d\t%s\t%s\n", r.Seq, minute(r.Started), r.State, r.Covered, r.Expected, report.Clean(r.Target), report.Clean(r.Cause))
	}
	if len(s.Schedules) > 0 {
		fmt.Fprintln(table, "\nSCHEDULE\tDUE\tEXPRESSION\tZONE")
		for _, c := range s.Schedules {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", report.Clean(c.Name), minute(c.Due), report.Clean(c.Cron), report.Clean(c.Zone))
		}
	}
	if jobs := append(append([]sweep.Job{}, s.Retrying...), s.Failed...); len(jobs) > 0 {
		fmt.Fprintln(table, "\nJOB\tKIND\tSTATE\tATTEMPTS\tERROR")
		for _, j := range jobs {
			fmt.Fprintf(table, "%d\t%s\t%s\t%d\t%s\n", j.ID, j.Kind, j.State, j.Attempt, report.Clean(j.Error))
		}
	}
	_ = table.Flush() // to memory
	_, err := io.WriteString(w, b.String())
	return err
}
