package remediate

import (
	"context"
	"errors"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/store"
)

// Deed is something that is done to a key at its provider.
type Deed string

// The deeds.
const (
	Issuing    Deed = "issue"
	Suspending Deed = "suspend"
	Resuming   Deed = "resume"
	Unlocking  Deed = "unlock"
	Revoking   Deed = "revoke"
	// Seeking lists the keys of an account by name, to find what a call left
	// behind of which no answer came.
	Seeking Deed = "list"
)

// Performer carries out deeds at one account: the provider's API, the driver of
// its console, a program, or a person.
type Performer interface {
	// Can reports whether it can do a deed at all.
	Can(d Deed) bool
	// Do does it, once. It is never repeated by itself. A deed that is done
	// already (a suspended key suspended, a revoked one revoked) is no error. An
	// error that is ErrNotDone means that surely nothing was changed; any other
	// means that nobody knows.
	Do(ctx context.Context, t Task) (Done, error)
	// Seek returns the keys of the account that have a name. That there is none
	// may be an answer of a moment: providers are eventually consistent.
	Seek(ctx context.Context, t Task) ([]key.Key, error)
}

// Task is one deed, on one key or for one.
type Task struct {
	Deed   Deed
	Target Target
	// ID and Name are the key's: those of the target, or for Issuing and Seeking
	// of the new one.
	ID, Name string
	// Description goes with a new key.
	Description string
	// Value is what the new key is to be, where the caller chooses.
	Value   secret.Value
	Expires time.Time
	// Text says to people what is to be done, and why.
	Text string
}

// Done is what a deed brought.
type Done struct {
	// Key is the new key's record, as far as it was told.
	Key key.Key
	// Value is the new key's value, where the provider made it.
	Value secret.Value
}

// Errors of deeds.
var (
	// ErrNotDone says that surely nothing was changed.
	ErrNotDone = errors.New("it was not done")
	// ErrDeclined says that a person said no.
	ErrDeclined = errors.New("it was declined")
	// ErrHands says that nobody here can do it.
	ErrHands = errors.New("nobody here can do this at the provider")
)

// Store is a place where a key is used; its obligations stand in package store.
type Store = store.Store

// Restorer is a Store that keeps versions.
type Restorer = store.Restorer

// Drainer is a Store whose readers keep what they read.
type Drainer = store.Drainer
