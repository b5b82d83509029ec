package remediate

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// rotation is a row that was begun, as its records tell it.
type rotation struct {
	row    Row
	plan   string
	opened time.Time
	steps  []progress
	// back says that it is being rolled back; undo are the steps of that.
	back bool
	undo map[Action]*progress
	// ended is Finished or Abandoned, or "" while it is open.
	ended Kind
	// stopped is the last Waiting or Blocked that nothing came after.
	stopped Kind
	why     string
	until   time.Time
	// passed are steps that failed in this run, and are not tried again in it.
	passed map[int]bool
}

// progress is how far one step is.
type progress struct {
	// state is "", Intent, IsDone, NotDone or NobodyKnows.
	state Kind
	at    time.Time
	// attempts counts intents that nothing made undone.
	attempts int
	// intended are the facts of the last intent, facts those of its outcome.
	intended, facts map[string]string
}

// open reports whether nobody knows what became of an intent.
func (p progress) open() bool { return p.state == Intent || p.state == NobodyKnows }

// undoStep is the number of the first step of a rollback, in records.
const undoStep = 1000

// replay makes the rotations of records, in the order in which they began. What
// the records of one rotation tell does not depend on any other.
func replay(records []Record) ([]*rotation, error) {
	var all []*rotation
	byID := map[string]*rotation{}
	for _, rec := range records {
		if rec.Kind == Opened {
			r, err := begin(rec)
			if err != nil {
				return nil, err
			}
			if byID[rec.Rotation] != nil {
				return nil, fmt.Errorf("the journal opens rotation %s twice", rec.Rotation)
			}
			byID[rec.Rotation] = r
			all = append(all, r)
			continue
		}
		r := byID[rec.Rotation]
		if r == nil || rec.Step >= len(r.steps) && rec.Step < undoStep {
			return nil, fmt.Errorf("the journal tells of a step of rotation %s that it does not have", rec.Rotation)
		}
		r.take(rec)
	}
	return all, nil
}

func begin(rec Record) (*rotation, error) {
	r := &rotation{plan: rec.Facts[factPlan], opened: rec.Time, undo: map[Action]*progress{}, passed: map[int]bool{}}
	if err := json.Unmarshal([]byte(rec.Facts[factRow]), &r.row); err != nil || r.row.ID != rec.Rotation || r.row.validate() != nil {
		return nil, fmt.Errorf("the journal does not tell what rotation %s is about", rec.Rotation)
	}
	r.steps = make([]progress, len(r.row.Steps))
	return r, nil
}

// take takes over one record.
func (r *rotation) take(rec Record) {
	r.stopped, r.why, r.until = "", "", time.Time{}
	switch rec.Kind {
	case Waiting, Blocked:
		r.stopped, r.why = rec.Kind, rec.Facts[factWhy]
		r.until, _ = time.Parse(time.RFC3339, rec.Facts[factUntil]) // it is for people
		return
	case Finished, Abandoned:
		r.ended = rec.Kind
		return
	case Opened, Intent, IsDone, NotDone, NobodyKnows, Undone:
	}
	if rec.Step < 0 {
		return
	}
	p := r.progress(rec)
	switch rec.Kind {
	case Undone:
		*p = progress{attempts: p.attempts, state: NobodyKnows}
		return
	case Intent:
		p.attempts++
		p.intended = rec.Facts
	default:
		p.facts = maps.Clone(rec.Facts)
	}
	p.state, p.at = rec.Kind, rec.Time
}

func (r *rotation) progress(rec Record) *progress {
	if rec.Step < undoStep {
		return &r.steps[rec.Step]
	}
	r.back = true
	if r.undo[rec.Do] == nil {
		r.undo[rec.Do] = &progress{}
	}
	return r.undo[rec.Do]
}

// label names a step for people and for tests.
func (r *rotation) label(i int) string {
	if i < 0 || i >= len(r.row.Steps) {
		return "rotation"
	}
	s := r.row.Steps[i]
	return strings.TrimSpace(string(s.Do) + " " + s.Store)
}

// find returns the number of the first step that does something; -1 if none.
func (r *rotation) find(do Action) int {
	return slices.IndexFunc(r.row.Steps, func(s Step) bool { return s.Do == do })
}

// done reports whether all steps that do something are done, and there is one.
func (r *rotation) done(do Action) bool {
	some := false
	for i, s := range r.row.Steps {
		if s.Do != do {
			continue
		}
		if some = true; r.steps[i].state != IsDone {
			return false
		}
	}
	return some
}

// touched reports whether a step was ever intended.
func (r *rotation) touched(do Action) bool {
	i := r.find(do)
	return i >= 0 && r.steps[i].attempts > 0
}

// maybe reports whether something was done, or may have been.
func (r *rotation) maybe(do Action) bool {
	i := r.find(do)
	return i >= 0 && (r.steps[i].state == IsDone || r.steps[i].open())
}

// dying are the actions that end the old value, in order.
func dying() []Action { return []Action{Unlock, Suspend, Revoke, Refused} }

// overdue reports whether a fast overlap has come to its deadline.
func (r *rotation) overdue(now time.Time, overlap time.Duration) bool {
	return r.row.Order == FastOverlap && now.Sub(r.opened) >= overlap && !r.contained()
}

// contained reports whether the old value was suspended or revoked, and proved
// refused.
func (r *rotation) contained() bool { return r.done(Refused) }

// next is the step that comes next; -1 if there is none. When a fast overlap is
// overdue, the old key's end comes before everything.
func (r *rotation) next(now time.Time, overlap time.Duration) int {
	if r.overdue(now, overlap) {
		for i, s := range r.row.Steps {
			if slices.Contains(dying(), s.Do) && r.steps[i].state != IsDone && i <= r.find(Refused) {
				return i
			}
		}
	}
	for i := range r.steps {
		if r.steps[i].state != IsDone && !r.passed[i] {
			return i
		}
	}
	return -1
}

// standing tells where a rotation is.
func (r *rotation) standing() Standing {
	s := Standing{Row: r.row, Plan: r.plan, State: StateOpen, Why: r.why, Until: r.until, Opened: r.opened, Next: -1}
	for i, p := range r.steps {
		if p.state == IsDone {
			s.Done++
		} else if s.Next < 0 {
			s.Next = i
		}
	}
	if i := r.find(Issue); i >= 0 {
		s.Key = r.steps[i].facts[factKey]
		if s.Key == "" {
			s.Key = r.steps[i].facts[factName]
		}
	}
	switch {
	case r.ended == Finished:
		s.State = StateDone
	case r.ended == Abandoned:
		s.State = StateAbandoned
	case r.back:
		s.State = StateRollback
	case r.stopped == Waiting:
		s.State = StateWaiting
	case r.stopped == Blocked:
		s.State = StateBlocked
	}
	return s
}

// logical names the key, whatever its value.
func (r Row) logical() string {
	if r.Order == Lend {
		return "lent/" + r.ID // each loan is a key of its own
	}
	return logicalOf(r.Key)
}

func logicalOf(t Target) string {
	name := logicalName(t.Name)
	if name == "" {
		name = t.ID
	}
	if name == "" {
		name = string(t.Fingerprint)
	}
	return strings.Join([]string{t.Provider, t.Facts.AccountID, t.Project.ID, t.Owner.ID, name}, "/")
}
