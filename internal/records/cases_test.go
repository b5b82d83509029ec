package records_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qleaks/qleaks/internal/records"
)

// pages walks a list page by page, and sees every row once.
func pages(t *testing.T, s *records.Store) {
	h := newHouse(t, s)
	var all []records.Sighting
	for i := range 25 {
		f := seen(fmt.Sprintf("f%02d", i))
		if i%5 == 0 {
			f.Provider, f.Fingerprint = "ibm", "one"
		}
		all = append(all, f)
	}
	h.run(read(all...))
	for _, c := range []struct {
		filter records.Filter
		want   int
	}{
		{records.Filter{}, 25},
		{records.Filter{Provider: "ibm"}, 5},
		{records.Filter{Fingerprint: "one", Rule: "ionq-api-key", Standing: records.Unknown}, 5},
		{records.Filter{Repository: h.repository.Seq, Open: true}, 25},
		{records.Filter{Life: records.Fixed}, 0},
	} {
		ids := map[string]bool{}
		var last int64
		for p := (records.Page{Most: 7}); ; p.Before = last {
			found, err := s.Findings(t.Context(), c.filter, p)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range found {
				if last > 0 && f.Seq >= last {
					t.Fatalf("%d comes after %d", f.Seq, last)
				}
				last = f.Seq
				ids[f.ID] = true
				if f.Name != "acme/circuits" || f.Places != nil {
					t.Fatalf("a row of a page is %+v", f)
				}
			}
			if len(found) < 7 {
				break
			}
		}
		if len(ids) != c.want {
			t.Errorf("%+v: %d findings, want %d", c.filter, len(ids), c.want)
		}
	}
	counts, err := s.Counts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]records.Count{{Life: records.New, Standing: records.Unknown, Count: 25}}, counts); diff != "" {
		t.Error(diff)
	}
	covered, err := s.Coverage(t.Context(), h.repository.Seq, records.Page{})
	if err != nil || len(covered) != 1 || covered[0].Findings != 25 {
		t.Errorf("coverage %+v, %v", covered, err)
	}
	if covered, err = s.Covered(t.Context(), covered[0].Run, records.Page{Most: 5}); err != nil || len(covered) != 1 {
		t.Errorf("covered %+v, %v", covered, err)
	}
	for _, filter := range []records.RepositoryFilter{{}, {Origin: "/srv"}, {Incomplete: true}} {
		found, err := s.Repositories(t.Context(), filter, records.Page{})
		if err != nil || (len(found) == 1) == filter.Incomplete {
			t.Errorf("%+v: %v, %v", filter, found, err)
		}
	}
}

// hostileText is what a repository can put into names and paths.
func hostileText(t *testing.T, s *records.Store) {
	h := newHouse(t, s)
	texts := []string{"'; DROP TABLE findings; --", "a\x00b", "\xff\xfe", "$1", "?1", "<script>", "％", "\u202e", string(make([]byte, 5000))}
	var all []records.Sighting
	for i, text := range texts {
		f := seen(fmt.Sprint(i))
		f.Path = text
		all = append(all, f)
	}
	h.run(read(all...))
	found, err := s.Findings(t.Context(), records.Filter{}, records.Page{})
	if err != nil || len(found) != len(texts) {
		t.Fatal(len(found), err)
	}
	slices.Reverse(found)
	for _, i := range []int{0, 3, 4, 5, 6, 7} {
		if found[i].Path != texts[i] {
			t.Errorf("%q came back as %q", texts[i], found[i].Path)
		}
	}
	if found[1].Path != "a\uFFFDb" || found[2].Path != "\uFFFD" {
		t.Errorf("%q, %q", found[1].Path, found[2].Path)
	}
	for _, text := range texts {
		if _, err := s.Findings(t.Context(), records.Filter{Provider: text, Rule: text, Fingerprint: text, Standing: text, Life: records.Life(text)}, records.Page{}); err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if _, err := s.RepositoryNamed(t.Context(), text); !errors.Is(err, records.ErrNotFound) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func schedulesWorkersAndRuns(t *testing.T, s *records.Store) {
	ctx := t.Context()
	var run records.Run
	update(t, s, func(ctx context.Context, tx *records.Tx) (err error) {
		for i, name := range []string{"a", "b", "c"} {
			schedule := records.Schedule{Name: name, Cron: "0 2 * * *", Zone: "UTC", Jitter: time.Minute, Request: json.RawMessage(`{"target":"/srv"}`), Enabled: i != 1, Due: time.Now().Add(-time.Hour)}
			if i == 2 {
				schedule.Due = time.Now().Add(time.Hour)
			}
			if err := tx.PutSchedule(ctx, schedule); err != nil {
				return err
			}
		}
		due, now, err := tx.Due(ctx)
		if err != nil || len(due) != 1 || due[0].Name != "a" || due[0].Jitter != time.Minute {
			t.Errorf("due are %+v, %v", due, err)
		}
		if since := time.Since(now).Abs(); since > time.Minute {
			t.Errorf("the clocks differ by %v", since)
		}
		if run, err = tx.StartRun(ctx, "sweep", "/srv", "schedule a"); err != nil {
			return err
		}
		return tx.Began(ctx, "a", run.Seq, time.Now().Add(time.Hour))
	})
	schedules, err := s.Schedules(ctx)
	if err != nil || len(schedules) != 3 || schedules[0].Run != run.Seq || schedules[0].Started.IsZero() {
		t.Errorf("schedules %+v, %v", schedules, err)
	}
	update(t, s, func(ctx context.Context, tx *records.Tx) error {
		if err := tx.Expect(ctx, run.Seq, 7); err != nil {
			return err
		}
		for _, want := range []bool{true, false} {
			moved, err := tx.MoveRun(ctx, run.Seq, records.Discovering, records.Sweeping)
			if err != nil || moved != want {
				t.Errorf("moved: %v, %v, want %v", moved, err, want)
			}
		}
		_, err := tx.MoveRun(ctx, run.Seq, records.Sweeping, records.Done)
		return errors.Join(err, tx.Total(ctx, run.Seq, json.RawMessage(`{"n":1}`), ""), tx.DeleteSchedule(ctx, "b"))
	})
	if run, err = s.Run(ctx, run.Seq); err != nil || run.State != records.Done || run.Ended.IsZero() || run.Expected != 7 {
		t.Errorf("the run is %+v, %v", run, err)
	}
	if runs, err := s.Runs(ctx, records.Page{}); err != nil || len(runs) != 1 {
		t.Errorf("runs %+v, %v", runs, err)
	}
	for range 2 {
		if err := s.Beat(ctx, records.Worker{ID: "w1", Host: "h", PID: 1, Version: "dev"}); err != nil {
			t.Fatal(err)
		}
	}
	workers := func(want int) {
		t.Helper()
		if alive, err := s.Workers(ctx, time.Hour); err != nil || len(alive) != want {
			t.Errorf("workers %+v, %v, want %d", alive, err, want)
		}
	}
	workers(1)
	update(t, s, func(ctx context.Context, tx *records.Tx) error { return tx.ForgetWorkers(ctx, time.Hour) })
	workers(1)
	update(t, s, func(ctx context.Context, tx *records.Tx) error { return tx.Leave(ctx, "w1") })
	workers(0)
}
