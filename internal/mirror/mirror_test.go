package mirror_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/qleaks/qleaks/internal/github"
	"github.com/qleaks/qleaks/internal/github/sim"
	"github.com/qleaks/qleaks/internal/httpx"
	"github.com/qleaks/qleaks/internal/mirror"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/secret"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"), goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"))
}

// place is a simulated GitHub with one repository, acme/lab.
type place struct {
	*sim.Sim

	t      *testing.T
	dir    string
	client *github.Client
	token  secret.Value
	url    string
}

func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{Sim: sim.New(sim.Options{}), t: t, dir: t.TempDir()}
	p.Found("acme", "lab")
	site, err := p.Site(p.dir)
	if err != nil {
		t.Skip("needs git")
	}
	server := httptest.NewServer(site)
	t.Cleanup(server.Close)
	p.token, p.url = p.Token("acme"), server.URL
	p.client, err = github.New(provider.Config{Credential: p.token, Origins: map[string]string{"api": server.URL + p.Base()}, Rate: 1e6})
	if err != nil {
		t.Fatal(err)
	}
	p.git(p.dir, "init", "--quiet", "--bare", "--initial-branch=trunk", "acme/lab.git")
	return p
}

func (p *place) git(dir string, args ...string) string {
	p.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@b.test", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@b.test", "HOME="+p.dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		p.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// commit adds a commit to a ref of the repository, and returns its id.
func (p *place) commit(ref, text string) string {
	p.t.Helper()
	bare := filepath.Join(p.dir, "acme", "lab.git")
	if err := os.WriteFile(filepath.Join(p.dir, "blob"), []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
	blob := p.git(bare, "hash-object", "-w", filepath.Join(p.dir, "blob"))
	p.git(bare, "update-index", "--add", "--cacheinfo", "100644,"+blob+",file.txt")
	id := p.git(bare, "commit-tree", "-m", "a message", p.git(bare, "write-tree"))
	p.git(bare, "update-ref", ref, id)
	return id
}

func (p *place) options(dir string) mirror.Options {
	return mirror.Options{Dir: filepath.Join(dir, "lab.git"), URL: p.url + "/acme/lab.git", Open: p.client.Git("acme", "lab"), Head: "trunk"}
}

func TestACopyHasEveryObjectAndIsBroughtUpToDate(t *testing.T) {
	p := newPlace(t)
	first := p.commit("refs/heads/trunk", "one")
	side := p.commit("refs/heads/side", "two")
	pull := p.commit("refs/pull/1/head", "three")
	o := p.options(t.TempDir())
	got, err := mirror.Update(t.Context(), o)
	if err != nil || !got.First || got.Received == 0 {
		t.Fatalf("%+v, %v", got, err)
	}
	has := func(id string) bool {
		cmd := exec.Command("git", "--git-dir="+o.Dir, "cat-file", "-e", id)
		return cmd.Run() == nil
	}
	if !has(first) || !has(side) || has(pull) {
		t.Errorf("has trunk %t, side %t, the pull request %t", has(first), has(side), has(pull))
	}
	if got := p.git(o.Dir, "symbolic-ref", "HEAD"); got != "refs/heads/trunk" {
		t.Errorf("HEAD is %s", got)
	}
	o.PullRequests = true
	forced := p.commit("refs/heads/trunk", "four")
	p.git(filepath.Join(p.dir, "acme", "lab.git"), "update-ref", "-d", "refs/heads/side")
	if got, err = mirror.Update(t.Context(), o); err != nil || got.First {
		t.Fatalf("%+v, %v", got, err)
	}
	if !has(forced) || !has(pull) || !has(side) || !has(first) {
		t.Error("an object is missing; what lost its ref stays")
	}
	if refs := p.git(o.Dir, "for-each-ref", "--format=%(refname)"); refs != "refs/heads/trunk\nrefs/pull/1/head" {
		t.Errorf("refs %q", refs)
	}
	if out := p.git(o.Dir, "fsck", "--no-dangling"); strings.Contains(out, "missing") {
		t.Error(out)
	}
	if hooks, _ := filepath.Glob(filepath.Join(o.Dir, "hooks", "*")); len(hooks) > 0 {
		t.Errorf("hooks %v", hooks)
	}
}

func TestAnEmptyRepositoryIsCopiedToo(t *testing.T) {
	p := newPlace(t)
	if _, err := mirror.Update(t.Context(), p.options(t.TempDir())); err != nil {
		t.Fatal(err)
	}
}

// TestTheTokenStaysInTheProcess puts a program in git's place that writes down
// what it got, and then lets git do the work.
func TestTheTokenStaysInTheProcess(t *testing.T) {
	p := newPlace(t)
	p.commit("refs/heads/trunk", "one")
	real, err := exec.LookPath("git")
	if err != nil {
		t.Skip("needs git")
	}
	bin, dir := t.TempDir(), t.TempDir()
	seen := filepath.Join(bin, "seen")
	script := "#!/bin/sh\n{ printf '%s\\n' \"$@\"; env; } > '" + seen + "'\nexec '" + real + "' \"$@\"\n"
	if err := os.WriteFile(filepath.Join(bin, "git"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	t.Setenv("GIT_TRACE_CURL", filepath.Join(dir, "trace"))
	t.Setenv("GITHUB_TOKEN", p.token.Reveal())
	t.Setenv("http_proxy", "http://127.0.0.1:1")
	o := p.options(dir)
	if _, err := mirror.Update(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(seen)
	if err != nil || len(text) == 0 {
		t.Skip("no shell here")
	}
	for _, hidden := range []string{p.token.Reveal(), "Authorization", "GIT_TRACE", "http_proxy"} {
		if bytes.Contains(text, []byte(hidden)) {
			t.Errorf("git got %.3s… of %d characters", hidden, len(hidden))
		}
	}
	asked := false
	for _, q := range p.Seen() {
		asked = asked || q.Header.Get("Authorization") != ""
		if q.Header.Get("X-Qleaks-Ticket") != "" || p.token.In(q.Path+q.Query.Encode()) {
			t.Errorf("asked %s", q.Path)
		}
	}
	if !asked {
		t.Error("nobody asked with the token")
	}
	err = filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			text, _ := os.ReadFile(name)
			if p.token.In(string(text)) || p.token.In(name) {
				t.Errorf("the token is in %s", name)
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestNeitherHooksNorConfigurationOfACopyRun(t *testing.T) {
	p := newPlace(t)
	p.commit("refs/heads/trunk", "one")
	o := p.options(t.TempDir())
	if _, err := mirror.Update(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	ran := filepath.Join(t.TempDir(), "ran")
	if err := os.MkdirAll(filepath.Join(o.Dir, "hooks"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(o.Dir, "hooks", "reference-transaction"), []byte("#!/bin/sh\ntouch '"+ran+"'\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	p.commit("refs/heads/trunk", "two")
	if _, err := mirror.Update(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("a hook ran")
	}
	config := filepath.Join(o.Dir, "config")
	if err := os.WriteFile(config, []byte("[core]\n\tsshCommand = touch '"+ran+"'\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := mirror.Update(t.Context(), o); err == nil {
		t.Error("a copy with another configuration was used")
	}
}

func TestWhatTheServerRefusesIsSaidForWhatItIs(t *testing.T) {
	p := newPlace(t)
	p.commit("refs/heads/trunk", strings.Repeat("many words ", 10))
	answers := func(status int, header http.Header) mirror.Opener {
		return func(context.Context, httpx.Request) (*httpx.Stream, error) {
			return &httpx.Stream{Status: status, Location: header.Get("Location"), RetryAfter: time.Minute, Body: io.NopCloser(strings.NewReader("\x1b]0;words of a server\a"))}, nil
		}
	}
	for name, c := range map[string]struct {
		change func(*mirror.Options)
		want   func(error) bool
	}{
		"absent":               {func(o *mirror.Options) { o.Open = p.client.Git("acme", "none") }, mirror.Absent},
		"refused":              {func(o *mirror.Options) { o.Open = answers(403, nil) }, status(403)},
		"busy":                 {func(o *mirror.Options) { o.Open = answers(429, nil) }, status(429)},
		"sent elsewhere":       {func(o *mirror.Options) { o.Open = answers(302, http.Header{"Location": {"http://127.0.0.1/"}}) }, is(httpx.ErrRedirected)},
		"no Git":               {func(o *mirror.Options) { o.Open = answers(200, nil) }, is(mirror.ErrNoRepository)},
		"too large":            {func(o *mirror.Options) { o.MaxBytes = 100 }, is(mirror.ErrTooLarge)},
		"an address of a file": {func(o *mirror.Options) { o.URL = "file:///etc" }, is(mirror.ErrURL)},
		"a password":           {func(o *mirror.Options) { o.URL = "https://a:b@github.com/acme/lab.git" }, is(mirror.ErrURL)},
		"a configuration":      {func(o *mirror.Options) { o.URL = "https://github.com/acme\n[core]" }, is(mirror.ErrURL)},
		"no time":              {func(o *mirror.Options) { o.Timeout = time.Nanosecond }, is(mirror.ErrTooSlow)},
	} {
		t.Run(name, func(t *testing.T) {
			o := p.options(t.TempDir())
			c.change(&o)
			_, err := mirror.Update(t.Context(), o)
			if err == nil || !c.want(err) || strings.Contains(err.Error(), "words of a server") {
				t.Errorf("%v", err)
			}
			if _, err := os.Stat(o.Dir); name == "too large" && err == nil {
				t.Error("what is too large was kept")
			}
		})
	}
}

func status(want int) func(error) bool {
	return func(err error) bool {
		e, ok := errors.AsType[*mirror.StatusError](err)
		return ok && e.Status == want
	}
}

func is(want error) func(error) bool { return func(err error) bool { return errors.Is(err, want) } }

func TestAnInterruptedCopyIsBegunAgain(t *testing.T) {
	p := newPlace(t)
	id := p.commit("refs/heads/trunk", "one")
	o := p.options(t.TempDir())
	stopped := errors.New("stopped")
	ctx, cancel := context.WithCancelCause(t.Context())
	open := o.Open
	o.Open = func(ask context.Context, r httpx.Request) (*httpx.Stream, error) {
		if r.Method == http.MethodPost {
			cancel(stopped)
		}
		return open(ask, r)
	}
	if _, err := mirror.Update(ctx, o); !errors.Is(err, stopped) {
		t.Fatalf("%v", err)
	}
	if err := os.WriteFile(filepath.Join(o.Dir, "objects", "pack", "tmp_pack_left"), []byte("PACK"), 0o400); err != nil {
		t.Fatal(err)
	}
	for _, lock := range []string{"packed-refs.lock", "shallow.lock", filepath.Join("refs", "heads", "trunk.lock")} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(o.Dir, lock)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(o.Dir, lock), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o.Open = open
	if _, err := mirror.Update(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	p.git(o.Dir, "cat-file", "-e", id)
	if left, _ := filepath.Glob(filepath.Join(o.Dir, "objects", "pack", "tmp_*")); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
	if err := mirror.Remove(o.Dir); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(o.Dir), "*")); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}

func TestNobodyElseUsesTheRelay(t *testing.T) {
	p := newPlace(t)
	p.commit("refs/heads/trunk", "one")
	o := p.options(t.TempDir())
	open := o.Open
	real := http.DefaultTransport
	var statuses []int
	o.Open = func(ctx context.Context, r httpx.Request) (*httpx.Stream, error) {
		for _, address := range relays(t) {
			q, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/repository.git/info/refs?service=git-upload-pack", nil)
			if err != nil {
				return nil, err
			}
			if answer, err := real.RoundTrip(q); err == nil {
				statuses = append(statuses, answer.StatusCode)
				_ = answer.Body.Close()
			}
		}
		return open(ctx, r)
	}
	_, _ = mirror.Update(t.Context(), o)
	if len(statuses) == 0 {
		t.Skip("the relay's address is not to be found here")
	}
	for _, s := range statuses {
		if s != http.StatusForbidden {
			t.Errorf("a stranger got status %d", s)
		}
	}
}

// relays are the addresses that git was told on its command line.
func relays(t *testing.T) (found []string) {
	t.Helper()
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, name := range lines {
		text, _ := os.ReadFile(name)
		if i := bytes.Index(text, []byte("http://127.0.0.1:")); i >= 0 && bytes.Contains(text, []byte(t.Name())) {
			address, _, _ := bytes.Cut(text[i:], []byte("/repository.git"))
			found = append(found, string(address))
		}
	}
	return found
}
