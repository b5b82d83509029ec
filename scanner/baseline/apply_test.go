package baseline_test

import (
	"slices"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/baseline"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/source"
)

var now = time.Date(2026, time.May, 10, 12, 0, 0, 0, time.UTC)

func one(id string, occurrences ...finding.Occurrence) finding.Finding {
	return finding.Finding{ID: id, Rule: &rules.Rule{ID: "rule"}, Standing: finding.Standing{Status: key.Unknown}, Occurrences: occurrences}
}

// apply lets the operator speak alone.
func apply(findings []finding.Finding, ignores []baseline.Ignore, known *baseline.List) baseline.Outcome {
	return baseline.Apply(baseline.Findings{Reported: findings}, baseline.NewSay(ignores, known, now), nil)
}

func place(p source.Place, marked bool) finding.Occurrence {
	return finding.Occurrence{Place: p, Marked: marked}
}

func ids(list []finding.Finding) []string {
	var out []string
	for _, f := range list {
		out = append(out, f.ID)
	}
	return out
}

func TestAnIgnoreSuppressesItsFindingOnly(t *testing.T) {
	ignores := []baseline.Ignore{{ID: "b", Reason: "revoked", Owner: "ops", Until: day(t, "2026-05-10")}}
	out := apply([]finding.Finding{one("a"), one("b"), one("c")}, ignores, nil)
	if got := ids(out.Kept); !slices.Equal(got, []string{"a", "c"}) {
		t.Errorf("kept %v", got)
	}
	if len(out.Suppressed) != 1 {
		t.Fatalf("suppressed %d findings", len(out.Suppressed))
	}
	s := out.Suppressed[0]
	if s.Finding.ID != "b" || s.By != finding.SuppressedByIgnore || s.Reason != "revoked" || s.Owner != "ops" || s.Until != "2026-05-10" {
		t.Errorf("suppression %+v", s)
	}
}

func TestAnIgnoreEndsWithItsDay(t *testing.T) {
	ignores := []baseline.Ignore{{ID: "a", Reason: "r", Until: day(t, "2026-05-08")}}
	out := apply([]finding.Finding{one("a")}, ignores, nil)
	if len(out.Kept) != 1 || len(out.Expired) != 1 || len(out.Unused) != 0 {
		t.Errorf("%+v", out)
	}
}

func TestADayIsOverWhenItHasEndedEverywhere(t *testing.T) {
	d := day(t, "2026-05-10")
	for at, over := range map[string]bool{
		"2026-05-09T00:00:00Z": false, "2026-05-10T23:59:59Z": false,
		"2026-05-11T11:59:59Z": false, "2026-05-11T12:00:00Z": true,
	} {
		now, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if d.Over(now) != over {
			t.Errorf("at %s: over is %v", at, !over)
		}
	}
	if (baseline.Day{}).Over(now) {
		t.Error("no day is over")
	}
}

func TestAnIgnoreThatNothingNeedsIsTold(t *testing.T) {
	out := apply([]finding.Finding{one("a")}, []baseline.Ignore{{ID: "gone", Reason: "r"}}, nil)
	if len(out.Unused) != 1 || out.Unused[0].ID != "gone" {
		t.Errorf("unused %+v", out.Unused)
	}
}

func TestAKeyThatWorksIsNeverHidden(t *testing.T) {
	ignored, marked := one("a"), one("b", place(source.File, true))
	ignored.Status, marked.Status = key.Active, key.Active
	out := apply([]finding.Finding{ignored, marked}, []baseline.Ignore{{ID: "a", Reason: "r"}}, nil)
	if len(out.Kept) != 2 || len(out.Refused) != 2 || len(out.Suppressed) != 0 {
		t.Errorf("kept %v, refused %v", ids(out.Kept), ids(out.Refused))
	}
}

func TestMarksSpeakForAFindingAsFarAsTheyStand(t *testing.T) {
	for name, c := range map[string]struct {
		occurrences []finding.Occurrence
		suppressed  bool
	}{
		"marked in the file":                   {[]finding.Occurrence{place(source.File, true)}, true},
		"one of two lines is not marked":       {[]finding.Occurrence{place(source.File, true), place(source.File, false)}, false},
		"marked now, not marked in history":    {[]finding.Occurrence{place(source.File, true), place(source.Blob, false)}, true},
		"marked in history, not in the file":   {[]finding.Occurrence{place(source.File, false), place(source.Blob, true)}, false},
		"only history, all versions marked":    {[]finding.Occurrence{place(source.Blob, true), place(source.Blob, true)}, true},
		"only history, one version not marked": {[]finding.Occurrence{place(source.Blob, true), place(source.Blob, false)}, false},
		"standard input":                       {[]finding.Occurrence{place(source.Stdin, true)}, true},
	} {
		t.Run(name, func(t *testing.T) {
			out := apply([]finding.Finding{one("a", c.occurrences...)}, nil, nil)
			if got := len(out.Suppressed) == 1; got != c.suppressed {
				t.Errorf("suppressed: %v", got)
			}
		})
	}
}

func TestClearedMarksCountNoMore(t *testing.T) {
	f := one("a", place(source.File, true))
	baseline.ClearMark(&f)
	if out := apply([]finding.Finding{f}, nil, nil); len(out.Kept) != 1 {
		t.Error("it is still suppressed")
	}
}

// root says what it says about the findings with the IDs.
func root(ignores []baseline.Ignore, known *baseline.List, ids ...string) *baseline.Say {
	s := baseline.NewRootSay(ignores, known, now)
	for _, id := range ids {
		s.See(id)
	}
	return s
}

func TestARootSaysNothingAboutAnother(t *testing.T) {
	ignoring := []baseline.Ignore{{ID: "a", Reason: "r"}}
	known := &baseline.List{Keys: []baseline.Known{{Rule: "rule"}}}
	for name, c := range map[string]struct {
		roots      []*baseline.Say
		suppressed bool
	}{
		"its own finding":                        {[]*baseline.Say{root(ignoring, nil, "a"), root(nil, nil, "b")}, true},
		"that of another":                        {[]*baseline.Say{root(ignoring, nil, "b"), root(nil, nil, "a")}, false},
		"one of both, and the other is silent":   {[]*baseline.Say{root(ignoring, nil, "a"), root(nil, nil, "a")}, false},
		"one of both, and both agree":            {[]*baseline.Say{root(ignoring, nil, "a"), root(ignoring, nil, "a")}, true},
		"one of both, for different reasons":     {[]*baseline.Say{root(ignoring, nil, "a"), root(nil, known, "a")}, true},
		"the baseline of another, for the same":  {[]*baseline.Say{root(nil, known, "b"), root(nil, nil, "a")}, false},
		"the baseline of its own":                {[]*baseline.Say{root(nil, known, "a")}, true},
		"nobody has seen it, and everybody says": {[]*baseline.Say{root(ignoring, known)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			out := baseline.Apply(baseline.Findings{Reported: []finding.Finding{one("a")}}, baseline.NewSay(nil, nil, now), c.roots)
			if got := len(out.Suppressed) == 1; got != c.suppressed || len(out.Suppressed)+len(out.Kept) != 1 {
				t.Errorf("suppressed: %v", got)
			}
		})
	}
}

func TestWhoTrustsARootTrustsWhatItSaysOfRootsWithin(t *testing.T) {
	ignoring := []baseline.Ignore{{ID: "a", Reason: "r"}, {ID: "gone", Reason: "r"}}
	outer, middle, inner, beside := root(ignoring, nil), root(nil, nil), root(nil, nil, "a"), root(nil, nil, "b")
	inner.Within(middle)
	middle.Within(outer)
	say := baseline.NewSay(nil, nil, now)
	out := baseline.Apply(baseline.Findings{Reported: []finding.Finding{one("a"), one("b")}}, say, []*baseline.Say{outer, middle, inner, beside})
	got := ids(out.Kept)
	if !slices.Equal(got, []string{"b"}) || len(out.Unused) != 1 || out.Unused[0].ID != "gone" {
		t.Errorf("kept %v, unused %+v", got, out.Unused)
	}
	beside.See("a")
	if !baseline.Keeps(one("a"), say, []*baseline.Say{outer, middle, inner, beside}) {
		t.Error("it speaks for the root beside it")
	}
}

func TestTheOperatorNeedsNoRoot(t *testing.T) {
	operator := baseline.NewSay([]baseline.Ignore{{ID: "a", Reason: "r"}}, nil, now)
	out := baseline.Apply(baseline.Findings{Reported: []finding.Finding{one("a")}}, operator, []*baseline.Say{root(nil, nil, "a")})
	if len(out.Suppressed) != 1 || len(out.Unused) != 0 {
		t.Errorf("%+v", out)
	}
}

func TestWhatIsSaidOfAnExcludedFindingIsUsed(t *testing.T) {
	known := &baseline.List{Keys: []baseline.Known{{Rule: "rule"}, {Rule: "gone"}}}
	ignores := []baseline.Ignore{{ID: "a", Reason: "r"}, {ID: "gone", Reason: "r"}}
	excluded := baseline.Findings{Excluded: []finding.Finding{one("a")}}
	for name, out := range map[string]baseline.Outcome{
		"the operator": baseline.Apply(excluded, baseline.NewSay(ignores, known, now), nil),
		"a root":       baseline.Apply(excluded, baseline.NewSay(nil, nil, now), []*baseline.Say{root(ignores, known, "a")}),
	} {
		if len(out.Unused) != 1 || out.Unused[0].ID != "gone" || len(out.Missing) != 1 || out.Missing[0].Rule != "gone" {
			t.Errorf("%s: unused %+v, missing %+v", name, out.Unused, out.Missing)
		}
	}
}

func TestWhatAnotherRootHoldsIsNoUse(t *testing.T) {
	ignores := []baseline.Ignore{{ID: "a", Reason: "r"}}
	out := baseline.Apply(baseline.Findings{Reported: []finding.Finding{one("a")}}, baseline.NewSay(nil, nil, now),
		[]*baseline.Say{root(ignores, nil), root(nil, nil, "a")})
	if len(out.Unused) != 1 {
		t.Errorf("unused %+v", out.Unused)
	}
}

func day(t *testing.T, text string) baseline.Day {
	t.Helper()
	var d baseline.Day
	if err := d.UnmarshalTOML(text); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestADayIsADateOrItsText(t *testing.T) {
	var fromTime baseline.Day
	if err := fromTime.UnmarshalTOML(time.Date(2027, 1, 31, 0, 0, 0, 0, time.Local)); err != nil {
		t.Fatal(err)
	}
	if fromTime != day(t, "2027-01-31") || fromTime.String() != "2027-01-31" {
		t.Errorf("got %s", fromTime)
	}
	for _, wrong := range []any{"tomorrow", "2027-02-30", 20270131, "2027-1-1"} {
		if err := new(baseline.Day).UnmarshalTOML(wrong); err == nil {
			t.Errorf("%v is accepted", wrong)
		}
	}
}

func TestAnEntryNeedsAnIDAndAReason(t *testing.T) {
	for _, wrong := range []baseline.Ignore{{}, {ID: "a"}, {Reason: "r"}, {ID: "a", Reason: "  "}} {
		if wrong.Validate() == nil {
			t.Errorf("%+v is accepted", wrong)
		}
	}
	if err := (baseline.Ignore{ID: "a", Reason: "r"}).Validate(); err != nil {
		t.Error(err)
	}
}
