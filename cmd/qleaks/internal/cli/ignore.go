package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/scanner/baseline"
	"github.com/qleaks/qleaks/scanner/report"
)

// ignoreOptions are the flags of ignore.
type ignoreOptions struct {
	ID, Reason, Owner, Until string
	// Config is the file to change instead of the repository's own.
	Config string
	// Report is where to look for the ID instead of scanning.
	Report string
}

func newIgnoreCommand(env Env) *cobra.Command {
	var o ignoreOptions
	cmd := &cobra.Command{
		Use:   "ignore ID",
		Short: "Accept one finding, with a reason",
		Long: `It adds an [[ignore]] entry to .qleaks.toml of this repository or directory. An
entry is for one finding, which is one key in one file: it moves with its line,
and says nothing about another key at its place. It is listed in every report.
Entries that ended, and those that nothing needs, are told by scans.`,
		Example: `  qleaks ignore ql… --reason "revoked in May"
  qleaks ignore ql… --reason "a test account" --owner ada --until 2027-01-31
  qleaks ignore list
  qleaks ignore remove ql…`,
		Args: oneArgument("the id of a finding"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.ID = args[0]
			return runIgnore(cmd.Context(), env, o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.Reason, "reason", "", "`WHY` it is acceptable; required")
	f.StringVar(&o.Owner, "owner", "", "`WHO` answers for it")
	f.StringVar(&o.Until, "until", "", "the last `DAY` on which it holds, such as 2027-01-31")
	f.StringVar(&o.Report, "report", "", "look for the id in this `FILE`, a report as json or jsonl, instead of scanning; - for standard input")
	f.StringVar(&o.Config, "config", "", "add the entry to this `FILE` instead of .qleaks.toml")
	cmd.AddCommand(newIgnoreListCommand(env), newIgnoreRemoveCommand(env))
	return cmd
}

// entry makes the entry of the flags.
func (o ignoreOptions) entry(env Env) (baseline.Ignore, error) {
	i := baseline.Ignore{ID: o.ID, Reason: strings.TrimSpace(o.Reason), Owner: strings.TrimSpace(o.Owner)}
	if i.Reason == "" {
		return i, wrongUsage("--reason is missing: say why this finding is acceptable",
			fmt.Sprintf("such as: qleaks ignore %s --reason \"revoked in May\"", o.ID))
	}
	if o.Until == "" {
		return i, nil
	}
	if err := i.Until.UnmarshalTOML(o.Until); err != nil {
		return i, wrongUsage(fmt.Sprintf("--until %q is not a day such as 2027-01-31", o.Until))
	}
	if i.Until.Over(env.Now()) {
		return i, wrongUsage("--until " + o.Until + " is over already")
	}
	return i, nil
}

func runIgnore(ctx context.Context, env Env, o ignoreOptions) error {
	entry, err := o.entry(env)
	if err != nil {
		return err
	}
	file, err := openIgnores(env, o.Config)
	if err != nil {
		return err
	}
	for _, other := range file.config.Ignore {
		if other.ID == o.ID {
			return wrongUsage(fmt.Sprintf("%s ignores %s already: %s", file.name, o.ID, other.Reason), "to change it: qleaks ignore remove "+o.ID)
		}
	}
	what, err := o.find(ctx, env, file.root)
	if err != nil {
		return err
	}
	text, err := addIgnore(file.text, entry)
	if err != nil {
		return wrongUsage(fmt.Sprintf("cannot add to %s: %v", file.name, err), "add it yourself, as docs/baseline.md shows")
	}
	if err := file.write(env, text); err != nil {
		return err
	}
	until := ""
	if day := entry.Until.String(); day != "" {
		until = ", until " + day
	}
	_, err = fmt.Fprintf(env.Stdout, "ignored: %s%s\n  written to %s\n", report.Clean(what), until, report.Clean(file.name))
	return err
}

// find says in words which finding an ID is of.
func (o ignoreOptions) find(ctx context.Context, env Env, root string) (string, error) {
	var known []candidate
	if o.Report != "" {
		text, err := readReport(env, o.Report)
		if err != nil {
			return "", err
		}
		if known, err = candidatesIn(text); err != nil {
			return "", wrongUsage(fmt.Sprintf("%s is no report: %v", o.Report, err), "make one with: qleaks scan --json -o FILE")
		}
		return choose(known, o)
	}
	// What stands in files is found soonest.
	for _, filesOnly := range []bool{true, false} {
		var err error
		if known, err = scanFor(ctx, env, o, root, filesOnly); err != nil {
			return "", err
		}
		if slices.ContainsFunc(known, func(c candidate) bool { return c.material.In(o.Reason) || c.material.In(o.Owner) }) {
			return "", wrongUsage("the reason or the owner holds a key", "the file is for everybody to read: say it without the key")
		}
		if what, err := choose(known, o); err == nil {
			return what, nil
		}
	}
	return choose(known, o)
}

// candidate is a finding that could be meant.
type candidate struct {
	id, fingerprint, what string
	// material is empty for one of a report.
	material secret.Value
}

// choose takes the candidate with the ID.
func choose(known []candidate, o ignoreOptions) (string, error) {
	var hints []string
	for _, c := range known {
		if c.id == o.ID {
			return c.what, nil
		}
		const shortest = 8
		if len(o.ID) >= shortest && strings.HasPrefix(c.fingerprint, o.ID) {
			hints = append(hints, fmt.Sprintf("a fingerprint is of a key, an id of a finding: %s is %s", c.id, c.what))
		}
	}
	if len(hints) == 0 {
		hints = []string{"list them with: qleaks scan --json --confidence low"}
	}
	return "", wrongUsage("no finding has the id "+o.ID, hints...)
}

// scanFor lists what a scan of a root finds.
func scanFor(ctx context.Context, env Env, o ignoreOptions, root string, filesOnly bool) ([]candidate, error) {
	r := newScanRun(env, scanOptions{
		Paths: []string{root}, Reading: readOptions{NoHistory: filesOnly},
		Judging: judgeOptions{Config: o.Config, Confidence: "low", FailOn: string(failOnNone), known: &baseline.List{}},
		Output:  outputOptions{Format: defaultFormat, Color: colorAuto}, Talking: talkOptions{Quiet: true},
	})
	if o.Config != "" {
		if _, err := os.Stat(o.Config); err != nil {
			r.options.Judging.Config = ""
		}
	}
	if err := r.options.validate(env); err != nil {
		return nil, err
	}
	if err := r.prepare(ctx); err != nil {
		return nil, err
	}
	result, err := r.found(ctx, nil)
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, err
	}
	var all []candidate
	for _, f := range append(result.Findings, r.content.excluded()...) {
		line := f.Occurrences[0].Location.Line
		all = append(all, candidate{f.ID, string(f.Fingerprint), fmt.Sprintf("%s in %s, line %d", f.Rule.Title, f.Path, line), f.Secret})
	}
	return all, nil
}

func readReport(env Env, name string) ([]byte, error) {
	in := env.Stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, couldNot("cannot read the report", err)
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(in)
	if err != nil {
		return nil, couldNot("cannot read the report", err)
	}
	return text, nil
}

// ignoreFile is the configuration that ignore reads and changes.
type ignoreFile struct {
	root string
	// name is how people know the file.
	name  string
	text  []byte
	files ownFiles
	// config is what the text says.
	config *fileConfig
}

// openIgnores reads the configuration that the operator named, or the one of
// the current repository or directory. It need not be there yet.
func openIgnores(env Env, named string) (*ignoreFile, error) {
	root, err := rootOf(env, nil)
	if err != nil {
		return nil, err
	}
	if root == "" {
		return nil, wrongUsage("a repository without a working tree has no "+configName, "name a file: --config FILE")
	}
	f := &ignoreFile{root: root, name: named}
	if named == "" {
		f.name = filepath.Join(root, configName)
		if cwd, err := env.Getwd(); err == nil {
			f.name = shortest(cwd, f.name)
		}
		if f.files, err = readOwnFiles(root); err != nil {
			return nil, couldNot("cannot read what is in "+root, err)
		}
		f.text = f.files.config
	} else if f.text, err = os.ReadFile(named); err != nil && !os.IsNotExist(err) {
		return nil, couldNot("cannot read the configuration", err)
	}
	if f.config, err = parseConfig(f.text); err != nil {
		return nil, badConfig(f.name, err)
	}
	return f, nil
}

// write replaces the text of the file.
func (f *ignoreFile) write(env Env, text []byte) error {
	if f.files.root == "" {
		return writeWhole(env, f.name, text)
	}
	return f.files.change(env, messages{w: env.Stderr}, configName, text)
}
