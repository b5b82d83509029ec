//go:build unix

package source

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func TestPipesAreExcludedAndNeverWaitedFor(t *testing.T) {
	root := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(root, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	write(t, root, "z.txt", "z")
	got := read(t, t.Context(), Directory{Root: root})
	if !slices.Equal(got, []string{"excluded:pipe", "z.txt=z"}) {
		t.Errorf("got %q", got)
	}
}

func TestAFileThatBecameAPipeIsNotWaitedFor(t *testing.T) {
	root := t.TempDir()
	write(t, root, "a.txt", "inside")
	for item := range (Directory{Root: root}).Items(t.Context()) {
		name := filepath.Join(root, "a.txt")
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mkfifo(name, 0o600); err != nil {
			t.Fatal(err)
		}
		if got := content(t, item); got != "<is no regular file any more>" {
			t.Errorf("got %q", got)
		}
	}
}

func TestWhatMayNotBeReadIsUnread(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Log("root may read everything: only the error's form is tested")
		err := Failed("x", &os.PathError{Op: "open", Path: "/home/someone/x", Err: syscall.EACCES})
		if err.Reason != "permission denied" || strings.Contains(err.Error(), "/home") {
			t.Errorf("got %v", err)
		}
		return
	}
	root := t.TempDir()
	write(t, root, "a.txt", "inside")
	write(t, root, "d/b.txt", "inside")
	for _, name := range []string{"a.txt", "d"} {
		if err := os.Chmod(filepath.Join(root, name), 0); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { _ = os.Chmod(filepath.Join(root, "d"), 0o700) })
	got := read(t, t.Context(), Directory{Root: root})
	if !slices.Equal(got, []string{"a.txt=<permission denied>", "unread:d"}) {
		t.Errorf("got %q", got)
	}
}
