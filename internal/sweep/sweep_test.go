package sweep_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qleaks/qleaks/internal/peertest"
	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/sweep"
)

func TestEveryDriver(t *testing.T) {
	cases := map[string]func(t *testing.T, s *records.Store){
		"sweeps one after another": sweepsOneAfterAnother,
		"what goes wrong":          whatGoesWrong,
		"schedules":                schedules,
		"a sweep is cancelled":     aSweepIsCancelled,
		"old records go":           oldRecordsGo,
	}
	t.Run("sqlite", func(t *testing.T) {
		for name, test := range cases {
			t.Run(name, func(t *testing.T) { test(t, opened(t, filepath.Join(t.TempDir(), "r.db"))) })
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

func newShop(t *testing.T) shop {
	t.Helper()
	return shop{dir: t.TempDir(), log: filepath.Join(t.TempDir(), "log")}
}

func (s shop) readings(t *testing.T) map[string]int {
	t.Helper()
	text, err := os.ReadFile(s.log)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	count := map[string]int{}
	for name := range strings.FieldsSeq(string(text)) {
		count[name]++
	}
	return count
}

func sweepsOneAfterAnother(t *testing.T, s *records.Store) {
	at := newShop(t)
	for i := range 30 {
		at.put(t, fmt.Sprintf("r%02d", i), strings.Repeat("k", i%4)+" other")
	}
	desk, err := sweep.NewDesk(s)
	if err != nil {
		t.Fatal(err)
	}
	working(t, sweep.Options{Store: s, Source: at, Reader: at, Workers: 4, Steps: []sweep.NamedStep{step("verify", false), step("judge", false)}})
	run := func(r sweep.Request, want map[records.Outcome]int64) {
		t.Helper()
		r.Target = at.dir
		started, err := desk.Start(t.Context(), r, "test")
		if err != nil {
			t.Fatal(err)
		}
		if ended := await(t, s, started.Seq); ended.State != records.Done {
			t.Errorf("the run ended as %+v", ended)
		}
		p, err := s.Progress(t.Context(), started.Seq)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, p.Repositories); diff != "" {
			t.Errorf("outcomes (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(at.want(t), openFindings(t, s)); diff != "" {
			t.Errorf("findings (-want +got):\n%s", diff)
		}
	}
	run(sweep.Request{Steps: []string{"verify", "judge"}}, map[records.Outcome]int64{records.Read: 30})
	run(sweep.Request{}, map[records.Outcome]int64{records.Unchanged: 30})
	at.put(t, "r03", "changed")
	if err := os.Remove(filepath.Join(at.dir, "r04")); err != nil {
		t.Fatal(err)
	}
	run(sweep.Request{}, map[records.Outcome]int64{records.Unchanged: 28, records.Read: 1, records.Deleted: 1})
	run(sweep.Request{Again: true}, map[records.Outcome]int64{records.Read: 29})

	want := map[string]int{}
	for i := range 30 {
		want[fmt.Sprintf("r%02d", i)] = 2
	}
	want["r03"], want["r04"] = 3, 1
	if diff := cmp.Diff(want, at.readings(t)); diff != "" {
		t.Errorf("readings (-want +got):\n%s", diff)
	}
	actions, err := s.Actions(t.Context(), records.ActionFilter{Subject: at.dir}, records.Page{})
	if err != nil || len(actions) != 2 || actions[1].Kind != "verify" || actions[0].Kind != "judge" || actions[0].State != "done" {
		t.Errorf("actions %+v, %v", actions, err)
	}
}

func whatGoesWrong(t *testing.T, s *records.Store) {
	at := newShop(t)
	for name, text := range map[string]string{"good": "a", "vanished": "vanished", "busy": "busy b", "partial": "partial c", "broken": "broken d"} {
		at.put(t, name, text)
	}
	desk, err := sweep.NewDesk(s)
	if err != nil {
		t.Fatal(err)
	}
	working(t, sweep.Options{Store: s, Source: at, Reader: at, Workers: 2, Steps: []sweep.NamedStep{step("verify", true), step("judge", false)}})
	started, err := desk.Start(t.Context(), sweep.Request{Target: at.dir, Steps: []string{"verify", "judge"}}, "test")
	if err != nil {
		t.Fatal(err)
	}
	if ended := await(t, s, started.Seq); ended.State != records.Partial || ended.Covered != 5 {
		t.Errorf("the run ended as %+v", ended)
	}
	p, err := s.Progress(t.Context(), started.Seq)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[records.Outcome]int64{records.Read: 3, records.Deleted: 1, records.Failed: 1}, p.Repositories); diff != "" || p.Incomplete != 2 {
		t.Errorf("outcomes (-want +got):\n%s, %d incomplete", diff, p.Incomplete)
	}
	actions, err := s.Actions(t.Context(), records.ActionFilter{}, records.Page{})
	if err != nil || len(actions) != 2 || actions[1].State != "partial" || string(actions[1].Detail) != `{"failed":1}` || actions[0].State != "done" {
		t.Errorf("the steps were done as %+v, %v", actions, err)
	}
	if run, err := s.Run(t.Context(), started.Seq); err != nil || !strings.Contains(string(run.Totals), `"failedSteps":["verify"]`) {
		t.Errorf("the run says %s, %v", run.Totals, err)
	}
	// A target that is not there ends its run, and what failed can be tried again.
	if started, err = desk.Start(t.Context(), sweep.Request{Target: filepath.Join(at.dir, "nowhere")}, "test"); err != nil {
		t.Fatal(err)
	}
	if ended := await(t, s, started.Seq); ended.State != records.Broken || ended.Error == "" {
		t.Errorf("the run ended as %+v", ended)
	}
	if err := desk.Retry(t.Context(), 1<<40); err == nil {
		t.Error("a job that is not there was tried again")
	}
	for _, state := range []string{sweep.JobsRunning, sweep.JobsDead, sweep.JobsWaiting, sweep.JobsRetrying} {
		if _, err := desk.Jobs(t.Context(), state, 10); err != nil {
			t.Errorf("%s: %v", state, err)
		}
	}
}

func schedules(t *testing.T, s *records.Store) {
	at := newShop(t)
	at.put(t, "r", "a")
	request, err := json.Marshal(sweep.Request{Target: at.dir})
	if err != nil {
		t.Fatal(err)
	}
	due := records.Schedule{Name: "nightly", Cron: "0 2 * * *", Zone: "Europe/Berlin", Request: request, Enabled: true, Due: time.Now().AddDate(0, 0, -3)}
	if err := s.Update(t.Context(), func(tx *records.Tx) error { return tx.PutSchedule(t.Context(), due) }); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		working(t, sweep.Options{Store: s, Source: at, Reader: at, Workers: 1})
	}
	await(t, s, 1)
	runs, err := s.Runs(t.Context(), records.Page{})
	if err != nil || len(runs) != 1 || runs[0].Cause != "schedule nightly" {
		t.Errorf("runs %+v, %v", runs, err)
	}
	all, err := s.Schedules(t.Context())
	if err != nil || len(all) != 1 || !all[0].Due.After(time.Now()) || all[0].Run != runs[0].Seq {
		t.Errorf("schedules %+v, %v", all, err)
	}
}

func aSweepIsCancelled(t *testing.T, s *records.Store) {
	at := newShop(t)
	at.slow = time.Hour
	for i := range 9 {
		at.put(t, fmt.Sprintf("r%d", i), "a")
	}
	desk, err := sweep.NewDesk(s)
	if err != nil {
		t.Fatal(err)
	}
	working(t, sweep.Options{Store: s, Source: at, Reader: at, Workers: 2, Patience: patience})
	started, err := desk.Start(t.Context(), sweep.Request{Target: at.dir}, "test")
	if err != nil {
		t.Fatal(err)
	}
	until(t, "two repositories are read", func() bool { return len(at.readings(t)) == 2 })
	if err := desk.Cancel(t.Context(), started.Seq, "ada"); err != nil {
		t.Fatal(err)
	}
	if ended := await(t, s, started.Seq); ended.State != records.Cancelled || ended.Error != "cancelled by ada" || ended.Ended.IsZero() {
		t.Errorf("the run ended as %+v", ended)
	}
	until(t, "what is being read is dropped", func() bool {
		running, err := desk.Jobs(t.Context(), sweep.JobsRunning, 10)
		return err == nil && len(running) == 0
	})
	for _, state := range []string{sweep.JobsWaiting, sweep.JobsRetrying, sweep.JobsDead} {
		if left, err := desk.Jobs(t.Context(), state, 10); err != nil || len(left) > 0 {
			t.Errorf("%s are %+v, %v", state, left, err)
		}
	}
	if n := len(at.readings(t)); n != 2 {
		t.Errorf("%d repositories were begun", n)
	}
	if err := desk.Cancel(t.Context(), started.Seq, "ada"); !errors.Is(err, sweep.ErrOver) {
		t.Errorf("cancelled once more: %v", err)
	}
	if err := desk.Cancel(t.Context(), started.Seq+1000, "ada"); !errors.Is(err, records.ErrNotFound) {
		t.Errorf("a run that is not there was cancelled: %v", err)
	}
	// The repositories are free for whoever comes next.
	for i := range int64(9) {
		if held, err := s.Hold(t.Context(), i+1, "somebody", time.Minute); err != nil || !held {
			t.Errorf("repository %d can be held: %t, %v", i+1, held, err)
		}
	}
}

// Of several workers one deletes what is old, once.
func oldRecordsGo(t *testing.T, s *records.Store) {
	at := newShop(t)
	for _, subject := range []string{"one", "two"} {
		err := s.Update(t.Context(), func(tx *records.Tx) error {
			_, err := tx.Act(t.Context(), records.Action{Kind: "plan", Subject: subject, State: "drafted", Who: "test"})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		working(t, sweep.Options{Store: s, Source: at, Reader: at, Workers: 1, Retention: records.Retention{Actions: time.Microsecond}})
		until(t, "what is old is deleted", func() bool {
			left, err := s.Actions(t.Context(), records.ActionFilter{}, records.Page{})
			return err == nil && len(left) == 1 && left[0].Kind == "retain" && string(left[0].Detail) == `{"coverage":0,"runs":0,"changes":0,"actions":2}`
		})
	}
}

// until waits for something.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(4 * time.Minute); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never came to this: %s", what)
		}
	}
}

// The clocks go forward on 2026-03-29 and back on 2026-10-25, at 02:00 and 03:00 in
// Berlin.
func TestWhenSchedulesAreDue(t *testing.T) {
	berlin := func(text string) time.Time {
		t.Helper()
		zone, err := time.LoadLocation("Europe/Berlin")
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.ParseInLocation("2006-01-02 15:04", text, zone)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for _, c := range []struct{ cron, after, want string }{
		{"0 2 * * *", "2026-01-01 03:00", "2026-01-02 02:00"},
		{"30 4 * * 1", "2026-11-29 12:00", "2026-11-30 04:30"},
		{"30 3 * * *", "2026-03-28 12:00", "2026-03-29 03:30"},
		{"30 3 * * *", "2026-10-24 12:00", "2026-10-25 03:30"},
		{"@weekly", "2026-11-25 12:00", "2026-11-29 00:00"},
	} {
		got, err := sweep.Next(records.Schedule{Cron: c.cron, Zone: "Europe/Berlin"}, berlin(c.after))
		if err != nil || !got.Equal(berlin(c.want)) {
			t.Errorf("%s after %s: %v, %v, want %s", c.cron, c.after, got, err, c.want)
		}
	}
	plain := records.Schedule{Name: "n", Cron: "0 2 * * *", Zone: "UTC"}
	late := plain
	late.Jitter = time.Hour
	begin := berlin("2026-01-01 03:00")
	first, _ := sweep.Next(plain, begin)
	second, err := sweep.Next(late, begin)
	third, _ := sweep.Next(late, begin)
	if err != nil || second.Before(first) || second.After(first.Add(time.Hour)) || !second.Equal(third) {
		t.Errorf("with jitter %v and %v, %v, without %v", second, third, err, first)
	}
	for _, bad := range []records.Schedule{{Cron: "0 2 * *", Zone: "UTC"}, {Cron: "0 2 * * *", Zone: "Berlin/Mitte"}, {Cron: "0 0 31 2 *", Zone: "UTC"}, {Cron: "0 2 * * *", Jitter: -1}} {
		if _, err := sweep.Next(bad, begin); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}

func TestReports(t *testing.T) {
	good := `{"schema":"qleaks.findings/1","findings":[
		{"id":"i1","rule":"r","provider":"p","confidence":"high","fingerprint":"f","path":"a","secret":"marker","redacted":"marker","occurrences":[{"place":"blob","git":{"reach":"dangling","refs":[]}}]},
		{"id":"i2","rule":"r","provider":"p","confidence":"high","fingerprint":"f","path":"b","expires":"2026-01-02T03:04:05Z","occurrences":[{"place":"blob","git":{"reach":"ref","refs":["main"]}}]}],
		"coverage":{"complete":true,"blobs":7,"unread":0,"skipped":[{"path":"x","outcome":"excluded","reason":"socket"}]}}`
	got, err := sweep.ReadReport(strings.NewReader(good))
	if err != nil || len(got.Sightings) != 2 || !got.Complete {
		t.Fatal(got, err)
	}
	if got.Sightings[0].Referenced || !got.Sightings[1].Referenced || got.Sightings[1].Expires.Year() != 2026 || got.Sightings[1].Provider != "p" {
		t.Errorf("%+v", got.Sightings)
	}
	if strings.Contains(fmt.Sprint(got), "marker") {
		t.Error("material was taken from a report")
	}
	for _, bad := range []string{"", "{}", "[]", `{"schema":"qleaks.findings/2"}`, good[:len(good)/2], strings.Replace(good, `"i2"`, `""`, 1), strings.Replace(good, `"git":{"reach":"ref"`, `"git":["x"`, 1)} {
		if _, err := sweep.ReadReport(strings.NewReader(bad)); err == nil {
			t.Errorf("%.40q was taken", bad)
		}
	}
}
