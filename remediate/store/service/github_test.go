package service_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/credential"
	"github.com/qleaks/qleaks/internal/github/sim"
	"github.com/qleaks/qleaks/internal/provider/simhttp"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/store"
	"github.com/qleaks/qleaks/remediate/store/service"
	"github.com/qleaks/qleaks/remediate/store/storetest"
)

func declared(t *testing.T, said map[string]any) store.Declaration {
	t.Helper()
	d, err := store.Declare("here", said, service.Kinds())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// use is one with which every reference brings a credential.
func use(log *bytes.Buffer, credentials map[string]secret.Value) store.Use {
	return store.Use{
		Rotation: "01J00000000000000000000000", Rate: 1e6, Log: slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Credential: func(_ context.Context, at credential.Reference) (secret.Value, error) {
			return credentials[at.String()], nil
		},
	}
}

func open(t *testing.T, d store.Declaration, u store.Use) store.Store {
	t.Helper()
	s, err := d.Open(u)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// broken are answers that no service should give, to some of the requests.
func broken(server *simhttp.Server, to ...simhttp.Fault) map[string]func() func() {
	faults := map[string]func() func(){}
	for name, h := range map[string]http.HandlerFunc{
		"nothing comes back": func(w http.ResponseWriter, _ *http.Request) { simhttp.Cut(w) },
		"an error":           simhttp.Answer(http.StatusBadGateway, "text/html", "<html>"),
		"a page":             simhttp.Answer(http.StatusOK, "text/html", "<html>"),
		"an empty object":    simhttp.Answer(http.StatusOK, "application/json", "{}"),
		"half an object":     simhttp.Answer(http.StatusOK, "application/json", "{\"data\":{"),
		"forbidden":          simhttp.Answer(http.StatusForbidden, "application/json", "{}"),
		"somewhere else":     simhttp.Answer(http.StatusFound, "", "", "Location", "https://example.org/"),
		"the answer is lost": func(w http.ResponseWriter, r *http.Request) { server.Pass(httptest.NewRecorder(), r); simhttp.Cut(w) },
	} {
		for i, f := range to {
			faults[fmt.Sprint(name, ", ", i)] = func() func() {
				f.Handler = h
				server.Break(f)
				return server.Mend
			}
		}
	}
	return faults
}

// hub is GitHub with one secret.
type hub struct {
	*sim.Sim
	server *httptest.Server
	now    time.Time
	log    bytes.Buffer
	token  secret.Value
}

func newHub(t *testing.T) *hub {
	t.Helper()
	h := &hub{now: time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)}
	h.Sim = sim.New(sim.Options{Now: func() time.Time { h.now = h.now.Add(time.Second); return h.now }})
	for _, name := range []string{"vqe", "qaoa"} {
		h.Found("acme", name)
	}
	h.Set("acme/vqe/a b/c", "OTHER", h.Now())
	h.token = h.Token("acme")
	h.server = httptest.NewServer(h)
	t.Cleanup(h.server.Close)
	return h
}

func (h *hub) said(kind, of, environment string) map[string]any {
	said := map[string]any{"kind": "github-" + kind, "of": of, "secret": "IONQ_API_KEY", "credential": "env:GH_TOKEN", "address": h.server.URL + h.Base()}
	if environment != "" {
		said["environment"] = environment
	}
	return said
}

func TestGitHubContract(t *testing.T) {
	for _, at := range []struct{ kind, of, environment, where string }{
		{"actions", "acme/vqe", "", "acme/vqe"}, {"actions", "acme/vqe", "a b/c", "acme/vqe/a b/c"}, {"actions", "acme", "", "acme"},
		{"dependabot", "acme/vqe", "", "acme/vqe"}, {"codespaces", "acme", "", "acme"}, {"agents", "acme/vqe", "", "acme/vqe"},
	} {
		t.Run(at.kind+" of "+at.where, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T, old secret.Value) storetest.World {
				h := newHub(t)
				give := func(v secret.Value) {
					if at.of == "acme" {
						h.Give(at.kind, at.where, "IONQ_API_KEY", v, "selected", 2, 1)
						return
					}
					h.Give(at.kind, at.where, "IONQ_API_KEY", v, "")
				}
				if !old.IsZero() {
					give(old)
				}
				d := declared(t, h.said(at.kind, at.of, at.environment))
				u := use(&h.log, map[string]secret.Value{"env:GH_TOKEN": h.token})
				return storetest.World{
					Kind: d.Kind, Secrets: []secret.Value{h.token}, Set: give, Traces: h.log.String,
					Open: func() store.Store { return open(t, d, u) },
					Held: func() []secret.Value {
						v, visibility, selected := h.Value(at.kind, at.where, "IONQ_API_KEY")
						if v.IsZero() {
							return nil
						}
						if at.of == "acme" && (visibility != "selected" || !slices.Contains(selected, 1) || !slices.Contains(selected, 2) || len(selected) != 2) {
							t.Errorf("who may read it is now %s %v", visibility, selected)
						}
						return []secret.Value{v}
					},
					Faults: broken(h.Server, simhttp.Fault{Method: http.MethodPut}),
				}
			})
		})
	}
}

func TestWhatGitHubDoesNotShowIsNotGuessed(t *testing.T) {
	h := newHub(t)
	h.Give("actions", "acme/vqe", "IONQ_API_KEY", storetest.Value(), "")
	d := declared(t, h.said("actions", "acme/vqe", ""))
	for name, u := range map[string]store.Use{
		"somebody else's token": use(&h.log, map[string]secret.Value{"env:GH_TOKEN": h.Token("other")}),
		"no such token":         use(&h.log, map[string]secret.Value{"env:GH_TOKEN": storetest.Value()}),
	} {
		_, err := open(t, d, u).Check(t.Context())
		if want := map[string]error{"somebody else's token": store.ErrForbidden, "no such token": store.ErrRefused}[name]; !errors.Is(err, want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	u := use(&h.log, map[string]secret.Value{"env:GH_TOKEN": h.token})
	if _, err := open(t, declared(t, h.said("actions", "acme", "")), u).Check(t.Context()); err == nil {
		t.Error("a secret of the organisation is made for nobody knows whom")
	}
	if _, err := open(t, declared(t, h.said("actions", "acme/none", "")), u).Check(t.Context()); !errors.Is(err, store.ErrNoPlace) {
		t.Errorf("no such repository: %v", err)
	}
}

func TestASecretIsSealedAgainForANewKey(t *testing.T) {
	h := newHub(t)
	d := declared(t, h.said("actions", "acme/vqe", ""))
	s, v := open(t, d, use(&h.log, map[string]secret.Value{"env:GH_TOKEN": h.token})), storetest.Value()
	changed := false
	h.Break(simhttp.Fault{Method: http.MethodPut, Handler: func(w http.ResponseWriter, r *http.Request) {
		if !changed {
			changed = true
			h.RenewKey()
		}
		h.Pass(w, r)
	}})
	if _, err := s.Put(t.Context(), v, store.Absent); err != nil {
		t.Fatal(err)
	}
	if held, _, _ := h.Value("actions", "acme/vqe", "IONQ_API_KEY"); !held.Equal(v) {
		t.Error("it holds another value")
	}
}

func TestRunsThatReadTheOldValueAreCounted(t *testing.T) {
	h := newHub(t)
	at := func(minute int) time.Time { return time.Date(2026, 1, 1, 10, minute, 0, 0, time.UTC) }
	h.Start("acme/vqe", 1, "queued", at(1), at(1))
	h.Start("acme/vqe", 2, "in_progress", at(1), at(9)) // was run again
	h.Start("acme/vqe", 3, "completed", at(1), at(1))
	h.Start("acme/vqe", 4, "queued", at(9), at(9))
	h.Start("acme/qaoa", 5, "waiting", at(2), at(2))
	u := use(&h.log, map[string]secret.Value{"env:GH_TOKEN": h.token})
	for of, want := range map[string]int{"acme/vqe": 1, "acme/qaoa": 1, "acme": 2} {
		n, err := open(t, declared(t, h.said("actions", of, "")), u).(store.Drainer).Readers(t.Context(), at(5))
		if err != nil || n != want {
			t.Errorf("%s: %d, %v", of, n, err)
		}
	}
	if _, ok := open(t, declared(t, h.said("codespaces", "acme", "")), u).(store.Drainer); ok {
		t.Error("GitHub does not tell who reads the secrets of codespaces")
	}
}
