package finding_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/source"
)

// yielded is one element of a sequence of findings.
type yielded struct {
	f   finding.Finding
	err error
}

func sequence(all ...yielded) iter.Seq2[finding.Finding, error] {
	return func(yield func(finding.Finding, error) bool) {
		for _, y := range all {
			if !yield(y.f, y.err) {
				return
			}
		}
	}
}

func of(findings ...finding.Finding) iter.Seq2[finding.Finding, error] {
	var all []yielded
	for _, f := range findings {
		all = append(all, yielded{f: f})
	}
	return sequence(all...)
}

func merged(t *testing.T, seq iter.Seq2[finding.Finding, error]) []finding.Finding {
	t.Helper()
	var out []finding.Finding
	for f, err := range finding.Merge(seq) {
		if err != nil {
			t.Fatalf("Merge yielded %v", err)
		}
		out = append(out, f)
	}
	return out
}

func at(place source.Place, line, column int) finding.Occurrence {
	return finding.Occurrence{Place: place, Location: finding.Location{
		Line: line, Column: column, EndLine: line, EndColumn: column + 8,
	}}
}

func inHistory(line int, object, commit string, date time.Time, refs ...string) finding.Occurrence {
	o := at(source.Blob, line, 1)
	o.Git = &finding.Git{Object: object, Commit: commit, Date: date, Refs: refs, Reach: finding.ReachRef}
	return o
}

func found(rule *rules.Rule, material, path string, c rules.Confidence, occurrences ...finding.Occurrence) finding.Finding {
	var fp secret.Fingerprinter
	v := secret.New([]byte(material))
	for i := range occurrences {
		occurrences[i].Location.Path = path
	}
	f := finding.Finding{
		Rule: rule, Confidence: c, Evidence: "evidence of " + c.String(), Standing: finding.Standing{Status: key.Unknown},
		Secret: v, Fingerprint: fp.Of(v), Path: path, Occurrences: occurrences,
	}
	f.ID = finding.Identify(fp, f)
	return f
}

func day(n int) time.Time { return time.Date(2024, 5, n, 12, 0, 0, 0, time.UTC) }

var sameMaterial = cmp.Comparer(secret.Value.Equal)

func TestIdentityDependsOnRuleFingerprintRepositoryAndPathOnly(t *testing.T) {
	var fp secret.Fingerprinter
	one := found(&rules.Rule{ID: "one"}, "material", "a", rules.High, at(source.File, 1, 1))
	moved := found(&rules.Rule{ID: "one", Rank: 9}, "material", "a", rules.Low, at(source.Blob, 7, 7))
	if one.ID != moved.ID {
		t.Errorf("a finding that moved has another ID: %s and %s", one.ID, moved.ID)
	}
	if len(one.ID) != 28 || one.ID[:2] != "ql" {
		t.Errorf("ID %q is not ql and 26 characters", one.ID)
	}
	elsewhere := one
	elsewhere.Repository = "example.org/r"
	others := []finding.Finding{
		elsewhere,
		found(&rules.Rule{ID: "two"}, "material", "a", rules.High),
		found(&rules.Rule{ID: "one"}, "other material", "a", rules.High),
		found(&rules.Rule{ID: "one"}, "material", "b", rules.High),
	}
	for i, other := range others {
		if id := finding.Identify(fp, other); id == one.ID {
			t.Errorf("other finding %d has the same ID", i)
		}
	}
}

func TestMergeUnitesOccurrencesWorkingTreeFirstThenIndexThenHistoryFromTheOldest(t *testing.T) {
	rule := &rules.Rule{ID: "one"}
	got := merged(t, of(
		found(rule, "k", "a", rules.Medium, inHistory(3, "obj2", "c2", day(2))),
		found(rule, "k", "a", rules.Medium, inHistory(3, "obj9", "", time.Time{})),
		found(rule, "k", "a", rules.High, at(source.Staged, 4, 1)),
		found(rule, "k", "a", rules.Medium, inHistory(9, "obj1", "c1", day(1), "v1")),
		found(rule, "k", "a", rules.Low, at(source.File, 5, 1)),
		found(rule, "k", "a", rules.Low, at(source.File, 5, 1)),
		found(rule, "k", "a", rules.Medium, inHistory(9, "obj1", "c0", day(3), "main", "v1")),
	))
	if len(got) != 1 {
		t.Fatalf("got %d findings, want 1", len(got))
	}
	f := got[0]
	var places []string
	for _, o := range f.Occurrences {
		object := ""
		if o.Git != nil {
			object = o.Git.Object + "@" + o.Git.Commit
		}
		places = append(places, fmt.Sprintf("%s:%d:%s", o.Place, o.Location.Line, object))
	}
	want := []string{"file:5:", "index:4:", "blob:9:obj1@c1", "blob:3:obj2@c2", "blob:3:obj9@"}
	if diff := cmp.Diff(want, places); diff != "" {
		t.Errorf("occurrences (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"main", "v1"}, f.Occurrences[2].Git.Refs); diff != "" {
		t.Errorf("refs of the object seen twice (-want +got):\n%s", diff)
	}
	if f.Confidence != rules.High || f.Evidence != "evidence of high" {
		t.Errorf("confidence %s by %q, want the highest with its evidence", f.Confidence, f.Evidence)
	}
}

func TestMergeCountsRefsBeyondTheLimit(t *testing.T) {
	rule := &rules.Rule{ID: "one"}
	var first, second []string
	for i := range finding.MaxRefs {
		first = append(first, fmt.Sprintf("a%02d", i))
		second = append(second, fmt.Sprintf("b%02d", i))
	}
	f := merged(t, of(
		found(rule, "k", "a", rules.High, inHistory(1, "o", "c", day(1), first...)),
		found(rule, "k", "a", rules.High, inHistory(1, "o", "c", day(1), second...)),
	))[0]
	git := f.Occurrences[0].Git
	if len(git.Refs) != finding.MaxRefs || git.MoreRefs != finding.MaxRefs || git.Refs[0] != "a00" {
		t.Errorf("refs %v and %d more", git.Refs, git.MoreRefs)
	}
}

func TestMergedFindingIsStoredOnlyIfAllPartsAre(t *testing.T) {
	rule := &rules.Rule{ID: "one"}
	stored := found(rule, "k", ".env", rules.High, at(source.File, 1, 1))
	stored.Stored = true
	leaked := found(rule, "k", ".env", rules.High, inHistory(1, "o", "c", day(1)))
	if !merged(t, of(stored, stored))[0].Stored {
		t.Error("stored twice is no longer stored")
	}
	if merged(t, of(stored, leaked))[0].Stored {
		t.Error("a key that history holds counts as stored")
	}
}

func TestMergedFindingsKeepTheCheckOfTheSurerAnswer(t *testing.T) {
	rule := &rules.Rule{ID: "one"}
	silent, refused := &finding.Check{Provider: "a"}, &finding.Check{Provider: "b"}
	one := found(rule, "material", "a", rules.High, at(source.File, 1, 1))
	other := found(rule, "material", "a", rules.High, at(source.File, 2, 1))
	one.Standing = finding.Standing{Status: key.Unknown, Check: silent}
	if got := merged(t, of(one, other))[0]; got.Check != silent {
		t.Error("a check was lost beside nothing")
	}
	other.Standing = finding.Standing{Status: key.Inactive, Check: refused}
	for _, seq := range []iter.Seq2[finding.Finding, error]{of(one, other), of(other, one)} {
		if got := merged(t, seq)[0]; got.Check != refused || got.Status != key.Inactive {
			t.Errorf("status %s, check %v", got.Status, got.Check)
		}
	}
}

func TestMergedStatusKeepsTheWorseAnswer(t *testing.T) {
	for _, c := range []struct{ a, b, want key.Status }{
		{key.Unknown, key.Inactive, key.Inactive},
		{key.Inactive, key.Active, key.Active},
		{key.Unknown, key.Unknown, key.Unknown},
	} {
		one := found(&rules.Rule{ID: "one"}, "k", "a", rules.High, at(source.File, 1, 1))
		other := one
		one.Status, other.Status = c.a, c.b
		if got := merged(t, of(one, other))[0].Status; got != c.want {
			t.Errorf("%s and %s give %s, want %s", c.a, c.b, got, c.want)
		}
	}
}

func TestHigherRankReportsAValueThatSeveralRulesMatchAtOnePlace(t *testing.T) {
	special := &rules.Rule{ID: "z-special", Rank: 5}
	general := &rules.Rule{ID: "a-general", Rank: 1}
	got := merged(t, of(
		found(general, "k", "a", rules.High, at(source.File, 1, 1), inHistory(1, "o", "c", day(1)), at(source.File, 8, 1)),
		found(special, "k", "a", rules.Medium, at(source.File, 1, 1)),
		found(general, "other", "a", rules.High, at(source.File, 1, 1)),
	))
	var lines []string
	for _, f := range got {
		lines = append(lines, fmt.Sprintf("%s %d", f.Rule.ID, len(f.Occurrences)))
	}
	// The general rule keeps its other value, and the place that it alone saw;
	// the old version of the shared place goes to the special rule.
	want := []string{"a-general 1", "z-special 2", "a-general 1"}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAMarkCountsForTheRuleThatReports(t *testing.T) {
	special := &rules.Rule{ID: "z-special", Rank: 5}
	general := &rules.Rule{ID: "a-general", Rank: 1}
	marked := at(source.File, 1, 1)
	marked.Marked = true
	got := merged(t, of(
		found(general, "k", "a", rules.High, at(source.File, 1, 1)),
		found(special, "k", "a", rules.High, marked),
		found(general, "k", "b", rules.High, marked),
		found(special, "k", "b", rules.High, at(source.File, 1, 1)),
	))
	if len(got) != 2 || !got[0].Occurrences[0].Marked || got[1].Occurrences[0].Marked {
		t.Errorf("%+v", got)
	}
}

func TestFindingsComeInOrderOfPathLineColumnRule(t *testing.T) {
	one, two := &rules.Rule{ID: "one"}, &rules.Rule{ID: "two"}
	got := merged(t, of(
		found(one, "k1", "b", rules.High, at(source.File, 1, 1)),
		found(two, "k2", "a", rules.High, at(source.File, 2, 5)),
		found(one, "k3", "a", rules.High, at(source.File, 2, 5)),
		found(one, "k4", "a", rules.High, at(source.File, 10, 1)),
		found(one, "k5", "B", rules.High, at(source.File, 99, 1)),
	))
	var order []string
	for _, f := range got {
		order = append(order, fmt.Sprintf("%s:%d %s", f.Path, f.Occurrences[0].Location.Line, f.Rule.ID))
	}
	want := []string{"B:99 one", "a:2 one", "a:2 two", "a:10 one", "b:1 one"}
	if diff := cmp.Diff(want, order); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestMergeDoesNotDependOnTheOrderOfArrival(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	ruleset := []*rules.Rule{{ID: "one", Rank: 1}, {ID: "two", Rank: 1}, {ID: "three", Rank: 2}}
	for range 200 {
		var parts []finding.Finding
		for range 1 + rnd.IntN(40) {
			parts = append(parts, randomPart(rnd, ruleset))
		}
		want := merged(t, of(parts...))
		for range 5 {
			rnd.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
			if diff := cmp.Diff(want, merged(t, of(parts...)), sameMaterial); diff != "" {
				t.Fatalf("another order, another result (-first +second):\n%s", diff)
			}
		}
		if diff := cmp.Diff(want, merged(t, of(want...)), sameMaterial); diff != "" {
			t.Fatalf("merging again changes the result (-once +twice):\n%s", diff)
		}
		everyPlaceIsKept(t, parts, want)
	}
}

func randomPart(rnd *rand.Rand, ruleset []*rules.Rule) finding.Finding {
	o := at([]source.Place{source.File, source.Blob, source.Staged}[rnd.IntN(3)], 1+rnd.IntN(3), 1+rnd.IntN(2))
	if o.Place != source.File {
		o.Git = &finding.Git{
			Object: fmt.Sprint("o", rnd.IntN(2)), Commit: fmt.Sprint("c", rnd.IntN(3)), Date: day(1 + rnd.IntN(3)),
			Reach: []finding.Reach{finding.ReachRef, finding.ReachDangling}[rnd.IntN(2)],
		}
		for i := range rnd.IntN(4) {
			o.Git.Refs = append(o.Git.Refs, fmt.Sprint("r", i+rnd.IntN(30)))
		}
		slices.Sort(o.Git.Refs)
	}
	f := found(ruleset[rnd.IntN(len(ruleset))], fmt.Sprint("k", rnd.IntN(2)), fmt.Sprint("p", rnd.IntN(2)), rules.Confidence(1+rnd.IntN(3)), o)
	f.Occurrences[0].Marked = rnd.IntN(2) == 0
	f.Stored = rnd.IntN(2) == 0
	f.Evidence = fmt.Sprint("evidence ", rnd.IntN(3))
	f.Status = []key.Status{key.Unknown, key.Active, key.Inactive}[rnd.IntN(3)]
	return f
}

func everyPlaceIsKept(t *testing.T, parts, out []finding.Finding) {
	t.Helper()
	type seen struct {
		fp           secret.Fingerprint
		place        source.Place
		path, object string
		line, column int
	}
	places := func(all []finding.Finding) map[seen]bool {
		m := map[seen]bool{}
		for _, f := range all {
			for _, o := range f.Occurrences {
				object := ""
				if o.Git != nil {
					object = o.Git.Object
				}
				m[seen{f.Fingerprint, o.Place, f.Path, object, o.Location.Line, o.Location.Column}] = true
			}
		}
		return m
	}
	if diff := cmp.Diff(places(parts), places(out)); diff != "" {
		t.Fatalf("places lost or made up (-in +out):\n%s", diff)
	}
}

func TestMergePassesItemErrorsAtOnceAndOtherErrorsLast(t *testing.T) {
	item := &source.ItemError{Path: "p", Outcome: source.Unread, Reason: "permission denied"}
	f := found(&rules.Rule{ID: "one"}, "k", "a", rules.High, at(source.File, 1, 1))
	var order []string
	for f, err := range finding.Merge(sequence(yielded{f: f}, yielded{err: item}, yielded{err: context.Canceled})) {
		order = append(order, fmt.Sprint(f.Path, err))
	}
	want := []string{"unread: p: permission denied", "a<nil>", "context canceled"}
	if diff := cmp.Diff(want, order); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestMergeStopsWhenItsReaderDoes(t *testing.T) {
	item := &source.ItemError{Path: "p", Outcome: source.Unread}
	asked := 0
	endless := func(yield func(finding.Finding, error) bool) {
		for asked = 1; yield(finding.Finding{}, item); asked++ {
		}
	}
	for _, err := range finding.Merge(endless) {
		if !errors.Is(err, item) {
			t.Errorf("got %v", err)
		}
		break
	}
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}
