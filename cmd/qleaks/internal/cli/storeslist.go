package cli

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/remediate/store"
	"github.com/qleaks/qleaks/scanner/report"
)

// storesOptions say which stores are meant.
type storesOptions struct {
	Config  string
	Names   []string
	Talking talkOptions
}

func addStoresFlags(cmd *cobra.Command, o *storesOptions) {
	cmd.Flags().SortFlags = false
	cmd.Flags().StringVar(&o.Config, "config", "", "read the stores of `FILE`, instead of those of your own configuration")
	addTalkFlags(cmd, &o.Talking)
}

func newStoresListCommand(env Env) *cobra.Command {
	var o storesOptions
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "Show the stores that are declared, in the order in which a new key goes to them",
		Example: "  qleaks stores list",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := bindEnvironment(cmd.Flags(), env.Getenv); err != nil {
				return err
			}
			list, err := someStores(env, o.Config, nil, messages{w: env.Stderr, quiet: o.Talking.Quiet})
			if err != nil {
				return err
			}
			table := tabwriter.NewWriter(env.Stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(table, "STORE\tKIND\tKEYS\tDECLARED IN")
			for _, s := range list {
				keys := strings.Join(s.Keys, ", ")
				if keys == "" {
					keys = "none"
				}
				fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", report.Clean(s.Name), s.Kind.Name, report.Clean(keys), report.Clean(s.file))
			}
			return table.Flush()
		},
	}
	addStoresFlags(cmd, &o)
	return cmd
}

func newStoresCheckCommand(env Env) *cobra.Command {
	var o storesOptions
	cmd := &cobra.Command{
		Use:   "check [NAME…]",
		Short: "Say which stores can be reached and written, and what they hold by version or time",
		Long: `Nothing is written, and no value is shown: what a store holds is told by its version,
its time, or the fingerprint of the value.

Exit codes: 0 all can be written · 2 wrong command line or configuration · 3 none
can · 4 some cannot · 130 interrupted`,
		Example: `  qleaks stores check
  qleaks stores check ci laptop`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := bindEnvironment(cmd.Flags(), env.Getenv); err != nil {
				return err
			}
			o.Names = args
			return runStoresCheck(cmd.Context(), env, o)
		},
	}
	addStoresFlags(cmd, &o)
	return cmd
}

func runStoresCheck(ctx context.Context, env Env, o storesOptions) error {
	say := messages{w: env.Stderr, quiet: o.Talking.Quiet}
	list, err := someStores(env, o.Config, o.Names, say)
	if err != nil {
		return err
	}
	failed := 0
	for _, s := range list {
		mark, err := s.check(ctx, env, o.Talking)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			failed++
			say.warning("%s: %v", s.Name, err)
			for _, hint := range storeHints(err) {
				say.hint("%s", hint)
			}
			continue
		}
		holds := "holds " + mark
		if mark == store.Absent {
			holds = "holds nothing yet"
		}
		if _, err := fmt.Fprintf(env.Stdout, "%s: %s can be written; it %s\n", report.Clean(s.Name), s.Kind.Title, report.Clean(holds)); err != nil {
			return err
		}
	}
	switch failed {
	case 0:
		return nil
	case len(list):
		return exitStatusError(exitFailed)
	}
	return exitStatusError(exitIncomplete)
}

func (s declaredStore) check(ctx context.Context, env Env, talk talkOptions) (string, error) {
	opened, err := s.open(env, store.Use{}, debugLog(env, talk))
	if err != nil {
		return "", err
	}
	return opened.Check(ctx)
}
