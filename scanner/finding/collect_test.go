package finding_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/source"
)

func skipped(path string, outcome source.Outcome, reason string) yielded {
	return yielded{err: &source.ItemError{Path: path, Outcome: outcome, Reason: reason}}
}

func TestCollectTellsWhatWasNotRead(t *testing.T) {
	var tally source.Tally
	tally.Files.Add(3)
	tally.Bytes.Add(4096)
	seq := sequence(
		skipped("z", source.Excluded, "socket"),
		skipped("b", source.Unread, "permission denied"),
		yielded{f: found(&rules.Rule{ID: "one"}, "k", "a", rules.High, at(source.File, 1, 1))},
		skipped("a", source.Excluded, "socket"),
	)
	r, err := finding.Collect(seq, finding.CollectOptions{Tally: &tally})
	if err != nil {
		t.Fatal(err)
	}
	want := finding.Coverage{
		Files: 3, Bytes: 4096, Unread: 1, Excluded: 2,
		Skipped: []finding.Skip{
			{Path: "b", Outcome: source.Unread, Reason: "permission denied"},
			{Path: "a", Outcome: source.Excluded, Reason: "socket"},
			{Path: "z", Outcome: source.Excluded, Reason: "socket"},
		},
		Reasons: []finding.Reason{
			{Outcome: source.Unread, Reason: "permission denied", Count: 1},
			{Outcome: source.Excluded, Reason: "socket", Count: 2},
		},
	}
	if diff := cmp.Diff(want, r.Coverage); diff != "" {
		t.Errorf("coverage (-want +got):\n%s", diff)
	}
	if len(r.Findings) != 1 {
		t.Errorf("%d findings, want 1", len(r.Findings))
	}
}

func TestCompletenessOfAScan(t *testing.T) {
	cases := []struct {
		name   string
		seq    []yielded
		strict bool
		want   bool
	}{
		{"nothing skipped", nil, false, true},
		{"only excluded", []yielded{skipped("a", source.Excluded, "socket")}, false, true},
		{"only excluded, strict", []yielded{skipped("a", source.Excluded, "socket")}, true, false},
		{"unread", []yielded{skipped("a", source.Unread, "gone")}, false, false},
		{"an outcome nobody named", []yielded{skipped("a", "", "odd")}, false, false},
		{"interrupted", []yielded{{err: context.Canceled}}, false, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r, _ := finding.Collect(sequence(c.seq...), finding.CollectOptions{Strict: c.strict})
			if r.Coverage.Complete != c.want {
				t.Errorf("complete is %v, want %v: %+v", r.Coverage.Complete, c.want, r.Coverage)
			}
		})
	}
}

func TestCollectReturnsWhatItHasWithTheErrorThatEndedTheScan(t *testing.T) {
	cause := errors.New("operator lost patience")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	r, err := finding.Collect(sequence(
		yielded{f: found(&rules.Rule{ID: "one"}, "k", "a", rules.High, at(source.File, 1, 1))},
		skipped("b", source.Unread, "permission denied"),
		yielded{err: context.Cause(ctx)},
	), finding.CollectOptions{})
	if !errors.Is(err, cause) {
		t.Errorf("error %v, want the cause", err)
	}
	if len(r.Findings) != 1 || r.Coverage.Unread != 1 || !r.Coverage.Interrupted {
		t.Errorf("collected %d findings, coverage %+v", len(r.Findings), r.Coverage)
	}
}

func TestSkipsBeyondTheLimitAreCountedWhateverTheirOrder(t *testing.T) {
	const things = 5*finding.MaxSkips + 7
	rnd := rand.New(rand.NewPCG(3, 4))
	var first finding.Coverage
	for round := range 3 {
		var all []yielded
		for _, i := range rnd.Perm(things) {
			outcome := source.Excluded
			if i%100 == 0 {
				outcome = source.Unread
			}
			all = append(all, skipped(fmt.Sprintf("p%05d", i), outcome, fmt.Sprintf("reason %d", i%1500)))
		}
		r, err := finding.Collect(sequence(all...), finding.CollectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		c := r.Coverage
		if len(c.Skipped) != finding.MaxSkips || c.Unread+c.Excluded != things || c.Unlisted() != things-finding.MaxSkips {
			t.Fatalf("listed %d, unlisted %d of %d", len(c.Skipped), c.Unlisted(), c.Unread+c.Excluded)
		}
		if c.Skipped[50].Path != "p05000" || c.Skipped[50].Outcome != source.Unread || c.Skipped[51].Path != "p00001" {
			t.Errorf("unread things are not listed first: %v, %v", c.Skipped[50], c.Skipped[51])
		}
		if len(c.Reasons) != finding.MaxSkips {
			t.Errorf("%d reasons, want %d", len(c.Reasons), finding.MaxSkips)
		}
		if round == 0 {
			first = c
		} else if diff := cmp.Diff(first, c); diff != "" {
			t.Fatalf("another order, another coverage:\n%s", diff)
		}
	}
}

func TestTheSameThingSkippedTwiceIsListedTwice(t *testing.T) {
	r, _ := finding.Collect(sequence(
		skipped("a", source.Unread, "gone"), skipped("a", source.Unread, "gone"),
	), finding.CollectOptions{})
	if r.Coverage.Unread != 2 || len(r.Coverage.Skipped) != 2 || r.Coverage.Unlisted() != 0 {
		t.Errorf("coverage %+v", r.Coverage)
	}
}

func TestAtLeastCountsWhatItLeavesOut(t *testing.T) {
	rule := &rules.Rule{ID: "one"}
	all := finding.Result{Findings: []finding.Finding{
		found(rule, "k", "a", rules.Low, at(source.File, 1, 1)),
		found(rule, "k", "b", rules.High, at(source.File, 1, 1)),
	}}
	works := all
	works.Findings = slices.Clone(all.Findings)
	for i := range works.Findings {
		works.Findings[i].Status = key.Active
	}
	if shown := works.AtLeast(rules.High); len(shown.Findings) != len(all.Findings) || shown.Below != 0 {
		t.Errorf("keys that work are left out: %d of %d shown", len(shown.Findings), len(all.Findings))
	}
	shown := all.AtLeast(rules.Medium)
	if len(shown.Findings) != 1 || shown.Findings[0].Path != "b" || shown.Below != 1 {
		t.Errorf("shown %d, below %d", len(shown.Findings), shown.Below)
	}
	if len(all.Findings) != 2 || all.Findings[0].Path != "a" {
		t.Error("AtLeast changed its receiver")
	}
}

func TestSummaryCountsKeysByTheirSurestFinding(t *testing.T) {
	rule := &rules.Rule{ID: "one"}
	everywhere := found(rule, "k1", "a", rules.High, at(source.File, 1, 1), at(source.File, 2, 1))
	again := found(rule, "k1", "b", rules.Low, at(source.File, 1, 1))
	again.Status = key.Active
	weak := found(rule, "k2", "a", rules.Low, at(source.File, 3, 1))
	silent := found(rule, "k4", "a", rules.High, at(source.File, 4, 1))
	silent.Check = &finding.Check{Provider: "ionq"}
	private := found(rule, "k5", "a", rules.High, at(source.File, 5, 1))
	private.Check = &finding.Check{Withheld: true}
	weak.Status = key.Inactive
	kept := found(rule, "k1", ".env", rules.High, at(source.File, 1, 1))
	kept.Stored = true
	alone := found(rule, "k3", ".env", rules.High, at(source.File, 1, 1))
	alone.Stored = true
	got := finding.Summarize(finding.Result{
		Findings: []finding.Finding{everywhere, again, weak, silent, private, kept, alone}, Below: 4, Suppressed: make([]finding.Suppression, 5),
	})
	want := finding.Summary{
		Findings: 7, Keys: 4, Places: 6, High: 3, Low: 1, Stored: 2,
		Verified: finding.Verified{Active: 1, Inactive: 1, Unanswered: 1, Withheld: 1}, Below: 4, Suppressed: 5,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
