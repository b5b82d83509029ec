package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/expression"
	"github.com/qleaks/qleaks/internal/peertest"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/rules/sample"
)

// company is a directory of repositories, and servers that share one database.
type company struct {
	t        *testing.T
	dir      string
	database string
	browser  *http.Client
	keys     []string
}

// server is a process of qleaks serve.
type server struct {
	*exec.Cmd

	address string
}

const (
	reposOfCompany = 40
	phrase         = "correct horse battery"
)

var listening = expression.Lazy(`http://127\.0\.0\.1:\d+`)

// TestServersShareADatabase has two servers work on one sweep, one of which is killed
// while it works: a session counts at both, and every repository is covered once.
func TestServersShareADatabase(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits for a server to be missed")
	}
	t.Parallel()
	c := newCompany(t, peertest.Postgres(t).Address)
	one, two := c.serve(), c.serve()
	c.signIn(one)
	var run struct{ Seq, Covered, Expected int64 }
	c.ask(one, http.MethodPost, "runs", fmt.Sprintf(`{"target":%q}`, filepath.Join(c.dir, "organisation")), &run)
	state := ""
	for deadline := time.Now().Add(4 * time.Minute); state != "done"; time.Sleep(50 * time.Millisecond) {
		var now struct {
			State             string
			Covered, Expected int64
		}
		c.ask(two, http.MethodGet, fmt.Sprintf("runs/%d", run.Seq), "", &now)
		if one != nil && now.Covered >= reposOfCompany/4 {
			_ = one.Process.Kill()
			one = nil
		}
		state, run.Covered, run.Expected = now.State, now.Covered, now.Expected
		if time.Now().After(deadline) {
			t.Fatalf("the sweep is %+v", now)
		}
	}
	if one != nil || run.Covered != reposOfCompany || run.Expected != reposOfCompany {
		t.Errorf("%d of %d repositories are covered; a server was killed: %t", run.Covered, run.Expected, one == nil)
	}
	var covered, found struct {
		Items []struct {
			Repository int64
			Complete   bool
			Life       string
		}
	}
	c.ask(two, http.MethodGet, fmt.Sprintf("runs/%d/coverage?limit=100", run.Seq), "", &covered)
	c.ask(two, http.MethodGet, "findings?limit=100", "", &found)
	repositories := map[int64]bool{}
	for _, r := range covered.Items {
		repositories[r.Repository] = r.Complete
	}
	if len(covered.Items) != reposOfCompany || len(repositories) != reposOfCompany {
		t.Errorf("coverage of %d repositories, %d of them different", len(covered.Items), len(repositories))
	}
	for _, f := range found.Items {
		if !repositories[f.Repository] || f.Life != "new" {
			t.Errorf("a finding is %s, in a repository that is covered: %t", f.Life, repositories[f.Repository])
		}
	}
	if len(found.Items) != reposOfCompany/2 {
		t.Errorf("%d findings, want %d", len(found.Items), reposOfCompany/2)
	}
}

// newCompany makes repositories, every second one with a key.
func newCompany(t *testing.T, database string) *company {
	t.Helper()
	set, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	c := &company{t: t, dir: t.TempDir(), database: database, browser: &http.Client{Jar: jar, Timeout: time.Minute, Transport: transport}}
	rule, values := set.Rule("ionq-api-key"), sample.NewValues(7)
	for i := range reposOfCompany {
		text := "from qiskit_ionq import IonQProvider\n"
		if i%2 == 0 {
			c.keys = append(c.keys, sample.Key(rule, values))
			text += fmt.Sprintf("provider = IonQProvider(%q)\n", c.keys[len(c.keys)-1])
		}
		dir := filepath.Join(c.dir, "organisation", fmt.Sprintf("circuit%02d", i))
		c.run("git", "init", "-q", dir)
		if err := os.WriteFile(filepath.Join(dir, "main.py"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c.run("git", "-C", dir, "add", ".")
		c.run("git", "-C", dir, "-c", "user.name=a", "-c", "user.email=a@example.test", "commit", "-q", "-m", "circuit")
	}
	add := c.qleaks("serve", "user", "add", "ada", "--role", "admin")
	add.Stdin = strings.NewReader(phrase + "\n")
	if out, err := add.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return c
}

func (c *company) run(name string, args ...string) {
	c.t.Helper()
	if out, err := exec.CommandContext(c.t.Context(), name, args...).CombinedOutput(); err != nil {
		c.t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
}

func (c *company) qleaks(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(c.t.Context(), "qleaks", args...)
	cmd.Env = append(os.Environ(), "QLEAKS_DATABASE="+c.database, "QLEAKS_CONFIG_HOME="+c.dir, "QLEAKS_CACHE_HOME="+c.dir)
	return cmd
}

// serve starts a server. What it says has no key.
func (c *company) serve() *server {
	c.t.Helper()
	s := &server{Cmd: c.qleaks("serve", "--listen", "127.0.0.1:0", "--workers", "2", "--log", "json")}
	said := filepath.Join(c.t.TempDir(), "said")
	out, err := os.Create(said)
	if err != nil {
		c.t.Fatal(err)
	}
	s.Stdout, s.Stderr = out, out
	if err := s.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() {
		_ = s.Process.Kill()
		_ = s.Wait()
		_ = out.Close()
		text, err := os.ReadFile(said)
		for _, key := range c.keys {
			if err != nil || bytes.Contains(text, []byte(key)) {
				c.t.Error("a server said a key", err)
			}
		}
	})
	for deadline := time.Now().Add(time.Minute); s.address == ""; time.Sleep(20 * time.Millisecond) {
		text, err := os.ReadFile(said)
		if err != nil || time.Now().After(deadline) {
			c.t.Fatalf("the server said %s, %v", text, err)
		}
		s.address = string(listening().Find(text))
	}
	return s
}

func (c *company) signIn(s *server) {
	c.t.Helper()
	form := url.Values{"name": {"ada"}, "password": {phrase}}
	c.send(s, http.MethodPost, "/sign-in", "application/x-www-form-urlencoded", form.Encode())
}

// ask asks the API.
func (c *company) ask(s *server, method, path, body string, to any) {
	c.t.Helper()
	if err := json.Unmarshal(c.send(s, method, "/api/v1/"+path, "application/json", body), to); err != nil {
		c.t.Fatal(err)
	}
}

func (c *company) send(s *server, method, path, kind, body string) []byte {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, s.address+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	got, err := c.browser.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil || got.StatusCode >= http.StatusBadRequest {
		c.t.Fatalf("%s %s: %d %.500s, %v", method, path, got.StatusCode, text, err)
	}
	return text
}
