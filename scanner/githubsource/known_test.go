package githubsource_test

import (
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/scanner/githubsource"
)

// shelf is a repository with files of releases, logs and artifacts.
type shelf struct {
	*beside

	asset, run, artifact map[string]any
	// fetched are the files that were downloaded, stop is called at the nth.
	fetched []string
	stop    func(n int)
}

func newShelf(t *testing.T) *shelf {
	t.Helper()
	s := &shelf{beside: newBeside(t), stop: func(int) {}}
	s.mirror, s.conditions = t.TempDir(), "build one"
	const then = "2026-01-02T03:04:05Z"
	s.asset = map[string]any{"id": 71, "name": "fine.py", "size": 10, "updated_at": then, "digest": "sha256:one"}
	leaky := map[string]any{"id": 72, "name": "leaky.py", "size": 10, "updated_at": then, "digest": "sha256:two"}
	s.Write("acme/lab", "releases", map[string]any{"id": 70, "tag_name": "v1", "assets": []map[string]any{s.asset, leaky}})
	s.run = map[string]any{"id": 80, "status": "completed", "run_attempt": 1, "updated_at": then}
	s.Write("acme/lab", "actions/runs", s.run)
	s.Write("acme/lab", "actions/runs", map[string]any{"id": 81, "status": "in_progress", "run_attempt": 1, "updated_at": then})
	s.artifact = map[string]any{"id": 90, "size_in_bytes": 100, "expired": false, "updated_at": then, "workflow_run": map[string]any{"id": 80}}
	s.Write("acme/lab", "actions/artifacts", s.artifact)
	files := map[string][]byte{
		"/releases/assets/71": []byte("print(1)\n"), "/releases/assets/72": []byte(s.leak()), "/actions/runs/80/logs": s.zipped("1_build.txt", "fine"),
		"/actions/runs/81/logs": s.zipped("1_build.txt", "not done"), "/actions/artifacts/90/zip": s.zipped("run.py", "print(2)"),
	}
	storage := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.fetched = append(s.fetched, r.URL.Path)
		s.stop(len(s.fetched))
		_, _ = w.Write(files[r.URL.Path])
	}))
	t.Cleanup(storage.Close)
	for path := range files {
		s.Keep("/repos/acme/lab"+path, storage.URL+path)
	}
	return s
}

// sweep reads all files, and returns which were downloaded, by their numbers.
func (s *shelf) sweep(ctx context.Context) (fetched string) {
	s.t.Helper()
	s.fetched = nil
	found, unread := s.read(ctx, githubsource.Assets, githubsource.Logs, githubsource.Artifacts)
	if ctx.Err() == nil && (len(found) != 1 || !strings.Contains(found[0], "leaky.py") || len(unread) > 0) {
		s.t.Errorf("found %q, unread %q", found, unread)
	}
	var numbers []string
	for _, path := range s.fetched {
		numbers = append(numbers, strings.Trim(path, "/abcdefghijklmnopqrstuvwxyz"))
	}
	slices.Sort(numbers)
	return strings.Join(numbers, " ")
}

func TestFilesThatHeldNothingAreNotDownloadedAgain(t *testing.T) {
	s := newShelf(t)
	for _, c := range []struct {
		change func()
		want   string
	}{
		{func() {}, "71 72 80 81 90"},
		{func() {}, "72 81"}, // one has a finding, one may still grow
		{func() { s.asset["digest"] = "sha256:three" }, "71 72 81"},
		{func() { s.run["run_attempt"] = 2 }, "72 80 81"},
		{func() { s.artifact["updated_at"] = "2026-02-02T03:04:05Z" }, "72 81 90"},
		{func() { s.conditions = "build two" }, "71 72 80 81 90"},
		{func() {}, "72 81"},
		{func() { s.asset["updated_at"] = nil }, "71 72 81"}, // GitHub does not say
		{func() { s.conditions = "" }, "71 72 80 81 90"},
	} {
		c.change()
		if got := s.sweep(t.Context()); got != c.want || s.spared != 5-len(strings.Fields(c.want)) {
			t.Errorf("downloaded %s, want %s; %d were spared", got, c.want, s.spared)
		}
	}
}

func TestASweepGoesOnAfterTheFilesThatItRead(t *testing.T) {
	s := newShelf(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s.stop = func(n int) {
		if n == 4 {
			cancel()
		}
	}
	if got := s.sweep(ctx); got == "71 72 80 81 90" {
		t.Fatal("it was not interrupted")
	}
	s.stop = func(int) {}
	if got := s.sweep(t.Context()); got != "72 81 90" {
		t.Errorf("downloaded %s", got)
	}
}

func TestWhatIsKeptOfFilesTellsNothing(t *testing.T) {
	s := newShelf(t)
	s.sweep(t.Context())
	kept := 0
	err := filepath.WalkDir(filepath.Join(s.mirror), func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Base(filepath.Dir(name)) != "files" {
			return err
		}
		text, err := os.ReadFile(name)
		kept += strings.Count(string(text), "\n")
		if strings.Trim(string(text), "0123456789abcdef\n") != "" {
			t.Errorf("%s holds more than digests: %q", name, text)
		}
		if info, err := d.Info(); runtime.GOOS != "windows" && (err != nil || info.Mode().Perm()&0o077 != 0) {
			t.Errorf("others can read %s", name)
		}
		return err
	})
	if err != nil || kept != 3 {
		t.Errorf("%d are kept: %v", kept, err)
	}
}

// A file of marks may be torn, and what GitHub has no more is dropped from it.
func TestATornOrOldMarkHarmsNothing(t *testing.T) {
	s := newShelf(t)
	s.sweep(t.Context())
	names, err := filepath.Glob(filepath.Join(s.mirror, "*", "files", "*"))
	if err != nil || len(names) != 3 {
		t.Fatalf("%q: %v", names, err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		torn := fmt.Sprintf("%sdeadbeef\n%s\n%s", text, strings.Repeat("a", 64), text[:20])
		if err := os.WriteFile(name, []byte(torn), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.sweep(t.Context()); got != "72 81" {
		t.Errorf("downloaded %s", got)
	}
	for _, name := range names {
		if text, _ := os.ReadFile(name); len(text) != 65 {
			t.Errorf("%d bytes are left", len(text))
		}
	}
}
