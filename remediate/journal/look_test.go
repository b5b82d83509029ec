package journal_test

import (
	"errors"
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/qleaks/qleaks/internal/durable/durabletest"
	"github.com/qleaks/qleaks/remediate/journal"
)

func TestAJournalIsLookedAtWhileARunHasIt(t *testing.T) {
	w := newWorld(t)
	place, err := w.place()
	if err != nil {
		t.Fatal(err)
	}
	if v, err := journal.Look(place, lab()); err != nil || v.Head.Sequence != 0 || len(v.Rotations) != 0 {
		t.Errorf("an account without a journal: %+v, %v", v, err)
	}
	j := w.mustOpen(t)
	defer j.Close()
	for n := range uint64(3) {
		if err := rotate(j, "lab", value(n)); err != nil {
			t.Fatal(err)
		}
		v, err := journal.Look(place, lab())
		if err != nil || v.Head != j.Head() || len(v.Rotations) != int(n+1) || v.Unfinished || len(v.Records) != int(v.Head.Sequence) {
			t.Fatalf("after %d rotations: head %s, %d rotations, %v", n+1, v.Head, len(v.Rotations), err)
		}
	}
	accounts, err := journal.Accounts(place)
	if err != nil || len(accounts) != 1 || accounts[0] != lab() {
		t.Errorf("accounts: %v, %v", accounts, err)
	}
}

// TestALookAtAnyMomentUnderstands looks after each call of a writer, as another
// process would.
func TestALookAtAnyMomentUnderstands(t *testing.T) {
	s := sealer(t, newIdentities(t))
	calls := callsOf(t, s)
	for n := 1; n <= calls; n++ {
		w := world{disk: durabletest.New(uint64(n)), sealer: s}
		w.disk.Decide = stopAt(n)
		m := newMemory()
		if err := live(w, m, 1); err == nil {
			t.Fatal("it was not stopped")
		}
		w.disk.Kill()
		v, err := journal.Look(journal.Place{Dir: stateDir, Heads: headsDir, Disk: w.disk}, lab())
		if err != nil || v.Head.Sequence < m.last() {
			t.Fatalf("after call %d: %d of %d records, %v", n, v.Head.Sequence, m.last(), err)
		}
		if _, err := journal.Accounts(journal.Place{Dir: stateDir, Heads: headsDir, Disk: w.disk}); err != nil {
			t.Fatalf("after call %d: %v", n, err)
		}
	}
}

func TestAJournalIsSetAside(t *testing.T) {
	w := newWorld(t)
	_, content := written(t, w)
	file := fileOf(t, content, "/journal")
	w.disk.Set(file, content[file][:100])
	if _, err := w.open(); !refused(err) {
		t.Fatal(err)
	}
	place, err := w.place()
	if err != nil {
		t.Fatal(err)
	}
	aside, err := journal.SetAside(place, lab(), "the disk was damaged")
	if err != nil {
		t.Fatal(err)
	}
	if got := w.disk.Content()[aside]; len(got) != 100 {
		t.Errorf("the old file has %d bytes", len(got))
	}
	if n := len(w.disk.Named(".age")); n != 1 {
		t.Errorf("%d sealed files are left of 1", n)
	}
	j := w.mustOpen(t)
	if len(j.Rotations()) != 0 || j.Head().Sequence != 1 {
		t.Errorf("the new journal has %d records", j.Head().Sequence)
	}
	if err := errors.Join(rotate(j, "key 1", value(1)), j.Close()); err != nil {
		t.Error(err)
	}
	v, err := journal.Look(place, lab())
	if err != nil || len(v.Unrecorded) != 1 || v.Records[0].Answer.Reason != "the disk was damaged" {
		t.Errorf("looked at: %+v, %v", v.Unrecorded, err)
	}
	// The old one, put back, is seen.
	w.disk.Set(file, content[file])
	w.disk.Set(fileOf(t, content, headsDir+"/ibm-"), content[fileOf(t, content, headsDir+"/ibm-")])
	if _, err := w.open(); !errors.Is(err, journal.ErrOldCopy) {
		t.Errorf("the old one, put back: %v", err)
	}
}

// TestSettingAsideMayBeCutShort stops at each call and does it again.
func TestSettingAsideMayBeCutShort(t *testing.T) {
	first := newWorld(t)
	written(t, first)
	for n := 1; ; n++ {
		w := world{disk: first.disk.Clone(uint64(n)), sealer: first.sealer}
		place, err := w.place()
		if err != nil {
			t.Fatal(err)
		}
		w.disk.Decide = stopAt(w.disk.Calls() + n)
		if _, err = journal.SetAside(place, lab(), "x"); err == nil {
			return
		}
		w.disk.LosePower()
		j, err := w.open()
		if err == nil {
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
			continue // not yet, or quite
		}
		if !refused(err) && !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("after call %d: %v", n, err)
		}
		if place, err = w.place(); err != nil {
			t.Fatal(err)
		}
		if _, err := journal.SetAside(place, lab(), "x"); err != nil {
			t.Fatalf("after call %d, again: %v", n, err)
		}
		if err := w.mustOpen(t).Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAPlaceInARepositoryIsRefused(t *testing.T) {
	w := newWorld(t)
	for _, git := range []string{"/state/.git", "/.git", "/data/.git"} {
		d := w.disk.Clone(1)
		if err := d.MakeDir(filepath.Dir(git)); err != nil && filepath.Dir(git) != "/" {
			t.Fatal(err)
		}
		if err := d.MakeDir(git); err != nil {
			t.Fatal(err)
		}
		if _, err := (world{disk: d, sealer: w.sealer, silent: true}).open(); !errors.Is(err, journal.ErrInRepository) {
			t.Errorf("%s: %v", git, err)
		}
	}
	for _, p := range []journal.Place{
		{Dir: "/state", Heads: "/state/heads"}, {Dir: "/state/x", Heads: "/state"}, {Dir: "/state", Heads: "/state"}, {Dir: "state", Heads: "/heads"}, {},
	} {
		if err := p.Validate(); err == nil {
			t.Errorf("%+v is taken", p)
		}
	}
	for _, a := range []journal.Account{{}, {Provider: "ibm"}, {Provider: "IBM", ID: "x"}, {Provider: "../x", ID: "x"}, {Provider: "ibm", ID: "a\nb"}, {Provider: "ibm", ID: "\xff"}} {
		if err := a.Validate(); err == nil {
			t.Errorf("%+v is taken", a)
		}
	}
}

// One journal that is broken hides no other, and is not taken for none.
func TestABrokenJournalIsListedAsOne(t *testing.T) {
	w := newWorld(t)
	_, content := written(t, w)
	place, err := w.place()
	if err != nil {
		t.Fatal(err)
	}
	other := journal.Account{Provider: "ionq", ID: "another"}
	j, err := journal.Open(place, other)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	file := fileOf(t, content, "/journal")
	for name, data := range map[string][]byte{"emptied": {}, "cut in its header": content[file][:20], "cut behind it": content[file][:64], "cut in the first record": content[file][:80]} {
		w.disk.Set(file, data)
		got, err := journal.Accounts(place)
		if !refused(err) || len(got) != 1 || got[0] != other {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}
