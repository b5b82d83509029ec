package journal_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/qleaks/qleaks/internal/durable/durabletest"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/journal"
)

// sealedWorld has an open rotation with a sealed value.
func sealedWorld(t *testing.T) (world, secret.Value, journal.SealedFile, string) {
	t.Helper()
	w := newWorld(t)
	j := w.mustOpen(t)
	v := value(1)
	id, err := j.Begin(journal.Subject{Logical: "lab"})
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := j.Seal(id, "lab--qleaks-x", v)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return w, v, sealed, fileOf(t, w.disk.Content(), ".age")
}

func unseal(t *testing.T, w world, s journal.SealedFile) (secret.Value, error) {
	t.Helper()
	j := w.mustOpen(t)
	defer j.Close()
	return j.Unseal(s)
}

func TestADamagedSealedFileIsRefused(t *testing.T) {
	w, v, sealed, name := sealedWorld(t)
	whole := w.disk.Content()[name]
	j := w.mustOpen(t)
	defer j.Close()
	for at := range whole {
		damaged := bytes.Clone(whole)
		damaged[at] ^= 1 << (at % 8)
		for what, content := range map[string][]byte{"a bit": damaged, "a cut": bytes.Clone(whole[:at])} {
			w.disk.Set(name, content)
			got, err := j.Unseal(sealed)
			if err == nil || !got.IsZero() {
				t.Fatalf("%s at byte %d goes unseen", what, at)
			}
			if _, _, err := journal.Recover(content, v); err == nil {
				t.Fatal("a value is taken for an identity")
			}
		}
	}
	w.disk.Set(name, whole)
	if got, err := j.Unseal(sealed); err != nil || !got.Equal(v) {
		t.Errorf("the whole file: %v", err)
	}
}

// TestADamagedSealedFileIsNotRecovered is the same without the record.
func TestADamagedSealedFileIsNotRecovered(t *testing.T) {
	d := durabletest.New(1)
	p := journal.Place{Dir: stateDir, Heads: headsDir, Disk: d}
	made, err := p.NewIdentities()
	if err != nil {
		t.Fatal(err)
	}
	s, err := made.Keep(t.Context(), keeper(d))
	if err != nil {
		t.Fatal(err)
	}
	w := world{disk: d, sealer: s, silent: true}
	j := w.mustOpen(t)
	defer j.Close()
	v := value(2)
	id, err := j.Begin(journal.Subject{Logical: "lab"})
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := j.Seal(id, "lab--qleaks-x", v)
	if err != nil {
		t.Fatal(err)
	}
	whole := d.Content()[fileOf(t, d.Content(), ".age")]
	b, got, err := journal.Recover(whole, made.Offline)
	if err != nil || !got.Equal(v) || b.Rotation != id || b.KeyName != sealed.KeyName || b.Account != lab() || b.Number != 1 {
		t.Fatalf("recovered: %+v, %v", b, err)
	}
	for at := range whole {
		damaged := bytes.Clone(whole)
		damaged[at] ^= 1 << (at % 8)
		if _, got, err := journal.Recover(damaged, made.Offline); err == nil || !got.IsZero() {
			// The stanza of the other recipient may be changed, if the file's MAC
			// allowed it; it does not.
			t.Fatalf("byte %d changed: recovered", at)
		}
		if _, got, err := journal.Recover(whole[:at], made.Offline); err == nil || !got.IsZero() {
			t.Fatalf("cut at %d: recovered", at)
		}
	}
	byHand, err := age.ParseX25519Identity(made.Offline.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	r, err := age.Decrypt(bytes.NewReader(whole), byHand)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil || !strings.HasSuffix(string(text), "\n"+v.Reveal()) || !strings.Contains(string(text), `"lab--qleaks-x"`) {
		t.Errorf("by hand, with age: %v", err)
	}
}

func TestAWrongIdentityOpensNothing(t *testing.T) {
	w, _, sealed, _ := sealedWorld(t)
	w.sealer = sealer(t, newIdentities(t))
	if got, err := unseal(t, w, sealed); !errors.Is(err, journal.ErrIdentity) || !got.IsZero() {
		t.Errorf("another operator: %v", err)
	}
	w.sealer = nil
	if got, err := unseal(t, w, sealed); !errors.Is(err, journal.ErrNoSealer) || !got.IsZero() {
		t.Errorf("nobody: %v", err)
	}
}

// TestAFileSealedBySomebodyElseIsNotAdopted: everybody can encrypt to the public
// names in recipients.json.
func TestAFileSealedBySomebodyElseIsNotAdopted(t *testing.T) {
	w, _, sealed, name := sealedWorld(t)
	operator, offline := w.sealer.Recipients()
	forged := strings.Replace(name, "-1.age", "-2.age", 1)
	line := fmt.Sprintf(`{"format":"qleaks sealed value 1","account":{"provider":"ibm","id":%q},"rotation":%q,"number":2,"keyName":"lab--qleaks-x"}`, lab().ID, sealed.Rotation)
	w.disk.Set(forged, encrypt(t, line+"\n"+strings.Repeat("0", 64)+"\nof a thief", operator, offline))
	j := w.mustOpen(t)
	defer j.Close()
	r, _ := j.Rotation(sealed.Rotation)
	if len(r.Values) != 1 {
		t.Fatalf("the rotation has %d values", len(r.Values))
	}
	v, err := journal.Look(journal.Place{Dir: stateDir, Heads: headsDir, Disk: w.disk}, lab())
	if err != nil || len(v.Unrecorded) != 1 || len(v.Missing) != 0 {
		t.Errorf("looked at: unrecorded %q, missing %v, %v", v.Unrecorded, v.Missing, err)
	}
	next, err := j.Seal(sealed.Rotation, "another", value(9))
	if err != nil || next.Number != 3 {
		t.Errorf("the next value is number %d: %v", next.Number, err)
	}
}

func encrypt(t *testing.T, text string, recipients ...string) []byte {
	t.Helper()
	var to []age.Recipient
	for _, name := range recipients {
		r, err := age.ParseX25519Recipient(name)
		if err != nil {
			t.Fatal(err)
		}
		to = append(to, r)
	}
	var out bytes.Buffer
	out2, err := age.Encrypt(&out, to...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(out2, text); err != nil {
		t.Fatal(err)
	}
	if err := out2.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestASealedFileOfAnotherRotationIsRefused swaps two files of one operator.
func TestASealedFileOfAnotherRotationIsRefused(t *testing.T) {
	w, _, first, name := sealedWorld(t)
	j := w.mustOpen(t)
	defer j.Close()
	id, err := j.Begin(journal.Subject{Logical: "other"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.Seal(id, "lab--qleaks-x", value(3)); err != nil {
		t.Fatal(err)
	}
	for other, content := range w.disk.Content() {
		if strings.HasSuffix(other, ".age") && other != name {
			w.disk.Set(name, content)
		}
	}
	if got, err := j.Unseal(first); err == nil || !got.IsZero() {
		t.Error("a value of another rotation was taken")
	}
	w.disk.Drop(name)
	if _, err := j.Unseal(first); err == nil {
		t.Error("a file that is gone was opened")
	}
	v, err := journal.Look(journal.Place{Dir: stateDir, Heads: headsDir, Disk: w.disk}, lab())
	if err != nil || len(v.Missing) != 1 {
		t.Errorf("a lost value is not told: %v, %v", v.Missing, err)
	}
}

// TestAValueSealedByAProcessThatDiedIsAdopted kills a process after the file and
// before the record: at a provider that makes the values itself it is the only
// copy.
func TestAValueSealedByAProcessThatDiedIsAdopted(t *testing.T) {
	w := newWorld(t)
	j := w.mustOpen(t)
	id, err := j.Begin(journal.Subject{Logical: "lab"})
	if err != nil {
		t.Fatal(err)
	}
	w.disk.Decide = func(c durabletest.Call) (durabletest.Outcome, error) {
		if c.Op == "write" && strings.HasSuffix(c.Name, "/journal") {
			return durabletest.Stop, nil
		}
		return durabletest.Work, nil
	}
	v := value(1)
	if _, err := j.Seal(id, "lab--qleaks-x", v); !errors.Is(err, durabletest.ErrStopped) {
		t.Fatal(err)
	}
	w.disk.LosePower()
	again := w.mustOpen(t)
	defer again.Close()
	r, _ := again.Rotation(id)
	if len(r.Values) != 1 {
		t.Fatalf("the rotation has %d values", len(r.Values))
	}
	if got, err := again.Unseal(r.Values[0]); err != nil || !got.Equal(v) {
		t.Errorf("the value: %v", err)
	}
}

func TestWhatCannotBeSealed(t *testing.T) {
	w := newWorld(t)
	j := w.mustOpen(t)
	defer j.Close()
	id, err := j.Begin(journal.Subject{Logical: "lab"})
	if err != nil {
		t.Fatal(err)
	}
	v := value(1)
	for name, f := range map[string]func() error{
		"nothing":               func() error { _, err := j.Seal(id, "name", secret.Value{}); return err },
		"too much":              func() error { _, err := j.Seal(id, "name", secret.New(make([]byte, 65<<10))); return err },
		"a value as its name":   func() error { _, err := j.Seal(id, "x"+v.Reveal(), v); return err },
		"a name that is not":    func() error { _, err := j.Seal(id, "\xff", v); return err },
		"in no rotation":        func() error { _, err := j.Seal("x", "name", v); return err },
		"in another's rotation": func() error { _, err := j.Seal("01ARZ3NDEKTSV4RRFFQ69G5FAV", "name", v); return err },
	} {
		if err := f(); err == nil || strings.Contains(err.Error(), v.Reveal()) {
			t.Errorf("%s: refused %t", name, err != nil)
		}
	}
	odd := secret.New([]byte("\x00\xff\n\n{\"\r\n"))
	s, err := j.Seal(id, "name\nof two lines", odd)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := j.Unseal(s); err != nil || !got.Equal(odd) {
		t.Errorf("an odd value: %v", err)
	}
}
