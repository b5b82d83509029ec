package providertest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/provider/simhttp"
)

// Case is something that can come when a provider is asked about a value, and
// what it must be taken for.
type Case struct {
	What string
	// Comes is the answer.
	Comes http.HandlerFunc
	Want  key.Status
	// Wait is for how long the verdict must say that the provider is to be left
	// alone.
	Wait time.Duration
	// Code is the provider's own code that the evidence must have; "" is any.
	Code string

	leads   *lead
	between between
	patient bool
	// skip is how many questions are answered as ever before this comes. Those
	// behind the first are control questions.
	skip int
}

// lead is an answer that points to somewhere else. {elsewhere} in its text is
// another server, {here} the one that is asked.
type lead struct {
	status         int
	name, location string
	body           string
}

// between is what stands between client and provider in a case: it gets the
// provider's handler and gives the change of a Config that leads there. The
// provider is below its base path.
type between func(t *testing.T, h *simhttp.Server, service string) func(*provider.Config)

// fewest is how many cases a catalogue must have to deserve the name.
const fewest = 60

// Catalogue asks about a value in one of a provider's ways, and has everything
// come that can come over a network, with its own cases besides. Whatever
// comes, the key goes nowhere but to the provider, and is in nothing that is
// told.
func Catalogue(t *testing.T, r Rig, v Verifying, own []Case) {
	t.Helper()
	all := slices.Concat(own, answers(v), statuses(), leads(), wires(v), connections(v), doubts(v))
	if len(all) < fewest {
		t.Errorf("%d cases are no catalogue", len(all))
	}
	names := map[string]bool{}
	for _, c := range all {
		if names[c.What] {
			t.Errorf("two cases are called %q", c.What)
		}
		names[c.What] = true
		t.Run(c.What, func(t *testing.T) {
			if c.patient {
				t.Parallel() // it waits for a time-out
			}
			c.try(t, r, v)
		})
	}
	t.Logf("%d cases", len(all))
}

// times is how often it comes: a control question has its own answer.
func (c Case) times() int { return min(c.skip, 1) }

// doubts are control questions that are not answered as they must be. Then the
// key, which works, is not said to work.
func doubts(v Verifying) (all []Case) {
	add := func(what string, skip int, comes http.HandlerFunc) {
		all = append(all, Case{What: what, Comes: comes, Want: key.Unknown, skip: skip})
	}
	for _, asked := range []struct {
		who  string
		skip int
	}{{"a made-up value", 1}, {"the operator's own key", 2}} {
		if asked.skip > 1 && v.Alone {
			continue
		}
		add(asked.who+" gets a failure", asked.skip, says(500, `{}`))
		all = append(all, Case{What: asked.who + " is asked to wait", Comes: says(429, `{}`, "Retry-After", "60"), Want: key.Unknown, skip: asked.skip, Wait: time.Minute})
		add(asked.who+" gets a page", asked.skip, simhttp.Answer(200, "text/html", "<html>"))
		add(asked.who+" gets an object of something else", asked.skip, says(200, `{"status":"ok"}`))
		add(asked.who+" gets half of the acceptance", asked.skip, says(v.Accepts.Status, v.Accepts.Body[:len(v.Accepts.Body)/2]))
	}
	add("a made-up value is accepted", 1, says(v.Accepts.Status, v.Accepts.Body))
	if v.Refuses.Status != 0 && !v.Alone {
		add("the operator's own key is refused", 2, says(v.Refuses.Status, v.Refuses.Body))
	}
	return all
}

// method is how the question is asked.
func (v Verifying) method() string {
	if v.Method == "" {
		return http.MethodGet
	}
	return v.Method
}

func (c Case) try(t *testing.T, r Rig, v Verifying) {
	t.Helper()
	s, trap := r.stage(t), newTrap(t)
	changes := []func(*provider.Config){}
	if v.Change != nil {
		changes = append(changes, v.Change)
	}
	if c.patient {
		changes = append(changes, func(c *provider.Config) { c.Timeout = 200 * time.Millisecond })
	}
	comes := c.Comes
	if c.leads != nil {
		comes = c.leads.answer(trap.URL, s.Config.Origins[v.Service])
	}
	if comes != nil {
		s.Services[v.Service].Break(simhttp.Fault{Method: v.method(), Path: v.Path, Skip: c.skip, Times: c.times(), Handler: comes})
	}
	if c.between != nil {
		changes = append(changes, c.between(t, s.Services[v.Service], v.Service))
	}
	asks := s.client(t, changes...).Verify
	if c.skip > 0 {
		asks = provider.Check(s.client(t, changes...)).Verify
	}
	verdict, err := asks(t.Context(), s.Live)
	if err != nil || verdict.Status != c.Want {
		t.Errorf("%+v, %v; want %s", verdict, err, c.Want)
	}
	if verdict.Reason == "" || verdict.Evidence.Request == "" || strings.Contains(verdict.Evidence.Request, "?") || verdict.Evidence.Asked.IsZero() {
		t.Errorf("reason or evidence is missing: %+v", verdict)
	}
	if verdict.RetryAfter != c.Wait || c.Code != "" && verdict.Evidence.Code != c.Code {
		t.Errorf("wait %v, code %q; want %v, %q", verdict.RetryAfter, verdict.Evidence.Code, c.Wait, c.Code)
	}
	asked := 0
	for _, q := range s.Services[v.Service].Seen() {
		if q.Method == v.method() && q.Path == v.Path {
			asked++
		}
	}
	// net/http itself asks again where a connection that was kept is cut.
	if asked > 2+c.skip || asked == 0 && c.between == nil {
		t.Errorf("asked %d times", asked)
	}
	trap.check(t)
	onlyDeclaredCalls(t, s)
	keysStayOutOfURLs(t, s)
	keepsTo(t, s.Live, verdict, s.log.String())
	keepsTo(t, s.Config.Credential, verdict, s.log.String())
}

// trap is a server that must never be asked.
type trap struct {
	*httptest.Server

	mu   sync.Mutex
	seen []string
}

func newTrap(t *testing.T) *trap {
	t.Helper()
	made := &trap{}
	made.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		made.mu.Lock()
		defer made.mu.Unlock()
		made.seen = append(made.seen, r.Method+" "+r.URL.Path)
	}))
	t.Cleanup(made.Close)
	return made
}

// check complains about everything that arrived, with a key or without.
func (p *trap) check(t *testing.T) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.seen) != 0 {
		t.Errorf("another host was asked: %q", p.seen)
	}
}

func (l *lead) answer(elsewhere, here string) http.HandlerFunc {
	fill := strings.NewReplacer("{elsewhere}", elsewhere, "{here}", here, "{other port}", strings.TrimPrefix(elsewhere, "http:"))
	return simhttp.Answer(l.status, "text/html", fill.Replace(l.body), l.name, fill.Replace(l.location))
}

// leads are answers that point elsewhere. Nobody follows.
func leads() (all []Case) {
	const login = `<!doctype html><title>Sign in</title><form action="{elsewhere}/login" method="post"><input name="key"></form>`
	add := func(what string, l lead) { all = append(all, Case{What: what, leads: &l, Want: key.Unknown}) }
	for _, status := range []int{300, 301, 302, 303, 305, 306, 307, 308} {
		add(fmt.Sprintf("status %d to another host", status), lead{status: status, name: "Location", location: "{elsewhere}/whoami"})
	}
	for what, location := range map[string]string{
		"by name only": "{other port}/", "on the same host": "{here}/elsewhere", "that is relative": "/elsewhere", "that is a query": "?next=1", "to itself": "",
		"to a file": "file:///etc/passwd", "to a script": "javascript:alert(1)", "to data": "data:application/json,{}", "to a mailbox": "mailto:a@example.test",
		"with a user in it": "http://user:password@127.0.0.1/", "that is no address": "http://[::1", "to an address of the cloud": "http://169.254.169.254/latest/meta-data/",
	} {
		add("a redirect "+what, lead{status: http.StatusFound, name: "Location", location: location})
	}
	add("a redirect to a portal, with its page", lead{status: http.StatusFound, name: "Location", location: "{elsewhere}/portal", body: login})
	add("not modified", lead{status: http.StatusNotModified, name: "Etag", location: `"1"`})
	add("a page that refreshes to another host", lead{status: http.StatusOK, name: "Refresh", location: "0; url={elsewhere}/", body: `<meta http-equiv="refresh" content="0; url={elsewhere}/">`})
	add("a captive portal that says so", lead{status: http.StatusNetworkAuthenticationRequired, name: "Link", location: `<{elsewhere}/>; rel="captive-portal"`, body: login})
	add("a page to sign in on", lead{status: http.StatusOK, name: "X-Portal", location: "{elsewhere}", body: login})
	add("another service for the same", lead{status: http.StatusOK, name: "Alt-Svc", location: `h2="{elsewhere}"; ma=86400`, body: login})
	return all
}
