package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/sweep"
)

type sweepScheduleOptions struct {
	Name, Target string
	Cron, Zone   string
	Jitter       time.Duration
	Again        bool
	Steps        []string
	Delete       bool
	Database     databaseOptions
}

func newSweepScheduleCommand(env Env) *cobra.Command {
	var o sweepScheduleOptions
	cmd := &cobra.Command{
		Use:   "schedule NAME [TARGET]",
		Short: "Sweep again and again, at times that an expression says",
		Long: `The expression has five fields: minute, hour, day of the month, month, weekday. A
worker begins what is due: qleaks worker. What was due while none ran begins once,
and what is due while the sweep before goes on is left out.`,
		Example: `  qleaks sweep schedule nightly --cron "0 2 * * *" --zone Europe/Berlin ~/repositories
  qleaks sweep schedule acme --cron "@hourly" --jitter 10m github:acme
  qleaks sweep schedule nightly --delete`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := bindEnvironment(cmd.Flags(), env.Getenv); err != nil {
				return err
			}
			o.Name = args[0]
			if len(args) > 1 {
				o.Target = args[1]
			}
			return runSweepSchedule(cmd.Context(), env, o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.Cron, "cron", "0 2 * * *", "the `EXPRESSION`")
	f.StringVar(&o.Zone, "zone", "UTC", "the time `ZONE` in which it is read, such as Europe/Berlin")
	f.DurationVar(&o.Jitter, "jitter", 0, "begin up to `SO LONG` later")
	f.BoolVar(&o.Delete, "delete", false, "delete the schedule")
	addRequestFlags(cmd, &o.Again, &o.Steps)
	addDatabaseFlag(cmd, &o.Database)
	return cmd
}

func runSweepSchedule(ctx context.Context, env Env, o sweepScheduleOptions) (err error) {
	if o.Delete == (o.Target != "") {
		return wrongUsage("a schedule needs a TARGET, or --delete", "qleaks sweep schedule "+o.Name+" ~/repositories")
	}
	var request sweep.Request
	if !o.Delete {
		if request, err = sweepRequest(env, o.Target, o.Again, o.Steps); err != nil {
			return err
		}
	}
	store, err := o.Database.open(ctx, env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if o.Delete {
		err := store.Update(ctx, func(tx *records.Tx) error { return tx.DeleteSchedule(ctx, o.Name) })
		if errors.Is(err, records.ErrNotFound) {
			return wrongUsage("there is no schedule "+o.Name, "qleaks sweep status lists them")
		}
		return err
	}
	s := records.Schedule{Name: o.Name, Cron: o.Cron, Zone: o.Zone, Jitter: o.Jitter, Enabled: true}
	if _, err := sweep.Next(s, env.Now()); err != nil {
		return wrongUsage(err.Error(), `such as --cron "0 2 * * *" --zone Europe/Berlin`)
	}
	desk, err := sweep.NewDesk(store)
	if err != nil {
		return couldNot("cannot write the schedule", err)
	}
	due, err := desk.PutSchedule(ctx, s, request)
	if err != nil {
		return couldNot("cannot write the schedule", err)
	}
	_, err = fmt.Fprintf(env.Stdout, "%s begins at %s, if a worker runs then: qleaks worker\n", o.Name, minute(due))
	return err
}

type sweepRetryOptions struct {
	Jobs     []string
	Database databaseOptions
}

func newSweepRetryCommand(env Env) *cobra.Command {
	var o sweepRetryOptions
	cmd := &cobra.Command{
		Use:   "retry [JOB]...",
		Short: "Have jobs done again that failed to the last, all of them or some",
		Example: `  qleaks sweep retry
  qleaks sweep retry 4711`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := bindEnvironment(cmd.Flags(), env.Getenv); err != nil {
				return err
			}
			o.Jobs = args
			return runSweepRetry(cmd.Context(), env, o)
		},
	}
	addDatabaseFlag(cmd, &o.Database)
	return cmd
}

func runSweepRetry(ctx context.Context, env Env, o sweepRetryOptions) (err error) {
	var ids []int64
	for _, word := range o.Jobs {
		id, err := strconv.ParseInt(word, 10, 64)
		if err != nil || id < 1 {
			return wrongUsage(fmt.Sprintf("%q is not the number of a job", clipped(word)), "qleaks sweep status lists them")
		}
		ids = append(ids, id)
	}
	store, err := o.Database.open(ctx, env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	desk, err := sweep.NewDesk(store)
	if err != nil {
		return couldNot("cannot read the jobs", err)
	}
	if len(o.Jobs) == 0 {
		failed, err := desk.Jobs(ctx, sweep.JobsDead, records.MaxPage)
		if err != nil {
			return couldNot("cannot read the jobs", err)
		}
		for _, j := range failed {
			ids = append(ids, j.ID)
		}
	}
	for _, id := range ids {
		err := desk.Retry(ctx, id)
		if errors.Is(err, records.ErrNotFound) {
			return wrongUsage(fmt.Sprintf("there is no job %d", id), "qleaks sweep status lists them")
		}
		if err != nil {
			return couldNot("cannot have the job done again", err)
		}
	}
	_, err = fmt.Fprintf(env.Stdout, "%s done again, if a worker runs: qleaks worker\n", plural(int64(len(ids)), "job"))
	return err
}
