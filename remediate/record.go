package remediate

import (
	"context"
	"errors"
	"time"

	"github.com/qleaks/qleaks/internal/secret"
)

// Record is one change of state, as the journal keeps it. It holds no material.
type Record struct {
	Time time.Time
	// Rotation is the id of the row.
	Rotation string
	// Step is the number of the step in its row, from 0; -1 for what is about the
	// rotation as a whole.
	Step int
	Do   Action
	Kind Kind
	// Facts are what came of it, in words without material.
	Facts map[string]string
}

// Kind is what a record says.
type Kind string

// The kinds. Intent is written before a change is made; Done, NotDone or
// NobodyKnows after it. Undone says that what a step brought does not count any
// more, and the step is to be made again. The others are about rotations.
const (
	Opened      Kind = "opened"
	Intent      Kind = "intent"
	IsDone      Kind = "done"
	NotDone     Kind = "failed"
	NobodyKnows Kind = "unknown"
	Undone      Kind = "undone"
	Waiting     Kind = "waiting"
	Blocked     Kind = "blocked"
	Finished    Kind = "finished"
	Abandoned   Kind = "abandoned"
)

// Names of facts.
const (
	factRow      = "row"
	factPlan     = "plan"
	factActor    = "actor"
	factKey      = "key"
	factName     = "name"
	factBefore   = "before"
	factAfter    = "after"
	factWhy      = "why"
	factUntil    = "until"
	factHow      = "how"
	factOrphan   = "orphan"
	factJobs     = "jobs"
	factAlerts   = "alerts"
	factTag      = "tag"
	factApproved = "approved by"
)

// Journal is the journal of one account, held by this process alone.
type Journal interface {
	// Append makes a record safe before it returns. After an error nothing is
	// known of what the journal holds, and nothing more may be done.
	Append(r Record) error
	// Records returns all records, oldest first.
	Records() ([]Record, error)
}

// Vault keeps values sealed, by name, until they are where they are used.
type Vault interface {
	// Seal makes a value safe before it returns. A name is sealed once; sealing
	// the same value again is no error.
	Seal(name string, v secret.Value) error
	// Open returns a value; ErrNoValue if none is sealed under the name.
	Open(name string) (secret.Value, error)
	// Forget deletes a value. That there is none is no error.
	Forget(name string) error
}

// ErrNoValue says that nothing is sealed under a name.
var ErrNoValue = errors.New("no value is sealed under that name")

// OldValue is the name in the Vault of the value that a rotation is to end.
func OldValue(rotation string) string { return rotation + "-old" }

// newValue is the name of the value that it makes.
func newValue(rotation string) string { return rotation + "-new" }

// Person is whoever sits before the machine. Without one a run is unattended.
type Person interface {
	// Yes shows what to do or to judge, and returns the answer.
	Yes(ctx context.Context, g Guide) (bool, error)
	// Value shows what to do, and takes a key by a hidden prompt. ErrDeclined
	// says that there will be none.
	Value(ctx context.Context, g Guide) (secret.Value, error)
}

// Guide is what a person is told.
type Guide struct {
	Title string
	// Page is where to do it.
	Page string
	// Steps are in order; Facts say what they are about.
	Steps []string
	Facts []string
	// Question ends the guide.
	Question string
}

// Points is told where a run is. Tests stop runs there; a process that is
// killed does the same.
type Points interface {
	At(point string)
}
