package journal_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/internal/durable"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/auditlog"
	"github.com/qleaks/qleaks/remediate/head"
	"github.com/qleaks/qleaks/remediate/journal"
)

// killVariable makes the test binary do a rotation below the directory it names,
// and kill itself at a call of the disk.
const killVariable, killCall = "QLEAKS_TEST_KILL", "QLEAKS_TEST_KILL_CALL"

func TestMain(m *testing.M) {
	if dir := os.Getenv(killVariable); dir != "" {
		call, err := strconv.Atoi(os.Getenv(killCall))
		if err == nil {
			err = child(dir, call)
		}
		if err != nil {
			_, _ = fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// mortal is the machine's disk, which kills the process at a call: before it
// is done if the number is even, after it if it is odd.
type mortal struct {
	durable.OS
	left *int
}

func (m mortal) dies(do func() error) error {
	*m.left--
	if *m.left == 1 {
		kill()
	}
	err := do()
	if *m.left == 0 {
		kill()
	}
	return err
}

func kill() {
	p, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = p.Kill()
	}
	if err == nil {
		select {} // the signal is on its way
	}
}

func (m mortal) Open(name string, mode durable.Mode) (f durable.File, err error) {
	err = m.dies(func() (err error) { f, err = m.OS.Open(name, mode); return err })
	if err != nil {
		return nil, err
	}
	return mortalFile{f, m}, nil
}

func (m mortal) Rename(from, to string) error {
	return m.dies(func() error { return m.OS.Rename(from, to) })
}
func (m mortal) Remove(name string) error { return m.dies(func() error { return m.OS.Remove(name) }) }
func (m mortal) SyncDir(name string) error {
	return m.dies(func() error { return m.OS.SyncDir(name) })
}
func (m mortal) MakeDir(name string) error {
	return m.dies(func() error { return m.OS.MakeDir(name) })
}

type mortalFile struct {
	durable.File
	m mortal
}

func (f mortalFile) WriteAt(p []byte, at int64) (n int, err error) {
	// A write is cut in two, so that the process can die between.
	half := len(p) / 2
	for _, part := range [][]byte{p[:half], p[half:]} {
		err = f.m.dies(func() error {
			k, err := f.File.WriteAt(part, at+int64(n))
			n += k
			return err
		})
		if err != nil {
			return n, err
		}
	}
	return n, nil
}
func (f mortalFile) Sync() error { return f.m.dies(f.File.Sync) }
func (f mortalFile) Truncate(size int64) error {
	return f.m.dies(func() error { return f.File.Truncate(size) })
}

func placeBelow(dir string, d durable.Disk, s *journal.Sealer) (journal.Place, error) {
	log, err := auditlog.Open(auditlog.Place{Dir: filepath.Join(dir, "audit"), Heads: filepath.Join(dir, "heads"), Disk: d})
	return journal.Place{Dir: filepath.Join(dir, "state"), Heads: filepath.Join(dir, "heads"), Disk: d, Audit: log, Sealer: s, Actor: "child"}, err
}

// child says on standard output what it was told is safe.
func child(dir string, call int) error {
	keeper := journal.KeeperFile{Name: filepath.Join(dir, "identity")}
	s, err := journal.Place{Dir: filepath.Join(dir, "state"), Heads: filepath.Join(dir, "heads")}.LoadSealer(context.Background(), keeper)
	if err != nil {
		return err
	}
	p, err := placeBelow(dir, mortal{left: &call}, s)
	if err != nil {
		return err
	}
	j, err := journal.Open(p, lab())
	if err != nil {
		return err
	}
	say := func() { _, _ = fmt.Println(j.Head()) }
	say()
	id, err := j.Begin(journal.Subject{Logical: fmt.Sprint("key ", j.Head().Sequence)})
	if err != nil {
		return err
	}
	say()
	sealed, err := j.Seal(id, "lab--qleaks-x", value(5))
	if err != nil {
		return err
	}
	say()
	intent, err := j.Intend(id, "create", journal.Target{}, nil)
	if err != nil {
		return err
	}
	say()
	if err := j.Settle(id, "create", journal.Done, journal.Answer{Intent: intent}, nil); err != nil {
		return err
	}
	say()
	if err := errors.Join(j.Release(sealed, 0), j.End(id, "done")); err != nil {
		return err
	}
	say()
	return j.Close()
}

// TestAProcessKilledAtAnyCallOfARealDisk kills a child at each call (at every
// seventh, where no time was given), one after the other in one directory: each
// goes on from what the one before left.
func TestAProcessKilledAtAnyCallOfARealDisk(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot kill itself there in this way")
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	d := durable.OS{}
	made, err := journal.Place{Dir: filepath.Join(dir, "state"), Heads: filepath.Join(dir, "heads")}.NewIdentities()
	if err != nil {
		t.Fatal(err)
	}
	s, err := made.Keep(t.Context(), journal.KeeperFile{Name: filepath.Join(dir, "identity")})
	if err != nil {
		t.Fatal(err)
	}
	var told []head.Head
	kills := 0
	stride := 7
	switch {
	case scaled(1) > 1:
		stride = 1
	case testing.Short():
		stride = 29
	}
	for call := 1; ; call += stride {
		cmd := exec.CommandContext(t.Context(), program)
		cmd.Env = append(os.Environ(), killVariable+"="+dir, killCall+"="+strconv.Itoa(call+1))
		var complaint strings.Builder
		cmd.Stderr = &complaint
		out, err := cmd.Output()
		for line := bufio.NewScanner(strings.NewReader(string(out))); line.Scan(); {
			h, err := head.Parse(line.Text())
			if err != nil {
				t.Fatal(err)
			}
			told = append(told, h)
		}
		if complaint.Len() > 0 {
			t.Fatalf("call %d: %s", call, complaint.String())
		}
		settleBelow(t, dir, d, s, told)
		if err == nil {
			break
		}
		kills++
	}
	if kills < 100/stride {
		t.Errorf("killed only %d times", kills)
	}
	t.Logf("killed %d times", kills)
	noneOf(t, dir, value(5))
}

// settleBelow looks at what a child left and was told, and resumes it.
func settleBelow(t *testing.T, dir string, d durable.Disk, s *journal.Sealer, told []head.Head) {
	t.Helper()
	p, err := placeBelow(dir, d, s)
	if err != nil {
		t.Fatal(err)
	}
	j, err := journal.Open(p, lab())
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	for r, err := range j.Replay(1) {
		if err != nil {
			t.Fatal(err)
		}
		told = slices.DeleteFunc(slices.Clone(told), func(h head.Head) bool { return h.Sequence == r.Sequence && h.Digest == r.Digest })
	}
	if len(told) > 0 {
		t.Fatalf("records are lost: %v", told)
	}
	m := newMemory()
	for _, r := range j.OpenRotations() {
		for _, v := range r.Unreleased() {
			if got, err := j.Unseal(v); err != nil || !got.Equal(value(5)) {
				t.Fatalf("a sealed value is lost: %v", err)
			}
		}
		if err := m.resume(j, r); err != nil {
			t.Fatal(err)
		}
	}
}

func noneOf(t *testing.T, dir string, v secret.Value) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		content, err := os.ReadFile(name)
		for form, text := range forms(v) {
			if strings.Contains(string(content), text) {
				t.Errorf("%s holds the value: %s", name, form)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
