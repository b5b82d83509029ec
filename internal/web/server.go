// Package web is the server of qleaks: one table of routes, and what stands before
// each of them. Whoever asks is known, has the role, comes from a page of this
// server, and not too often; what is sent is bounded in size and time; every
// answer says what a browser may do with it.
package web

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sourcegraph/conc"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/web/access"
	"github.com/qleaks/qleaks/internal/web/api"
)

// Options are what a server is made of.
type Options struct {
	Store *records.Store
	Gate  *access.Gate
	// Routes are those of the API, of the dashboard and of webhooks; the server adds
	// its own.
	Routes []access.Route
	// Refuse answers people who are not let through, in the form of a page; nil
	// writes a line of text.
	Refuse func(w http.ResponseWriter, r *http.Request, status int, text string)
	Reach  Reach
	Limits Limits
	// Tracer is told of each request; nil for nobody.
	Tracer Tracer
	// Version is told in metrics.
	Version string
	// Log gets what was asked, by the pattern of its route; nil for none.
	Log *slog.Logger
}

// Reach is how browsers reach the server.
type Reach struct {
	// URL is its address as browsers know it; "" if it has only the one that it
	// listens at.
	URL string
	// Hosts are the names, without ports, by which it may be asked besides: a page
	// elsewhere, whose name leads here, may not. Loopback's are among them.
	Hosts []string
	// Proxy says that a proxy stands before it, and tells in X-Forwarded-For where
	// requests come from.
	Proxy bool
	// Secure says that browsers come by TLS.
	Secure bool
}

// Limits bound what one client can take. Zero fields have the values of
// DefaultLimits.
type Limits struct {
	// Rate is how many requests a second one address may make, in the long run, and
	// Burst how many at once. A negative Rate bounds nothing.
	Rate  float64
	Burst int
	// Header is how long a client may take to send the head of a request, Request
	// how long for all of it, and Answer how long an answer may take.
	Header, Request, Answer time.Duration
	// Body is how large a body may be, in bytes, where its route says nothing else.
	Body int64
	// Connections is how many there may be at once.
	Connections int
}

// DefaultLimits returns the limits of a server for some hundred people.
func DefaultLimits() Limits {
	return Limits{Rate: 50, Burst: 200, Header: 10 * time.Second, Request: time.Minute, Answer: time.Minute, Body: 1 << 20, Connections: 1000}
}

func (l Limits) orDefault() Limits {
	d := DefaultLimits()
	if l.Rate == 0 {
		l.Rate = d.Rate
	}
	if l.Burst == 0 {
		l.Burst = d.Burst
	}
	for _, t := range []struct {
		is *time.Duration
		or time.Duration
	}{{&l.Header, d.Header}, {&l.Request, d.Request}, {&l.Answer, d.Answer}} {
		if *t.is == 0 {
			*t.is = t.or
		}
	}
	if l.Body == 0 {
		l.Body = d.Body
	}
	if l.Connections == 0 {
		l.Connections = d.Connections
	}
	return l
}

// Server answers, by one table of routes.
type Server struct {
	Options

	table   []access.Route
	handler http.Handler
	metrics *metrics
	hosts   []string
	origin  *http.CrossOriginProtection
}

// New makes a server. The error says which route is wrong.
func New(o Options) (*Server, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Limits = o.Limits.orDefault()
	s := &Server{Options: o, metrics: newMetrics(o.Store, o.Version), hosts: append([]string{"localhost", "127.0.0.1", "::1"}, o.Reach.Hosts...), origin: http.NewCrossOriginProtection()}
	if o.Reach.URL != "" {
		u, err := url.Parse(o.Reach.URL)
		if err != nil || u.Host == "" {
			return nil, errors.New("the address of the server is no http:// or https:// address")
		}
		s.hosts = append(s.hosts, u.Hostname())
		if err := s.origin.AddTrustedOrigin(u.Scheme + "://" + u.Host); err != nil {
			return nil, fmt.Errorf("the address of the server: %w", err)
		}
	}
	s.table = append(s.ownRoutes(), o.Routes...)
	mux := http.NewServeMux()
	known := map[string]bool{}
	for _, r := range s.table {
		if known[r.Method+" "+r.Pattern] {
			return nil, fmt.Errorf("the route %s %s is there twice", r.Method, r.Pattern)
		}
		known[r.Method+" "+r.Pattern] = true
		if err := check(r); err != nil {
			return nil, err
		}
		mux.Handle(r.Method+" "+r.Pattern, s.guard(r))
	}
	s.handler = s.watch(s.headers(s.limit(s.orNothing(mux))))
	return s, nil
}

// orNothing says in the form of the other answers that there is nothing at a path.
func (s *Server) orNothing(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern == "" && r.Method == http.MethodGet {
			s.refuse(w, r, http.StatusNotFound, "there is nothing at this address")
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func check(r access.Route) error {
	switch {
	case r.Handler == nil || r.Method == "" || !strings.HasPrefix(r.Pattern, "/"):
		return fmt.Errorf("the route %s %s is incomplete", r.Method, r.Pattern)
	case r.Public == (r.Role != access.Nobody):
		return fmt.Errorf("the route %s %s is public, or needs a role: one of them", r.Method, r.Pattern)
	case r.Public && strings.HasPrefix(r.Pattern, api.Prefix) && r.Method != http.MethodGet:
		return fmt.Errorf("the route %s %s changes something for everybody", r.Method, r.Pattern)
	}
	return nil
}

// Table returns all routes, by pattern and method.
func (s *Server) Table() []access.Route {
	table := slices.Clone(s.table)
	slices.SortFunc(table, func(a, b access.Route) int { return strings.Compare(a.Pattern+" "+a.Method, b.Pattern+" "+b.Method) })
	return table
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// stopPatience is how long answers may take that were begun when the server was
// told to end.
const stopPatience = 10 * time.Second

// Serve answers until the context ends, and returns when what was begun is done.
// Certificates are nil without TLS.
func (s *Server) Serve(ctx context.Context, l net.Listener, certificates *tls.Config) error {
	ctx, tidied := context.WithCancel(ctx)
	defer tidied()
	// Streams end with the context, ordinary answers may end afterwards.
	server := &http.Server{
		Handler: s, ReadHeaderTimeout: s.Limits.Header, ReadTimeout: s.Limits.Request, WriteTimeout: s.Limits.Request + s.Limits.Answer,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10, ErrorLog: slog.NewLogLogger(quiet{}, slog.LevelDebug),
		BaseContext: func(net.Listener) context.Context { return access.WithEnding(context.WithoutCancel(ctx), ctx.Done()) },
	}
	l = limitListener(l, s.Limits.Connections)
	if certificates != nil {
		l = tls.NewListener(l, certificates)
	}
	var serving conc.WaitGroup
	serving.Go(func() { s.tidy(ctx) })
	ended := make(chan error, 1)
	serving.Go(func() { ended <- server.Serve(l) })
	var err error
	select {
	case err = <-ended:
	case <-ctx.Done():
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopPatience)
		defer cancel()
		if err = server.Shutdown(last); err != nil {
			err = errors.Join(err, server.Close())
		}
	}
	tidied()
	serving.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return err
}

// How often what is over is forgotten, and for how long messages of others are
// known, so that none counts twice.
const (
	tidyPause  = time.Hour
	remembered = 30 * 24 * time.Hour
)

// tidy forgets sessions, tokens and messages that are over.
func (s *Server) tidy(ctx context.Context) {
	for ctx.Err() == nil {
		err := s.Store.Update(ctx, func(tx *records.Tx) error { return tx.Forget(ctx, s.Gate.Idle, remembered) })
		if err != nil && ctx.Err() == nil {
			s.Log.Warn("what is over could not be forgotten", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(tidyPause):
		}
	}
}

// quiet drops what net/http says of connections: it repeats what clients sent.
type quiet struct{ slog.Handler }

// Enabled implements slog.Handler.
func (quiet) Enabled(context.Context, slog.Level) bool { return false }
