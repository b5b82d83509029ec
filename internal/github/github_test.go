package github_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/github"
	"github.com/qleaks/qleaks/internal/github/sim"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/provider/simhttp"
	"github.com/qleaks/qleaks/internal/secret"
)

func day(n int) time.Time { return time.Date(2026, 1, n, 9, 0, 0, 0, time.UTC) }

// lab is an organisation with two repositories, one of them with environments.
func lab(o sim.Options) *sim.Sim {
	s := sim.New(o)
	s.Set("acme", "IBM_QUANTUM_TOKEN", day(1))
	s.Set("acme/vqe", "IONQ_API_KEY", day(2))
	s.Set("acme/vqe", "IONQ_API_KEY", day(20))
	s.Set("acme/vqe/production", "QBRAID_API_KEY", day(3))
	s.Set("acme/vqe/a b/c", "PYPI_TOKEN", day(4))
	s.Found("acme", "empty")
	return s
}

// client makes a client with a token for acme, and where it logs.
func client(t *testing.T, s *sim.Sim, token secret.Value) (*github.Client, *bytes.Buffer) {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	var log bytes.Buffer
	c, err := github.New(provider.Config{
		Credential: token, Origins: map[string]string{"api": server.URL + s.Base()}, Rate: 1e6, Patience: time.Nanosecond,
		Log: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	return c, &log
}

func told(t *testing.T, c *github.Client, scope string) (all []string, err error) {
	t.Helper()
	parsed, err := github.ParseScope(scope, github.Actions)
	if err != nil {
		return nil, err
	}
	for s, err := range c.Secrets(t.Context(), parsed) {
		if err != nil {
			return all, err
		}
		all = append(all, fmt.Sprintf("%s %s %d %d", s.Where, s.Name, s.Created.Day(), s.Updated.Day()))
	}
	return all, nil
}

func TestSecretsAreListedPlaceByPlace(t *testing.T) {
	s := lab(sim.Options{})
	token := s.Token("acme")
	c, log := client(t, s, token)
	repository := []string{"acme/vqe IONQ_API_KEY 2 20", "acme/vqe (a b/c) PYPI_TOKEN 4 4", "acme/vqe (production) QBRAID_API_KEY 3 3"}
	if all, err := told(t, c, "acme/vqe"); err != nil || !slices.Equal(all, repository) {
		t.Errorf("a repository: %q, %v", all, err)
	}
	if all, err := told(t, c, "acme"); err != nil || !slices.Equal(all, append([]string{"acme IBM_QUANTUM_TOKEN 1 1"}, repository...)) {
		t.Errorf("an organisation: %q, %v", all, err)
	}
	for _, q := range s.Seen() {
		if q.Method != http.MethodGet || token.In(q.Path) || token.In(q.Query.Encode()) || q.Header.Get("Authorization") != "Bearer "+token.Reveal() {
			t.Errorf("asked %s %s", q.Method, q.Path)
		}
		if !slices.ContainsFunc(github.Calls(), func(call string) bool { return fits(call, q.Path) }) {
			t.Errorf("%s is not among the calls", q.Path)
		}
	}
	if token.In(log.String()) || log.Len() == 0 {
		t.Errorf("the log: %s", log)
	}
}

func fits(call, path string) bool {
	want, got := strings.Split(call, "/"), strings.Split(strings.ReplaceAll(path, "a b/c", "x"), "/")
	return len(want) == len(got) && !slices.ContainsFunc(want, func(part string) bool {
		return !strings.HasPrefix(part, "{") && part != got[slices.Index(want, part)]
	})
}

func TestAListThatWasCutShortIsAnError(t *testing.T) {
	s := lab(sim.Options{})
	for i := range 110 {
		s.Set("acme", fmt.Sprintf("SECRET_%03d", i), day(1))
	}
	token := s.Token("acme")
	all := map[string]http.HandlerFunc{
		"401": says(401, `{"message":"Bad credentials"}`), "403": says(403, `{}`), "404": says(404, `{}`), "500": says(500, `{}`), "204": says(204, ``), "301": simhttp.Answer(301, "", "", "Location", "/elsewhere"),
		"{}": says(200, `{}`), "null": says(200, `null`), "a page": simhttp.Answer(200, "text/html", "<html>"), "half": says(200, `{"total_count":1,"secrets":[`),
		"a list of nothing": says(200, `{"total_count":1,"secrets":[null],"environments":[null]}`), "a list of the nameless": says(200, `[{}]`),
		"no list": says(200, `{"total_count":0,"secrets":null,"environments":null}`), "nothing": func(w http.ResponseWriter, _ *http.Request) { simhttp.Cut(w) },
	}
	some := map[string]http.HandlerFunc{"500": all["500"], "{}": all["{}"], "a list of the nameless": all["a list of the nameless"], "nothing": all["nothing"]}
	for scope, answers := range map[string]map[string]http.HandlerFunc{"acme/vqe": all, "acme": some} {
		s.Forget()
		c, _ := client(t, s, token)
		whole, err := told(t, c, scope)
		if err != nil || len(whole) == 0 {
			t.Fatalf("%s: %d secrets, %v", scope, len(whole), err)
		}
		for at := range len(s.Seen()) {
			for name, comes := range answers {
				s.Break(simhttp.Fault{Skip: at, Handler: comes})
				c, log := client(t, s, token)
				if got, err := told(t, c, scope); err == nil || len(got) >= len(whole) || token.In(err.Error()) || token.In(log.String()) {
					t.Errorf("%s: request %d gets %s: %d secrets, %v", scope, at, name, len(got), err)
				}
				s.Mend()
			}
		}
	}
}

func says(status int, body string) http.HandlerFunc {
	return simhttp.Answer(status, "application/json", body)
}

func TestSecretsThatVanishBetweenPagesHideNoOther(t *testing.T) {
	s := sim.New(sim.Options{})
	for i := range 250 {
		s.Set("acme", fmt.Sprintf("SECRET_%03d", i), day(1))
	}
	pages := 0
	s.Break(simhttp.Fault{Path: "/orgs/acme/actions", Handler: func(w http.ResponseWriter, r *http.Request) {
		if pages++; pages == 2 || pages == 5 {
			s.Remove("acme", fmt.Sprintf("SECRET_%03d", pages))
		}
		s.Pass(w, r)
	}})
	c, _ := client(t, s, s.Token("acme"))
	if all, err := told(t, c, "acme"); err != nil || len(all) != 248 {
		t.Errorf("%d secrets, %v", len(all), err)
	}
	s.Mend()
	gone := 10
	s.Break(simhttp.Fault{Path: "/orgs/acme/actions", Handler: func(w http.ResponseWriter, r *http.Request) {
		s.Remove("acme", fmt.Sprintf("SECRET_%03d", gone))
		gone++
		s.Pass(w, r)
	}})
	if all, err := told(t, c, "acme"); !errors.Is(err, github.ErrChanging) || len(all) != 0 {
		t.Errorf("a list that never stands still: %d secrets, %v", len(all), err)
	}
}

func TestWhatGitHubRefusesIsSaidForWhatItIs(t *testing.T) {
	s := lab(sim.Options{Limit: 1, Span: time.Hour})
	c, _ := client(t, s, s.Token("acme"))
	_, err := told(t, c, "acme")
	if e, ok := errors.AsType[*provider.CallError](err); !ok || !errors.Is(err, provider.ErrBusy) || e.RetryAfter < 50*time.Minute {
		t.Errorf("a limit that is reached: %v", err)
	}
	s = lab(sim.Options{})
	for name, q := range map[string]struct {
		token secret.Value
		scope string
		want  error
	}{
		"a token that is none":    {secret.New([]byte("ghp_of-nobody-at-all-and-nowhere")), "acme", provider.ErrRefused},
		"somebody else's token":   {s.Token("other"), "acme", provider.ErrNotAllowed},
		"no such repository":      {s.Token("acme"), "acme/none", provider.ErrNotFound},
		"a name that leads up":    {s.Token("acme"), "acme/..", github.ErrName},
		"a name with a question":  {s.Token("acme"), "acme/x?y", github.ErrName},
		"a name with parts":       {s.Token("acme"), "acme/x/y", github.ErrName},
		"a name of an address":    {s.Token("acme"), "https://github.com/acme", github.ErrName},
		"no name of a repository": {s.Token("acme"), "acme/", github.ErrName},
		"no name":                 {s.Token("acme"), "", github.ErrName},
	} {
		c, _ := client(t, s, q.token)
		if all, err := told(t, c, q.scope); !errors.Is(err, q.want) || len(all) != 0 {
			t.Errorf("%s: %q, %v", name, all, err)
		}
	}
	if _, err := github.New(provider.Config{}); !errors.Is(err, provider.ErrNoCredential) {
		t.Errorf("no token: %v", err)
	}
	if _, err := github.New(provider.Config{Credential: s.Token("acme"), Origins: map[string]string{"api": "http://github.test"}}); !errors.Is(err, provider.ErrPlain) {
		t.Errorf("a token over plain HTTP: %v", err)
	}
}

// places reads on behind places that are not shown.
func places(t *testing.T, c *github.Client, scope string, kinds ...github.Kind) (all, untold []string) {
	t.Helper()
	parsed, err := github.ParseScope(scope, kinds...)
	if err != nil {
		t.Fatal(err)
	}
	for s, err := range c.Secrets(t.Context(), parsed) {
		if place, ok := errors.AsType[*github.PlaceError](err); ok {
			untold = append(untold, place.Where+" "+place.What)
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", scope, err)
		}
		all = append(all, s.Where+" "+string(s.Kind)+" "+s.Name)
	}
	return all, untold
}

func TestEveryKindOfSecretIsListedWhereItIs(t *testing.T) {
	s := lab(sim.Options{})
	s.SetFor("dependabot", "acme", "IONQ_TOKEN", day(5))
	s.SetFor("codespaces", "acme/vqe", "QBRAID_API_KEY", day(6))
	s.SetFor("agents", "acme/empty", "IBM_TOKEN", day(7))
	c, _ := client(t, s, s.Token("acme"))
	all, untold := places(t, c, "acme", github.Kinds()...)
	want := []string{
		"acme actions IBM_QUANTUM_TOKEN", "acme dependabot IONQ_TOKEN", "acme/empty agents IBM_TOKEN", "acme/vqe actions IONQ_API_KEY",
		"acme/vqe codespaces QBRAID_API_KEY", "acme/vqe (a b/c) actions PYPI_TOKEN", "acme/vqe (production) actions QBRAID_API_KEY",
	}
	if !slices.Equal(all, want) || len(untold) > 0 {
		t.Errorf("%q, untold %q", all, untold)
	}
	for _, q := range s.Seen() {
		if q.Method != http.MethodGet || !slices.ContainsFunc(github.Calls(), func(call string) bool { return fits(call, q.Path) }) {
			t.Errorf("%s %s is not among the calls", q.Method, q.Path)
		}
	}
	if all, _ := places(t, c, "acme", github.Dependabot); !slices.Equal(all, want[1:2]) {
		t.Errorf("one kind: %q", all)
	}
}

func TestAPersonHasSecretsOfTheirOwn(t *testing.T) {
	s := lab(sim.Options{})
	s.Person("ada")
	s.SetFor("codespaces", "ada", "IONQ_API_KEY", day(1))
	s.Set("ada/notes", "QBRAID_API_KEY", day(2))
	own := []string{"ada codespaces IONQ_API_KEY", "ada/notes actions QBRAID_API_KEY"}
	c, _ := client(t, s, s.Token("ada", "acme"))
	if all, untold := places(t, c, "ada", github.Actions, github.Codespaces); !slices.Equal(all, own) || len(untold) > 0 {
		t.Errorf("one's own: %q, untold %q", all, untold)
	}
	// A colleague's token is let into the repository, and sees nothing else.
	c, _ = client(t, s, s.Token("acme", "ada"))
	if all, untold := places(t, c, "ada", github.Actions, github.Codespaces); !slices.Equal(all, own[1:]) || !slices.Equal(untold, []string{"ada codespaces"}) {
		t.Errorf("a colleague's: %q, untold %q", all, untold)
	}
	c, _ = client(t, s, s.Token("acme"))
	if _, err := told(t, c, "ada"); !errors.Is(err, github.ErrNoneSeen) {
		t.Errorf("a stranger's: %v", err)
	}
}

func TestAPlaceThatIsNotShownHidesNoOther(t *testing.T) {
	s := lab(sim.Options{})
	c, _ := client(t, s, s.Token("acme"))
	whole, _ := places(t, c, "acme", github.Actions)
	for _, at := range []string{"/orgs/acme/actions/secrets", "/repos/acme/vqe/actions/secrets", "/repos/acme/vqe/environments"} {
		for _, status := range []int{403, 404} {
			s.Break(simhttp.Fault{Path: at, Handler: says(status, `{}`)})
			all, untold := places(t, c, "acme", github.Actions)
			if len(all) == 0 || len(all) >= len(whole) || len(untold) == 0 {
				t.Errorf("%s says %d: %q, untold %q", at, status, all, untold)
			}
			s.Mend()
		}
	}
	s.Break(simhttp.Fault{Path: "/repos/acme/vqe", Handler: simhttp.Answer(403, "application/json", `{"message":"You have exceeded a secondary rate limit","documentation_url":"https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"}`, "Retry-After", "60")})
	if _, err := told(t, c, "acme"); !errors.Is(err, provider.ErrBusy) {
		t.Errorf("a limit of the moment is no place that is not shown: %v", err)
	}
}
