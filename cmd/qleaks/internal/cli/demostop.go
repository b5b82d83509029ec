package cli

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/demo"
	"github.com/qleaks/qleaks/scanner/report"
)

func newDemoStopCommand(env Env) *cobra.Command {
	return &cobra.Command{
		Use:   "stop [DIR]",
		Short: "End the simulated providers of demo start, and remove the directory",
		Long: `The directory is that of demo start: DIR, or the one that this shell points at, or
~/qleaks-demo. A directory that is no demonstration is not touched. Shells that
point at it go on doing so: close them.`,
		Example: `  qleaks demo stop`,
		Args:    cobra.MaximumNArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return runDemoStop(cmd.Context(), env, args) },
	}
}

// findDemo finds the demonstration that is meant.
func findDemo(env Env, args []string) (string, demo.State, error) {
	dir, err := demoPlace(env, args)
	if err != nil {
		return dir, demo.State{}, err
	}
	state, err := demo.Find(dir)
	if errors.Is(err, demo.ErrNoDemo) {
		return dir, state, wrongUsage("there is no demonstration in "+dir, `make one with: eval "$(qleaks demo start)"`)
	}
	if err != nil {
		return dir, state, couldNot("cannot read the state of the demonstration", rootCause(err))
	}
	return dir, state, nil
}

func runDemoStop(ctx context.Context, env Env, args []string) error {
	dir, state, err := findDemo(env, args)
	if err != nil {
		return err
	}
	if err := state.Stop(ctx); err != nil {
		return couldNot("cannot end the simulated providers", err)
	}
	if err := os.RemoveAll(dir); err != nil {
		return couldNot("cannot remove "+dir, rootCause(err))
	}
	say := messages{w: env.Stderr}
	say.note("%s is gone, and so are its providers", dir)
	if env.Getenv(demoVariable) != "" {
		say.hint("this shell still points at it: close it, or unset QLEAKS_DEMO QLEAKS_ENDPOINT QLEAKS_CONFIG_HOME QLEAKS_CACHE_HOME")
	}
	return nil
}

func newDemoStatusCommand(env Env) *cobra.Command {
	return &cobra.Command{
		Use:   "status [DIR]",
		Short: "Tell whether the simulated providers run, and what they hold",
		Long: `Keys and jobs are told as the simulated IonQ has them, not as qleaks knows them: a
look behind the scenes.

Exit codes:
  0  they run
  2  there is no demonstration
  3  they do not run any more`,
		Example: `  qleaks demo status`,
		Args:    cobra.MaximumNArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return runDemoStatus(cmd.Context(), env, args) },
	}
}

func runDemoStatus(ctx context.Context, env Env, args []string) error {
	dir, state, err := findDemo(env, args)
	if err != nil {
		return err
	}
	keys, err := state.Ask(ctx, "keys", "")
	if err != nil {
		return demoTrouble(err)
	}
	jobs, err := state.Ask(ctx, "jobs", "")
	if err != nil {
		return demoTrouble(err)
	}
	fmt.Fprintf(env.Stdout, "The providers of %s run (process %d).\n\nIonQ's console: %s\n", dir, state.Process, state.Console)
	for _, table := range []struct{ title, rows string }{{"Keys at IonQ: name, project, last used", string(keys)}, {"Jobs that wait, run or were cancelled: id, name, by, status", string(jobs)}} {
		fmt.Fprintf(env.Stdout, "\n%s\n", table.title)
		for row := range strings.Lines(table.rows) {
			fmt.Fprintln(env.Stdout, "  "+report.Clean(strings.ReplaceAll(strings.TrimSpace(row), "\t", " · ")))
		}
	}
	return nil
}

func demoTrouble(err error) error {
	if errors.Is(err, demo.ErrDown) {
		return couldNot("cannot speak to the demonstration", err, "take it away and begin anew: qleaks demo stop")
	}
	return couldNot("that cannot be done", err, "qleaks demo status lists the keys")
}

func newDemoConsoleCommand(env Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "console",
		Short: "Do what a person does in IonQ's web console, in the demonstration",
		Long: `IonQ has no call that makes or revokes keys: people do it in the web console. In
the demonstration that console is a page on this computer (qleaks demo status
says where), and these commands do the same without a browser.`,
		Example: `  qleaks demo console new my-key --project bell-lab   shows the value, once
  qleaks demo console revoke my-key`,
		RunE: onlyCommands,
		Args: cobra.ArbitraryArgs,
	}
	var project string
	made := &cobra.Command{
		Use: "new NAME", Short: "Make a key; its value is shown this once", Args: oneArgument("the name of the new key"),
		Long:    "The value stands alone on standard output. It opens nothing but the demonstration.",
		Example: `  qleaks demo console new my-key --project bell-lab`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return atConsole(cmd.Context(), env, "new", url.Values{"name": args, "project": {project}})
		},
	}
	made.Flags().StringVar(&project, "project", "bell-lab", "the `NAME` of its project")
	revoked := &cobra.Command{
		Use: "revoke NAME", Short: "Revoke a key; its jobs stay in the queue", Args: oneArgument("the name of the key"),
		Long:    "What waits in the queue goes on waiting, as at IonQ.",
		Example: `  qleaks demo console revoke ada-laptop`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return atConsole(cmd.Context(), env, "revoke", url.Values{"name": args})
		},
	}
	listed := &cobra.Command{
		Use: "list", Short: "Show the table of keys, as a person copies it", Args: noArguments,
		Long:    "It goes to standard output, for qleaks keys import.",
		Example: `  qleaks demo console list | qleaks keys import - --provider ionq --account lab --whole`,
		RunE:    func(cmd *cobra.Command, _ []string) error { return atConsole(cmd.Context(), env, "keys", nil) },
	}
	cmd.AddCommand(listed, made, revoked)
	return cmd
}

func atConsole(ctx context.Context, env Env, what string, about url.Values) error {
	_, state, err := findDemo(env, nil)
	if err != nil {
		return err
	}
	answer, err := state.Ask(ctx, what, about.Encode())
	if err != nil {
		return demoTrouble(err)
	}
	if what == "keys" {
		_, err = fmt.Fprintf(env.Stdout, "Name\tProject\tLast used\n%s\n", answer)
		return err
	}
	if len(answer) == 0 {
		_, err = fmt.Fprintf(env.Stdout, "IonQ's console: %s is revoked\n", report.Clean(about.Get("name")))
		return err
	}
	_, err = fmt.Fprintf(env.Stdout, "%s\n", answer)
	return err
}
