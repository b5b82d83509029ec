//go:build unix

package source

import (
	"os"
	"path/filepath"
	"testing"
)

func TestAccessCountsTheDirectoriesAbove(t *testing.T) {
	root := t.TempDir()
	name := filepath.Join(root, "a", "key")
	if err := os.Mkdir(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{root, filepath.Dir(root)} {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	group := GroupToo
	if privateGroup(info) {
		group = OnlyOwner
	}
	for _, c := range []struct {
		file, dir os.FileMode
		readers   Readers
		loose     bool
	}{
		{0o600, 0o755, OnlyOwner, false},
		{0o644, 0o755, Everybody, true},
		{0o604, 0o711, Everybody, true},
		{0o644, 0o700, OnlyOwner, true},
		{0o640, 0o700, OnlyOwner, true},
		{0o640, 0o750, group, true},
		{0o640, 0o755, group, true},
		{0o400, 0o777, OnlyOwner, false},
	} {
		for file, mode := range map[string]os.FileMode{name: c.file, filepath.Dir(name): c.dir} {
			if err := os.Chmod(file, mode); err != nil {
				t.Fatal(err)
			}
		}
		if a := AccessOf(name); a.Readers != c.readers || a.Mode != c.file || a.Loose() != c.loose || a.Exposed() != (c.readers != OnlyOwner) {
			t.Errorf("%o below %o: %+v", c.file, c.dir, a)
		}
	}
	if a := AccessOf(name + "x"); a != (Access{}) || a.Exposed() || a.Loose() {
		t.Errorf("a missing file: %+v", a)
	}
}
