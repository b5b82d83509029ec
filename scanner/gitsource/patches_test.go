package gitsource_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/scanner/gitsource"
)

// gitPatches is what git log shows: "commit path:line text" for each line.
func gitPatches(t *testing.T, dir string, args ...string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", append([]string{"-C", dir, "log", "-p", "-U0", "--no-ext-diff", "--format=commit %H", "--diff-filter=tuxdb"}, args...)...)
	text, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	var commit, file string
	line := 0
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		l := lines.Text()
		switch {
		case strings.HasPrefix(l, "commit "):
			commit = l[7:]
		case strings.HasPrefix(l, "+++ "):
			file = strings.TrimPrefix(l, "+++ b/")
		case strings.HasPrefix(l, "@@ "):
			var a string
			if _, err := fmt.Sscanf(l, "@@ %s +%d", &a, &line); err != nil {
				t.Fatal(l, err)
			}
		case strings.HasPrefix(l, "+"):
			out = append(out, fmt.Sprintf("%s %s:%d %s", commit, file, line, l[1:]))
			line++
		}
	}
	slices.Sort(out)
	return out
}

func ourPatches(t *testing.T, dir string, l gitsource.PatchLog) []string {
	t.Helper()
	r, err := gitsource.Discover(dir, gitsource.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	notes, err := gitsource.Patches(t.Context(), r, l, 3, func(p gitsource.Patch) []string { return shownLines(p) }, func(lines []string) { out = append(out, lines...) })
	if err != nil || len(notes) > 0 {
		t.Fatal(err, notes)
	}
	slices.Sort(out)
	return out
}

func shownLines(p gitsource.Patch) []string {
	var out []string
	for _, f := range p.Files {
		for _, h := range f.Hunks {
			for i, l := range strings.Split(strings.TrimSuffix(string(h.Text), "\n"), "\n") {
				out = append(out, fmt.Sprintf("%s %s:%d %s", p.Commit.ID, f.Path, h.Line+i, l))
			}
		}
	}
	return out
}

// lively makes a repository in which files are changed, moved, copied and
// deleted, on branches that are merged.
func lively(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	git := func(args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "git", append([]string{"-C", dir, "-c", "user.name=A", "-c", "user.email=a@example.org"}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	git("init", "-q", "-b", "main")
	r := rand.New(rand.NewPCG(11, 12))
	files := map[string][]string{}
	number := 0
	fresh := func() string { number++; return fmt.Sprintf("line %d of many", number) }
	for commit := range 40 {
		names := []string{"a.txt", "b.txt", "dir/c.txt", "dir/deep/d.txt", "e"}
		name := names[r.IntN(len(names))]
		switch {
		case files[name] == nil:
			for range 20 {
				files[name] = append(files[name], fresh())
			}
		case r.IntN(4) == 0:
			to := fmt.Sprintf("moved/%d/%s", commit, filepath.Base(name))
			files[to], files[name] = append(files[name], fresh()), nil
			delete(files, name)
			git("rm", "-q", name)
			name = to
		default:
			list := slices.Clone(files[name])
			at := r.IntN(len(list))
			list = slices.Insert(slices.Delete(list, at, min(len(list), at+r.IntN(4))), at, fresh(), fresh())
			files[name] = list
		}
		write(t, filepath.Join(dir, filepath.FromSlash(name)), strings.Join(files[name], "\n")+"\n")
		git("add", "-A")
		git("commit", "-q", "--allow-empty", "-m", "change")
		if commit == 20 {
			git("checkout", "-q", "-b", "side")
			write(t, filepath.Join(dir, "side.txt"), "side\n")
			write(t, filepath.Join(dir, "binary"), "a\x00b\n")
			git("add", "-A")
			git("commit", "-q", "-m", "side")
			git("checkout", "-q", "main")
			git("merge", "-q", "--no-ff", "-m", "merge", "side")
		}
	}
	return dir
}

func TestPatchesAreThoseOfGitLog(t *testing.T) {
	t.Parallel()
	dir := lively(t)
	for _, c := range []struct {
		log  gitsource.PatchLog
		args []string
	}{
		{gitsource.PatchLog{}, []string{"--all"}},
		{gitsource.PatchLog{Revisions: []string{"HEAD~10..HEAD~2"}}, []string{"HEAD~10..HEAD~2"}},
		{gitsource.PatchLog{Revisions: []string{"side", "^HEAD~30"}}, []string{"side", "^HEAD~30"}},
		{gitsource.PatchLog{Revisions: []string{"side...HEAD"}}, []string{"side...HEAD"}},
		{gitsource.PatchLog{Revisions: []string{"HEAD"}, Paths: []string{"dir", "e"}}, []string{"--full-history", "HEAD", "--", "dir", "e"}},
		{gitsource.PatchLog{All: true, Until: "2001-01-01"}, []string{"--all", "--until=2001-01-01"}},
		// Most commits are of one second: what is newest, the history says.
		{gitsource.PatchLog{Revisions: []string{"HEAD"}, Most: 1}, []string{"-1"}},
		{gitsource.PatchLog{Revisions: []string{"HEAD"}, Most: 7, Skip: 3}, []string{"-7", "--skip=3"}},
		{gitsource.PatchLog{All: true, Most: 22, NoMerges: true}, []string{"--all", "-22", "--no-merges"}},
		{gitsource.PatchLog{Revisions: []string{"HEAD"}, FirstParent: true}, []string{"--first-parent", "HEAD"}},
		{gitsource.PatchLog{Revisions: []string{"HEAD~25^..HEAD"}, FirstParent: true, NoMerges: true}, []string{"--first-parent", "--no-merges", "HEAD~25^..HEAD"}},
		{gitsource.PatchLog{Revisions: []string{"HEAD~19^!", "HEAD~3^@"}}, []string{"HEAD~19^!", "HEAD~3^@"}},
		{gitsource.PatchLog{Refs: []string{"refs/heads/s*"}}, []string{"--branches=s*"}},
		{gitsource.PatchLog{Refs: []string{"refs/heads/nothing*"}}, []string{"--branches=nothing*"}},
		{gitsource.PatchLog{All: true, Paths: []string{"*.txt"}}, []string{"--all", "--full-history", "--", "*.txt"}},
		{gitsource.PatchLog{All: true, Paths: []string{":(exclude)moved", ":(exclude)d?r/c.txt"}}, []string{"--all", "--full-history", "--", ":!moved", ":^d?r/c.txt"}},
		{gitsource.PatchLog{All: true, Paths: []string{":(glob)**/c.txt", ":(icase)A.TXT", ":(literal)*"}}, []string{"--all", "--full-history", "--", ":(glob)**/c.txt", ":(icase)A.TXT", ":(literal)*"}},
		{gitsource.PatchLog{All: true, Paths: []string{"moved/[1-2]*/[!ab].txt", ":(glob)*/c.txt"}}, []string{"--all", "--full-history", "--", "moved/[1-2]*/[!ab].txt", ":(glob)*/c.txt"}},
	} {
		want, got := gitPatches(t, dir, c.args...), ourPatches(t, dir, c.log)
		if !slices.Equal(got, want) {
			t.Errorf("%v: %d lines, want %d; the first that differs: %s", c.args, len(got), len(want), firstDifference(got, want))
		}
	}
}

func TestPathsThatAreNotUnderstood(t *testing.T) {
	t.Parallel()
	dir := lively(t)
	r, err := gitsource.Discover(dir, gitsource.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{":(attr:x)a", ":(glob", "a[", `a*\\`[:3]} {
		_, err := gitsource.Patches(t.Context(), r, gitsource.PatchLog{All: true, Paths: []string{name}}, 1, func(gitsource.Patch) int { return 0 }, func(int) {})
		if wrong, ok := errors.AsType[*gitsource.RevisionError](err); !ok {
			t.Errorf("%s: %v, %v", name, wrong, err)
		}
	}
}

func firstDifference(a, b []string) string {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return a[i] + " against " + b[i]
		}
	}
	return "the length"
}

func TestStagedAndChangedLines(t *testing.T) {
	t.Parallel()
	dir := lively(t)
	git := func(args ...string) string {
		out, err := exec.CommandContext(t.Context(), "git", append([]string{"-C", dir}, args...)...).Output()
		if err != nil {
			t.Fatal(args, err)
		}
		return string(out)
	}
	names := strings.Fields(git("ls-files"))
	write(t, filepath.Join(dir, names[0]), "staged\n")
	write(t, filepath.Join(dir, "new"), "new\n")
	git("add", "-A")
	write(t, filepath.Join(dir, "new"), "new\nchanged\n")
	r, err := gitsource.Discover(dir, gitsource.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var staged, changed []string
	if _, err := r.PatchStaged(t.Context(), "", "", func(p gitsource.Patch) { staged = shownLines(p) }); err != nil {
		t.Fatal(err)
	}
	if _, err := r.PatchWorktree(t.Context(), "", "", func(p gitsource.Patch) { changed = shownLines(p) }); err != nil {
		t.Fatal(err)
	}
	if want := []string{" " + names[0] + ":1 staged", " new:1 new"}; !slices.Equal(staged, want) {
		t.Errorf("staged %q, want %q", staged, want)
	}
	if want := []string{" new:2 changed"}; !slices.Equal(changed, want) {
		t.Errorf("changed %q, want %q", changed, want)
	}
}
