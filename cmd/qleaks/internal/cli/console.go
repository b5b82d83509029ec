package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/remediate/console"
	"github.com/qleaks/qleaks/scanner/report"
)

// consoleOptions say which console, and how it is reached.
type consoleOptions struct {
	Provider string
	// Map is a file instead of the built-in map; Origin another address of the
	// console; Browser the program.
	Map, Origin, Browser string
	JSON                 bool
	Keep                 bool
	Account              string
	Quiet                bool
}

func newConsoleCommand(env Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "console",
		Short: "Work the web console of a provider that has no calls for keys",
		Long: `IonQ and qBraid let people manage keys in a web console only. After you have
signed in once, in a Chromium of qleaks' own, it can read the list of keys there,
and make and revoke keys in the course of a remediation that you agreed to.

The browser's profile holds your session, which is worth more than any key: it
can be read by you alone, and console logout removes it. docs/console.md says
what is known of the consoles, and how to correct the maps.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		newConsolePart(env, "login PROVIDER", "Sign in, in a window", `Opens a window at the provider's console, and waits until you see your keys there.
Single sign-on and a second factor are as they always are.`, "  qleaks console login ionq", runConsoleLogin),
		newConsolePart(env, "check PROVIDER", "Say whether somebody is signed in, and whether the map fits", `Opens the list of keys, presses nothing, and says what it finds of what the map
expects.`, "  qleaks console check qbraid", runConsoleCheck),
		newConsolePart(env, "list PROVIDER", "Read the list of keys", `Reads all pages of the list. With --keep it is kept as qleaks keys import keeps one.`,
			"  qleaks console list ionq\n  qleaks console list qbraid --keep --account lab", runConsoleList),
		newConsolePart(env, "logout PROVIDER", "Forget the session", `Removes the browser's profile. The provider may keep the session for a while: sign
out there, too, if somebody else had this computer.`, "  qleaks console logout ionq", runConsoleLogout),
	)
	return cmd
}

func newConsolePart(env Env, use, short, long, example string, run func(context.Context, Env, consoleOptions) error) *cobra.Command {
	var o consoleOptions
	cmd := &cobra.Command{
		Use: use, Short: short, Long: long, Example: example,
		Args: oneArgument("a provider: " + strings.Join(console.Providers(), ", ")), ValidArgs: console.Providers(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := bindEnvironment(cmd.Flags(), env.Getenv); err != nil {
				return err
			}
			o.Provider = args[0]
			return run(cmd.Context(), env, o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	if strings.HasPrefix(use, "list") {
		f.BoolVar(&o.JSON, "json", false, "write the list as JSON")
		f.BoolVar(&o.Keep, "keep", false, "keep the list, as qleaks keys import does")
		f.StringVar(&o.Account, "account", "", "which account's list it is: the `NAME` of [accounts.NAME], with --keep")
	}
	if !strings.HasPrefix(use, "logout") {
		f.StringVar(&o.Map, "map", "", "use the map in this `FILE` instead of the built-in one")
		f.StringVar(&o.Origin, "origin", "", "the console is at this `URL`: a simulator, or a private one")
		f.StringVar(&o.Browser, "browser", "", "the Chromium to use, a `PROGRAM`")
	}
	f.BoolVarP(&o.Quiet, "quiet", "q", false, "no notes and hints on stderr")
	return cmd
}

// consoleProfile is where the browser of a provider keeps its session.
func consoleProfile(env Env, provider string) (string, error) {
	dir, err := env.ConfigDir()
	if err != nil {
		return "", couldNot("there is no directory for the browser's profile", err, "set HOME, or XDG_CONFIG_HOME")
	}
	return filepath.Join(dir, "qleaks", "console", provider), nil
}

// consoleMap reads the map.
func (o *consoleOptions) consoleMap(say messages) (console.Map, error) {
	m, err := console.BuiltIn(o.Provider)
	if err != nil {
		return m, wrongUsage(err.Error(), "consoles: "+strings.Join(console.Providers(), ", "))
	}
	if o.Map != "" {
		f, err := os.Open(o.Map)
		if err != nil {
			return m, couldNot("cannot read "+o.Map, rootCause(err))
		}
		m, err = console.Read(f)
		if err = errors.Join(err, f.Close()); err != nil {
			return m, &problem{code: exitUsage, message: o.Map, err: err}
		}
	}
	if o.Origin != "" {
		m.Origin = strings.TrimSuffix(o.Origin, "/")
		if err := m.Validate(); err != nil {
			return m, wrongUsage("--origin: " + err.Error())
		}
	}
	if o.Map != "" || o.Origin != "" {
		say.note("the console of %s is taken to be at %s", m.Provider, m.Origin)
	}
	return m, nil
}

// consoleDriver starts the browser.
func consoleDriver(ctx context.Context, env Env, o consoleOptions, visible bool) (*console.Driver, messages, error) {
	say := messages{w: env.Stderr, quiet: o.Quiet}
	m, err := o.consoleMap(say)
	if err != nil {
		return nil, say, err
	}
	profile, err := consoleProfile(env, o.Provider)
	if err != nil {
		return nil, say, err
	}
	browser, err := console.Start(ctx, console.Options{Profile: profile, Program: o.Browser, Visible: visible})
	if err != nil {
		hints := []string{"install Chromium or Chrome, or name one with --browser"}
		if visible {
			hints = append(hints, "a window needs a desktop: run this where you have one")
		}
		return nil, say, couldNot("cannot start a browser", err, hints...)
	}
	return &console.Driver{Map: m, Browser: browser}, say, nil
}

// consoleProblem says what to do about an error of the driver.
func consoleProblem(env Env, o consoleOptions, err error) error {
	var hints []string
	if errors.Is(err, console.ErrSignedOut) {
		hints = append(hints, "sign in with: qleaks console login "+o.Provider)
	} else {
		hints = append(hints, "if the page has changed, correct the map: docs/console.md")
	}
	if stop, ok := errors.AsType[*console.StopError](err); ok && len(stop.Picture) > 0 && !errors.Is(err, console.ErrSignedOut) {
		if name, kept := keepPicture(env, stop.Picture); kept {
			hints = append(hints, "the page as it was, without keys: "+name)
		}
	}
	return couldNot("the console of "+o.Provider, err, hints...)
}

// keepPicture writes a picture into the cache.
func keepPicture(env Env, picture []byte) (string, bool) {
	dir, err := env.CacheDir()
	if err != nil {
		return "", false
	}
	dir = filepath.Join(dir, "qleaks", "console")
	name := filepath.Join(dir, env.Now().UTC().Format("20060102T150405")+".png")
	if os.MkdirAll(dir, 0o700) != nil || os.WriteFile(name, picture, 0o600) != nil {
		return "", false
	}
	return name, true
}

// signingIn is how long a person may take to sign in.
const signingIn = 15 * time.Minute

func runConsoleLogin(ctx context.Context, env Env, o consoleOptions) error {
	d, say, err := consoleDriver(ctx, env, o, true)
	if err != nil {
		return err
	}
	defer d.Browser.Close()
	say.note("sign in in the window; qleaks waits until it sees the list of keys")
	if err := d.Await(ctx, signingIn); err != nil {
		return consoleProblem(env, o, err)
	}
	_, err = fmt.Fprintf(env.Stdout, "signed in to the console of %s\n", o.Provider)
	return err
}

func runConsoleCheck(ctx context.Context, env Env, o consoleOptions) error {
	d, _, err := consoleDriver(ctx, env, o, false)
	if err != nil {
		return err
	}
	defer d.Browser.Close()
	found, err := d.Check(ctx)
	if err != nil {
		return consoleProblem(env, o, err)
	}
	for _, line := range found {
		if _, err := fmt.Fprintln(env.Stdout, report.Clean(line)); err != nil {
			return fmt.Errorf("write what was found: %w", err)
		}
	}
	return nil
}

func runConsoleList(ctx context.Context, env Env, o consoleOptions) error {
	d, _, err := consoleDriver(ctx, env, o, false)
	if err != nil {
		return err
	}
	defer d.Browser.Close()
	table, err := d.List(ctx)
	if err != nil {
		return consoleProblem(env, o, err)
	}
	switch {
	case o.Keep && !table.Empty:
		env.Stdin = strings.NewReader(table.Text())
		return runKeysImport(env, keysImportOptions{File: "-", Provider: o.Provider, Account: o.Account, Whole: true, Quiet: o.Quiet})
	case o.JSON:
		e := json.NewEncoder(env.Stdout)
		e.SetIndent("", "  ")
		return e.Encode(map[string]any{"provider": o.Provider, "asOf": env.Now().UTC(), "columns": table.Header, "rows": table.Rows})
	case table.Empty:
		_, err = fmt.Fprintf(env.Stdout, "the console of %s lists no keys\n", o.Provider)
		return err
	}
	for line := range strings.Lines(table.Text()) {
		cells := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		for i := range cells {
			cells[i] = report.Clean(cells[i])
		}
		if _, err := fmt.Fprintln(env.Stdout, strings.Join(cells, "\t")); err != nil {
			return fmt.Errorf("write the list: %w", err)
		}
	}
	return nil
}

func runConsoleLogout(_ context.Context, env Env, o consoleOptions) error {
	if _, err := console.BuiltIn(o.Provider); err != nil {
		return wrongUsage(err.Error(), "consoles: "+strings.Join(console.Providers(), ", "))
	}
	profile, err := consoleProfile(env, o.Provider)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(profile); err != nil {
		return couldNot("cannot remove the browser's profile", rootCause(err), "close the browser, and try again")
	}
	_, err = fmt.Fprintf(env.Stdout, "the session at %s is forgotten on this computer\n", o.Provider)
	return err
}
