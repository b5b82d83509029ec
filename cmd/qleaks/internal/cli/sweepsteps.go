package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/sweep"
	"github.com/qleaks/qleaks/remediate"
)

// stepNames are what can be done after reading, in order.
func stepNames() []string { return []string{"verify", "keys", "judge", "remediate", sweep.NotifyStep} }

// steps do what comes after reading, each by the command that a person would type.
type steps struct {
	env     Env
	store   *records.Store
	source  sweep.Source
	options *workerOptions
	salt    string
}

func (s steps) named() []sweep.NamedStep {
	return []sweep.NamedStep{{Name: "verify", Do: s.verify}, {Name: "keys", Do: s.keys}, {Name: "judge", Do: s.judge}, {Name: "remediate", Do: s.remediate}, {Name: sweep.NotifyStep, Do: s.notify}}
}

// command runs a command of this program with the operator's credentials, and
// gives its output to a function. It returns the exit code.
func (s steps) command(ctx context.Context, take func(out io.Reader) error, args ...string) (int, error) {
	self, err := s.env.Self.Program()
	if err != nil {
		return 0, err
	}
	program := exec.CommandContext(ctx, self, append(args, s.network()...)...)
	// The flags say everything; what else the operator set is for other commands.
	for _, pair := range s.env.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		switch strings.ToUpper(name) {
		case databaseVariable, "PGPASSWORD", "PGPASSFILE", "QLEAKS_OUTPUT", "QLEAKS_FORMAT", "QLEAKS_VERBOSE":
		default:
			program.Env = append(program.Env, pair)
		}
	}
	said, taken, err := converse(program, take)
	exit, ok := errors.AsType[*exec.ExitError](err)
	switch {
	case ctx.Err() != nil:
		return 0, context.Cause(ctx)
	case err != nil && !ok:
		return 0, err
	case ok && (exit.ExitCode() == exitUsage || exit.ExitCode() == exitFailed || exit.ExitCode() < 0):
		return exit.ExitCode(), errors.New(complaint(said))
	case ok:
		return exit.ExitCode(), taken
	}
	return exitClean, taken
}

// network are the flags that say how providers are asked, as the worker was told.
func (s steps) network() (args []string) {
	n := s.options.Network
	for _, c := range n.Credentials {
		if !strings.HasPrefix(c, "github=") {
			args = append(args, "--credential="+c)
		}
	}
	for _, e := range n.Endpoints {
		if !strings.HasPrefix(e, "github=") {
			args = append(args, "--endpoint="+e)
		}
	}
	if n.Proxy != "" {
		args = append(args, "--proxy="+n.Proxy)
	}
	if s.options.Config != "" {
		args = append(args, "--config="+s.options.Config)
	}
	return args
}

// each does something in every repository of the target that has a finding which
// is chosen.
func (s steps) each(ctx context.Context, run records.Run, f records.Filter, wanted func(records.Finding) bool, do func(r records.Repository, dir string) error) (int, error) {
	repositories := map[int64]bool{}
	for p := (records.Page{}); ; {
		found, err := s.store.Findings(ctx, f, p)
		if err != nil {
			return 0, err
		}
		for _, f := range found {
			p.Before = f.Seq
			if !f.Stored && wanted(f) {
				repositories[f.Repository] = true
			}
		}
		if len(found) < records.MaxPage {
			break
		}
	}
	done := 0
	for seq := range repositories {
		// Those that this run has not read, or not looked at, are of other targets.
		if other, err := s.store.Awaits(ctx, run.Seq, seq); err != nil || other {
			if err != nil {
				return done, err
			}
			continue
		}
		repository, err := s.store.Repository(ctx, seq)
		if err != nil {
			return done, err
		}
		there, err := s.source.Fetch(ctx, repository)
		if errors.Is(err, sweep.ErrGone) {
			continue
		}
		if err != nil {
			return done, err
		}
		err = do(repository, there.Dir)
		if there.Done != nil {
			there.Done()
		}
		if err != nil {
			return done, fmt.Errorf("%s: %w", repository.Name, err)
		}
		done++
	}
	return done, nil
}

// scanArgs are those of a scan of a repository in which keys are read once more.
func scanArgs(dir string, more ...string) []string {
	return append([]string{"scan", dir, "--untrusted", "--no-worktree", "--all-paths", "--verify", "--format=json", "--fail-on=none", "--quiet"}, more...)
}

// verify asks providers about the keys of open findings. What was asked since the
// run began is not asked again.
func (s steps) verify(ctx context.Context, run records.Run) (json.RawMessage, error) {
	keys := 0
	unasked := func(f records.Finding) bool { return f.Asked.Before(run.Started) }
	n, err := s.each(ctx, run, records.Filter{Open: true}, unasked, func(_ records.Repository, dir string) error {
		n, _, err := s.answers(ctx, run, scanArgs(dir)...)
		keys += n
		return err
	})
	return outcome(map[string]int{"repositories": n, "keys": keys}, err)
}

// answers runs a scan that asks providers, and notes what they said. It returns of
// how many keys, and the scan's exit code.
func (s steps) answers(ctx context.Context, run records.Run, args ...string) (keys, code int, err error) {
	var answers []records.Answer
	file := ""
	code, err = s.command(ctx, func(out io.Reader) (err error) {
		answers, file, err = sweep.ReadRemediation(out)
		return err
	}, args...)
	if err == nil && file != "" {
		err = s.keepPlan(ctx, run, file)
	}
	if err != nil {
		return 0, code, err
	}
	err = s.store.Update(ctx, func(tx *records.Tx) error {
		for _, a := range answers {
			a.Run = run.Seq
			if err := tx.Answered(ctx, a); err != nil {
				return err
			}
		}
		return nil
	})
	return len(answers), code, err
}

func outcome(v any, err error) (json.RawMessage, error) {
	if err != nil && !errors.Is(err, sweep.ErrPartly) {
		return nil, err
	}
	text, failed := json.Marshal(v)
	return text, errors.Join(err, failed)
}

// judge judges the keys of the operator's accounts by the policies of qleaks audit.
func (s steps) judge(ctx context.Context, _ records.Run) (json.RawMessage, error) {
	var d struct {
		Summary map[string]int `json:"summary"`
		Gaps    []string       `json:"gaps"`
	}
	_, err := s.command(ctx, func(out io.Reader) error { return json.NewDecoder(io.LimitReader(out, maxListing)).Decode(&d) },
		"audit", "--format=json", "--quiet")
	return outcome(map[string]any{"lapses": d.Summary, "gaps": len(d.Gaps)}, err)
}

// remediate has plans made for the keys that work. They are carried out only where
// the operator's own configuration says mode = "auto"; then what waited since a
// sweep before goes on first.
func (s steps) remediate(ctx context.Context, run records.Run) (json.RawMessage, error) {
	_, policy, err := loadPolicy(s.env, s.options.Config)
	if err != nil {
		return nil, err
	}
	waiting := 0
	if policy.Mode == remediate.ModeAuto {
		code, err := s.command(ctx, func(io.Reader) error { return nil }, "remediate", "resume", "--yes", "--quiet")
		if err != nil {
			return nil, fmt.Errorf("go on with what is open: %w", err)
		}
		if code == exitPartly {
			waiting++
		}
	}
	active := func(f records.Finding) bool { return f.Standing == records.Active }
	n, err := s.each(ctx, run, records.Filter{Open: true}, active, func(r records.Repository, dir string) error {
		_, code, err := s.answers(ctx, run, scanArgs(dir, append(seenBy(r), "--remediate", "--no-progress")...)...)
		if code == exitPartly {
			waiting++
		}
		return err
	})
	return outcome(map[string]int{"repositories": n, "waiting": waiting}, err)
}

// seenBy are the flags that say who can see a repository, where its host tells.
func seenBy(r records.Repository) []string {
	var about struct {
		Visibility string `json:"visibility"`
	}
	_ = json.Unmarshal(r.About, &about) // what is not told is not known
	switch about.Visibility {
	case "public":
		return []string{"--public"}
	case "private", "internal":
		return []string{"--private"}
	}
	return nil
}
