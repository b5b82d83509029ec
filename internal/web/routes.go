package web

import (
	"context"
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
