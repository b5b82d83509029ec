package gitsource_test

import (
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/gitsource"
	"github.com/qleaks/qleaks/scanner/source"
)

// push searches what a push brings.
func (r *repo) push(p gitsource.Push) *scan {
	r.t.Helper()
	s, _ := r.searchRange(gitsource.Selection{Push: &p})
	if s.err != nil {
		r.t.Fatal(s.err)
	}
	return s
}

// paths are those of the findings, in order.
func (s *scan) paths() string {
	var out []string
	for _, f := range s.findings {
		out = append(out, f.Path)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func TestAPushIsWhatTheReceiverLacks(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	for _, name := range []string{"a", "b", "c", "d"} {
		r.write(name, planted(newKey()))
		r.commit(name)
		r.git("tag", name)
	}
	id := func(rev string) string { return r.git("rev-parse", rev) }
	r.git("update-ref", "refs/remotes/origin/main", "b")
	r.git("update-ref", "refs/remotes/origin-too/main", "c")
	r.git("update-ref", "refs/heads/main", "d")
	for name, c := range map[string]struct {
		push gitsource.Push
		want string
	}{
		"nothing is known":            {gitsource.Push{Tips: []string{id("d")}}, "a b c d"},
		"by a name":                   {gitsource.Push{Tips: []string{"refs/heads/main"}}, "a b c d"},
		"the branches of the remote":  {gitsource.Push{Tips: []string{id("d")}, Remote: "origin"}, "c d"},
		"what the ref led to":         {gitsource.Push{Tips: []string{id("d")}, Has: []string{id("a")}}, "b c d"},
		"both":                        {gitsource.Push{Tips: []string{id("d")}, Has: []string{id("c")}, Remote: "origin"}, "d"},
		"one that is not here":        {gitsource.Push{Tips: []string{id("d")}, Has: []string{strings.Repeat("12", 20)}, Remote: "origin"}, "c d"},
		"all is there":                {gitsource.Push{Tips: []string{id("b")}, Remote: "origin"}, ""},
		"two refs":                    {gitsource.Push{Tips: []string{id("c"), id("d")}, Has: []string{id("b"), id("b")}}, "c d"},
		"the refs are the receiver's": {gitsource.Push{Tips: []string{id("d")}, Receiving: true}, ""},
	} {
		s := r.push(c.push)
		if got := s.paths(); got != c.want || len(s.notes) > 0 {
			t.Errorf("%s: found in %q, want %q; not read: %v", name, got, c.want, s.notes)
		}
		if (s.tally.Objects.Load() == 0) != (c.want == "") {
			t.Errorf("%s: %d objects read", name, s.tally.Objects.Load())
		}
	}
	s := r.push(gitsource.Push{Tips: []string{strings.Repeat("34", 20)}})
	if len(s.notes) != 1 || s.notes[0].Outcome != source.Unread {
		t.Errorf("a tip that is not here gives %v", s.notes)
	}
}

func TestTagsTreesAndBlobsArePushed(t *testing.T) {
	r := newRepo(t)
	r.commit("first")
	r.git("update-ref", "refs/remotes/origin/main", "HEAD")
	inTag, inBlob, inTree, local := newKey(), newKey(), newKey(), newKey()
	r.git("tag", "-a", "-m", planted(inTag), "annotated")
	r.git("tag", "-a", "-m", planted(local), "stays")
	blob := r.feed(planted(inBlob), "hash-object", "-w", "--stdin")
	other := r.feed(planted(inTree), "hash-object", "-w", "--stdin")
	tree := r.feed("100644 blob "+other+"\tname\n", "mktree")
	r.git("tag", "-a", "-m", "of a blob", "blob", blob)
	tips := []string{r.git("rev-parse", "annotated"), r.git("rev-parse", "blob"), tree}
	s := r.push(gitsource.Push{Tips: tips, Remote: "origin"})
	for _, key := range []string{inTag, inBlob, inTree} {
		s.one(t, key)
	}
	if len(s.of(local)) > 0 {
		t.Error("a tag that is not pushed is read")
	}
	r.git("update-ref", "refs/remotes/origin/annotated", tips[0])
	if s := r.push(gitsource.Push{Tips: tips[:1], Remote: "origin"}); len(s.findings) > 0 || s.tally.Objects.Load() > 0 {
		t.Errorf("a tag that the remote has: %s", describe(s.findings))
	}
}

func TestWhatANextCommitReplacesAndMerges(t *testing.T) {
	r := newRepo(t)
	stays, changes, goes, theirs := newKey(), newKey(), newKey(), newKey()
	r.write("stays", planted(stays))
	r.write("d/changes", planted(changes))
	r.write("goes", planted(goes))
	r.commit("first")
	r.git("checkout", "-q", "-b", "other")
	r.write("theirs", planted(theirs))
	r.commit("theirs")
	r.git("checkout", "-q", "main")
	r.write("ours", "nothing\n")
	tip := newKey()
	r.write("tip", planted(tip))
	r.commit("ours")
	r.git("merge", "-q", "--no-commit", "other")
	r.write("d/changes", "nothing\n")
	r.git("add", "d/changes")
	r.git("rm", "-q", "goes")
	repository := discover(t, r.dir, gitsource.Options{})
	x := newInspector(t)
	heads := repository.MergeHeads()
	if want := r.git("rev-parse", "other"); len(heads) != 1 || heads[0] != want {
		t.Fatalf("merged are %v, want %s", heads, want)
	}
	for name, merged := range map[string][]string{"staged": nil, "merged": heads} {
		staging := gitsource.Staging{Merged: merged}
		want := "theirs"
		if merged != nil {
			want = ""
		}
		if got := collect(t, repository.SearchStaged(t.Context(), x, 1, nil, staging)).paths(); got != want {
			t.Errorf("%s: found in %q, want %q", name, got, want)
		}
		paths, err := repository.StagedPaths(t.Context(), staging)
		if err != nil || !slices.Contains(paths, "d/changes") || slices.Contains(paths, "theirs") != (merged == nil) {
			t.Errorf("%s: staged are %q, %v", name, paths, err)
		}
		if got := collect(t, repository.SearchReplaced(t.Context(), x, 1, nil, staging)).paths(); got != "d/changes goes" {
			t.Errorf("%s: replaced are %q", name, got)
		}
	}
	if got := collect(t, repository.SearchTip(t.Context(), x, 1, nil)).paths(); got != "tip" {
		t.Errorf("the last commit brought %q", got)
	}
}

func TestTheLastCommitOfAShallowCloneIsNotKnown(t *testing.T) {
	r := newRepo(t)
	r.write("a", planted(newKey()))
	r.commit("first")
	r.write("b", planted(newKey()))
	r.commit("second")
	r.in(r.home, "clone", "-q", "--depth", "1", "file://"+r.dir, "shallow")
	repository := discover(t, r.home+"/shallow", gitsource.Options{})
	s := collect(t, repository.SearchTip(t.Context(), newInspector(t), 1, nil))
	if len(s.findings) > 0 || len(s.notes) != 1 || s.notes[0].Outcome != source.Excluded {
		t.Errorf("found %s, notes %v", describe(s.findings), s.notes)
	}
}

// collect gathers what a search yields.
func collect(t *testing.T, found iter.Seq2[finding.Finding, error]) *scan {
	t.Helper()
	s := &scan{}
	for f, err := range found {
		note, isNote := errors.AsType[*source.ItemError](err)
		switch {
		case err == nil:
			s.findings = append(s.findings, f)
		case isNote:
			s.notes = append(s.notes, note)
		default:
			t.Fatal(err)
		}
	}
	return s
}
