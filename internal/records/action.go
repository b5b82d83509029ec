package records

import (
	"context"
	"encoding/json"
	"time"
)

// Action is something that was done, or is to be approved: a plan, a rotation, a
// notification, a sign-in.
type Action struct {
	Seq  int64  `json:"seq"`
	Kind string `json:"kind"`
	// Subject is what it is about: a plan's digest, a key's fingerprint.
	Subject string    `json:"subject"`
	State   string    `json:"state"`
	Who     string    `json:"who"`
	At      time.Time `json:"at"`
	Run     int64     `json:"run,omitempty"`
	// Detail is JSON without key material.
	Detail json.RawMessage `json:"detail,omitempty"`
}

const actionColumns = "seq, kind, subject, state, who, at, run, detail"

func scanAction(scan func(to ...any) error, a *Action) error {
	var at int64
	var detail string
	err := scan(&a.Seq, &a.Kind, &a.Subject, &a.State, &a.Who, &at, &a.Run, &detail)
	a.At, a.Detail = moment(at), json.RawMessage(detail)
	return err
}

// Act notes an action. The list of them only grows: a new state is a new row.
func (tx *Tx) Act(ctx context.Context, a Action) (int64, error) {
	seq, err := number(ctx, tx, "INSERT INTO actions (kind, subject, state, who, at, run, detail) VALUES ($1, $2, $3, $4, "+tx.words().now+", $5, $6) RETURNING seq",
		a.Kind, a.Subject, a.State, a.Who, a.Run, object(a.Detail))
	return seq, doing("note an action", err)
}

// ActionFilter chooses actions. A zero field chooses all.
type ActionFilter struct{ Kind, Subject string }

// Actions returns a page of actions.
func (s *Store) Actions(ctx context.Context, f ActionFilter, p Page) ([]Action, error) {
	w := &where{}
	if f.Kind != "" {
		w.and("kind = ?", f.Kind)
	}
	if f.Subject != "" {
		w.and("subject = ?", f.Subject)
	}
	rest, args := w.page("seq", p)
	actions, err := list(ctx, s.engine, "SELECT "+actionColumns+" FROM actions"+rest, scanAction, args...)
	return actions, doing("list actions", err)
}
