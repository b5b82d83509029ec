// Package sim simulates GitHub as far as its secrets are concerned: people,
// organisations, repositories, environments, and the names and times of their
// secrets, after GitHub's published OpenAPI document.
package sim

import (
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
	// comments are those on OWNER/REPOSITORY/NUMBER.
	comments map[string][]comment
	// texts are what stands beside OWNER/REPOSITORY, by the path of its list.
	texts map[string]map[string][]map[string]any
	// patterns are the custom patterns of OWNER or OWNER/REPOSITORY.
	patterns map[string][]Pattern
	gists    []gist
	// alerts are those of OWNER/REPOSITORY, oldest first.
	alerts map[string][]*Alert
	writing
}

type owner struct {
	person       bool
	secrets      kinds
	repositories []*repository // oldest first
}

type repository struct {
	id           int
	name         string
	secrets      kinds
	environments map[string]secrets
	// about is what is told of it beside its name.
	about map[string]any
}

// kinds are secrets by what they are for: actions, dependabot and so on.
type kinds map[string]secrets

// secrets are names with the times of their making and of their last change.
type secrets map[string][2]time.Time

// New makes a GitHub without anybody.
func New(o Options) *Sim {
	s := &Sim{owners: map[string]*owner{}, tokens: map[string][]string{}}
	s.Server = simhttp.New(simhttp.Options{Base: "/api/v3", Now: o.Now, Limit: o.Limit, Span: o.Span, Refuse: refuse})
	for path, h := range map[string]handler{
		"/users/{owner}":                                                 s.about,
		"/orgs/{owner}/{kind}/secrets":                                   s.ofOwner,
		"/orgs/{owner}/repos":                                            s.listRepositories,
		"/users/{owner}/repos":                                           s.listRepositories,
		"/repos/{owner}/{repository}":                                    s.tellRepository,
		"/repos/{owner}/{repository}/{kind}/secrets":                     s.ofRepository,
		"/repos/{owner}/{repository}/environments":                       s.listEnvironments,
		"/repos/{owner}/{repository}/environments/{environment}/secrets": s.ofEnvironment,
	} {
		s.Handle(http.MethodGet, path, s.bearing(h))
	}
	s.handleWrites()
	s.handleComments()
	s.handleTexts()
	s.handlePatterns()
	s.handleAlerts()
	s.handleIssues()
	s.handleGists()
	s.Handle(http.MethodGet, "/user", s.bearing(s.about))
	s.Handle(http.MethodGet, "/user/repos", s.bearing(s.listMine))
	s.Handle(http.MethodGet, "/installation/repositories", s.bearing(s.listInstalled))
	s.Handle(http.MethodGet, "/user/codespaces/secrets", s.bearing(s.ofOwner))
	return s
}

// Person makes a person, who may own repositories.
func (s *Sim) Person(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.repository(name, "")
	s.owners[name].person = true
}

// Token makes a token that may read the secrets of some owners; it is the first
// one's.
func (s *Sim) Token(owners ...string) secret.Value {
	return secret.New([]byte(s.newToken(owners...)))
}

func (s *Sim) newToken(owners ...string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	value := "ghp_" + simhttp.Random(36, simhttp.Alphanumeric)
	s.tokens[value] = owners
	return value
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
		o = &owner{secrets: kinds{}}
		s.owners[in] = o
	}
	if name == "" {
		return nil
	}
	at := slices.IndexFunc(o.repositories, func(r *repository) bool { return r.name == name })
	if at < 0 {
		s.ids++
		o.repositories = append(o.repositories, &repository{id: s.ids, name: name, secrets: kinds{}, environments: map[string]secrets{}})
		at = len(o.repositories) - 1
	}
	return o.repositories[at]
}

// Describe says what is told of a repository, which is made: "archived": true.
func (s *Sim) Describe(in, name string, about map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.repository(in, name).about = about
}

// Set sets a secret of workflows at a time, in OWNER, OWNER/REPOSITORY or
// OWNER/REPOSITORY/ENVIRONMENT; what is not there is made.
func (s *Sim) Set(where, name string, at time.Time) { s.SetFor("actions", where, name, at) }

// SetFor sets a secret of another kind; an environment has none of them.
func (s *Sim) SetFor(kind, where, name string, at time.Time) {
	s.in(kind, where, func(all secrets) { all.set(name, at) })
}

// Remove removes a secret of workflows.
func (s *Sim) Remove(where, name string) {
	s.in("actions", where, func(all secrets) { delete(all, name) })
}

func (all secrets) set(name string, at time.Time) {
	made, ok := all[name]
	if !ok {
		made[0] = at
	}
	all[name] = [2]time.Time{made[0], at}
}

// in finds the secrets of a place, and does something to them.
func (s *Sim) in(kind, where string, do func(secrets)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	parts := strings.SplitN(where, "/", 3)
	switch r := s.repository(parts[0], strings.Join(parts[1:min(2, len(parts))], "")); {
	case r == nil:
		do(s.owners[parts[0]].secrets.of(kind))
	case len(parts) < 3:
		do(r.secrets.of(kind))
	default:
		if r.environments[parts[2]] == nil {
			r.environments[parts[2]] = secrets{}
		}
		do(r.environments[parts[2]])
	}
}

// of returns the secrets of a kind, which can be added to.
func (k kinds) of(kind string) secrets {
	if k[kind] == nil {
		k[kind] = secrets{}
	}
	return k[kind]
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
		if r.PathValue("owner") == "" && good && len(owners) > 0 {
			r.SetPathValue("owner", owners[0])
		}
		o := s.owners[r.PathValue("owner")]
		switch {
		case !good || !strings.EqualFold(scheme, "Bearer") && !strings.EqualFold(scheme, "token"):
			refuse(w, http.StatusUnauthorized)
		case o == nil:
			refuse(w, http.StatusNotFound)
		case !slices.Contains(owners, r.PathValue("owner")) && r.URL.Path != s.Base()+"/users/"+r.PathValue("owner"):
			refuse(w, http.StatusForbidden)
		default:
			h(w, r, o)
		}
	}
}

// about tells who somebody is, which everybody may know.
func (s *Sim) about(w http.ResponseWriter, r *http.Request, o *owner) {
	kind := "Organization"
	if o.person {
		kind = "User"
	}
	simhttp.JSON(w, http.StatusOK, map[string]any{"login": r.PathValue("owner"), "id": 1, "type": kind})
}

// ofOwner tells an organisation's secrets, or a person's own.
func (s *Sim) ofOwner(w http.ResponseWriter, r *http.Request, o *owner) {
	kind := r.PathValue("kind")
	if kind == "" {
		kind = "codespaces"
	}
	if o.person != (r.PathValue("kind") == "") {
		refuse(w, http.StatusNotFound)
		return
	}
	o.secrets[kind].page(w, r, true)
}

func (s *Sim) ofRepository(w http.ResponseWriter, r *http.Request, o *owner) {
	if found := o.find(w, r); found != nil {
		found.secrets[r.PathValue("kind")].page(w, r, false)
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
