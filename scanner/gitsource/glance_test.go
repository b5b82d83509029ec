package gitsource_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/scanner/gitsource"
	"github.com/qleaks/qleaks/scanner/source"
)

// drawn makes a history by lot: merges, roots, clocks that go wrong, files that
// come and go, and a key in some of the commits. It returns the ids of the
// commits.
func (r *repo) drawn(lot *rand.Rand, size int) []string {
	r.t.Helper()
	var b strings.Builder
	for n := 1; n <= size; n++ {
		date := 1_700_000_000 + n*60
		if lot.IntN(5) == 0 {
			date += lot.IntN(4000) - 2000
		}
		fmt.Fprintf(&b, "commit refs/heads/c%d\nmark :%d\ncommitter A <a@example.org> %d +0000\ndata 1\nm\n", n, n, date)
		word := "from"
		for parents := min(lot.IntN(10)/3, n-1); parents > 0; parents-- {
			fmt.Fprintf(&b, "%s :%d\n", word, max(1, n-1-lot.IntN(6)))
			word = "merge"
		}
		for range lot.IntN(3) {
			content := fmt.Sprint(lot.IntN(8))
			if lot.IntN(8) == 0 {
				content = planted(newKey())
			}
			fmt.Fprintf(&b, "M 100644 inline d%d/f%d\ndata %d\n%s\n", lot.IntN(2), lot.IntN(4), len(content), content)
		}
	}
	r.feed(b.String(), "fast-import", "--quiet", "--force")
	return strings.Fields(r.git("for-each-ref", "--format=%(objectname)", "refs/heads/c*"))
}

func TestAGlanceSaysWhatTheWholeHistoryDoes(t *testing.T) {
	t.Parallel()
	lot := rand.New(rand.NewPCG(3, 7))
	glances, leaks := 0, 0
	for range 3 {
		r := newRepo(t)
		ids := r.drawn(lot, 30)
		repository := discover(t, r.dir, gitsource.Options{})
		for range 15 {
			var p gitsource.Push
			for range 1 + lot.IntN(2) {
				p.Tips = append(p.Tips, ids[lot.IntN(len(ids))])
			}
			for range lot.IntN(4) {
				p.Has = append(p.Has, ids[lot.IntN(len(ids))])
			}
			whole := &scan{}
			for f, err := range repository.SearchListed(t.Context(), newInspector(t), &whole.tally, p) {
				if note, ok := errors.AsType[*source.ItemError](err); ok {
					whole.notes = append(whole.notes, note)
				} else if err != nil {
					t.Fatal(err)
				} else {
					whole.findings = append(whole.findings, f)
				}
			}
			var tally source.Tally
			clean, err := repository.Glance(t.Context(), newInspector(t), &tally, p)
			if err != nil {
				t.Fatal(err)
			}
			if clean && len(whole.findings)+len(whole.notes) > 0 {
				t.Fatalf("a glance at %v without %v is clean, and the history says %d findings in %q, %v", p.Tips, p.Has, len(whole.findings), whole.paths(), whole.notes)
			}
			if clean {
				if glances++; tally.Objects.Load() < whole.tally.Objects.Load() {
					t.Errorf("a glance reads %d objects, the history brings %d", tally.Objects.Load(), whole.tally.Objects.Load())
				}
			}
			leaks += min(1, len(whole.findings))
			if got, _ := r.searchRange(gitsource.Selection{Push: &p}); got.paths() != whole.paths() || !slices.EqualFunc(got.notes, whole.notes, func(a, b *source.ItemError) bool { return a.Path == b.Path && a.Reason == b.Reason }) {
				t.Errorf("found in %q and %q", got.paths(), whole.paths())
			}
		}
	}
	if glances < 3 || leaks < 3 {
		t.Errorf("%d glances, %d leaks: the lot tries nothing", glances, leaks)
	}
}

func TestAGlanceThatCannotSeeAllLeavesItToTheHistory(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.write("a", "fine\n")
	first := r.commit("one")
	r.write("b", "fine, too\n")
	second := r.commit("two")
	look := func(p gitsource.Push) bool {
		t.Helper()
		var tally source.Tally
		clean, err := discover(t, r.dir, gitsource.Options{}).Glance(t.Context(), newInspector(t), &tally, p)
		if err != nil {
			t.Fatal(err)
		}
		if !clean && tally.Objects.Load() > 0 {
			t.Error("what was left to the history is counted")
		}
		return clean
	}
	push := gitsource.Push{Tips: []string{second}, Has: []string{first}}
	if !look(push) || !look(gitsource.Push{Tips: []string{second}, Has: []string{strings.Repeat("12", 20), first}}) {
		t.Error("a small push was not looked at")
	}
	r.git("tag", "-a", "-m", "x", "v1")
	for name, p := range map[string]gitsource.Push{
		"a tag": {Tips: []string{r.git("rev-parse", "v1")}}, "a name": {Tips: []string{"main"}}, "what is not here": {Tips: []string{strings.Repeat("34", 20)}},
		"a tree": {Tips: []string{r.git("rev-parse", "HEAD^{tree}")}},
	} {
		if look(p) {
			t.Errorf("%s was looked at only", name)
		}
	}
	r.write("big", strings.Repeat("x", 100))
	for n := range 900 {
		r.write(fmt.Sprintf("many/%d", n), fmt.Sprint(n))
	}
	if look(gitsource.Push{Tips: []string{r.commit("many")}, Has: []string{second}}) {
		t.Error("900 files were looked at one by one")
	}
	write(t, r.loose(first), "broken")
	if look(push) {
		t.Error("a parent that cannot be read was passed over")
	}
}
