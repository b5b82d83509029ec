package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/scanner/baseline"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/report"
)

func newBaselineCommand(env Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "baseline",
		Short: "List the keys that are known, so that scans report only new ones",
		Long: `A baseline lists the fingerprints of keys, one a line, and no key. A listed key is
known wherever it stands: lines, files and commits may move. Another key at its
place is new. What a baseline hides is counted and listed in every report.

Its place is ` + baselineName + ` in the repository, or what .qleaks.toml says:
  [scan]
  baseline = "` + baselineName + `"
Such a setting counts after qleaks trust, as all of .qleaks.toml does; --baseline
counts always. A listed key still works for whoever finds it: revoke it.`,
		Example: `  qleaks baseline create                     list what is found now
  qleaks scan --baseline .qleaks-baseline    report only what is new
  qleaks baseline update                     drop what is not there any more
  qleaks baseline update --add               list what is new, too
  qleaks baseline show`,
		RunE: onlyCommands,
		Args: cobra.ArbitraryArgs,
	}
	cmd.AddCommand(newBaselineCreateCommand(env), newBaselineUpdateCommand(env), newBaselineShowCommand(env))
	return cmd
}

func newBaselineCreateCommand(env Env) *cobra.Command {
	var o scanOptions
	cmd := &cobra.Command{
		Use:   "create [PATH]...",
		Short: "Scan, and list what is found",
		Long:  "PATH is the whole repository by default. Keys in key stores, and what is ignored or marked, are not listed.",
		Example: `  qleaks baseline create
  qleaks baseline create --baseline known-keys.txt ~/notebooks`,
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := newBaselineRun(cmd, env, o, args)
			if err != nil {
				return err
			}
			return b.create(cmd.Context())
		},
	}
	addBaselineFlags(cmd, &o)
	return cmd
}

func newBaselineUpdateCommand(env Env) *cobra.Command {
	var o scanOptions
	var add bool
	cmd := &cobra.Command{
		Use:   "update [PATH]...",
		Short: "Scan, and drop the keys that are not there any more",
		Long: `PATH is the whole repository by default. Keys are dropped only if everything was
read, and only those of rules that the scan has. New ones are listed only with
--add: look at them before.`,
		Example: `  qleaks baseline update
  qleaks baseline update --add`,
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := newBaselineRun(cmd, env, o, args)
			if err != nil {
				return err
			}
			return b.update(cmd.Context(), add)
		},
	}
	addBaselineFlags(cmd, &o)
	cmd.Flags().BoolVar(&add, "add", false, "list what is new, too")
	return cmd
}

func addBaselineFlags(cmd *cobra.Command, o *scanOptions) {
	cmd.Flags().SortFlags = false
	addSourceFlags(cmd, &o.Reading)
	addJudgeFlags(cmd, &o.Judging)
	addEngineFlags(cmd, &o.Reading)
	addTalkFlags(cmd, &o.Talking)
	cmd.Flags().Lookup("baseline").Usage = "the `FILE` (default: what .qleaks.toml says, or " + baselineName + ")"
}

func newBaselineShowCommand(env Env) *cobra.Command {
	return &cobra.Command{
		Use:   "show [FILE]",
		Short: "Show what a baseline lists",
		Example: `  qleaks baseline show
  qleaks baseline show known-keys.txt`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return runBaselineShow(env, args) },
	}
}

// baselineRun is one run of create or update.
type baselineRun struct {
	*scanRun
	// root is where the file belongs to, "" if to nothing.
	root string
	// file is how people know the baseline.
	file string
}

func newBaselineRun(cmd *cobra.Command, env Env, o scanOptions, paths []string) (*baselineRun, error) {
	origins, err := bindEnvironment(cmd.Flags(), env.Getenv)
	if err != nil {
		return nil, err
	}
	o.Origins = origins
	o.Judging.FailOn = defaultFailOn
	o.Output = outputOptions{Format: defaultFormat, Color: colorAuto}
	b := &baselineRun{scanRun: newScanRun(env, o)}
	if err := b.options.validate(env); err != nil {
		return nil, err
	}
	if err := b.locateBaseline(paths); err != nil {
		return nil, err
	}
	return b, nil
}

// locateBaseline decides what is scanned and which file the baseline is.
func (b *baselineRun) locateBaseline(paths []string) error {
	b.options.Paths = paths
	root, err := rootOf(b.env, paths)
	if err != nil {
		return err
	}
	if len(paths) == 0 {
		b.options.Paths = []string{root}
	}
	b.root, b.file = root, b.options.Judging.Baseline
	if b.file != "" {
		return nil
	}
	if root == "" {
		return wrongUsage("it is not clear where the baseline belongs to", "say it: --baseline FILE")
	}
	trust, err := b.trust()
	if err != nil {
		return err
	}
	b.file = defaultBaseline(b.env, trust, root)
	return nil
}

// rootOf is the directory that the only PATH belongs to, "" if there are
// several, or one that has no files. Without a PATH it is that of the current
// directory.
func rootOf(env Env, paths []string) (string, error) {
	argument := "."
	switch len(paths) {
	case 0:
	case 1:
		argument = paths[0]
	default:
		return "", nil
	}
	cwd, err := env.Getwd()
	if err != nil {
		return "", couldNot("the current directory is not known", err)
	}
	t, err := locateOne(cwd, argument, readOptions{})
	if err != nil {
		return "", err
	}
	if t.kind == directoryTree || t.kind == repositoryTree || t.kind == singleFile {
		return t.root, nil
	}
	return "", nil
}

// defaultBaseline is the baseline that a root has: the one that its
// configuration names, if that counts.
func defaultBaseline(env Env, trust baseline.Trust, root string) string {
	name := baselineName
	files, decision, err := trustedFiles(trust, root)
	if err == nil && decision == baseline.IsTrusted && files.baselineName != "" {
		name = files.baselineName
	}
	file := filepath.Join(root, filepath.FromSlash(name))
	if cwd, err := env.Getwd(); err == nil {
		return shortest(cwd, file)
	}
	return file
}

// create writes a baseline of what is found.
func (b *baselineRun) create(ctx context.Context) error {
	if _, err := os.Lstat(b.file); err == nil {
		return wrongUsage("there is a baseline already: "+b.file, "to bring it up to date: qleaks baseline update")
	} else if !errors.Is(err, fs.ErrNotExist) {
		return couldNot("cannot write "+b.file, rootCause(err))
	}
	fingerprints, err := fingerprinter(b.env)
	if err != nil {
		return err
	}
	list := &baseline.List{Salt: fingerprints.Salt()}
	result, _, err := b.scan(ctx, list)
	if err != nil {
		return err
	}
	if nothingRead(result) {
		return couldNot(b.emptiness(), nil)
	}
	list.Add(result.Findings)
	if err := b.write(list); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(b.env.Stdout, "%s lists %s\n", report.Clean(b.file), plural(len(list.Keys), "key")); err != nil {
		return err
	}
	if len(list.Keys) > 0 {
		b.say.note("listed keys still work for whoever finds them: revoke them")
	}
	b.say.hint("to report only what is new: qleaks scan --baseline %s", b.file)
	b.say.hint("to let Git merge it without conflicts: echo '%s merge=union' >> .gitattributes", filepath.Base(b.file))
	return b.unread(result)
}

// unread is the exit status of what is not complete.
func (b *baselineRun) unread(result finding.Result) error {
	if result.Coverage.Unread == 0 {
		return nil
	}
	b.say.warning("not everything was read: %s", plural(result.Coverage.Unread, "thing"))
	b.say.hint("what: qleaks scan --baseline %s", b.file)
	b.tellGaps(result.Coverage)
	return exitStatusError(exitIncomplete)
}

// scan finds what is not on the list, and what of the list is not found.
func (b *baselineRun) scan(ctx context.Context, list *baseline.List) (finding.Result, baseline.Outcome, error) {
	b.options.Judging.known = list
	if err := b.prepare(ctx); err != nil {
		return finding.Result{}, baseline.Outcome{}, err
	}
	result, err := b.found(ctx, nil)
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	excluded := b.content.excluded()
	outcome := b.content.apply(result.Findings, excluded)
	return b.judged(result, outcome, excluded), outcome, err
}

// write writes the baseline. The root stays trusted if it was.
func (b *baselineRun) write(list *baseline.List) error {
	absolute, err := filepath.Abs(b.file)
	if err != nil {
		return couldNot("cannot write "+b.file, err)
	}
	if rel, ok := inside(b.root, absolute); ok && b.root != "" {
		files, err := readOwnFiles(b.root)
		if err == nil && files.baselineName == rel {
			return files.change(b.env, b.say, rel, list.Text())
		}
	}
	return writeWhole(b.env, b.file, list.Text())
}

// update drops what is not found any more, and adds what is new if asked to.
func (b *baselineRun) update(ctx context.Context, add bool) error {
	fingerprints, err := fingerprinter(b.env)
	if err != nil {
		return err
	}
	list, err := readBaseline(b.file, fingerprints.Salt())
	if err != nil {
		return err
	}
	before := len(list.Keys)
	result, outcome, err := b.scan(ctx, list)
	if err != nil {
		return err
	}
	dropped := 0
	if b.wasWhole(result) {
		gone := b.gone(outcome.Missing)
		list.Drop(gone)
		dropped = len(gone)
	}
	b.tellKept(result, len(outcome.Missing), dropped)
	fresh := &baseline.List{}
	fresh.Add(result.Findings)
	if add {
		list.Add(result.Findings)
	} else if n := len(fresh.Keys); n > 0 {
		b.say.note("found, and not listed: %s", plural(n, "key"))
		b.say.hint("look at what is new: qleaks scan --baseline %s; to list it: qleaks baseline update --add", b.file)
	}
	if err := b.write(list); err != nil {
		return err
	}
	_, err = fmt.Fprintf(b.env.Stdout, "%s: %s dropped, %d added; it lists %s\n", report.Clean(b.file), plural(dropped, "key"), len(list.Keys)-before+dropped, plural(len(list.Keys), "key"))
	if err != nil {
		return err
	}
	return b.unread(result)
}

// tellKept says why keys stay that were not found.
func (b *baselineRun) tellKept(result finding.Result, missing, dropped int) {
	kept := missing - dropped
	switch {
	case kept == 0:
	case !b.wasWhole(result):
		b.say.note("%s not found, but kept: only a scan of everything tells that a key is gone", plural(kept, "key"))
	default:
		b.say.note("%s kept: this scan does not have their rules", plural(kept, "key"))
	}
}

func runBaselineShow(env Env, args []string) error {
	file := strings.Join(args, "")
	if file == "" {
		root, err := rootOf(env, nil)
		if err != nil {
			return err
		}
		trust, err := loadTrustQuietly(env)
		if err != nil {
			trust = baseline.Trust{}
		}
		file = defaultBaseline(env, trust, root)
	}
	list, err := readBaseline(file, "")
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(env.Stdout, 0, 0, 2, ' ', 0)
	for _, k := range list.Keys {
		fmt.Fprintf(table, "%s\t%s\t%s\n", k.Fingerprint, report.Clean(k.Rule), report.Clean(k.Path))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(env.Stdout, "%s; fingerprints with the %s salt\n", plural(len(list.Keys), "key"), report.Clean(list.Salt))
	return err
}
