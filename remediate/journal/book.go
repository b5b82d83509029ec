package journal

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Step is one step of a rotation.
type Step struct {
	Name string
	// Intent is the sequence number of the record that intended it last, Attempts
	// how often it was intended.
	Intent   uint64
	Attempts int
	// State is Intent while nobody said what became of it, then Done, Failed or
	// Unknown.
	State  Kind
	Target Target
	Answer Answer
	// Intended and Result are the facts of the intent and of what became of it.
	Intended, Result json.RawMessage
}

// Settled reports whether it is known what became of the step.
func (s Step) Settled() bool { return s.State == Done || s.State == Failed }

// Rotation is what a journal tells of one rotation.
type Rotation struct {
	ID      ID
	Subject Subject
	// Begun and Ended are the sequence numbers of those records; Ended is 0 while
	// the rotation is open, and Result is how it ended.
	Begun, Ended uint64
	Result       string
	// Steps are in the order in which they were first intended.
	Steps []Step
	// Values are its sealed values; Released and Erased say which of them, by
	// number, are needed no more, and are gone.
	Values           []SealedFile
	Released, Erased map[int]bool
	// Notes are the facts of its Noted records, in order.
	Notes []json.RawMessage
}

// Open reports whether the rotation has not ended.
func (r Rotation) Open() bool { return r.Ended == 0 }

// Step returns a step by its name.
func (r Rotation) Step(name string) (Step, bool) {
	i := slices.IndexFunc(r.Steps, func(s Step) bool { return s.Name == name })
	if i < 0 {
		return Step{}, false
	}
	return r.Steps[i], true
}

// Unsettled returns the steps of which nobody knows what became of them. They
// are to be found out, never repeated blindly.
func (r Rotation) Unsettled() []Step {
	var all []Step
	for _, s := range r.Steps {
		if !s.Settled() {
			all = append(all, s)
		}
	}
	return all
}

// Unreleased returns the values that are still needed.
func (r Rotation) Unreleased() []SealedFile {
	var all []SealedFile
	for _, v := range r.Values {
		if !r.Released[v.Number] {
			all = append(all, v)
		}
	}
	return all
}

func (r Rotation) clone() Rotation {
	c := r
	c.Steps, c.Values, c.Notes = slices.Clone(r.Steps), slices.Clone(r.Values), slices.Clone(r.Notes)
	c.Released, c.Erased = map[int]bool{}, map[int]bool{}
	for n := range r.Released {
		c.Released[n] = true
	}
	for n := range r.Erased {
		c.Erased[n] = true
	}
	return c
}

// book is what the records of a journal come to. It takes the same records when
// they are written and when they are read again.
type book struct {
	started bool
	all     []*Rotation
	byID    map[ID]*Rotation
	// open has the open rotation of each logical key.
	open map[string]*Rotation
	// intents has the rotation of each intent that is not settled.
	intents map[uint64]*Rotation
}

func newBook() *book {
	return &book{byID: map[ID]*Rotation{}, open: map[string]*Rotation{}, intents: map[uint64]*Rotation{}}
}

// rotation returns the rotation that a record goes on with. Of one that has
// ended only values that were kept for a while are erased.
func (b *book) rotation(id ID, kind Kind) (*Rotation, error) {
	switch r := b.byID[id]; {
	case r == nil:
		return nil, fmt.Errorf("%w: there is no such rotation", ErrOrder)
	case !r.Open() && kind != Erased:
		return nil, fmt.Errorf("%w: the rotation has ended", ErrOrder)
	default:
		return r, nil
	}
}

// take takes a record, or says why it cannot follow. A record that it refuses
// changes nothing.
func (b *book) take(r Record) error {
	if b.started == (r.Kind == Started) {
		return fmt.Errorf("%w: a journal starts once", ErrOrder)
	}
	switch {
	case r.Kind == Started:
		b.started = true
		return nil
	case r.Kind == Begun:
		return b.begin(r)
	case r.Kind == Noted && r.Rotation == "":
		return nil
	}
	rotation, err := b.rotation(r.Rotation, r.Kind)
	if err != nil {
		return err
	}
	switch r.Kind {
	case Intent:
		return b.intend(rotation, r)
	case Done, Failed, Unknown:
		return b.settle(rotation, r)
	case Sealed, Released, Erased:
		return rotation.seal(r)
	case Ended:
		return b.end(rotation, r)
	case Noted:
		rotation.Notes = append(rotation.Notes, r.Facts)
		return nil
	case Started, Begun:
	}
	return fmt.Errorf("%w: %s", ErrOrder, r.Kind)
}

func (b *book) begin(r Record) error {
	switch {
	case r.Subject == nil || r.Subject.Logical == "":
		return fmt.Errorf("%w: it does not say which key it is about", ErrOrder)
	case !r.Rotation.valid() || b.byID[r.Rotation] != nil:
		return fmt.Errorf("%w: the name of the rotation is taken, or none", ErrOrder)
	case b.open[r.Subject.Logical] != nil:
		return fmt.Errorf("%w: rotation %s of %q", ErrOpen, b.open[r.Subject.Logical].ID, r.Subject.Logical)
	}
	made := &Rotation{ID: r.Rotation, Subject: *r.Subject, Begun: r.Sequence, Released: map[int]bool{}, Erased: map[int]bool{}}
	b.all = append(b.all, made)
	b.byID[r.Rotation], b.open[r.Subject.Logical] = made, made
	return nil
}

func (b *book) intend(rotation *Rotation, r Record) error {
	if r.Step == "" || len(r.Step) > 128 || strings.TrimSpace(r.Step) != r.Step {
		return fmt.Errorf("%w: a step has a name of at most 128 bytes", ErrOrder)
	}
	i := slices.IndexFunc(rotation.Steps, func(s Step) bool { return s.Name == r.Step })
	if i < 0 {
		i = len(rotation.Steps)
		rotation.Steps = append(rotation.Steps, Step{Name: r.Step})
	} else if step := rotation.Steps[i]; step.State == Done {
		return fmt.Errorf("%w: %q", ErrDone, r.Step)
	} else if !step.Settled() {
		return fmt.Errorf("%w: %q", ErrUnsettled, r.Step)
	}
	rotation.Steps[i] = Step{
		Name: r.Step, Intent: r.Sequence, Attempts: rotation.Steps[i].Attempts + 1, State: Intent,
		Target: r.Target, Intended: r.Facts,
	}
	b.intents[r.Sequence] = rotation
	return nil
}

// step returns the step that a record answers.
func (b *book) step(r Record) (Step, bool) {
	rotation := b.byID[r.Rotation]
	if rotation == nil || r.Kind == Intent {
		return Step{}, false
	}
	return rotation.Step(r.Step)
}

func (b *book) settle(rotation *Rotation, r Record) error {
	i := slices.IndexFunc(rotation.Steps, func(s Step) bool { return s.Name == r.Step })
	if i < 0 || rotation.Steps[i].Intent != r.Answer.Intent || b.intents[r.Answer.Intent] != rotation {
		return fmt.Errorf("%w: it answers no open intent", ErrOrder)
	}
	step := &rotation.Steps[i]
	step.State, step.Answer, step.Result = r.Kind, r.Answer, r.Facts
	if step.Settled() {
		delete(b.intents, step.Intent)
	}
	return nil
}

func (r *Rotation) seal(record Record) error {
	s := record.Sealed
	if s == nil || s.Number < 1 || s.Rotation != r.ID {
		return fmt.Errorf("%w: it does not say which value", ErrOrder)
	}
	known := slices.ContainsFunc(r.Values, func(v SealedFile) bool { return v.Number == s.Number && v.Digest == s.Digest })
	switch {
	case record.Kind == Sealed && slices.ContainsFunc(r.Values, func(v SealedFile) bool { return v.Number == s.Number }):
		return fmt.Errorf("%w: the number of the value is taken", ErrOrder)
	case record.Kind == Sealed:
		r.Values = append(r.Values, *s)
	case !known:
		return fmt.Errorf("%w: there is no such value", ErrOrder)
	case record.Kind == Released:
		i := slices.IndexFunc(r.Values, func(v SealedFile) bool { return v.Number == s.Number })
		r.Values[i].Until = s.Until
		r.Released[s.Number] = true
	case !r.Released[s.Number]:
		return fmt.Errorf("%w: the value is still needed", ErrOrder)
	default:
		r.Erased[s.Number] = true
	}
	return nil
}

func (b *book) end(rotation *Rotation, r Record) error {
	if open := rotation.Unsettled(); len(open) > 0 {
		return fmt.Errorf("%w: %q", ErrUnsettled, open[0].Name)
	}
	if kept := rotation.Unreleased(); len(kept) > 0 {
		return fmt.Errorf("%w: value %d of the rotation is not released", ErrOrder, kept[0].Number)
	}
	rotation.Ended, rotation.Result = r.Sequence, r.Answer.Reason
	delete(b.open, rotation.Subject.Logical)
	return nil
}

// due returns the released values whose time is over and that are not gone.
func (b *book) due(now time.Time) []SealedFile {
	var all []SealedFile
	for _, r := range b.all {
		for _, v := range r.Values {
			if r.Released[v.Number] && !r.Erased[v.Number] && !now.Before(v.Until) {
				all = append(all, v)
			}
		}
	}
	return all
}
