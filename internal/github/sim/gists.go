package sim

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/internal/provider/simhttp"
)

// gist is one with its versions, newest first.
type gist struct {
	id, owner string
	secret    bool
	versions  []map[string]string
}

// Share makes a gist of a person; versions are its files by name, newest first.
func (s *Sim) Share(owner, id string, secret bool, versions ...map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gists = append(s.gists, gist{id, owner, secret, versions})
}

func (s *Sim) handleGists() {
	s.Handle(http.MethodGet, "/users/{owner}/gists", s.bearing(s.listGists))
	s.Handle(http.MethodGet, "/gists", s.bearing(s.listGists))
	s.Handle(http.MethodGet, "/gists/{id}", s.bearing(s.tellGist))
	s.Handle(http.MethodGet, "/gists/{id}/{version}", s.bearing(s.tellGist))
}

// listGists tells secret ones to their owner only, and no content.
func (s *Sim) listGists(w http.ResponseWriter, r *http.Request, _ *owner) {
	told := []map[string]any{}
	mine := r.URL.Path == s.Base()+"/gists"
	for _, g := range s.gists {
		if g.owner == r.PathValue("owner") && (mine || !g.secret) {
			told = append(told, map[string]any{"id": g.id, "public": !g.secret, "description": "", "owner": map[string]any{"login": g.owner}, "files": map[string]any{}})
		}
	}
	simhttp.JSON(w, http.StatusOK, turn(w, r, told))
}

// version is a made up id of a version.
func version(n int) string {
	return strings.Repeat("0", 37) + fmt.Sprintf("%02d", n/16) + string("abcdef0123456789"[n%16])
}

func (s *Sim) tellGist(w http.ResponseWriter, r *http.Request, _ *owner) {
	at := slices.IndexFunc(s.gists, func(g gist) bool { return g.id == r.PathValue("id") })
	if at < 0 {
		refuse(w, http.StatusNotFound)
		return
	}
	g := s.gists[at]
	files, history := map[string]any{}, []map[string]any{}
	for n, v := range g.versions {
		history = append(history, map[string]any{"version": version(n)})
		if r.PathValue("version") == version(n) || r.PathValue("version") == "" && n == 0 {
			for name, content := range v {
				files[name] = map[string]any{"filename": name, "content": content, "truncated": strings.HasPrefix(content, "LONG"), "size": len(content)}
			}
		}
	}
	simhttp.JSON(w, http.StatusOK, map[string]any{"id": g.id, "public": !g.secret, "description": "", "owner": map[string]any{"login": g.owner}, "files": files, "history": history, "truncated": false})
}
