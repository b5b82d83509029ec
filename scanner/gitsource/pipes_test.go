//go:build unix

package gitsource_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/qleaks/qleaks/scanner/source"
)

func TestNamedPipesDoNotKeepTheSearchWaiting(t *testing.T) {
	r := newRepo(t)
	key := newKey()
	r.write("a.txt", planted(key))
	r.commit("one")
	for _, name := range []string{
		"objects/pack/pack-" + strings.Repeat("a", 40) + ".idx", "objects/pack/pack-" + strings.Repeat("a", 40) + ".pack",
		"objects/aa/" + strings.Repeat("b", 38), "refs/heads/pipe", "logs/pipe", "packed-refs", "COMMIT_EDITMSG", "shallow",
	} {
		path := filepath.Join(r.dir, ".git", name)
		_ = os.Remove(path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), syscall.Mkfifo(path, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	s := r.search()
	s.one(t, key)
	if !s.says(source.Unread, "objects/pack") || !s.says(source.Unread, "objects/aa") || !s.says(source.Unread, "packed-refs") {
		t.Errorf("the pipes are not told: %q", s.unread())
	}
}

func TestSocketsOfDaemonsAreNoGaps(t *testing.T) {
	r, key := oneKey(t)
	check(t, syscall.Mkfifo(filepath.Join(r.dir, ".git", "fsmonitor--daemon.ipc"), 0o600))
	s := r.search()
	s.one(t, key)
	if len(s.unread()) > 0 || !s.says(source.Excluded, "fsmonitor--daemon.ipc") {
		t.Errorf("notes %v", s.notes)
	}
}
