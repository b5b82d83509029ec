package cli

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/remediate/store"
	"github.com/qleaks/qleaks/scanner/report"
)

// storesShareOptions say by which store a key is handed over, and for how long.
type storesShareOptions struct {
	storesOptions

	For time.Duration
}

// longestShare is the longest time for which a key may be waiting for somebody.
const longestShare = 24 * time.Hour

func newStoresShareCommand(env Env) *cobra.Command {
	var o storesShareOptions
	cmd := &cobra.Command{
		Use:   "share NAME",
		Short: "Hand a key to somebody by a token that works once",
		Long: `The key is asked for and not shown, or read from standard input, as with put. What is
printed is no key: it is a token with which the receiver gets the key, once. If the
receiver finds it used, somebody else has the key: replace it. Nothing is stored.`,
		Example: `  qleaks stores share vault
  qleaks stores share vault --for 1h < key.txt`,
		Args: oneArgument("the NAME of a store"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := bindEnvironment(cmd.Flags(), env.Getenv); err != nil {
				return err
			}
			o.Names = args
			return runStoresShare(cmd.Context(), env, o)
		},
	}
	addStoresFlags(cmd, &o.storesOptions)
	cmd.Flags().DurationVar(&o.For, "for", 15*time.Minute, "how long the token works: from 1m to 24h")
	return cmd
}

func runStoresShare(ctx context.Context, env Env, o storesShareOptions) error {
	if o.For < time.Minute || o.For > longestShare {
		return wrongUsage(fmt.Sprintf("--for %s: it must be between 1m and 24h", o.For))
	}
	say := messages{w: env.Stderr, quiet: o.Talking.Quiet}
	list, err := someStores(env, o.Config, o.Names, say)
	if err != nil {
		return err
	}
	s := list[0]
	opened, err := s.open(env, store.Use{}, debugLog(env, o.Talking))
	if err != nil {
		return storeProblem("cannot open the store "+s.Name, err)
	}
	handoff, ok := opened.(store.Handoff)
	if !ok {
		return wrongUsage(s.Name+" cannot hand a key to somebody: it is "+s.Kind.Title, "a store of the kind vault can; with 1Password: op item share")
	}
	typed := env.isTerminal(env.Stdin)
	v, err := readKey(ctx, env, "the key for "+s.Name+" (it is not shown): ")
	if err != nil {
		return err
	}
	token, how, err := handoff.Share(ctx, v, o.For)
	if err != nil {
		return storeProblem("the key was not handed to "+s.Name, err)
	}
	if _, err := fmt.Fprintln(env.Stdout, report.Clean(token)); err != nil {
		return err
	}
	say.hint("send the token to the receiver, who has %s to run: %s TOKEN", o.For, how)
	say.hint("if it is found used, somebody else has the key: replace it")
	if typed {
		say.hint("clear the clipboard, if the key was copied: %s", clearClipboard(runtime.GOOS))
	}
	return nil
}
