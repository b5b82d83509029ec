// Package sim simulates GitHub as far as the secrets of workflows are
// concerned: organisations, repositories, environments, and the names and times
// of their secrets, after GitHub's published OpenAPI document.
package sim

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/qleaks/qleaks/internal/provider/simhttp"
	"github.com/qleaks/qleaks/internal/secret"
)

// Options are what a Sim is made of; the zero value is a quiet GitHub.
type Options struct {
	// Now, Limit and Span are those of simhttp.Options.
	Now   func() time.Time
	Limit int
	Span  time.Duration
}

// Sim is GitHub. It may be used by many goroutines at once.
type Sim struct {
	*simhttp.Server

	mu     sync.Mutex
	owners map[string]*owner
	tokens map[string][]string // whose secrets a token may read
	ids    int
}

type owner struct {
	secrets      secrets
	repositories []*repository // oldest first
}

type repository struct {
	id           int
	name         string
	secrets      secrets
	environments map[string]secrets
}

// secrets are names with the times of their making and of their last change.
type secrets map[string][2]time.Time

// New makes a GitHub without anybody.
func New(o Options) *Sim {
	s := &Sim{owners: map[string]*owner{}, tokens: map[string][]string{}}
	s.Server = simhttp.New(simhttp.Options{Base: "/api/v3", Now: o.Now, Limit: o.Limit, Span: o.Span, Refuse: refuse})
	s.Handle(http.MethodGet, "/orgs/{owner}/actions/secrets", s.bearing(s.ofOwner))
	s.Handle(http.MethodGet, "/orgs/{owner}/repos", s.bearing(s.listRepositories))
	s.Handle(http.MethodGet, "/repos/{owner}/{repository}/actions/secrets", s.bearing(s.ofRepository))
	s.Handle(http.MethodGet, "/repos/{owner}/{repository}/environments", s.bearing(s.listEnvironments))
	s.Handle(http.MethodGet, "/repos/{owner}/{repository}/environments/{environment}/secrets", s.bearing(s.ofEnvironment))
	return s
}

// Token makes a token that may read the secrets of some owners.
func (s *Sim) Token(owners ...string) secret.Value {
	s.mu.Lock()
	defer s.mu.Unlock()
	value := "ghp_" + simhttp.Random(36, simhttp.Alphanumeric)
	s.tokens[value] = owners
	return secret.New([]byte(value))
}

// Found makes a repository, and its owner if there is none. It may be made
// twice.
func (s *Sim) Found(in, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.repository(in, name)
}

func (s *Sim) repository(in, name string) *repository {
	o := s.owners[in]
	if o == nil {
		o = &owner{secrets: secrets{}}
		s.owners[in] = o
	}
	if name == "" {
		return nil
	}
	at := slices.IndexFunc(o.repositories, func(r *repository) bool { return r.name == name })
	if at < 0 {
		s.ids++
		o.repositories = append(o.repositories, &repository{id: s.ids, name: name, secrets: secrets{}, environments: map[string]secrets{}})
		at = len(o.repositories) - 1
	}
	return o.repositories[at]
}

// Set sets a secret at a time, in OWNER, OWNER/REPOSITORY or
// OWNER/REPOSITORY/ENVIRONMENT; what is not there is made.
func (s *Sim) Set(where, name string, at time.Time) {
	s.in(where)(func(all secrets) { all.set(name, at) })
}

// Remove removes a secret.
func (s *Sim) Remove(where, name string) { s.in(where)(func(all secrets) { delete(all, name) }) }

func (all secrets) set(name string, at time.Time) {
	made, ok := all[name]
	if !ok {
		made[0] = at
	}
	all[name] = [2]time.Time{made[0], at}
}

// in finds the secrets of a place, and does something to them.
func (s *Sim) in(where string) func(func(secrets)) {
	return func(do func(secrets)) {
		s.mu.Lock()
		defer s.mu.Unlock()
		parts := strings.SplitN(where, "/", 3)
		switch r := s.repository(parts[0], strings.Join(parts[1:min(2, len(parts))], "")); {
		case r == nil:
			do(s.owners[parts[0]].secrets)
		case len(parts) < 3:
			do(r.secrets)
		default:
			if r.environments[parts[2]] == nil {
				r.environments[parts[2]] = secrets{}
			}
			do(r.environments[parts[2]])
		}
	}
}

// refuse writes GitHub's envelope. A limit that is reached is said with 403, and
// with headers that tell when it begins anew.
func refuse(w http.ResponseWriter, status int) {
	message := http.StatusText(status)
	switch status {
	case http.StatusUnauthorized:
		message = "Bad credentials"
	case http.StatusForbidden:
		message = "Resource not accessible by personal access token"
	case http.StatusTooManyRequests:
		seconds, err := strconv.Atoi(w.Header().Get("Retry-After"))
		if err != nil {
			seconds = 1
		}
		w.Header().Del("Retry-After")
		w.Header().Set("X-Ratelimit-Limit", "5000")
		w.Header().Set("X-Ratelimit-Remaining", "0")
		w.Header().Set("X-Ratelimit-Reset", strconv.FormatInt(time.Now().Unix()+int64(seconds), 10))
		status, message = http.StatusForbidden, "API rate limit exceeded for user ID 1."
	}
	simhttp.JSON(w, status, map[string]string{"message": message, "documentation_url": "https://docs.github.com/rest", "status": strconv.Itoa(status)})
}

// handler answers a request about an owner that the token may ask about. The
// Sim is locked.
type handler func(w http.ResponseWriter, r *http.Request, o *owner)

func (s *Sim) bearing(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		scheme, value, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		owners, good := s.tokens[value]
		o := s.owners[r.PathValue("owner")]
		switch {
		case !good || !strings.EqualFold(scheme, "Bearer") && !strings.EqualFold(scheme, "token"):
			refuse(w, http.StatusUnauthorized)
		case o == nil:
			refuse(w, http.StatusNotFound)
		case !slices.Contains(owners, r.PathValue("owner")):
			refuse(w, http.StatusForbidden)
		default:
			h(w, r, o)
		}
	}
}

func (s *Sim) ofOwner(w http.ResponseWriter, r *http.Request, o *owner) { o.secrets.page(w, r, true) }

func (s *Sim) ofRepository(w http.ResponseWriter, r *http.Request, o *owner) {
	if found := o.find(w, r); found != nil {
		found.secrets.page(w, r, false)
	}
}

func (s *Sim) ofEnvironment(w http.ResponseWriter, r *http.Request, o *owner) {
	found := o.find(w, r)
	if found == nil {
		return
	}
	all, ok := found.environments[r.PathValue("environment")]
	if !ok {
		refuse(w, http.StatusNotFound)
		return
	}
	all.page(w, r, false)
}

// find finds the repository that a request names, or refuses.
func (o *owner) find(w http.ResponseWriter, r *http.Request) *repository {
	at := slices.IndexFunc(o.repositories, func(x *repository) bool { return x.name == r.PathValue("repository") })
	if at < 0 {
		refuse(w, http.StatusNotFound)
		return nil
	}
	return o.repositories[at]
}

func (all secrets) page(w http.ResponseWriter, r *http.Request, organisation bool) {
	told := []map[string]any{}
	for name, times := range all {
		one := map[string]any{"name": name, "created_at": stamp(times[0]), "updated_at": stamp(times[1])}
		if organisation {
			one["visibility"] = "all"
		}
		told = append(told, one)
	}
	slices.SortFunc(told, func(a, b map[string]any) int { return cmp.Compare(fmt.Sprint(a["name"]), fmt.Sprint(b["name"])) })
	simhttp.JSON(w, http.StatusOK, map[string]any{"total_count": len(told), "secrets": turn(w, r, told)})
}

func (s *Sim) listRepositories(w http.ResponseWriter, r *http.Request, o *owner) {
	told := []map[string]any{}
	for _, x := range o.repositories {
		told = append(told, map[string]any{
			"id": x.id, "name": x.name, "full_name": r.PathValue("owner") + "/" + x.name, "private": true, "owner": map[string]any{"login": r.PathValue("owner"), "type": "Organization"},
		})
	}
	if query := r.URL.Query(); query.Get("direction") != "asc" {
		slices.Reverse(told)
	}
	simhttp.JSON(w, http.StatusOK, turn(w, r, told))
}

func (s *Sim) listEnvironments(w http.ResponseWriter, r *http.Request, o *owner) {
	found := o.find(w, r)
	if found == nil {
		return
	}
	told := []map[string]any{}
	for name := range found.environments {
		told = append(told, map[string]any{"id": found.id, "name": name})
	}
	slices.SortFunc(told, func(a, b map[string]any) int { return cmp.Compare(fmt.Sprint(a["name"]), fmt.Sprint(b["name"])) })
	simhttp.JSON(w, http.StatusOK, map[string]any{"total_count": len(told), "environments": turn(w, r, told)})
}

// turn cuts a page, and links to the next one.
func turn(w http.ResponseWriter, r *http.Request, all []map[string]any) []map[string]any {
	query := r.URL.Query()
	size, page := within(query.Get("per_page"), 100, 30), within(query.Get("page"), 1<<30, 1)
	if page*size < len(all) {
		query.Set("page", strconv.Itoa(page+1))
		w.Header().Set("Link", fmt.Sprintf(`<https://%s%s?%s>; rel="next"`, r.Host, r.URL.Path, query.Encode()))
	}
	return all[min((page-1)*size, len(all)):min(page*size, len(all))]
}

// within reads a number, or takes the default where it makes no sense; too much
// is as much as there may be.
func within(text string, most, otherwise int) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return otherwise
	}
	return min(n, most)
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
