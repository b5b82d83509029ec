package source

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func write(t *testing.T, root, name, text string) {
	t.Helper()
	full := filepath.Join(root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// read lists what a source gives: "path=content" or "outcome:path".
func read(t *testing.T, ctx context.Context, s Source) []string {
	t.Helper()
	var out []string
	for item, err := range s.Items(ctx) {
		var failed *ItemError
		switch {
		case errors.As(err, &failed):
			out = append(out, string(failed.Outcome)+":"+failed.Path)
		case err != nil:
			out = append(out, "error:"+err.Error())
		default:
			out = append(out, item.Origin.Path+"="+content(t, item))
		}
	}
	return out
}

func content(t *testing.T, item Item) string {
	t.Helper()
	r, err := item.Open()
	if err != nil {
		return "<" + Failed(item.Origin.Path, err).Reason + ">"
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestADirectoryGivesItsFilesInOrder(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"b.txt", "a/z.txt", "a.txt", "a/b/c.txt", "skip/x", "out/y", "ignored/k"} {
		write(t, root, name, name)
	}
	var ignored []string
	d := Directory{
		Root: root, Prefix: "repo", Repository: "r",
		Skip:    func(p string, _ bool) bool { return p == "skip" },
		Exclude: func(p string, dir bool) bool { return dir && p == "out" },
		Ignored: func(p string, _ bool) bool { return p == "ignored" },
	}
	for item := range d.Items(t.Context()) {
		if item.Origin.Ignored {
			ignored = append(ignored, item.Origin.Path)
		}
	}
	got := read(t, t.Context(), d)
	want := []string{
		"repo/a/b/c.txt=a/b/c.txt", "repo/a/z.txt=a/z.txt", "repo/a.txt=a.txt", "repo/b.txt=b.txt",
		"repo/ignored/k=ignored/k", "excluded:repo/out",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if !slices.Equal(ignored, []string{"repo/ignored/k"}) {
		t.Errorf("ignored: %q", ignored)
	}
}

func TestBelowLimitsTheWalk(t *testing.T) {
	root := t.TempDir()
	write(t, root, "a/b/c.txt", "1")
	write(t, root, "z.txt", "2")
	if got := read(t, t.Context(), Directory{Root: root, Below: "a"}); !slices.Equal(got, []string{"a/b/c.txt=1"}) {
		t.Errorf("got %q", got)
	}
}

func TestLinksAreNeverFollowedOut(t *testing.T) {
	root, outside := t.TempDir(), t.TempDir()
	write(t, outside, "key", "outside")
	write(t, root, "real.txt", "inside")
	for name, target := range map[string]string{
		"out": filepath.Join(outside, "key"), "up": "../../../../etc/passwd", "in": "real.txt", "self": "self",
		"dir": outside,
	} {
		if err := os.Symlink(target, filepath.Join(root, name)); err != nil {
			t.Skipf("no symbolic links here: %v", err)
		}
	}
	got := read(t, t.Context(), Directory{Root: root})
	want := []string{"excluded:dir", "excluded:out", "real.txt=inside", "excluded:self", "excluded:up"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Between the listing and the opening a file may become anything.
func TestAFileThatBecameALinkIsNotFollowed(t *testing.T) {
	root, outside := t.TempDir(), t.TempDir()
	write(t, outside, "key", "outside")
	write(t, root, "a.txt", "inside")
	for item := range (Directory{Root: root}).Items(t.Context()) {
		name := filepath.Join(root, "a.txt")
		if err := errors.Join(os.Remove(name), os.Symlink(filepath.Join(outside, "key"), name)); err != nil {
			t.Skipf("no symbolic links here: %v", err)
		}
		if got := content(t, item); strings.Contains(got, "outside") {
			t.Error("the link was followed")
		}
	}
}

func TestACancelledWalkEndsWithTheCause(t *testing.T) {
	root := t.TempDir()
	write(t, root, "a/x", "")
	write(t, root, "b/x", "")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	cause := errors.New("enough")
	var last error
	for _, err := range (Directory{Root: root}).Items(ctx) {
		cancel(cause)
		last = err
	}
	if !errors.Is(last, cause) {
		t.Errorf("last is %v", last)
	}
}

func TestAMissingDirectoryIsAnError(t *testing.T) {
	var last error
	for _, err := range (Directory{Root: filepath.Join(t.TempDir(), "no")}).Items(t.Context()) {
		last = err
	}
	var item *ItemError
	if last == nil || errors.As(last, &item) {
		t.Errorf("got %v", last)
	}
}

// So may a directory, before it is listed and after.
func TestADirectoryThatBecameALinkIsNotFollowed(t *testing.T) {
	root, outside := t.TempDir(), t.TempDir()
	write(t, outside, "x.txt", "outside")
	write(t, root, "a/x.txt", "inside")
	write(t, root, "b/x.txt", "inside")
	moved := false
	for item, err := range (Directory{Root: root}).Items(t.Context()) {
		if !moved { // a is listed, b is not
			moved = true
			for _, name := range []string{"a", "b"} {
				dir := filepath.Join(root, name)
				if err := errors.Join(os.Rename(dir, filepath.Join(t.TempDir(), name)), os.Symlink(outside, dir)); err != nil {
					t.Skipf("no symbolic links here: %v", err)
				}
			}
		}
		if err == nil && content(t, item) == "outside" {
			t.Error("the link was followed")
		}
	}
	if !moved {
		t.Error("nothing was listed")
	}
}

func TestFilesAreReadHoweverDeepTheyStand(t *testing.T) {
	root := t.TempDir()
	deep := strings.Repeat("d/", 3*maxRoots)
	write(t, root, deep+"x.txt", "deep")
	write(t, root, "d/x.txt", "shallow")
	if got := read(t, t.Context(), Directory{Root: root}); !slices.Equal(got, []string{deep + "x.txt=deep", "d/x.txt=shallow"}) {
		t.Errorf("got %q", got)
	}
}
