package records_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qleaks/qleaks/internal/records"
)

// whatChanged is about what a run changed, and what was changed since some time.
func whatChanged(t *testing.T, s *records.Store) {
	begun := time.Now().Add(-time.Hour)
	var run records.Run
	read := func(name string, complete bool, keys ...string) (seq int64) {
		t.Helper()
		update(t, s, func(ctx context.Context, tx *records.Tx) error {
			r, err := tx.PutRepository(ctx, records.Repository{Name: name, Origin: "o", Location: name})
			if err != nil {
				return err
			}
			seq = r.Seq
			report := records.Report{Coverage: records.Coverage{
				Run: run.Seq, Repository: seq, Outcome: records.Read, Complete: complete, State: "s", Extent: records.Extent{Tips: []byte(`{"refs/heads/main":"1"}`)},
			}}
			for _, k := range keys {
				report.Sightings = append(report.Sightings, records.Sighting{ID: name + k, Kind: records.Kind{Fingerprint: k, Rule: "r"}, Path: "p", Referenced: true})
			}
			return tx.Cover(ctx, report)
		})
		return seq
	}
	sweep := func() {
		t.Helper()
		update(t, s, func(ctx context.Context, tx *records.Tx) (err error) {
			run, err = tx.StartRun(ctx, "sweep", "o", "test")
			return err
		})
	}
	check := func(what string, want, got any, err error) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v %s", what, err, diff)
		}
	}
	sweep()
	one, two := read("one", true, "a", "b"), read("two", false, "c")
	touched, err := s.Touched(t.Context(), run.Seq, time.Now(), 0)
	check("touched", []int64{two, one}, touched, err)
	unread, err := s.Unread(t.Context(), run.Seq, records.Page{})
	if err != nil || len(unread) != 1 || unread[0].Repository != two {
		t.Errorf("%+v, %v", unread, err)
	}
	sweep()
	read("one", true, "a")
	read("two", false, "c")
	touched, err = s.Touched(t.Context(), run.Seq, time.Now(), 0)
	check("seen again is no change", []int64{one}, touched, err)
	sweep()
	read("one", true, "a", "b")
	reopened, err := s.Reopened(t.Context(), run.Seq, 0)
	if err != nil || len(reopened) != 1 || reopened[0].Fingerprint != "b" {
		t.Errorf("%+v, %v", reopened, err)
	}
	// What somebody decides belongs to no run.
	update(t, s, func(ctx context.Context, tx *records.Tx) error {
		if _, err := tx.Act(ctx, records.Action{Kind: "verify", State: "failed", Run: run.Seq}); err != nil {
			return err
		}
		_, err := tx.Ignore(ctx, records.Decision{Fingerprint: "c", Who: "ada", Why: "a sample"})
		return err
	})
	touched, err = s.Touched(t.Context(), run.Seq, begun, 0)
	check("decided", []int64{two, one}, touched, err)
	undone, err := s.Undone(t.Context(), run.Seq, 0)
	if err != nil || len(undone) != 1 || undone[0].Kind != "verify" {
		t.Errorf("%+v, %v", undone, err)
	}
	changes, err := s.ChangesSince(t.Context(), begun, 0, 0)
	if err != nil || len(changes) < 6 || changes[0].Now != records.New {
		t.Errorf("%d changes, %v", len(changes), err)
	}
	if after, err := s.ChangesSince(t.Context(), begun, changes[0].Seq, 0); err != nil || len(after) != len(changes)-1 {
		t.Errorf("%d changes behind the first, %v", len(after), err)
	}
	if none, err := s.ChangesSince(t.Context(), time.Now().Add(time.Hour), 0, 0); err != nil || len(none) != 0 {
		t.Errorf("%d changes in the future, %v", len(none), err)
	}
	readings, err := s.LastReadings(t.Context(), records.Page{})
	if err != nil || len(readings) != 2 || readings[0].Repository.Name != "two" || readings[0].Coverage.Complete || string(readings[1].Coverage.Tips) != `{"refs/heads/main":"1"}` || readings[1].Coverage.Run != run.Seq {
		t.Errorf("%+v, %v", readings, err)
	}
}
