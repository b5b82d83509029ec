package githubsource_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/qleaks/qleaks/internal/github"
	"github.com/qleaks/qleaks/internal/github/sim"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/rules/sample"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/githubsource"
	"github.com/qleaks/qleaks/scanner/gitsource"
	"github.com/qleaks/qleaks/scanner/inspect"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"), goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"))
}

func TestPlacesAreRecognised(t *testing.T) {
	for argument, want := range map[string]string{
		"github:acme": "acme", "github:acme/lab": "acme/lab", "https://github.com/acme": "acme", "https://github.com/acme/lab.git": "acme/lab",
		"https://github.com/acme/": "acme", "https://ghe.test/acme/lab": "acme/lab", "github:acme/.github": "acme/.github",
		"acme": "", "https://gitlab.com/acme": "", "./github": "", "https://github.company.test/acme": "", "git@github.com:acme/lab": "",
		"github:": "error", "github:..": "error", "github:acme/..": "error", "github:acme/lab/more": "error", "github:a b": "error",
		"https://github.com/acme/lab?x": "error", "https://github.com/": "error", "https://github.com/acme/lab/tree/main": "error", "github:acme/\x1b[2J": "error",
	} {
		p, ok, err := githubsource.Parse(argument, "https://ghe.test/")
		switch {
		case want == "error" && (err == nil || !ok), want == "" && (ok || err != nil):
			t.Errorf("%q: %v, %t, %v", argument, p, ok, err)
		case want != "error" && want != "" && (!ok || err != nil || p.String() != want):
			t.Errorf("%q: %q, %t, %v", argument, p, ok, err)
		}
	}
}

// organisation is acme in a simulated GitHub, with many repositories.
type organisation struct {
	*sim.Sim

	t     *testing.T
	url   string
	token secret.Value
	rules *rules.Set
}

// newOrganisation makes so many repositories of one commit each, with a key in
// every third.
func newOrganisation(t *testing.T, n int, o sim.Options) *organisation {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("needs git")
	}
	set, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	org := &organisation{Sim: sim.New(o), t: t, rules: set}
	dir := t.TempDir()
	seed := sample.NewValues(uint64(time.Now().UnixNano()))
	var stream strings.Builder
	for i := range n {
		stream.Reset()
		text := "import cirq\n# repository " + strconv.Itoa(i) + "\n"
		if i%3 == 0 {
			text = "from qiskit_ionq import IonQProvider\nprovider = IonQProvider(\"" + sample.Key(set.Rule("ionq-api-key"), seed) + "\")\n"
		}
		stream.WriteString("commit refs/heads/main\ncommitter a <a@b.test> 1700000000 +0000\ndata 1\nm\nM 100644 inline run.py\ndata " + strconv.Itoa(len(text)) + "\n" + text + "\n")
		name := "lab-" + strconv.Itoa(i)
		bare := filepath.Join(dir, "acme", name+".git")
		makeBare(t, bare)
		load := exec.Command("git", "--git-dir="+bare, "fast-import", "--quiet")
		load.Stdin = strings.NewReader(stream.String())
		if out, err := load.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		org.Describe("acme", name, map[string]any{"default_branch": "main", "pushed_at": "2026-01-02T03:04:05Z", "size": 1})
	}
	site, err := org.Site(dir)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(site)
	t.Cleanup(server.Close)
	org.url, org.token = server.URL, org.Token("acme")
	return org
}

// makeBare is git init --bare without starting a program.
func makeBare(t *testing.T, dir string) {
	t.Helper()
	for _, name := range []string{"objects", "refs"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{"HEAD": "ref: refs/heads/main\n", "config": "[core]\n\trepositoryformatversion = 0\n\tbare = true\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func (o *organisation) options(mirror string) githubsource.Options {
	o.t.Helper()
	client, err := github.New(provider.Config{Credential: o.token, Origins: map[string]string{"api": o.url + o.Base()}, Rate: 1e6, Patience: time.Minute})
	if err != nil {
		o.t.Fatal(err)
	}
	return githubsource.Options{Client: client, Mirror: mirror, Patience: time.Minute, Git: gitsource.Options{}}
}

// sweep reads all of acme, and tells what it found; stop is called before each
// visit.
func (o *organisation) sweep(ctx context.Context, mirror string, stop func(visit int)) (found []string, err error) {
	o.t.Helper()
	s := githubsource.New(o.options(mirror))
	whole := false
	defer func() {
		if err := s.Close(whole); err != nil {
			o.t.Error(err)
		}
	}()
	visits, err := s.Add(ctx, githubsource.Place{Owner: "acme"})
	if err != nil {
		return nil, err
	}
	fingerprints, err := secret.NewFingerprinter("")
	if err != nil {
		return nil, err
	}
	x := &inspect.Inspector{Rules: o.rules, Fingerprints: fingerprints}
	for i, v := range visits {
		stop(i)
		arrival, err := s.Arrive(ctx, v)
		if err != nil {
			return found, err
		}
		for _, note := range arrival.Notes {
			return found, note
		}
		for f, err := range finding.Merge(arrival.Repository.Search(ctx, x, 1, nil)) {
			if err != nil {
				return found, err
			}
			v.Link(&f)
			found = append(found, f.ID+" "+f.Path+" "+link(f))
		}
		if err := s.Leave(v); err != nil {
			return found, err
		}
	}
	whole = true
	slices.Sort(found)
	return found, nil
}

func link(f finding.Finding) string {
	_, below, _ := strings.Cut(f.Occurrences[0].URL, "/acme/")
	return below
}

// asked is how many copies were begun.
func (o *organisation) asked() (n int) {
	for _, q := range o.Seen() {
		if strings.HasSuffix(q.Path, "/info/refs") {
			n++
		}
	}
	return n
}

// TestAnOrganisationIsSweptUnderALimitAndGoesOnWhereItWasInterrupted sweeps an
// organisation whose GitHub answers few requests at a time, stops in the middle,
// and goes on. QLEAKS_REPOSITORIES is how large it is, for the full run.
func TestAnOrganisationIsSweptUnderALimitAndGoesOnWhereItWasInterrupted(t *testing.T) {
	repositories := 30
	if testing.Short() {
		repositories = 9
	}
	if n, err := strconv.Atoi(os.Getenv("QLEAKS_REPOSITORIES")); err == nil {
		repositories = n
	}
	o := newOrganisation(t, repositories, sim.Options{Limit: 5, Span: time.Second})
	reference, err := o.sweep(t.Context(), "", func(int) {})
	if err != nil || len(reference) != (repositories+2)/3 {
		t.Fatalf("%d of %d, %v", len(reference), repositories, err)
	}
	all := o.asked()
	o.Forget()
	mirror := filepath.Join(t.TempDir(), "mirror")
	stopped := errors.New("stopped")
	ctx, cancel := context.WithCancelCause(t.Context())
	_, err = o.sweep(ctx, mirror, func(visit int) {
		if visit == repositories/2 {
			cancel(stopped)
		}
	})
	if !errors.Is(err, stopped) {
		t.Fatal(err)
	}
	before := o.asked()
	found, err := o.sweep(t.Context(), mirror, func(int) {})
	if err != nil || !slices.Equal(found, reference) {
		t.Fatalf("gone on: %d findings of %d, %v", len(found), len(reference), err)
	}
	// What was cut off in its middle is begun again.
	if before < repositories/2 || o.asked() > all+4 {
		t.Errorf("%d copies before it was stopped, %d in all; without, %d", before, o.asked(), all)
	}
	before = o.asked()
	if found, err = o.sweep(t.Context(), mirror, func(int) {}); err != nil || !slices.Equal(found, reference) || o.asked() != before {
		t.Errorf("nothing was pushed, and %d copies were made: %d findings, %v", o.asked()-before, len(found), err)
	}
	for _, q := range o.Seen() {
		if o.token.In(q.Path + q.Query.Encode()) {
			t.Fatalf("the token is in %s", q.Path)
		}
	}
	err = filepath.WalkDir(mirror, func(name string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if text, _ := os.ReadFile(name); o.token.In(string(text)) {
				t.Errorf("the token is in %s", name)
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestWhatWasPushedIsCopied(t *testing.T) {
	o := newOrganisation(t, 2, sim.Options{})
	mirror := t.TempDir()
	for _, c := range []struct {
		pushed string
		asked  int
	}{{"2026-01-02T03:04:05Z", 2}, {"2026-01-02T03:04:05Z", 2}, {"2026-01-03T03:04:05Z", 3}} {
		o.Describe("acme", "lab-0", map[string]any{"default_branch": "main", "pushed_at": c.pushed})
		if _, err := o.sweep(t.Context(), mirror, func(int) {}); err != nil {
			t.Fatal(err)
		}
		if o.asked() != c.asked {
			t.Errorf("pushed at %s: %d copies, want %d", c.pushed, o.asked(), c.asked)
		}
	}
}
