// Package source gives a scan its content: files, directories and readers.
// A Source yields Items in a fixed order; an Item is opened by the worker that
// examines it, read in Chunks that overlap, and closed.
package source

import (
	"context"
	"io"
	"iter"
)

// Place says what sort of thing content was found in.
type Place string

// The places of content. From Blob to GitConfig it is in a repository's own
// storage.
const (
	File          Place = "file"
	Stdin         Place = "stdin"
	Blob          Place = "blob"
	CommitMessage Place = "commit message"
	TagMessage    Place = "tag message"
	Note          Place = "note"
	Staged        Place = "index"
	Reflog        Place = "reflog"
	GitConfig     Place = "git config"
	// UserEnvironment and SystemEnvironment hold variables for all programs of
	// one person, or of everybody on the computer.
	UserEnvironment   Place = "user environment"
	SystemEnvironment Place = "system environment"
	// Issue and the rest are what people wrote, and runs made, beside a repository.
	Issue    Place = "issue or comment"
	Review   Place = "review"
	Release  Place = "release"
	Asset    Place = "file of a release"
	RunLog   Place = "log of a run"
	Artifact Place = "artifact of a run"
	Variable Place = "variable of workflows"
	Gist     Place = "gist"
)

// Origin says where content comes from.
type Origin struct {
	// Path is slash-separated and relative to the scanned root (or, inside a
	// repository, to the repository's root). It may hold any byte but NUL: who
	// prints it must make it safe.
	Path  string
	Place Place
	// Repository is the identity of the repository the content belongs to:
	// its normalised remote URL, else "root:" and its root commit. Empty
	// outside repositories.
	Repository string
	// Ignored is true for a file of a repository that Git ignores.
	Ignored bool
	// Kept is true for a file that is made to hold keys and that only its owner
	// can read.
	Kept bool
	// Home is true for a file in one of the places where people's tools keep
	// keys and what was typed.
	Home bool
}

// Item is one thing to read.
type Item struct {
	Origin Origin
	// Size in bytes, -1 when it is not known before reading.
	Size int64
	// Open is called once, by the worker that examines the item, which closes
	// what it got. An error is reported as unread unless it is an *ItemError.
	Open func() (io.ReadCloser, error)
	// Access says who else can read it; it is asked where a key was found that
	// is kept, not leaked. Optional.
	Access func() Access
	// Examined is told by the worker that examined the item to its end whether
	// nothing was found and nothing left unread. Optional.
	Examined func(clean bool)
}

// Source yields items. The rules of its sequence: single use; an *ItemError is
// yielded in its place, with the zero Item, and the sequence goes on; any other
// error is last; when the context ends, its cause is last; after break no
// goroutine is left.
type Source interface {
	Items(ctx context.Context) iter.Seq2[Item, error]
}
