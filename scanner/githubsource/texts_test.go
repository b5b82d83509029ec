package githubsource_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qleaks/qleaks/internal/github"
	"github.com/qleaks/qleaks/internal/github/sim"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/provider/simhttp"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/rules/sample"
	"github.com/qleaks/qleaks/scanner"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/githubsource"
	"github.com/qleaks/qleaks/scanner/inspect"
	"github.com/qleaks/qleaks/scanner/source"
)

// beside is a repository acme/lab without a history, and what stands beside it.
type beside struct {
	*sim.Sim

	t        *testing.T
	server   *httptest.Server
	token    secret.Value
	set      *rules.Set
	values   *sample.Values
	patience time.Duration
	mirror   string
	// conditions are those under which files are remembered.
	conditions string
	spared     int
}

func newBeside(t *testing.T) *beside {
	t.Helper()
	set, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	b := &beside{Sim: sim.New(sim.Options{}), t: t, set: set, values: sample.NewValues(uint64(time.Now().UnixNano())), patience: time.Nanosecond}
	b.Found("acme", "lab")
	b.server = httptest.NewServer(b)
	t.Cleanup(b.server.Close)
	b.token = b.Token("acme")
	return b
}

// leak is text with a new key.
func (b *beside) leak() string {
	return "from qiskit_ionq import IonQProvider\nprovider = IonQProvider(\"" + sample.Key(b.set.Rule("ionq-api-key"), b.values) + "\")\n"
}

// read reads some parts, and tells places with their addresses, and what was not
// read.
func (b *beside) read(ctx context.Context, parts ...githubsource.Part) (found, unread []string) {
	b.t.Helper()
	client, err := github.New(provider.Config{Credential: b.token, Origins: map[string]string{"api": b.server.URL + b.Base()}, Rate: 1e6, Patience: b.patience})
	if err != nil {
		b.t.Fatal(err)
	}
	s := githubsource.New(githubsource.Options{Client: client, Parts: parts, MaxFile: 1 << 20, Mirror: b.mirror})
	s.RecallFiles(b.conditions)
	visits, err := s.Add(ctx, githubsource.Place{Owner: "acme", Repository: "lab"})
	if err != nil {
		b.t.Fatal(err)
	}
	fingerprints, err := secret.NewFingerprinter("")
	if err != nil {
		b.t.Fatal(err)
	}
	scan := &scanner.Scanner{Inspector: &inspect.Inspector{Rules: b.set, Fingerprints: fingerprints}, Jobs: 1}
	for _, v := range visits {
		if v.Copied() {
			continue
		}
		arrival, err := s.Arrive(ctx, v)
		if err != nil {
			b.t.Fatal(err)
		}
		for f, err := range finding.Merge(scan.Scan(ctx, arrival.Items)) {
			if item, ok := errors.AsType[*source.ItemError](err); ok {
				unread = append(unread, item.Path+": "+item.Reason)
				continue
			}
			if err != nil {
				unread = append(unread, err.Error())
				continue
			}
			v.Link(&f)
			o := f.Occurrences[0]
			found = append(found, fmt.Sprintf("%s %s %s", o.Place, f.Path, strings.TrimPrefix(o.URL, b.server.URL)))
			if f.Repository != "127.0.0.1/acme/lab" {
				b.t.Errorf("repository %q", f.Repository)
			}
		}
	}
	b.spared = s.Spared()
	if err := s.Close(ctx.Err() == nil); err != nil {
		b.t.Error(err)
	}
	slices.Sort(found)
	slices.Sort(unread)
	return found, unread
}

func (b *beside) zipped(name, text string) []byte {
	b.t.Helper()
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	w, err := z.Create(name)
	if err == nil {
		_, err = w.Write([]byte(text))
	}
	if err := errors.Join(err, z.Close()); err != nil {
		b.t.Fatal(err)
	}
	return packed.Bytes()
}

func TestWhatStandsBesideARepositoryIsReadWithItsAddress(t *testing.T) {
	b := newBeside(t)
	b.Write("acme/lab", "issues", map[string]any{"number": 1, "title": "a key: " + b.leak(), "body": nil})
	b.Write("acme/lab", "issues", map[string]any{"number": 2, "title": "t", "body": b.leak(), "pull_request": map[string]any{"url": "x"}})
	b.Write("acme/lab", "issues/comments", map[string]any{"id": 30, "body": b.leak(), "issue_url": b.server.URL + "/api/v3/repos/acme/lab/issues/1"})
	b.Write("acme/lab", "pulls/comments", map[string]any{"id": 40, "body": b.leak(), "pull_request_url": b.server.URL + "/api/v3/repos/acme/lab/pulls/2"})
	b.Write("acme/lab", "comments", map[string]any{"id": 50, "body": b.leak(), "commit_id": strings.Repeat("a", 40)})
	b.Write("acme/lab", "pulls", map[string]any{"number": 2})
	b.Write("acme/lab", "pulls/2/reviews", map[string]any{"id": 60, "body": b.leak()})
	b.Write("acme/lab", "releases", map[string]any{"id": 70, "tag_name": "v1/a", "name": "one", "body": b.leak(), "assets": []map[string]any{
		{"id": 71, "name": "a b.py", "size": 10}, {"id": 72, "name": "large.bin", "size": 2 << 20}, {"id": 73, "name": "told small", "size": 10},
	}})
	b.Write("acme/lab", "actions/runs", map[string]any{"id": 80, "status": "completed", "created_at": "2026-01-02T03:04:05Z"})
	b.Write("acme/lab", "actions/runs", map[string]any{"id": 81, "status": "completed", "created_at": "2026-01-02T03:04:05Z"})
	b.Write("acme/lab", "actions/artifacts", map[string]any{"id": 90, "size_in_bytes": 100, "expired": false, "workflow_run": map[string]any{"id": 80}})
	b.Write("acme/lab", "actions/artifacts", map[string]any{"id": 91, "size_in_bytes": 100, "expired": true, "workflow_run": map[string]any{"id": 80}})
	files := map[string][]byte{"/asset": []byte(b.leak()), "/logs": b.zipped("1_build.txt", b.leak()), "/artifact": b.zipped("run.py", b.leak()), "/told-small": bytes.Repeat([]byte("x"), 2<<20)}
	storage := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" || r.URL.Query().Get("sig") != "a+b/c" {
			t.Errorf("another host got %v, %q", r.Header, r.URL.RawQuery)
		}
		_, _ = w.Write(files[r.URL.Path])
	}))
	t.Cleanup(storage.Close)
	for path, file := range map[string]string{"releases/assets/71": "/asset", "releases/assets/73": "/told-small", "actions/runs/80/logs": "/logs", "actions/artifacts/90/zip": "/artifact"} {
		b.Keep("/repos/acme/lab/"+path, storage.URL+file+"?sig=a%2Bb%2Fc")
	}
	found, unread := b.read(t.Context(), githubsource.Parts()...)
	want := []string{
		"artifact of a run actions/runs/80/artifacts/90!run.py /acme/lab/actions/runs/80/artifacts/90",
		"file of a release releases/download/v1%2Fa/a%20b.py /acme/lab/releases/download/v1%2Fa/a%20b.py",
		"issue or comment commit/" + strings.Repeat("a", 40) + "#commitcomment-50 /acme/lab/commit/" + strings.Repeat("a", 40) + "#commitcomment-50",
		"issue or comment issues/1 /acme/lab/issues/1",
		"issue or comment issues/1#issuecomment-30 /acme/lab/issues/1#issuecomment-30",
		"issue or comment pull/2 /acme/lab/pull/2",
		"issue or comment pull/2#discussion_r40 /acme/lab/pull/2#discussion_r40",
		"log of a run actions/runs/80!1_build.txt /acme/lab/actions/runs/80",
		"release releases/tag/v1%2Fa /acme/lab/releases/tag/v1%2Fa",
		"review pull/2#pullrequestreview-60 /acme/lab/pull/2#pullrequestreview-60",
	}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	want = []string{
		"actions/runs/80/artifacts/91: GitHub has it no more: it has expired",
		"actions/runs/81: GitHub has it no more: it has expired, or was deleted",
		"releases/download/v1%2Fa/large.bin: larger than what is downloaded: 2 MiB",
	}
	if diff := cmp.Diff(want, unread[:min(3, len(unread))]); diff != "" || len(unread) != 4 || !strings.HasPrefix(unread[3], "releases/download/v1%2Fa/told%20small: ") {
		t.Errorf("%q (-want +got):\n%s", unread, diff)
	}
	for _, q := range b.Seen() {
		if q.Method != http.MethodGet || b.token.In(q.Path+q.Query.Encode()) {
			t.Errorf("%s %s", q.Method, q.Path)
		}
	}
}

func TestVariablesOfWorkflowsAreRead(t *testing.T) {
	b := newBeside(t)
	leak := func() string { return sample.Key(b.set.Rule("ionq-api-key"), b.values) }
	b.Write("acme/lab", "actions/variables", map[string]any{"name": "IONQ_API_KEY", "value": leak()})
	b.Write("acme/lab", "actions/variables", map[string]any{"name": "REGION", "value": "eu"})
	b.Set("acme/lab/pro d", "OTHER", time.Now())
	b.Write("acme/lab", "environments/pro d/variables", map[string]any{"name": "IONQ_API_KEY", "value": leak()})
	found, unread := b.read(t.Context(), githubsource.Variables)
	want := []string{
		"variable of workflows settings/variables/actions#IONQ_API_KEY /acme/lab/settings/variables/actions#IONQ_API_KEY",
		"variable of workflows settings/variables/actions#pro%20d/IONQ_API_KEY /acme/lab/settings/variables/actions#pro%20d/IONQ_API_KEY",
	}
	if diff := cmp.Diff(want, found); diff != "" || len(unread) > 0 {
		t.Errorf("unread %q (-want +got):\n%s", unread, diff)
	}
	b.Declare("actions", "acme", "IONQ_API_KEY", leak())
	b.Declare("agents", "acme", "QBRAID_API_KEY", leak())
	client, err := github.New(provider.Config{Credential: b.token, Origins: map[string]string{"api": b.server.URL + b.Base()}, Rate: 1e6})
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for v, err := range client.Variables(t.Context(), "acme", "") {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, v.Path)
	}
	if !slices.Equal(all, []string{"settings/variables/actions#IONQ_API_KEY", "settings/variables/agents#QBRAID_API_KEY"}) {
		t.Errorf("an organisation's: %q", all)
	}
}

func TestWhatGitHubToldIsKeptBesideTheCopies(t *testing.T) {
	b := newBeside(t)
	b.Write("acme/lab", "issues", map[string]any{"number": 1, "title": "t", "body": b.leak()})
	b.mirror = t.TempDir()
	whole, unchanged := 0, 0
	b.Break(simhttp.Fault{Handler: func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-None-Match") == `"one"` {
			unchanged++
			w.WriteHeader(http.StatusNotModified)
			return
		}
		whole++
		w.Header().Set("ETag", `"one"`)
		b.Pass(w, r)
	}})
	first, _ := b.read(t.Context(), githubsource.Issues)
	asked := whole
	second, unread := b.read(t.Context(), githubsource.Issues)
	if len(first) != 1 || !slices.Equal(first, second) || len(unread) > 0 || whole != asked || unchanged != asked {
		t.Errorf("%q, then %q, unread %q; %d came whole, %d had not changed", first, second, unread, whole, unchanged)
	}
	err := filepath.WalkDir(b.mirror, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if text, _ := os.ReadFile(name); b.token.In(string(text)) {
			t.Errorf("the token is in %s", name)
		}
		if info, err := d.Info(); runtime.GOOS != "windows" && (err != nil || info.Mode().Perm()&0o077 != 0) {
			t.Errorf("others can read %s", name)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestALongListIsReadPageByPage(t *testing.T) {
	b := newBeside(t)
	for i := range 230 {
		text := "words"
		if i%100 == 99 || i == 229 {
			text = b.leak()
		}
		b.Write("acme/lab", "issues", map[string]any{"number": i + 1, "title": "t", "body": text})
	}
	found, unread := b.read(t.Context(), githubsource.Issues)
	if len(found) != 3 || len(unread) > 0 {
		t.Errorf("%q, unread %q", found, unread)
	}
}

func TestWhatIsNotShownIsToldAndHidesNothingElse(t *testing.T) {
	const json = "application/json"
	for name, c := range map[string]struct {
		path    string
		handler http.HandlerFunc
		want    string
	}{
		"not allowed":    {"/repos/acme/lab/releases", simhttp.Answer(403, json, `{"message":"Resource not accessible"}`, "X-Accepted-Github-Permissions", "contents=read"), "releases: the token may not read it: it needs contents=read"},
		"not found":      {"/repos/acme/lab/releases", simhttp.Answer(404, json, `{}`), "releases: GitHub says that there is no such thing, or does not show it to the token"},
		"the limit":      {"/repos/acme/lab/releases", simhttp.Answer(429, json, `{}`), "releases: GitHub's limit was reached"},
		"no JSON":        {"/repos/acme/lab/releases", simhttp.Answer(200, json, `{"a":1}`), "releases: the provider's answer is not one that it documents"},
		"a page":         {"/repos/acme/lab/releases", simhttp.Answer(200, "text/html", `<html>`), "releases: the provider's answer is not one that it documents"},
		"no ids":         {"/repos/acme/lab/releases", simhttp.Answer(200, json, `[{"body":"x"}]`), "releases: the provider's answer is not one that it documents"},
		"sent elsewhere": {"/repos/acme/lab/releases", simhttp.Answer(302, "", "", "Location", "http://127.0.0.1:1/x"), "releases: the server sent the request elsewhere, which was not followed"},
		"an endless list": {"/repos/acme/lab/releases", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Link", `<https://api.test/x?page=1>; rel="next"`)
			simhttp.JSON(w, 200, []any{})
		}, "releases: the provider's answer is not one that it documents"},
		"issues that are switched off": {"/repos/acme/lab/issues", simhttp.Answer(410, json, `{"message":"Issues are disabled for this repo"}`), ""},
	} {
		b := newBeside(t)
		b.Write("acme/lab", "pulls", map[string]any{"number": 2})
		b.Write("acme/lab", "pulls/2/reviews", map[string]any{"id": 60, "body": b.leak()})
		b.Break(simhttp.Fault{Path: c.path, Handler: c.handler})
		found, unread := b.read(t.Context(), githubsource.Issues, githubsource.Releases, githubsource.Reviews)
		if len(found) != 1 || strings.Join(unread, "|") != c.want {
			t.Errorf("%s: %q, unread %q", name, found, unread)
		}
	}
}

func TestAFileIsNotFetchedFromAnywhere(t *testing.T) {
	b := newBeside(t)
	b.Write("acme/lab", "releases", map[string]any{"id": 1, "tag_name": "v1", "assets": []map[string]any{{"id": 2, "name": "x", "size": 10}}})
	reached := 0
	second := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { reached++; _, _ = w.Write([]byte(b.leak())) }))
	t.Cleanup(second.Close)
	first := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, second.URL, http.StatusFound) }))
	t.Cleanup(first.Close)
	for _, address := range []string{"", "/relative", "file:///etc/passwd", "ftp://127.0.0.1/x", "http://user:password@127.0.0.1/x", "//", first.URL, "http://127.0.0.1:1/nobody", "\x7f"} {
		b.Break(simhttp.Fault{Path: "/repos/acme/lab/releases/assets/2", Handler: simhttp.Answer(302, "", "", "Location", strings.ReplaceAll(address, "\x7f", "%7f"))})
		found, unread := b.read(t.Context(), githubsource.Assets)
		if len(found) != 0 || len(unread) != 1 || reached > 0 {
			t.Errorf("%q: %q, unread %q, %d reached", address, found, unread, reached)
		}
		b.Mend()
	}
}

func TestADownloadWaitsForTheLimit(t *testing.T) {
	b := newBeside(t)
	b.patience = time.Hour
	b.Write("acme/lab", "releases", map[string]any{"id": 1, "tag_name": "v1", "assets": []map[string]any{{"id": 2, "name": "x.py", "size": 10}}})
	storage := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(b.leak())) }))
	t.Cleanup(storage.Close)
	b.Keep("/repos/acme/lab/releases/assets/2", storage.URL+"/x")
	now := fmt.Sprint(time.Now().Unix() - 5)
	b.Break(simhttp.Fault{Path: "/repos/acme/lab/releases/assets/2", Times: 1, Handler: simhttp.Answer(403, "application/json", `{"message":"API rate limit exceeded"}`, "X-Ratelimit-Remaining", "0", "X-Ratelimit-Reset", now)})
	if found, unread := b.read(t.Context(), githubsource.Assets); len(found) != 1 || len(unread) > 0 {
		t.Errorf("%q, unread %q", found, unread)
	}
}
