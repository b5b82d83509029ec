package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"

	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/sweep"
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

func sweepSteps(env Env, store *records.Store, source sweep.Source, o *workerOptions, salt string) []sweep.NamedStep {
	s := steps{env: env, store: store, source: source, options: o, salt: salt}
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
		case databaseVariable, "QLEAKS_OUTPUT", "QLEAKS_FORMAT", "QLEAKS_VERBOSE":
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
func (s steps) each(ctx context.Context, run records.Run, f records.Filter, wanted func(records.Finding) bool, do func(dir string) error) (int, error) {
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
		repository, err := s.store.Repository(ctx, seq)
		if err != nil {
			return done, err
		}
		if repository.Origin != run.Target {
			continue
		}
		there, err := s.source.Fetch(ctx, repository)
		if errors.Is(err, sweep.ErrGone) {
			continue
		}
		if err != nil {
			return done, err
		}
		err = do(there.Dir)
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
	n, err := s.each(ctx, run, records.Filter{Open: true}, unasked, func(dir string) error {
		var answers []records.Answer
		_, err := s.command(ctx, func(out io.Reader) (err error) {
			answers, err = sweep.ReadAnswers(out)
			return err
		}, scanArgs(dir)...)
		if err != nil {
			return err
		}
		keys += len(answers)
		return s.store.Update(ctx, func(tx *records.Tx) error {
			for _, a := range answers {
				a.Run = run.Seq
				if err := tx.Answered(ctx, a); err != nil {
					return err
				}
			}
			return nil
		})
	})
	return outcome(map[string]int{"repositories": n, "keys": keys}, err)
}

func outcome(v any, err error) (json.RawMessage, error) {
	if err != nil {
		return nil, err
	}
	return json.Marshal(v)
}

// keys lists the keys of the operator's accounts, and notes when they were used.
func (s steps) keys(ctx context.Context, _ records.Run) (json.RawMessage, error) {
	var d inventory.Document
	_, err := s.command(ctx, func(out io.Reader) error { return json.NewDecoder(io.LimitReader(out, maxListing)).Decode(&d) },
		"keys", "list", "--json", "--quiet")
	if err != nil {
		return nil, err
	}
	err = s.store.Update(ctx, func(tx *records.Tx) error {
		for _, e := range d.Keys {
			fingerprint := ""
			for _, r := range e.Registered {
				if r.Salt == s.salt {
					fingerprint = string(r.Fingerprint)
				}
			}
			if err := tx.Listed(ctx, e.Key, fingerprint, e.AsOf); err != nil {
				return err
			}
		}
		return nil
	})
	return outcome(map[string]int{"lists": len(d.Lists), "keys": len(d.Keys), "failed": len(d.Failed)}, err)
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
// the operator's own configuration says mode = "auto".
func (s steps) remediate(ctx context.Context, run records.Run) (json.RawMessage, error) {
	waiting := 0
	active := func(f records.Finding) bool { return f.Standing == records.Active }
	n, err := s.each(ctx, run, records.Filter{Open: true}, active, func(dir string) error {
		code, err := s.command(ctx, func(io.Reader) error { return nil }, scanArgs(dir, "--remediate", "--no-progress")...)
		if code == exitPartly {
			waiting++
		}
		return err
	})
	return outcome(map[string]int{"repositories": n, "waiting": waiting}, err)
}
