//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package pack

import (
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
)

func TestANamedPipeKeepsNobodyWaiting(t *testing.T) {
	dir := objectDirectory(t)
	for _, name := range []string{"pack-1.pack", "pack-2.idx", "multi-pack-index"} {
		if err := syscall.Mkfifo(filepath.Join(dir, "pack", name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(dir, "pack", "pack-2.pack"), "PACK")
	b := newBuilder(20)
	loose := filepath.Join(dir, b.fake(0)[:2])
	if err := os.Mkdir(loose, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(loose, b.fake(0)[2:]), 0o600); err != nil {
		t.Fatal(err)
	}
	out := walkHostile(t, dir, Options{})
	if len(out.refusals) != 3 {
		t.Errorf("refused: %v", out.refusals)
	}
}

// cutter cuts the pack off at the first visit.
type cutter struct {
	name string
	size int64
	done *bool
}

func (c cutter) Visit(*Object) error {
	if *c.done {
		return nil
	}
	*c.done = true
	return os.Truncate(c.name, c.size)
}

func TestAPackThatIsCutOffWhileItIsRead(t *testing.T) {
	r := newRepo(t)
	r.grow(1, 40, 200)
	r.git("repack", "-adfq")
	name := glob(t, r.objects(), "pack", "*.pack")[0]
	if err := os.Chmod(name, 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, Options{Width: 20, Directories: r.directories()})
	done := false
	if err := s.Walk(t.Context(), Plan{Jobs: 1}, func(int) Visitor { return cutter{name, 20000, &done} }); err != nil {
		t.Fatal(err)
	}
	list, _ := s.Refusals()
	if !slices.ContainsFunc(list, func(r Refusal) bool { return r.Reason == errFault.Error() }) {
		t.Errorf("nothing was cut off: %d refusals", len(list))
	}
	reader := s.NewReader()
	lost := 0
	for i := range uint32(s.Len()) {
		if _, err := reader.Read(t.Context(), i); err != nil {
			lost++
		}
	}
	if lost == 0 || lost == s.Len() {
		t.Errorf("%d of %d objects cannot be read any more", lost, s.Len())
	}
	// The headers are read with the file cut off, too.
	s = open(t, Options{Width: 20, Directories: r.directories()})
	if err := os.Truncate(name, 100); err != nil {
		t.Fatal(err)
	}
	if c := walked(t, s, Plan{}); len(c.seen) > 5 {
		t.Errorf("%d objects were read from 100 bytes", len(c.seen))
	}
}
