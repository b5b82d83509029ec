// Package simhttp is what the simulated providers have in common: a base path,
// a clock, a rate limit, faults on demand, and a record of what was asked.
//
// A simulator is built from what a provider documents, not from what our
// clients happen to send: whoever wants to rehearse may point other programs at
// it.
package simhttp

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// mostSeen is how many requests are remembered.
const mostSeen = 1 << 15

// Options are what a Server is made of.
type Options struct {
	// Base is the path below which everything is; a request elsewhere gets what
	// a web server says of a page that does not exist. It is never empty.
	Base string
	// Now is the clock; nil is the system's.
	Now func() time.Time
	// Limit is how many requests a span may bring; zero is any number.
	Limit int
	Span  time.Duration
	// Delay is how long each answer takes, at least.
	Delay time.Duration
	// Refuse writes the provider's own envelope for a status.
	Refuse func(w http.ResponseWriter, status int)
}

// Server answers requests under a base path. It may be used by many goroutines
// at once.
type Server struct {
	options Options
	mux     *http.ServeMux

	mu     sync.Mutex
	faults []*Fault
	seen   []Seen
	recent []time.Time
}

// Seen is a request that was made.
type Seen struct {
	Method string
	// Path is below the base.
	Path   string
	Query  url.Values
	Header http.Header
	Host   string
}

// New makes a Server without routes.
func New(o Options) *Server {
	o.Base = "/" + strings.Trim(o.Base, "/")
	if o.Base == "/" {
		o.Base = "/sim"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Server{options: o, mux: http.NewServeMux()}
}

// Base is the path below which the Server answers.
func (s *Server) Base() string { return s.options.Base }

// Now is the Server's clock.
func (s *Server) Now() time.Time { return s.options.Now().UTC().Truncate(time.Millisecond) }

// Handle adds a route: a method and a path below the base, as http.ServeMux
// has them.
func (s *Server) Handle(method, path string, h http.HandlerFunc) {
	s.mux.HandleFunc(method+" "+s.options.Base+path, h)
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, below := strings.CutPrefix(r.URL.Path, s.options.Base)
	if !below || path != "" && path[0] != '/' {
		http.NotFound(w, r)
		return
	}
	s.remember(r, path)
	if s.options.Delay > 0 {
		timer := time.NewTimer(s.options.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
			return
		}
	}
	if f := s.fault(r, path); f != nil {
		f.serve(w, r, s.mux)
		return
	}
	if wait := s.full(); wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
		s.options.Refuse(w, http.StatusTooManyRequests)
		return
	}
	if !s.Routes(r) {
		s.options.Refuse(w, http.StatusNotFound)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// Routes reports whether the Server has a route for a request.
func (s *Server) Routes(r *http.Request) bool {
	_, pattern := s.mux.Handler(r)
	return pattern != ""
}

// Pass answers as if there were no faults and no limit, for a fault that lets
// some requests through.
func (s *Server) Pass(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

func (s *Server) remember(r *http.Request, path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.seen) < mostSeen {
		s.seen = append(s.seen, Seen{Method: r.Method, Path: path, Query: r.URL.Query(), Header: r.Header.Clone(), Host: r.Host})
	}
}

// Remember puts a request that something else answers into the record.
func (s *Server) Remember(r *http.Request) { s.remember(r, r.URL.Path) }

// Seen returns the requests so far.
func (s *Server) Seen() []Seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

// Forget empties the record of requests.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = nil
}

// full reports for how long no more requests are taken.
func (s *Server) full() time.Duration {
	if s.options.Limit <= 0 {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.options.Now()
	s.recent = slices.DeleteFunc(s.recent, func(t time.Time) bool { return now.Sub(t) >= s.options.Span })
	if len(s.recent) >= s.options.Limit {
		return s.recent[0].Add(s.options.Span).Sub(now)
	}
	s.recent = append(s.recent, now)
	return 0
}

// Fault is something that goes wrong, on demand.
type Fault struct {
	// Method and Path say which requests; Path is a prefix below the base. Empty
	// is any.
	Method, Path string
	// Skip is how many of those are left alone first, Times how many go wrong
	// then; zero is all.
	Skip, Times int
	// Handler answers instead. nil cuts the connection.
	Handler http.HandlerFunc
	// Lost lets the request take effect before it goes wrong.
	Lost bool

	met int
}

// Break adds a fault. Of several that fit, the oldest that is not used up
// strikes.
func (s *Server) Break(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
}

// Mend removes all faults.
func (s *Server) Mend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

func (s *Server) fault(r *http.Request, path string) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		if f.Method != "" && f.Method != r.Method || !strings.HasPrefix(path, f.Path) {
			continue
		}
		if f.Times > 0 && f.met >= f.Skip+f.Times {
			continue
		}
		if f.met++; f.met > f.Skip {
			return f
		}
	}
	return nil
}

func (f *Fault) serve(w http.ResponseWriter, r *http.Request, mux http.Handler) {
	if f.Lost {
		mux.ServeHTTP(&discarding{header: http.Header{}}, r)
	}
	if f.Handler != nil {
		f.Handler(w, r)
		return
	}
	Cut(w)
}

// Cut ends the connection without an answer.
func Cut(w http.ResponseWriter) {
	if h, ok := w.(http.Hijacker); ok {
		if connection, _, err := h.Hijack(); err == nil {
			_ = connection.Close() // that is the point
			return
		}
	}
	w.WriteHeader(http.StatusBadGateway)
}

// discarding is a ResponseWriter for an answer that gets lost.
type discarding struct{ header http.Header }

func (d *discarding) Header() http.Header         { return d.header }
func (d *discarding) Write(b []byte) (int, error) { return len(b), nil }
func (d *discarding) WriteHeader(int)             {}

// Answer is a Handler that says the same every time.
func Answer(status int, media, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if media != "" {
			w.Header().Set("Content-Type", media)
		}
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body)) // whoever hung up does not want it
	}
}

// JSON writes a value as an answer.
func JSON(w http.ResponseWriter, status int, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(text) // whoever hung up does not want it
}

// Sorted returns the values of a map in the order of less, so that no list
// depends on the order of a map.
func Sorted[K comparable, V any](m map[K]V, compare func(a, b V) int) []V {
	return slices.SortedFunc(maps.Values(m), compare)
}
