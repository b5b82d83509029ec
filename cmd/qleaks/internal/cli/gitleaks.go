package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/scanner/leaks"
)

// exitUnknownFlag is gitleaks' code for a flag that it does not know.
const exitUnknownFlag = 126

// gitleaksOptions are the flags that all commands of gitleaks' grammar have.
type gitleaksOptions struct {
	Source  string
	Config  string
	Rules   []string
	Reading gitleaksReading
	Report  gitleaksReport
	Known   gitleaksKnown
	Git     gitleaksGit
	// ExitCode is that for leaks.
	ExitCode int
	Timeout  int
	Verbose  bool
	LogLevel string
	// Untrusted is for a source that has no say about itself.
	Untrusted bool
}

// gitleaksReading say how content is looked at.
type gitleaksReading struct {
	DecodeDepth  int
	ArchiveDepth int
	Megabytes    int
	IgnoreMarks  bool
	Follow       bool
}

// gitleaksReport say how the report is written.
type gitleaksReport struct {
	Format, Path, Template string
	Redact                 uint
	ShowSecrets            bool
}

// gitleaksKnown say where what is known is listed.
type gitleaksKnown struct {
	Baseline, Ignore string
	// Given is true where the operator named Ignore.
	Given bool
}

// gitleaksCommand is one of the commands.
type gitleaksCommand struct {
	use, short, example string
	aliases             []string
	hidden              bool
	flags               func(cmd *cobra.Command, o *gitleaksOptions)
	// run looks for leaks in the source.
	run func(ctx context.Context, g *gitleaksRun) (leaks.Result, error)
}

func gitleaksCommands(env Env) []*cobra.Command {
	var out []*cobra.Command
	for _, c := range []gitleaksCommand{gitleaksGitCommand(), gitleaksDirCommand(), gitleaksStdinCommand(), gitleaksDetectCommand(), gitleaksProtectCommand()} {
		out = append(out, c.command(env))
	}
	return out
}

const gitleaksLong = `The command takes the flags of gitleaks 8.30, reads its configurations,
.gitleaksignore files and baselines, and writes its reports; docs/gitleaks.md
lists what differs. Values are redacted unless --show-secrets is given.
Rules come from --config, GITLEAKS_CONFIG, GITLEAKS_CONFIG_TOML, .gitleaks.toml
in the source, or gitleaks' default configuration: a file that
QLEAKS_GITLEAKS_DEFAULT names, or that of a gitleaks in Go's module cache.

As with gitleaks, what the repository or directory that you are in says about
itself counts: its .gitleaks.toml, .gitleaksignore and marks. What they hide is
told. Of another source, and with --untrusted, they do not count, unless it is
trusted (qleaks trust). What --config and -i name counts always.

Exit codes: 0 no leaks, 1 leaks (or that of --exit-code) or a failure,
126 an unknown flag`

func (c gitleaksCommand) command(env Env) *cobra.Command {
	o := &gitleaksOptions{Source: "."}
	cmd := &cobra.Command{
		Use: c.use, Aliases: c.aliases, Short: c.short, Long: gitleaksLong, Example: c.example, Hidden: c.hidden,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 && c.takesPath() {
				return gitleaksWrong(fmt.Sprintf("%q takes one path, but got %d", cmd.CommandPath(), len(args)), "in a hook of pre-commit: pass_filenames: false")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) > 0 && !c.takesPath():
				messages{w: env.Stderr}.note("%q is ignored, as by gitleaks: %q takes no path", strings.Join(args, " "), cmd.CommandPath())
			case len(args) == 1 && args[0] != "":
				o.Source = args[0]
			}
			o.Known.Given = cmd.Flags().Changed("gitleaks-ignore-path")
			g := &gitleaksRun{env: env, options: *o}
			return g.do(cmd.Context(), c.run)
		},
	}
	cmd.SetFlagErrorFunc(gitleaksFlagError)
	addGitleaksFlags(cmd, o)
	if c.flags != nil {
		c.flags(cmd, o)
	}
	return cmd
}

func (c gitleaksCommand) takesPath() bool { return strings.Contains(c.use, "[") }

func addGitleaksFlags(cmd *cobra.Command, o *gitleaksOptions) {
	f := cmd.Flags()
	f.StringVarP(&o.Known.Baseline, "baseline-path", "b", "", "`FILE` with a JSON report; what it lists is not reported again")
	f.StringVarP(&o.Config, "config", "c", "", "`FILE` with rules")
	f.StringSliceVar(&o.Rules, "enable-rule", nil, "use only the rule `ID`")
	f.IntVar(&o.ExitCode, "exit-code", 1, "exit code for leaks")
	f.StringVarP(&o.Known.Ignore, "gitleaks-ignore-path", "i", ".", "`PATH` of .gitleaksignore, or of the directory that holds it")
	f.BoolVar(&o.Reading.IgnoreMarks, "ignore-gitleaks-allow", false, "marks such as gitleaks:allow do not count")
	f.StringVarP(&o.LogLevel, "log-level", "l", "info", "`LEVEL` of what is told: trace, debug, info, warn, error, fatal")
	f.IntVar(&o.Reading.ArchiveDepth, "max-archive-depth", 0, "open `N` archives inside each other")
	f.IntVar(&o.Reading.DecodeDepth, "max-decode-depth", 5, "undo `N` encodings inside each other")
	f.IntVar(&o.Reading.Megabytes, "max-target-megabytes", 0, "pass over larger files")
	f.Bool("no-banner", false, "there is none")
	f.Bool("no-color", false, "there is none")
	f.UintVar(&o.Report.Redact, "redact", 0, "leave out `PERCENT` of each value; without --show-secrets, it is always all")
	f.Lookup("redact").NoOptDefVal = "100"
	f.StringVarP(&o.Report.Format, "report-format", "f", "", "`NAME`: "+strings.Join(leaks.Formats(), ", "))
	f.StringVarP(&o.Report.Path, "report-path", "r", "", "write a report to `FILE` (\"-\" for standard output)")
	f.StringVar(&o.Report.Template, "report-template", "", "`FILE` with a Go template for the report")
	f.BoolVar(&o.Report.ShowSecrets, "show-secrets", false, "show the values themselves")
	f.IntVar(&o.Timeout, "timeout", 0, "stop after so many seconds")
	f.BoolVar(&o.Untrusted, "untrusted", false, "the configuration, ignore file and marks of the source do not count")
	f.BoolVarP(&o.Verbose, "verbose", "v", false, "list the leaks on standard output, and what is not reported on standard error")
	completeWords(cmd, "report-format", leaks.Formats()...)
}

func gitleaksWrong(message string, hints ...string) error {
	return &problem{code: exitFindings, message: message, hints: hints}
}

func gitleaksFlagError(cmd *cobra.Command, err error) error {
	wrong, ok := flagError(cmd, err).(*problem) //nolint:errorlint // it is made here
	if !ok {
		return err
	}
	wrong.code = exitFindings
	if strings.Contains(err.Error(), "unknown flag") {
		wrong.code = exitUnknownFlag
	}
	return wrong
}

// validate completes the options.
func (o *gitleaksOptions) validate(env Env) error {
	if !slices.Contains([]string{"trace", "debug", "info", "warn", "err", "error", "fatal"}, strings.ToLower(o.LogLevel)) {
		messages{w: env.Stderr}.note("--log-level %q is not one of trace, debug, info, warn, error, fatal", o.LogLevel)
	}
	r := &o.Report
	if r.ShowSecrets && env.inCI() && env.Getenv(allowShowSecrets) != "1" {
		return gitleaksWrong("--show-secrets is refused where CI is set: logs and artifacts of a CI job are read by many",
			"if this job's output is private: "+allowShowSecrets+"=1")
	}
	if r.Path == "" {
		return nil
	}
	if r.Format == "" {
		r.Format = strings.TrimPrefix(strings.ToLower(filepath.Ext(r.Path)), ".")
		if r.Template != "" {
			r.Format = "template"
		}
	}
	r.Format = strings.ToLower(strings.TrimSpace(r.Format))
	switch {
	case !slices.Contains(leaks.Formats(), r.Format):
		return gitleaksWrong(fmt.Sprintf("report format %q is not one of %s", r.Format, strings.Join(leaks.Formats(), ", ")), "name it: --report-format json")
	case r.Template != "" && r.Format != "template":
		return gitleaksWrong("--report-template goes with --report-format template only")
	case r.Template == "" && r.Format == "template":
		return gitleaksWrong("--report-format template needs --report-template FILE")
	}
	return nil
}

// quiet reports whether only errors are told.
func (o *gitleaksOptions) quiet() bool {
	return slices.Contains([]string{"err", "error", "fatal"}, strings.ToLower(o.LogLevel))
}

func (o *gitleaksOptions) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if o.Timeout <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, time.Duration(o.Timeout)*time.Second)
}
