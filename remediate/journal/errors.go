package journal

import (
	"errors"
	"fmt"
	"time"
)

// What keeps a journal from being opened. In each case nothing was changed.
var (
	// ErrOldCopy: the journal, its head or the audit log is older than the others.
	// Put back the newest of each, or SetAside the journal and take stock.
	ErrOldCopy = errors.New("the journal and what is known of it elsewhere do not agree: one of them is an old copy, or was cut")
	// ErrNewer: a newer qleaks wrote it, and must read it.
	ErrNewer = errors.New("a newer qleaks wrote the journal: use that one")
	// ErrForeign: it is the journal of another account.
	ErrForeign = errors.New("it is the journal of another account")
	// ErrFull: it is longer than what is read. SetAside it.
	ErrFull = errors.New("the journal is full: set it aside, and a new one begins")
	// ErrInRepository: the place lies in a repository, from where it could be
	// committed.
	ErrInRepository = errors.New("the journal would lie inside a Git repository: choose another directory")
)

// What keeps a record from being written. The journal is as it was.
var (
	// ErrOpen: a rotation of that logical key is open; resume it first.
	ErrOpen = errors.New("a rotation of this key is already open")
	// ErrUnsettled: a step was intended, and what became of it is not known.
	ErrUnsettled = errors.New("it is not known what became of this step: find out first")
	// ErrDone: a step would be done twice.
	ErrDone = errors.New("this step is already done")
	// ErrOrder: the record does not follow from those before.
	ErrOrder = errors.New("this record does not follow from the journal")
	// ErrMaterial: the record would hold a key's value.
	ErrMaterial = errors.New("this record would hold the value of a key")
	// ErrTooLong: the record is too long.
	ErrTooLong = errors.New("this record is too long")
)

// ErrStopped says that an earlier error stopped the journal: what the disk holds
// is not known, so nothing may be done any more before it is opened again.
var ErrStopped = errors.New("the journal stopped after an error")

// DamageError says that a journal is not what was written. It is refused whole:
// a part of it could hide an open rotation.
type DamageError struct {
	// Sequence is the number of the record that is damaged; 0 is the header.
	Sequence uint64
	Reason   string
}

// Error implements error.
func (e *DamageError) Error() string {
	what := "its header"
	if e.Sequence > 0 {
		what = fmt.Sprintf("record %d", e.Sequence)
	}
	return fmt.Sprintf("the journal is damaged at %s: %s; put back a whole copy, or set the journal aside and take stock of the account's keys (docs/journal.md)", what, e.Reason)
}

func damaged(sequence uint64, reason string) error {
	return &DamageError{Sequence: sequence, Reason: reason}
}

// Holder is a process that has, or had, the journal open.
type Holder struct {
	Process int       `json:"process"`
	Host    string    `json:"host,omitempty"`
	Boot    string    `json:"boot,omitempty"`
	Since   time.Time `json:"since"`
	Actor   string    `json:"actor,omitempty"`
}

// HeldError says that another process works on the account.
type HeldError struct{ Holder Holder }

// Error implements error.
func (e *HeldError) Error() string {
	if e.Holder.Process == 0 {
		return "another process works on this account"
	}
	return fmt.Sprintf("another process works on this account: process %d on %q, since %s", e.Holder.Process, e.Holder.Host, e.Holder.Since.UTC().Format(time.RFC3339))
}
