package provider

import (
	"context"
	"iter"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/secret"
)

// Describer finds out what a value is: its record, and what it can get at. What
// a provider does not tell is left out, and named in Reach.Untold.
type Describer interface {
	Describe(ctx context.Context, v secret.Value) (key.Description, error)
}

// Controller asks the control questions: a made-up value must be refused, and
// the operator's credential, if there is one, accepted. An error means that the
// provider's verdicts are worth nothing at the moment.
type Controller interface {
	Control(ctx context.Context) (key.Control, error)
}

// Clock tells by how much the provider's clock is ahead of this computer's, as its
// last answer showed; false if none did. It asks nobody.
type Clock interface {
	Clock() (ahead time.Duration, known bool)
}

// Lister lists keys. The list is whole only if the sequence ended without an
// error; an error is its last element.
type Lister interface {
	Keys(ctx context.Context, e Extent) iter.Seq2[key.Key, error]
}

// Extent is how much to list.
type Extent struct {
	// Everybody lists the keys of the whole account; otherwise one's own.
	Everybody bool
	// Services lists the keys of service IDs as well.
	Services bool
	// Use says how to find out when each key was last used.
	Use UseBy
	// Idle is the span that a UseReport looks back; zero is 90 days.
	Idle time.Duration
}

// UseBy is a way to find out when keys were last used.
type UseBy string

// The ways: not at all, by a request a key, or by a report that the provider
// makes of the whole account.
const (
	NoUse     UseBy = ""
	UseByKey  UseBy = "key"
	UseReport UseBy = "report"
)

// Finder reads the record of one key. A key that does not exist is ErrNotFound.
type Finder interface {
	Find(ctx context.Context, id string) (key.Key, error)
}

// Issuer makes a key. An error after which the key may exist all the same is an
// *CallError: it is settled by asking, never by trying again.
type Issuer interface {
	Issue(ctx context.Context, o Order) (Issued, error)
}

// Order is a key to be made.
type Order struct {
	Name        string
	Description string
	// Owner is whose key it is to be; "" is one's own.
	Owner string
	// Value is the key to be, where the provider lets the caller choose.
	Value   secret.Value
	Expires time.Time
	// OnLeak is what the provider shall do when it finds the key in public.
	OnLeak string
}

// Issued is a new key.
type Issued struct {
	Key   key.Key
	Value secret.Value
}

// Suspender makes a key useless for the time being. Suspending a suspended key
// is no error.
type Suspender interface {
	Suspend(ctx context.Context, id string) error
}

// Resumer takes back a suspension. Resuming a key in use is no error.
type Resumer interface {
	Resume(ctx context.Context, id string) error
}

// Locker keeps a key from being changed and revoked.
type Locker interface {
	Lock(ctx context.Context, id string) error
}

// Unlocker takes back a lock.
type Unlocker interface {
	Unlock(ctx context.Context, id string) error
}

// Revoker makes a key useless for good. A key that does not exist is
// ErrNotFound.
type Revoker interface {
	Revoke(ctx context.Context, id string) error
}

// JobLister lists jobs that the credential can see, newest first where the
// provider sorts. No provider tells which key a job came with.
type JobLister interface {
	Jobs(ctx context.Context, w Window) iter.Seq2[Job, error]
}

// Window is which jobs to list.
type Window struct {
	// From and To bound when a job was submitted; zero is open.
	From, To time.Time
	// Pending lists only jobs that wait or run.
	Pending bool
}

// Holds reports whether a time is in the window.
func (w Window) Holds(t time.Time) bool {
	return (w.From.IsZero() || !t.Before(w.From)) && (w.To.IsZero() || t.Before(w.To))
}

// JobCanceler cancels a job that waits or runs. A job that is over is
// ErrOver, and is not touched; one that the provider will let go of only later
// is ErrNotYet.
type JobCanceler interface {
	CancelJob(ctx context.Context, j Job) error
}

// Coster tells what a job cost, or will cost.
type Coster interface {
	Cost(ctx context.Context, j Job) (key.Amount, error)
}

// SessionLister lists the sessions that are open.
type SessionLister interface {
	Sessions(ctx context.Context) iter.Seq2[Session, error]
}

// SessionEnder ends a session. One that is over is ErrOver.
type SessionEnder interface {
	EndSession(ctx context.Context, s Session) error
}

// Job is work that a provider was given.
type Job struct {
	ID      string `json:"id"`
	Name    string `json:"name,omitempty"`
	Status  string `json:"status"`
	Pending bool   `json:"pending"`
	Backend string `json:"backend,omitempty"`
	Owner   string `json:"owner,omitempty"`
	Project string `json:"project,omitempty"`
	Session string `json:"session,omitempty"`
	// Instance is where it runs, for providers that have instances.
	Instance string     `json:"instance,omitempty"`
	Times    JobTimes   `json:"times,omitzero"`
	Shots    int64      `json:"shots,omitempty"`
	Cost     key.Amount `json:"cost,omitzero"`
}

// JobTimes are when things happened to a job.
type JobTimes struct {
	Submitted time.Time     `json:"submitted,omitzero"`
	Started   time.Time     `json:"started,omitzero"`
	Ended     time.Time     `json:"ended,omitzero"`
	Ran       time.Duration `json:"ran,omitzero"`
}

// Session is a reservation under which jobs run.
type Session struct {
	ID       string    `json:"id"`
	Backend  string    `json:"backend,omitempty"`
	Owner    string    `json:"owner,omitempty"`
	Project  string    `json:"project,omitempty"`
	Instance string    `json:"instance,omitempty"`
	Begun    time.Time `json:"begun,omitzero"`
}

// Ability names what a Client can do.
type Ability string

// The abilities, in the order of tables.
const (
	Verify       Ability = "verify"
	Control      Ability = "control"
	Describe     Ability = "describe"
	List         Ability = "list"
	Find         Ability = "find"
	Issue        Ability = "issue"
	Suspend      Ability = "suspend"
	Resume       Ability = "resume"
	Lock         Ability = "lock"
	Unlock       Ability = "unlock"
	Revoke       Ability = "revoke"
	ListJobs     Ability = "list jobs"
	CancelJobs   Ability = "cancel jobs"
	TellCosts    Ability = "tell costs"
	ListSessions Ability = "list sessions"
	EndSessions  Ability = "end sessions"
)

// AllAbilities returns every ability, in the order of tables.
func AllAbilities() []Ability {
	return []Ability{Verify, Control, Describe, List, Find, Issue, Suspend, Resume, Lock, Unlock, Revoke, ListJobs, CancelJobs, TellCosts, ListSessions, EndSessions}
}

// Abilities tells what a Client can do, in the order of tables.
func Abilities(c Client) []Ability {
	var can []Ability
	for _, a := range AllAbilities() {
		if has(c, a) {
			can = append(can, a)
		}
	}
	return can
}

func has(c Client, a Ability) (ok bool) {
	switch a {
	case Verify:
		ok = c != nil
	case Control:
		_, ok = c.(Controller)
	case Describe:
		_, ok = c.(Describer)
	case List:
		_, ok = c.(Lister)
	case Find:
		_, ok = c.(Finder)
	case Issue:
		_, ok = c.(Issuer)
	case Suspend:
		_, ok = c.(Suspender)
	case Resume:
		_, ok = c.(Resumer)
	case Lock:
		_, ok = c.(Locker)
	case Unlock:
		_, ok = c.(Unlocker)
	case Revoke:
		_, ok = c.(Revoker)
	case ListJobs:
		_, ok = c.(JobLister)
	case CancelJobs:
		_, ok = c.(JobCanceler)
	case TellCosts:
		_, ok = c.(Coster)
	case ListSessions:
		_, ok = c.(SessionLister)
	case EndSessions:
		_, ok = c.(SessionEnder)
	}
	return ok
}
