package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/hygiene"
	"github.com/qleaks/qleaks/internal/incident"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/secret"
)

// incidentOptions are the flags of incident.
type incidentOptions struct {
	ID string
	// Scan are places to search, Reports those of earlier scans.
	Scan    []string
	Reports []string
	// GitHub are answers of GitHub's API about the repository.
	GitHub []string
	// Since is the operator's word on when the key was public; Habit how far
	// before that jobs are looked at.
	Since string
	Habit string
	// WithLeaked lets the leaked key itself ask.
	WithLeaked bool
	Network    networkOptions
	Output     outputOptions
	Talking    talkOptions
	Origins    map[string]origin
}

func newIncidentCommand(env Env) *cobra.Command {
	var o incidentOptions
	cmd := &cobra.Command{
		Use:   "incident [PROVIDER/]KEY|FINDING|FINGERPRINT",
		Short: "Tell what happened since a key leaked",
		Long: `KEY is the id or the name of a key on your lists, FINDING the id in a report
of qleaks scan. Told are the first commit with the key, the first push, since
when it was public, the jobs and sessions since then, what of them is unlike
those before, and what waits now.

Without --scan and --report the current directory is searched. The leaked key is
not used: jobs are asked for with a credential of yours that sees the same
project or instance. If you have none, --with-leaked-key asks with the leaked key
itself, if the search finds it. No provider tells which key a job came with.

Exit codes:
  0  told
  2  wrong command line, or no such key
  3  could not tell
  4  told, but something is not known
  130  interrupted`,
		Example: `  qleaks incident ada-laptop --credential ionq=env:MY_IONQ_KEY
  qleaks incident ada-laptop --with-leaked-key
  qleaks incident ql5ychxq --report scan.json --format html -o incident.html
  gh api repos/lab/bell > bell.json; qleaks incident ada-laptop --github bell.json
  qleaks incident ada-laptop --since 2026-11-03T14:00:00Z --json`,
		Args: oneArgument("the id of a key or a finding"),
		RunE: func(cmd *cobra.Command, args []string) error {
			origins, err := bindEnvironment(cmd.Flags(), env.Getenv)
			if err != nil {
				return err
			}
			o.ID, o.Origins = args[0], origins
			return runIncident(cmd.Context(), env, o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringArrayVar(&o.Scan, "scan", nil, "search this `PATH` for the key; may be repeated")
	f.StringArrayVar(&o.Reports, "report", nil, "use the findings and verdicts of this `FILE`, written by qleaks scan --json; may be repeated")
	f.StringArrayVar(&o.GitHub, "github", nil, "learn from this `FILE` when it was pushed and whether it is public: gh api repos/OWNER/NAME, or …/activity; may be repeated")
	f.StringVar(&o.Since, "since", "", "others could see it since this `TIME`: 2026-11-03 or 2026-11-03T14:00:00Z")
	f.BoolVar(&o.WithLeaked, "with-leaked-key", false, "ask what ran with the leaked key itself: it counts as a use of it")
	f.StringVar(&o.Habit, "habit", "90d", "learn what is usual from jobs of this `TIME` before the leak")
	addReachFlags(cmd, &o.Network)
	addAccountFlag(cmd, &o.Network)
	f.StringVar(&o.Output.Format, "format", defaultFormat, "`NAME`: "+strings.Join(incident.Formats(), ", "))
	f.BoolVar(&o.Output.JSON, "json", false, "the same as --format json")
	f.StringVarP(&o.Output.File, "output", "o", "", "write the report to `FILE`, in one step")
	f.StringVar(&o.Output.Color, "color", colorAuto, "`WHEN`: auto, always, never")
	addTalkFlags(cmd, &o.Talking)
	completeWords(cmd, "format", incident.Formats()...)
	completeWords(cmd, "color", colorAuto, colorAlways, colorNever)
	return cmd
}

// validate checks the flags, and reads the times in them.
func (o *incidentOptions) validate() (since time.Time, habit time.Duration, err error) {
	if o.Output.JSON {
		if o.Origins["format"] != "" && o.Output.Format != "json" {
			return since, 0, wrongUsage(fmt.Sprintf("--json and --format %s contradict each other", o.Output.Format))
		}
		o.Output.Format = "json"
	}
	if !slices.Contains(incident.Formats(), o.Output.Format) {
		return since, 0, wrongUsage(fmt.Sprintf("--format %q is not one of %s", o.Output.Format, strings.Join(incident.Formats(), ", ")), didYouMean(o.Output.Format, incident.Formats())...)
	}
	if !slices.Contains([]string{colorAuto, colorAlways, colorNever}, o.Output.Color) {
		return since, 0, wrongUsage(fmt.Sprintf("--color %q is not one of auto, always, never", o.Output.Color))
	}
	if o.Output.File == "-" {
		o.Output.File = ""
	}
	if habit, err = parseTime(o.Habit); err != nil {
		return since, 0, wrongUsage("--habit: " + err.Error())
	}
	if o.Since == "" {
		return since, habit, nil
	}
	for _, form := range []string{time.DateOnly, time.RFC3339} {
		if since, err = time.Parse(form, o.Since); err == nil {
			return since.UTC(), habit, nil
		}
	}
	return since, 0, wrongUsage(fmt.Sprintf("--since %q is no time such as 2026-11-03 or 2026-11-03T14:00:00Z", o.Since))
}

func runIncident(ctx context.Context, env Env, o incidentOptions) error {
	since, habit, err := o.validate()
	if err != nil {
		return err
	}
	access, err := o.Network.access()
	if err != nil {
		return err
	}
	if len(o.Scan) == 0 && len(o.Reports) == 0 {
		o.Scan = []string{"."}
	}
	i := &inquiry{
		audit:  audit{env: env, options: auditOptions{Scan: o.Scan, Reports: o.Reports, Talking: o.Talking}, say: messages{w: env.Stderr, quiet: o.Talking.Quiet}},
		access: access, log: debugLog(env, o.Talking), habit: habit, withLeaked: o.WithLeaked,
	}
	out, err := o.Output.open(env)
	if err != nil {
		return err
	}
	facts, err := i.facts(ctx, o, since)
	if err == nil {
		r := incident.Options{Color: o.Output.colors(env)}
		if width, ok := env.Terminal(env.Stdout); ok && o.Output.File == "" {
			r.Width = width
		}
		err = incident.Write(out, o.Output.Format, incident.Tell(facts), r)
	}
	if err != nil {
		return errors.Join(err, out.abandon())
	}
	if err := out.finish(); err != nil {
		return err
	}
	if o.Output.File != "" {
		i.say.note("the report is in %s", o.Output.File)
	}
	if status, _ := facts.Case.Status(); status == key.Active && facts.Case.Entry != nil {
		i.say.hint("to end the key, and cancel the jobs that you name: qleaks remediate plan %s --cancel-jobs ID,ID -o plan.json", shellWord(facts.Case.Called()))
	}
	switch {
	case ctx.Err() != nil:
		return exitStatusError(exitInterrupted)
	case len(facts.Gaps) > 0:
		return exitStatusError(exitIncomplete)
	}
	return nil
}

// named finds the case that an id means: a key's, a finding's or a fingerprint;
// "ionq/" before it leaves other providers out.
func named(cases []*hygiene.Case, id string) (*hygiene.Case, error) {
	of, rest, ok := strings.Cut(id, "/")
	if ok && slices.Contains(providerNames(), of) {
		id = rest
	} else {
		of = ""
	}
	var fits []*hygiene.Case
	var names []string
	for _, c := range cases {
		if (of == "" || c.Provider == of) && isNamed(c, id) {
			fits = append(fits, c)
			names = append(names, c.Provider+"/"+c.Handle())
		}
	}
	switch {
	case len(fits) == 1:
		return fits[0], nil
	case len(fits) > 1:
		return nil, wrongUsage(fmt.Sprintf("%q could be %s", clipped(id), plural(len(fits), "key")), "they are "+strings.Join(names[:min(len(names), maxNamed)], ", "))
	}
	return nil, wrongUsage("no key and no finding is called that",
		"the ids are in the reports of qleaks scan and qleaks audit --json; --scan PATH and --report FILE say where to look")
}

// maxNamed is how many keys of one name are listed.
const maxNamed = 5

func isNamed(c *hygiene.Case, id string) bool {
	// So much of a fingerprint is shown.
	const least = 8
	k := c.Key()
	return k.ID == id || k.Name == id ||
		slices.ContainsFunc(c.Places, func(p hygiene.Place) bool { return p.Finding == id }) ||
		slices.ContainsFunc(c.Fingerprints, func(f secret.Fingerprint) bool { return len(id) >= least && strings.HasPrefix(string(f), id) })
}
