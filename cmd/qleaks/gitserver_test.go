package main

import (
	"crypto/rand"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// secured DIR serves the repositories below a directory as git itself serves them,
// over TLS, at https://$GIT_HOST; $GIT_CA is the file of its certificate, of which
// no system knows. Those below DIR/private want the $GIT_PASSWORD.
func secured(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: secured DIR")
	}
	git, err := exec.LookPath("git")
	ts.Check(err)
	dir, password := ts.MkAbs(args[0]), rand.Text()
	ts.Check(os.MkdirAll(dir, 0o700))
	backend := &cgi.Handler{
		Path: git, Args: []string{"http-backend"}, Dir: dir,
		Env:    []string{"GIT_PROJECT_ROOT=" + dir, "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_NOSYSTEM=1", "HOME=" + dir, "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*"},
		Logger: log.New(io.Discard, "", 0), Stderr: io.Discard,
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, got, _ := r.BasicAuth(); strings.HasPrefix(r.URL.Path, "/private/") && got != password {
			w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		backend.ServeHTTP(w, r)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	ts.Defer(server.Close)
	authority := ts.MkAbs("git-ca.pem")
	ts.Check(os.WriteFile(authority, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
	ts.Setenv("GIT_CA", authority)
	ts.Setenv("GIT_HOST", strings.TrimPrefix(server.URL, "https://"))
	ts.Setenv("GIT_PASSWORD", password)
	p := ts.Value(plantedKey{}).(*planted)
	p.keys = append(p.keys, password)
}
