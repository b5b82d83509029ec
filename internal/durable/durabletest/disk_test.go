package durabletest_test

import (
	"bytes"
	"errors"
	"syscall"
	"testing"

	"github.com/qleaks/qleaks/internal/durable"
	"github.com/qleaks/qleaks/internal/durable/durabletest"
)

func create(t *testing.T, d *durabletest.Disk, name string, content []byte) durable.File {
	t.Helper()
	f, err := d.Open(name, durable.Create)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(content, 0); err != nil {
		t.Fatal(err)
	}
	return f
}

// outcomes counts what is found in a file after many power failures; "" is no
// file.
func outcomes(d *durabletest.Disk, name string) map[string]int {
	found := map[string]int{}
	for seed := range uint64(400) {
		c := d.Clone(seed)
		c.LosePower()
		found[string(c.Content()[name])]++
	}
	return found
}

func TestWhatIsNotMadeSafeMayBeLost(t *testing.T) {
	d := durabletest.New(1)
	content := append(bytes.Repeat([]byte("a"), 512), bytes.Repeat([]byte("b"), 100)...)
	f := create(t, d, "/file", content)
	if found := outcomes(d, "/file"); found[""] == 0 || found[string(content)] == 0 || len(found) < 4 {
		t.Errorf("nothing was made safe, and there are %d outcomes", len(found))
	}
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	if found := outcomes(d, "/file"); found[""] == 0 || found[string(content)] == 0 || len(found) != 2 {
		t.Errorf("the content was made safe, the name was not, and there are %d outcomes", len(found))
	}
	if err := d.SyncDir("/"); err != nil {
		t.Fatal(err)
	}
	if found := outcomes(d, "/file"); found[string(content)] != 400 {
		t.Errorf("all was made safe, and %d of 400 files are whole", found[string(content)])
	}
	if _, err := f.WriteAt([]byte("c"), 600); err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(5); err != nil {
		t.Fatal(err)
	}
	if found := outcomes(d, "/file"); found["aaaaa"] == 0 || found[string(content)] == 0 {
		t.Error("a truncation is never lost, or always")
	}
}

func TestAFailedSyncForgets(t *testing.T) {
	lost := 0
	for seed := range uint64(100) {
		d := durabletest.New(seed)
		f := create(t, d, "/file", []byte("content"))
		if err := d.SyncDir("/"); err != nil {
			t.Fatal(err)
		}
		d.Decide = func(durabletest.Call) (durabletest.Outcome, error) { return durabletest.Work, syscall.EIO }
		if err := f.Sync(); !errors.Is(err, syscall.EIO) {
			t.Fatal(err)
		}
		d.Decide = nil
		if err := f.Sync(); err != nil {
			t.Fatal(err)
		}
		if got := string(d.Content()["/file"]); got != "content" {
			t.Fatalf("the program sees %q", got)
		}
		d.LosePower()
		if string(d.Content()["/file"]) != "content" {
			lost++
		}
	}
	if lost == 0 || lost == 100 {
		t.Errorf("lost %d times of 100", lost)
	}
}

func TestWhoDiedDoesNothingMore(t *testing.T) {
	d := durabletest.New(1)
	f := create(t, d, "/file", []byte("x"))
	l, err := d.Lock("/lock", "me")
	if err != nil {
		t.Fatal(err)
	}
	d.Kill()
	if _, err := f.WriteAt([]byte("y"), 0); !errors.Is(err, durabletest.ErrStopped) {
		t.Error(err)
	}
	if err := errors.Join(f.Sync(), f.Truncate(0), l.Close()); !errors.Is(err, durabletest.ErrStopped) {
		t.Error(err)
	}
	if got := string(d.Content()["/file"]); got != "x" {
		t.Errorf("the dead one wrote %q", got)
	}
	next, err := d.Lock("/lock", "you")
	if err != nil || next.Before() != "me" {
		t.Errorf("the lock of the dead one: %v", err)
	}
}
