package cli

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/internal/ci"
	"github.com/qleaks/qleaks/scanner/baseline"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/gitsource"
)

// ciRun is one run of ci.
type ciRun struct {
	env     Env
	options ciOptions
	say     messages
	scope   ci.Scope
	// github is true in a workflow of GitHub.
	github bool
	// ranges are those that are read; none is everything.
	ranges []string
	run    *scanRun
	result finding.Result
	// outcome is what became of suppressed findings, status what scan would
	// exit with.
	outcome baseline.Outcome
	status  error
	// gone are commits of the event that the remote does not give.
	gone []string
}

// shortID is how much of an id people read.
const shortID = 7

// find finds out what the event brings.
func (c *ciRun) find() error {
	o := c.options
	c.github = c.env.Getenv("GITHUB_ACTIONS") == "true"
	var err error
	switch {
	case o.Part.Base != "":
		head := o.Part.Head
		if head == "" {
			head = "HEAD"
		}
		c.scope.Event, c.ranges = "what "+clipped(head)+" brings to "+clipped(o.Part.Base), []string{o.Part.Base + ".." + head}
		return nil
	case c.github:
		c.scope, err = c.event()
	case c.env.Getenv("GITLAB_CI") == "true":
		c.scope = ci.GitLab(c.env.Getenv)
	case o.Part.Mode == ciFull:
	default:
		return wrongUsage("no CI that qleaks knows runs this, so that it cannot tell what is new",
			"name it: qleaks ci --base origin/main", "or read everything: qleaks ci --mode full")
	}
	if err != nil {
		return err
	}
	if o.Part.Mode == ciFull {
		c.scope.Whole, c.scope.Nothing = true, ""
	}
	if c.scope.Privileged && o.Verifying.Verify && !o.Runner.AllowUntrusted {
		return wrongUsage("this event gives the workflow's secrets to a run about what strangers brought: nobody is asked in it",
			"leave out --verify, or run it on pull_request, push or schedule",
			"if you are sure: --allow-untrusted")
	}
	if !c.scope.Whole {
		c.ranges = c.scope.Ranges()
	}
	return nil
}

// event reads the event of a workflow of GitHub.
func (c *ciRun) event() (ci.Scope, error) {
	name := c.env.Getenv("GITHUB_EVENT_PATH")
	f, err := os.Open(name)
	if err != nil {
		return ci.Scope{}, &problem{code: exitUsage, message: "cannot read the event that GITHUB_EVENT_PATH names", err: err, hints: []string{"or name what is new: qleaks ci --base origin/main"}}
	}
	defer f.Close()
	text, err := readLimited(f, 32<<20)
	if err != nil {
		return ci.Scope{}, couldNot("cannot read the event that GITHUB_EVENT_PATH names", err)
	}
	scope, err := ci.GitHub(c.env.Getenv("GITHUB_EVENT_NAME"), text, c.env.Getenv("GITHUB_SHA"))
	if err != nil {
		return scope, &problem{code: exitUsage, message: "cannot tell what is new", err: err, hints: []string{"name it: qleaks ci --base origin/main"}}
	}
	return scope, nil
}

// scan reads what is new. Where the checkout lacks some of it, more is fetched
// first.
func (c *ciRun) scan(ctx context.Context) error {
	if c.scope.Nothing != "" {
		return nil
	}
	for n := 0; ; n++ {
		last := c.options.Runner.NoFetch || n == ci.Deepenings || ctx.Err() != nil
		lacking := c.lacking(ctx)
		var err error
		if !lacking || last {
			err = c.once(ctx)
			lacking = lacking || c.cut(err)
		}
		if !lacking || last {
			return c.whole(ctx, err, lacking)
		}
		c.say.note("the checkout lacks commits of %s: fetching more", c.scope.Event)
		if failed := c.deepen(ctx, n); failed != nil {
			c.say.note("no more could be fetched: %v", failed)
			n = ci.Deepenings - 1
		}
	}
}

// deepen fetches more, and notes what the remote does not give.
func (c *ciRun) deepen(ctx context.Context, n int) error {
	wanted := slices.DeleteFunc([]string{c.scope.Base, c.scope.Head, c.scope.Merge}, func(commit string) bool { return slices.Contains(c.gone, commit) })
	gone, err := ci.Deepen(ctx, c.options.Path, n, wanted...)
	c.gone = append(c.gone, gone...)
	return err
}

// lacking reports whether a shallow checkout lacks one of the event's commits. In
// one that is whole, such a commit was pushed away. So was a base that the remote
// does not give: it is missed for as long as more history may bring it, which the
// border of the checkout tells.
func (c *ciRun) lacking(ctx context.Context) bool {
	repository, ok := discover(c.options.Path)
	if !ok || !isShallow(repository) || len(c.scope.Ranges()) == 0 {
		return false
	}
	for _, commit := range []string{c.scope.Base, c.scope.Head} {
		if commit == c.scope.Base && slices.Contains(c.gone, commit) {
			continue
		}
		if strings.Trim(commit, "0") != "" && !c.has(ctx, commit) {
			return true
		}
	}
	return false
}

// has reports whether a commit is in the checkout.
func (c *ciRun) has(ctx context.Context, commit string) bool {
	repository, ok := discover(c.options.Path)
	if !ok {
		return false
	}
	_, err := repository.FileAt(ctx, commit, configName)
	return !errors.Is(err, gitsource.ErrNoCommit)
}

// cut reports whether an attempt met the border of a shallow checkout.
func (c *ciRun) cut(err error) bool {
	if _, ok := errors.AsType[unknownRevisionError](err); ok {
		return true
	}
	return err == nil && slices.ContainsFunc(c.result.Coverage.Reasons, func(r finding.Reason) bool { return strings.Contains(r.Reason, "shallow") })
}

// whole keeps a run that lacked commits from passing.
func (c *ciRun) whole(ctx context.Context, err error, lacking bool) error {
	if lacking && err == nil && c.status == nil {
		c.status = exitStatusError(exitIncomplete)
	}
	if base := c.scope.Base; !lacking && err == nil && slices.Contains(c.gone, base) && !c.has(ctx, base) {
		c.say.note("the remote does not give %s any more, the commit that was there before: what it held was not compared, and all that is new was read", base[:shortID])
	}
	if lacking {
		c.say.warning("not all commits of %s are in the checkout, so that not all was read", c.scope.Event)
		c.say.hint("let the checkout bring all of them: actions/checkout with fetch-depth: 0")
	}
	return err
}

// once scans what is new, or everything.
func (c *ciRun) once(ctx context.Context) error {
	o := c.options
	ranges := c.ranges
	if len(ranges) > 1 {
		ranges = ranges[:1]
		if repository, ok := discover(o.Path); ok {
			if _, err := repository.FileAt(ctx, c.scope.Merge, configName); errors.Is(err, gitsource.ErrNoCommit) {
				ranges = c.ranges[1:] // another commit was checked out
			}
		}
	}
	c.run = newScanRun(c.env, scanOptions{
		Paths: []string{o.Path}, Reading: o.Reading, Judging: o.Judging, Verifying: o.Verifying, Talking: o.Talking, Origins: o.Origins,
		Output: outputOptions{Format: defaultFormat, Color: o.Color},
	})
	c.run.options.Reading.Selecting.Ranges = ranges
	if err := c.run.options.validate(c.env); err != nil {
		return err
	}
	if err := c.ownSay(ctx); err != nil {
		return err
	}
	if err := c.run.prepare(ctx); err != nil {
		return err
	}
	result, err := c.run.found(ctx, nil)
	if err != nil {
		return err
	}
	excluded := c.run.content.excluded()
	if o.Verifying.Verify && ctx.Err() == nil {
		if err := c.run.verify(ctx, result.Findings, excluded); err != nil {
			return err
		}
	}
	c.outcome = c.run.content.apply(result.Findings, excluded)
	c.result = c.run.judged(result, c.outcome, excluded)
	c.status = c.run.status(ctx, c.result)
	return nil
}

// ownSay takes what the repository says about its own findings from a commit
// whose author may write: the base of what is proposed, else the commit itself.
// Where nobody tells which commit that is, it is heard as scan hears it. A file
// that the operator names counts instead.
func (c *ciRun) ownSay(ctx context.Context) error {
	judging := &c.run.options.Judging
	strangers := c.scope.Proposed || c.scope.Privileged
	if judging.Config != "" || c.options.Part.Base != "" || strangers && c.scope.Base == "" {
		return nil
	}
	repository, ok := discover(c.options.Path)
	if !ok {
		return nil // locate says it
	}
	commit := c.scope.Head
	if strangers {
		commit = c.scope.Base
	}
	text, err := repository.FileAt(ctx, commit, configName)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, gitsource.ErrNoCommit):
		return nil
	case err != nil:
		return couldNot("cannot read "+configName+" as it was committed", err)
	}
	config, err := parseConfig(text)
	if err != nil {
		c.say.warning("%s as it was committed is not valid, and was not applied: %v", configName, err)
		return nil
	}
	judging.given = config
	if config.Scan.Baseline == "" || judging.Baseline != "" {
		return nil
	}
	fingerprints, err := fingerprinter(c.env)
	if err != nil {
		return err
	}
	name := path.Clean(filepath.ToSlash(config.Scan.Baseline))
	config.Scan.Baseline = ""
	text, err = repository.FileAt(ctx, commit, name)
	if err == nil {
		judging.known, err = baseline.ParseList(text, fingerprints.Salt())
	}
	if err != nil {
		c.say.warning("the baseline that %s names was not applied: %v", configName, err)
	}
	return nil
}
