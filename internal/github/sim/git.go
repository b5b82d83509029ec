package sim

import (
	"net/http"
	"net/http/cgi" //nolint:gosec // no request of a stranger, and no Go of 2016
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/internal/expression"
)

var repositoryPath = expression.Lazy(`^/([^/]+)/([^/]+)\.git/(info/refs|git-upload-pack)$`)

// Site is GitHub with its repositories: those below a directory, as
// OWNER/NAME.git, are served as git itself serves them, to the tokens of their
// owners.
func (s *Sim) Site(dir string) (http.Handler, error) {
	git, err := exec.LookPath("git")
	if err != nil {
		return nil, err
	}
	backend := &cgi.Handler{
		Path: git, Args: []string{"http-backend"}, Dir: dir,
		Env: []string{"GIT_PROJECT_ROOT=" + dir, "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_NOSYSTEM=1", "HOME=" + dir, "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*"},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at := repositoryPath().FindStringSubmatch(r.URL.Path)
		if at == nil {
			s.ServeHTTP(w, r)
			return
		}
		s.Server.Remember(r)
		_, token, ok := r.BasicAuth()
		s.mu.Lock()
		owners := s.tokens[token]
		s.mu.Unlock()
		_, missing := os.Stat(dir + "/" + at[1] + "/" + at[2] + ".git")
		switch {
		case !ok:
			w.Header().Set("WWW-Authenticate", `Basic realm="GitHub"`)
			w.WriteHeader(http.StatusUnauthorized)
		case !slices.Contains(owners, at[1]) || missing != nil || strings.HasPrefix(at[1], "."):
			w.WriteHeader(http.StatusNotFound)
		default:
			backend.ServeHTTP(w, r)
		}
	}), nil
}
