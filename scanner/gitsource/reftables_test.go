package gitsource_test

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/gitsource"
	"github.com/qleaks/qleaks/scanner/gitsource/reftable"
	"github.com/qleaks/qleaks/scanner/gitsource/reftable/reftabletest"
	"github.com/qleaks/qleaks/scanner/source"
)

// toTables moves the refs of one of a repository's own directories into
// reftables: what Git leaves of the files says nothing.
func (r *repo) toTables(gitDir string, tables ...reftabletest.Table) {
	r.t.Helper()
	var list strings.Builder
	for i, table := range tables {
		name := fmt.Sprintf("0x%012x-table.ref", i+1)
		list.WriteString(name + "\n")
		write(r.t, filepath.Join(gitDir, "reftable", name), string(table.Bytes()))
	}
	write(r.t, filepath.Join(gitDir, "reftable", "tables.list"), list.String())
	config, err := os.ReadFile(filepath.Join(r.dir, ".git", "config"))
	if err != nil {
		r.t.Fatal(err)
	}
	r.write(".git/config", string(config)+"[core]\nrepositoryformatversion = 1\n[extensions]\nrefstorage = reftable\n")
	for _, name := range []string{"refs", "logs", "packed-refs"} {
		if err := os.RemoveAll(filepath.Join(gitDir, name)); err != nil {
			r.t.Fatal(err)
		}
	}
	write(r.t, filepath.Join(gitDir, "HEAD"), "ref: refs/heads/.invalid\n")
	write(r.t, filepath.Join(gitDir, "refs", "heads"), "this repository uses the reftable format\n")
}

func raw(t *testing.T, id string) string {
	t.Helper()
	out, err := hex.DecodeString(id)
	check(t, err)
	return string(out)
}

func TestRefsAndReflogsInReftablesAreRead(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"sha1", "sha256"} {
		t.Run(format, func(t *testing.T) {
			r := newRepo(t, "--object-format="+format)
			keys := map[finding.Reach]string{}
			commits := map[finding.Reach]string{}
			for _, reach := range []finding.Reach{finding.ReachRef, finding.ReachReflog, finding.ReachStash, finding.ReachDangling} {
				keys[reach] = newKey()
				r.git("checkout", "-q", "--orphan", "b-"+string(reach))
				r.write(string(reach)+".txt", planted(keys[reach]))
				r.git("add", "-A")
				commits[reach] = raw(t, r.commit("one"))
				r.git("rm", "-q", "-f", "-r", ".")
			}
			width := len(commits[finding.ReachRef])
			zero := strings.Repeat("\x00", width)
			message := newKey()
			r.toTables(filepath.Join(r.dir, ".git"), reftabletest.Table{
				Width: width, Min: 1, Max: 3,
				Refs: []reftable.Ref{
					{Name: "HEAD", Target: "refs/heads/main"}, {Name: "refs/heads/main", ID: commits[finding.ReachReflog]},
					{Name: "refs/heads/gone", ID: commits[finding.ReachDangling]},
					{Name: "ORIG_HEAD", ID: commits[finding.ReachDangling]},
				},
				Logs: []reftable.Log{
					{Ref: "refs/heads/main", Index: 1, Old: zero, New: commits[finding.ReachReflog], Name: "A", Email: "a@b", Time: 5, Zone: 230, Message: "commit: one"},
					{Ref: "refs/heads/main", Index: 3, Old: zero, New: commits[finding.ReachDangling], Message: "lost"},
					{Ref: "refs/stash", Index: 1, Old: zero, New: commits[finding.ReachStash], Message: "WIP"},
				},
			}, reftabletest.Table{
				Width: width, Min: 4, Max: 4,
				Refs: []reftable.Ref{{Name: "refs/heads/main", ID: commits[finding.ReachRef]}, {Name: "refs/heads/gone"}},
				Logs: []reftable.Log{
					{Ref: "refs/heads/main", Index: 3},
					{Ref: "refs/heads/main", Index: 4, Old: commits[finding.ReachReflog], New: commits[finding.ReachRef], Name: "A", Email: "a@b", Time: 6, Message: "reset: " + planted(message)},
				},
			})
			s := r.search()
			for reach, key := range keys {
				if f := s.one(t, key); f.Path != string(reach)+".txt" || f.Occurrences[0].Git.Reach != reach {
					t.Errorf("%s: found %s", reach, describe(s.of(key)))
				}
			}
			if f := s.one(t, keys[finding.ReachRef]); strings.Join(f.Occurrences[0].Git.Refs, " ") != "refs/heads/main" {
				t.Errorf("found %s", describe(s.of(keys[finding.ReachRef])))
			}
			if f := s.one(t, message); f.Path != ".git/logs/refs/heads/main" || f.Occurrences[0].Place != source.Reflog || f.Occurrences[0].Location.Line != 2 {
				t.Errorf("found %s", describe(s.of(message)))
			}
			if len(s.unread()) > 0 {
				t.Errorf("not read: %q", s.unread())
			}
		})
	}
}

func TestReftablesOfALinkedWorktreeAreRead(t *testing.T) {
	r, _ := oneKey(t)
	linked := filepath.Join(r.home, "linked")
	main := r.git("rev-parse", "HEAD")
	r.git("worktree", "add", "-q", "--detach", linked)
	key := newKey()
	write(t, filepath.Join(linked, "c.txt"), planted(key))
	r.in(linked, "add", "-A")
	r.in(linked, "commit", "-q", "-m", "two")
	head := raw(t, r.in(linked, "rev-parse", "HEAD"))
	r.toTables(filepath.Join(r.dir, ".git", "worktrees", "linked"),
		reftabletest.Table{Width: 20, Refs: []reftable.Ref{{Name: "HEAD", ID: head}}})
	r.toTables(filepath.Join(r.dir, ".git"), reftabletest.Table{Width: 20, Refs: []reftable.Ref{{Name: "refs/heads/main", ID: raw(t, main)}}})
	s := search(t, discover(t, linked, gitsource.Options{}))
	if f := s.one(t, key); f.Occurrences[0].Git.Reach != finding.ReachRef || strings.Join(f.Occurrences[0].Git.Refs, " ") != "worktrees/linked/HEAD" {
		t.Errorf("found %s", describe(s.of(key)))
	}
	if s.err != nil || len(s.unread()) > 0 {
		t.Errorf("error %v, not read: %q", s.err, s.unread())
	}
}

func TestBrokenReftablesAreToldAndCostNoOther(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		damage func(dir string)
		says   []string
		// lost is true when the tables of the key's commit are not read.
		lost bool
	}{
		"newest cut off": {func(dir string) {
			check(t, os.Truncate(filepath.Join(dir, "0x000000000002-table.ref"), 50))
		}, []string{".git/reftable/0x000000000002-table.ref", "cut short"}, false},
		"newest gone": {func(dir string) {
			check(t, os.Remove(filepath.Join(dir, "0x000000000002-table.ref")))
		}, []string{".git/reftable/0x000000000002-table.ref"}, false},
		"no list": {func(dir string) {
			check(t, os.Remove(filepath.Join(dir, "tables.list")))
		}, []string{".git/reftable", "missing"}, true},
		"list that leads out": {func(dir string) {
			write(t, filepath.Join(dir, "tables.list"), "../config\n")
		}, []string{".git/reftable", "leads out"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			r, key := oneKey(t)
			one := raw(t, r.git("rev-parse", "HEAD"))
			lost := newKey()
			r.git("checkout", "-q", "--orphan", "other")
			r.write("lost.txt", planted(lost))
			r.git("add", "-A")
			r.commit("lost")
			r.git("rm", "-q", "-r", "--cached", ".")
			r.toTables(filepath.Join(r.dir, ".git"),
				reftabletest.Table{Width: 20, Refs: []reftable.Ref{{Name: "refs/heads/main", ID: one}}},
				reftabletest.Table{Width: 20, Refs: []reftable.Ref{{Name: "refs/heads/two", ID: one}}})
			c.damage(filepath.Join(r.dir, ".git", "reftable"))
			s := r.search()
			if !s.says(source.Unread, c.says...) {
				t.Errorf("notes %q", s.unread())
			}
			reach := s.one(t, lost).Occurrences[0].Git.Reach
			if reach != "" {
				t.Errorf("what an unread table may reach is said to be %q", reach)
			}
			for _, f := range s.of(key) {
				if f.Path == "sub/a.txt" && (f.Occurrences[0].Git.Reach == finding.ReachRef) == c.lost {
					t.Errorf("found %s", describe(s.of(key)))
				}
			}
		})
	}
}

func TestRangesFollowSymbolicRefsInReftables(t *testing.T) {
	r, first := oneKey(t)
	one := r.git("rev-parse", "HEAD")
	second := newKey()
	r.write("b.txt", planted(second))
	two := r.commit("two")
	r.toTables(filepath.Join(r.dir, ".git"), reftabletest.Table{Width: 20, Refs: []reftable.Ref{
		{Name: "HEAD", Target: "refs/heads/main"}, {Name: "refs/heads/main", ID: raw(t, two)}, {Name: "refs/tags/v1", ID: raw(t, one)},
	}})
	s := r.span("v1..HEAD")
	if len(s.of(first)) > 0 || len(s.of(second)) != 1 {
		t.Errorf("found %s and %s", describe(s.of(first)), describe(s.of(second)))
	}
	if s := r.span("HEAD~1.." + two[:12]); len(s.of(first)) > 0 || len(s.of(second)) != 1 {
		t.Errorf("found %s and %s", describe(s.of(first)), describe(s.of(second)))
	}
}

// A list can name one file many times by links.
func TestStacksOfReftablesAreBounded(t *testing.T) {
	t.Parallel()
	r, key := oneKey(t)
	r.toTables(filepath.Join(r.dir, ".git"), reftabletest.Table{Width: 20})
	dir := filepath.Join(r.dir, ".git", "reftable")
	large := filepath.Join(dir, "large")
	write(t, large, "REFT")
	check(t, os.Truncate(large, 60<<20))
	var list strings.Builder
	for i := range 12 {
		name := fmt.Sprintf("link-%d", i)
		check(t, os.Symlink(large, filepath.Join(dir, name)))
		list.WriteString(name + "\n")
	}
	write(t, filepath.Join(dir, "tables.list"), list.String())
	s := r.search()
	if !s.says(source.Unread, ".git/reftable/link-11", "larger than is read") || !s.says(source.Unread, ".git/reftable/link-0", "version 0") {
		t.Errorf("notes %q", s.unread())
	}
	s.one(t, key)
}
