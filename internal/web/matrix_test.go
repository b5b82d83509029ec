package web_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/internal/web/access"
)

// place is a path of a route's pattern, with records that are not there.
func place(pattern string) string {
	return strings.NewReplacer("{seq}", "999", "{name}", "nobody-of-this-name", "{hash}", "none", "{$}", "").Replace(pattern)
}

// TestEveryRouteLetsInWhoMay goes through the table of the server itself, so that
// no route is forgotten: each, as nobody and in each role, with a session and with
// a token.
func TestEveryRouteLetsInWhoMay(t *testing.T) {
	w := newWorld(t, nil)
	if len(w.web.Table()) < 40 {
		t.Fatalf("the table has only %d routes", len(w.web.Table()))
	}
	for _, route := range w.web.Table() {
		for _, as := range append(access.Roles(), access.Nobody) {
			for _, token := range []bool{false, true} {
				if token && as == access.Nobody {
					continue
				}
				a := ask{method: route.Method, path: place(route.Pattern), as: as, token: token}
				if route.Method != http.MethodGet {
					a.body = "{}"
				}
				got, text := w.send(a)
				if a.path == "/sign-out" && !token && as != access.Nobody {
					w.begin(as)
				}
				what := route.Method + " " + route.Pattern + " as " + as.String()
				switch {
				case got.StatusCode >= 500:
					t.Errorf("%s: %d %s", what, got.StatusCode, text)
				case route.Public:
					// A message without a signature, and a wrong password, are refused by what answers.
					if !route.Programs && route.Pattern != "/sign-in" && got.StatusCode == http.StatusUnauthorized {
						t.Errorf("%s: %d, though it is for everybody", what, got.StatusCode)
					}
				case as == access.Nobody:
					to, _, _ := strings.Cut(got.Header.Get("Location"), "?")
					signIn := got.StatusCode == http.StatusSeeOther && to == access.SignInPath
					if got.StatusCode != http.StatusUnauthorized && !signIn {
						t.Errorf("%s: %d", what, got.StatusCode)
					}
				case !as.May(route.Role):
					if got.StatusCode != http.StatusForbidden {
						t.Errorf("%s: %d, though it needs %v", what, got.StatusCode, route.Role)
					}
				case token && strings.HasPrefix(route.Pattern, "/account/"): // for a session only
				case got.StatusCode == http.StatusUnauthorized, got.StatusCode == http.StatusForbidden:
					t.Errorf("%s: %d %s", what, got.StatusCode, text)
				}
			}
		}
	}
}

// A request that changes something must come from a page of this server, whatever
// cookie it has.
func TestRequestsOfOtherPagesChangeNothing(t *testing.T) {
	w := newWorld(t, nil)
	for name, header := range map[string]http.Header{
		"a form elsewhere":             {"Origin": {"https://evil.example"}, "Sec-Fetch-Site": {"cross-site"}},
		"a script elsewhere":           {"Origin": {"https://evil.example"}},
		"a page of a neighbour":        {"Origin": {"https://evil.example"}, "Sec-Fetch-Site": {"same-site"}},
		"a page without an origin":     {"Origin": {"null"}},
		"a browser that says nothing":  {"Origin": nil},
		"another port of this machine": {"Origin": {"http://127.0.0.1:1"}},
	} {
		for _, route := range w.web.Table() {
			if route.Method == http.MethodGet || route.Programs {
				continue
			}
			got, _ := w.send(ask{method: route.Method, path: place(route.Pattern), as: access.Admin, body: "{}", header: header})
			if got.StatusCode != http.StatusForbidden {
				t.Errorf("%s: %s %s: %d", name, route.Method, route.Pattern, got.StatusCode)
			}
		}
	}
	// What says that it comes from here is taken, and so is a token from nowhere.
	for name, a := range map[string]ask{
		"our page":          {header: http.Header{"Sec-Fetch-Site": {"same-origin"}}},
		"our page by name":  {},
		"a program's token": {token: true},
	} {
		a.method, a.path, a.body, a.as = http.MethodPost, "/api/v1/jobs/999/retry", "{}", access.Admin
		if got, text := w.send(a); got.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d %s", name, got.StatusCode, text)
		}
	}
}
