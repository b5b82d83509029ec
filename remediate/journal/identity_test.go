package journal_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/internal/durable"
	"github.com/qleaks/qleaks/internal/durable/durabletest"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/journal"
)

func TestIdentitiesAreMadeOnce(t *testing.T) {
	d := durabletest.New(1)
	p := journal.Place{Dir: stateDir, Heads: headsDir, Disk: d}
	if _, err := p.LoadSealer(t.Context(), keeper(d)); !errors.Is(err, journal.ErrNoIdentity) {
		t.Errorf("before there are any: %v", err)
	}
	made, err := p.NewIdentities()
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Content()) != 0 {
		t.Error("something is kept before Keep")
	}
	s, err := made.Keep(t.Context(), keeper(d))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.NewIdentities(); !errors.Is(err, journal.ErrHasIdentity) {
		t.Errorf("a second pair: %v", err)
	}
	again, err := p.LoadSealer(t.Context(), keeper(d))
	if err != nil {
		t.Fatal(err)
	}
	if a, b := s.Recipients(); a == b {
		t.Error("both identities are one")
	} else if c, d := again.Recipients(); a != c || b != d {
		t.Error("other recipients were loaded")
	}
	if err := leaks(d, made.Offline); err != nil {
		t.Error(err)
	}
}

// TestMakingIdentitiesMayBeCutShort stops at each call, and makes them again:
// an identity that is kept is not written over.
func TestMakingIdentitiesMayBeCutShort(t *testing.T) {
	for n := 1; ; n++ {
		d := durabletest.New(uint64(n))
		p := journal.Place{Dir: stateDir, Heads: headsDir, Disk: d}
		d.Decide = stopAt(n)
		made, err := p.NewIdentities()
		if err == nil {
			_, err = made.Keep(t.Context(), keeper(d))
		}
		finished := err == nil
		d.LosePower()
		before, none := keeper(d).Fetch(t.Context())
		s, err := p.LoadSealer(t.Context(), keeper(d))
		switch {
		case finished && err != nil:
			t.Fatalf("all was kept, and %v", err)
		case finished:
			return
		case errors.Is(err, journal.ErrNoIdentity):
			made, err := p.NewIdentities()
			if err != nil {
				t.Fatal(err)
			}
			if s, err = made.Keep(t.Context(), keeper(d)); err != nil {
				t.Fatalf("after call %d: %v", n, err)
			}
		case err != nil:
			t.Fatalf("after call %d: %v", n, err)
		}
		after, err := keeper(d).Fetch(t.Context())
		if err != nil || s == nil || none == nil && !after.Equal(before) {
			t.Fatalf("after call %d the identity is another: %v", n, err)
		}
	}
}

func TestChangedRecipientsAreRefused(t *testing.T) {
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
	name := fileOf(t, d.Content(), "recipients.json")
	whole := d.Content()[name]
	for at := range whole[:len(whole)-1] {
		changed := bytes.Clone(whole)
		changed[at] ^= 1 << (at % 8)
		d.Set(name, changed)
		if got, err := p.LoadSealer(t.Context(), keeper(d)); err == nil {
			if a, b := got.Recipients(); !same(s, a, b) {
				t.Fatalf("byte %d: sealed to somebody else", at)
			}
		}
	}
	_, offline := s.Recipients()
	thief := sealer(t, newIdentities(t))
	_, theirs := thief.Recipients()
	d.Set(name, []byte(strings.Replace(string(whole), offline, theirs, 1)))
	if _, err := p.LoadSealer(t.Context(), keeper(d)); !errors.Is(err, journal.ErrRecipients) {
		t.Errorf("a recipient of somebody else: %v", err)
	}
	d.Set(name, whole)
	if _, err := p.LoadSealer(t.Context(), held{made.Offline}); !errors.Is(err, journal.ErrOtherIdentity) {
		t.Errorf("the other identity: %v", err)
	}
	if _, err := p.LoadSealer(t.Context(), held{secret.New([]byte("no identity"))}); err == nil || strings.Contains(err.Error(), "no identity") {
		t.Errorf("no identity at all: %v", err)
	}
}

func same(s *journal.Sealer, a, b string) bool {
	c, d := s.Recipients()
	return a == c && b == d
}

// held is a keeper of one identity that cannot be replaced.
type held struct{ identity secret.Value }

func (h held) Keep(context.Context, secret.Value) error { return errors.New("it is full") }

func (h held) Fetch(context.Context) (secret.Value, error) { return h.identity, nil }

func TestAnIdentityThatOthersCanReadIsRefused(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files have no modes there")
	}
	k := journal.KeeperFile{Name: filepath.Join(t.TempDir(), "below", "identity")}
	if _, err := k.Fetch(t.Context()); !errors.Is(err, journal.ErrNoIdentity) {
		t.Errorf("none: %v", err)
	}
	if err := k.Keep(t.Context(), secret.New([]byte("identity"))); err != nil {
		t.Fatal(err)
	}
	if v, err := k.Fetch(t.Context()); err != nil || v.Reveal() != "identity" {
		t.Errorf("its own: %v", err)
	}
	if err := os.Chmod(k.Name, 0o640); err != nil {
		t.Fatal(err)
	}
	if v, err := k.Fetch(t.Context()); !errors.Is(err, durable.ErrReadable) || !v.IsZero() {
		t.Errorf("readable by the group: %v", err)
	}
}
