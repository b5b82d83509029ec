package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
)

type workerCommandOptions struct {
	Database databaseOptions
	Working  workerOptions
	Talking  talkOptions
}

func newWorkerCommand(env Env) *cobra.Command {
	var o workerCommandOptions
	cmd := &cobra.Command{
		Use:   "worker",
		Short: "Work on sweeps until it is told to end",
		Long: `Any number of workers, on any number of machines, share a PostgreSQL server; on a
file of records one process works. What a worker was doing when it was killed, the
others do once they have not heard of it for half a minute. On SIGTERM or Ctrl-C it
gives back what it is doing, and ends.

Repositories are read by processes that have none of the worker's credentials.`,
		Example: `  qleaks worker
  qleaks worker --workers 8 --memory 8GiB
  QLEAKS_DATABASE=postgres://qleaks@db.example/qleaks qleaks worker`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := bindEnvironment(cmd.Flags(), env.Getenv); err != nil {
				return err
			}
			return runWorker(cmd.Context(), env, o)
		},
	}
	cmd.Flags().SortFlags = false
	addDatabaseFlag(cmd, &o.Database)
	addWorkerFlags(cmd, &o.Working)
	addTalkFlags(cmd, &o.Talking)
	return cmd
}

func runWorker(ctx context.Context, env Env, o workerCommandOptions) (err error) {
	if err := o.Working.validate(); err != nil {
		return err
	}
	store, err := o.Database.open(ctx, env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	o.Working.stays = true
	w, err := o.Working.worker(ctx, env, o.Talking, store)
	if err != nil {
		return err
	}
	messages{w: env.Stderr, quiet: o.Talking.Quiet}.note("working on sweeps, %s at once; Ctrl-C ends it", plural(int64(o.Working.Workers), "repository"))
	if err := w.Run(ctx); err != nil {
		return couldNot("the worker broke off", err)
	}
	return nil
}
