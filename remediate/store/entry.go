package store

import (
	"context"
	"errors"
	"time"

	"github.com/qleaks/qleaks/internal/httpx"
	"github.com/qleaks/qleaks/internal/secret"
)

// Entry is a place whose value can be read; Over makes a Store of it.
type Entry interface {
	// Read returns what is there. That nothing is there yet is no error, if Write
	// could make it.
	Read(ctx context.Context) (Held, error)
	// Write writes a value where what was read still is, as far as the place can
	// compare. Its errors are those of Store.Put.
	Write(ctx context.Context, v secret.Value, over Held) error
}

// Held is what an Entry holds.
type Held struct {
	Value secret.Value
	// Mark is Absent, a version, or a time; "" is the fingerprint of the value.
	Mark string
	// Whole is what Write needs to keep everything else as it is.
	Whole any
}

// Over makes a Store of a place that can be read. It settles by reading what came
// of a write of which no answer came.
func Over(e Entry, u Use) Store {
	s := entryStore{e, u}
	if r, ok := e.(Restorer); ok {
		return restoringStore{s, r}
	}
	return s
}

type entryStore struct {
	entry Entry
	use   Use
}

type restoringStore struct {
	entryStore
	Restorer
}

const (
	// looks is how often a place is read that does not show yet what was written.
	looks     = 5
	firstLook = 100 * time.Millisecond
)

func (s entryStore) read(ctx context.Context) (Held, error) {
	if ctx.Err() != nil {
		return Held{}, context.Cause(ctx)
	}
	held, err := s.entry.Read(ctx)
	if ctx.Err() != nil {
		return Held{}, context.Cause(ctx)
	}
	if held.Mark == "" {
		held.Mark = s.use.Mark(held.Value)
	}
	return held, err
}

// Check implements Store.
func (s entryStore) Check(ctx context.Context) (string, error) {
	held, err := s.read(ctx)
	if err != nil {
		return "", err
	}
	return held.Mark, nil
}

// Put implements Store.
func (s entryStore) Put(ctx context.Context, v secret.Value, mark string) (string, error) {
	if err := CheckValue(v); err != nil {
		return "", err
	}
	before, err := s.read(ctx)
	switch {
	case err != nil:
		return "", err
	case before.Value.Equal(v):
		return before.Mark, nil
	case before.Mark != mark:
		return "", ErrChanged
	}
	failed := s.entry.Write(ctx, v, before)
	if errors.Is(failed, ErrChanged) {
		return "", ErrChanged
	}
	tries := looks
	if failed != nil {
		tries = 1
	}
	after, ok := s.settle(ctx, v, tries)
	switch {
	case ok:
		return after.Mark, nil
	case failed != nil && after.Mark == before.Mark && !errors.Is(failed, ErrLost):
		return "", failed
	}
	return "", ErrLost
}

// settle reads the place until it shows the value.
func (s entryStore) settle(ctx context.Context, v secret.Value, tries int) (held Held, ok bool) {
	pause := firstLook
	for try := range tries {
		var err error
		if try > 0 && httpx.Sleep(ctx, pause) != nil {
			break
		}
		if held, err = s.read(ctx); err == nil && held.Value.Equal(v) {
			return held, true
		}
		if err != nil {
			held = Held{}
		}
		pause *= 2
	}
	return held, false
}

// Confirm implements Store.
func (s entryStore) Confirm(ctx context.Context, v secret.Value) (bool, error) {
	held, err := s.read(ctx)
	if err != nil {
		return false, err
	}
	if v.IsZero() || !held.Value.Equal(v) {
		return false, ErrDiffers
	}
	return true, nil
}
