package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestWhoReadsForASweepHoldsNoCredential(t *testing.T) {
	given := []string{"PATH=/bin", "QLEAKS_DATABASE=postgres://marker@db/x", "GITHUB_TOKEN=marker", "PGPASSWORD=marker", "QLEAKS_CREDENTIAL=marker", "IONQ_API_KEY=marker"}
	got := strings.Join(readerEnvironment(given, []string{databaseVariable}), "\n")
	if strings.Contains(got, "marker") || !strings.Contains(got, "PATH=/bin") {
		t.Errorf("it gets %s", got)
	}
	// Also where nobody names the variable.
	if got := strings.Join(readerEnvironment(given, nil), "\n"); strings.Contains(got, "marker") {
		t.Errorf("it gets %s", got)
	}
}

func TestACacheKeepsItsSize(t *testing.T) {
	c := &copies{dir: t.TempDir(), size: 2500, inUse: map[string]int{}}
	fill := func(repository int64) (done func()) {
		t.Helper()
		dir, done, err := c.use(repository)
		if err == nil {
			err = os.MkdirAll(dir, 0o700)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "pack"), make([]byte, 1000), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		return done
	}
	kept := func() string {
		t.Helper()
		entries, err := os.ReadDir(c.dir)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return strings.Join(names, " ")
	}
	old := func(name string, hours int) {
		t.Helper()
		when := time.Now().Add(-time.Duration(hours) * time.Hour)
		if err := os.Chtimes(filepath.Join(c.dir, name), when, when); err != nil {
			t.Fatal(err)
		}
	}
	fill(1)()
	inUse := fill(2)
	old("1.git", 1)
	old("2.git", 2)
	fill(3)()
	// The second is the oldest, but somebody reads it.
	if got := kept(); got != "2.git 3.git" {
		t.Errorf("kept are %s", got)
	}
	old("3.git", 3)
	inUse()
	fill(4)()
	if got := kept(); got != "2.git 4.git" {
		t.Errorf("kept are %s", got)
	}
}

func TestWhatASweepIsOf(t *testing.T) {
	dir := t.TempDir()
	env := Env{Getwd: func() (string, error) { return dir, nil }}
	list := filepath.Join(dir, "list.txt")
	if err := os.WriteFile(list, []byte("# ours\ngithub:acme\n\n  one  \nhttps://git.example/a.git\nhttps://github.com/acme/vqe.git\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	bad := filepath.Join(dir, "bad.txt")
	if err := os.WriteFile(bad, []byte("one\n@list.txt\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	targets, err := readTargets(list)
	if want := "github:acme|" + filepath.Join(dir, "one") + "|https://git.example/a.git|github:acme/vqe"; err != nil || strings.Join(targets, "|") != want {
		t.Errorf("targets %v, %v", targets, err)
	}
	for _, good := range []string{".", dir, "github:acme", "github:acme/vqe", "@list.txt", "@" + list, "https://git.example/a/b.git", "http://127.0.0.1:1/x"} {
		if _, err := sweepRequest(env, good, false, []string{"judge", "verify"}); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{"nowhere", "github:", "github:/x", "github:acme/", "github:acme/x/y", "https://me:marker@host/x", "https://host/x?token=marker",
		"https://host", "https://github.com/acme/x/y", "ssh://host/x", "@nowhere.txt", "@" + bad, "@" + dir,
	} {
		if _, err := sweepRequest(env, bad, false, nil); err == nil || strings.Contains(err.Error(), "marker") {
			t.Errorf("%s: %v", bad, err)
		}
	}
	for _, steps := range [][]string{{"dance"}, {"verify", "verify", "verify"}} {
		if _, err := sweepRequest(env, dir, false, steps); err == nil {
			t.Errorf("%v were taken", steps)
		}
	}
	r, err := sweepRequest(env, dir, true, []string{"judge", "verify"})
	if err != nil || strings.Join(r.Steps, " ") != "verify judge" || !r.Again {
		t.Errorf("%+v, %v", r, err)
	}
}
