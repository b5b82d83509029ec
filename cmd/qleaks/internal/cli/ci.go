package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/scanner/report"
)

// ciOptions are the flags of ci.
type ciOptions struct {
	Path string
	Part ciPart
	// Reports are FORMAT=FILE.
	Reports []string
	// Runner says how the runner of GitHub is spoken to.
	Runner    ciRunner
	Reading   readOptions
	Judging   judgeOptions
	Color     string
	Talking   talkOptions
	Verifying verifyOptions
	// Origins says which flags have a value that is no default.
	Origins map[string]origin

	reports []ciReport
}

// ciPart says what is read: Base and Head are what an event would say.
type ciPart struct{ Mode, Base, Head string }

// ciRunner says what the runner of GitHub is told.
type ciRunner struct {
	NoAnnotations, NoSummary, NoFetch bool
	// Comment keeps one comment on the pull request up to date.
	Comment bool
	// AllowUntrusted lets a run with secrets ask providers about what strangers
	// may have brought.
	AllowUntrusted bool
}

// ciReport is one report to write.
type ciReport struct{ format, file string }

// What ci reads.
const (
	ciAuto = "auto"
	ciDiff = "diff"
	ciFull = "full"
)

func newCICommand(env Env) *cobra.Command {
	var o ciOptions
	cmd := &cobra.Command{
		Use:   "ci [PATH]",
		Short: "Scan what a push, a pull request or a merge brings, in CI",
		Long: `PATH is the checkout, "." by default. In GitHub Actions and GitLab CI the event
says what is new:

  a pull request, a merge request   its commits, and the merge that CI made of it
  a push                            the commits that the branch did not have; of a
                                    new branch, or after a forced push, those that
                                    no other branch of the remote has
  a merge group                     its commits
  a schedule, a dispatch, others    everything: files and the whole history

Elsewhere --base and --head say it. What a shallow checkout lacks is fetched, as
long as the commits are not all there (--no-fetch leaves that out).

What .qleaks.toml and its baseline switch off counts, of a pull request and of a
merge group, as its base has it: it cannot hide what it brings. Of a push it counts as pushed. With
--base it counts only if you trust it, as for scan, or name it with --config.

In GitHub Actions there are annotations, a summary of the job, and outputs
(findings, active, unread, exit-code). Keys are masked for later steps.

Exit codes are those of scan: 1 for findings, 4 where something was not read.`,
		Example: `  qleaks ci                                          in a workflow or pipeline
  qleaks ci --report sarif=qleaks.sarif              and a report for code scanning
  qleaks ci --base origin/main --head HEAD           in other CI
  qleaks ci --mode full --fail-on active --verify    everything, in a nightly run`,
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
			return runCI(cmd.Context(), env, o)
		},
	}
	addCIFlags(cmd, &o)
	return cmd
}

func addCIFlags(cmd *cobra.Command, o *ciOptions) {
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.Part.Mode, "mode", ciAuto, "`WHAT` to read: auto (as the event says), diff (what --head brings to --base), full")
	f.StringVar(&o.Part.Base, "base", "", "the `REV` that was there before")
	f.StringVar(&o.Part.Head, "head", "", "the `REV` that is new (default: HEAD)")
	addJudgeFlags(cmd, &o.Judging)
	f.StringVar(&o.Judging.FailOn, "fail-on", defaultFailOn, "exit 1 from this `LEVEL` on: high, medium, low, active (only keys that are known to work) or none")
	f.BoolVar(&o.Judging.Strict, "strict", false, "count what was left out on purpose as not read: exit 4")
	f.StringArrayVar(&o.Reports, "report", nil, "write a report, as `FORMAT=FILE`; may be repeated: "+strings.Join(report.Formats(), ", "))
	f.BoolVar(&o.Runner.NoAnnotations, "no-annotations", false, "no annotations beside the changed lines")
	f.BoolVar(&o.Runner.NoSummary, "no-summary", false, "no summary of the job")
	f.BoolVar(&o.Runner.Comment, "comment", false, "say on the pull request what it brings, in one comment that is kept up to date; needs GITHUB_TOKEN with pull-requests: write")
	f.BoolVar(&o.Runner.NoFetch, "no-fetch", false, "fetch nothing that a shallow checkout lacks")
	f.BoolVar(&o.Runner.AllowUntrusted, "allow-untrusted", false, "ask providers even in events that give secrets to runs about what strangers brought")
	f.StringVar(&o.Color, "color", colorAuto, "`WHEN`: auto, always, never")
	f.BoolVar(&o.Verifying.Verify, "verify", false, "ask each key's own provider whether it still works, and whose it is")
	addVerifyFlags(cmd, &o.Verifying)
	addEngineFlags(cmd, &o.Reading)
	addTalkFlags(cmd, &o.Talking)
	completeWords(cmd, "mode", ciAuto, ciDiff, ciFull)
	completeWords(cmd, "fail-on", failOnWords()...)
	completeWords(cmd, "color", colorAuto, colorAlways, colorNever)
}

// validate says which flags do not go together.
func (o *ciOptions) validate() error {
	switch {
	case !slices.Contains([]string{ciAuto, ciDiff, ciFull}, o.Part.Mode):
		return wrongUsage(fmt.Sprintf("--mode %q is not one of auto, diff, full", clipped(o.Part.Mode)), didYouMean(o.Part.Mode, []string{ciAuto, ciDiff, ciFull})...)
	case o.Part.Mode == ciFull && (o.Part.Base != "" || o.Part.Head != ""):
		return wrongUsage("--mode full reads everything, and --base and --head name a part")
	case o.Part.Base == "" && (o.Part.Mode == ciDiff || o.Part.Head != ""):
		return wrongUsage("--base is missing: what was there before", "such as --base origin/main")
	case o.Verifying.Explain:
		return wrongUsage("ci asks right away", "to see what would be asked: qleaks scan --verify --explain-network")
	}
	for _, r := range o.Reports {
		format, file, ok := strings.Cut(r, "=")
		if !ok || file == "" || !slices.Contains(report.Formats(), format) {
			return wrongUsage(fmt.Sprintf("--report %q is not FORMAT=FILE, FORMAT one of %s", clipped(r), strings.Join(report.Formats(), ", ")))
		}
		o.reports = append(o.reports, ciReport{format, file})
	}
	return nil
}

func runCI(ctx context.Context, env Env, o ciOptions) error {
	if err := o.validate(); err != nil {
		return err
	}
	c := &ciRun{env: env, options: o, say: messages{w: env.Stderr, quiet: o.Talking.Quiet}}
	if err := c.find(); err != nil {
		return err
	}
	if err := c.scan(ctx); err != nil {
		return err
	}
	return c.tell(ctx)
}
