// Package store is where keys are used, and how a new value gets there.
//
// A Store is one place that holds one value: a variable in a file, a secret of a
// CI system, an entry of a vault. Operators declare stores by name, outside of
// everything that is scanned, and say which keys each of them holds.
package store

import (
	"context"
	"errors"
	"time"

	"github.com/qleaks/qleaks/internal/secret"
)

// Store is a place that holds a value.
//
// A mark says what a store holds without telling it: a version, a time, a
// fingerprint, or that there is nothing. It may be shown and written down.
//
// No error holds material, or anything that a server or a program said. When the
// context ends, its cause is returned.
type Store interface {
	// Check makes sure that the store can be reached and written, as far as can
	// be told without writing, and returns the mark of what is there now. That
	// nothing is there yet is no error, if Put could make it.
	Check(ctx context.Context) (mark string, err error)
	// Put writes the value, in one step, if what is there still has the mark, and
	// returns the mark of what is there then. Whoever does not know what came of
	// a Put repeats it with the same value and mark: where the value is there
	// already, that is no error.
	//
	// ErrChanged says that somebody else wrote; ErrLost that nobody knows whether
	// the value is there. After any other error nothing was changed.
	Put(ctx context.Context, v secret.Value, mark string) (after string, err error)
	// Confirm reads the store back. It returns ErrDiffers where it holds something
	// else. A store that shows nobody its values is confirmed as far as it tells:
	// that the last write is the one of this Store; proved is false.
	Confirm(ctx context.Context, v secret.Value) (proved bool, err error)
}

// Restorer is a Store that keeps what was there before.
type Restorer interface {
	// Restore brings back what had the mark. It may be repeated.
	Restore(ctx context.Context, mark string) error
}

// Drainer is a Store whose readers keep what they read: runs of a CI system.
type Drainer interface {
	// Readers counts those that may have read the store before a time, and have
	// not ended.
	Readers(ctx context.Context, before time.Time) (int, error)
}

// Lender is a Store from which a program can be given the key.
type Lender interface {
	// Value returns the key. ErrNoPlace says that there is none, ErrDiffers that
	// there are several.
	Value(ctx context.Context) (secret.Value, error)
}

// Handoff is a Store that can hand a value to a person without showing it: the
// link or the token that it returns works once, and for a while only.
type Handoff interface {
	// Share returns the text to be sent to the receiver, and what they do with it.
	// The text is no key, but whoever uses it first gets the key.
	Share(ctx context.Context, v secret.Value, ttl time.Duration) (text, use string, err error)
}

// Absent is the mark of nothing.
const Absent = "absent"

// What can be wrong with a store.
var (
	// ErrChanged says that the store does not hold what it held at the Check.
	ErrChanged = errors.New("somebody else has changed it in the meantime")
	// ErrLost says that a write was sent, and no answer came.
	ErrLost = errors.New("no answer came, so that it is not known whether the value was written")
	// ErrDiffers says that the store holds another value than the one in question.
	ErrDiffers = errors.New("it holds another value")
	// ErrNoPlace says that there is nothing that could take the value.
	ErrNoPlace = errors.New("it has no place for the value")
	// ErrValue says that the value cannot be written there as it is.
	ErrValue = errors.New("the value has characters that cannot be written there")
	// ErrRefused says that the store refuses the credential, or has none.
	ErrRefused = errors.New("it refuses the credential")
	// ErrForbidden says that the credential may not do this.
	ErrForbidden = errors.New("the credential may not do this")
	// ErrUnavailable says that the store cannot be reached at the moment.
	ErrUnavailable = errors.New("it cannot be reached at the moment")
	// ErrAnswer says that the answer is none that the store documents.
	ErrAnswer = errors.New("its answer is not one that it documents")
	// ErrSystem says that the store does not exist on this system.
	ErrSystem = errors.New("this system has no such store")
)

// mostValue is longer than any key, in bytes.
const mostValue = 8 << 10

// CheckValue says whether a value can be put into stores at all: printable
// characters of ASCII without spaces, as all keys are.
func CheckValue(v secret.Value) error {
	material := v.Reveal()
	if material == "" || len(material) > mostValue {
		return ErrValue
	}
	for i := range len(material) {
		if c := material[i]; c <= ' ' || c > '~' {
			return ErrValue
		}
	}
	return nil
}
