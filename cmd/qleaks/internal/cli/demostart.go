package cli

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/demo"
)

func newDemoStartCommand(env Env) *cobra.Command {
	return &cobra.Command{
		Use:   "start [DIR]",
		Short: "Make a leak to deal with, and leave its simulated providers running",
		Long: `Below DIR (~/qleaks-demo) it makes what a laboratory has on the night of a leak:
a repository in which an IonQ key was printed in a notebook, cleaned away and
pushed; jobs that wait, one of them a stranger's; another repository with an IBM
key in a script; configurations; and simulated providers, which run in the
background on this computer until "qleaks demo stop", or for a day. The keys are
made anew every time and open nothing else.

The last line is for your shell: it points the qleaks of that shell at all of it.
docs/incident.md says what to do then, command by command.`,
		Example: `  eval "$(qleaks demo start)"
  qleaks demo start /tmp/leak`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return runDemoStart(cmd.Context(), env, args) },
	}
}

// demoVariable names the directory of the demonstration that a shell is in.
const demoVariable = "QLEAKS_DEMO"

// demoPlace is the directory of the rehearsal: the argument, that of the shell,
// or one in the home.
func demoPlace(env Env, args []string) (string, error) {
	dir := env.Getenv(demoVariable)
	if len(args) == 1 {
		dir = args[0]
	}
	if dir == "" {
		home := cmp.Or(env.Getenv("HOME"), env.Getenv("USERPROFILE"))
		if home == "" {
			return "", wrongUsage("where is it to be?", "name a directory: qleaks demo start DIR")
		}
		dir = filepath.Join(home, "qleaks-demo")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", couldNot("cannot find the directory", err)
	}
	return dir, nil
}

func runDemoStart(ctx context.Context, env Env, args []string) error {
	dir, err := demoPlace(env, args)
	if err != nil {
		return err
	}
	if _, err := demo.Find(dir); err == nil {
		return wrongUsage("there is a demonstration in "+dir, "qleaks demo stop takes it away; qleaks demo status tells of it")
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return wrongUsage(dir+" is not empty", "name another directory: qleaks demo start DIR")
	}
	if err := startStage(ctx, dir); err != nil {
		return couldNot("cannot make the demonstration", err, "it needs git, and an empty directory")
	}
	state, err := demo.Find(dir)
	if err != nil {
		return couldNot("the demonstration did not come up", err)
	}
	fmt.Fprintf(env.Stderr, `A laboratory, and its providers, are in %s

  bell-lab         the repository in which an IonQ key was leaked
  torino           another one, with an IBM key in a script
  ionq-keys.csv    the list of the IonQ keys, as the laboratory keeps it
  config/qleaks    your configuration, and auto.toml with another policy
  %s   the simulated console of IonQ, for a browser;
                   "qleaks demo console" does the same in a terminal

The line below is for your shell: eval "$(qleaks demo start)" does it at once.
Then: cd %s, and docs/incident.md. "qleaks demo stop" takes all away.
`, dir, state.Console, shellWord(filepath.Join(dir, "bell-lab")))
	_, err = fmt.Fprintln(env.Stdout, ". "+shellWord(filepath.Join(dir, "env.sh")))
	return err
}

// startStage starts this program once more, in the background, and waits until it
// says that it is ready.
func startStage(ctx context.Context, dir string) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	// It outlives this command.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), program)
	cmd.Args = []string{os.Args[0], "demo", "serve", dir}
	cmd.Dir = filepath.Dir(dir)
	detach(cmd)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return rootCause(err)
	}
	if err := cmd.Start(); err != nil {
		return rootCause(err)
	}
	line, err := bufio.NewReader(io.LimitReader(out, maxReady)).ReadString('\n')
	line = strings.TrimSpace(line)
	switch {
	case line == ready:
		return cmd.Process.Release()
	case line != "":
		return errors.New(line)
	case err != nil:
		return errors.New("it ended before it was ready")
	}
	return nil
}

// ready is what the program in the background says when it can be used; anything
// else is what went wrong.
const (
	ready    = "ready"
	maxReady = 4 << 10
)

func newDemoServeCommand(env Env) *cobra.Command {
	return &cobra.Command{
		Use: "serve DIR", Hidden: true, Short: "Be the simulated providers of a demonstration", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			w, err := demo.Rehearse(cmd.Context(), args[0], env.Now())
			if err != nil {
				_, err = fmt.Fprintln(env.Stdout, strings.Join(strings.Fields(err.Error()), " "))
				return errors.Join(err, exitStatusError(exitFailed))
			}
			defer w.Close()
			return w.Serve(cmd.Context(), args[0], func(demo.State) error {
				_, err := fmt.Fprintln(env.Stdout, ready)
				return err
			})
		},
	}
}
