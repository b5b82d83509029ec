package cli

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/report"
	"github.com/qleaks/qleaks/scanner/source"
)

// run reads the parts and says what came of it.
func (h *hook) run(ctx context.Context) error {
	var status error
	for _, part := range h.parts {
		err := h.one(ctx, part)
		if err != nil && (status == nil || exitCode(ctx, err) == exitFindings) {
			status = err
		}
	}
	return status
}

// one reads one part.
func (h *hook) one(ctx context.Context, part hookPart) error {
	r := newScanRun(h.env, scanOptions{
		Reading: readOptions{Selecting: part.selecting, Jobs: h.options.Jobs}, Judging: h.options.Judging,
		Output: outputOptions{Format: defaultFormat, Color: h.options.Color}, Talking: h.options.Talking, Origins: h.options.Origins,
		located: []target{part.target},
	})
	r.options.Talking.NoProgress = true
	if err := r.options.validate(h.env); err != nil {
		return err
	}
	if err := r.prepare(ctx); err != nil {
		return err
	}
	if part.target.kind == standardInput {
		r.walk.stdin = source.Reader{Name: "COMMIT_MSG", R: strings.NewReader(part.text)}
	}
	result, err := r.found(ctx, nil)
	if err != nil {
		return err
	}
	unnamed := withoutUnnamed(&result, part.given)
	excluded := r.content.excluded()
	outcome := r.content.apply(result.Findings, excluded)
	result = r.judged(result, outcome, excluded)
	before, err := h.before(ctx, r, part, &result)
	if err != nil {
		return err
	}
	status := r.status(ctx, result)
	if status == nil && len(h.options.Files) > 0 && nothingOf(result) && part.target.kind == namedFiles {
		status = exitStatusError(exitIncomplete) // not even one of the files was read
	}
	if err := h.tell(r, result, before, status); err != nil {
		return couldNot("cannot write what was found", err)
	}
	if unnamed > 0 {
		h.say.note("what is staged in files that this hook was not given was passed over: %s", plural(unnamed, "finding"))
	}
	for _, f := range outcome.Refused {
		h.say.warning("%s is suppressed, but its key works: it is reported", f.ID)
	}
	r.content.unheard()
	r.tellGaps(result.Coverage)
	return status
}

func nothingOf(result finding.Result) bool {
	return result.Coverage.Files == 0 && result.Coverage.Objects == 0
}

// withoutUnnamed drops what is in other paths than the named ones.
func withoutUnnamed(result *finding.Result, given map[string]bool) int {
	if given == nil {
		return 0
	}
	all := len(result.Findings)
	result.Findings = slices.DeleteFunc(result.Findings, func(f finding.Finding) bool { return !given[f.Path] })
	return all - len(result.Findings)
}

// before takes the keys out of a result that a commit does not bring: those that
// stood in what it changes, or in the commit before.
func (h *hook) before(ctx context.Context, r *scanRun, part hookPart, result *finding.Result) ([]finding.Finding, error) {
	if len(result.Findings) == 0 {
		return nil, nil
	}
	if part.selecting.Tip {
		all := result.Findings
		result.Findings = nil
		return all, nil
	}
	if !part.selecting.Staged {
		return nil, nil
	}
	known := map[secret.Fingerprint]bool{}
	replaced := part.target.repository.SearchReplaced(ctx, r.walk.scanner.Inspector, r.jobs(), nil, part.target.staging)
	for f, err := range replaced {
		if err == nil {
			known[f.Fingerprint] = true
		} else if !isItem(err) {
			return nil, couldNot("cannot compare with the last commit", err)
		}
	}
	var before, now []finding.Finding
	for _, f := range result.Findings {
		if known[f.Fingerprint] {
			before = append(before, f)
		} else {
			now = append(now, f)
		}
	}
	result.Findings = now
	return before, nil
}

// tell says what stops it and how to go on, or that nothing does.
func (h *hook) tell(r *scanRun, result finding.Result, before []finding.Finding, status error) error {
	if status == nil && len(before) == 0 && len(result.Findings) == 0 {
		h.pass(r, result)
		return nil
	}
	masked, _ := report.Masked(result)
	words := h.words(r, masked, len(result.Findings) > 0 && status != nil)
	stop := report.Stop{Before: before}
	if status != nil {
		stop.Headline, stop.Ways = words.headline, words.ways
	}
	if len(result.Findings) > 0 {
		stop.Standing = words.standing
	}
	if len(before) > 0 {
		stop.BeforeWords = "A key here was committed before: it stops nothing. Whoever has the repository has it: revoke it."
		if len(before) > 1 {
			stop.BeforeWords = plural(len(before), "key") + " here were committed before: they stop nothing. Whoever has the repository has them: revoke them."
		}
	}
	// Git passes the standard output of some hooks on as its own, and editors
	// show what is on standard error.
	r.env.Stdout = h.env.Stderr
	options := r.reportOptions()
	out := bufio.NewWriter(h.env.Stderr)
	if err := report.WriteStop(out, stop, result, options); err != nil {
		return err
	}
	return out.Flush()
}

// pass says that nothing stops it, and what was read for that.
func (h *hook) pass(r *scanRun, result finding.Result) {
	if nothingRead(result) {
		h.say.line("note", r.emptiness())
		return
	}
	c := result.Coverage
	read := plural(c.Objects, "object")
	if c.Files > 0 {
		read = plural(c.Files, "file")
	}
	note := "no key in what " + h.subject(r) + " (" + read + " read"
	if c.Excluded > 0 {
		note += ", " + plural(c.Excluded, "thing") + " left out"
	}
	if n := len(result.Suppressed); n > 0 {
		note += ", " + plural(n, "finding") + " ignored"
	}
	h.say.note("%s)", note)
}

// subject says what was read, in words that go on after "what".
func (h *hook) subject(r *scanRun) string {
	s := r.options.Reading.Selecting
	switch {
	case s.Staged:
		return "is staged"
	case s.Tip:
		return "the last commit brought; nothing is staged"
	case s.Push != nil && s.Push.Receiving:
		return "is pushed"
	case s.Push != nil:
		return "the remote lacks"
	case s.commits():
		return "the commits bring"
	case h.event == eventMessage:
		return "the message says"
	}
	return "was named"
}

// message reads the message of a commit, without what Git cuts off.
func (h *hook) message() error {
	var name string
	switch words := h.options.Words; {
	case len(words) > 1:
		name = words[1]
	case len(h.options.Files) == 1:
		name = h.options.Files[0]
	default:
		return wrongUsage("commit-msg needs the file with the message", `in a hook of Git: exec qleaks hook commit-msg "$1"`)
	}
	text, err := readMessage(name)
	if err != nil {
		return couldNot("cannot read the message", rootCause(err))
	}
	h.parts = append(h.parts, hookPart{target: target{Label: "the message", kind: standardInput}, text: text})
	return nil
}

// longestMessage is more than anybody writes, in bytes.
const longestMessage = 16 << 20

func readMessage(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, longestMessage))
	if err != nil {
		return "", err
	}
	// git commit --verbose shows the change below this line, and cuts it off.
	if at := bytes.Index(text, []byte(" ------------------------ >8 ------------------------\n")); at > 0 {
		text = text[:bytes.LastIndexByte(text[:at], '\n')+1]
	}
	return string(text), nil
}
