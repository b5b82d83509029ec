package durable_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/qleaks/qleaks/internal/durable"
	"github.com/qleaks/qleaks/internal/durable/durabletest"
)

func TestTheMachinesDisk(t *testing.T) {
	d := durable.OS{}
	dir := filepath.Join(t.TempDir(), "a", "b")
	name := filepath.Join(dir, "file")
	if err := durable.MakeDirs(d, dir); err != nil {
		t.Fatal(err)
	}
	if err := durable.MakeDirs(d, dir); err != nil {
		t.Errorf("made again: %v", err)
	}
	for _, content := range []string{"first", "the second", ""} {
		if err := durable.WriteWhole(d, name, []byte(content)); err != nil {
			t.Fatal(err)
		}
		if got, err := durable.ReadWhole(d, name, 100); err != nil || string(got) != content {
			t.Errorf("%q, %v", got, err)
		}
	}
	if runtime.GOOS != "windows" {
		for path, want := range map[string]fs.FileMode{dir: 0o700, name: 0o600} {
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
				t.Errorf("%s has mode %v, %v", path, info.Mode(), err)
			}
		}
	}
	if err := durable.WriteWhole(d, name, make([]byte, 101)); err != nil {
		t.Fatal(err)
	}
	if _, err := durable.ReadWhole(d, name, 100); err == nil {
		t.Error("a file that is too large was read")
	}
	if err := errors.Join(durable.Erase(d, name), durable.Erase(d, name)); err != nil {
		t.Error(err)
	}
	if _, err := durable.ReadWhole(d, name, 100); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after it was erased: %v", err)
	}
	if names, err := d.List(dir); err != nil || len(names) != 0 {
		t.Errorf("left: %q, %v", names, err)
	}
}

func TestWhatIsNoFileIsRefused(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links and pipes need rights there")
	}
	d, dir := durable.OS{}, t.TempDir()
	target, link := filepath.Join(dir, "target"), filepath.Join(dir, "link")
	if err := errors.Join(os.WriteFile(target, []byte("x"), 0o600), os.Symlink(target, link)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{link, os.DevNull, dir} {
		for _, mode := range []durable.Mode{durable.Read, durable.Write} {
			if _, err := d.Open(name, mode); !errors.Is(err, durable.ErrNotRegular) {
				t.Errorf("%s: %v", filepath.Base(name), err)
			}
		}
	}
	if _, err := d.Lock(link, ""); err == nil {
		t.Error("a link was locked")
	}
	if _, err := d.Open(target, durable.Create); !errors.Is(err, fs.ErrExist) {
		t.Errorf("created over a file: %v", err)
	}
	if err := d.Private(dir); err != nil {
		t.Error(err)
	}
	if err := os.Chmod(dir, 0o770); err != nil {
		t.Fatal(err)
	}
	if err := d.Private(dir); !errors.Is(err, durable.ErrOthers) {
		t.Errorf("a directory that others can write: %v", err)
	}
	if err := d.Private(target); err == nil {
		t.Error("a file is taken for a directory")
	}
}

func TestALockTellsWhoHoldsIt(t *testing.T) {
	for name, d := range map[string]durable.Disk{"machine": durable.OS{}, "test": durabletest.New(1)} {
		file := "/lock"
		if name == "machine" {
			file = filepath.Join(t.TempDir(), "lock")
		}
		first, err := d.Lock(file, "first, with a long note")
		if err != nil {
			t.Fatal(err)
		}
		_, err = d.Lock(file, "second")
		if held, ok := errors.AsType[*durable.HeldError](err); !ok || held.Note != "first, with a long note" || !strings.Contains(err.Error(), "first") {
			t.Errorf("%s: %v", name, err)
		}
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		second, err := d.Lock(file, "x")
		if err != nil || second.Before() != "" {
			t.Fatalf("%s: after it was given back: %v, %q", name, err, second.Before())
		}
		if err := second.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestTheNoteOfADeadHolderIsTold(t *testing.T) {
	file := filepath.Join(t.TempDir(), "lock")
	if err := os.WriteFile(file, []byte("dead"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := durable.OS{}.Lock(file, "next")
	if err != nil || l.Before() != "dead" {
		t.Fatalf("%q, %v", l.Before(), err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

// TestAFileIsTheOldOrTheNewOne writes a file over another with a failure at
// every call.
func TestAFileIsTheOldOrTheNewOne(t *testing.T) {
	older, newer := bytes.Repeat([]byte("old "), 500), bytes.Repeat([]byte("newer "), 700)
	for n := 1; ; n++ {
		made := durabletest.New(uint64(n))
		if err := errors.Join(durable.MakeDirs(made, "/a"), durable.WriteWhole(made, "/a/file", older)); err != nil {
			t.Fatal(err)
		}
		finished := false
		for way := range 3 {
			d := made.Clone(uint64(n))
			first := d.Calls()
			d.Decide = func(c durabletest.Call) (durabletest.Outcome, error) {
				switch {
				case c.Number != first+n:
					return durabletest.Work, nil
				case way == 0:
					return durabletest.Stop, nil
				}
				return durabletest.Work, []error{nil, syscall.ENOSPC, syscall.EIO}[way]
			}
			err := durable.WriteWhole(d, "/a/file", newer)
			finished = d.Calls() < first+n
			for seed := range uint64(20) {
				c := d.Clone(seed)
				c.LosePower()
				got, failed := durable.ReadWhole(c, "/a/file", 1<<20)
				if failed != nil || !bytes.Equal(got, newer) && (err == nil || !bytes.Equal(got, older)) {
					t.Fatalf("call %d, way %d, seed %d: %d bytes, %v", n, way, seed, len(got), failed)
				}
				if err := durable.WriteWhole(c, "/a/file", older); err != nil {
					t.Fatal(err)
				}
			}
		}
		if finished {
			return
		}
	}
}

func TestTheStartOfTheMachineHasAName(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("known on Linux")
	}
	if a, b := durable.Boot(), durable.Boot(); a == "" || a != b {
		t.Errorf("%q, %q", a, b)
	}
}
