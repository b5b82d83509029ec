package web

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/internal/web/access"
	"github.com/qleaks/qleaks/internal/web/api"
)

// guard lets through to a route who may.
func (s *Server) guard(route access.Route) http.Handler {
	largest := s.Limits.Body
	if route.Body > 0 {
		largest = route.Body
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.isMeant(route, r) {
			s.refuse(w, r, http.StatusMisdirectedRequest, "this server is not known by that name: qleaks serve --url says which it has")
			return
		}
		if why := s.isForeign(route, r); why != "" {
			s.refuse(w, r, http.StatusForbidden, why)
			return
		}
		who, err := s.identify(route, r)
		if err != nil && !errors.Is(err, access.ErrNobody) {
			s.Log.Warn("who asks could not be found out", "error", err)
			s.refuse(w, r, http.StatusServiceUnavailable, "the records do not answer: try again")
			return
		}
		if !route.Public && !who.Role.May(route.Role) {
			s.turnAway(w, r, route, who)
			return
		}
		noteName(r.Context(), who.Name)
		r.Body = http.MaxBytesReader(w, r.Body, largest)
		ctx := access.With(r.Context(), who)
		if !route.Stream {
			of, cancel := context.WithTimeout(ctx, s.Limits.Answer)
			defer cancel()
			ctx = of
		}
		route.Handler.ServeHTTP(w, r.WithContext(ctx))
	})
}

// identify says who asks. To what is public nobody is sent away who is not known.
func (s *Server) identify(route access.Route, r *http.Request) (access.Identity, error) {
	if route.Public && (route.Programs || r.Header.Get("Cookie") == "" && r.Header.Get("Authorization") == "") {
		return access.Identity{}, nil
	}
	who, err := s.Gate.Identify(r)
	if route.Public {
		return who, nil
	}
	return who, err
}

// isMeant reports whether a request names this server as its own pages do. A page
// elsewhere, whose name was made to lead here, does not. Programs that prove
// themselves may call the server what they like.
func (s *Server) isMeant(route access.Route, r *http.Request) bool {
	if route.Programs || r.Header.Get("Authorization") != "" {
		return true
	}
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return slices.ContainsFunc(s.hosts, func(known string) bool { return strings.EqualFold(known, strings.Trim(host, "[]")) })
}

// isForeign says why a request that changes something is not one of our own pages.
// Each browser says where such a request comes from; who has a token is no browser.
func (s *Server) isForeign(route access.Route, r *http.Request) string {
	safe := r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions
	if safe || route.Programs || r.Header.Get("Authorization") != "" {
		return ""
	}
	if r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "" {
		return "the request does not say from which page it comes: use a browser of today, or an API token"
	}
	if err := s.origin.Check(r); err != nil {
		return "the request comes from a page elsewhere"
	}
	return ""
}

// turnAway answers who may not: who is nobody is asked to sign in.
func (s *Server) turnAway(w http.ResponseWriter, r *http.Request, route access.Route, who access.Identity) {
	switch {
	case who.Role != access.Nobody:
		s.refuse(w, r, http.StatusForbidden, "that needs the role "+route.Role.String()+", and you are "+who.Role.String())
	case isForPrograms(r.URL.Path):
		w.Header().Set("WWW-Authenticate", `Bearer realm="qleaks"`)
		s.refuse(w, r, http.StatusUnauthorized, "sign in, or send an API token: Authorization: Bearer …")
	default:
		to := access.SignInPath
		if r.Method == http.MethodGet {
			to = access.SignInAddress(r.URL.RequestURI())
		}
		if r.Header.Get("Hx-Request") != "" {
			w.Header().Set("Hx-Redirect", to)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		http.Redirect(w, r, to, http.StatusSeeOther) //nolint:gosec // it begins with our own path
	}
}

// isForPrograms reports whether a path is answered in JSON rather than by a page.
func isForPrograms(path string) bool {
	return strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, "/webhooks/") || path == "/metrics"
}

// refuse says why nothing is done.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, status int, text string) {
	switch {
	case isForPrograms(r.URL.Path):
		api.WriteProblem(w, status, text)
	case s.Refuse != nil:
		s.Refuse(w, r, status, text)
	default:
		http.Error(w, text, status)
	}
}
