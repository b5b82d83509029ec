package records_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/peertest"
	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/records/recordstest"
)

// TestEveryDriver holds a file and a server to the same; each case gets an empty
// database.
func TestEveryDriver(t *testing.T) {
	cases := map[string]func(t *testing.T, s *records.Store){
		"the life of a finding":          theLifeOfAFinding,
		"decisions end":                  decisionsEnd,
		"a run covers a repository once": aRunCoversARepositoryOnce,
		"a repository is held":           aRepositoryIsHeld,
		"keys over time":                 keysOverTime,
		"idle keys":                      idleKeys,
		"export, retain, delete":         exportRetainDelete,
		"what is old goes":               whatIsOldGoes,
		"a key is deleted":               aKeyIsDeleted,
		"pages":                          pages,
		"the places of keys":             thePlacesOfKeys,
		"what changed":                   whatChanged,
		"hostile text":                   hostileText,
		"people":                         people,
		"sessions and tokens":            sessionsAndTokens,
		"plans and votes":                plansAndVotes,
		"schedules, workers and runs":    schedulesWorkersAndRuns,
	}
	t.Run("sqlite", func(t *testing.T) {
		for name, test := range cases {
			t.Run(name, func(t *testing.T) { test(t, opened(t, filepath.Join(t.TempDir(), "some where", "records.db"))) })
		}
	})
	t.Run("postgres", func(t *testing.T) {
		server, n := peertest.Postgres(t), 0
		for name, test := range cases {
			n++
			t.Run(name, func(t *testing.T) { test(t, opened(t, server.Database(t, fmt.Sprintf("case%d", n)))) })
		}
	})
}

func opened(t *testing.T, name string) *records.Store {
	t.Helper()
	s, err := records.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		recordstest.Sound(t, s)
		_ = s.Close()
	})
	return s
}

func update(t *testing.T, s *records.Store, do func(ctx context.Context, tx *records.Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), func(tx *records.Tx) error { return do(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}

// house is a database with a repository.
type house struct {
	*records.Store

	t          *testing.T
	repository records.Repository
}

func newHouse(t *testing.T, s *records.Store) *house {
	h := &house{Store: s, t: t}
	update(t, s, func(ctx context.Context, tx *records.Tx) (err error) {
		h.repository, err = tx.PutRepository(ctx, records.Repository{Name: "acme/circuits", Origin: "/srv", Location: "/srv/circuits"})
		return err
	})
	return h
}

// run begins a run and covers the repository in it.
func (h *house) run(r records.Report) int64 {
	h.t.Helper()
	update(h.t, h.Store, func(ctx context.Context, tx *records.Tx) error {
		run, err := tx.StartRun(ctx, "sweep", "/srv", "test")
		r.Run, r.Repository, r.Findings = run.Seq, h.repository.Seq, int64(len(r.Sightings))
		if err != nil {
			return err
		}
		return tx.Cover(ctx, r)
	})
	return r.Run
}

func read(sightings ...records.Sighting) records.Report {
	return records.Report{Coverage: records.Coverage{Outcome: records.Read, Complete: true, State: "state"}, Sightings: sightings}
}

func seen(id string) records.Sighting {
	return records.Sighting{
		ID: id, Path: id + ".py", Referenced: true, Places: json.RawMessage(`[{"line":1}]`),
		Kind: records.Kind{Fingerprint: "print-" + id, Rule: "ionq-api-key", Provider: "ionq", Confidence: "high"},
	}
}

func (h *house) lives() map[string]records.Life {
	h.t.Helper()
	found, err := h.Findings(h.t.Context(), records.Filter{}, records.Page{})
	if err != nil {
		h.t.Fatal(err)
	}
	lives := map[string]records.Life{}
	for _, f := range found {
		lives[f.ID] = f.Life
	}
	return lives
}

func (h *house) expect(when string, lives map[string]records.Life) {
	h.t.Helper()
	if diff := cmp.Diff(lives, h.lives()); diff != "" {
		h.t.Errorf("%s: the lives differ (-want +got):\n%s", when, diff)
	}
}

func theLifeOfAFinding(t *testing.T, s *records.Store) {
	type lives = map[string]records.Life
	h := newHouse(t, s)
	h.run(read(seen("a"), seen("b")))
	h.expect("first", lives{"a": records.New, "b": records.New})
	h.run(read(seen("a"), seen("b")))
	h.expect("seen again", lives{"a": records.Known, "b": records.Known})

	part := read(seen("b"))
	part.Complete = false
	h.run(part)
	h.expect("not read to the end", lives{"a": records.Known, "b": records.Known})
	h.run(read(seen("b")))
	h.expect("gone", lives{"a": records.Fixed, "b": records.Known})
	h.run(read(seen("a"), seen("b")))
	h.expect("there again", lives{"a": records.Reopened, "b": records.Known})

	dangling := seen("a")
	dangling.Referenced = false
	h.run(read(dangling, seen("b")))
	h.expect("no ref leads to it", lives{"a": records.Fixed, "b": records.Known})
	h.run(read(dangling, seen("b")))
	h.expect("still none", lives{"a": records.Fixed, "b": records.Known})
	h.run(read(seen("a"), seen("b")))
	h.expect("a ref leads to it again", lives{"a": records.Reopened, "b": records.Known})

	update(t, s, func(ctx context.Context, tx *records.Tx) error {
		return tx.Answered(ctx, records.Answer{Fingerprint: "print-b", Standing: records.Inactive, Verdict: []byte(`{"reason":"refused"}`)})
	})
	h.expect("refused", lives{"a": records.Reopened, "b": records.Revoked})
	update(t, s, func(ctx context.Context, tx *records.Tx) error {
		return tx.Answered(ctx, records.Answer{Fingerprint: "print-b", Standing: records.Unknown})
	})
	h.expect("no answer changes nothing", lives{"a": records.Reopened, "b": records.Revoked})
	h.run(records.Report{Coverage: records.Coverage{Outcome: records.Unchanged, Complete: true, State: "state"}})
	h.expect("unchanged", lives{"a": records.Known, "b": records.Revoked})
	update(t, s, func(ctx context.Context, tx *records.Tx) error {
		return tx.Answered(ctx, records.Answer{Fingerprint: "print-b", Standing: records.Active})
	})
	h.expect("accepted again", lives{"a": records.Known, "b": records.Reopened})

	h.run(records.Report{Coverage: records.Coverage{Outcome: records.Failed}})
	h.expect("could not be read", lives{"a": records.Known, "b": records.Reopened})
	h.run(records.Report{Coverage: records.Coverage{Outcome: records.Deleted}})
	h.expect("deleted", lives{"a": records.Fixed, "b": records.Fixed})

	found, err := s.FindingsWithID(t.Context(), "b")
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	changes, err := s.Changes(t.Context(), found[0].Seq)
	if err != nil {
		t.Fatal(err)
	}
	var way []string
	for _, c := range changes {
		way = append(way, fmt.Sprintf("%s→%s", c.Was, c.Now))
	}
	want := "→new new→known known→revoked revoked→reopened reopened→fixed"
	if got := strings.Join(way, " "); got != want {
		t.Errorf("the way was %s, want %s", got, want)
	}
	if string(found[0].Places) != `[{"line":1}]` || found[0].FixedAt.IsZero() {
		t.Errorf("places %s, fixed at %v", found[0].Places, found[0].FixedAt)
	}
}

func decisionsEnd(t *testing.T, s *records.Store) {
	type lives = map[string]records.Life
	h := newHouse(t, s)
	expired := seen("old")
	expired.Expires = time.Now().Add(-time.Hour)
	h.run(read(seen("a"), seen("b"), expired))
	h.expect("first", lives{"a": records.New, "b": records.New, "old": records.Expired})
	ignore := func(d records.Decision) (seq int64) {
		d.Who, d.Why = "ada", "a simulator's key"
		update(t, s, func(ctx context.Context, tx *records.Tx) (err error) {
			seq, err = tx.Ignore(ctx, d)
			return err
		})
		return seq
	}
	first := ignore(records.Decision{Finding: "a"})
	ignore(records.Decision{Fingerprint: "print-b", Until: time.Now().Add(150 * time.Millisecond)})
	h.expect("ignored", lives{"a": records.Ignored, "b": records.Ignored, "old": records.Expired})
	h.run(read(seen("a"), seen("b"), expired))
	h.expect("and seen", lives{"a": records.Ignored, "b": records.Ignored, "old": records.Expired})
	pass := func(ctx context.Context, tx *records.Tx) error { return tx.Pass(ctx) }
	for deadline := time.Now().Add(time.Minute); h.lives()["b"] == records.Ignored && time.Now().Before(deadline); {
		update(t, s, pass)
	}
	h.expect("its day came", lives{"a": records.Ignored, "b": records.Known, "old": records.Expired})
	update(t, s, func(ctx context.Context, tx *records.Tx) error {
		return tx.EndDecision(ctx, first, "bob", "it is no simulator")
	})
	h.expect("taken back", lives{"a": records.Known, "b": records.Known, "old": records.Expired})
	err := s.Update(t.Context(), func(tx *records.Tx) error { return tx.EndDecision(t.Context(), first, "bob", "again") })
	if !errors.Is(err, records.ErrNotFound) {
		t.Errorf("a decision that has ended: %v", err)
	}
	if _, err := s.Decisions(t.Context(), records.DecisionFilter{Finding: "a", Fingerprint: "print-a"}, records.Page{}); err != nil {
		t.Error(err)
	}
	standing, err := s.Decisions(t.Context(), records.DecisionFilter{Standing: true}, records.Page{})
	if err != nil || len(standing) != 0 {
		t.Errorf("decisions stand: %v, %v", standing, err)
	}
	err = s.Update(t.Context(), func(tx *records.Tx) error {
		_, err := tx.Ignore(t.Context(), records.Decision{Finding: "a", Who: "ada"})
		return err
	})
	if err == nil {
		t.Error("a decision without a reason was taken")
	}
}

func aRunCoversARepositoryOnce(t *testing.T, s *records.Store) {
	h := newHouse(t, s)
	run := h.run(read(seen("a")))
	again := read(seen("a"), seen("twice"))
	again.Run, again.Repository = run, h.repository.Seq
	err := s.Update(t.Context(), func(tx *records.Tx) error { return tx.Cover(t.Context(), again) })
	if !errors.Is(err, records.ErrCovered) {
		t.Fatalf("the second time: %v", err)
	}
	h.expect("nothing was written", map[string]records.Life{"a": records.New})
	// A discovery that was killed begins again, and finds what its own run has read.
	unchanged := func(run int64) {
		update(t, s, func(ctx context.Context, tx *records.Tx) error {
			return tx.CoverUnchanged(ctx, run, []int64{h.repository.Seq})
		})
	}
	unchanged(run)
	h.expect("told of in this run", map[string]records.Life{"a": records.New})
	for repository, want := range map[int64]bool{h.repository.Seq: false, h.repository.Seq + 1: true} {
		if awaited, err := s.Awaits(t.Context(), run, repository); err != nil || awaited != want {
			t.Errorf("repository %d is awaited: %t, %v", repository, awaited, err)
		}
	}
	p, err := s.Progress(t.Context(), run)
	if err != nil || p.Covered() != 1 || p.Findings != 1 || p.Changed[records.New] != 1 {
		t.Errorf("progress %+v, %v", p, err)
	}
	r, err := s.Repository(t.Context(), h.repository.Seq)
	if err != nil || r.State != "state" || !r.Complete || r.StateRun != run {
		t.Errorf("repository %+v, %v", r, err)
	}
	update(t, s, func(ctx context.Context, tx *records.Tx) error {
		next, err := tx.StartRun(ctx, "sweep", "/srv", "test")
		run = next.Seq
		return err
	})
	unchanged(run)
	h.expect("unchanged in the next run", map[string]records.Life{"a": records.Known})
}

func aRepositoryIsHeld(t *testing.T, s *records.Store) {
	h := newHouse(t, s)
	ctx := t.Context()
	hold := func(who string, howLong time.Duration, want bool) {
		t.Helper()
		got, err := s.Hold(ctx, h.repository.Seq, who, howLong)
		if err != nil || got != want {
			t.Fatalf("%s holds: %v, %v, want %v", who, got, err, want)
		}
	}
	hold("one", time.Hour, true)
	hold("two", time.Hour, false)
	hold("one", -time.Hour, true)
	hold("two", time.Hour, true)
	late := read(seen("a"))
	late.Holder, late.Repository, late.Run = "one", h.repository.Seq, 1
	if err := s.Update(ctx, func(tx *records.Tx) error { return tx.Cover(ctx, late) }); !errors.Is(err, records.ErrLost) {
		t.Errorf("who lost it wrote: %v", err)
	}
	h.expect("nothing was written", map[string]records.Life{})
	late.Holder = "two"
	update(t, s, func(ctx context.Context, tx *records.Tx) error { return tx.Cover(ctx, late) })
	hold("one", time.Hour, true)
	if err := s.Release(ctx, h.repository.Seq, "two"); err != nil {
		t.Fatal(err)
	}
	hold("two", time.Hour, false)
	update(t, s, func(ctx context.Context, tx *records.Tx) error { return tx.ReleaseAll(ctx, "one") })
	hold("two", time.Hour, true)
}

func keysOverTime(t *testing.T, s *records.Store) {
	day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	last := day.Add(-time.Hour)
	for i, used := range []time.Time{{}, last, last, last, day.AddDate(0, 0, 3)} {
		update(t, s, func(ctx context.Context, tx *records.Tx) error {
			k := key.Key{Provider: "ibm", ID: "k1", Name: "nightly", Account: key.Party{ID: "acc"}, Use: key.Use{Known: true, Last: used}}
			return tx.Listed(ctx, k, "", day.AddDate(0, 0, i))
		})
	}
	keys, err := s.Keys(t.Context(), records.KeyFilter{Provider: "ibm", Present: true}, records.Page{})
	if err != nil || len(keys) != 1 {
		t.Fatal(keys, err)
	}
	uses, err := s.Uses(t.Context(), keys[0].Seq)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, u := range uses {
		got = append(got, fmt.Sprintf("%d-%d %s", u.At.Day(), u.Until.Day(), u.Last.Format("02.15")))
	}
	if want := "1-1 01.00|2-4 31.23|5-5 04.00"; strings.Join(got, "|") != want {
		t.Errorf("its use was %s, want %s", strings.Join(got, "|"), want)
	}
	update(t, s, func(ctx context.Context, tx *records.Tx) error {
		return tx.Unlisted(ctx, keys[0].Seq, day.AddDate(0, 0, 9))
	})
	k, err := s.Key(t.Context(), keys[0].Seq)
	if err != nil || k.Gone.IsZero() || k.Record.Name != "nightly" {
		t.Errorf("after a list without it: %+v, %v", k, err)
	}
}

func exportRetainDelete(t *testing.T, s *records.Store) {
	h := newHouse(t, s)
	for range 3 {
		h.run(read(seen("a"), seen("b")))
	}
	update(t, s, func(ctx context.Context, tx *records.Tx) error {
		if err := tx.Listed(ctx, key.Key{Provider: "ionq", ID: "k"}, "print-a", time.Now()); err != nil {
			return err
		}
		if _, err := tx.Act(ctx, records.Action{Kind: "plan", Subject: "p1", State: "drafted", Who: "sweep"}); err != nil {
			return err
		}
		if _, err := tx.Ignore(ctx, records.Decision{Finding: "a", Who: "ada", Why: "a test's"}); err != nil {
			return err
		}
		return tx.PutSchedule(ctx, records.Schedule{Name: "nightly", Cron: "0 2 * * *", Zone: "UTC", Due: time.Now()})
	})
	var out bytes.Buffer
	if err := s.Export(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for text := range strings.SplitSeq(strings.TrimSpace(out.String()), "\n") {
		var l struct{ Type string }
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatal(err)
		}
		counts[l.Type]++
	}
	want := map[string]int{"repository": 1, "finding": 2, "change": 5, "decision": 1, "key": 1, "use": 1, "run": 3, "coverage": 3, "action": 1, "schedule": 1}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Errorf("the export differs (-want +got):\n%s", diff)
	}
	for _, c := range []struct {
		r    records.Retention
		want records.Retained
	}{
		{records.Retention{Coverage: time.Hour, Runs: time.Hour, Changes: time.Hour, Actions: time.Hour}, records.Retained{}},
		{records.Retention{}, records.Retained{}},
		// The last coverage stays, runs did not end, and the findings are not over.
		{records.Retention{Coverage: time.Microsecond, Runs: time.Microsecond, Changes: time.Microsecond, Actions: time.Microsecond}, records.Retained{Coverage: 2, Actions: 1}},
	} {
		got, err := s.Retain(t.Context(), c.r)
		if err != nil || got != c.want {
			t.Errorf("kept for %+v: %+v were deleted, %v", c.r, got, err)
		}
	}
	update(t, s, func(ctx context.Context, tx *records.Tx) error {
		n, err := tx.DeleteRepository(ctx, h.repository.Seq)
		if n != 2 {
			t.Errorf("%d findings deleted", n)
		}
		return err
	})
	h.expect("deleted", map[string]records.Life{})
}
