package journal_test

import (
	"bytes"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/internal/durable/durabletest"
	"github.com/qleaks/qleaks/remediate/journal"
)

// written is a disk with a journal that was closed: a rotation that ended, and
// one that is open, with a sealed value.
func written(t testing.TB, w world) (*memory, map[string][]byte) {
	t.Helper()
	m := newMemory()
	if err := live(w, m, 1); err != nil {
		t.Fatal(err)
	}
	return m, w.disk.Content()
}

func fileOf(t testing.TB, content map[string][]byte, part string) string {
	t.Helper()
	for name := range content {
		if strings.HasPrefix(name, part) || strings.HasSuffix(name, part) {
			return name
		}
	}
	t.Fatalf("no file %q", part)
	return ""
}

// refused are the errors with which a journal is refused.
func refused(err error) bool {
	_, damage := errors.AsType[*journal.DamageError](err)
	return damage || errors.Is(err, journal.ErrOldCopy) || errors.Is(err, journal.ErrNewer) || errors.Is(err, journal.ErrForeign)
}

// opens opens what lies on a disk and says what is wrong with what it takes:
// an error of refusal is right, and changes nothing.
func opens(t *testing.T, w world, what string, name string, m *memory) {
	t.Helper()
	before := w.disk.Content()
	j, err := w.open()
	switch {
	case err == nil:
		err = j.Close()
		if err == nil {
			err = m.wrong(w)
		}
		if err != nil {
			t.Fatalf("%s: it was opened, and %v", what, err)
		}
		t.Fatalf("%s goes unseen", what)
	case !refused(err):
		t.Fatalf("%s: the error is none of refusal: %v", what, err)
	case !bytes.Equal(w.disk.Content()[name], before[name]):
		t.Fatalf("%s: the journal was refused and changed", what)
	}
	if _, err := journal.Look(journal.Place{Dir: stateDir, Heads: headsDir, Disk: w.disk}, lab()); !refused(err) {
		t.Fatalf("%s: looked at, it gives %v", what, err)
	}
}

func TestABitFlippedAnywhereIsRefused(t *testing.T) {
	w := newWorld(t)
	w.silent = true
	m, content := written(t, w)
	name := fileOf(t, content, "/journal")
	for at := 0; at < len(content[name]); at += every() {
		damaged := bytes.Clone(content[name])
		damaged[at] ^= 1 << (at % 8)
		w.disk.Set(name, damaged)
		opens(t, w, "a bit of the journal", name, m)
	}
	w.disk.Set(name, content[name])
	if err := m.wrong(w.quietly()); err != nil {
		t.Error(err)
	}
}

// quietly is the same world for checks that need an audit log.
func (w world) quietly() world {
	w.silent = false
	return w
}

func TestAJournalCutAnywhereIsRefused(t *testing.T) {
	w := newWorld(t)
	w.silent = true
	m, content := written(t, w)
	name := fileOf(t, content, "/journal")
	for size := 0; size < len(content[name]); size += every() {
		w.disk.Set(name, bytes.Clone(content[name][:size]))
		opens(t, w, "a journal cut short", name, m)
	}
	for _, more := range [][]byte{{0}, []byte("qlr\n"), bytes.Repeat([]byte{0}, 70<<10), content[name][64:], content[name]} {
		w.disk.Set(name, slices.Concat(content[name], more))
		j, err := w.open()
		if err == nil {
			// What cannot be told from a record that was being written is dropped.
			if err := errors.Join(j.Close(), m.wrong(w.quietly())); err != nil || len(more) > 65<<10 {
				t.Errorf("with %d bytes more: %v", len(more), err)
			}
		} else if !refused(err) {
			t.Error(err)
		}
	}
}

func TestAHeadThatIsDamagedGoneOrOldIsRefused(t *testing.T) {
	w := newWorld(t)
	w.silent = true
	j := w.mustOpen(t)
	if _, err := j.Begin(journal.Subject{Logical: "x"}); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	name := fileOf(t, w.disk.Content(), headsDir+"/ibm-")
	old := w.disk.Content()[name]
	m, content := written(t, w)
	file := fileOf(t, content, "/journal")
	for at := range content[name] {
		damaged := bytes.Clone(content[name])
		damaged[at] ^= 1 << (at % 8)
		w.disk.Set(name, damaged)
		if j, err := w.open(); err == nil {
			t.Fatalf("byte %d of the head: opened, %v", at, j.Close())
		}
		w.disk.Set(name, content[name][:at])
		if j, err := w.open(); err == nil {
			t.Fatalf("a head of %d bytes: opened, %v", at, j.Close())
		}
	}
	w.disk.Set(name, old)
	if _, err := w.open(); !errors.Is(err, journal.ErrOldCopy) {
		t.Errorf("an old head: %v", err)
	}
	w.disk.Drop(name)
	opens(t, w, "a journal without its head", file, m)
	w.disk.Set(name, content[name])
	w.disk.Drop(file)
	if _, err := w.open(); !errors.Is(err, journal.ErrOldCopy) {
		t.Errorf("a head without its journal: %v", err)
	}
	if got := w.disk.Content()[file]; got != nil {
		t.Error("a new journal was begun beside an old head")
	}
}

// TestAnOldCopyIsRefused plays back the journal, alone, with its head, and with
// its sealed files.
func TestAnOldCopyIsRefused(t *testing.T) {
	w := newWorld(t)
	for range 3 {
		written(t, w)
		older := w.disk.Content()
		m, newer := written(t, w)
		file, at := fileOf(t, newer, "/journal"), fileOf(t, newer, headsDir+"/ibm-")
		w.disk.Set(file, older[file])
		opens(t, w, "an old journal", file, m)
		w.disk.Set(at, older[at])
		if _, err := w.open(); !errors.Is(err, journal.ErrOldCopy) {
			t.Errorf("an old journal with its head, beside the audit log: %v", err)
		}
		w.disk.Drop(file)
		w.disk.Drop(at)
		if _, err := w.open(); !errors.Is(err, journal.ErrOldCopy) {
			t.Errorf("neither journal nor head, beside the audit log: %v", err)
		}
		w.disk.Set(file, newer[file])
		w.disk.Set(at, newer[at])
	}
}

func TestAJournalOfAnotherAccountIsRefused(t *testing.T) {
	w := newWorld(t)
	w.silent = true
	_, content := written(t, w)
	other := journal.Account{Provider: "ibm", ID: "another"}
	p, err := w.place()
	if err != nil {
		t.Fatal(err)
	}
	j, err := journal.Open(p, other)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	var foreign string
	for name := range w.disk.Content() {
		if filepath.Base(name) == "journal" && strings.Contains(name, "another") {
			foreign = name
		}
	}
	w.disk.Set(foreign, content[fileOf(t, content, "/journal")])
	if _, err := journal.Open(p, other); !errors.Is(err, journal.ErrForeign) {
		t.Errorf("the journal of another account: %v", err)
	}
	if _, err := journal.Accounts(p); err == nil {
		t.Error("a list of accounts does not see it")
	}
}

func TestAForeignWriterIsSeen(t *testing.T) {
	w := newWorld(t)
	w.silent = true
	j := w.mustOpen(t)
	if _, err := j.Begin(journal.Subject{Logical: "x"}); err != nil {
		t.Fatal(err)
	}
	content := w.disk.Content()
	at := fileOf(t, content, headsDir+"/ibm-")
	if _, err := j.Begin(journal.Subject{Logical: "y"}); err != nil {
		t.Fatal(err)
	}
	w.disk.Set(at, content[at])
	if _, err := j.Begin(journal.Subject{Logical: "z"}); !errors.Is(err, journal.ErrStopped) {
		t.Errorf("the head was changed: %v", err)
	}
	if _, err := j.Begin(journal.Subject{Logical: "z"}); !errors.Is(err, journal.ErrStopped) {
		t.Errorf("it goes on: %v", err)
	}
}

// TestTheseTestsSeeWhatIsNotMadeSafe leaves out each kind of fsync, and wants
// the power failures to find it.
func TestTheseTestsSeeWhatIsNotMadeSafe(t *testing.T) {
	s := sealer(t, newIdentities(t))
	calls := callsOf(t, s)
	for name, lie := range map[string]func(durabletest.Call) bool{
		"of the journal":            func(c durabletest.Call) bool { return c.Op == "sync" && strings.HasSuffix(c.Name, "/journal") },
		"of a file written beside":  func(c durabletest.Call) bool { return c.Op == "sync" && strings.Contains(c.Name, "/.writing-ibm") },
		"of a sealed file":          func(c durabletest.Call) bool { return c.Op == "sync" && strings.HasSuffix(c.Name, ".age") },
		"of the directory of heads": func(c durabletest.Call) bool { return c.Op == "syncdir" && c.Name == headsDir },
		"of the directory of an account": func(c durabletest.Call) bool {
			return c.Op == "syncdir" && strings.HasPrefix(filepath.Base(c.Name), "ibm-")
		},
		"of the directory of sealed files": func(c durabletest.Call) bool { return c.Op == "syncdir" && strings.HasSuffix(c.Name, "/sealed") },
		"of the audit log":                 func(c durabletest.Call) bool { return c.Op == "sync" && strings.HasSuffix(c.Name, "audit.jsonl") },
	} {
		seen := false
		for n := 1; n <= calls && !seen; n++ {
			for seed := range uint64(8) {
				w := world{disk: durabletest.New(seed), sealer: s}
				w.disk.Decide = func(c durabletest.Call) (durabletest.Outcome, error) {
					switch {
					case c.Number == n:
						return durabletest.Stop, nil
					case lie(c):
						return durabletest.Lie, nil
					}
					return durabletest.Work, nil
				}
				m := newMemory()
				if err := live(w, m, 1); !errors.Is(err, durabletest.ErrStopped) {
					t.Fatal(err)
				}
				w.disk.LosePower()
				if seen = m.wrong(w) != nil; seen {
					break
				}
			}
		}
		if !seen {
			t.Errorf("nobody misses an fsync %s", name)
		}
	}
}
