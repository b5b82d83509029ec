package github_test

import (
	"bytes"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/internal/github"
	"github.com/qleaks/qleaks/internal/github/sim"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/rules/sample"
)

func at(kind string, details map[string]any) map[string]any {
	return map[string]any{"type": kind, "details": details}
}

func TestAlertsAreToldWithTheirPlacesAndWithoutTheirSecrets(t *testing.T) {
	s := lab(sim.Options{})
	key := sample.NewValues(7).From(sample.Alphabet("A-Za-z0-9"), 32)
	object := strings.Repeat("ab", 20)
	s.Raise("acme/vqe", sim.Alert{Type: "ionq_api_key", Secret: key, Validity: "active", Bypassed: true, Places: []map[string]any{
		at("commit", map[string]any{"path": "a.py", "start_line": 3, "blob_sha": object, "commit_sha": object}),
		at("issue_comment", map[string]any{"issue_comment_url": "https://api.github.com/repos/acme/vqe/issues/comments/77"}),
		at("pull_request_body", map[string]any{"pull_request_body_url": "https://api.github.com/repos/acme/vqe/pulls/5"}),
		at("discussion_body", map[string]any{"discussion_body_url": "https://github.com/acme/vqe/discussions/5"}),
	}})
	s.Raise("acme/vqe", sim.Alert{Type: "other", Secret: key, Places: []map[string]any{at("commit", map[string]any{"path": "b.py"})}})
	for range 120 {
		s.Raise("acme/vqe", sim.Alert{Type: "ionq_api_key", Places: []map[string]any{at("commit", map[string]any{"path": "c.py", "start_line": 1})}})
	}
	var wire bytes.Buffer
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		s.ServeHTTP(answer, r)
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		wire.Write(answer.Body.Bytes())
		_, _ = w.Write(answer.Body.Bytes())
	}))
	defer server.Close()
	c, err := github.New(provider.Config{Credential: s.Token("acme"), Origins: map[string]string{"api": server.URL + s.Base()}, Rate: 1e6})
	if err != nil {
		t.Fatal(err)
	}
	var all []github.Alert
	for a, err := range c.Alerts(t.Context(), "acme", "vqe", func(a github.Alert) bool { return a.Type == "ionq_api_key" }) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, a)
	}
	if len(all) != 122 || len(all[0].Places) != 1 || len(all[120].Places) != 0 {
		t.Fatalf("%d alerts", len(all))
	}
	want := []github.AlertPlace{
		{Type: "commit", Path: "a.py", Line: 3, Object: object, Commit: object},
		{Type: "issue_comment", Page: "#issuecomment-77"}, {Type: "pull_request_body", Page: "pull/5"}, {Type: "discussion_body"},
	}
	if last := all[121]; !reflect.DeepEqual(last.Places, want) || last.Validity != "active" || last.Bypassed.IsZero() || !last.Open {
		t.Errorf("it is %+v", last)
	}
	if wire.Len() < 10_000 || strings.Contains(wire.String(), key) {
		t.Error("the secret came over the wire")
	}
}

func TestAnAlertIsResolvedOnceAndAsRevoked(t *testing.T) {
	s := lab(sim.Options{})
	n := s.Raise("acme/vqe", sim.Alert{Type: "ionq_api_key"})
	c, _ := client(t, s, s.Token("acme"))
	for _, comment := range []string{" refused since today ", "again"} {
		if err := c.Resolve(t.Context(), "acme", "vqe", int64(n), comment); err != nil {
			t.Fatal(err)
		}
	}
	if resolution, comment := s.Resolution("acme/vqe", n); resolution != "revoked" || comment != "refused since today" {
		t.Errorf("it was resolved as %s: %s", resolution, comment)
	}
	if err := c.Resolve(t.Context(), "acme", "vqe", 99, ""); err == nil {
		t.Error("an alert that is not there was resolved")
	}
}
