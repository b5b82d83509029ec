package source_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/qleaks/qleaks/scanner/source"
)

func TestNamedFilesAreReadAndNothingElse(t *testing.T) {
	dir, outside := t.TempDir(), filepath.Join(t.TempDir(), "outside")
	for _, name := range []string{filepath.Join(dir, "a"), outside} {
		if err := os.WriteFile(name, []byte("content"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "d"), 0o700); err != nil {
		t.Fatal(err)
	}
	paths, want := []string{"a", "gone", "d", "../outside"}, []string{"gone", "d", "../outside"}
	if runtime.GOOS != "windows" {
		if err := os.Symlink(outside, filepath.Join(dir, "link")); err != nil {
			t.Fatal(err)
		}
		paths, want = append(paths, "link"), append(want, "link")
	}
	var left []string
	items := 0
	s := source.NamedFiles{Root: dir, Paths: paths, Ignored: func(name string, dir bool) bool { return name == "a" && !dir }}
	for item, err := range s.Items(t.Context()) {
		if err != nil {
			e, ok := errors.AsType[*source.ItemError](err)
			if !ok || e.Outcome != source.Excluded {
				t.Fatalf("%v", err)
			}
			left = append(left, e.Path)
			continue
		}
		items++
		f, err := item.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(f)
		if string(content) != "content" || errors.Join(err, f.Close()) != nil || !item.Origin.Ignored || item.Size != 7 {
			t.Errorf("%+v has %q, %v", item.Origin, content, err)
		}
	}
	if items != 1 || !slices.Equal(left, want) {
		t.Errorf("%d files read, left %q, want 1 and %q", items, left, want)
	}
}
