package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/qleaks/qleaks/internal/web/access"
)

// ownRoutes are those of the server itself.
func (s *Server) ownRoutes() []access.Route {
	look := func(pattern string, do http.HandlerFunc) access.Route {
		return access.Route{Method: http.MethodGet, Pattern: pattern, Public: true, Handler: do}
	}
	health, ready := look("/healthz", s.serveHealth), look("/readyz", s.serveReady)
	health.Programs, ready.Programs = true, true
	return []access.Route{
		health, ready,
		{Method: http.MethodGet, Pattern: "/metrics", Role: access.Viewer, Handler: http.HandlerFunc(s.serveMetrics)},
		look("/sign-in/provider", s.toProvider),
		look(access.CallbackPath, s.fromProvider),
	}
}

// serveHealth says that the process lives.
func (s *Server) serveHealth(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n"))
}

// readyPatience is how long the database may take to answer.
const readyPatience = 2 * time.Second

// serveReady says whether the database answers.
func (s *Server) serveReady(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyPatience)
	defer cancel()
	if err := s.Store.Ping(ctx); err != nil {
		s.Log.Warn("the records do not answer", "error", err)
		http.Error(w, "the records do not answer", http.StatusServiceUnavailable)
		return
	}
	s.serveHealth(w, r)
}

func (s *Server) toProvider(w http.ResponseWriter, r *http.Request) {
	if s.Gate.Provider == nil {
		s.refuse(w, r, http.StatusNotFound, "no identity provider is set up: qleaks serve --oidc-issuer")
		return
	}
	if err := s.Gate.ToProvider(w, r, r.URL.Query().Get("next")); err != nil {
		s.Log.Warn("the identity provider could not be asked", "error", err)
		s.refuse(w, r, http.StatusBadGateway, "the identity provider does not answer")
	}
}

// fromProvider lets in who comes back from the identity provider. Its words do not
// come onto a page.
func (s *Server) fromProvider(w http.ResponseWriter, r *http.Request) {
	next, err := s.Gate.FromProvider(w, r)
	switch {
	case err == nil:
		http.Redirect(w, r, next, http.StatusSeeOther) //nolint:gosec // it is a path of this server
	case errors.Is(err, access.ErrNoRole):
		s.refuse(w, r, http.StatusForbidden, access.ErrNoRole.Error())
	default:
		s.Log.Warn("a sign-in by the identity provider failed", "error", err)
		s.refuse(w, r, http.StatusForbidden, "the sign-in did not succeed: begin it again in this browser")
	}
}
