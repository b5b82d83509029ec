package pages_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/records/recordstest"
	"github.com/qleaks/qleaks/internal/sweep"
	"github.com/qleaks/qleaks/internal/sweep/sweeptest"
	"github.com/qleaks/qleaks/internal/web/access"
	"github.com/qleaks/qleaks/internal/web/desk"
	"github.com/qleaks/qleaks/internal/web/pages"
	"github.com/qleaks/qleaks/remediate"
)

const day = 24 * time.Hour

// policy is what the server answers every page with.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// names are what a repository controls. Each test of hostile names has others.
type names struct {
	repository, path, author, ref, member, reason, key, owner, url string
}

func plainNames() names {
	return names{
		repository: "github:acme/vqe-benchmarks", path: "notebooks/run_on_aria.ipynb", author: "Ada Lovelace", ref: "refs/heads/main",
		member: "results/run.log", reason: "the object is not in the repository", key: "nightly-calibration", owner: "Grace Hopper",
		url: "https://github.com/acme/vqe-benchmarks/blob/main/notebooks/run_on_aria.ipynb",
	}
}

// marker stands for key material in fields of reports that no page may take.
const marker = "MATERIAL-MARKER-7f3a"

// world is a database with pages over it.
type world struct {
	t     *testing.T
	store *records.Store
	gate  *access.Gate
	desk  *desk.Desk
	// open has the pages as they are, mux behind the roles of the table.
	open, mux *http.ServeMux
	// role and name are of who asks; with doors it is who has signed in.
	role  access.Role
	name  string
	doors bool
	// Seqs are the numbers of one of each kind.
	finding, key, repository, run, decision int64
	plan                                    string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	store := recordstest.Open(t)
	sweeps := sweeptest.Desk(t, store)
	gate, err := access.NewGate(access.Options{Store: store})
	if err != nil {
		t.Fatal(err)
	}
	request := func(r sweep.Request) (sweep.Request, error) {
		if !strings.HasPrefix(r.Target, "github:") {
			return r, errors.New("the target names no owner")
		}
		return r, nil
	}
	changes := &desk.Desk{Store: store, Sweeps: sweeps, Request: request}
	p, err := pages.New(pages.Options{
		Store: store, Sweeps: sweeps, Gate: gate, Desk: changes, About: pages.About{Version: "1.2.0", Database: "SQLite"},
		Policy: func() (remediate.Policy, error) {
			p := remediate.DefaultPolicy()
			p.Protected = []string{"ibm/*-prod"}
			return p, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, store: store, gate: gate, desk: changes, mux: http.NewServeMux(), open: http.NewServeMux(), role: access.Admin, name: "ada"}
	for _, r := range p.Routes() {
		w.mux.Handle(r.Method+" "+r.Pattern, w.through(r))
		w.open.Handle(r.Method+" "+r.Pattern, r.Handler)
	}
	return w
}

// through lets those through to a page who may see it, as the server does.
func (w *world) through(route access.Route) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if !route.Public && !access.From(r.Context()).Role.May(route.Role) {
			http.Redirect(rw, r, access.SignInAddress(r.URL.RequestURI()), http.StatusSeeOther)
			return
		}
		route.Handler.ServeHTTP(rw, r)
	})
}

// bare are the pages without what the server puts before them.
func (w *world) bare() http.Handler { return w.open }

// ServeHTTP answers as the server does around the pages: with who asks, and with a
// content security policy.
func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	rw.Header().Set("Content-Security-Policy", policy)
	who := access.Identity{Name: w.name, Role: w.role, User: 1, Session: "session"}
	if w.doors {
		who, _ = w.gate.Identify(r) // nobody is the zero Identity
	}
	if who.Role != access.Nobody {
		r = r.WithContext(access.With(r.Context(), who))
	}
	w.mux.ServeHTTP(rw, r)
}

// get returns a page, which must have a status.
func (w *world) get(path string, status int) string {
	w.t.Helper()
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, httptest.NewRequestWithContext(w.t.Context(), http.MethodGet, path, nil))
	if rec.Code != status {
		w.t.Errorf("GET %s: %d, want %d: %s", path, rec.Code, status, rec.Body)
	}
	return rec.Body.String()
}

func (w *world) update(do func(ctx context.Context, tx *records.Tx) error) {
	w.t.Helper()
	recordstest.Update(w.t, w.store, do)
}

func encoded(t *testing.T, v any) json.RawMessage {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// sighting is a finding as a reader tells it, with fields that nobody should take.
func sighting(t *testing.T, n names, i int, fingerprint string) records.Sighting {
	t.Helper()
	location := map[string]any{"path": n.path, "line": 12 + i, "column": 9, "secret": marker}
	switch i % 3 {
	case 0:
		location["notebook"] = map[string]any{"cell": 3, "part": "source", "line": 2}
	case 1:
		location["archive"] = map[string]any{"member": n.member}
		location["decoded"] = []string{"base64"}
	}
	occurrence := map[string]any{"place": "history", "location": location, "url": n.url, "secret": marker, "git": map[string]any{
		"object": "4b825dc642cb6eb9a060e54bf8d69288fbee4904", "commit": "9fceb02d0ae598e95dc970b74767f19372d61af8", "author": n.author, "email": n.author + "@example.org",
		"date": time.Now().Add(-140 * day).UTC().Format(time.RFC3339), "refs": []string{n.ref}, "moreRefs": 2, "reach": "ref",
	}}
	file := map[string]any{"place": "worktree", "location": map[string]any{"path": n.path, "line": 3, "column": 1}}
	return records.Sighting{
		ID: fmt.Sprintf("qlfinding%04d", i), Path: fmt.Sprintf("%s%d", n.path, i), Referenced: true,
		Kind:   records.Kind{Fingerprint: fingerprint, Rule: "ionq-api-key", Provider: "ionq", Confidence: "high"},
		Places: encoded(t, []any{occurrence, file}),
	}
}

func fingerprint(i int) string {
	return (fmt.Sprintf("fp%c", 'a'+i%20) + strings.Repeat("qz7m", 6))[:26]
}

// fill makes records of every kind.
func (w *world) fill(n names) {
	w.t.Helper()
	var repositories []records.Repository
	w.update(func(ctx context.Context, tx *records.Tx) error {
		for i := range 4 {
			name := n.repository
			if i > 0 {
				name = fmt.Sprintf("%s-%d", n.repository, i)
			}
			r, err := tx.PutRepository(ctx, records.Repository{
				Name: name, Origin: "github:acme", Location: n.repository, URL: n.url, Pushed: time.Now().Add(-5 * time.Hour),
				About: encoded(w.t, map[string]any{"visibility": "public", "archived": true, "branch": n.ref}),
			})
			if err != nil {
				return err
			}
			repositories = append(repositories, r)
		}
		return nil
	})
	w.repository = repositories[0].Seq
	for i := range 3 {
		w.sweep(n, repositories, i)
	}
	w.decide(n)
	w.list(n)
	w.going(n)
	w.bring(n)
	w.people()
}

// sweep makes a run that has ended.
func (w *world) sweep(n names, repositories []records.Repository, i int) {
	w.t.Helper()
	w.update(func(ctx context.Context, tx *records.Tx) error {
		run, err := tx.StartRun(ctx, "sweep", "github:acme", "schedule "+n.key)
		if err != nil {
			return err
		}
		w.run = run.Seq
		_, _ = tx.MoveRun(ctx, run.Seq, records.Discovering, records.Sweeping)
		_ = tx.Expect(ctx, run.Seq, int64(len(repositories)))
		for k, r := range repositories {
			report := records.Report{Coverage: records.Coverage{Run: run.Seq, Repository: r.Seq, Outcome: records.Read, Complete: k != 1, Extent: records.Extent{
				Tips:     encoded(w.t, map[string]string{n.ref: "9fceb02d0ae598e95dc970b74767f19372d61af8"}),
				Counts:   encoded(w.t, map[string]any{"objects": 18234, "blobs": 5120, "bytes": 84_123_456, "unread": k % 2, "excluded": 3}),
				Skipped:  encoded(w.t, []any{map[string]any{"path": n.path, "outcome": "unread", "reason": n.reason}, map[string]any{"path": "data/set.bin", "outcome": "excluded", "reason": "an absent LFS object"}}),
				Findings: 3, Millis: 1834,
			}}}
			if k == 3 {
				report.Outcome, report.Complete = records.Failed, false
			} else {
				for f := range 3 + i - k%2 {
					report.Sightings = append(report.Sightings, sighting(w.t, n, f+10*k, fingerprint(f)))
				}
			}
			if err := tx.Cover(ctx, report); err != nil {
				return err
			}
		}
		verdict := encoded(w.t, map[string]any{
			"provider": "ionq", "account": n.owner, "reason": n.reason, "secret": marker, "evidence": map[string]any{"request": "GET api.ionq.co/v0.4/jobs", "httpStatus": 200, "control": "made-up value refused"},
			"key": map[string]any{"provider": "ionq", "owner": map[string]any{"name": n.owner}}, "reach": map[string]any{"jobs": 41, "spent": []any{map[string]any{"value": 812.5, "unit": n.reason}}},
		})
		for f, standing := range []string{records.Active, records.Inactive} {
			if err := tx.Answered(ctx, records.Answer{Fingerprint: fingerprint(f), Standing: standing, Verdict: verdict, Run: run.Seq}); err != nil {
				return err
			}
		}
		p, err := tx.Progress(ctx, run.Seq)
		if err != nil {
			return err
		}
		counts := []records.Count{{Life: records.Known, Standing: records.Active, Count: int64(5 - i)}, {Life: records.New, Standing: records.Unknown, Count: int64(4 + 2*i)}}
		if err := tx.Total(ctx, run.Seq, encoded(w.t, sweep.Totals{Progress: p, Findings: counts, Failed: []string{n.key}}), "not everything was read or done"); err != nil {
			return err
		}
		if _, err := tx.Act(ctx, records.Action{Kind: "verify", Subject: "github:acme", State: "done", Who: "sweep", Run: run.Seq, Detail: encoded(w.t, map[string]any{"keys": 4, "note": n.reason})}); err != nil {
			return err
		}
		_, err = tx.MoveRun(ctx, run.Seq, records.Sweeping, records.Partial)
		return err
	})
}

// decide makes a decision about a finding, and one that was taken back.
func (w *world) decide(n names) {
	w.t.Helper()
	found, err := w.store.Findings(w.t.Context(), records.Filter{Standing: records.Active}, records.Page{})
	if err != nil || len(found) < 2 {
		w.t.Fatal(len(found), err)
	}
	found[0], err = w.store.Finding(w.t.Context(), 1)
	if err != nil {
		w.t.Fatal(err)
	}
	w.finding = found[0].Seq
	w.update(func(ctx context.Context, tx *records.Tx) error {
		if w.decision, err = tx.Ignore(ctx, records.Decision{Finding: found[0].ID, Who: "grace", Why: n.reason, Until: time.Now().Add(30 * day)}); err != nil {
			return err
		}
		over, err := tx.Ignore(ctx, records.Decision{Finding: found[0].ID, Who: "ada", Why: n.reason})
		if err != nil {
			return err
		}
		return tx.EndDecision(ctx, over, "grace", "it works after all")
	})
}

// list makes lists of keys: one is found and idle, one was never used, of one
// nobody knows, one is used every day and one is gone.
func (w *world) list(n names) {
	w.t.Helper()
	now := time.Now().UTC()
	owner := key.Party{ID: "u-1", Name: n.owner}
	last := now.Add(-118 * day)
	w.update(func(ctx context.Context, tx *records.Tx) error {
		for week := 22; week >= 0; week-- {
			at := now.Add(-time.Duration(week)*7*day - time.Hour)
			used := at.Add(-2 * day)
			if used.After(last) {
				used = last
			}
			for fingerprint, k := range listed(n, owner, now, at, used, week > 10) {
				if err := tx.Listed(ctx, k, fingerprint, at); err != nil {
					return err
				}
			}
		}
		return nil
	})
	keys, err := w.store.Keys(w.t.Context(), records.KeyFilter{Provider: "ionq"}, records.Page{Most: 1})
	if err != nil || len(keys) != 1 {
		w.t.Fatal(keys, err)
	}
	w.key = keys[0].Seq
	taught, err := w.store.Keys(w.t.Context(), records.KeyFilter{Account: "teaching"}, records.Page{})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, k := range taught {
		if k.ID == "ibm-2" {
			w.update(func(ctx context.Context, tx *records.Tx) error { return tx.Unlisted(ctx, k.Seq, now.Add(-70*day)) })
		}
	}
	w.update(func(ctx context.Context, tx *records.Tx) error {
		_, err := tx.Act(ctx, records.Action{Kind: "rotate", Subject: fingerprint(0), State: "planned", Who: n.owner, Detail: encoded(w.t, map[string]string{"note": n.reason})})
		return err
	})
}

// listed are the keys of one list, with their fingerprints where these are known.
func listed(n names, owner key.Party, now, at, used time.Time, old bool) iter.Seq2[string, key.Key] {
	lab, course := key.Party{ID: "acme-lab"}, key.Party{ID: "teaching"}
	return func(yield func(string, key.Key) bool) {
		_ = yield(fingerprint(0), key.Key{
			Provider: "ionq", ID: "ionq-1", Name: n.key, Description: n.reason, Owner: owner, Account: lab,
			Dates: key.Dates{Created: now.Add(-300 * day), Expires: now.Add(65 * day)}, Use: key.Use{Known: true, Last: used, Count: 900}, Roles: []string{n.owner},
		}) &&
			yield("", key.Key{Provider: "ibm", ID: "ibm-7", Name: "old-course", Owner: owner, Account: course, Dates: key.Dates{Created: now.Add(-400 * day)}, Use: key.Use{Known: true}}) &&
			yield(fingerprint(2), key.Key{Provider: "qbraid", ID: "qb-3", Name: "laptop", Account: lab}) &&
			yield("", key.Key{Provider: "ibm", ID: "ibm-9", Name: "pipeline", Owner: owner, Account: lab, Dates: key.Dates{Created: now.Add(-20 * day)}, Use: key.Use{Known: true, Last: at.Add(-3 * time.Hour)}}) &&
			(!old || yield(fingerprint(1), key.Key{Provider: "ibm", ID: "ibm-2", Name: "retired", Account: course, Dates: key.Dates{Created: now.Add(-700 * day)}, Use: key.Use{Known: true, Last: now.Add(-200 * day)}}))
	}
}

// going makes a run that goes on, a schedule, a worker, and jobs.
func (w *world) going(n names) {
	w.t.Helper()
	sweeps := sweeptest.Desk(w.t, w.store)
	if _, err := sweeps.PutSchedule(w.t.Context(), records.Schedule{Name: n.key, Cron: "0 2 * * *", Zone: "Europe/Berlin", Jitter: 10 * time.Minute, Enabled: true}, sweep.Request{Target: n.repository, Steps: []string{"verify", "keys"}}); err != nil {
		w.t.Fatal(err)
	}
	if err := w.store.Beat(w.t.Context(), records.Worker{ID: "w1", Host: n.owner, PID: 4242, Version: "1.2.0"}); err != nil {
		w.t.Fatal(err)
	}
	run, err := sweeps.Start(w.t.Context(), sweep.Request{Target: n.repository}, "person "+n.owner)
	if err != nil {
		w.t.Fatal(err)
	}
	w.update(func(ctx context.Context, tx *records.Tx) error {
		_, err := tx.MoveRun(ctx, run.Seq, records.Discovering, records.Sweeping)
		if err == nil {
			err = tx.Expect(ctx, run.Seq, 4)
		}
		if err == nil {
			err = tx.CoverUnchanged(ctx, run.Seq, []int64{w.repository})
		}
		return err
	})
}

// bring keeps a plan that waits, and others that were decided about.
func (w *world) bring(n names) {
	w.t.Helper()
	for i := range 3 {
		plan := somePlan(n, i)
		w.update(func(ctx context.Context, tx *records.Tx) error {
			kept, err := desk.KeepPlan(ctx, tx, plan, "sweep", w.run)
			if err != nil || i == 0 {
				w.plan = kept.Hash
				return err
			}
			state := map[int]records.PlanState{1: records.PlanApproved, 2: records.PlanRejected}[i]
			_, err = tx.Vote(ctx, records.Vote{Plan: kept.Hash, Who: "grace", Yes: i == 1, Why: n.reason}, state)
			return err
		})
	}
}

func somePlan(n names, i int) remediate.Plan {
	n.key = strings.ToValidUTF8(strings.ReplaceAll(n.key, "\x00", ""), "")
	return remediate.Plan{
		Schema: "qleaks.plan/1", Made: time.Now().UTC().Truncate(time.Second), Requester: "tim",
		Rows: []remediate.Row{{
			ID:     fmt.Sprintf("01JDVWXQ0000000000000000A%d", i),
			Key:    remediate.Target{Provider: "ibm", Account: "acme-lab", ID: "ApiKey-1", Name: n.key, Owner: key.Party{Name: n.owner}, Facts: remediate.Facts{AsOf: time.Now().UTC()}},
			Reason: remediate.Leaked, Why: []string{n.reason}, Order: remediate.RevokeOnly, OrderWhy: "it leaked to everybody, and nothing uses it",
			Exposure: remediate.Exposure{Reach: remediate.Public, Since: time.Now().Add(-140 * day), Places: []string{n.repository + " " + n.path}, MorePlaces: 2},
			Running:  remediate.Running{Asked: true, Jobs: []provider.Job{{ID: "job-7", Status: "queued", Backend: n.reason}}, Cancel: []string{"job-7"}},
			Steps: []remediate.Step{
				{Do: remediate.Evidence, By: remediate.ByOwn, Text: "Note what is known of the key and of what runs with it"},
				{Do: remediate.Revoke, By: remediate.ByAPI, Text: "Revoke " + n.key, Forever: true, Wait: remediate.Span(time.Hour)},
				{Do: remediate.Refused, By: remediate.ByAPI, Text: "Show that the key is refused"},
			},
			Remarks: remediate.Remarks{Unknown: []string{n.reason}, After: []string{"Tell " + n.owner + "."}},
		}},
		Left: []remediate.Left{{Provider: "ionq", Key: n.key, Why: n.reason}},
		Gaps: []string{"nobody knows who uses " + n.key},
	}
}

// people are users, and a token.
func (w *world) people() {
	w.t.Helper()
	w.update(func(ctx context.Context, tx *records.Tx) error {
		ada, err := tx.AddUser(ctx, records.User{Name: "ada", Role: "admin"}, "none")
		if err != nil {
			return err
		}
		grace, err := tx.AddUser(ctx, records.User{Name: "grace", Role: "approver", Issuer: "https://id.example.org", Subject: "1"}, "")
		if err != nil {
			return err
		}
		if err := tx.ChangeUser(ctx, grace.Seq, "approver", true); err != nil {
			return err
		}
		_, err = tx.AddToken(ctx, records.Token{Name: "nightly-report", User: ada.Seq, Role: "viewer"}, "digest", 90*day)
		return err
	})
}
