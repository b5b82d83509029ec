package github_test

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/github"
	"github.com/qleaks/qleaks/internal/github/sim"
	"github.com/qleaks/qleaks/internal/httpx"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/provider/simhttp"
)

func names(all []github.Repository) (n []string) {
	for _, r := range all {
		n = append(n, r.FullName())
	}
	return n
}

func TestRepositoriesAreListedWithWhatChoosesAmongThem(t *testing.T) {
	s := sim.New(sim.Options{})
	for i := range 250 {
		s.Found("acme", "many-"+strconv.Itoa(i))
	}
	s.Describe("acme", "VQE", map[string]any{
		"archived": true, "fork": true, "has_wiki": true, "topics": []string{"quantum"}, "size": 3, "default_branch": "trunk",
		"visibility": "internal", "pushed_at": "2026-01-02T03:04:05Z",
	})
	c, _ := client(t, s, s.Token("acme"))
	all, err := c.Repositories(t.Context(), "acme")
	if err != nil || len(all) != 251 || all[0].Name != "many-0" {
		t.Fatalf("%d repositories, %v", len(all), err)
	}
	got := all[250]
	want := github.Repository{ID: got.ID, Owner: "acme", Name: "VQE", Visibility: "internal", Archived: true, Fork: true, Wiki: true, Branch: "trunk", Size: 3 << 10, Pushed: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	if got.Topics = nil; got.ID == 0 || !slices.Equal(names([]github.Repository{got}), []string{"acme/VQE"}) || got.Pushed != want.Pushed || got.Size != want.Size || !got.Archived || !got.Fork || !got.Wiki || got.Branch != "trunk" || got.Visibility != "internal" {
		t.Errorf("%+v", got)
	}
	vqe := all[250]
	for name, f := range map[string]struct {
		filter github.Filter
		takes  bool
	}{
		"all":              {github.Filter{}, true},
		"its topic":        {github.Filter{Topics: []string{"other", "Quantum"}}, true},
		"another topic":    {github.Filter{Topics: []string{"other"}}, false},
		"none archived":    {github.Filter{NoArchived: true}, false},
		"no forks":         {github.Filter{NoForks: true}, false},
		"pushed since":     {github.Filter{Since: vqe.Pushed}, true},
		"not since":        {github.Filter{Since: vqe.Pushed.Add(time.Second)}, false},
		"a pattern":        {github.Filter{Include: []string{"none", "v*"}}, true},
		"another pattern":  {github.Filter{Include: []string{"many-*"}}, false},
		"what is left out": {github.Filter{Include: []string{"*"}, Exclude: []string{"vqe"}}, false},
	} {
		if f.filter.Takes(vqe) != f.takes {
			t.Errorf("%s: %t", name, !f.takes)
		}
	}
	if (github.Filter{Exclude: []string{"[a"}}).Validate() != "[a" {
		t.Error("a pattern that is none is taken")
	}
	if one, err := c.Repository(t.Context(), "acme", "VQE"); err != nil || one.ID != vqe.ID {
		t.Errorf("%+v, %v", one, err)
	}
}

func TestAPersonsRepositoriesAreThePublicOnesAndThoseOfTheToken(t *testing.T) {
	s := sim.New(sim.Options{})
	s.Person("ada")
	s.Found("ada", "notes")
	for name, refused := range map[string][]string{"a token": nil, "an app": {"/user/repos"}, "one of somebody else": {"/user/repos", "/installation/repositories"}} {
		for _, path := range refused {
			s.Break(simhttp.Fault{Path: path, Handler: says(403, `{"message":"Resource not accessible by integration"}`)})
		}
		c, _ := client(t, s, s.Token("ada"))
		if all, err := c.Repositories(t.Context(), "ada"); err != nil || !slices.Equal(names(all), []string{"ada/notes"}) {
			t.Errorf("%s: %v, %v", name, names(all), err)
		}
		s.Mend()
	}
}

func TestAListOfRepositoriesThatIsNoneIsAnError(t *testing.T) {
	s := sim.New(sim.Options{})
	s.Found("acme", "lab")
	one := func(name string) string {
		return `[{"id":1,"name":` + strconv.Quote(name) + `,"owner":{"login":"acme"}}]`
	}
	for name, body := range map[string]string{
		"an object": `{}`, "nothing": `[null]`, "no owner": `[{"id":1,"name":"x"}]`, "no name": one(""), "leads up": one(".."), "parts": one("a/b"),
		"control": one("a\nb"), "escape": one("\x1b[2J"), "long": one(string(bytes.Repeat([]byte("a"), 101))), "half": `[{"id":1`, "a number": `[7]`,
	} {
		s.Break(simhttp.Fault{Path: "/orgs/acme/repos", Handler: says(200, body)})
		c, _ := client(t, s, s.Token("acme"))
		if all, err := c.Repositories(t.Context(), "acme"); !errors.Is(err, provider.ErrUnexpected) || len(all) > 0 {
			t.Errorf("%s: %v, %v", name, names(all), err)
		}
		s.Mend()
	}
	s.Break(simhttp.Fault{Path: "/orgs/acme/repos", Handler: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(append([]byte("["), bytes.Repeat([]byte(" "), 9<<20)...))
	}})
	c, _ := client(t, s, s.Token("acme"))
	if _, err := c.Repositories(t.Context(), "acme"); !errors.Is(err, httpx.ErrTooLarge) {
		t.Errorf("a huge page: %v", err)
	}
}

func TestEveryFormOfTheLimitIsOne(t *testing.T) {
	reset := strconv.FormatInt(time.Now().Add(10*time.Minute).Unix(), 10)
	const json = "application/json"
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		busy    bool
		least   time.Duration
	}{
		"of the hour":                           {simhttp.Answer(403, json, `{"message":"API rate limit exceeded"}`, "X-Ratelimit-Remaining", "0", "X-Ratelimit-Reset", reset), true, 9 * time.Minute},
		"of the hour, with 429":                 {simhttp.Answer(429, json, `{}`, "X-Ratelimit-Remaining", "0", "X-Ratelimit-Reset", reset), true, 9 * time.Minute},
		"of the moment":                         {simhttp.Answer(403, json, `{"message":"You have exceeded a secondary rate limit"}`), true, time.Minute},
		"of the moment, said":                   {simhttp.Answer(403, json, `{}`, "Retry-After", "120"), true, 2 * time.Minute},
		"429 alone":                             {simhttp.Answer(429, json, `{}`), true, time.Minute},
		"429, said":                             {simhttp.Answer(429, json, `{}`, "Retry-After", "120"), true, 2 * time.Minute},
		"not the limit, though nothing is left": {simhttp.Answer(403, json, `{"message":"Resource not accessible"}`, "X-Ratelimit-Remaining", "0", "X-Ratelimit-Reset", reset), false, 0},
	} {
		s := sim.New(sim.Options{})
		s.Found("acme", "lab")
		s.Break(simhttp.Fault{Path: "/orgs/acme/repos", Times: 1, Handler: c.handler})
		client, _ := client(t, s, s.Token("acme"))
		_, err := client.Repositories(t.Context(), "acme")
		failed, ok := errors.AsType[*provider.CallError](err)
		if !ok || errors.Is(err, provider.ErrBusy) != c.busy || failed.RetryAfter < c.least {
			t.Errorf("%s: %v, again after %v", name, err, failed)
		}
		if _, err := client.Repositories(t.Context(), "acme"); !c.busy && err != nil {
			t.Errorf("%s holds up what comes after: %v", name, err)
		}
	}
}

func TestTheLimitIsWaitedForByWhoHasThePatience(t *testing.T) {
	s := sim.New(sim.Options{})
	s.Found("acme", "lab")
	now := strconv.FormatInt(time.Now().Unix(), 10)
	s.Break(simhttp.Fault{Path: "/orgs/acme/repos", Times: 1, Handler: simhttp.Answer(403, "application/json", `{"message":"API rate limit exceeded"}`, "X-Ratelimit-Remaining", "0", "X-Ratelimit-Limit", "5000", "X-Ratelimit-Reset", now)})
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	c, err := github.New(provider.Config{Credential: s.Token("acme"), Origins: map[string]string{"api": server.URL + s.Base()}, Rate: 1e6, Patience: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	waits := 0
	c.OnWait(func(time.Duration) { waits++ })
	if all, err := c.Repositories(t.Context(), "acme"); err != nil || len(all) != 1 || waits != 1 {
		t.Errorf("%v, %v after %d waits", names(all), err, waits)
	}
}

func TestWhatIsLeftOfTheLimitIsTold(t *testing.T) {
	s := sim.New(sim.Options{})
	s.Found("acme", "lab")
	s.Break(simhttp.Fault{Handler: func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Ratelimit-Limit", "5000")
		w.Header().Set("X-Ratelimit-Remaining", "4321")
		w.Header().Set("X-Ratelimit-Reset", "1800000000")
		s.Pass(w, r)
	}})
	c, _ := client(t, s, s.Token("acme"))
	if _, ok := c.Budget(); ok {
		t.Error("told before anything was asked")
	}
	if _, err := c.Repositories(t.Context(), "acme"); err != nil {
		t.Fatal(err)
	}
	if b, ok := c.Budget(); !ok || b.Limit != 5000 || b.Remaining != 4321 || b.Reset.Unix() != 1800000000 {
		t.Errorf("%+v, %t", b, ok)
	}
}

func TestThePermissionThatIsMissingIsTold(t *testing.T) {
	for needs, want := range map[string]bool{"metadata=read": true, "issues=read; pull_requests=read": true, "a<b>=read": false, "": false, "words without sense": false} {
		s := sim.New(sim.Options{})
		s.Found("acme", "lab")
		s.Break(simhttp.Fault{Path: "/orgs/acme/repos", Handler: simhttp.Answer(403, "application/json", `{}`, "X-Accepted-Github-Permissions", needs)})
		c, _ := client(t, s, s.Token("acme"))
		_, err := c.Repositories(t.Context(), "acme")
		missing, ok := errors.AsType[*github.PermissionError](err)
		if !errors.Is(err, provider.ErrNotAllowed) || ok != want || want && missing.Needs != needs {
			t.Errorf("%q: %v", needs, err)
		}
	}
}

// memory is a httpx.Memory.
type memory struct {
	sync.Mutex

	kept map[string]httpx.Kept
}

func (m *memory) Recall(request string) (httpx.Kept, bool) {
	m.Lock()
	defer m.Unlock()
	k, ok := m.kept[request]
	return k, ok
}

func (m *memory) Keep(request string, k httpx.Kept) {
	m.Lock()
	defer m.Unlock()
	m.kept[request] = k
}

func TestWhatIsKnownIsNotSentAgain(t *testing.T) {
	s := sim.New(sim.Options{})
	for i := range 150 {
		s.Found("acme", "many-"+strconv.Itoa(i))
	}
	whole, unchanged := 0, 0
	s.Break(simhttp.Fault{Path: "/orgs/acme/repos", Handler: func(w http.ResponseWriter, r *http.Request) {
		tag := `"` + r.URL.Query().Get("page") + `"`
		if r.Header.Get("If-None-Match") == tag {
			unchanged++
			w.WriteHeader(http.StatusNotModified)
			return
		}
		whole++
		w.Header().Set("ETag", tag)
		s.Pass(w, r)
	}})
	m := &memory{kept: map[string]httpx.Kept{}}
	var first []github.Repository
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	for round := range 2 {
		c, err := github.New(provider.Config{Credential: s.Token("acme"), Origins: map[string]string{"api": server.URL + s.Base()}, Rate: 1e6})
		if err != nil {
			t.Fatal(err)
		}
		c.Remember(m)
		all, err := c.Repositories(t.Context(), "acme")
		if err != nil || len(all) != 150 {
			t.Fatalf("round %d: %d repositories, %v", round, len(all), err)
		}
		if round == 0 {
			first = all
		}
		if !slices.Equal(names(all), names(first)) {
			t.Error("another list")
		}
	}
	if whole != 2 || unchanged != 6 {
		t.Errorf("%d pages came whole, %d unchanged", whole, unchanged)
	}
	s.Break(simhttp.Fault{Path: "/users", Handler: simhttp.Answer(304, "", "")})
	c, _ := client(t, s, s.Token("acme"))
	if _, err := c.Repositories(t.Context(), "acme"); err == nil {
		t.Error("an answer that still holds, of which nothing is known, was taken for one")
	}
}
