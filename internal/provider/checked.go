package provider

import (
	"context"
	"errors"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/secret"
)

// Errors of control questions.
var (
	ErrAcceptsAnything = errors.New("a made-up value was not refused as a dead key is")
	ErrRefusesOwn      = errors.New("the operator's own credential was not accepted")
)

// controlHolds is for how long the answers to control questions are believed.
const controlHolds = time.Minute

// Checked asks a Client, and believes a yes or a no only if the provider
// answered the control questions as it must within the same minute. That
// catches outages in which everything is refused, portals that accept
// everything, and interfaces that have changed.
type Checked struct {
	client Client
	turn   chan struct{} // holds one token: who has it may ask

	at      time.Time
	control key.Control
	err     error
}

// Check makes a Checked of a Client.
func Check(c Client) *Checked {
	checked := &Checked{client: c, turn: make(chan struct{}, 1)}
	checked.turn <- struct{}{}
	return checked
}

// Verify is that of Client.
func (c *Checked) Verify(ctx context.Context, v secret.Value) (key.Verdict, error) {
	verdict, err := c.client.Verify(ctx, v)
	if err != nil || verdict.Status == key.Unknown {
		return verdict, err
	}
	control, err := c.ask(ctx)
	verdict.Evidence.Control = control
	if err == nil {
		return verdict, nil
	}
	if ended := Ended(ctx); ended != nil {
		return key.Doubt("there was no time for the control questions", verdict.Evidence), ended
	}
	doubt := key.Doubt("the control questions were not answered", verdict.Evidence)
	doubt.Reason, doubt.RetryAfter = Unsettled(err)
	return doubt, nil
}

// Control implements Controller. The answers are remembered for a minute, so
// that asking before the first key costs nothing.
func (c *Checked) Control(ctx context.Context) (key.Control, error) { return c.ask(ctx) }

// Unsettled says why no verdict is to be believed, in a clause for people, and
// how long the provider asked to be left alone.
func Unsettled(err error) (reason string, wait time.Duration) {
	if e, ok := errors.AsType[*controlError](err); ok && e.came.Status == key.Unknown {
		return "the control questions were not answered: " + e.came.Reason, e.came.RetryAfter
	}
	for _, kind := range []error{ErrAcceptsAnything, ErrRefusesOwn, ErrNoCredential, ErrPlain} {
		if errors.Is(err, kind) {
			return kind.Error(), 0
		}
	}
	return "the control questions were not answered", 0
}

// controlError is a control question that did not come out as it must.
type controlError struct {
	kind error
	came key.Verdict
}

// Error implements error.
func (e *controlError) Error() string { return e.kind.Error() }

// Unwrap gives the kind to errors.Is.
func (e *controlError) Unwrap() error { return e.kind }

// NotRefused is the error of a control question about a made-up value that was
// not refused.
func NotRefused(came key.Verdict) error { return &controlError{ErrAcceptsAnything, came} }

// ask asks the control questions unless that was done a moment ago.
func (c *Checked) ask(ctx context.Context) (key.Control, error) {
	controller, ok := c.client.(Controller)
	if !ok {
		return "", errors.New("the client has no control questions")
	}
	select {
	case <-c.turn:
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
	defer func() { c.turn <- struct{}{} }()
	if !c.at.IsZero() && time.Since(c.at) < controlHolds {
		return c.control, c.err
	}
	control, err := controller.Control(ctx)
	if Ended(ctx) == nil {
		c.at, c.control, c.err = time.Now(), control, err
	}
	return control, err
}

// Controlled asks the two control questions for clients: made-up must be
// refused in the exact way of a dead key, and own, where it is set, accepted.
func Controlled(ctx context.Context, c Client, madeUp, own secret.Value) (key.Control, error) {
	verdict, err := c.Verify(ctx, madeUp)
	if err != nil {
		return "", err
	}
	if verdict.Status != key.Inactive {
		return "", NotRefused(verdict)
	}
	return Accepts(ctx, c, own)
}

// Accepts asks the second control question alone, for clients that have asked
// the first one in their own way.
func Accepts(ctx context.Context, c Client, own secret.Value) (key.Control, error) {
	if own.IsZero() {
		return key.MadeUpRefused, nil
	}
	verdict, err := c.Verify(ctx, own)
	if err != nil {
		return key.MadeUpRefused, err
	}
	if verdict.Status != key.Active {
		return key.MadeUpRefused, &controlError{ErrRefusesOwn, verdict}
	}
	return key.BothControls, nil
}
