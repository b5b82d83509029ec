package cli

import (
	"context"
	"errors"
	"fmt"
	"html"
	"strconv"
	"strings"

	"github.com/qleaks/qleaks/internal/ci"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/report"
	"github.com/qleaks/qleaks/scanner/source"
)

// tell writes the reports and says to people, the runner and the pull request
// what came of it. The error is the exit status.
func (c *ciRun) tell(ctx context.Context) error {
	if c.scope.Nothing != "" {
		c.say.note("nothing is to be scanned: %s", report.Clean(c.scope.Nothing))
		return c.outputs(nil)
	}
	if err := c.mask(); err != nil {
		return err
	}
	for _, r := range c.options.reports {
		if err := c.write(r); err != nil {
			return err
		}
	}
	if err := c.page(); err != nil {
		return err
	}
	c.run.tell(c.result, c.outcome)
	// People name files after keys: from here on no text has one.
	c.result, _ = report.Masked(c.result)
	if err := c.annotate(); err != nil {
		return err
	}
	if err := c.summary(); err != nil {
		return err
	}
	c.comment(ctx)
	return errors.Join(c.status, c.outputs(c.status))
}

// mask tells the runner of each key, so that no later step shows it. Where
// anybody but a runner of GitHub reads the stream, it is told nothing.
func (c *ciRun) mask() error {
	_, terminal := c.env.Terminal(c.env.Stdout)
	if !c.github || terminal || c.env.Getenv("ACT") != "" || c.env.Getenv("GITHUB_WORKFLOW") == "" || c.env.Getenv("RUNNER_TEMP") == "" {
		return nil
	}
	told := map[secret.Fingerprint]bool{}
	for _, f := range c.result.Findings {
		if told[f.Fingerprint] {
			continue
		}
		told[f.Fingerprint] = true
		if err := (ci.Workflow{W: c.env.Stdout}).Mask(f.Secret); err != nil {
			return err
		}
	}
	return nil
}

// write writes one report to its file, whole or not at all.
func (c *ciRun) write(r ciReport) error {
	o := outputOptions{Format: r.format, File: r.file}
	out, err := o.open(c.env)
	if err != nil {
		return err
	}
	if err := report.Write(out, r.format, c.result, report.Options{Version: thisVersion().Version, Began: c.run.begin, Elapsed: c.env.Now().Sub(c.run.begin)}); err != nil {
		return couldNot("cannot write the report", errors.Join(err, out.abandon()))
	}
	return out.finish()
}

// page writes the report for people to the log.
func (c *ciRun) page() error {
	if nothingRead(c.result) {
		_, err := fmt.Fprintln(c.env.Stdout, c.run.emptiness())
		return err
	}
	if err := report.Write(c.env.Stdout, defaultFormat, c.result, c.run.reportOptions()); err != nil {
		return couldNot("cannot write the report", err)
	}
	return nil
}

// annotate marks the surest findings beside the lines where they are.
func (c *ciRun) annotate() error {
	if !c.github || c.options.Runner.NoAnnotations {
		return nil
	}
	shown := map[ci.Level]int{}
	for _, f := range c.result.Findings {
		if f.Stored {
			continue
		}
		level := ci.Warning
		if c.run.settings.FailOn.fails(f) {
			level = ci.Error
		}
		if shown[level]++; shown[level] > ci.MaxAnnotations {
			continue // GitHub shows no more; the summary has all
		}
		if err := (ci.Workflow{W: c.env.Stdout}).Annotate(annotation(level, f)); err != nil {
			return err
		}
	}
	return nil
}

// annotation says what a finding is, and what to do.
func annotation(level ci.Level, f finding.Finding) ci.Annotation {
	first := f.Occurrences[0]
	a := ci.Annotation{
		Level: level,
		Title: report.Clean(f.Rule.Title) + standingWords(f),
		Text:  "Whoever can read this repository can use this key. Revoke it, keep the new one in a secret, then take it out: qleaks fix. Finding " + f.ID,
	}
	if first.Git != nil {
		a.Text = "In " + report.Clean(f.Path) + " of commit " + shortCommit(first) + ". " + a.Text
	}
	if f.Path != "" && (first.Place == source.File || first.Place == source.Blob) {
		l := first.Location
		a.File, a.Line, a.EndLine, a.Column, a.EndColumn = f.Path, l.Line, l.EndLine, l.Column, l.EndColumn
	}
	return a
}

func shortCommit(o finding.Occurrence) string {
	if o.Git == nil {
		return ""
	}
	return o.Git.Commit[:min(len(o.Git.Commit), 10)]
}

// standingWords say whether a key works, as far as that is known.
func standingWords(f finding.Finding) string {
	switch {
	case f.Check == nil:
		return ""
	case f.Check.Withheld, f.Unanswered():
		return ", not verified"
	}
	return ", " + string(f.Status)
}

// outputs tells the runner the numbers.
func (c *ciRun) outputs(status error) error {
	file := c.env.Getenv("GITHUB_OUTPUT")
	if !c.github || file == "" {
		return nil
	}
	s := finding.Summarize(c.result)
	code := exitClean
	if known, ok := errors.AsType[exitStatusError](status); ok {
		code = int(known)
	}
	return ci.WriteOutputs(file, []ci.Output{
		{Name: "findings", Value: strconv.Itoa(s.Keys)},
		{Name: "active", Value: strconv.Itoa(s.Active)},
		{Name: "unread", Value: strconv.FormatInt(c.result.Coverage.Unread, 10)},
		{Name: "exit-code", Value: strconv.Itoa(code)},
	})
}

// summary adds a page to that of the job.
func (c *ciRun) summary() error {
	file := c.env.Getenv("GITHUB_STEP_SUMMARY")
	if !c.github || file == "" || c.options.Runner.NoSummary {
		return nil
	}
	return ci.WriteSummary(file, c.markdown())
}

// markdown is the result as a page of GitHub's. All that comes from the
// repository is escaped, and in elements in which nothing is a mark.
func (c *ciRun) markdown() string {
	var b strings.Builder
	s := finding.Summarize(c.result)
	coverage := c.result.Coverage
	fmt.Fprintf(&b, "### %s\n\n", html.EscapeString(headline(s.Keys)))
	read := "everything: files and the whole history"
	if !c.scope.Whole && c.options.Part.Mode != ciFull {
		read = c.scope.Event
	}
	fmt.Fprintf(&b, "Read: %s; %s, %s.", html.EscapeString(report.Clean(read)), plural(coverage.Files, "file"), plural(coverage.Objects, "object"))
	if coverage.Unread > 0 {
		fmt.Fprintf(&b, " **Not read: %s**, so that this is not all.", plural(coverage.Unread, "thing"))
	}
	b.WriteString("\n")
	if s.Keys > 0 {
		b.WriteString("\n| key | where | how sure | works | finding |\n|---|---|---|---|---|\n")
	}
	for _, f := range c.result.Findings {
		if f.Stored {
			continue
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", cell(f.Rule.Title), place(f), cell(f.Confidence.String()), cell(strings.TrimPrefix(standingWords(f), ", ")), cell(f.ID))
	}
	if s.Keys > 0 {
		b.WriteString("\nWhat to do: revoke each key at its provider now (`qleaks remediate plan`), keep the new one in a secret, take the old one out of the code (`qleaks fix`). Whoever fetched the commits has it, also after a forced push. Not a key, or not yours? `qleaks ignore ID --reason …`\n")
	}
	return b.String()
}

func headline(keys int) string {
	if keys == 0 {
		return "qleaks: no leaked keys"
	}
	return "qleaks: " + plural(keys, "leaked key")
}

// place is where a finding is, as a cell.
func place(f finding.Finding) string {
	first := f.Occurrences[0]
	where := f.Path
	if where == "" {
		where = string(first.Place)
	}
	if first.Location.Line > 0 {
		where += ":" + strconv.Itoa(first.Location.Line)
	}
	if commit := shortCommit(first); commit != "" {
		where += " @ " + commit
	}
	if more := len(f.Occurrences) - 1; more > 0 {
		where += fmt.Sprintf(" and %d more", more)
	}
	return cell(where)
}

// cell is text in a cell of a table, as code.
func cell(text string) string {
	text = strings.NewReplacer("|", "&#124;", "`", "&#96;", "\\", "&#92;", "*", "&#42;", "_", "&#95;", "[", "&#91;", "@", "&#64;", "#", "&#35;").Replace(html.EscapeString(report.Clean(text)))
	if text == "" {
		return "–"
	}
	return "<code>" + text + "</code>"
}
