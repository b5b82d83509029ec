// Package sim simulates IonQ's API, version 0.4, after its published OpenAPI
// document: the calls that concern keys, jobs, sessions and usage.
package sim

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/qleaks/qleaks/internal/provider/simhttp"
	"github.com/qleaks/qleaks/internal/secret"
)

// Options are what a Sim is made of; the zero value is a quiet provider.
type Options struct {
	// Now, Limit and Span are those of simhttp.Options.
	Now   func() time.Time
	Limit int
	Span  time.Duration
	// Page is how many jobs a page has; zero is 25.
	Page int
	// Lag is how long a revoked key still works.
	Lag time.Duration
}

// Key is an API key, as the console shows it.
type Key struct {
	ID      string
	Name    string
	Project string
	Owner   string
	Created time.Time
	Used    time.Time
	Revoked time.Time
	// Restricted keys work, but may not ask who they are.
	Restricted bool
}

// Sim is one organisation at IonQ.
type Sim struct {
	*simhttp.Server

	// Organisation is its id.
	Organisation string

	options Options

	mu       sync.Mutex
	keys     map[string]*Key // by value
	jobs     []*Job          // in the order of submission
	sessions []*Session
}

// New makes an organisation without keys.
func New(o Options) *Sim {
	if o.Page <= 0 {
		o.Page = 25
	}
	s := &Sim{options: o, Organisation: simhttp.UUID(), keys: map[string]*Key{}}
	s.Server = simhttp.New(simhttp.Options{Base: "/ionq/v0.4", Now: o.Now, Limit: o.Limit, Span: o.Span, Refuse: refuse})
	s.Handle(http.MethodGet, "/whoami", s.asking(s.whoami))
	s.Handle(http.MethodGet, "/backends", backends)
	s.Handle(http.MethodGet, "/jobs", s.asking(s.listJobs))
	s.Handle(http.MethodPut, "/jobs/status/cancel", s.asking(s.cancelJobs))
	s.Handle(http.MethodGet, "/jobs/{job}", s.asking(s.getJob))
	s.Handle(http.MethodGet, "/jobs/{job}/cost", s.asking(s.jobCost))
	s.Handle(http.MethodPut, "/jobs/{job}/status/cancel", s.asking(s.cancelJob))
	s.Handle(http.MethodGet, "/sessions", s.asking(s.listSessions))
	s.Handle(http.MethodGet, "/sessions/{session}", s.asking(s.getSession))
	s.Handle(http.MethodPost, "/sessions/{session}/end", s.asking(s.endSession))
	s.Handle(http.MethodGet, "/organizations/{organization}/usage", s.asking(s.usage))
	return s
}

// Create makes a key, as the console does; its value is told only here.
func (s *Sim) Create(k Key) (Key, secret.Value) {
	if k.ID == "" {
		k.ID = simhttp.UUID()
	}
	if k.Created.IsZero() {
		k.Created = s.Now()
	}
	value := simhttp.Random(32, simhttp.Alphanumeric)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys[value] = &k
	return k, secret.New([]byte(value))
}

// Revoke ends a key, as the console does. Its jobs stay in the queue.
func (s *Sim) Revoke(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.keys {
		if k.ID == id && k.Revoked.IsZero() {
			k.Revoked = s.Now()
			return true
		}
	}
	return false
}

// Keys returns the keys that the console lists: those that were not revoked,
// oldest first.
func (s *Sim) Keys() []Key {
	s.mu.Lock()
	defer s.mu.Unlock()
	var listed []Key
	for _, k := range simhttp.Sorted(s.keys, func(a, b *Key) int {
		if c := a.Created.Compare(b.Created); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	}) {
		if k.Revoked.IsZero() {
			listed = append(listed, *k)
		}
	}
	return listed
}

// handler answers a request of a key that works. The Sim is locked.
type handler func(w http.ResponseWriter, r *http.Request, k *Key)

// asking finds the key of a request.
func (s *Sim) asking(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		scheme, value, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		k := s.keys[value]
		if scheme != "apiKey" || k == nil || s.dead(k) {
			refuse(w, http.StatusUnauthorized)
			return
		}
		k.Used = s.Now()
		h(w, r, k)
	}
}

func (s *Sim) dead(k *Key) bool {
	return !k.Revoked.IsZero() && !s.Now().Before(k.Revoked.Add(s.options.Lag))
}

func (s *Sim) whoami(w http.ResponseWriter, _ *http.Request, k *Key) {
	if k.Restricted {
		refuse(w, http.StatusForbidden)
		return
	}
	told := map[string]string{"key_id": k.ID, "key_name": k.Name}
	if k.Project != "" {
		told["project_id"] = k.Project
	}
	simhttp.JSON(w, http.StatusOK, told)
}

// backends answers without a key, and so says nothing about one.
func backends(w http.ResponseWriter, _ *http.Request) {
	simhttp.JSON(w, http.StatusOK, []map[string]any{{
		"backend": "qpu.forte-1", "status": "available", "qubits": 36, "average_queue_time": 1181215, "last_updated": "2026-06-16T00:00:00Z",
	}})
}

// refuse writes IonQ's envelope.
func refuse(w http.ResponseWriter, status int) {
	kind, message := http.StatusText(status)+" Error", "See https://docs.ionq.com/ for details."
	switch status {
	case http.StatusUnauthorized:
		message = "Invalid key provided. See https://docs.ionq.com/#authentication for details, or email support@ionq.co for help."
	case http.StatusNotFound:
		message = "Resource not found. See https://docs.ionq.com/ for details, or email support@ionq.co for help."
	case http.StatusTooManyRequests:
		message = "Too Many Requests. To get a higher rate limit, please reach out to support@ionq.co"
	}
	simhttp.JSON(w, status, map[string]any{"error": kind, "message": message, "statusCode": status})
}

// Works reports whether a value is that of a key that was not revoked.
func (s *Sim) Works(v secret.Value) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.keys[v.Reveal()]
	return k != nil && k.Revoked.IsZero()
}
