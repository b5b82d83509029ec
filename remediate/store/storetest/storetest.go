// Package storetest is the contract of stores, as tests: every kind is held to
// it, beside a world in which the store is real enough to be wrong.
package storetest

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/store"
)

// World is one store, and everybody else who can see or change it.
type World struct {
	// Kind is the one under test.
	Kind store.Kind
	// Open opens the store anew, as another process would.
	Open func() store.Store
	// Held are all values that readers of the store would get; none if there is
	// nothing.
	Held func() []secret.Value
	// Set lets somebody else write a value.
	Set func(v secret.Value)
	// Faults are what can go wrong in the store's world. Each makes the following
	// calls go wrong until the returned function is called.
	Faults map[string]func() (mend func())
	// Traces is all that others could see of what happened: logs, arguments and
	// environments of programs, paths, and files that are not the store.
	Traces func() string
	// Secrets are other material that must not be seen: the operator's own
	// credentials.
	Secrets []secret.Value
}

// Value makes up a value as keys are.
func Value() secret.Value {
	raw := make([]byte, 16)
	_, _ = rand.Read(raw) // never fails
	return secret.New([]byte("new0" + hex.EncodeToString(raw)))
}

// Run holds a kind to the contract. Made makes a world in which the store holds
// the old value, or nothing if that is zero.
func Run(t *testing.T, made func(t *testing.T, old secret.Value) World) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, *subject){
		"what is put is there":                      isThere,
		"a first value is put where nothing is":     isFirst,
		"a put that is repeated changes nothing":    isIdempotent,
		"nobody's change is overwritten":            isCompared,
		"another value is not confirmed":            isRead,
		"what went wrong is told and can be mended": isMended,
		"who gives up changes nothing":              isCancelled,
		"what no key is made of is refused":         isRefused,
	} {
		t.Run(name, func(t *testing.T) {
			s := &subject{made: made, old: Value(), value: Value()}
			test(t, s)
			s.quiet(t)
		})
	}
}

// subject is a test of the contract.
type subject struct {
	made       func(t *testing.T, old secret.Value) World
	world      World
	old, value secret.Value
	said       []string
}

func (s *subject) begin(t *testing.T, old secret.Value) {
	t.Helper()
	s.world = s.made(t, old)
}

// hears remembers what a store said, for the search for material.
func (s *subject) hears(mark string, err error) (string, error) {
	s.remember(mark, err)
	return mark, err
}

func (s *subject) remember(mark string, err error) {
	s.said = append(s.said, mark)
	if err != nil {
		s.said = append(s.said, err.Error())
	}
}

func (s *subject) check(t *testing.T, of store.Store) string {
	t.Helper()
	mark, err := s.hears(of.Check(t.Context()))
	if err != nil || mark == "" || len(mark) > 1000 {
		t.Fatalf("check: %q, %v", mark, err)
	}
	return mark
}

func (s *subject) put(t *testing.T, of store.Store, mark string) string {
	t.Helper()
	after, err := s.hears(of.Put(t.Context(), s.value, mark))
	if err != nil || after == "" {
		t.Fatalf("put: %q, %v", after, err)
	}
	return after
}

func (s *subject) holds(t *testing.T, want secret.Value) {
	t.Helper()
	held := s.world.Held()
	if want.IsZero() != (len(held) == 0) || slices.ContainsFunc(held, func(v secret.Value) bool { return !v.Equal(want) }) {
		t.Errorf("%d values are held, and not only the right one", len(held))
	}
}

func isThere(t *testing.T, s *subject) {
	s.begin(t, s.old)
	one := s.world.Open()
	before := s.check(t, one)
	after := s.put(t, one, before)
	s.holds(t, s.value)
	if after == before {
		t.Errorf("the mark is still %s", after)
	}
	for _, of := range []store.Store{one, s.world.Open()} {
		proved, err := of.Confirm(t.Context(), s.value)
		if _, err := s.hears("", err); err != nil || proved != s.world.Kind.Traits.Reads {
			t.Errorf("confirm: %v, %v", proved, err)
		}
	}
	if r, ok := one.(store.Restorer); ok {
		for range 2 {
			if _, err := s.hears("", r.Restore(t.Context(), before)); err != nil {
				t.Errorf("restore: %v", err)
			}
			s.holds(t, s.old)
		}
	} else if s.world.Kind.Traits.Versions {
		t.Error("it keeps versions, and restores none")
	}
}

func isFirst(t *testing.T, s *subject) {
	s.begin(t, secret.Value{})
	one := s.world.Open()
	mark, err := s.hears(one.Check(t.Context()))
	if err != nil {
		// A store may need to be made by somebody first. Then nothing is written.
		if _, err := s.hears(one.Put(t.Context(), s.value, mark)); err == nil {
			t.Error("what the check refused was put")
		}
		s.holds(t, secret.Value{})
		return
	}
	s.put(t, one, mark)
	s.holds(t, s.value)
}

func isIdempotent(t *testing.T, s *subject) {
	s.begin(t, s.old)
	before := s.check(t, s.world.Open())
	s.put(t, s.world.Open(), before)
	after, err := s.hears(s.world.Open().Put(t.Context(), s.value, before))
	if s.world.Kind.Traits.Reads && (err != nil || after == before) || err != nil && !errors.Is(err, store.ErrChanged) {
		t.Errorf("again: %q, %v", after, err)
	}
	s.holds(t, s.value)
	if err == nil {
		return
	}
	// A store that shows nothing is asked again, and written again.
	of := s.world.Open()
	s.put(t, of, s.check(t, of))
	s.holds(t, s.value)
}

func isCompared(t *testing.T, s *subject) {
	s.begin(t, s.old)
	before := s.check(t, s.world.Open())
	other := Value()
	s.world.Set(other)
	if _, err := s.hears(s.world.Open().Put(t.Context(), s.value, before)); !errors.Is(err, store.ErrChanged) {
		t.Errorf("somebody else has written: %v", err)
	}
	s.holds(t, other)
}

func isRead(t *testing.T, s *subject) {
	s.begin(t, s.old)
	of := s.world.Open()
	s.put(t, of, s.check(t, of))
	if l, ok := of.(store.Lender); ok {
		if v, err := l.Value(t.Context()); err != nil || !v.Equal(s.value) {
			t.Errorf("the value that is given out is not the one that was put: %v", err)
		}
	}
	s.world.Set(Value())
	proved, err := of.Confirm(t.Context(), s.value)
	s.remember("", err)
	if proved || s.world.Kind.Traits.Reads && !errors.Is(err, store.ErrDiffers) {
		t.Errorf("another value: %v, %v", proved, err)
	}
}

func isMended(t *testing.T, s *subject) {
	s.begin(t, s.old)
	if len(s.world.Faults) == 0 {
		t.Error("nothing ever goes wrong in this world")
	}
	for name := range s.world.Faults {
		s.begin(t, s.old)
		of := s.world.Open()
		before := s.check(t, of)
		mend := s.world.Faults[name]()
		_, err := s.hears(of.Put(t.Context(), s.value, before))
		mend()
		switch held := s.world.Held(); {
		case err == nil:
			s.holds(t, s.value)
		case !errors.Is(err, store.ErrLost) && (len(held) != 1 || !held[0].Equal(s.old)):
			t.Errorf("%s: it was changed, and the error does not say that it may have been: %v", name, err)
		}
		again := s.world.Open()
		_, err = s.hears(again.Put(t.Context(), s.value, before))
		if err != nil && errors.Is(err, store.ErrChanged) && !s.world.Kind.Traits.Reads {
			_, err = s.hears(again.Put(t.Context(), s.value, s.check(t, again)))
		}
		if err != nil {
			t.Errorf("%s: after that: %v", name, err)
		}
		s.holds(t, s.value)
		s.quiet(t)
	}
	for name := range s.world.Faults {
		s.begin(t, s.old)
		of := s.world.Open()
		mend := s.world.Faults[name]()
		mark, err := s.hears(of.Check(t.Context()))
		proved, failed := of.Confirm(t.Context(), s.value)
		s.remember(mark, failed)
		mend()
		if proved || err == nil && mark == "" {
			t.Errorf("%s: check %q, confirmed %v", name, mark, proved)
		}
		s.holds(t, s.old)
		s.quiet(t)
	}
}

func isCancelled(t *testing.T, s *subject) {
	s.begin(t, s.old)
	of := s.world.Open()
	before := s.check(t, of)
	cause := errors.New("the person has gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	for name, err := range map[string]error{"check": last(of.Check(ctx)), "put": last(of.Put(ctx, s.value, before)), "confirm": last(of.Confirm(ctx, s.value))} {
		if _, err := s.hears("", err); !errors.Is(err, cause) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s.holds(t, s.old)
}

func last[T any](_ T, err error) error { return err }

func isRefused(t *testing.T, s *subject) {
	s.begin(t, s.old)
	of := s.world.Open()
	before := s.check(t, of)
	for _, text := range []string{"", "two words", "two\nlines", "a\x00b", "é", strings.Repeat("x", 9<<10)} {
		if _, err := s.hears(of.Put(t.Context(), secret.New([]byte(text)), before)); !errors.Is(err, store.ErrValue) {
			t.Errorf("%.12q: %v", text, err)
		}
	}
	s.holds(t, s.old)
}

// quiet searches everything that could be seen for material, in the forms in
// which it could stand there.
func (s *subject) quiet(t *testing.T) {
	t.Helper()
	for _, v := range append(s.world.Secrets, s.old, s.value) {
		for _, form := range forms(v.Reveal()) {
			if strings.Contains(strings.Join(s.said, "\n"), form) {
				t.Error("a mark or an error holds material")
			}
			if strings.Contains(s.world.Traces(), form) {
				t.Error("material can be seen")
			}
		}
	}
}

func forms(key string) []string {
	wide := make([]byte, 0, 2*len(key))
	for i := range len(key) {
		wide = append(wide, key[i], 0)
	}
	return []string{
		key, base64.StdEncoding.EncodeToString([]byte(key)), base64.RawURLEncoding.EncodeToString([]byte(key)), hex.EncodeToString([]byte(key)),
		url.QueryEscape(key), string(wide), key[:len(key)*3/4],
	}
}
