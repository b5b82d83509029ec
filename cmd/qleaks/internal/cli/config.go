package cli

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/qleaks/qleaks/scanner/baseline"
	"github.com/qleaks/qleaks/scanner/report"
)

func newConfigCommand(env Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "config",
		Short:   "Say which settings a scan uses",
		Example: "  qleaks config show",
		RunE:    onlyCommands,
		Args:    cobra.ArbitraryArgs,
	}
	cmd.AddCommand(newConfigShowCommand(env))
	return cmd
}

func newConfigShowCommand(env Env) *cobra.Command {
	var o scanOptions
	cmd := &cobra.Command{
		Use:   "show [PATH]",
		Short: "Show each setting of a scan, and where it comes from",
		Long:  "It takes the flags of `qleaks scan` and reads the same variables and files.",
		Example: `  qleaks config show
  QLEAKS_FAIL_ON=high qleaks config show --strict ../other`,
		RunE: func(cmd *cobra.Command, args []string) error {
			origins, err := bindEnvironment(cmd.Flags(), env.Getenv)
			if err != nil {
				return err
			}
			o.Paths, o.Origins = args, origins
			return runConfigShow(cmd.Context(), env, o, flagSettings(cmd.Flags(), origins))
		},
	}
	addScanFlags(cmd, &o)
	return cmd
}

// setting is one line of `config show`.
type setting struct{ name, value, from string }

// flagSettings lists all flags with the origins of their values.
func flagSettings(flags *pflag.FlagSet, origins map[string]origin) []setting {
	var all []setting
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Name != "help" {
			all = append(all, setting{f.Name, f.Value.String(), fromWhere(f.Name, origins[f.Name])})
		}
	})
	return all
}

func fromWhere(name string, o origin) string {
	switch o {
	case fromEnvironment:
		return variable(name)
	case fromFlag:
		return "--" + name
	case fromFile:
		return string(o)
	}
	return "default"
}

func runConfigShow(ctx context.Context, env Env, o scanOptions, flags []setting) error {
	r := newScanRun(env, o)
	if err := r.options.validate(env); err != nil {
		return err
	}
	if err := r.prepare(ctx); err != nil {
		return err
	}
	resolved := map[string]string{
		"confidence": r.settings.Confidence.String(),
		"fail-on":    string(r.settings.FailOn),
		"strict":     strconv.FormatBool(r.settings.Strict),
	}
	for i, s := range flags {
		value, ok := resolved[s.name]
		if !ok {
			continue
		}
		flags[i].value, flags[i].from = value, fromWhere(s.name, r.settings.Origins[s.name])
		if value != s.value && r.settings.Origins[s.name] != fromFile {
			flags[i].from = "follows the other of confidence and fail-on"
		}
	}
	return printSettings(env, slices.Concat(flags, r.fileSettings()))
}

// fileSettings lists what only a configuration file can say.
func (r *scanRun) fileSettings() []setting {
	file := r.content.settings(r.targets)
	if file == nil {
		file = &fileConfig{}
	}
	from := func(set bool) string {
		switch {
		case set && r.content.given != nil:
			return r.options.Judging.Config
		case set:
			return configName
		}
		return "default"
	}
	var all []setting
	for _, glob := range file.Scan.Exclude {
		all = append(all, setting{"exclude", glob, from(true)})
	}
	marks := setting{"marks", strconv.FormatBool(r.content.of(r.targets[0]).marks), from(file.Scan.Marks != nil)}
	if file.Scan.Marks == nil {
		marks.from = "qleaks trust"
	}
	ignores := setting{"ignore", plural(len(file.Ignore), "entry"), from(len(file.Ignore) > 0)}
	salt := setting{"fingerprints", "public salt", "default"}
	if r.env.Getenv(fingerprintKey) != "" {
		salt = setting{"fingerprints", "private salt", fingerprintKey}
	}
	return append(all, marks, ignores, r.baselineSetting(file, from), salt)
}

// baselineSetting says which baseline a configuration names, if no flag does.
func (r *scanRun) baselineSetting(file *fileConfig, from func(bool) string) setting {
	s := setting{"scan.baseline", file.Scan.Baseline, from(file.Scan.Baseline != "")}
	if r.options.Judging.Baseline != "" && s.value != "" {
		s.from += ", but --baseline counts"
	}
	return s
}

func printSettings(env Env, all []setting) error {
	table := tabwriter.NewWriter(env.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "SETTING\tVALUE\tFROM")
	for _, s := range all {
		if s.value == "" {
			s.value = "-"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", s.name, report.Clean(s.value), report.Clean(s.from))
	}
	return table.Flush()
}

// trustOf says in words whether a root's configuration counts.
func trustOf(trust baseline.Trust, root string) string {
	files, decision, err := trustedFiles(trust, root)
	if err != nil {
		return "not readable: " + err.Error()
	}
	name := configName
	if files.config == nil {
		name = "no " + configName
	}
	switch {
	case decision == baseline.IsTrusted:
		return name + "; this directory is trusted"
	case decision == baseline.Changed:
		return name + ", changed since you trusted it: not applied"
	case files.config == nil:
		return name
	}
	return name + ", not trusted: not applied"
}
