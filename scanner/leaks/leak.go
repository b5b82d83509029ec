// Package leaks scans as gitleaks does, for people whose hooks, baselines and
// reports are made for it: the same grammar, the same fingerprints, the same
// files. What a leak is, package rules/gitleaks says.
package leaks

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"

	"github.com/sourcegraph/conc/stream"

	"github.com/qleaks/qleaks/rules/gitleaks"
	"github.com/qleaks/qleaks/scanner/source"
)

// Leak is a finding of gitleaks' rules with its origin.
type Leak struct {
	gitleaks.Finding
	// File is the path, inside an archive with "!" between its parts. Symlink
	// is the link by which it was found.
	File, Symlink string
	// Commit is zero outside of history.
	Commit Commit
	// Link leads to the line on the repository's website, if that is known.
	Link string
}

// Commit is what gitleaks' reports tell of one.
type Commit struct{ ID, Author, Email, Date, Message string }

// Fingerprint names the leak: commit:file:rule:line, without a commit outside
// of history.
func (l Leak) Fingerprint() string {
	if l.Commit.ID == "" {
		return l.everywhere()
	}
	return l.Commit.ID + ":" + l.everywhere()
}

// everywhere is the fingerprint in any commit.
func (l Leak) everywhere() string {
	return fmt.Sprintf("%s:%s:%d", l.File, l.Rule.ID, l.StartLine)
}

// Scanner looks for leaks. Its fields may not change while it does.
type Scanner struct {
	Set     *gitleaks.Set
	Options gitleaks.Options
	// Archives is how many archives inside each other are opened; 0 passes over
	// them.
	Archives int
	// Follow reads the files that symbolic links lead to.
	Follow bool
	// Own are the paths of the configuration and the baseline, which hold what
	// looks like leaks.
	Own []string
	// Jobs is how many fragments are looked at at once; 0 means GOMAXPROCS.
	Jobs int
}

// Result is what a scan found.
type Result struct {
	Leaks []Leak
	// Marked are those whose lines say that they are none, Allowed those that
	// allowlists leave out; the ones of gitleaks' default configuration are a
	// part of its rules, and not told.
	Marked, Allowed []Leak
	// Passed are the paths and commits that allowlists pass over as a whole.
	Passed Passed
	// Notes say what was not read.
	Notes []*source.ItemError
	// Bytes were looked at, in so many Commits.
	Bytes   int64
	Commits int
}

// Passed is what was not looked at. A directory counts as one path.
type Passed struct{ Paths, Commits map[string]bool }

// Len is how many paths and commits there are.
func (p Passed) Len() int { return len(p.Paths) + len(p.Commits) }

func (p *Passed) add(o Passed) {
	p.Paths, p.Commits = united(p.Paths, o.Paths), united(p.Commits, o.Commits)
}

func united(a, b map[string]bool) map[string]bool {
	if len(a) == 0 {
		return b
	}
	maps.Copy(a, b)
	return a
}

func (r *Result) add(o Result) {
	r.Leaks = append(r.Leaks, o.Leaks...)
	r.Marked = append(r.Marked, o.Marked...)
	r.Allowed = append(r.Allowed, o.Allowed...)
	r.Passed.add(o.Passed)
	r.Notes = append(r.Notes, o.Notes...)
	r.Bytes += o.Bytes
	r.Commits += o.Commits
}

// gathering runs pieces of a scan at once, and joins what they find in their
// order.
type gathering struct {
	tasks  *stream.Stream
	result Result
}

func (s *Scanner) gather() *gathering {
	jobs := s.Jobs
	if jobs <= 0 {
		jobs = runtime.GOMAXPROCS(0)
	}
	return &gathering{tasks: stream.New().WithMaxGoroutines(jobs)}
}

func (g *gathering) add(piece func() Result) {
	g.tasks.Go(func() stream.Callback {
		r := piece()
		return func() { g.result.add(r) }
	})
}

func (g *gathering) wait(ctx context.Context) (Result, error) {
	g.tasks.Wait()
	if ctx.Err() != nil {
		return g.result, context.Cause(ctx)
	}
	return g.result, nil
}

// fragment looks at one fragment.
func (s *Scanner) fragment(ctx context.Context, f gitleaks.Fragment, link string, c Commit) Result {
	r := Result{Bytes: int64(len(f.Text))}
	if slices.Contains(s.Own, f.Path) {
		return r
	}
	if r.Passed = s.passes(f.Path, f.Commit); r.Passed.Len() > 0 {
		return r
	}
	o := s.Options
	o.Allowed = true
	for _, found := range s.Set.Detect(ctx, f, o) {
		l := Leak{Finding: found, File: f.Path, Symlink: link, Commit: c}
		switch {
		case found.Allowed:
			r.Allowed = append(r.Allowed, l)
		case found.Marked:
			r.Marked = append(r.Marked, l)
		default:
			r.Leaks = append(r.Leaks, l)
		}
	}
	return r
}

// passes is what of an origin is passed over.
func (s *Scanner) passes(path, commit string) Passed {
	switch {
	case !s.Set.PassesOver(path, commit):
		return Passed{}
	case commit != "" && !s.Set.PassesOver(path, ""):
		return Passed{Commits: map[string]bool{commit: true}}
	}
	return Passed{Paths: map[string]bool{path: true}}
}
