package gitsource_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/gitsource"
	"github.com/qleaks/qleaks/scanner/source"
)

// tangled is a random history with merges, renames, copies and changes of mode.
func tangled(t testing.TB, seed uint64, commits int) *repo {
	r := newRepo(t)
	random := rand.New(rand.NewPCG(seed, 0))
	keys := make([]string, 6)
	for i := range keys {
		keys[i] = planted(newKey())
	}
	names := []string{"a", "b", "d/a", "d/b", "d/e/a", "f/a"}
	branches := []string{"main"}
	r.write("README", "x\n")
	r.commit("root")
	for n := range commits {
		switch random.IntN(6) {
		case 0:
			name := fmt.Sprintf("b%d", n)
			r.git("checkout", "-q", "-b", name)
			branches = append(branches, name)
		case 1:
			r.git("checkout", "-q", "-f", branches[random.IntN(len(branches))])
		case 2:
			_ = r.command(r.dir, "merge", "-q", "--no-ff", "--no-commit", "-X", "ours", branches[random.IntN(len(branches))]).Run()
		case 3:
			if random.IntN(3) == 0 {
				r.git("checkout", "-q", "--orphan", fmt.Sprintf("o%d", n))
				branches = append(branches, fmt.Sprintf("o%d", n))
			}
		}
		for range 1 + random.IntN(2) {
			name := names[random.IntN(len(names))]
			path := filepath.Join(r.dir, name)
			switch random.IntN(5) {
			case 0:
				_ = os.Remove(path)
			case 1:
				_ = os.Chmod(path, 0o755)
			default:
				r.write(name, keys[random.IntN(len(keys))])
			}
		}
		r.commit(fmt.Sprintf("commit %d", n))
	}
	return r
}

// introductions asks git for every commit that brought a blob to a path, and
// keeps the oldest of each.
func (r *repo) introductions() map[string]string {
	out, age := map[string]string{}, map[string]string{}
	log := r.git("log", "--all", "--raw", "-c", "-r", "--root", "--no-renames", "--no-abbrev", "--format=commit %H %ct")
	commit, when := "", ""
	for line := range strings.Lines(log) {
		line = strings.TrimRight(line, "\n")
		if rest, ok := strings.CutPrefix(line, "commit "); ok {
			commit, when, _ = strings.Cut(rest, " ")
			continue
		}
		fields, path, ok := strings.Cut(strings.TrimLeft(line, ":"), "\t")
		if !ok {
			continue
		}
		// n modes and the result's, n ids and the result's, the status.
		words := strings.Fields(fields)
		ids := words[len(words)/2 : len(words)-1]
		blob := ids[len(ids)-1]
		if strings.Trim(blob, "0") == "" || slices.Contains(ids[:len(ids)-1], blob) {
			continue
		}
		at := blob + " " + path
		if old, seen := age[at]; !seen || when < old {
			out[at], age[at] = commit, when
		}
	}
	return out
}

func TestIntroductionsAreThoseOfGitLog(t *testing.T) {
	seeds := uint64(3)
	if testing.Short() {
		seeds = 1
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := tangled(t, seed, 40)
			want := r.introductions()
			maps.DeleteFunc(want, func(at, _ string) bool { return strings.HasSuffix(at, " README") })
			got := map[string]string{}
			for _, f := range r.search().findings {
				o := f.Occurrences[0]
				got[o.Git.Object+" "+f.Path] = o.Git.Commit
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if len(want) < 10 {
				t.Errorf("only %d introductions: the test proves little", len(want))
			}
		})
	}
}

func TestRefsAreThoseThatReachTheCommit(t *testing.T) {
	t.Parallel()
	r := tangled(t, 7, 30)
	for n := range 12 {
		r.git("branch", fmt.Sprintf("extra/%02d", n), "main")
	}
	r.git("tag", "-a", "-m", "tag", "v1", "main~1")
	for _, f := range r.search().findings {
		git := f.Occurrences[0].Git
		want := strings.Fields(r.git("for-each-ref", "--contains", git.Commit, "--format=%(refname)"))
		more := max(0, len(want)-finding.MaxRefs)
		want = want[:len(want)-more]
		if !slices.Equal(git.Refs, want) || git.MoreRefs != more {
			t.Errorf("%s: refs %q and %d, want %q and %d", f.Path, git.Refs, git.MoreRefs, want, more)
		}
	}
}

// A rebased commit is told by the copy that a branch has, not by the older one
// that only the reflog has.
func TestTheBestReachedIntroductionIsTold(t *testing.T) {
	r := newRepo(t)
	r.commit("one")
	key := newKey()
	r.write("a.txt", planted(key))
	r.commit("first try")
	r.git("commit", "-q", "--amend", "-m", "second try")
	r.clock++
	r.git("commit", "-q", "--amend", "-m", "third try")
	head := r.git("rev-parse", "HEAD")
	f := r.search().one(t, key)
	if git := f.Occurrences[0].Git; git.Commit != head || git.Reach != finding.ReachRef {
		t.Errorf("told %+v, want %s", git, head)
	}
}

func TestOneKeyAtTwoPathsIsTwoFindings(t *testing.T) {
	r := newRepo(t)
	key := newKey()
	r.write("a.txt", planted(key))
	r.write("b.txt", planted(key))
	r.commit("one")
	r.write("b.txt", "moved down\n"+planted(key))
	r.commit("two")
	var paths []string
	ids := map[string]bool{}
	for _, f := range r.search().of(key) {
		paths = append(paths, f.Path)
		ids[f.ID] = true
	}
	if !slices.Equal(paths, []string{"a.txt", "b.txt", "b.txt"}) || len(ids) != 2 {
		t.Errorf("paths %q, %d identities", paths, len(ids))
	}
}

func TestTheOrderDoesNotDependOnTheJobs(t *testing.T) {
	t.Parallel()
	h := buildHiding(t)
	found := discover(t, h.dir, gitsource.Options{})
	collect := func(jobs int) (out []string) {
		for f, err := range found.Search(t.Context(), newInspector(t), jobs, nil) {
			if err != nil {
				out = append(out, err.Error())
				continue
			}
			o := f.Occurrences[0]
			out = append(out, fmt.Sprint(f.ID, f.Path, o.Place, o.Location.Line, *o.Git))
		}
		return out
	}
	one := collect(1)
	for range 3 {
		if diff := cmp.Diff(one, collect(5)); diff != "" {
			t.Fatal(diff)
		}
	}
}

func TestSearchEndsWithTheContextAndWithBreak(t *testing.T) {
	h := buildHiding(t)
	found := discover(t, h.dir, gitsource.Options{})
	for range found.Search(t.Context(), newInspector(t), 0, nil) {
		break
	}
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	var last error
	for _, err := range found.Search(ctx, newInspector(t), 0, nil) {
		last = err
	}
	if !errors.Is(last, cause) {
		t.Errorf("the last element is %v", last)
	}
}

func TestTallyCountsEveryObjectOnce(t *testing.T) {
	r := tangled(t, 3, 20)
	all := len(strings.Split(r.git("cat-file", "--batch-all-objects", "--batch-check"), "\n"))
	blobs := strings.Count(r.git("cat-file", "--batch-all-objects", "--batch-check"), " blob ")
	r.git("repack", "-q", "-a") // loose and packed
	s := r.search()
	if s.tally.Objects.Load() != int64(all) || s.tally.Blobs.Load() != int64(blobs) || s.tally.Expected.Load() != int64(all) {
		t.Errorf("%d objects, %d blobs, %d expected; git counts %d and %d", s.tally.Objects.Load(), s.tally.Blobs.Load(), s.tally.Expected.Load(), all, blobs)
	}
}

func TestIdentityIsTheOldestRootWithoutAnOrigin(t *testing.T) {
	r := newRepo(t)
	root := r.commit("one")
	r.commit("two")
	r.git("checkout", "-q", "--orphan", "pages")
	r.commit("another root")
	if got := discover(t, r.dir, gitsource.Options{}).Identity(); got != "root:"+root {
		t.Errorf("identity %q, want that of %s", got, root)
	}
	r.git("remote", "add", "origin", "git@GitHub.com:Org/name.git")
	if got := discover(t, r.dir, gitsource.Options{}).Identity(); got != "github.com/Org/name" {
		t.Errorf("identity %q", got)
	}
}

func TestWorktreesAreListed(t *testing.T) {
	r, _ := oneKey(t)
	linked, gone := filepath.Join(r.home, "linked"), filepath.Join(r.home, "gone")
	r.git("worktree", "add", "-q", "--detach", linked)
	r.git("worktree", "add", "-q", "--detach", gone)
	check(t, os.RemoveAll(gone))
	if got := discover(t, r.dir, gitsource.Options{}).Worktrees(); !slices.Equal(got, []string{r.dir, linked}) {
		t.Errorf("worktrees %q", got)
	}
	from := discover(t, linked, gitsource.Options{})
	if got := from.Worktrees(); !slices.Equal(got, []string{linked, r.dir}) || from.Root() != linked {
		t.Errorf("worktrees %q of %s", got, from.Root())
	}
	if got := discover(t, linked, gitsource.Options{}).CommonDir(); got != filepath.Join(r.dir, ".git") {
		t.Errorf("common directory %s", got)
	}
}

func TestIndexFormats(t *testing.T) {
	for name, prepare := range map[string]func(r *repo){
		"version 2": func(r *repo) { r.git("update-index", "--index-version=2") },
		"version 3": func(r *repo) {
			r.write("later", "x")
			r.git("add", "--intent-to-add", "later")
		},
		"version 4":   func(r *repo) { r.git("update-index", "--index-version=4") },
		"no checksum": func(r *repo) { r.git("-c", "index.skipHash=true", "update-index", "--force-write-index") },
		"sparse": func(r *repo) {
			r.write("other/x.txt", "x\n")
			r.git("add", "other")
			r.git("commit", "-q", "-m", "other")
			r.git("sparse-checkout", "init", "--cone", "--sparse-index")
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRepo(t)
			r.write("keep/a.txt", "x\n")
			r.commit("one")
			key := newKey()
			r.write("deep/down/b.txt", planted(key))
			r.git("add", "-A")
			prepare(r)
			s := r.search()
			if f := s.one(t, key); f.Path != "deep/down/b.txt" {
				t.Errorf("found %s", describe(s.of(key)))
			}
			if len(s.unread()) > 0 {
				t.Errorf("not read: %q", s.unread())
			}
		})
	}
}

func TestIgnoredAgreesWithGit(t *testing.T) {
	r := newRepo(t)
	r.write(".gitignore", "*.log\n!keep.log\n/top\nbuild/\n# comment\n\\#hash\ndocs/**/gen\nall/**\n!all/but\nsp ace \ndeep/*/x\n**/any\n")
	r.write("sub/.gitignore", "!a.log\nlocal\n")
	r.write(".git/info/exclude", "excluded\n")
	paths := []string{
		"a.log", "keep.log", "sub/a.log", "sub/b.log", "top", "sub/top", "build/x", "sub/build/y", "build2/x", "#hash",
		"docs/gen", "docs/a/gen", "docs/a/b/gen", "all/x", "all/but", "all/sub/x", "sp ace", "deep/a/x", "deep/a/b/x", "x/any", "any",
		"sub/local", "local", "excluded", "sub/excluded", "tracked.log", "build/tracked", "plain",
	}
	for _, p := range paths {
		r.write(p, "x\n")
	}
	r.git("add", "-f", "tracked.log", "build/tracked")
	found := discover(t, r.dir, gitsource.Options{})
	for _, p := range paths {
		want := r.command(r.dir, "check-ignore", "-q", p).Run() == nil
		if got := found.Ignored(p, false); got != want {
			t.Errorf("%q: ignored is %v, git says %v", p, got, want)
		}
	}
	if found.Ignored("build", true) {
		t.Error("a directory with something tracked counts as ignored")
	}
	if !found.Ignored("sub/build", true) {
		t.Error("an ignored directory does not count as ignored")
	}
}

func BenchmarkSearch(b *testing.B) {
	r := newRepo(b)
	var in strings.Builder
	random := rand.New(rand.NewPCG(1, 2))
	for n := range 5000 {
		fmt.Fprintf(&in, "commit refs/heads/main\ncommitter A <a@b> %d +0000\ndata 2\nm\n\n", 1_700_000_000+n)
		for range 2 {
			body := strings.Repeat(fmt.Sprintf("line %d of a file\n", random.IntN(1000)), 100)
			if random.IntN(500) == 0 {
				body += planted(newKey())
			}
			fmt.Fprintf(&in, "M 100644 inline d%d/e%d/f%d\ndata %d\n%s\n", random.IntN(10), random.IntN(10), random.IntN(10), len(body), body)
		}
	}
	r.feed(in.String(), "fast-import", "--quiet")
	r.git("gc", "-q")
	found, x := discover(b, r.dir, gitsource.Options{}), newInspector(b)
	var tally source.Tally
	for b.Loop() {
		for _, err := range found.Search(b.Context(), x, 0, &tally) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(tally.Objects.Load())/b.Elapsed().Seconds(), "objects/s")
	b.ReportMetric(0, "ns/op")
}

func TestMaterialIsInNoNoteAndNoError(t *testing.T) {
	t.Parallel()
	h := buildHiding(t)
	check(t, os.Truncate(h.loose(h.git("rev-parse", "HEAD:README")), 3))
	s := h.search()
	text := fmt.Sprintf("%v %+v %#v", s.notes, s.findings, s.err)
	for _, n := range s.notes {
		text += n.Error()
	}
	for name, want := range h.want {
		if strings.Contains(text, want.key) {
			t.Errorf("the key of %s is printed", name)
		}
	}
}
