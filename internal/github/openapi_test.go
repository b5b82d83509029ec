package github_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/qleaks/qleaks/internal/github"
	"github.com/qleaks/qleaks/internal/github/sim"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/schematest"
)

// described is a request as GitHub describes it.
type described struct {
	Query map[string]struct {
		Type string   `json:"type"`
		Enum []string `json:"enum"`
	} `json:"query"`
	Body      json.RawMessage            `json:"body"`
	Responses map[string]json.RawMessage `json:"responses"`
}

// description holds requests and answers against what GitHub publishes.
type description struct {
	t *testing.T

	paths map[string]map[string]described
	mu    sync.Mutex
	// asked are the requests that were made, by method and path.
	asked map[string]bool
}

func readDescription(t *testing.T) *description {
	t.Helper()
	text, err := os.ReadFile("testdata/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Paths map[string]map[string]described `json:"paths"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	return &description{t: t, paths: file.Paths, asked: map[string]bool{}}
}

// find finds the path of a description that a request has: the one with the
// fewest names in it.
func (d *description) find(method, path string) (string, described, bool) {
	best := ""
	for _, p := range slices.Sorted(maps.Keys(d.paths)) {
		shape := regexp.MustCompile(`\\\{[a-z_]+\\\}`).ReplaceAllString(regexp.QuoteMeta(p), `[^/]+`)
		if _, ok := d.paths[p][method]; !ok || !regexp.MustCompile(`\A`+shape+`\z`).MatchString(path) {
			continue
		}
		if best == "" || strings.Count(p, "{") < strings.Count(best, "{") {
			best = p
		}
	}
	return best, d.paths[best][method], best != ""
}

// before wraps a simulated GitHub.
func (d *description) before(s *sim.Sim) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.mu.Lock()
		defer d.mu.Unlock()
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		method := strings.ToLower(r.Method)
		path, op, known := d.find(method, strings.TrimPrefix(r.URL.EscapedPath(), s.Base()))
		if !known {
			d.t.Errorf("GitHub describes no %s %s", r.Method, r.URL.Path)
		}
		d.asked[method+" "+path] = true
		if err := op.checkRequest(r, string(body)); err != nil {
			d.t.Errorf("%s %s: %v", r.Method, path, err)
		}
		answer := httptest.NewRecorder()
		s.ServeHTTP(answer, r)
		if err := op.checkAnswer(answer); err != nil {
			d.t.Errorf("%s %s is answered as GitHub does not: %v", r.Method, path, err)
		}
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	})
}

func (op described) checkRequest(r *http.Request, body string) error {
	for name, values := range r.URL.Query() {
		q, ok := op.Query[name]
		if !ok {
			return fmt.Errorf("it takes no %s", name)
		}
		_, number := strconv.Atoi(values[0])
		if q.Type == "integer" && number != nil || q.Type == "boolean" && values[0] != "true" && values[0] != "false" || len(q.Enum) > 0 && !slices.Contains(q.Enum, values[0]) {
			return fmt.Errorf("%s is %q", name, values[0])
		}
	}
	if len(op.Body) == 0 {
		return nil
	}
	s, err := schematest.Read(op.Body, "")
	if err != nil {
		return err
	}
	return s.Check(body)
}

func (op described) checkAnswer(answer *httptest.ResponseRecorder) error {
	raw, ok := op.Responses[strconv.Itoa(answer.Code)]
	if !ok {
		return fmt.Errorf("status %d", answer.Code)
	}
	if string(raw) == "{}" {
		return nil
	}
	s, err := schematest.Read(raw, "")
	if err != nil {
		return err
	}
	return s.Check(answer.Body.String())
}

// drained reads a sequence to its end.
func drained[T any](t *testing.T, what string, seq iter.Seq2[T, error], least int) {
	t.Helper()
	n := 0
	for _, err := range seq {
		if err != nil {
			t.Errorf("%s: %v", what, err)
			return
		}
		n++
	}
	if n < least {
		t.Errorf("%s: %d, fewer than %d", what, n, least)
	}
}

func TestRequestsAndSimulatedAnswersAreThoseThatGitHubDescribes(t *testing.T) {
	s := furnished()
	d := readDescription(t)
	server := httptest.NewServer(d.before(s))
	defer server.Close()
	as := func(owners ...string) *github.Client {
		c, err := github.New(provider.Config{Credential: s.Token(owners...), Origins: map[string]string{"api": server.URL + s.Base()}, Rate: 1e6})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	c, ada := as("acme"), as("ada")
	ctx := t.Context()
	drained(t, "secrets", c.Secrets(ctx, github.Scope{Owner: "acme", Kinds: github.Kinds()}), 4)
	drained(t, "a person's secrets", ada.Secrets(ctx, github.Scope{Owner: "ada", Kinds: github.Kinds()}), 1)
	for owner, asking := range map[string]*github.Client{"acme": c, "ada": ada} {
		if _, err := asking.Repositories(ctx, owner); err != nil {
			t.Errorf("repositories of %s: %v", owner, err)
		}
	}
	if _, err := c.Repository(ctx, "acme", "vqe"); err != nil {
		t.Errorf("a repository: %v", err)
	}
	drained(t, "issues", c.Issues(ctx, "acme", "vqe"), 5)
	drained(t, "reviews", c.Reviews(ctx, "acme", "vqe"), 1)
	drained(t, "releases", c.Releases(ctx, "acme", "vqe", true), 1)
	drained(t, "logs", c.Logs(ctx, "acme", "vqe"), 1)
	drained(t, "artifacts", c.Artifacts(ctx, "acme", "vqe"), 1)
	drained(t, "variables", c.Variables(ctx, "acme", "vqe"), 3)
	drained(t, "variables of an organisation", c.Variables(ctx, "acme", ""), 2)
	drained(t, "gists", ada.Gists(ctx, "ada"), 2)
	drained(t, "gists that everybody sees", as("acme", "ada").Gists(ctx, "ada"), 0)
	drained(t, "alerts", c.Alerts(ctx, "acme", "vqe", func(github.Alert) bool { return true }), 1)
	if _, err := c.Runs(ctx, github.Place{Kind: github.Actions, Owner: "acme", Repository: "vqe", Name: "X"}, day(30)); err != nil {
		t.Errorf("runs: %v", err)
	}
	if err := c.Resolve(ctx, "acme", "vqe", 1, "refused"); err != nil {
		t.Errorf("an alert is not resolved: %v", err)
	}
	for range 2 {
		if _, err := c.Keep(ctx, github.Comment{Owner: "acme", Repository: "vqe", Number: 7, Marker: "<!-- m -->", Body: "b"}); err != nil {
			t.Errorf("a comment: %v", err)
		}
	}
	for _, scope := range []github.Scope{{Owner: "acme"}, {Owner: "acme", Repository: "vqe"}} {
		patternsMade(t, c, scope)
	}
	for path, methods := range d.paths {
		for method := range methods {
			if !d.asked[method+" "+path] && !slices.Contains(elsewhere(), path) {
				t.Errorf("nothing here asked %s %s", method, path)
			}
		}
	}
}

// elsewhere are paths that other tests ask: apps, downloads, and issues that are
// made for findings.
func elsewhere() []string {
	return []string{
		"/orgs/{org}/installation", "/users/{username}/installation", "/installation/repositories", "/app/installations/{installation_id}/access_tokens",
		"/repos/{owner}/{repo}/releases/assets/{asset_id}", "/repos/{owner}/{repo}/actions/runs/{run_id}/logs",
		"/repos/{owner}/{repo}/actions/artifacts/{artifact_id}/{archive_format}", "/repos/{owner}/{repo}/issues",
	}
}

// patternsMade makes a pattern, changes it, and removes it.
func patternsMade(t *testing.T, c *github.Client, scope github.Scope) {
	t.Helper()
	p := github.CustomPattern{Name: "ours", Format: "a", Before: "b", After: "c", MustMatch: []string{"d"}}
	if err := c.AddPatterns(t.Context(), scope, []github.CustomPattern{p}); err != nil {
		t.Fatal(err)
	}
	there := func() []github.CustomPattern {
		all, err := c.Patterns(t.Context(), scope)
		if err != nil || len(all) != 1 {
			t.Fatalf("%d patterns, %v", len(all), err)
		}
		return all
	}
	p.Format = "e"
	if err := c.ChangePattern(t.Context(), scope, there()[0], p); err != nil {
		t.Error(err)
	}
	if scope.Repository == "" {
		if err := c.ProtectPushes(t.Context(), scope.Owner, there()); err != nil {
			t.Error(err)
		}
	}
	if err := c.RemovePatterns(t.Context(), scope, there()); err != nil {
		t.Error(err)
	}
}

// furnished is a GitHub that has one of everything.
func furnished() *sim.Sim {
	s := lab(sim.Options{})
	s.Person("ada")
	s.Found("ada", "notes")
	for _, kind := range github.Kinds() {
		s.SetFor(string(kind), "acme", "ONE", day(1))
		s.SetFor(string(kind), "acme/vqe", "TWO", day(1))
	}
	s.SetFor("codespaces", "ada", "THREE", day(1))
	s.Share("ada", "aa11", true, map[string]string{"a": "new"}, map[string]string{"a": "old"})
	s.Declare("actions", "acme", "A", "1")
	s.Declare("agents", "acme", "B", "2")
	write := func(list string, element map[string]any) { s.Write("acme/vqe", list, element) }
	write("issues", map[string]any{"number": 7, "title": "t", "body": "b"})
	write("pulls", map[string]any{"number": 8, "title": "t", "body": nil})
	write("issues/comments", map[string]any{"body": "b", "issue_url": "https://api.github.com/repos/acme/vqe/issues/7"})
	write("pulls/comments", map[string]any{"body": "b", "pull_request_url": "https://api.github.com/repos/acme/vqe/pulls/8"})
	write("pulls/8/reviews", map[string]any{"body": "b"})
	write("issues", map[string]any{"number": 8, "title": "t", "body": nil, "pull_request": map[string]any{}})
	write("comments", map[string]any{"body": "b", "commit_id": strings.Repeat("a", 40)})
	write("releases", map[string]any{"tag_name": "v1", "name": "one", "body": "b", "assets": []any{map[string]any{"id": 5, "name": "a.zip", "size": 3}}})
	write("actions/runs", map[string]any{"name": "ci", "status": "queued", "created_at": "2026-01-01T00:00:00Z"})
	write("actions/artifacts", map[string]any{"name": "left", "size_in_bytes": 5, "expired": false, "workflow_run": map[string]any{"id": 9}})
	write("actions/variables", map[string]any{"name": "C", "value": "3"})
	write("agents/variables", map[string]any{"name": "D", "value": "4"})
	write("environments/production/variables", map[string]any{"name": "E", "value": "5"})
	s.Raise("acme/vqe", sim.Alert{Type: "ionq_api_key", Title: "IonQ", Places: []map[string]any{
		at("issue_body", map[string]any{"issue_body_url": "https://api.github.com/repos/acme/vqe/issues/7"}),
		at("issue_comment", map[string]any{"issue_comment_url": "https://api.github.com/repos/acme/vqe/issues/comments/7"}),
	}})
	return s
}
