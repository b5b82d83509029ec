package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/sourcegraph/conc"
	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/demo"
	"github.com/qleaks/qleaks/scanner/report"
)

// demoOptions are the flags of demo.
type demoOptions struct {
	// Dir is where the demonstration is made; "" is a directory that goes away.
	Dir     string
	NoPause bool
	// Stay keeps the simulated providers up after the tour.
	Stay bool
}

func newDemoCommand(env Env) *cobra.Command {
	var o demoOptions
	cmd := &cobra.Command{
		Use:   "demo [DIR]",
		Short: "Walk through a leak in a minute, without any account",
		Long: `It makes a small organisation on this computer: simulated providers on loopback,
and a repository whose history holds their keys. Then it runs the commands that
you would run, and says what to look at. The keys are made anew every time and
open nothing else. Nothing leaves this computer.

Without DIR all of it is removed in the end. With --stay the providers stay up,
for you to try things: DIR/env.sh points qleaks at them.

"demo start" makes another world, in which you deal with a leak yourself, from the
finding to the new key; docs/incident.md goes through it.`,
		Example: `  qleaks demo                       the tour, step by step
  qleaks demo --no-pause            without waiting for the Enter key
  qleaks demo --stay ~/qleaks-demo  then try things yourself; Ctrl-C ends it
  eval "$(qleaks demo start)"       rehearse an incident in this shell
  qleaks demo stop                  and take it away again`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := bindEnvironment(cmd.Flags(), env.Getenv); err != nil {
				return err
			}
			if len(args) == 1 {
				o.Dir = args[0]
			}
			return runDemo(cmd.Context(), env, o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.BoolVar(&o.NoPause, "no-pause", false, "do not wait between the steps")
	f.BoolVar(&o.Stay, "stay", false, "keep the simulated providers up after the tour, until Ctrl-C")
	cmd.AddCommand(newDemoStartCommand(env), newDemoStatusCommand(env), newDemoStopCommand(env), newDemoConsoleCommand(env), newDemoServeCommand(env))
	return cmd
}

func runDemo(ctx context.Context, env Env, o demoOptions) (failed error) {
	dir, passing, err := o.place()
	if err != nil {
		return err
	}
	if passing {
		defer func() { failed = errors.Join(failed, os.RemoveAll(dir)) }()
	}
	w, err := demo.Build(ctx, dir, env.Now())
	if err != nil {
		return couldNot("cannot make the demonstration", err, "it needs git, and an empty directory")
	}
	defer w.Close()
	t := tour{env: env, world: w, dir: dir, pauses: !o.NoPause && env.isTerminal(env.Stdin) && env.isTerminal(env.Stdout), keys: bufio.NewReader(env.Stdin)}
	if err := errors.Join(w.WriteEnvironment(filepath.Join(dir, "env.sh")), t.writeAccounts()); err != nil {
		return couldNot("cannot make the demonstration", rootCause(err))
	}
	if err := t.walk(ctx); err != nil || !o.Stay {
		return err
	}
	t.say("The providers stay up. In another terminal:", "", "  . "+shellWord(filepath.Join(dir, "env.sh")), "  qleaks scan --verify "+shellWord(w.Repository), "", "Ctrl-C ends it.")
	<-ctx.Done()
	return nil
}

// place is the directory of the demonstration, and whether it goes away.
func (o demoOptions) place() (dir string, passing bool, err error) {
	if o.Dir == "" {
		dir, err = os.MkdirTemp("", "qleaks-demo-*")
		if err != nil {
			return "", false, couldNot("cannot make a directory", rootCause(err))
		}
		return dir, true, nil
	}
	if entries, err := os.ReadDir(o.Dir); err == nil && len(entries) > 0 {
		return "", false, wrongUsage(o.Dir + " is not empty")
	}
	dir, err = filepath.Abs(o.Dir)
	if err != nil {
		return "", false, couldNot("cannot find the directory", err)
	}
	return dir, false, nil
}

// tour walks a person through the commands.
type tour struct {
	env    Env
	world  *demo.World
	dir    string
	pauses bool
	keys   *bufio.Reader
}

// step is something to read, and a command to see at work.
type step struct {
	title string
	words []string
	// commands are run one after the other.
	commands [][]string
}

func (t tour) steps() []step {
	repository := t.world.Repository
	return []step{
		{
			"1. Find keys", []string{
				"A laboratory has this repository. Ada put keys into it, saw it, and took them",
				"out again. In the files as they are now there is one; in the history there are",
				"three, one of them in the output of a notebook. No key is ever shown.",
			}, [][]string{{"scan", repository}},
		},
		{
			"2. See what asking would send", []string{
				"Which of them still work? Only their providers know. Before anything is sent,",
				"see what would be, and to whom. Here the providers are simulated.",
			}, [][]string{{"scan", "--verify", "--explain-network", "--quiet", repository}},
		},
		{
			"3. Ask the providers", []string{
				"Each key goes to its own provider, once, after a made-up value was refused. IBM",
				"is asked with a credential of yours, so that the leaked key does not log in.",
			}, [][]string{{"scan", "--verify", "--identify", "--fail-on", "active", "--quiet", repository}},
		},
		{
			"4. List the keys that there are", []string{
				"Which keys does the laboratory have at all? IBM tells; the pages of IonQ's and",
				"qBraid's consoles are imported as a person copies them.",
			}, [][]string{
				{"keys", "import", t.world.Consoles["ionq"], "--provider", "ionq", "--whole", "--quiet"},
				{"keys", "import", t.world.Consoles["qbraid"], "--provider", "qbraid", "--whole", "--quiet"},
				{"keys", "list", "--quiet"},
			},
		},
		{
			"5. Judge what is known", []string{
				"An audit asks nobody: it goes by what was found, and by what the providers said a",
				"moment ago. Each lapse comes with its reason, the provider's page, and what to do.",
			}, [][]string{{"audit", "--scan", repository, "--quiet"}},
		},
		{
			"6. See what happened", []string{
				"What ran since Ada's key leaked? The leaked key is not used for that: IonQ is asked",
				"with a key of yours.",
			}, [][]string{{"incident", "ionq/ada-laptop", "--scan", repository, "--quiet"}},
		},
	}
}

func (t tour) walk(ctx context.Context) error {
	t.say("This is qleaks on an organisation that exists only on this computer.", "Everything is below "+t.dir+".")
	for _, s := range t.steps() {
		if err := t.step(ctx, s); err != nil {
			return err
		}
	}
	t.say(
		"What now? Two of the three keys still work. Revoke them first: deleting the line",
		"takes a key out of nothing else. Then make new ones, and keep them in the",
		"environment or a secrets manager. In your own repository:", "",
		"  qleaks scan", "  qleaks scan --verify --explain-network", "  qleaks scan --verify",
	)
	return nil
}

func (t tour) step(ctx context.Context, s step) error {
	lines := append([]string{s.title, ""}, s.words...)
	lines = append(lines, "")
	for _, args := range s.commands {
		shown := []string{"  $ qleaks"}
		for _, a := range args {
			shown = append(shown, shellWord(a))
		}
		lines = append(lines, strings.Join(shown, " "))
	}
	t.say(append(lines, "")...)
	if err := t.pause(ctx); err != nil {
		return err
	}
	for _, args := range s.commands {
		code := Main(ctx, t.inside(args))
		switch code {
		case exitClean:
		case exitFindings, exitIncomplete:
			fmt.Fprintf(t.env.Stdout, "\n  (exit code %d)\n", code)
		default:
			return exitStatusError(code)
		}
	}
	return nil
}

// pause waits for the Enter key, where somebody could press it.
func (t tour) pause(ctx context.Context) error {
	if !t.pauses {
		return nil
	}
	fmt.Fprint(t.env.Stdout, "  Enter runs it … ")
	pressed := make(chan error, 1)
	// After Ctrl-C nobody waits for it: a terminal is read until a line comes.
	var reading conc.WaitGroup
	reading.Go(func() {
		_, err := t.keys.ReadString('\n')
		pressed <- err
	})
	select {
	case err := <-pressed:
		if err != nil {
			fmt.Fprintln(t.env.Stdout)
		}
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// writeAccounts writes the laboratory's configuration.
func (t tour) writeAccounts() error {
	config := filepath.Join(t.dir, "config", "qleaks")
	if err := os.MkdirAll(config, 0o700); err != nil {
		return err
	}
	text := "[accounts.lab]\nprovider = \"ibm\"\ncredential = \"env:DEMO_IBM_KEY\"\neverybody = true\nservices = true\n"
	return os.WriteFile(filepath.Join(config, "config.toml"), []byte(text), 0o600)
}

// inside is the environment of a command of the tour: qleaks as it would be in
// a shell that has read env.sh.
func (t tour) inside(args []string) Env {
	env := t.env
	env.Args = args
	variables := t.world.Environment()
	env.Getenv = func(name string) string {
		if value, ok := variables[name]; ok {
			return value
		}
		if strings.HasPrefix(name, "QLEAKS_") {
			return "" // the tour is the same for everybody
		}
		return t.env.Getenv(name)
	}
	env.ConfigDir = func() (string, error) { return filepath.Join(t.dir, "config"), nil }
	env.CacheDir = func() (string, error) { return filepath.Join(t.dir, "cache"), nil }
	return env
}

func (t tour) say(lines ...string) {
	fmt.Fprintln(t.env.Stdout)
	for _, line := range lines {
		fmt.Fprintln(t.env.Stdout, report.Clean(line))
	}
}

// shellWord quotes a word where a shell needs that.
func shellWord(word string) string {
	if strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-=:~") == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
