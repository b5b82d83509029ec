package gitsource_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/qleaks/qleaks/scanner/gitsource"
)

func TestPushesAreRemembered(t *testing.T) {
	r := newRepo(t)
	r.write("a.txt", "one\n")
	r.commit("one")
	repository, err := gitsource.Discover(r.dir, gitsource.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := repository.Pushes(); len(got) != 0 {
		t.Errorf("nothing was pushed, but %v", got)
	}
	remote := filepath.Join(t.TempDir(), "remote.git")
	r.git("init", "-q", "--bare", remote)
	r.git("remote", "add", "origin", remote)
	before := time.Now().Add(-time.Minute)
	r.git("push", "-q", "origin", "HEAD:refs/heads/main")
	r.git("fetch", "-q", "origin")
	got := repository.Pushes()
	if len(got) != 1 || got[0].Ref != "refs/remotes/origin/main" {
		t.Fatalf("got %v", got)
	}
	if got[0].At.IsZero() || got[0].At.After(time.Now().Add(time.Minute)) {
		t.Errorf("pushed at %s, asked after %s", got[0].At, before)
	}
	// What a log says may be anything.
	log := filepath.Join(r.dir, ".git/logs/refs/remotes/origin/main")
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"x\tupdate by push\n", "\tupdate by push\n", "a <b> -1 +0000\tupdate by push\n", "a <b> 99999999999999999999 +0000\tupdate by push\n", "a <b> 5\tupdate by push\n"} {
		text = append(text, bad...)
	}
	if err := os.WriteFile(log, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := repository.Pushes(); len(got) != 1 {
		t.Errorf("got %v", got)
	}
}
