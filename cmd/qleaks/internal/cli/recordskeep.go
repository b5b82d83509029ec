package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/records"
)

// recordsSection is [records]: how long each kind is kept, "" for always. It counts
// only in the user's own configuration and in the file of --config.
type recordsSection struct {
	KeepCoverage string `toml:"keep-coverage"`
	KeepRuns     string `toml:"keep-runs"`
	KeepChanges  string `toml:"keep-changes"`
	KeepActions  string `toml:"keep-actions"`
}

// retention is what the section comes to.
func (s recordsSection) retention() (r records.Retention, err error) {
	for _, f := range []struct {
		name, text string
		to         *time.Duration
	}{
		{"keep-coverage", s.KeepCoverage, &r.Coverage}, {"keep-runs", s.KeepRuns, &r.Runs},
		{"keep-changes", s.KeepChanges, &r.Changes}, {"keep-actions", s.KeepActions, &r.Actions},
	} {
		if f.text == "" {
			continue
		}
		if *f.to, err = parseTime(f.text); err != nil {
			return r, errors.New("records." + f.name + " is no time such as 400d, 12w or 48h")
		}
	}
	return r, nil
}

func (s recordsSection) validate() error {
	if _, err := s.retention(); err != nil {
		return &configError{what: err.Error()}
	}
	return nil
}

// loadRetention reads [records] of the configuration that the operator named, or
// else of the user's own file.
func loadRetention(env Env, given string) (records.Retention, error) {
	name := given
	if name == "" {
		own, err := userConfig(env)
		if err != nil {
			return records.Retention{}, nil //nolint:nilerr // without a place for it there is no configuration
		}
		if _, err := os.Stat(own); errors.Is(err, fs.ErrNotExist) {
			return records.Retention{}, nil
		}
		name = own
	}
	c, err := readConfig(name)
	if err != nil {
		return records.Retention{}, err
	}
	return c.Records.retention()
}

type recordsPruneOptions struct {
	Keep     recordsSection
	Config   string
	Database databaseOptions
}

func newRecordsPruneCommand(env Env) *cobra.Command {
	var o recordsPruneOptions
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "Delete what is older than your configuration keeps it",
		Long: `Workers do this once a day by themselves, as [records] of your configuration
says; what nobody gives a time for is kept. Findings, keys and decisions stay
whatever their age, and so do the last sweep and the last coverage of each
repository.`,
		Example: `  qleaks records prune
  qleaks records prune --keep-coverage 90d --keep-runs 400d`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := bindEnvironment(cmd.Flags(), env.Getenv); err != nil {
				return err
			}
			return runRecordsPrune(cmd.Context(), env, o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.Keep.KeepCoverage, "keep-coverage", "", "keep what sweeps read of repositories for this `TIME`, such as 90d")
	f.StringVar(&o.Keep.KeepRuns, "keep-runs", "", "keep sweeps for this `TIME`")
	f.StringVar(&o.Keep.KeepChanges, "keep-changes", "", "keep the history of findings that are over for this `TIME`")
	f.StringVar(&o.Keep.KeepActions, "keep-actions", "", "keep what was done for this `TIME`")
	f.StringVar(&o.Config, "config", "", "take the times from `FILE` instead of your own configuration")
	addDatabaseFlag(cmd, &o.Database)
	return cmd
}

func runRecordsPrune(ctx context.Context, env Env, o recordsPruneOptions) (err error) {
	keep, err := loadRetention(env, o.Config)
	if err != nil {
		return err
	}
	said, err := o.Keep.retention()
	if err != nil {
		return wrongUsage("a flag: " + err.Error())
	}
	for _, p := range []struct{ to, from *time.Duration }{
		{&keep.Coverage, &said.Coverage}, {&keep.Runs, &said.Runs}, {&keep.Changes, &said.Changes}, {&keep.Actions, &said.Actions},
	} {
		if *p.from > 0 {
			*p.to = *p.from
		}
	}
	if keep == (records.Retention{}) {
		return wrongUsage("nothing says how long records are kept", `in your configuration, [records]: keep-coverage = "400d"`, "or qleaks records prune --keep-coverage 400d")
	}
	store, err := o.Database.open(ctx, env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	deleted, err := store.Retain(ctx, keep)
	if err != nil {
		return couldNot("cannot delete what is old", err)
	}
	_, err = fmt.Fprintf(env.Stdout, "deleted: %s of coverage, %s of sweeps, %s of changes, %s of actions\n",
		plural(deleted.Coverage, "row"), plural(deleted.Runs, "row"), plural(deleted.Changes, "row"), plural(deleted.Actions, "row"))
	return err
}
