// Package finding holds what a scan reports: one key in one path of one
// repository under one rule, with every place where it stands.
package finding

import (
	"time"

	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/source"
)

// Finding is one key in one path of one repository under one rule.
type Finding struct {
	// ID is stable: it survives line moves, rebases and better rules.
	ID          string
	Rule        *rules.Rule
	Confidence  rules.Confidence
	Standing    // whether the key works
	Fingerprint secret.Fingerprint
	Secret      secret.Value
	// Evidence names what told us, in the rule's words.
	Evidence string
	// Expires is when the key ends by what it says itself (a JWT's exp claim);
	// zero if it says nothing. Whether that is over is for the reader to say.
	Expires time.Time
	// Stored is true for a key in a known key store that Git ignores, or that
	// only its owner can read: listed, but not a leak.
	Stored     bool
	Repository string
	Path       string
	// Occurrences are the places, working tree first, then history from the
	// oldest introduction on. There is at least one.
	Occurrences []Occurrence
}

// Occurrence is one place of a finding.
type Occurrence struct {
	Place    source.Place
	Location Location
	// Git is nil outside a repository's own storage.
	Git *Git
	// Marked is true where the line carries qleaks:ignore[rule] for the rule
	// of the finding. It is a claim of the scanned content: whether it counts
	// is for package baseline to say.
	Marked bool
	// Access says who can read the file, where the key is kept in it on purpose
	// or stands in somebody's home.
	Access source.Access
	// URL is where a person sees the place, "" if that is not known.
	URL string
}

// Location is a span of text. Lines and columns count from 1; columns count
// code points; ends are exclusive.
type Location struct {
	Path      string
	Line      int
	Column    int
	EndLine   int
	EndColumn int
	// Column16 and EndColumn16 are the columns in UTF-16 units, for SARIF.
	Column16    int
	EndColumn16 int
	// Member is the path inside an archive, "" outside of one; lines and
	// columns then count within the member. Members of members are joined
	// with "!".
	Member string
	// Way says what was decoded to see the key, outermost first: "base64".
	// Lines and columns are those of the encoded text.
	Way      []string
	Notebook *Cell
}

// Cell is a place in a notebook.
type Cell struct {
	// Cell counts from 1; 0 means the notebook's own metadata.
	Cell int
	// Part is source, output, traceback, metadata or attachment.
	Part string
	// Line counts from 1 within that part.
	Line int
}

// Git says where in a history an occurrence is.
type Git struct {
	// Object is the id of the object that holds the key.
	Object string
	// Commit is the oldest introduction; empty for an object that no commit
	// has (a staged or unreferenced blob).
	Commit string
	Author string
	Email  string
	Date   time.Time
	// Refs still reach the commit, in order of their names, at most MaxRefs;
	// MoreRefs counts the rest.
	Refs     []string
	MoreRefs int
	Reach    Reach
}

// MaxRefs is how many refs an occurrence names.
const MaxRefs = 10

// Reach says what still leads to an object.
type Reach string

// The ways to reach an object, in the order in which the first that holds is
// told.
const (
	ReachRef      Reach = "ref"      // a branch, tag, note or other ref
	ReachStash    Reach = "stash"    // only a stash entry
	ReachIndex    Reach = "index"    // only the index of a worktree
	ReachReflog   Reach = "reflog"   // only a reflog entry
	ReachDangling Reach = "dangling" // nothing: gc will drop it in time
)
