package cli

import (
	"github.com/spf13/cobra"
)

func newSweepCommand(env Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sweep",
		Short: "Audit all repositories of an organisation, again and again",
		Long: `A sweep lists repositories, reads those that changed since the last one, and
keeps what it found: each finding with its life (new, known, fixed, reopened,
revoked, ignored, expired), and how far each repository was read. No key is kept.

The records are a file, or a PostgreSQL server, on which qleaks worker processes
of several machines work together: docs/operations.md.`,
		Example: `  qleaks sweep run ~/repositories               now, in this process
  qleaks sweep status                           what the last sweeps came to
  qleaks sweep schedule nightly --cron "0 2 * * *" ~/repositories
  qleaks worker                                 works on what is scheduled
  qleaks sweep retry                            what failed, once more
  qleaks sweep cancel 12                        ends a sweep that goes on`,
		RunE: onlyCommands,
		Args: cobra.ArbitraryArgs,
	}
	cmd.AddCommand(newSweepRunCommand(env), newSweepStatusCommand(env), newSweepScheduleCommand(env), newSweepRetryCommand(env), newSweepCancelCommand(env))
	return cmd
}
