package providertest

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/provider/simhttp"
	"github.com/qleaks/qleaks/internal/secret"
)

// Run holds a provider to the contract.
func Run(t *testing.T, r Rig) {
	t.Helper()
	tests := []struct {
		sentence string
		test     func(*testing.T, *stage)
	}{
		{"the kit is sound", kitIsSound},
		{"a key that works is active, and known", liveIsActive},
		{"a key that was revoked is told as far as the provider tells", goneIsGone},
		{"a made-up value is never active", madeUpIsNotActive},
		{"what could break out of a request is not sent", malformedIsNotSent},
		{"nothing is sent in the clear to another machine", plainIsRefused},
		{"no failure is a verdict", failureIsNoVerdict},
		{"an end of the context ends the question", contextEnds},
		{"control questions are answered", controls},
		{"control questions that fail take the verdict back", controlTakesBack},
		{"a description tells whose key it is", describes},
		{"jobs are listed, and those that wait are cancelled", jobs},
		{"sessions are listed and ended", sessions},
		{"keys are listed, whole or with an error", lists},
		{"keys are issued, suspended and revoked", lives},
		{"without a credential of one's own nothing is done with one", needsCredential},
	}
	for _, test := range tests {
		t.Run(test.sentence, func(t *testing.T) {
			s := r.stage(t)
			test.test(t, s)
			onlyDeclaredCalls(t, s)
			keysStayOutOfURLs(t, s)
			for _, v := range []secret.Value{s.Live, s.Gone, s.Config.Credential} {
				keepsTo(t, v, s.log.String())
			}
		})
	}
}

func kitIsSound(t *testing.T, s *stage) {
	k := s.rig.Kit
	if k.Name == "" || k.Name != strings.ToLower(k.Name) || k.Title == "" {
		t.Errorf("name %q, title %q", k.Name, k.Title)
	}
	services := map[string]bool{}
	for _, service := range k.Services {
		u, err := url.Parse(service.Origin)
		if err != nil || u.Scheme != "https" || u.Host == "" || services[service.Name] || service.Rate <= 0 {
			t.Errorf("service %q is not sound: %q", service.Name, service.Origin)
		}
		services[service.Name] = true
		if s.Services[service.Name] == nil {
			t.Errorf("service %q is not simulated", service.Name)
		}
	}
	can := provider.Abilities(s.client(t))
	called := map[provider.Ability]bool{}
	for _, call := range k.Calls {
		called[call.Ability] = true
		if !services[call.Service] || !slices.Contains(can, call.Ability) || !strings.HasPrefix(call.Path, "/") || call.Carries == "" {
			t.Errorf("call %+v is not sound", call)
		}
	}
	for _, a := range can {
		if !called[a] {
			t.Errorf("no call is declared for %q", a)
		}
	}
	if a, b := k.Sample(), k.Sample(); a.IsZero() || a.Equal(b) || a.Len() < 20 {
		t.Error("made-up values are not made up")
	}
	if _, err := k.New(provider.Config{Origins: map[string]string{"nonsense": "https://provider.test"}}); err == nil {
		t.Error("an origin for a service that does not exist is taken")
	}
	if _, err := k.New(provider.Config{}); err != nil {
		t.Errorf("the zero Config is refused: %v", err)
	}
}

// onlyDeclaredCalls holds the client to the kit's list of requests, which is
// what the operator is shown beforehand.
func onlyDeclaredCalls(t *testing.T, s *stage) {
	t.Helper()
	for name, server := range s.Services {
		for _, asked := range server.Seen() {
			if !slices.ContainsFunc(s.rig.Kit.Calls, func(c provider.Call) bool {
				return c.Service == name && c.Method == asked.Method && fitsPath(c.Path, asked.Path)
			}) {
				t.Errorf("%s %s at %s is not among the kit's calls", asked.Method, asked.Path, name)
			}
		}
	}
}

// fitsPath compares a path with one in which parts in braces vary.
func fitsPath(pattern, path string) bool {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	return len(want) == len(got) && !slices.ContainsFunc(want, func(part string) bool {
		i := slices.Index(want, part)
		return part != got[i] && !strings.HasPrefix(part, "{")
	})
}

func keysStayOutOfURLs(t *testing.T, s *stage) {
	t.Helper()
	for _, asked := range s.seen() {
		for _, v := range []secret.Value{s.Live, s.Gone, s.Config.Credential} {
			if v.In(asked.Path) || v.In(asked.Query.Encode()) {
				t.Errorf("%s %s has a key in its URL", asked.Method, asked.Path)
			}
		}
	}
}

func liveIsActive(t *testing.T, s *stage) {
	verdict, err := s.client(t).Verify(t.Context(), s.Live)
	if err != nil || verdict.Status != key.Active {
		t.Fatalf("%v, %v", verdict, err)
	}
	if got, want := verdict.Key, s.LiveKey; got.Provider != s.rig.Kit.Name || got.ID != want.ID || got.Name != want.Name {
		t.Errorf("key %+v, want %+v", got, want)
	}
	if e := verdict.Evidence; e.HTTPStatus != http.StatusOK || e.Asked.IsZero() || e.Request == "" || strings.Contains(e.Request, "?") || verdict.Reason == "" {
		t.Errorf("evidence %+v", e)
	}
	keepsTo(t, s.Live, verdict)
}

func goneIsGone(t *testing.T, s *stage) {
	verdict, err := s.client(t).Verify(t.Context(), s.Gone)
	if err != nil || verdict.Status != s.GoneStatus || verdict.Reason == "" {
		t.Errorf("%+v, %v; want %s", verdict, err, s.GoneStatus)
	}
	keepsTo(t, s.Gone, verdict)
}

func madeUpIsNotActive(t *testing.T, s *stage) {
	for range 3 {
		if verdict, err := s.client(t).Verify(t.Context(), s.rig.Kit.Sample()); err != nil || verdict.Status != s.MadeUp {
			t.Errorf("%+v, %v; want %s", verdict, err, s.MadeUp)
		}
	}
}

func malformedIsNotSent(t *testing.T, s *stage) {
	c := s.client(t)
	for _, material := range []string{"", "two\r\nX-Header: lines", "with space", "tab\tinside", "nul\x00inside", "überlang", "del\x7f", strings.Repeat("x", 10_000)} {
		v := secret.New([]byte(material))
		verdict, err := c.Verify(t.Context(), v)
		if !errors.Is(err, provider.ErrMalformed) || verdict.Status != key.Unknown {
			t.Errorf("%.20q: %+v, %v", material, verdict, err)
		}
		if d, ok := c.(provider.Describer); ok {
			if _, err := d.Describe(t.Context(), v); !errors.Is(err, provider.ErrMalformed) {
				t.Errorf("describe %.20q: %v", material, err)
			}
		}
	}
	if seen := s.seen(); len(seen) != 0 {
		t.Errorf("asked: %v", seen)
	}
}

func plainIsRefused(t *testing.T, s *stage) {
	origins := map[string]string{}
	for _, service := range s.rig.Kit.Services {
		origins[service.Name] = "http://provider.test/base"
	}
	if _, err := s.rig.Kit.New(provider.Config{Origins: origins, Credential: s.Live}); !errors.Is(err, provider.ErrPlain) {
		t.Errorf("a credential over plain HTTP: %v", err)
	}
	c, err := s.rig.Kit.New(provider.Config{Origins: origins})
	if err != nil {
		t.Fatal(err)
	}
	if verdict, err := c.Verify(t.Context(), s.Live); err == nil || verdict.Status != key.Unknown {
		t.Errorf("a key over plain HTTP: %+v, %v", verdict, err)
	}
}

func failureIsNoVerdict(t *testing.T, s *stage) {
	html := "<!doctype html><title>Sign in</title>"
	for name, handler := range map[string]http.HandlerFunc{
		"403":         simhttp.Answer(http.StatusForbidden, "text/html", html),
		"429":         simhttp.Answer(http.StatusTooManyRequests, "application/json", "{}", "Retry-After", "7"),
		"500":         simhttp.Answer(http.StatusInternalServerError, "text/plain", "oops"),
		"portal":      simhttp.Answer(http.StatusOK, "text/html", html),
		"portal, 401": simhttp.Answer(http.StatusUnauthorized, "text/html", html),
		"moved":       simhttp.Answer(http.StatusFound, "text/html", "", "Location", "https://portal.test/"),
		"nothing":     nil,
	} {
		s.mend()
		s.breaks(simhttp.Fault{Handler: handler})
		for _, v := range []secret.Value{s.Live, s.Gone} {
			if verdict, err := s.client(t).Verify(t.Context(), v); err != nil || verdict.Status != key.Unknown || verdict.Reason == "" {
				t.Errorf("%s: %+v, %v", name, verdict, err)
			}
		}
	}
	s.mend()
}

func contextEnds(t *testing.T, s *stage) {
	cause := errors.New("the user has gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	verdict, err := s.client(t).Verify(ctx, s.Live)
	if !errors.Is(err, cause) || verdict.Status != key.Unknown {
		t.Errorf("%+v, %v", verdict, err)
	}
}

// noGoroutines returns a check that nothing is left running but connections
// that net/http keeps for the next request.
func noGoroutines(t *testing.T) func() {
	t.Helper()
	before := goleak.IgnoreCurrent()
	return func() {
		t.Helper()
		if err := goleak.Find(before, goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"), goleak.IgnoreAnyFunction("net/http.(*conn).serve")); err != nil {
			t.Error(err)
		}
	}
}
