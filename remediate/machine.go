package remediate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/secret"
)

// Site is one account, with everything by which its keys are changed.
type Site struct {
	// Client asks with the operator's credential.
	Client provider.Client
	// As opens the way to the provider with another credential: the leaked key,
	// where no other sees its jobs.
	As func(v secret.Value) (provider.Client, error)
	// Hands are those who can carry out deeds.
	Hands map[Hands]Performer
	// Person is whoever sits here; nil is nobody.
	Person Person
	// Store opens a store for a row, by its name; optional where there are none.
	Store   func(name string, r Row) (Store, error)
	Journal Journal
	Vault   Vault
	// Acting are the credentials in use, which are never targets.
	Acting []Acting
	// Fingerprints must agree with those of the plan.
	Fingerprints secret.Fingerprinter
	// Value finds the value of a key that is to end, where somebody has it;
	// optional.
	Value func(t Target) (secret.Value, bool)
	// Register remembers which value a new key has; optional.
	Register func(k key.Key, v secret.Value) error
	// Hand gives a lent key to whoever borrows it, until a time; over says that
	// they have ended. Without it nothing is handed over.
	Hand func(ctx context.Context, r Row, v secret.Value, until time.Time) (over bool, err error)
}

// Machine carries out plans at one account. No two may work on one account at
// once; the Journal sees to that.
type Machine struct {
	Site   Site
	Policy Policy
	// Actor is who runs it.
	Actor string
	// Stop says why nothing may be changed just now; "" if nothing forbids it. It
	// is asked before every change.
	Stop func() string
	// Patience is how long a run waits for what takes time; beyond that it ends,
	// and Resume goes on later.
	Patience time.Duration
	// Several allows more than one key a run where a person sits here.
	Several bool
	// Told is told of what happens, for people; optional.
	Told func(Event)
	// Elsewhere counts what was ended and deleted at other accounts since a time,
	// for the caps of a day; nil is nothing.
	Elsewhere func(since time.Time) (ended, deleted int, err error)
	// CloseAlert closes an alert of GitHub's as revoked, with a comment, unless it
	// is closed already; optional where no plan names one.
	CloseAlert func(ctx context.Context, alert, comment string) error
	// Points is told where a run is; optional.
	Points Points
}

// Event is something that happened to a rotation.
type Event struct {
	Rotation string
	Key      string
	// Step counts from 1, of Steps; 0 is about the rotation as a whole.
	Step, Steps int
	Do          Action
	Kind        Kind
	Text        string
}

// State is where a rotation stands.
type State string

// The states.
const (
	StateOpen      State = "open"
	StateWaiting   State = "waiting"
	StateBlocked   State = "blocked"
	StateRollback  State = "rolling back"
	StateDone      State = "done"
	StateAbandoned State = "abandoned"
)

// Standing is one rotation as the journal tells it.
type Standing struct {
	Row   Row
	Plan  string
	State State
	// Why says what it waits for, or what blocks it; Until when it can go on.
	Why   string
	Until time.Time
	// Done counts steps; Next is the one that comes next, -1 if none.
	Done, Next int
	Opened     time.Time
	// Key is the new key's id or name, once there is one.
	Key string
}

// Result is what a run came to.
type Result struct {
	Rotations []Standing
	// Refused are rows that were not begun, and why.
	Refused []Left
}

// Done reports whether every row is done: nothing else is success. A loan whose
// time is not over is as it should be.
func (r Result) Done() bool {
	for _, s := range r.Rotations {
		if s.State != StateDone && (s.Row.Order != Lend || s.State != StateWaiting) {
			return false
		}
	}
	return len(r.Refused) == 0
}

// Errors of runs.
var (
	// ErrMode says that the policy does not allow to carry out plans.
	ErrMode = errors.New("the policy allows plans only")
	// ErrHash says that what was approved is another plan.
	ErrHash = errors.New("this is not the plan that was approved")
	// ErrStopped says that a run stopped because something forbids changes.
	ErrStopped = errors.New("changes are stopped")
	// ErrUnexpected says that a provider twice did not answer as it should.
	ErrUnexpected = errors.New("the provider answered twice as it should not: nothing more is changed")
)

// pause is a step that cannot go on yet.
type pause struct {
	until time.Time
	why   string
}

// Error implements error.
func (p *pause) Error() string { return p.why }

// halt is a step that needs a person.
type halt struct{ why string }

// Error implements error.
func (h *halt) Error() string { return h.why }

func blocked(format string, args ...any) error { return &halt{fmt.Sprintf(format, args...)} }

// run is one going of a Machine.
type run struct {
	*Machine

	// ended are the rotations of this run that suspended or revoked a key.
	ended map[string]bool
	// unexpected counts answers in a row that nobody could expect.
	unexpected int
	// fresh holds values that were made or opened in this run, by their names.
	fresh map[string]secret.Value
	// opened holds stores, by rotation and name.
	opened map[string]Store
	// newest is when the newest record was written before this run.
	newest time.Time
}

func (m *Machine) run() *run {
	return &run{Machine: m, ended: map[string]bool{}, fresh: map[string]secret.Value{}, opened: map[string]Store{}}
}

func (m *Machine) person() Person {
	if m.Site.Person == nil {
		return nobody{}
	}
	return m.Site.Person
}

func (m *Machine) unattended() bool { return m.Site.Person == nil }

func (m *Machine) hands(s Step) (Performer, error) {
	if p := m.Site.Hands[s.By]; p != nil {
		return p, nil
	}
	return nil, blocked("nobody here is the %s that the plan names for this step", s.By)
}

// store opens a store for a rotation, once a run.
func (x *run) store(r *rotation, name string) (Store, error) {
	if s := x.opened[r.row.ID+name]; s != nil {
		return s, nil
	}
	if x.Site.Store == nil {
		return nil, blocked("there is no store %s here", name)
	}
	s, err := x.Site.Store(name, r.row)
	if err != nil {
		return nil, blocked("%s: %s", name, reasonOf(err))
	}
	x.opened[r.row.ID+name] = s
	return s, nil
}

func (x *run) at(r *rotation, i int, where string) {
	if x.Points != nil {
		x.Points.At(fmt.Sprintf("%s %s", r.label(i), where))
	}
}

func (x *run) tell(r *rotation, i int, kind Kind, text string) {
	if x.Told == nil {
		return
	}
	e := Event{Rotation: r.row.ID, Key: r.row.Key.Called(), Step: i + 1, Steps: len(r.row.Steps), Kind: kind, Text: text}
	if i >= 0 && i < len(r.row.Steps) {
		e.Do = r.row.Steps[i].Do
	}
	x.Told(e)
}

// record makes a record safe and takes it over.
func (x *run) record(r *rotation, i int, do Action, kind Kind, facts map[string]string) error {
	rec := Record{Time: time.Now().UTC(), Rotation: r.row.ID, Step: i, Do: do, Kind: kind, Facts: facts}
	if err := x.Site.Journal.Append(rec); err != nil {
		return fmt.Errorf("write to the journal: %w", err)
	}
	r.take(rec)
	return nil
}

// sleep waits, unless the run ends before.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
