package cli

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/scanner/baseline"
	"github.com/qleaks/qleaks/scanner/gitsource"
	"github.com/qleaks/qleaks/scanner/report"
)

func newTrustCommand(env Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "trust PATH",
		Short: "Let a repository of yours say what not to report",
		Long: `Whoever writes a repository could hide a key in it with a configuration or a
comment. So .qleaks.toml, and "qleaks:ignore[rule-id] reason" on the line of a
key, count only after this command. What it trusts is the directory with the
.qleaks.toml of this moment, the baseline that it names, and .gitleaks.toml and
.gitleaksignore: when one of them changes, it must be trusted again.
What is suppressed is still counted and listed in every report.`,
		Example: `  qleaks trust .
  qleaks trust list
  qleaks trust remove .`,
		Args: oneArgument("the directory to trust"),
		RunE: func(_ *cobra.Command, args []string) error { return runTrust(env, args[0]) },
	}
	cmd.AddCommand(
		&cobra.Command{
			Use:     "list",
			Short:   "List what is trusted",
			Example: "  qleaks trust list",
			Args:    noArguments,
			RunE:    func(*cobra.Command, []string) error { return runTrustList(env) },
		},
		&cobra.Command{
			Use:     "remove PATH",
			Short:   "Trust a directory no longer",
			Example: "  qleaks trust remove .",
			Args:    oneArgument("the directory to trust no longer"),
			RunE:    func(_ *cobra.Command, args []string) error { return runTrustRemove(env, args[0]) },
		},
	)
	return cmd
}

// openTrust reads what is trusted, and says where it is remembered.
func openTrust(env Env) (file string, trust baseline.Trust, err error) {
	if file, err = trustFile(env); err != nil {
		return "", trust, couldNot("cannot remember what is trusted", err, "set HOME, or XDG_CONFIG_HOME on Linux")
	}
	if trust, err = baseline.LoadTrust(file); err != nil {
		return "", trust, couldNot("cannot tell what is trusted", err, "repair or remove that file; then trust again what is yours")
	}
	return file, trust, nil
}

// rootToTrust is the directory whose configuration counts for a PATH.
func rootToTrust(env Env, argument string) (string, error) {
	cwd, err := env.Getwd()
	if err != nil {
		return "", couldNot("the current directory is not known", err)
	}
	t, err := locateOne(cwd, argument, readOptions{})
	if err != nil {
		return "", err
	}
	if t.kind == singleFile || t.kind == standardInput {
		return "", wrongUsage(argument + " is not a directory: a repository or a directory is trusted as a whole")
	}
	if t.kind == objectsOnly {
		return "", wrongUsage(argument + " is a repository without a working tree: it has no configuration to trust")
	}
	return t.root, nil
}

func runTrust(env Env, argument string) error {
	root, err := rootToTrust(env, argument)
	if err != nil {
		return err
	}
	files, err := readOwnFiles(root)
	if err != nil {
		return couldNot("cannot read what is in "+root, err)
	}
	known, config, err := files.check(env)
	if err != nil {
		return err
	}
	file, trust, err := openTrust(env)
	if err != nil {
		return err
	}
	trust.Add(baseline.Trusted{Root: root, Configuration: files.hash(), Since: env.Now().UTC()})
	if err := trust.Save(file); err != nil {
		return couldNot("cannot remember what is trusted", err)
	}
	return describeTrusted(env, files, config, known)
}

// check reads the configuration and the baseline as a scan does.
func (o ownFiles) check(env Env) (*baseline.List, *fileConfig, error) {
	config := &fileConfig{}
	if o.config != nil {
		var err error
		if config, err = parseConfig(o.config); err != nil {
			return nil, nil, badConfig(filepath.Join(o.root, configName), err)
		}
	}
	if o.baselineName == "" {
		return nil, config, nil
	}
	name := filepath.Join(o.root, filepath.FromSlash(o.baselineName))
	if o.baseline == nil {
		return nil, nil, noBaseline(name)
	}
	fingerprints, err := fingerprinter(env)
	if err != nil {
		return nil, nil, err
	}
	known, err := parseBaseline(name, o.baseline, fingerprints.Salt())
	return known, config, err
}

func describeTrusted(env Env, files ownFiles, c *fileConfig, known *baseline.List) error {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, "  "+format+"\n", args...) }
	fmt.Fprintf(&b, "trusted: %s\n", report.Clean(files.root))
	marks := "marks (qleaks:ignore[rule-id] reason) count"
	if c.Scan.Marks != nil && !*c.Scan.Marks {
		marks = "marks do not count (marks = false)"
	}
	if files.config == nil {
		line("%s; there is no %s", marks, configName)
	} else {
		line("%s as it is now: %s", configName, c.contents())
		line("%s", marks)
	}
	for _, glob := range c.Scan.Exclude {
		line("exclude %s", report.Clean(glob))
	}
	if known != nil {
		line("%s as it is now: %s", report.Clean(files.baselineName), plural(len(known.Keys), "known key"))
	}
	for _, i := range c.Ignore {
		until := ""
		if day := i.Until.String(); day != "" {
			until = " until " + day
		}
		line("ignore  %s%s: %s", report.Clean(i.ID), until, report.Clean(i.Reason))
	}
	for _, a := range c.accounts("") {
		line("account %s of %s, with the credential %s", a.name, a.Provider, report.Clean(cmp.Or(a.reference.String(), "of nobody")))
	}
	if files.rules != nil {
		line("%s as it is now: its rules and allowlists", files.rulesName)
	}
	if files.ignored != nil {
		line("%s as it is now, for the commands of gitleaks", files.ignoredName)
	}
	_, err := io.WriteString(env.Stdout, b.String())
	return err
}

func runTrustList(env Env) error {
	_, trust, err := openTrust(env)
	if err != nil {
		return err
	}
	if len(trust.Entries) == 0 {
		_, err := fmt.Fprintln(env.Stdout, "nothing is trusted")
		return err
	}
	table := tabwriter.NewWriter(env.Stdout, 0, 0, 2, ' ', 0)
	for _, e := range trust.Entries {
		fmt.Fprintf(table, "%s\t%s\t%s\n", e.Since.Format("2006-01-02"), trustState(e), report.Clean(e.Root))
	}
	return table.Flush()
}

// trustState says whether an entry still has an effect.
func trustState(e baseline.Trusted) string {
	if _, err := os.Stat(e.Root); err != nil {
		return "gone"
	}
	files, err := readOwnFiles(e.Root)
	if err != nil || files.hash() != e.Configuration {
		return "changed since"
	}
	return "in effect"
}

func runTrustRemove(env Env, argument string) error {
	file, trust, err := openTrust(env)
	if err != nil {
		return err
	}
	root, err := rootToTrust(env, argument)
	if err != nil {
		// A directory that is gone can still be forgotten by its name.
		if root, err = filepath.Abs(argument); err != nil {
			return couldNot("cannot tell what to remove", err)
		}
	}
	if !trust.Remove(root) {
		return wrongUsage(root+" is not trusted", "what is: qleaks trust list")
	}
	if err := trust.Save(file); err != nil {
		return couldNot("cannot remember what is trusted", err)
	}
	_, err = fmt.Fprintf(env.Stdout, "not trusted any more: %s\n", report.Clean(root))
	return err
}

// discover is gitsource.Discover for a directory that the operator named; false
// means that it is in no repository that can be read.
func discover(dir string) (*gitsource.Repository, bool) {
	r, err := gitsource.Discover(dir, gitsource.Options{})
	return r, err == nil
}
