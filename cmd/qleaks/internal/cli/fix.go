package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/scanner/report"
)

// fixOptions are the flags of fix.
type fixOptions struct {
	fixedKeys

	Path  string
	Write bool
	// Variables are names for the keys of providers: "ionq=LAB_KEY".
	Variables []string
	History   bool
	// Share is a directory for a copy without keys.
	Share   string
	Judging judgeOptions
	JSON    bool
	Color   string
	Talking talkOptions
	Origins map[string]origin
}

// fixedKeys say where the keys go.
type fixedKeys struct {
	// EnvFile is a file; "" for .env beside the scanned files.
	EnvFile string
	// NoStore leaves the keys to the operator, who has them elsewhere.
	NoStore bool
	// Stores are declared stores that take the keys, in place of a file.
	Stores []string
}

func newFixCommand(env Env) *cobra.Command {
	var o fixOptions
	cmd := &cobra.Command{
		Use:   "fix [PATH]",
		Short: "Take keys out of code and notebooks, and look them up instead",
		Long: `Replaces every key in the files of PATH (default: ".") by the look-up with which
its language reads an environment variable, clears the outputs of notebooks that
show a key, and puts the keys into a .env file that Git ignores, or into stores that
you declared (--store). All other bytes stay. What cannot be replaced with certainty is left, and named with the reason.

Without --write it only shows what it would do. A key that was in a file is still
leaked: if anybody else had the file, revoke it. What was committed stays in the
history: --history prints how to take it out, and what that does not reach.

Exit codes:
  0  no key is left in the files
  1  keys are in the files: nothing was written, or some have to be taken out by hand
  2  wrong command line or configuration
  3  could not scan, or could not write`,
		Example: `  qleaks fix                            show what would change
  qleaks fix --write                    change the files, and put the keys into .env
  qleaks fix --write --store laptop     put the key into a store that you declared
  qleaks fix --write --no-store run.py  the keys are in a secrets manager already
  qleaks fix --variable ionq=LAB_IONQ   another name for the variable
  qleaks fix --share ~/for-a-colleague notebook.ipynb
                                        a copy without keys, with .env.example
  qleaks fix --history                  how to take keys out of the history`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Path = "."
			if len(args) > 0 {
				o.Path = args[0]
			}
			origins, err := bindEnvironment(cmd.Flags(), env.Getenv)
			if err != nil {
				return err
			}
			o.Origins = origins
			return runFix(cmd.Context(), env, o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.BoolVar(&o.Write, "write", false, "change the files")
	f.StringVar(&o.EnvFile, "env-file", "", "put the keys into this `FILE` (default: .env in the repository, or beside the file)")
	f.StringArrayVar(&o.Stores, "store", nil, "put the key into the store `NAME` that you declared, in place of .env; may be repeated")
	f.BoolVar(&o.NoStore, "no-store", false, "put the keys nowhere: they are in a secrets manager already")
	f.StringArrayVar(&o.Variables, "variable", nil, "look keys of a provider up under another name: `PROVIDER=NAME`; may be repeated")
	f.BoolVar(&o.History, "history", false, "print how to take the keys out of the history, and change nothing")
	f.StringVar(&o.Share, "share", "", "write a copy without keys into this `DIR`, with .env.example and how to set it up")
	addJudgeFlags(cmd, &o.Judging)
	f.BoolVar(&o.JSON, "json", false, "write what is or would be done as JSON")
	f.StringVar(&o.Color, "color", colorAuto, "`WHEN`: auto, always, never")
	addTalkFlags(cmd, &o.Talking)
	completeWords(cmd, "color", colorAuto, colorAlways, colorNever)
	return cmd
}

func (o *fixOptions) validate() error {
	switch {
	case o.History && (o.Write || o.Share != ""):
		return wrongUsage("--history only prints: it does not go together with --write and --share")
	case o.Share != "" && o.Write:
		return wrongUsage("--share writes a copy and --write changes the files: choose one")
	case len(o.Stores) > 0 && (o.NoStore || o.EnvFile != "" || o.Share != "" || o.History):
		return wrongUsage("--store puts the keys into stores: it does not go together with --no-store, --env-file, --share and --history")
	case o.NoStore && o.EnvFile != "":
		return wrongUsage("--no-store puts the keys nowhere, --env-file into a file: choose one")
	case o.Path == "-":
		return wrongUsage("standard input cannot be changed: name a file or a directory")
	}
	for _, v := range o.Variables {
		provider, name, ok := strings.Cut(v, "=")
		if !ok || provider == "" || !isVariable(name) {
			return wrongUsage(fmt.Sprintf("--variable %s: write PROVIDER=NAME, such as ionq=LAB_IONQ_KEY", v))
		}
	}
	return nil
}

func isVariable(name string) bool {
	for i := range len(name) {
		c := name[i]
		if c != '_' && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}

func runFix(ctx context.Context, env Env, o fixOptions) error {
	if err := o.validate(); err != nil {
		return err
	}
	fix := &fixing{env: env, options: o, say: messages{w: env.Stderr, quiet: o.Talking.Quiet}}
	if err := fix.search(ctx); err != nil {
		return err
	}
	if o.History {
		return fix.printHistory()
	}
	if err := fix.rewriteAll(); err != nil {
		return err
	}
	if o.Share != "" {
		return fix.share()
	}
	if err := fix.settle(ctx); err != nil {
		return err
	}
	if err := fix.report(); err != nil {
		return err
	}
	if fix.remain() {
		return exitStatusError(exitFindings)
	}
	return nil
}

// remain reports whether keys are in the files.
func (x *fixing) remain() bool {
	if x.gaps {
		return true
	}
	for _, f := range x.files {
		if !x.options.Write || len(f.result.Left) > 0 || len(f.hidden) > 0 {
			return true
		}
	}
	return false
}

// report says what was done, or would be.
func (x *fixing) report() error {
	if x.options.JSON {
		return x.reportJSON(x.env.Stdout)
	}
	out := outputOptions{Color: x.options.Color}
	colors := out.colors(x.env)
	for _, f := range x.files {
		if err := writeDiff(x.env.Stdout, f.diff(x.keys), colors); err != nil {
			return err
		}
		for _, p := range f.left() {
			x.say.warning("%s: %s", f.shown+p.where(), p.What)
		}
	}
	switch {
	case len(x.files) == 0:
		x.say.note("no key in files of %s", x.options.Path)
	case !x.options.Write:
		x.say.hint("this was only shown; to do it: qleaks fix --write %s", x.options.Path)
	default:
		x.tellDone()
	}
	return nil
}

func (x *fixing) tellDone() {
	changed := 0
	for _, f := range x.files {
		if len(f.result.Taken) > 0 {
			changed++
		}
	}
	if changed == 0 {
		return
	}
	x.say.note("%s changed", plural(changed, "file"))
	for _, s := range x.stored {
		x.say.note("%s is in %s", s.Variable, s.Where)
	}
	switch {
	case len(x.stored) == 1 && len(x.options.Stores) > 0:
		x.say.hint("to run a program with the key: qleaks run --store %s -- PROGRAM", x.stored[0].Where)
	case len(x.stored) > 0 && len(x.options.Stores) == 0:
		x.say.hint("programs do not read .env by themselves: set -a; . ./%s; set +a; or, in Python, load_dotenv() of python-dotenv", x.envName())
	}
	x.say.hint("the keys were in files: if anybody else had these, or they were pushed, revoke the keys")
	x.say.hint("what was committed is still in the history: qleaks fix --history %s", x.options.Path)
}

// writeDiff writes a diff. Its text is from the files, so that nothing of it may
// command the terminal.
func writeDiff(w io.Writer, text []byte, colors bool) error {
	for line := range strings.Lines(string(text)) {
		line = report.Clean(strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"))
		if colors {
			switch {
			case strings.HasPrefix(line, "+++"), strings.HasPrefix(line, "---"), strings.HasPrefix(line, "diff"):
				line = "\x1b[1m" + line + "\x1b[0m"
			case strings.HasPrefix(line, "+"):
				line = "\x1b[32m" + line + "\x1b[0m"
			case strings.HasPrefix(line, "-"):
				line = "\x1b[31m" + line + "\x1b[0m"
			case strings.HasPrefix(line, "@@"):
				line = "\x1b[36m" + line + "\x1b[0m"
			}
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return fmt.Errorf("write the diff: %w", err)
		}
	}
	return nil
}

// fixJSON is the JSON of fix.
type fixJSON struct {
	Written bool          `json:"written"`
	Files   []fixFileJSON `json:"files"`
	Stored  []storedKey   `json:"stored"`
}

type fixFileJSON struct {
	Path  string        `json:"path"`
	Taken []fixPlace    `json:"taken"`
	Left  []fixPlace    `json:"left"`
	Diff  string        `json:"diff"`
	Looks []fixVariable `json:"variables"`
}

type fixPlace struct {
	Cell        int    `json:"cell,omitempty"`
	Line        int    `json:"line,omitempty"`
	Fingerprint string `json:"fingerprint"`
	What        string `json:"what"`
}

type fixVariable struct {
	Name        string `json:"name"`
	Fingerprint string `json:"fingerprint"`
}

func (x *fixing) reportJSON(w io.Writer) error {
	out := fixJSON{Written: x.options.Write, Files: []fixFileJSON{}, Stored: append([]storedKey{}, x.stored...)}
	for _, f := range x.files {
		one := fixFileJSON{Path: f.shown, Taken: []fixPlace{}, Left: []fixPlace{}, Looks: []fixVariable{}, Diff: string(f.diff(x.keys))}
		for _, p := range f.result.Taken {
			one.Taken = append(one.Taken, fixPlace{p.Cell, p.Line, string(x.found[p.Key].Fingerprint), p.What})
		}
		for _, p := range f.left() {
			one.Left = append(one.Left, fixPlace{p.Cell, p.Line, string(x.found[p.Key].Fingerprint), p.What})
		}
		for _, v := range f.result.Variables {
			one.Looks = append(one.Looks, fixVariable{v.Name, string(x.found[v.Key].Fingerprint)})
		}
		out.Files = append(out.Files, one)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	if err := e.Encode(out); err != nil {
		return fmt.Errorf("write what is done: %w", err)
	}
	return nil
}
