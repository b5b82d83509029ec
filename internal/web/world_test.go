package web_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/records/recordstest"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/internal/sweep"
	"github.com/qleaks/qleaks/internal/sweep/sweeptest"
	"github.com/qleaks/qleaks/internal/web"
	"github.com/qleaks/qleaks/internal/web/access"
	"github.com/qleaks/qleaks/internal/web/api"
	"github.com/qleaks/qleaks/internal/web/desk"
	"github.com/qleaks/qleaks/internal/web/pages"
	"github.com/qleaks/qleaks/internal/web/webhook"
	"github.com/qleaks/qleaks/remediate"
)

// world is a server with one record of each kind, and a user of each role.
type world struct {
	*httptest.Server

	t      *testing.T
	web    *web.Server
	store  *records.Store
	desk   *desk.Desk
	gate   *access.Gate
	log    *bytes.Buffer
	plan   remediate.Plan
	hash   string
	users  map[access.Role]int64
	cookie map[access.Role]*http.Cookie
	token  map[access.Role]string
}

// password is long enough, and no key of anything.
const password = "correct horse battery"

// hashed is what is kept of it; made once, since that costs what it should.
var hashed = sync.OnceValues(func() (string, error) { return access.HashPassword(password) })

func newWorld(t *testing.T, change func(o *web.Options)) *world {
	t.Helper()
	w := &world{t: t, log: &bytes.Buffer{}, users: map[access.Role]int64{}, cookie: map[access.Role]*http.Cookie{}, token: map[access.Role]string{}}
	w.store = recordstest.Open(t)
	sweeps := sweeptest.Desk(t, w.store)
	log := slog.New(slog.NewTextHandler(w.log, nil))
	var err error
	if w.gate, err = access.NewGate(access.Options{Store: w.store, Log: log}); err != nil {
		t.Fatal(err)
	}
	w.desk = &desk.Desk{Store: w.store, Sweeps: sweeps, Request: func(r sweep.Request) (sweep.Request, error) {
		if !strings.HasPrefix(r.Target, "/srv") {
			return r, errors.New("it is no directory of this server")
		}
		return r, nil
	}}
	w.fill()
	if w.hash, err = hashed(); err != nil {
		t.Fatal(err)
	}
	o := web.Options{Store: w.store, Gate: w.gate, Log: log, Version: "1.2.3", Limits: web.Limits{Rate: -1}}
	dashboard, err := pages.New(pages.Options{Store: w.store, Sweeps: sweeps, Gate: w.gate, Desk: w.desk, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	hooks := webhook.New(webhook.Options{Store: w.store, Sweeps: sweeps, Log: log, Secret: func(context.Context) (secret.Value, error) {
		return secret.New([]byte(rand.Text())), nil
	}})
	o.Routes = slices.Concat((&api.API{Desk: w.desk, Gate: w.gate, Log: log}).Routes(), hooks.Routes(), dashboard.Routes())
	o.Refuse = dashboard.Refuse
	if change != nil {
		change(&o)
	}
	if w.web, err = web.New(o); err != nil {
		t.Fatal(err)
	}
	w.Server = httptest.NewServer(w.web)
	t.Cleanup(w.Server.Close)
	for _, role := range access.Roles() {
		w.join(role)
	}
	return w
}

func (w *world) update(do func(ctx context.Context, tx *records.Tx) error) {
	w.t.Helper()
	recordstest.Update(w.t, w.store, do)
}

// fill writes one record of each kind.
func (w *world) fill() {
	w.t.Helper()
	now := time.Now().UTC().Truncate(time.Second)
	w.plan = somePlan()
	w.update(func(ctx context.Context, tx *records.Tx) error {
		run, err := tx.StartRun(ctx, "sweep", "/srv", "schedule nightly")
		if err != nil {
			return err
		}
		repository, err := tx.PutRepository(ctx, records.Repository{Name: "/srv/vqe", Origin: "/srv", Location: "/srv/vqe", URL: "https://github.example/acme/vqe", Pushed: now, About: json.RawMessage(`{"fork":true}`)})
		if err != nil {
			return err
		}
		err = tx.Cover(ctx, records.Report{
			Coverage: records.Coverage{
				Run: run.Seq, Repository: repository.Seq, Outcome: records.Read, Complete: false, State: "s",
				Extent: records.Extent{Tips: json.RawMessage(`{"refs/heads/main":"1"}`), Counts: json.RawMessage(`{"files":1}`), Skipped: json.RawMessage(`[{"path":"x","reason":"too large"}]`), Findings: 1, Millis: 12},
			},
			Sightings: []records.Sighting{{ID: "f1", Path: "a.py", Referenced: true, Expires: now.Add(time.Hour), Kind: records.Kind{Fingerprint: "print", Rule: "ionq-api-key", Provider: "ionq", Confidence: "high"}, Places: json.RawMessage(`[{"line":1}]`)}},
		})
		k := key.Key{Provider: "ionq", ID: "k1", Name: "lab", Account: key.Party{ID: "acc"}, Use: key.Use{Known: true, Last: now.Add(-time.Hour), Count: 3}}
		err = errors.Join(err, tx.Listed(ctx, k, "print", now), tx.Answered(ctx, records.Answer{Fingerprint: "print", Standing: records.Active, Verdict: []byte(`{"status":"active"}`)}))
		_, err2 := desk.KeepPlan(ctx, tx, w.plan, "sweep", run.Seq)
		return errors.Join(err, err2, tx.Total(ctx, run.Seq, json.RawMessage(`{"findings":{}}`), ""))
	})
	if err := w.store.Beat(w.t.Context(), records.Worker{ID: "w1", Host: "lab", PID: 7, Version: "1.2.3"}); err != nil {
		w.t.Fatal(err)
	}
}

func somePlan() remediate.Plan {
	now := time.Now().UTC().Truncate(time.Second)
	return remediate.Plan{Schema: "qleaks.plan/1", Made: now, Requester: "worker", Rows: []remediate.Row{{
		ID: "01JDVWXQ0000000000000000AA", Key: remediate.Target{Provider: "ibm", Account: "lab", ID: "ApiKey-1", Facts: remediate.Facts{AsOf: now}},
		Reason: remediate.Leaked, Order: remediate.RevokeOnly,
		Steps: []remediate.Step{{Do: remediate.Evidence, By: remediate.ByOwn, Text: "note it"}, {Do: remediate.Revoke, By: remediate.ByAPI, Text: "revoke it"}, {Do: remediate.Refused, By: remediate.ByAPI, Text: "prove it"}},
	}}}
}

// join makes a user of a role, with a session and a token.
func (w *world) join(role access.Role) {
	w.t.Helper()
	var u records.User
	w.update(func(ctx context.Context, tx *records.Tx) (err error) {
		u, err = tx.AddUser(ctx, records.User{Name: role.String(), Role: role.String()}, w.hash)
		return err
	})
	w.users[role] = u.Seq
	w.begin(role)
	as := access.With(w.t.Context(), access.Identity{Name: u.Name, Role: role, User: u.Seq, Session: "here"})
	var err error
	if _, w.token[role], err = access.NewToken(as, w.store, "test", role, time.Hour); err != nil {
		w.t.Fatal(err)
	}
}

// begin begins a session of the user of a role.
func (w *world) begin(role access.Role) {
	w.t.Helper()
	token := rand.Text()
	sum := sha256.Sum256([]byte(token))
	w.update(func(ctx context.Context, tx *records.Tx) error {
		return tx.BeginSession(ctx, hex.EncodeToString(sum[:]), w.users[role], time.Hour)
	})
	w.cookie[role] = &http.Cookie{Name: "qleaks", Value: token}
}

// ask is a request before it is sent.
type ask struct {
	method, path, body string
	as                 access.Role
	// token uses the token of the role in place of its session.
	token  bool
	header http.Header
}

func (w *world) request(a ask) *http.Request {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), a.method, w.URL+a.path, strings.NewReader(a.body))
	if err != nil {
		w.t.Fatal(err)
	}
	switch {
	case a.as == access.Nobody:
		r.Header.Set("Origin", w.URL)
	case a.token:
		r.Header.Set("Authorization", "Bearer "+w.token[a.as])
	default:
		r.AddCookie(w.cookie[a.as])
		r.Header.Set("Origin", w.URL)
	}
	if a.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	maps.Copy(r.Header, a.header)
	return r
}

// reply is an answer without its body.
type reply struct {
	StatusCode int
	Header     http.Header
}

// send sends a request as a browser that follows no redirects.
func (w *world) send(a ask) (reply, string) {
	w.t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, Timeout: 30 * time.Second}
	got, err := client.Do(w.request(a))
	if err != nil {
		w.t.Fatal(a.method, a.path, err)
	}
	defer got.Body.Close()
	body, err := io.ReadAll(got.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return reply{got.StatusCode, got.Header}, string(body)
}
