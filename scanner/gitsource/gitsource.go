// Package gitsource searches a Git repository: every object of its database,
// loose or packed, reachable or not, each once, and what the repository's own
// directory holds besides (configuration, reflogs, the index).
//
// The repository is hostile. Everything of it is read by this package and the
// ones below it; no program is run, so nothing that the repository configures
// can take effect.
//
// A finding has the path under which commits introduced the object. What has
// no path gets a label that stays the same for the same thing:
//
//	COMMIT_MSG       the message of a commit; Git.Commit says which
//	COMMIT_HEADER    its other headers: author, committer, signature
//	TAG_MSG          the message and the tagger of an annotated tag
//	NOTES/<object>   a note on that object
//	objects/<id>     a blob that no commit has (dangling, or tagged itself)
//	.git/<file>      a file of the repository's own directory, bare or not
package gitsource

import (
	"errors"
	"fmt"
	"sync"

	"github.com/qleaks/qleaks/scanner/ledger"
	"github.com/qleaks/qleaks/scanner/source"
)

// ErrNotRepository says that no repository holds the path.
var ErrNotRepository = errors.New("not a git repository")

// UnsupportedError says that a repository is there and cannot be read.
type UnsupportedError struct {
	// Format is the extension or version that is not understood.
	Format string
}

// Error implements error.
func (e *UnsupportedError) Error() string {
	return "unsupported repository format: " + e.Format
}

// RefusedError says that an untrusted repository leads out of its root, so
// that scanning it would read somebody else's files.
type RefusedError struct {
	// What leads out: ".git file", "commondir".
	What string
}

// Error implements error.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("refused: the %s of an untrusted repository leads out of the scanned directory", e.What)
}

// EngineError says that the inspection of what changed in a blob did not show
// what the inspection of the whole shows: a defect of qleaks.
type EngineError struct {
	// Object is the blob's id in hex.
	Object string
}

// Error implements error.
func (e *EngineError) Error() string {
	return "the engine and a full inspection differ for object " + e.Object
}

// Options say how a repository is opened. The zero Options are those for a
// repository of one's own.
type Options struct {
	// Untrusted refuses whatever leads out of the scanned root: a .git file,
	// commondir, alternates, core.worktree, include.path, symbolic links.
	Untrusted bool
	// Root is the scanned root that an untrusted repository must lie in;
	// empty means the directory in which the repository is found.
	Root string
	// MaxBlob is the largest object, in bytes, that is read; a larger one is
	// unread. 0 means 256 MiB.
	MaxBlob int64
	// Memory bounds what the objects that are being read take, in bytes. 0
	// means 512 MiB.
	Memory int64
	// VerifyEngine inspects every blob a second time, as a whole, and compares:
	// a difference ends the search with an *EngineError.
	VerifyEngine bool
	// GlobalExcludes is the file with the user's own ignore patterns; empty
	// means none.
	GlobalExcludes string
	// ObjectDirectory replaces the repository's own, and
	// AlternateObjectDirectories are read besides: what Git tells a
	// pre-receive hook by GIT_OBJECT_DIRECTORY and
	// GIT_ALTERNATE_OBJECT_DIRECTORIES, which are never taken from the
	// environment.
	ObjectDirectory            string
	AlternateObjectDirectories []string
	// Ledger remembers from one Search to the next; nil remembers nothing. It
	// is not for untrusted repositories, whose makers could give one id to two
	// contents.
	Ledger *ledger.Ledger
}

// Repository is a repository on disk. It is safe for concurrent use.
type Repository struct {
	places  places
	options Options
	config  gitConfig
	// width is the length of an object id in bytes: 20 or 32.
	width int
	// reftable is true when refs and reflogs are stored in reftables.
	reftable bool
	// refusals are what discovery did not follow.
	refusals []*source.ItemError
	ignore   ignoreRules
	identity identity
}

// places are the directories of a repository, absolute and without links.
type places struct {
	// root is the directory of the working tree, empty in a bare repository.
	root      string
	gitDir    string
	commonDir string
	// boundary is where everything of an untrusted repository must lie.
	boundary string
}

// identity is computed when first asked for.
type identity struct {
	sync.Mutex
	known bool
	name  string
}

// Root is the directory of the working tree; in a bare repository, the
// repository itself.
func (r *Repository) Root() string {
	if r.places.root == "" {
		return r.places.gitDir
	}
	return r.places.root
}

// GitDir is the directory of this worktree's own state.
func (r *Repository) GitDir() string { return r.places.gitDir }

// CommonDir is the directory that all worktrees of the repository share. Two
// repositories with one CommonDir have one history.
func (r *Repository) CommonDir() string { return r.places.commonDir }

// Bare reports whether there is no working tree.
func (r *Repository) Bare() bool { return r.places.root == "" }

func unread(path, reason string, err error) *source.ItemError {
	return &source.ItemError{Path: path, Outcome: source.Unread, Reason: reason, Err: err}
}

func excluded(path, reason string) *source.ItemError {
	return &source.ItemError{Path: path, Outcome: source.Excluded, Reason: reason}
}
