package evidence_test

import (
	"archive/zip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qleaks/qleaks/internal/evidence"
	"github.com/qleaks/qleaks/internal/sweepreport"
)

var made = time.Date(2026, 11, 30, 1, 2, 4, 0, time.UTC)

// packed writes a pack of an empty report and returns its files.
func packed(t *testing.T, name string) map[string][]byte {
	t.Helper()
	files, err := evidence.Documents(sweepreport.Report{Schema: sweepreport.Schema, Period: sweepreport.Period{Made: made, Version: "test"}})
	if err != nil {
		t.Fatal(err)
	}
	text, err := evidence.Seal(evidence.Manifest{Made: made, Version: "test", AuditLog: "none"}, files)
	if err != nil {
		t.Fatal(err)
	}
	files[evidence.ManifestName] = text
	if err := evidence.Write(name, files, made); err != nil {
		t.Fatal(err)
	}
	return files
}

func TestAPackIsWhole(t *testing.T) {
	for _, name := range []string{"pack", "pack.zip"} {
		name = filepath.Join(t.TempDir(), name)
		files := packed(t, name)
		c, err := evidence.Check(name)
		if err != nil || !c.Whole() || len(c.Manifest.Files) != len(files)-1 || c.Signature != nil {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
		for _, want := range []string{"report.html", "report.json", "findings.csv", "keys.csv", "decisions.csv", "coverage.csv", "coverage.jsonl", "runs.csv", "actions.csv", "controls.json", "README.txt"} {
			if _, ok := files[want]; !ok {
				t.Errorf("no %s", want)
			}
		}
		if err := evidence.Write(name, files, made); !errors.Is(err, evidence.ErrExists) {
			t.Errorf("written over: %v", err)
		}
	}
}

func TestItIsToldWhichFileWasChanged(t *testing.T) {
	name := filepath.Join(t.TempDir(), "pack")
	packed(t, name)
	keys := filepath.Join(name, "keys.csv")
	text, err := os.ReadFile(keys)
	if err != nil {
		t.Fatal(err)
	}
	text[0] ^= 1
	if err := errors.Join(os.WriteFile(keys, text, 0o600), os.Remove(filepath.Join(name, "runs.csv")), os.WriteFile(filepath.Join(name, "more.txt"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	c, err := evidence.Check(name)
	if err != nil || c.Whole() {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]string{{"keys.csv"}, {"runs.csv"}, {"more.txt"}}, [][]string{c.Changed, c.Missing, c.Added}); diff != "" {
		t.Error(diff)
	}
}

func TestEveryByteOfEveryFileCounts(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "pack")
	for file, text := range packed(t, name) {
		if file == evidence.ManifestName || len(text) == 0 {
			continue
		}
		for _, at := range []int{0, len(text) / 2, len(text) - 1} {
			changed := slices.Clone(text)
			changed[at] ^= 0x20
			if err := os.WriteFile(filepath.Join(name, file), changed, 0o600); err != nil {
				t.Fatal(err)
			}
			if c, err := evidence.Check(name); err != nil || !slices.Equal(c.Changed, []string{file}) {
				t.Errorf("%s, byte %d: %+v, %v", file, at, c.Changed, err)
			}
		}
		if err := os.WriteFile(filepath.Join(name, file), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWhatIsNoPackIsRefused(t *testing.T) {
	dir := t.TempDir()
	zipped := func(file string, names ...string) string {
		f, err := os.Create(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		w := zip.NewWriter(f)
		for _, n := range names {
			entry, err := w.Create(n)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(entry, "{}"); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(w.Close(), f.Close()); err != nil {
			t.Fatal(err)
		}
		return f.Name()
	}
	text := filepath.Join(dir, "text.zip")
	if err := os.WriteFile(text, []byte(strings.Repeat("x", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	linked := filepath.Join(dir, "linked")
	packed(t, linked)
	if err := os.Symlink("/etc/passwd", filepath.Join(linked, "link")); err != nil {
		t.Skip(err)
	}
	for _, name := range []string{text, linked, filepath.Join(dir, "absent"), filepath.Join(dir, "absent.zip"), zipped("none.zip"), zipped("two.zip", "a", "a"), zipped("manifest.zip", evidence.ManifestName)} {
		if _, err := evidence.Check(name); err == nil {
			t.Errorf("%s was taken", filepath.Base(name))
		}
	}
}
