package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/auditreport"
	"github.com/qleaks/qleaks/internal/hygiene"
)

const defaultAuditFailOn = string(hygiene.High)

// auditOptions are the flags of audit.
type auditOptions struct {
	// Scan are places to search for keys; Home searches those of the person's
	// tools, too.
	Scan []string
	Home bool
	// Reports are reports of earlier scans, with what providers said then.
	Reports []string
	// Secrets are lists of GitHub's secrets, as WHERE=FILE; GitHub are owners and
	// repositories whose secrets GitHub is asked for.
	Secrets []string
	GitHub  []string
	Network networkOptions
	Config  string
	FailOn  string
	Limits  limitOptions
	Output  outputOptions
	Talking talkOptions
	Origins map[string]origin
}

// limitOptions are the limits as the flags say them; "" is not said.
type limitOptions struct {
	Unused, Age, List string
}

func newAuditCommand(env Env) *cobra.Command {
	var o auditOptions
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Judge the keys of your accounts: idle, leaked, old, open to others",
		Long: `What is judged: the lists that qleaks keys keeps, what --scan and --home find,
what providers said of keys to qleaks scan --verify, then or in reports of
earlier scans (--report), and what people noted with qleaks audit attest. An
audit asks no provider, and no key that was found is used; with --github it asks
GitHub for the names of secrets. What is not known is told, and never counts as
fine.

The policies, with the provider's page behind each, are in docs/hygiene.md.
Their numbers are changed by flags or in .qleaks.toml:
  [audit]
  unused = "60d"
  production = ["*prod*", "nightly*"]
  [audit.ended]
  "old-course" = 2026-07-31
  [audit.consumers]
  "ci-runner" = ["github.com/lab/*", "CI of bell-lab"]

Exit codes:
  0  nothing lapses at or above --fail-on
  1  something does
  2  wrong command line or configuration
  3  could not audit
  4  nothing lapses, but something is not known: no list, unread files
  130  interrupted`,
		Example: `  qleaks audit                                   the lists of keys alone
  qleaks audit --scan . --home                   and where the keys are
  qleaks scan --verify; qleaks audit --scan .    with what providers say
  qleaks audit --format html -o audit.html       a page to look at and print
  qleaks audit --github acme --credential "github=cmd:gh auth token"
  qleaks audit attest mfa --account lab          note what you looked at`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			origins, err := bindEnvironment(cmd.Flags(), env.Getenv)
			if err != nil {
				return err
			}
			o.Origins = origins
			return runAudit(cmd.Context(), env, o)
		},
	}
	addAuditFlags(cmd, &o)
	cmd.AddCommand(newAttestCommand(env), newAuditVerifyLogCommand(env))
	return cmd
}

func addAuditFlags(cmd *cobra.Command, o *auditOptions) {
	f := cmd.Flags()
	f.SortFlags = false
	f.StringArrayVar(&o.Scan, "scan", nil, "search this `PATH` for keys; may be repeated")
	f.BoolVar(&o.Home, "home", false, "search where tools keep keys on this computer, as qleaks scan --home does")
	f.StringArrayVar(&o.Reports, "report", nil, "use the findings and verdicts of this `FILE`, written by qleaks scan --json; may be repeated")
	f.StringArrayVar(&o.Secrets, "secrets", nil, "judge the secrets of this `[WHERE=]FILE`: qleaks github secrets --json, or gh secret list --json name,updatedAt; may be repeated")
	f.StringArrayVar(&o.GitHub, "github", nil, "ask GitHub for the secrets of `OWNER[/REPOSITORY]`, by name and time; may be repeated")
	f.StringVar(&o.Limits.Unused, "unused", "", "a key is idle after this `TIME` without use, such as 60d (default 90d)")
	f.StringVar(&o.Limits.Age, "age", "", "a key is old after this `TIME` (default 90d)")
	f.StringVar(&o.Limits.List, "list-age", "", "a list of keys is old after this `TIME` (default 7d)")
	f.StringVar(&o.Config, "config", "", "take [audit] from this `FILE` instead of .qleaks.toml")
	f.StringVar(&o.FailOn, "fail-on", defaultAuditFailOn, "exit 1 from this `LEVEL` on: critical, high, medium, low or none")
	f.StringVar(&o.Output.Format, "format", defaultFormat, "`NAME`: "+strings.Join(auditreport.Formats(), ", "))
	f.BoolVar(&o.Output.JSON, "json", false, "the same as --format json")
	f.StringVarP(&o.Output.File, "output", "o", "", "write the report to `FILE`, in one step")
	f.StringVar(&o.Output.Color, "color", colorAuto, "`WHEN`: auto, always, never")
	addReachFlags(cmd, &o.Network)
	addTalkFlags(cmd, &o.Talking)
	completeWords(cmd, "fail-on", auditLevels()...)
	completeWords(cmd, "format", auditreport.Formats()...)
	completeWords(cmd, "color", colorAuto, colorAlways, colorNever)
}

func auditLevels() []string {
	var words []string
	for _, s := range hygiene.Severities() {
		words = append(words, string(s))
	}
	return append(words, "none")
}

func (o *auditOptions) validate() error {
	if o.Output.JSON {
		if o.Origins["format"] != "" && o.Output.Format != "json" {
			return wrongUsage(fmt.Sprintf("--json and --format %s contradict each other", o.Output.Format))
		}
		o.Output.Format = "json"
	}
	if !slices.Contains(auditreport.Formats(), o.Output.Format) {
		return wrongUsage(fmt.Sprintf("--format %q is not one of %s", o.Output.Format, strings.Join(auditreport.Formats(), ", ")), didYouMean(o.Output.Format, auditreport.Formats())...)
	}
	if !slices.Contains(auditLevels(), o.FailOn) {
		return wrongUsage(fmt.Sprintf("--fail-on %q is not one of %s", o.FailOn, strings.Join(auditLevels(), ", ")))
	}
	if !slices.Contains([]string{colorAuto, colorAlways, colorNever}, o.Output.Color) {
		return wrongUsage(fmt.Sprintf("--color %q is not one of auto, always, never", o.Output.Color))
	}
	if o.Output.File == "-" {
		o.Output.File = ""
	}
	return nil
}

func runAudit(ctx context.Context, env Env, o auditOptions) error {
	if err := o.validate(); err != nil {
		return err
	}
	a := &audit{env: env, options: o, say: messages{w: env.Stderr, quiet: o.Talking.Quiet}}
	out, err := o.Output.open(env)
	if err != nil {
		return err
	}
	r, err := a.judge(ctx)
	if err == nil {
		err = auditreport.Write(out, o.Output.Format, r, a.reportOptions())
	}
	if err != nil {
		return errors.Join(err, out.abandon())
	}
	if err := out.finish(); err != nil {
		return err
	}
	if o.Output.File != "" {
		a.say.note("the report is in %s", o.Output.File)
	}
	return a.status(ctx, r)
}

func (a *audit) reportOptions() auditreport.Options {
	o := auditreport.Options{Color: a.options.Output.colors(a.env)}
	if width, ok := a.env.Terminal(a.env.Stdout); ok && a.options.Output.File == "" {
		o.Width = width
	}
	return o
}

// status is the exit status of an audit that has its report.
func (a *audit) status(ctx context.Context, r auditreport.Report) error {
	if ctx.Err() != nil {
		return exitStatusError(exitInterrupted)
	}
	line := hygiene.Severity(a.options.FailOn)
	if line != "none" && slices.ContainsFunc(r.Lapses, func(l hygiene.Lapse) bool { return l.Severity.AtLeast(line) }) {
		return exitStatusError(exitFindings)
	}
	if len(r.Gaps) > 0 {
		return exitStatusError(exitIncomplete)
	}
	return nil
}
