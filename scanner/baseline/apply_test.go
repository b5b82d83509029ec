package baseline_test

import (
	"slices"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/scanner/baseline"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/source"
)

var now = time.Date(2026, time.May, 10, 12, 0, 0, 0, time.UTC)

func one(id string, occurrences ...finding.Occurrence) finding.Finding {
	return finding.Finding{ID: id, Status: key.Unknown, Occurrences: occurrences}
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
	out := baseline.Apply([]finding.Finding{one("a"), one("b"), one("c")}, ignores, now)
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
	out := baseline.Apply([]finding.Finding{one("a")}, ignores, now)
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
	out := baseline.Apply([]finding.Finding{one("a")}, []baseline.Ignore{{ID: "gone", Reason: "r"}}, now)
	if len(out.Unused) != 1 || out.Unused[0].ID != "gone" {
		t.Errorf("unused %+v", out.Unused)
	}
}

func TestAKeyThatWorksIsNeverHidden(t *testing.T) {
	ignored, marked := one("a"), one("b", place(source.File, true))
	ignored.Status, marked.Status = key.Active, key.Active
	out := baseline.Apply([]finding.Finding{ignored, marked}, []baseline.Ignore{{ID: "a", Reason: "r"}}, now)
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
			out := baseline.Apply([]finding.Finding{one("a", c.occurrences...)}, nil, now)
			if got := len(out.Suppressed) == 1; got != c.suppressed {
				t.Errorf("suppressed: %v", got)
			}
		})
	}
}

func TestClearedMarksCountNoMore(t *testing.T) {
	f := one("a", place(source.File, true))
	baseline.ClearMark(&f)
	if out := baseline.Apply([]finding.Finding{f}, nil, now); len(out.Kept) != 1 {
		t.Error("it is still suppressed")
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
