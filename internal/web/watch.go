package web

import (
	"context"
	"crypto/rand"
	"net/http"
	"runtime/debug"
	"strings"
	"time"
)

// Tracer is told of requests.
type Tracer interface {
	// Request begins a span, in a context that has it; the function that it returns
	// ends it with the pattern of the route and the status of the answer.
	Request(r *http.Request) (ctx context.Context, end func(pattern string, status int))
}

// answer is how an answer turned out.
type answer struct {
	http.ResponseWriter

	status int
	bytes  int64
}

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	n, err := a.ResponseWriter.Write(p)
	a.bytes += int64(n)
	return n, err
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

type nameKey struct{}

// noteName tells the log who asked.
func noteName(ctx context.Context, name string) {
	if to, ok := ctx.Value(nameKey{}).(*string); ok {
		*to = name
	}
}

// watch numbers requests, counts them and writes them down: by the pattern of the
// route, never by what stands in the address or the body. What panics is answered,
// and told by its place, not by its words.
func (s *Server) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := time.Now()
		id := rand.Text()[:16]
		w.Header().Set("X-Request-ID", id)
		ctx, endSpan := r.Context(), func(string, int) {}
		if s.Tracer != nil {
			ctx, endSpan = s.Tracer.Request(r)
		}
		name := ""
		r = r.WithContext(context.WithValue(ctx, nameKey{}, &name))
		out := &answer{ResponseWriter: w}
		s.metrics.begin()
		defer func() {
			if recover() != nil {
				s.Log.Error("a request panicked", "id", id, "route", r.Pattern, "stack", string(debug.Stack()))
				if out.status == 0 {
					s.refuse(out, r, http.StatusInternalServerError, "something went wrong here; the log has it under "+id)
				}
				out.status = http.StatusInternalServerError
			}
			route := pattern(r)
			took := time.Since(begun)
			s.metrics.end(route, r.Method, out.status, took)
			endSpan(route, out.status)
			s.Log.Info("answered", "id", id, "method", method(r.Method), "route", route, "status", out.status, "bytes", out.bytes, "ms", took.Milliseconds(), "user", name)
		}()
		next.ServeHTTP(out, r)
	})
}

// pattern is the path of the route that answered, without the method.
func pattern(r *http.Request) string {
	if _, path, ok := strings.Cut(r.Pattern, " "); ok {
		return path
	}
	return "none"
}

// method is a method that HTTP has, so that nobody writes into logs and metrics.
func method(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "other"
}
