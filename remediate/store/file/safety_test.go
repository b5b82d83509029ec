package file

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/sourcegraph/conc/pool"

	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/store"
	"github.com/qleaks/qleaks/remediate/store/storetest"
)

// at makes a store of the kind env-file at a path.
func at(t *testing.T, path, locks string) *file {
	t.Helper()
	return open(store.Use{Locks: locks}, path, dotenv{"K"})
}

func mustWrite(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func modeOf(t *testing.T, path string) os.FileMode {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode()
}

// give puts a value whatever is there.
func give(t *testing.T, f *file, v secret.Value) error {
	t.Helper()
	mark, err := f.Check(t.Context())
	if err == nil {
		_, err = f.Put(t.Context(), v, mark)
	}
	return err
}

func TestOnlyTheOwnerReadsAFileThatHoldsAKey(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files have no such modes")
	}
	for before, want := range map[os.FileMode]os.FileMode{0o644: 0o600, 0o600: 0o600, 0o755: 0o700, 0o400: 0o600, 0o666: 0o600} {
		path := filepath.Join(t.TempDir(), ".env")
		mustWrite(t, path, "K=a\n", before)
		f, v := at(t, path, t.TempDir()), storetest.Value()
		if err := give(t, f, v); err != nil || modeOf(t, path) != want {
			t.Errorf("%o became %o, %v", before, modeOf(t, path), err)
		}
		if err := os.Chmod(path, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := give(t, f, v); err != nil || modeOf(t, path).Perm() != 0o600 {
			t.Errorf("the value was there, and the file stays open to others: %v", err)
		}
	}
	path := filepath.Join(t.TempDir(), ".env")
	if err := give(t, at(t, path, t.TempDir()), storetest.Value()); err != nil || modeOf(t, path) != 0o600 {
		t.Errorf("a new file has %o, %v", modeOf(t, path), err)
	}
}

func TestLinksStayAndLeadToTheSameFile(t *testing.T) {
	dir := t.TempDir()
	mustWrite(t, filepath.Join(dir, "dotfiles", "env"), "K=a\n", 0o600)
	for name, to := range map[string]string{"link": "dotfiles/env", "again": "link", "nothing": "nowhere", "loop": "loop", "dir": "dotfiles"} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Skip("no links here")
		}
	}
	v := storetest.Value()
	if err := give(t, at(t, filepath.Join(dir, "again"), t.TempDir()), v); err != nil {
		t.Fatal(err)
	}
	if modeOf(t, filepath.Join(dir, "again"))&os.ModeSymlink == 0 || modeOf(t, filepath.Join(dir, "link"))&os.ModeSymlink == 0 {
		t.Error("a link has become a file")
	}
	if all := held(t, filepath.Join(dir, "dotfiles", "env"), dotenv{"K"}); len(all) != 1 || !all[0].Equal(v) {
		t.Error("the file behind the links does not have the value")
	}
	for _, name := range []string{"nothing", "loop", "dir"} {
		if err := give(t, at(t, filepath.Join(dir, name), t.TempDir()), v); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if _, err := os.Lstat(filepath.Join(dir, "nowhere")); err == nil {
		t.Error("a link to nothing was followed")
	}
}

func TestNothingIsWrittenThatGitWouldCommit(t *testing.T) {
	dir := t.TempDir()
	git := func(args ...string) {
		t.Helper()
		c := exec.CommandContext(t.Context(), "git", append([]string{"-C", dir, "-c", "user.name=t", "-c", "user.email=t@example.org"}, args...)...)
		c.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull)
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %s", args, out)
		}
	}
	git("init", "-q")
	path := filepath.Join(dir, "lab", ".env")
	mustWrite(t, path, "K=a\n", 0o600)
	f := at(t, path, t.TempDir())
	if err := give(t, f, storetest.Value()); !errors.Is(err, ErrCommitted) {
		t.Errorf("an untracked file: %v", err)
	}
	mustWrite(t, filepath.Join(dir, ".gitignore"), ".env\n", 0o600)
	if err := give(t, f, storetest.Value()); err != nil {
		t.Errorf("an ignored file: %v", err)
	}
	git("add", "-f", "lab/.env")
	if err := give(t, f, storetest.Value()); !errors.Is(err, ErrCommitted) {
		t.Errorf("a tracked file: %v", err)
	}
}

func TestTwoWritersNeverMixAndOneWins(t *testing.T) {
	path, locks := filepath.Join(t.TempDir(), ".env"), t.TempDir()
	mustWrite(t, path, "K=a\nL=b\n", 0o600)
	mark, err := at(t, path, locks).Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const writers = 8
	values, failures := make([]secret.Value, writers), make([]error, writers)
	p := pool.New()
	for i := range writers {
		values[i] = storetest.Value()
		p.Go(func() { _, failures[i] = at(t, path, locks).Put(t.Context(), values[i], mark) })
	}
	p.Wait()
	all := held(t, path, dotenv{"K"})
	winners := 0
	for i, err := range failures {
		switch {
		case err == nil && len(all) == 1 && all[0].Equal(values[i]):
			winners++
		case !errors.Is(err, store.ErrChanged):
			t.Errorf("writer %d: %v", i, err)
		}
	}
	if winners != 1 {
		t.Errorf("%d writers won", winners)
	}
}

func TestWhatACrashLeftBehindIsRemoved(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".env")
	mustWrite(t, path, "K=a\n", 0o600)
	f, v := at(t, path, t.TempDir()), storetest.Value()
	for _, text := range []string{"K=a\n", "K=" + v.Reveal() + "\n"} {
		mustWrite(t, path, text, 0o600)
		mustWrite(t, beside(path), "K=half", 0o600)
		mark, err := f.Check(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Put(t.Context(), v, mark); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Lstat(beside(path)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("it is still there: %v", err)
		}
	}
}

func TestAnEditorThatWritesInBetweenIsNoticed(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".env")
	mustWrite(t, path, "K=a\n", 0o600)
	f := at(t, path, t.TempDir())
	f.step = func(name string) error {
		if name == "rename" {
			mustWrite(t, path, "K=a\nNEW=1\n", 0o600)
		}
		return nil
	}
	if err := give(t, f, storetest.Value()); !errors.Is(err, errTouched) {
		t.Errorf("it was overwritten: %v", err)
	}
}

func TestNoPipeIsWaitedFor(t *testing.T) {
	for _, path := range []string{t.TempDir(), os.DevNull, filepath.Join(t.TempDir(), "no", "directory")} {
		if err := give(t, at(t, path, t.TempDir()), storetest.Value()); err == nil {
			t.Errorf("%s is taken", path)
		}
	}
}
