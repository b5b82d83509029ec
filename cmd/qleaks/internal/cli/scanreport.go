package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/qleaks/qleaks/scanner/baseline"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/report"
)

// report scans and writes the report. The first error is the exit status, the
// second one says that there is no report.
func (r *scanRun) report(ctx context.Context, out *destination) (status, failed error) {
	result, err := r.found(ctx, out)
	if err != nil {
		return nil, err
	}
	excluded := r.content.excluded()
	if r.options.Verifying.Explain {
		asker := r.asker()
		return r.status(ctx, finding.Result{Coverage: result.Coverage}), asker.explain(out, asker.plan(r.claims(result.Findings, excluded)), r.options.Output.Format)
	}
	if err := r.ask(ctx, result.Findings, excluded); err != nil {
		return nil, err
	}
	outcome := r.content.apply(result.Findings, excluded)
	result = r.judged(result, outcome, excluded)
	r.alerts(&result)
	if err := r.write(out, result); err != nil {
		return nil, couldNot("cannot write the report", err)
	}
	r.tell(result, outcome)
	return r.status(ctx, result), nil
}

// found runs the scan and shows its progress. An interruption is no error here.
func (r *scanRun) found(ctx context.Context, out *destination) (finding.Result, error) {
	var result finding.Result
	var end error
	work := func() { result, end = r.collect(ctx, out) }
	if showsProgress(r.env, r.options.Talking) {
		width, _ := r.env.Terminal(r.env.Stderr)
		p := progress{w: r.env.Stderr, width: width, tally: &r.tally, begin: r.begin, now: r.env.Now}
		p.during(ctx, work)
	} else {
		work()
	}
	r.comeBack(end == nil && ctx.Err() == nil)
	c := result.Coverage
	r.log.Debug("done", "findings", len(result.Findings), "unread", c.Unread, "excluded", c.Excluded, "files", c.Files,
		"objects", c.Objects, "bytes", c.Bytes, "elapsed", r.env.Now().Sub(r.begin).Round(time.Millisecond))
	if wrong := wrongRevision(end); wrong != nil && ctx.Err() == nil {
		return result, wrong
	}
	if end != nil && ctx.Err() == nil {
		return result, couldNot("the scan failed", end)
	}
	return result, nil
}

// collect runs the scan to its end.
func (r *scanRun) collect(ctx context.Context, out *destination) (finding.Result, error) {
	found := r.walk.all(ctx)
	if r.options.Output.Unordered {
		r.stream = report.NewStream(out, r.reportOptions())
		found = r.streamed(found)
	}
	return finding.Collect(found, finding.CollectOptions{Tally: &r.tally, Strict: r.settings.Strict})
}

// streamed writes what is to be reported as it passes.
func (r *scanRun) streamed(found stream) stream {
	return func(yield func(finding.Finding, error) bool) {
		for f, err := range found {
			if err == nil && f.Confidence >= r.settings.Confidence && r.content.keeps(f) {
				err = r.stream.Finding(f)
			}
			if !yield(f, err) {
				return
			}
		}
	}
}

// judged takes out of a result what is suppressed and what is not sure enough.
func (r *scanRun) judged(result finding.Result, outcome baseline.Outcome, excluded []finding.Finding) finding.Result {
	result.Findings = outcome.Kept
	suppressed := outcome.Suppressed
	for _, f := range excluded {
		suppressed = append(suppressed, finding.Suppression{Finding: f, By: finding.SuppressedByExclude})
	}
	for _, s := range suppressed {
		if s.Finding.Confidence >= r.settings.Confidence {
			result.Suppressed = append(result.Suppressed, s)
		}
	}
	return result.AtLeast(r.settings.Confidence)
}

func (r *scanRun) reportOptions() report.Options {
	o := report.Options{
		ShowSecrets: r.options.Output.ShowSecrets,
		Color:       r.options.Output.colors(r.env),
		Version:     thisVersion().Version,
		Began:       r.begin,
	}
	if r.options.Remedy.outcome != nil {
		o.Remediation = r.options.Remedy.outcome
	}
	if width, ok := r.env.Terminal(r.env.Stdout); ok && r.options.Output.File == "" {
		o.Width = width
		o.Elapsed = r.env.Now().Sub(r.begin)
	}
	return o
}

func (r *scanRun) write(out *destination, result finding.Result) error {
	if r.stream != nil {
		return r.stream.Close(result)
	}
	if r.options.Output.Format == defaultFormat && nothingRead(result) {
		_, err := fmt.Fprintln(out, r.emptiness())
		return err
	}
	return report.Write(out, r.options.Output.Format, result, r.reportOptions())
}

// nothingRead reports whether there was not even something to skip. That is no
// clean scan, and must not look like one.
func nothingRead(result finding.Result) bool {
	c := result.Coverage
	return c.Files == 0 && c.Objects == 0 && c.Unread == 0 && c.Excluded == 0 && !c.Interrupted
}

// emptiness says why nothing was read.
func (r *scanRun) emptiness() string {
	var reasons []string
	for _, t := range r.targets {
		name := report.Clean(t.Label)
		switch {
		case r.options.Reading.Selecting.any():
			reasons = append(reasons, r.options.Reading.Selecting.unselected(name))
		case t.kind == homePlaces:
			reasons = append(reasons, "none of the places where tools keep keys is in "+name)
		case t.kind == directoryTree:
			reasons = append(reasons, name+" holds no files")
		case r.options.Reading.NoHistory && t.kind == objectsOnly:
			reasons = append(reasons, name+" is a repository without a working tree, and --no-history leaves the rest out")
		case r.options.Reading.NoHistory:
			reasons = append(reasons, name+" holds no files, and --no-history leaves its history out")
		case r.options.Reading.NoWorktree:
			reasons = append(reasons, name+" has no history, and --no-worktree leaves its files out")
		default:
			reasons = append(reasons, name+" holds no files and no history")
		}
	}
	return "nothing to scan: " + strings.Join(reasons, "; ")
}

// status is the exit status of a scan that has its report.
func (r *scanRun) status(ctx context.Context, result finding.Result) error {
	if ctx.Err() != nil {
		return exitStatusError(exitInterrupted)
	}
	if slices.ContainsFunc(result.Findings, r.settings.FailOn.fails) {
		return exitStatusError(exitFindings)
	}
	c := result.Coverage
	switch {
	case r.walk.failure != nil && c.Files == 0 && c.Objects == 0:
		return couldNot("could not scan", r.walk.failure)
	case c.Unread > 0 || unanswered(result) || r.settings.Strict && finding.Summarize(result).Withheld > 0:
		return exitStatusError(exitIncomplete)
	}
	return nil
}

// tell says on stderr what people should know beside the report.
func (r *scanRun) tell(result finding.Result, outcome baseline.Outcome) {
	for _, f := range outcome.Refused {
		r.say.warning("%s is suppressed, but its key works: it is reported", f.ID)
	}
	for _, i := range outcome.Expired {
		r.say.note("the ignore of %s ended on %s%s", i.ID, i.Until, ownedBy(i))
	}
	if r.wasWhole(result) {
		for _, i := range outcome.Unused {
			r.say.note("the ignore of %s is not needed any more: nothing like it was found%s", i.ID, ownedBy(i))
		}
		if n := len(r.gone(outcome.Missing)); n > 0 {
			r.say.note("not found any more, and still in the baseline: %s", plural(n, "key"))
			r.say.hint("to drop what is not needed any more: qleaks baseline update")
		}
	}
	r.content.unheard()
	if n := r.outside(); n > 0 {
		r.say.note("history holds %s outside of the given path, not shown here", plural(n, "finding"))
		r.say.hint("to see all of the history: qleaks scan --all-paths")
	}
	if nothingRead(result) && r.options.Output.Format != defaultFormat {
		r.say.note("%s", r.emptiness())
	}
	r.tellGaps(result.Coverage)
}

// outside counts what would be shown but is outside of the PATH.
func (r *scanRun) outside() int {
	n := 0
	for _, confidence := range r.walk.outside {
		if confidence >= r.settings.Confidence {
			n++
		}
	}
	return n
}

func ownedBy(i baseline.Ignore) string {
	if i.Owner == "" {
		return ""
	}
	return " (owner: " + i.Owner + ")"
}

// wasWhole reports whether the scan saw all that an ignore could be about.
func (r *scanRun) wasWhole(result finding.Result) bool {
	for _, t := range r.targets {
		if t.below != "" || t.kind == standardInput || t.kind == singleFile || t.kind == homePlaces {
			return false
		}
	}
	return result.Coverage.Complete && !r.options.Reading.Selecting.any() && !r.options.Reading.NoHistory && !r.options.Reading.NoWorktree
}

// tellGaps says what to do about the commonest gaps.
func (r *scanRun) tellGaps(c finding.Coverage) {
	advice := []struct{ word, hint string }{
		{"shallow", "to get the rest of a shallow clone: git fetch --unshallow (GitHub Actions: actions/checkout with fetch-depth: 0)"},
		{"partial clone", "to get the missing objects of a partial clone: git fetch --refetch --no-filter"},
		{"git, which reads", "install git from https://git-scm.com/downloads or with the system's package manager"},
	}
	for _, a := range advice {
		for _, reason := range c.Reasons {
			if strings.Contains(reason.Reason, a.word) {
				r.say.hint("%s", a.hint)
				break
			}
		}
	}
}
