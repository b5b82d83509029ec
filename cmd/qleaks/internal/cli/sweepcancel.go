package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/sweep"
)

type sweepCancelOptions struct {
	Run      string
	Database databaseOptions
}

func newSweepCancelCommand(env Env) *cobra.Command {
	var o sweepCancelOptions
	cmd := &cobra.Command{
		Use:   "cancel SWEEP",
		Short: "End a sweep that goes on",
		Long: `What the sweep has read stays, and what is not read yet is left. Workers drop
what they do for it within seconds.`,
		Example: `  qleaks sweep status
  qleaks sweep cancel 12`,
		Args: oneArgument("SWEEP"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := bindEnvironment(cmd.Flags(), env.Getenv); err != nil {
				return err
			}
			o.Run = args[0]
			return runSweepCancel(cmd.Context(), env, o)
		},
	}
	addDatabaseFlag(cmd, &o.Database)
	return cmd
}

func runSweepCancel(ctx context.Context, env Env, o sweepCancelOptions) (err error) {
	run, err := strconv.ParseInt(o.Run, 10, 64)
	if err != nil || run < 1 {
		return wrongUsage(fmt.Sprintf("%q is not the number of a sweep", clipped(o.Run)), "qleaks sweep status lists them")
	}
	store, err := o.Database.open(ctx, env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	desk, err := sweep.NewDesk(store)
	if err != nil {
		return couldNot("cannot cancel the sweep", err)
	}
	switch err := desk.Cancel(ctx, run, "command line"); {
	case errors.Is(err, records.ErrNotFound):
		return wrongUsage(fmt.Sprintf("there is no sweep %d", run), "qleaks sweep status lists them")
	case errors.Is(err, sweep.ErrOver):
		return wrongUsage(fmt.Sprintf("sweep %d is over", run), "qleaks sweep status shows what it came to")
	case err != nil:
		return couldNot("cannot cancel the sweep", err)
	}
	_, err = fmt.Fprintf(env.Stdout, "sweep %d is cancelled\n", run)
	return err
}
