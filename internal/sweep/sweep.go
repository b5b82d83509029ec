// Package sweep audits a whole organisation: it lists its repositories, has each
// one read that changed, asks about the keys that were found, judges, plans, and
// reports. The work is jobs of River, in the same database as package records, so
// that any number of workers share it, and the work of one that is killed is taken
// over.
//
// Nothing is lost and nothing is told twice: what a job found out, its end and the
// jobs that follow are written in one transaction, and a run has one coverage of a
// repository. A repository is read by one worker at a time, which holds it and
// loses it when it is not heard of; who lost it cannot write.
//
// The arguments of jobs are numbers and names, never secrets. What reads
// repositories is no part of this package: see Reader.
package sweep

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/qleaks/qleaks/internal/records"
)

// Request is what is swept, and what is done about what is found.
type Request struct {
	// Target is a directory of repositories, or what else the Source knows.
	Target string `json:"target"`
	// Again reads everything, changed or not.
	Again bool `json:"again,omitempty"`
	// Steps are what is done after reading: names of the worker's Steps.
	Steps []string `json:"steps,omitempty"`
}

// Listed is a repository of a target.
type Listed struct {
	// Name tells it from all others, in all targets.
	Name string
	// Location is where Fetch finds it.
	Location string
	// URL is what a person opens, "" if there is nothing.
	URL string
	// About is what else is told of it, as an object, without secrets.
	About  json.RawMessage
	Pushed time.Time
	// State changes when the repository does; "" if that is not known, and then it
	// is read, unless Look tells.
	State string
	// Look: the source tells the state of one repository at a time, as a Looker.
	Look bool
	// Origin is a wider target that the repository belongs to, "" for the one that
	// is listed.
	Origin string
}

// Copy is a repository on this machine.
type Copy struct {
	Dir string
	// Own: this program fetched it, and checked the id of each object.
	Own bool
	// Done is called when it is read; nil if there is nothing to do.
	Done func()
}

// Source knows where repositories are. Its errors say with ErrGone that there is
// none any more, and with a BusyError when to come back.
type Source interface {
	// List lists the repositories of a target, all of them or with an error.
	List(ctx context.Context, target string) ([]Listed, error)
	// Fetch brings a repository here, or up to date.
	Fetch(ctx context.Context, r records.Repository) (Copy, error)
}

// Looker is a Source that tells cheaply what state one repository has. Nothing says
// that there is nothing in it to be read.
type Looker interface {
	Look(ctx context.Context, r records.Repository) (state string, err error)
}

// Nothing is the state of a repository in which there is nothing, such as a wiki
// without a page.
const Nothing = "nothing"

// Reading is what reading a repository came to.
type Reading struct {
	Complete  bool
	Extent    records.Extent
	Sightings []records.Sighting
}

// Reader reads a repository. A repository is hostile: whoever holds a credential
// has another process read it, and believes no more of it than ReadReport takes.
type Reader interface {
	Read(ctx context.Context, c Copy) (Reading, error)
}

// Step does something when the repositories of a run are read: it asks providers,
// lists keys, judges, plans. It may be called again after it was interrupted. What
// it returns is kept as an action, with ErrPartly, too: an object without key
// material.
type Step func(ctx context.Context, run records.Run) (json.RawMessage, error)

// ErrGone says that a repository, or a target, is not there any more.
var ErrGone = errors.New("it is not there any more")

// ErrPartly says that a Step did what it could, and that trying again soon would
// come to the same.
var ErrPartly = errors.New("it was done in part")

// ErrUnreadable says that trying again soon would come to the same.
var ErrUnreadable = errors.New("it cannot be read")

// BusyError says that a server wants to be left alone for a while.
type BusyError struct{ After time.Duration }

// Error implements error.
func (e *BusyError) Error() string { return fmt.Sprintf("the server asks to come back in %v", e.After) }

// Options are what a worker works with.
type Options struct {
	Store  *records.Store
	Source Source
	Reader Reader
	// Steps are what requests may name, in the order in which they are done.
	Steps []NamedStep
	// Conditions name what else a reading depends on: the program, its rules. When
	// they change, everything is read again.
	Conditions string
	// Version is told of the worker.
	Version string
	// Workers is how many repositories are read at once; 0 works on nothing else
	// than what was read.
	Workers int
	// Patience is how long a worker may be silent before its work is taken over; 0
	// means half a minute.
	Patience time.Duration
	// Retention says how long records are kept; the zero one keeps them.
	Retention records.Retention
	// Aside is done now and then, whether a sweep goes on or not; nil for nothing.
	Aside func(ctx context.Context)
	// Log gets numbers and words of ours; nil for none.
	Log *slog.Logger
}

// NotifyStep is the step that is also done when the repositories of a run could not
// be listed, if the request names it: of a sweep that fails, people hear.
const NotifyStep = "notify"

// NamedStep is a Step with its name.
type NamedStep struct {
	Name string
	Do   Step
}

// DefaultPatience is how long a worker may be silent, if its Options say nothing.
const DefaultPatience = 30 * time.Second

func (o Options) patience() time.Duration {
	if o.Patience > 0 {
		return o.Patience
	}
	return DefaultPatience
}

func (o Options) log() *slog.Logger {
	if o.Log != nil {
		return o.Log
	}
	return slog.New(slog.DiscardHandler)
}

// step returns a step, and the name of the one that a request wants after it.
func (o Options) step(name string) (Step, bool) {
	i := slices.IndexFunc(o.Steps, func(s NamedStep) bool { return s.Name == name })
	if i < 0 {
		return nil, false
	}
	return o.Steps[i].Do, true
}

// after returns the step that comes after one in a request; "" if none does. Before
// the first one is "".
func (r Request) after(name string) string {
	if name == "" {
		if len(r.Steps) > 0 {
			return r.Steps[0]
		}
		return ""
	}
	i := slices.Index(r.Steps, name)
	if i < 0 || i+1 >= len(r.Steps) {
		return ""
	}
	return r.Steps[i+1]
}
