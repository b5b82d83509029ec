package journal_test

import (
	"encoding/base64"
	"errors"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/durable/durabletest"
	"github.com/qleaks/qleaks/remediate/journal"
)

func newWorld(t testing.TB) world {
	t.Helper()
	return world{disk: durabletest.New(7), sealer: sealer(t, newIdentities(t))}
}

func TestARotationIsRemembered(t *testing.T) {
	w := newWorld(t)
	j := w.mustOpen(t)
	v := value(1)
	if err := rotate(j, "lab", v); err != nil {
		t.Fatal(err)
	}
	id, err := j.Begin(journal.Subject{Logical: "lab", Key: "ApiKey-2"})
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := j.Seal(id, "lab--qleaks-x", v)
	if err != nil {
		t.Fatal(err)
	}
	intent, err := j.Intend(id, "create", journal.Target{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Note("", map[string]int{"limit": 20}); err != nil {
		t.Fatal(err)
	}
	before := j.Head()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}

	again := w.mustOpen(t)
	defer again.Close()
	if again.Head() != before {
		t.Errorf("the head is %s, was %s", again.Head(), before)
	}
	if _, died := again.Interrupted(); died {
		t.Error("a journal that was closed counts as left behind")
	}
	if all, open := again.Rotations(), again.OpenRotations(); len(all) != 2 || len(open) != 1 || open[0].ID != id || all[0].Result != "done" {
		t.Fatalf("rotations: %+v, open: %+v", all, open)
	}
	r, ok := again.OpenFor("lab")
	if !ok || len(r.Unsettled()) != 1 || r.Unsettled()[0].Intent != intent || len(r.Unreleased()) != 1 {
		t.Fatalf("the open rotation: %+v", r)
	}
	if got, err := again.Unseal(r.Values[0]); err != nil || !got.Equal(v) || r.Values[0] != sealed {
		t.Errorf("the sealed value is not what was sealed: %v", err)
	}
	if err := again.Settle(id, "create", journal.Unknown, journal.Answer{Intent: intent, Reason: "no reply"}, nil); err != nil {
		t.Error(err)
	}
	if err := again.Settle(id, "create", journal.Done, journal.Answer{Intent: intent}, nil); err != nil {
		t.Error(err)
	}
	var kinds []journal.Kind
	for record, err := range again.Replay(1) {
		if err != nil {
			t.Fatal(err)
		}
		kinds = append(kinds, record.Kind)
	}
	if len(kinds) != int(again.Head().Sequence) || kinds[0] != journal.Started || kinds[1] != journal.Begun {
		t.Errorf("replayed: %v", kinds)
	}
	if err := leaks(w.disk, v); err != nil {
		t.Error(err)
	}
}

func TestWhatDoesNotFollowIsRefusedAndChangesNothing(t *testing.T) {
	w := newWorld(t)
	j := w.mustOpen(t)
	defer j.Close()
	v := value(2)
	id, err := j.Begin(journal.Subject{Logical: "lab"})
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := j.Seal(id, "name", v)
	if err != nil {
		t.Fatal(err)
	}
	intent, err := j.Intend(id, "create", journal.Target{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	before := j.Head()
	_, second := j.Begin(journal.Subject{Logical: "lab"})
	_, nameless := j.Begin(journal.Subject{})
	_, twice := j.Intend(id, "create", journal.Target{}, nil)
	_, foreign := j.Intend("01ARZ3NDEKTSV4RRFFQ69G5FAV", "create", journal.Target{}, nil)
	_, empty := j.Intend(id, "", journal.Target{}, nil)
	_, long := j.Intend(id, "x", journal.Target{}, make([]byte, 64<<10))
	other := sealed
	other.Number = 2
	for name, c := range map[string]struct{ got, want error }{
		"a second rotation of one key":    {second, journal.ErrOpen},
		"a rotation of no key":            {nameless, journal.ErrOrder},
		"an intent that is open":          {twice, journal.ErrUnsettled},
		"an intent of another journal":    {foreign, journal.ErrOrder},
		"a step without a name":           {empty, journal.ErrOrder},
		"too many facts":                  {long, journal.ErrTooLong},
		"an answer to nothing":            {j.Settle(id, "create", journal.Done, journal.Answer{Intent: intent + 1}, nil), journal.ErrOrder},
		"an answer to another step":       {j.Settle(id, "revoke", journal.Done, journal.Answer{Intent: intent}, nil), journal.ErrOrder},
		"an answer that is none":          {j.Settle(id, "create", journal.Intent, journal.Answer{Intent: intent}, nil), journal.ErrOrder},
		"an end with an open step":        {j.End(id, "done"), journal.ErrUnsettled},
		"a release of no value":           {j.Release(other, 0), journal.ErrOrder},
		"a value in a note":               {j.Note(id, map[string]string{"x": "the key is " + v.Reveal()}), journal.ErrMaterial},
		"a value in base64 in a reason":   {j.Settle(id, "create", journal.Failed, journal.Answer{Intent: intent, Reason: "said " + base64.URLEncoding.EncodeToString([]byte("key="+v.Reveal()))}, nil), journal.ErrMaterial},
		"a value as a step":               {intended(j, id, v.Reveal()), journal.ErrMaterial},
		"a value in hexadecimal in facts": {j.Note(id, forms(v)["hex"]), journal.ErrMaterial},
	} {
		if !errors.Is(c.got, c.want) || v.In(c.got.Error()) {
			t.Errorf("%s: %v, want %v", name, c.got, c.want)
		}
	}
	if j.Head() != before {
		t.Error("something was written")
	}
	if err := j.Settle(id, "create", journal.Failed, journal.Answer{Intent: intent, Reason: "refused"}, nil); err != nil {
		t.Error(err)
	}
	if _, err := j.Intend(id, "create", journal.Target{}, nil); err != nil {
		t.Errorf("a step that failed cannot be intended again: %v", err)
	}
}

func TestADoneStepIsNotDoneAgain(t *testing.T) {
	w := newWorld(t)
	j := w.mustOpen(t)
	defer j.Close()
	id, err := j.Begin(journal.Subject{Logical: "lab"})
	if err != nil {
		t.Fatal(err)
	}
	intent, err := j.Intend(id, "revoke", journal.Target{Key: "k"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Settle(id, "revoke", journal.Done, journal.Answer{Intent: intent}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Intend(id, "revoke", journal.Target{Key: "k"}, nil); !errors.Is(err, journal.ErrDone) {
		t.Errorf("once more: %v", err)
	}
	if err := j.Settle(id, "revoke", journal.Failed, journal.Answer{Intent: intent}, nil); !errors.Is(err, journal.ErrOrder) {
		t.Errorf("settled again: %v", err)
	}
	if err := j.End(id, "done"); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Intend(id, "x", journal.Target{}, nil); !errors.Is(err, journal.ErrOrder) {
		t.Errorf("after the end: %v", err)
	}
	if _, err := j.Begin(journal.Subject{Logical: "lab"}); err != nil {
		t.Errorf("a new rotation of the key: %v", err)
	}
}

func TestOneRunAtATimeWorksOnAnAccount(t *testing.T) {
	w := newWorld(t)
	j := w.mustOpen(t)
	_, err := w.open()
	var held *journal.HeldError
	if !errors.As(err, &held) || held.Holder.Process == 0 || held.Holder.Actor != "alice" {
		t.Fatalf("a second one: %v", err)
	}
	p, err := w.place()
	if err != nil {
		t.Fatal(err)
	}
	other, err := journal.Open(p, journal.Account{Provider: "ibm", ID: "another"})
	if err != nil {
		t.Fatalf("another account: %v", err)
	}
	defer other.Close()
	w.disk.Kill()
	again := w.mustOpen(t)
	defer again.Close()
	if h, died := again.Interrupted(); !died || h.Process == 0 {
		t.Error("nothing is said about the process that died")
	}
	if err := rotate(j, "lab", value(3)); !errors.Is(err, journal.ErrStopped) {
		t.Errorf("the dead one still works: %v", err)
	}
}

func TestAReleasedValueIsKeptAsLongAsAsked(t *testing.T) {
	w := newWorld(t)
	p, err := w.place()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	p.Now = func() time.Time { return now }
	j, err := journal.Open(p, lab())
	if err != nil {
		t.Fatal(err)
	}
	id, err := j.Begin(journal.Subject{Logical: "lab"})
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := j.Seal(id, "name", value(4))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(j.Release(sealed, 7*24*time.Hour), j.End(id, "done"), j.Close()); err != nil {
		t.Fatal(err)
	}
	for days, want := range map[int]int{0: 1, 6: 1} {
		now = now.AddDate(0, 0, days)
		if j, err = journal.Open(p, lab()); err != nil {
			t.Fatal(err)
		}
		if got := len(w.disk.Named(".age")); got != want {
			t.Errorf("after %d days more there are %d files, want %d", days, got, want)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
	now = now.AddDate(0, 0, 1)
	if j, err = journal.Open(p, lab()); err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if got := w.disk.Named(".age"); len(got) != 0 {
		t.Errorf("after the time there are still %q", got)
	}
}

func intended(j *journal.Journal, id journal.ID, step string) error {
	_, err := j.Intend(id, step, journal.Target{}, nil)
	return err
}
