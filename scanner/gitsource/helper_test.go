package gitsource_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/gitsource"
	"github.com/qleaks/qleaks/scanner/inspect"
	"github.com/qleaks/qleaks/scanner/source"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testRule = `
[[rule]]
id = "test-key"
provider = "test"
title = "Test key"
severity = "high"
description = "A key of no provider."
fix = "Nothing."
page = "https://example.org/"
[rule.token]
alphabet = "A-Za-z0-9"
min = 32
max = 32
[[rule.evidence]]
name = "named"
confidence = "high"
before = '''(?i)testkey\\?["' :=@/]{1,6}'''
`

func newInspector(t testing.TB) *inspect.Inspector {
	t.Helper()
	list, err := rules.Parse("test.toml", []byte(testRule))
	if err != nil {
		t.Fatal(err)
	}
	set, err := rules.NewSet(list)
	if err != nil {
		t.Fatal(err)
	}
	return &inspect.Inspector{Rules: set}
}

// newKey makes a value that no run made before. Digits stand between its
// letters, so that no word in it makes it a placeholder by chance.
func newKey() string {
	const letters, digits = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", "23456789"
	out := make([]byte, 32)
	for i := range out {
		out[i] = letters[rand.IntN(len(letters))]
		if i%3 == 2 {
			out[i] = digits[rand.IntN(len(digits))]
		}
	}
	return string(out)
}

func planted(key string) string { return fmt.Sprintf("testkey = %q\n", key) }

// repo is a repository that git makes.
type repo struct {
	t     testing.TB
	dir   string
	home  string
	clock int
}

func newRepo(t testing.TB, args ...string) *repo {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r := &repo{t: t, dir: filepath.Join(dir, "r"), home: dir}
	r.in(dir, append([]string{"init", "-q", "-b", "main", "r"}, args...)...)
	return r
}

// date is that of the last commit, as git and time.Unix read it.
func (r *repo) date() int64 { return 1_700_000_000 + int64(r.clock)*60 }

func (r *repo) command(dir string, args ...string) *exec.Cmd {
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	stamp := fmt.Sprintf("%d +0000", r.date())
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + r.home, "LC_ALL=C",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull,
		"GIT_AUTHOR_NAME=Ann Author", "GIT_AUTHOR_EMAIL=ann@example.org", "GIT_AUTHOR_DATE=" + stamp,
		"GIT_COMMITTER_NAME=Cem Committer", "GIT_COMMITTER_EMAIL=cem@example.org", "GIT_COMMITTER_DATE=" + stamp,
	}
	return cmd
}

func (r *repo) in(dir string, args ...string) string {
	r.t.Helper()
	cmd := r.command(dir, args...)
	out, err := cmd.Output()
	if err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			r.t.Fatalf("git %q: %v\n%s", args, err, exit.Stderr)
		}
		r.t.Fatalf("git %q: %v", args, err)
	}
	return strings.TrimSpace(string(out))
}

func (r *repo) git(args ...string) string {
	r.t.Helper()
	return r.in(r.dir, args...)
}

// feed runs git with standard input.
func (r *repo) feed(in string, args ...string) string {
	r.t.Helper()
	cmd := r.command(r.dir, args...)
	cmd.Stdin = strings.NewReader(in)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		r.t.Fatalf("git %q: %v\n%s", args, err, stderr.String())
	}
	return strings.TrimSpace(string(out))
}

func (r *repo) write(name, content string) {
	r.t.Helper()
	write(r.t, filepath.Join(r.dir, name), content)
}

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// commit stages everything and commits it, a minute after the last one.
func (r *repo) commit(message string) string {
	r.t.Helper()
	r.git("add", "-A")
	r.clock++
	r.git("commit", "-q", "--allow-empty", "-m", message)
	return r.head()
}

// head is the commit that is checked out. Most stand in a file, which costs less than
// a process.
func (r *repo) head() string {
	r.t.Helper()
	git := filepath.Join(r.dir, ".git")
	ref, err := os.ReadFile(filepath.Join(git, "HEAD"))
	if name, ok := strings.CutPrefix(string(ref), "ref: "); ok && err == nil {
		if id, err := os.ReadFile(filepath.Join(git, strings.TrimSpace(name))); err == nil {
			return strings.TrimSpace(string(id))
		}
	}
	return r.git("rev-parse", "HEAD")
}

// loose is the file of a loose object.
func (r *repo) loose(id string) string {
	return filepath.Join(r.dir, ".git", "objects", id[:2], id[2:])
}

// scan is what a search gave.
type scan struct {
	findings []finding.Finding
	notes    []*source.ItemError
	tally    source.Tally
	err      error
}

func search(t testing.TB, r *gitsource.Repository) *scan {
	t.Helper()
	s := &scan{}
	for f, err := range r.Search(t.Context(), newInspector(t), 2, &s.tally) {
		var note *source.ItemError
		switch {
		case err == nil:
			s.findings = append(s.findings, f)
		case errors.As(err, &note):
			s.notes = append(s.notes, note)
		default:
			s.err = err
		}
	}
	return s
}

func discover(t testing.TB, path string, o gitsource.Options) *gitsource.Repository {
	t.Helper()
	r, err := gitsource.Discover(path, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *repo) search() *scan {
	r.t.Helper()
	s := search(r.t, discover(r.t, r.dir, gitsource.Options{}))
	if s.err != nil {
		r.t.Fatal(s.err)
	}
	return s
}

// of are the findings of a key.
func (s *scan) of(key string) []finding.Finding {
	var out []finding.Finding
	for _, f := range s.findings {
		if f.Secret.Reveal() == key {
			out = append(out, f)
		}
	}
	return out
}

// one is the only finding of a key.
func (s *scan) one(t testing.TB, key string) finding.Finding {
	t.Helper()
	list := s.of(key)
	if len(list) != 1 {
		t.Fatalf("the key has %d findings, want 1: %s", len(list), describe(list))
	}
	return list[0]
}

func describe(list []finding.Finding) string {
	var out strings.Builder
	for _, f := range list {
		o := f.Occurrences[0]
		fmt.Fprintf(&out, "\n  %q %s line %d: %+v", f.Path, o.Place, o.Location.Line, *o.Git)
	}
	return out.String()
}

// unread are the reasons why the scan is not complete.
func (s *scan) unread() []string {
	var out []string
	for _, n := range s.notes {
		if n.Outcome == source.Unread {
			out = append(out, n.Path+": "+n.Reason)
		}
	}
	return out
}

// says reports whether some note has all the words.
func (s *scan) says(outcome source.Outcome, words ...string) bool {
	for _, n := range s.notes {
		text := n.Path + ": " + n.Reason
		all := n.Outcome == outcome
		for _, w := range words {
			all = all && strings.Contains(text, w)
		}
		if all {
			return true
		}
	}
	return false
}
