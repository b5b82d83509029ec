package gitsource_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/qleaks/qleaks/scanner/gitsource"
	"github.com/qleaks/qleaks/scanner/source"
)

// searchRange searches part of a history.
func (r *repo) searchRange(selection gitsource.Selection) (*scan, []string) {
	r.t.Helper()
	s := &scan{}
	var remarks []string
	selection.Remark = func(text string) { remarks = append(remarks, text) }
	repository := discover(r.t, r.dir, gitsource.Options{})
	for f, err := range repository.SearchRange(r.t.Context(), newInspector(r.t), 2, &s.tally, selection) {
		note, isNote := errors.AsType[*source.ItemError](err)
		switch {
		case err == nil:
			s.findings = append(s.findings, f)
		case isNote:
			s.notes = append(s.notes, note)
		default:
			s.err = err
		}
	}
	return s, remarks
}

// span searches a range that must be understood.
func (r *repo) span(ranges ...string) *scan {
	r.t.Helper()
	s, _ := r.searchRange(gitsource.Selection{Ranges: ranges})
	if s.err != nil {
		r.t.Fatal(s.err)
	}
	return s
}

// introduced are the blobs that were found, with their paths, and the commits
// whose messages were.
func (s *scan) introduced() (blobs, commits []string) {
	for _, f := range s.findings {
		o := f.Occurrences[0]
		if o.Place == source.CommitMessage {
			commits = append(commits, o.Git.Commit)
		} else {
			blobs = append(blobs, o.Git.Object+" "+f.Path)
		}
	}
	slices.Sort(blobs)
	slices.Sort(commits)
	return slices.Compact(blobs), slices.Compact(commits)
}

// gitIntroduces is what git says that commits introduce.
func (r *repo) gitIntroduces(args ...string) (blobs, commits []string) {
	r.t.Helper()
	text := r.git(append([]string{"log", "--raw", "-c", "-r", "--root", "--no-renames", "--no-abbrev", "--format="}, args...)...)
	for line := range strings.Lines(text) {
		head, path, ok := strings.Cut(strings.TrimRight(line, "\n"), "\t")
		if !ok {
			continue
		}
		parents := len(head) - len(strings.TrimLeft(head, ":"))
		ids := strings.Fields(strings.TrimLeft(head, ":"))[parents+1:]
		became := ids[parents]
		if strings.Trim(became, "0") == "" || slices.Contains(ids[:parents], became) {
			continue // deleted, or only its mode changed
		}
		blobs = append(blobs, became+" "+path)
	}
	commits = strings.Fields(r.git(append([]string{"rev-list"}, args...)...))
	slices.Sort(blobs)
	slices.Sort(commits)
	return slices.Compact(blobs), commits
}

// tangle makes a history with every kind of merge, in which each file and each
// message holds a key, and returns its commits.
func (r *repo) tangle(random *rand.Rand, commits int) []string {
	r.t.Helper()
	contents := make([]string, 14)
	for i := range contents {
		contents[i] = planted(newKey())
	}
	paths := []string{"a", "b", "d/a", "d/b", "d/e/a", "x/a", "x/y/z", "d.txt", "d0"}
	states := make([]map[string]string, 0, commits)
	var stream strings.Builder
	for n := range commits {
		state := map[string]string{}
		var parents []int
		if n > 0 && random.IntN(12) > 0 {
			for range 1 + max(0, random.IntN(6)-3) {
				if p := max(0, n-1-random.IntN(6)); !slices.Contains(parents, p) {
					parents = append(parents, p)
				}
			}
		}
		for _, p := range parents {
			for _, path := range slices.Sorted(maps.Keys(states[p])) {
				if state[path] == "" || random.IntN(2) == 0 {
					state[path] = states[p][path]
				}
			}
		}
		for range random.IntN(4) {
			path := paths[random.IntN(len(paths))]
			if random.IntN(4) == 0 {
				delete(state, path)
			} else {
				state[path] = contents[random.IntN(len(contents))]
			}
		}
		states = append(states, state)
		r.clock++
		message := fmt.Sprintf("commit %d\n\n%s", n, planted(newKey()))
		fmt.Fprintf(&stream, "commit refs/heads/c%d\nmark :%d\ncommitter C <c@example.org> %d +0000\ndata %d\n%s\n", n, n+1, r.date(), len(message), message)
		for i, p := range parents {
			fmt.Fprintf(&stream, "%s :%d\n", []string{"from", "merge"}[min(i, 1)], p+1)
		}
		stream.WriteString("deleteall\n")
		for _, path := range slices.Sorted(maps.Keys(state)) {
			mode := []string{"100644", "100755"}[random.IntN(2)]
			fmt.Fprintf(&stream, "M %s inline %s\ndata %d\n%s\n", mode, path, len(state[path]), state[path])
		}
		stream.WriteByte('\n')
	}
	r.feed(stream.String(), "fast-import", "--quiet", "--force")
	var out []string
	for n := range commits {
		out = append(out, r.git("rev-parse", fmt.Sprintf("refs/heads/c%d", n)))
	}
	return out
}

func TestARangeBringsWhatGitSaysThatItsCommitsIntroduce(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 7))
			format := "--object-format=" + []string{"sha1", "sha256"}[seed/2%2]
			r := newRepo(t, format)
			commits := r.tangle(random, 40)
			if seed%2 == 1 {
				r.git("repack", "-q", "-a", "-d", "--depth=50")
			}
			same := func(name string, selection gitsource.Selection, args ...string) {
				t.Helper()
				s, _ := r.searchRange(selection)
				if s.err != nil || len(s.notes) > 0 {
					t.Fatalf("%s: %v, %v", name, s.err, s.notes)
				}
				blobs, messages := s.introduced()
				wantBlobs, wantMessages := r.gitIntroduces(args...)
				if !slices.Equal(blobs, wantBlobs) {
					t.Errorf("%s: blobs\n%q, git says\n%q", name, blobs, wantBlobs)
				}
				if !slices.Equal(messages, wantMessages) {
					t.Errorf("%s: %d messages, git says %d", name, len(messages), len(wantMessages))
				}
			}
			for range 12 {
				a, b := commits[random.IntN(len(commits))], commits[random.IntN(len(commits))]
				if a == b {
					continue
				}
				for _, text := range []string{a + ".." + b, a + "..." + b} {
					same(text, gitsource.Selection{Ranges: []string{text}}, text)
				}
				same("since "+a, gitsource.Selection{Since: a}, "--all", "--not", a)
			}
			same("a branch", gitsource.Selection{Branches: []string{"c39"}}, "c39")
			date := time.Unix(1_700_000_000+25*60, 0).UTC()
			same("a date", gitsource.Selection{Since: date.Format(time.RFC3339)}, "--all", "--since="+date.Format(time.RFC3339))
			same("a branch since", gitsource.Selection{Branches: []string{"c39"}, Since: "c20"}, "c39", "--not", "c20")
		})
	}
}

func TestABaseThatIsTheHeadIsThatOneCommit(t *testing.T) {
	r := newRepo(t)
	before, now := newKey(), newKey()
	r.write("a.py", planted(before))
	r.commit("first")
	r.write("b.py", planted(now))
	id := r.commit("second")
	for _, text := range []string{"HEAD..HEAD", id + ".." + "main", "@...@"} {
		s := r.span(text)
		s.one(t, now)
		if len(s.of(before)) > 0 {
			t.Errorf("%s has what was there before", text)
		}
	}
}

func TestAFindingOfARangeIsThatOfTheWholeScan(t *testing.T) {
	r := newRepo(t)
	r.commit("first")
	key := newKey()
	r.write("dir/a.py", planted(key))
	id := r.commit("second")
	part, whole := r.span("HEAD~1..HEAD").one(t, key), r.search().one(t, key)
	if part.ID != whole.ID || part.Repository != whole.Repository {
		t.Errorf("identity %s of %q, in the whole scan %s of %q", part.ID, part.Repository, whole.ID, whole.Repository)
	}
	git := part.Occurrences[0].Git
	if git.Commit != id || git.Reach != "ref" || !slices.Equal(git.Refs, []string{"refs/heads/main"}) {
		t.Errorf("attribution %+v", *git)
	}
}

func TestRevisionsAreFoundAsGitFindsThem(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	for i := range 6 {
		r.write("n", fmt.Sprint(i))
		r.commit(fmt.Sprint(i))
	}
	r.git("tag", "-a", "-m", "a tag", "v1", "HEAD~3")
	r.git("tag", "light", "HEAD~2")
	r.git("branch", "light", "HEAD~1") // the tag comes first
	r.git("branch", "topic/x", "HEAD~4")
	r.git("update-ref", "refs/remotes/origin/main", "HEAD~3")
	r.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
	r.git("checkout", "-q", "-b", "side", "HEAD~1")
	r.commit("side")
	r.git("merge", "-q", "--no-ff", "-m", "merge", "main")
	r.git("update-ref", "ORIG_HEAD", "main")
	full := r.git("rev-parse", "HEAD")
	for _, text := range []string{
		"HEAD", "@", "main", "refs/heads/main", "heads/main", "v1", "light", "topic/x", "origin", "origin/main", "ORIG_HEAD",
		full, full[:9], strings.ToUpper(full[:12]), "HEAD^", "HEAD^2", "HEAD^1~2", "HEAD~", "HEAD^^", "HEAD^0", "v1^{}", "v1^{commit}", "main~3^0~1", "v1~1",
	} {
		want := r.git("rev-list", "-1", text)
		s := r.span(text + ".." + text)
		if s.tally.Objects.Load() == 0 {
			t.Errorf("%s: nothing is read", text)
		}
		s, _ = r.searchRange(gitsource.Selection{Ranges: []string{text + ".." + want}})
		one := s.tally.Objects.Load()
		if alone := r.span(want + ".." + want).tally.Objects.Load(); one != alone {
			t.Errorf("%s is not %s", text, want)
		}
	}
}

func TestAWrongRevisionIsTold(t *testing.T) {
	r := newRepo(t)
	for i := range 3 {
		r.write("n", fmt.Sprint(i))
		r.commit(fmt.Sprint(i))
	}
	blob := r.git("rev-parse", "HEAD:n")
	absent := strings.Repeat("ab", 20)
	for text, reason := range map[string]string{
		"HEAD":                         "a range is",
		"-x..HEAD":                     `begins with "-"`,
		"nobody..HEAD":                 "no such branch",
		"HEAD~99..HEAD":                "not that many",
		"HEAD~3..HEAD":                 "no such parent",
		"HEAD^2..HEAD":                 "no such parent",
		"HEAD^{tree}..HEAD":            "not understood",
		"HEAD~1x..HEAD":                "not understood",
		"HEAD@{1}..HEAD":               "reflog",
		"HEAD:n..HEAD":                 "a path",
		blob + "..HEAD":                "no commit",
		"HEAD.." + absent:              "no such object",
		"^HEAD..HEAD":                  "missing",
		"../../x..HEAD":                "no such branch",
		"HEAD~99999999999999999..HEAD": "not that many",
		"config..HEAD":                 "no such branch",
	} {
		s, _ := r.searchRange(gitsource.Selection{Ranges: []string{text}})
		wrong, ok := errors.AsType[*gitsource.RevisionError](s.err)
		if !ok || !strings.Contains(wrong.Reason, reason) {
			t.Errorf("%s: %v", text, s.err)
		}
	}
	for _, name := range []string{"-x", "nobody", "HEAD", ""} {
		s, _ := r.searchRange(gitsource.Selection{Branches: []string{name}})
		if _, ok := errors.AsType[*gitsource.RevisionError](s.err); !ok {
			t.Errorf("branch %q: %v", name, s.err)
		}
	}
}

func TestAnAmbiguousIDNamesTheCandidates(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	var stream strings.Builder
	for n := range 700 {
		fmt.Fprintf(&stream, "commit refs/heads/main\ncommitter C <c@example.org> %d +0000\ndata 0\n\n", 1_700_000_000+n)
	}
	r.feed(stream.String(), "fast-import", "--quiet")
	ids := strings.Fields(r.git("rev-list", "main"))
	slices.Sort(ids)
	at := slices.IndexFunc(ids[1:], func(id string) bool {
		i, _ := slices.BinarySearch(ids, id)
		return ids[i-1][:4] == id[:4]
	})
	if at < 0 {
		t.Fatal("no two commits begin alike")
	}
	s, _ := r.searchRange(gitsource.Selection{Since: ids[at][:4]})
	wrong, ok := errors.AsType[*gitsource.RevisionError](s.err)
	if !ok || !slices.Contains(wrong.Candidates, ids[at]) || !slices.Contains(wrong.Candidates, ids[at+1]) {
		t.Fatalf("error %v", s.err)
	}
}

func TestAFirstOrForcedPushIsComparedWithWhatTheRemoteHad(t *testing.T) {
	for name, base := range map[string]string{"first": strings.Repeat("0", 40), "forced": strings.Repeat("ab", 20)} {
		t.Run(name, func(t *testing.T) {
			r := newRepo(t)
			before, now := newKey(), newKey()
			r.write("a.py", planted(before))
			first := r.commit("first")
			s, remarks := r.searchRange(gitsource.Selection{Ranges: []string{base + "..HEAD"}})
			if s.one(t, before); len(remarks) != 1 || !strings.Contains(remarks[0], "all that it leads to") {
				t.Errorf("remarks %q", remarks)
			}
			r.git("update-ref", "refs/remotes/origin/main", first)
			r.git("checkout", "-q", "-b", "topic")
			r.write("b.py", planted(now))
			id := r.commit("second")
			// A clone in CI has the pushed branch as the remote's already.
			r.git("update-ref", "refs/remotes/origin/topic", id)
			s, remarks = r.searchRange(gitsource.Selection{Ranges: []string{base + "..topic"}})
			if s.err != nil || len(remarks) != 1 {
				t.Fatalf("%v, remarks %q", s.err, remarks)
			}
			s.one(t, now)
			if len(s.of(before)) > 0 {
				t.Error("what the default branch had is told")
			}
		})
	}
}

func TestADeletedBranchBringsNothing(t *testing.T) {
	r := newRepo(t)
	r.commit("first")
	s, remarks := r.searchRange(gitsource.Selection{Ranges: []string{"HEAD.." + strings.Repeat("0", 40)}})
	if s.err != nil || s.tally.Objects.Load() != 0 || len(remarks) != 1 {
		t.Errorf("%v, %d objects, remarks %q", s.err, s.tally.Objects.Load(), remarks)
	}
}

func TestARangeBeyondTheBorderOfAShallowCloneIsNotWhole(t *testing.T) {
	r := newRepo(t)
	for i := range 5 {
		r.write("n", fmt.Sprint(i))
		r.commit(fmt.Sprint(i))
	}
	r.in(r.home, "clone", "-q", "--depth=3", "file://"+filepath.ToSlash(r.dir), "shallow")
	clone := &repo{t: t, dir: filepath.Join(r.home, "shallow"), home: r.home}
	if s := clone.span("HEAD~1..HEAD"); len(s.notes) > 0 {
		t.Errorf("a range that is all here: %v", s.notes)
	}
	s, _ := clone.searchRange(gitsource.Selection{Branches: []string{"main"}})
	if !s.says(source.Unread, "shallow") {
		t.Errorf("notes %v", s.notes)
	}
	s, _ = clone.searchRange(gitsource.Selection{Ranges: []string{"HEAD~3..HEAD"}})
	if wrong, ok := errors.AsType[*gitsource.RevisionError](s.err); !ok || !strings.Contains(wrong.Reason, "shallow") {
		t.Errorf("error %v", s.err)
	}
	s, remarks := clone.searchRange(gitsource.Selection{Ranges: []string{r.git("rev-parse", "HEAD~4") + "..HEAD"}})
	if s.err != nil || len(remarks) != 1 {
		t.Errorf("a base before the border: %v, %q", s.err, remarks)
	}
}

func TestATagOnARangeIsOfIt(t *testing.T) {
	r := newRepo(t)
	outside, inside := newKey(), newKey()
	r.commit("first")
	r.git("tag", "-a", "-m", planted(outside), "v1")
	r.commit("second")
	r.git("tag", "-a", "-m", planted(inside), "v2")
	s := r.span("v1..v2")
	if f := s.one(t, inside); f.Path != "TAG_MSG" {
		t.Errorf("path %q", f.Path)
	}
	if len(s.of(outside)) > 0 {
		t.Error("the tag on the base is told")
	}
}

func TestWhatARangeLacksIsUnread(t *testing.T) {
	r := newRepo(t)
	r.write("old.py", "old")
	r.commit("first")
	gone := r.git("rev-parse", "HEAD:old.py")
	r.write("new.py", "new")
	r.commit("second")
	remove(t, r.loose(gone))
	if s := r.span("HEAD~1..HEAD"); len(s.notes) > 0 {
		t.Errorf("a range that is whole: %v", s.notes)
	}
	remove(t, r.loose(r.git("rev-parse", "HEAD:new.py")))
	if s := r.span("HEAD~1..HEAD"); !s.says(source.Unread, "missing object") {
		t.Errorf("notes %v", s.notes)
	}
	tree := r.git("rev-parse", "HEAD^{tree}")
	remove(t, r.loose(tree))
	if s := r.span("HEAD~1..HEAD"); !s.says(source.Unread, tree) {
		t.Errorf("notes %v", s.notes)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func TestSeveralRangesAreReadTogether(t *testing.T) {
	r := newRepo(t)
	keys := []string{newKey(), newKey(), newKey(), newKey()}
	for i, key := range keys {
		r.write(fmt.Sprintf("%d.py", i), planted(key))
		r.commit(fmt.Sprint(i))
	}
	s := r.span("HEAD~3..HEAD~2", "HEAD~1..HEAD")
	for i, key := range keys {
		if got, want := len(s.of(key)), i%2; got != want {
			t.Errorf("key %d has %d findings, want %d", i, got, want)
		}
	}
}

func TestARangeOfATreeBombEnds(t *testing.T) {
	r := newRepo(t)
	r.commit("first")
	key := newKey()
	id := r.feed(planted(key), "hash-object", "-w", "--stdin")
	kind, mode := "blob", "100644"
	for range 12 {
		var list strings.Builder
		for i := range 10 {
			fmt.Fprintf(&list, "%s %s %s\tn%d\n", mode, kind, id, i)
		}
		id, kind, mode = r.feed(list.String(), "mktree"), "tree", "040000"
	}
	bomb := r.git("commit-tree", "-p", "HEAD", "-m", "bomb", id)
	s := r.span("HEAD.." + bomb)
	if len(s.of(key)) == 0 {
		t.Error("the key is not found")
	}
	if !s.says(source.Excluded, "more paths") {
		t.Errorf("notes %v", s.notes)
	}
}

func TestARangeHoldsOnlyWhatItsCommitsBringWherePathsMove(t *testing.T) {
	r := newRepo(t)
	moved, stays := newKey(), newKey()
	r.write("old/a.py", planted(moved))
	r.write("same.py", planted(stays))
	r.commit("first")
	r.git("mv", "old", "new")
	r.write("copy.py", planted(stays))
	r.commit("second")
	s := r.span("HEAD~1..HEAD")
	if f := s.one(t, moved); f.Path != "new/a.py" {
		t.Errorf("path %q", f.Path)
	}
	if f := s.one(t, stays); f.Path != "copy.py" {
		t.Errorf("path %q", f.Path)
	}
}

func TestARangeReadsNothingElseOfTheRepository(t *testing.T) {
	r := newRepo(t)
	r.commit("first")
	key := newKey()
	r.write("staged.py", planted(key))
	r.git("add", "staged.py")
	r.git("config", "some.testkey", planted(key))
	r.commit("second")
	r.git("reset", "-q", "--hard", "HEAD~1")
	r.git("update-ref", "-m", planted(key), "refs/heads/other", "HEAD")
	r.commit("third")
	if s := r.span("HEAD~1..HEAD"); len(s.findings) > 0 {
		t.Errorf("findings %s", describe(s.findings))
	}
}
