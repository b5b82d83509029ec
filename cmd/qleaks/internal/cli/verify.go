package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/inspect"
	"github.com/qleaks/qleaks/scanner/report"
	"github.com/qleaks/qleaks/scanner/reread"
	"github.com/qleaks/qleaks/scanner/source"
	"github.com/qleaks/qleaks/scanner/verify"
)

// verifyCommand is the flags of verify.
type verifyCommand struct {
	// File is a report or a list of keys; "-" is standard input.
	File      string
	Provider  string
	Rules     []string
	FailOn    string
	Output    outputOptions
	Talking   talkOptions
	Verifying verifyOptions
	// Origins says which flags have a value that is no default.
	Origins map[string]origin
}

func newVerifyCommand(env Env) *cobra.Command {
	var o verifyCommand
	cmd := &cobra.Command{
		Use:   "verify FILE|-",
		Short: "Ask providers whether keys that were found before still work",
		Long: `FILE is recognised by its content: a report of qleaks (json or jsonl, written
with --show-secrets), of gitleaks or trufflehog (JSON, not redacted), or text with
keys. In text, a line may be a key and nothing else; then --provider says whose
key it is, unless it tells that itself. "-" is standard input: keys on a command
line would stay in its history.

Each key goes to its own provider, once, after questions that show whether its
answers are worth something; IBM is asked with a credential of yours, so that
the key does not log in. docs/verify.md tells more.

Exit codes:
  0  no key works
  1  a key works (--fail-on moves the line)
  2  wrong command line
  3  the file cannot be read, or holds no keys
  4  no key works, but some could not be verified
  130  interrupted`,
		Example: `  qleaks verify report.json                    a report that holds keys
  qleaks verify --provider ionq -              keys on standard input, one a line
  gitleaks git -r - -f json | qleaks verify -  what gitleaks found
  trufflehog git file://. --json --no-verification | qleaks verify -
  qleaks verify --identify --json report.json  whose they are, and what they can do
  qleaks verify --explain-network report.json  list what that would send`,
		Args: oneArgument("FILE, or - for standard input"),
		RunE: func(cmd *cobra.Command, args []string) error {
			origins, err := bindEnvironment(cmd.Flags(), env.Getenv)
			if err != nil {
				return err
			}
			o.File, o.Origins = args[0], origins
			return runVerify(cmd.Context(), env, o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.Provider, "provider", "", "keys that nothing else tells of are those of `NAME`: ibm, ionq, qbraid")
	f.StringArrayVar(&o.Rules, "rules", nil, "know the rules of this `FILE`, too; may be repeated")
	f.StringVar(&o.FailOn, "fail-on", string(failOnActive), "exit 1 from this `LEVEL` on: high, medium, low, active (only keys that are known to work) or none")
	f.StringVar(&o.Output.Format, "format", defaultFormat, "`NAME`: "+strings.Join(report.Formats(), ", "))
	f.BoolVar(&o.Output.JSON, "json", false, "the same as --format json")
	f.StringVarP(&o.Output.File, "output", "o", "", "write the report to `FILE`, in one step")
	f.StringVar(&o.Output.Color, "color", colorAuto, "`WHEN`: auto, always, never")
	addVerifyFlags(cmd, &o.Verifying)
	addTalkFlags(cmd, &o.Talking)
	completeWords(cmd, "provider", "ibm", "ionq", "qbraid")
	completeWords(cmd, "fail-on", failOnWords()...)
	completeWords(cmd, "format", report.Formats()...)
	completeWords(cmd, "color", colorAuto, colorAlways, colorNever)
	return cmd
}

// validate says which flags do not go together.
func (o *verifyCommand) validate(env Env) error {
	o.Verifying.Verify = true
	o.Verifying.also.Stored = true // whoever hands a key over wants to know of it
	if err := o.Verifying.validate(o.Origins); err != nil {
		return err
	}
	if o.Provider != "" {
		if _, err := kitNamed("--provider", o.Provider); err != nil {
			return err
		}
	}
	if _, err := parseFailOn(o.FailOn); err != nil {
		return wrongUsage(fmt.Sprintf("--fail-on: %v", err))
	}
	if err := o.Output.validate(env, o.Origins); err != nil {
		return err
	}
	return o.Verifying.validateExplained(o.Output.Format)
}

func runVerify(ctx context.Context, env Env, o verifyCommand) error {
	if err := o.validate(env); err != nil {
		return err
	}
	a := asker{env: env, say: messages{w: env.Stderr, quiet: o.Talking.Quiet}, log: debugLog(env, o.Talking), options: o.Verifying}
	reading, err := o.read(env)
	if err != nil {
		return err
	}
	a.say.note("%s is read as %s with %s", o.label(), reading.Format, plural(len(reading.Entries)+len(reading.Skipped), "entry"))
	if len(reading.Entries) == 0 && reading.Redacted > 0 {
		return redactedReport(o.label(), reading.Format)
	}
	result, claims, err := joined(reading)
	if err != nil {
		return couldNot("cannot make sense of "+o.label(), err)
	}
	out, err := o.Output.open(env)
	if err != nil {
		return err
	}
	status, err := o.finish(ctx, a, out, result, claims)
	if err != nil {
		return errors.Join(err, out.abandon())
	}
	if err := out.finish(); err != nil {
		return err
	}
	if o.Output.File != "" {
		a.say.note("the report is in %s", o.Output.File)
	}
	return status
}

// label names what is read without telling it: it may be a key in a wrong place.
func (o verifyCommand) label() string {
	if o.File == "-" {
		return "standard input"
	}
	return o.File
}

// read opens and reads the file.
func (o verifyCommand) read(env Env) (reread.Reading, error) {
	var own []*rules.Rule
	for _, name := range o.Rules {
		list, err := readRules(name)
		if err != nil {
			return reread.Reading{}, err
		}
		own = append(own, list...)
	}
	set, err := rules.With(own)
	if err != nil {
		return reread.Reading{}, &problem{code: exitUsage, message: "the rules do not go together", err: err}
	}
	fingerprints, err := fingerprinter(env)
	if err != nil {
		return reread.Reading{}, err
	}
	options := reread.Options{Inspector: &inspect.Inspector{Rules: set, Fingerprints: fingerprints}, Provider: o.Provider}
	in := env.Stdin
	if o.File != "-" {
		f, err := os.Open(o.File)
		if err != nil {
			return reread.Reading{}, couldNot("cannot read the file", rootCause(err), "keys are read from standard input: qleaks verify -")
		}
		defer f.Close()
		if info, err := f.Stat(); err == nil && info.IsDir() {
			return reread.Reading{}, wrongUsage("that is a directory", "to find keys in it, and ask about them: qleaks scan --verify "+o.File)
		}
		in, options.Name = f, o.File
	} else if env.isTerminal(env.Stdin) {
		messages{w: env.Stderr, quiet: o.Talking.Quiet}.hint("type or paste keys, one a line; then end the input (Ctrl-D, on Windows Ctrl-Z)")
	}
	reading, err := reread.Read(in, options)
	if err != nil {
		return reading, couldNot("cannot read "+o.label(), err, unreadable(err)...)
	}
	return reading, nil
}

func unreadable(err error) []string {
	if errors.Is(err, reread.ErrSARIF) || errors.Is(err, reread.ErrNoReport) {
		return []string{"what is read: reports of qleaks (--format json --show-secrets), gitleaks (-f json) and trufflehog (--json), and text with keys"}
	}
	return nil
}

// redactedReport says what to do with a report without keys.
func redactedReport(label string, format reread.Format) error {
	hints := []string{"to look again, and ask at once: qleaks scan --verify PATH"}
	switch format {
	case reread.Qleaks:
		hints = append(hints, "or write the report with its keys, for your eyes only: qleaks scan --format json --show-secrets -o FILE PATH")
	case reread.Gitleaks:
		hints = append(hints, "or write the report without --redact")
	case reread.Trufflehog, reread.Plain:
	}
	return couldNot(label+" holds no keys: they were left out when it was written", nil, hints...)
}

// joined makes a result of the entries, and what is claimed of each.
func joined(reading reread.Reading) (finding.Result, []verify.Claim, error) {
	var claims []verify.Claim
	result, err := finding.Collect(func(yield func(finding.Finding, error) bool) {
		for _, s := range reading.Skipped {
			if !yield(finding.Finding{}, s) {
				return
			}
		}
		for _, e := range reading.Entries {
			if !e.Suppressed && !yield(e.Finding, nil) {
				return
			}
		}
	}, finding.CollectOptions{Tally: &source.Tally{}})
	for _, e := range reading.Entries {
		if e.Suppressed {
			result.Suppressed = append(result.Suppressed, finding.Suppression{Finding: e.Finding, By: finding.SuppressedByIgnore, Reason: "suppressed in the report"})
		}
		claims = append(claims, verify.Claim{Finding: e.Finding, Suppressed: e.Suppressed})
	}
	return result, claims, err
}

// finish asks, writes the report, and says how it went.
func (o verifyCommand) finish(ctx context.Context, a asker, w io.Writer, result finding.Result, claims []verify.Claim) (status, failed error) {
	plan := a.plan(claims)
	if o.Verifying.Explain {
		return nil, a.explain(w, plan, o.Output.Format)
	}
	out, err := a.ask(ctx, plan)
	if err != nil {
		return nil, err
	}
	verify.Apply(result.Findings, out.Checks)
	for i := range result.Suppressed {
		if f := &result.Suppressed[i].Finding; out.Checks[f.Fingerprint] != nil {
			one := []finding.Finding{*f}
			verify.Apply(one, out.Checks)
			*f = one[0]
		}
	}
	if err := report.Write(w, o.Output.Format, result, report.Options{Color: o.Output.colors(a.env), Version: thisVersion().Version}); err != nil {
		return nil, couldNot("cannot write the report", err)
	}
	a.advise(result.Findings)
	if len(result.Coverage.Skipped) > 0 && o.Provider == "" {
		a.say.hint("if you know whose keys the others are: --provider ionq")
	}
	return o.status(ctx, result), nil
}

func (o verifyCommand) status(ctx context.Context, result finding.Result) error {
	if ctx.Err() != nil {
		return exitStatusError(exitInterrupted)
	}
	line := failOn(o.FailOn)
	for _, f := range result.Findings {
		f.Stored = false // whoever hands it over wants to know
		if line.fails(f) {
			return exitStatusError(exitFindings)
		}
	}
	if result.Coverage.Unread > 0 || unanswered(result) || withheldHere(result) {
		return exitStatusError(exitIncomplete)
	}
	return nil
}

// withheldHere reports whether a key that was handed over was sent to nobody:
// here that is no success, since these keys were to be verified.
func withheldHere(result finding.Result) bool {
	for _, f := range result.Findings {
		if f.Check != nil && f.Check.Withheld {
			return true
		}
	}
	return false
}
