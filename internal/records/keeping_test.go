package records_test

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/peertest"
	"github.com/qleaks/qleaks/internal/records"
)

// lived is a database in which something of everything has happened: two runs that
// ended, the second of which saw one finding of two.
func lived(t *testing.T, s *records.Store) *house {
	t.Helper()
	h := newHouse(t, s)
	for _, r := range []records.Report{read(seen("a"), seen("b")), read(seen("b"))} {
		run := h.run(r)
		update(t, s, func(ctx context.Context, tx *records.Tx) error {
			_, err := tx.MoveRun(ctx, run, records.Discovering, records.Done)
			return err
		})
	}
	update(t, s, func(ctx context.Context, tx *records.Tx) error {
		if err := tx.Listed(ctx, key.Key{Provider: "ionq", ID: "k"}, "print-b", time.Now()); err != nil {
			return err
		}
		if _, err := tx.Act(ctx, records.Action{Kind: "plan", Subject: "print-b", State: "drafted", Who: "sweep"}); err != nil {
			return err
		}
		if _, err := tx.Ignore(ctx, records.Decision{Finding: "b", Who: "ada", Why: "a test's"}); err != nil {
			return err
		}
		return tx.PutSchedule(ctx, records.Schedule{Name: "nightly", Cron: "0 2 * * *", Zone: "UTC", Due: time.Now()})
	})
	return h
}

func whatIsOldGoes(t *testing.T, s *records.Store) {
	lived(t, s)
	least := time.Microsecond
	got, err := s.Retain(t.Context(), records.Retention{Coverage: least, Runs: least, Changes: least, Actions: least})
	// Of two runs the last stays, and so does the last coverage; "a" was seen and
	// then fixed; what was done about "b" goes, and its life stays.
	if want := (records.Retained{Coverage: 1, Runs: 1, Changes: 2, Actions: 1}); err != nil || got != want {
		t.Errorf("%+v were deleted, %v; want %+v", got, err, want)
	}
	if again, err := s.Retain(t.Context(), records.Retention{Coverage: least, Runs: least, Changes: least, Actions: least}); err != nil || again.Rows() != 0 {
		t.Errorf("once more: %+v, %v", again, err)
	}
	if wrong, err := s.Check(t.Context()); err != nil || len(wrong) > 0 {
		t.Errorf("what is left is wrong: %v, %v", wrong, err)
	}
}

func aKeyIsDeleted(t *testing.T, s *records.Store) {
	h := lived(t, s)
	remove := func(fingerprint string) (n int64, err error) {
		err = s.Update(t.Context(), func(tx *records.Tx) (err error) {
			n, err = tx.DeleteKey(t.Context(), fingerprint)
			return err
		})
		return n, err
	}
	if n, err := remove("print-b"); err != nil || n != 1 {
		t.Errorf("%d findings deleted, %v", n, err)
	}
	h.expect("without the key", map[string]records.Life{"a": records.Fixed})
	var out bytes.Buffer
	if err := s.Export(t.Context(), &out); err != nil || strings.Contains(out.String(), "print-b") || strings.Contains(out.String(), "a test's") {
		t.Errorf("something of the key is left: %v", err)
	}
	for _, nothing := range []string{"print-b", "", "other"} {
		if _, err := remove(nothing); !errors.Is(err, records.ErrNotFound) {
			t.Errorf("%q: %v", nothing, err)
		}
	}
	if wrong, err := s.Check(t.Context()); err != nil || len(wrong) > 0 {
		t.Errorf("what is left is wrong: %v, %v", wrong, err)
	}
}

func TestWhatNoRunWroteIsTold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.db")
	s := opened(t, path)
	lived(t, s)
	if wrong, err := s.Check(t.Context()); err != nil || len(wrong) > 0 {
		t.Fatal(wrong, err)
	}
	for _, statement := range []string{"DELETE FROM repositories", "DELETE FROM keys", "UPDATE findings SET open = TRUE", "DELETE FROM changes", "UPDATE finding_counts SET amount = amount + 1"} {
		tamper(t, path, statement)
	}
	wrong, err := s.Check(t.Context())
	if err != nil || len(wrong) != 5 {
		t.Errorf("%d are told: %v, %v", len(wrong), wrong, err)
	}
	_ = s.Close()
}

// Records go from a file to a server and back, and are the same.
func TestRecordsMove(t *testing.T) {
	server := peertest.Postgres(t)
	file := opened(t, filepath.Join(t.TempDir(), "r.db"))
	lived(t, file)
	there, back := opened(t, server.Database(t, "there")), opened(t, filepath.Join(t.TempDir(), "back.db"))
	want := exported(t, file)
	for _, leg := range []struct{ from, to *records.Store }{{file, there}, {there, back}} {
		moved, err := leg.from.MoveTo(t.Context(), leg.to)
		if err != nil {
			t.Fatal(err)
		}
		rows := map[string]int64{}
		for _, m := range moved {
			rows[m.Table] = m.Rows
		}
		if rows["findings"] != 2 || rows["coverage"] != 2 || rows["schedules"] != 1 || rows["workers"] != 0 {
			t.Errorf("moved were %v", moved)
		}
		if diff := cmp.Diff(want, exported(t, leg.to)); diff != "" {
			t.Errorf("the records differ (-want +got):\n%s", diff)
		}
		if _, err := leg.from.MoveTo(t.Context(), leg.to); !errors.Is(err, records.ErrNotEmpty) {
			t.Errorf("once more: %v", err)
		}
	}
	// What is written next has the next number.
	for _, s := range []*records.Store{there, back} {
		update(t, s, func(ctx context.Context, tx *records.Tx) error {
			run, err := tx.StartRun(ctx, "sweep", "/srv", "test")
			if run.Seq != 3 {
				t.Errorf("the next run is %d", run.Seq)
			}
			return err
		})
	}
	if _, err := back.MoveTo(t.Context(), opened(t, filepath.Join(t.TempDir(), "r.db"))); !errors.Is(err, records.ErrBusy) {
		t.Errorf("while a run goes on: %v", err)
	}
}

func exported(t *testing.T, s *records.Store) string {
	t.Helper()
	var out bytes.Buffer
	if err := s.Export(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
