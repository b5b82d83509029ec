package console

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/secret"
)

// Errors on which callers decide.
var (
	// ErrSignedOut: nobody is signed in, or not any more.
	ErrSignedOut = errors.New("nobody is signed in to the console")
	// ErrNoKey: the list has no such key.
	ErrNoKey = errors.New("the console does not list this key")
	// ErrSeveral: several keys look like the one that is meant.
	ErrSeveral = errors.New("the console lists several keys that look like this one")
	// ErrCannot: the map has no steps for this.
	ErrCannot = errors.New("the map of the console has no steps for this")
)

// StopError says where the driver stopped. Nothing was changed before a step
// that sends.
type StopError struct {
	// Step is what was to be done, for people.
	Step string
	// Why is what was in the way.
	Why error
	// Sent says that a change was sent to the provider, and that nobody knows
	// what became of it.
	Sent bool
	// Picture is a PNG without keys; nil where none could be taken.
	Picture []byte
}

// Error implements error.
func (e *StopError) Error() string {
	if e.Sent {
		return fmt.Sprintf("%s: %v; it was sent, and may have been done", e.Step, e.Why)
	}
	return fmt.Sprintf("%s: %v", e.Step, e.Why)
}

// Unwrap returns the reason.
func (e *StopError) Unwrap() error { return e.Why }

// Driver works a console. It is for one caller at a time.
type Driver struct {
	Map     Map
	Browser *Browser
	// Patience is how long is waited for a control to appear; zero is 20 seconds.
	Patience time.Duration
	// Tell is told what is done, in words without keys; nil is nobody.
	Tell func(step string)
}

// Order is a key to be made.
type Order struct{ Name, Project string }

// mostPages is more than any list of keys has.
const mostPages = 500

// glance is how often is looked.
const glance = 120 * time.Millisecond

func (d *Driver) tell(format string, args ...any) {
	if d.Tell != nil {
		d.Tell(fmt.Sprintf(format, args...))
	}
}

// stop makes a StopError with a picture.
func (d *Driver) stop(ctx context.Context, step string, why error, sent bool) error {
	if ctx.Err() != nil {
		return &StopError{Step: step, Why: context.Cause(ctx), Sent: sent}
	}
	picture, err := d.Browser.Picture(ctx)
	if err != nil {
		picture = nil // there is a reason to stop already
	}
	return &StopError{Step: step, Why: why, Sent: sent, Picture: picture}
}

// settle waits until the page shows what want looks for, twice in the same way.
func (d *Driver) settle(ctx context.Context, want func(page *node) (string, error)) error {
	patience := d.Patience
	if patience == 0 {
		patience = 20 * time.Second
	}
	deadline := time.Now().Add(patience)
	last, closed := "", 0
	for {
		page, err := d.Browser.look(ctx)
		if err != nil {
			return err
		}
		var seen string
		if seen, err = want(page); err == nil && seen == last && seen != "" {
			return nil
		}
		last = seen
		if err != nil && closed < 3 && d.closeNotice(ctx, page) {
			closed++
		}
		if err != nil && d.signedOut(ctx, page) {
			return ErrSignedOut
		}
		if time.Now().After(deadline) {
			if err == nil {
				err = errors.New("the page does not come to rest")
			}
			return err
		}
		if err := sleep(ctx, glance); err != nil {
			return err
		}
	}
}

// closeNotice closes what lies over the page and has nothing to do with keys.
func (d *Driver) closeNotice(ctx context.Context, page *node) bool {
	front := page.front()
	if front == page {
		return false
	}
	buttons := front.all(func(n *node) bool { return n.has("button") && is(n.name, d.Map.Notices) })
	if len(buttons) != 1 || len(front.all(func(n *node) bool { return n.has("textbox", "combobox") })) > 0 {
		return false
	}
	d.tell("close a notice")
	return d.Browser.press(ctx, buttons[0]) == nil
}

// signedOut reports whether the page asks somebody to sign in, or is another
// site.
func (d *Driver) signedOut(ctx context.Context, page *node) bool {
	at, err := d.Browser.address(ctx)
	if err != nil {
		return false
	}
	if at.Scheme+"://"+at.Host != d.Map.Origin {
		return true
	}
	if strings.HasPrefix(at.Path, d.Map.Page) {
		return false
	}
	return len(page.all(func(n *node) bool { return n.has("button", "link") && is(n.name, d.Map.SignedOut) })) > 0
}

// SignedIn reports whether the keys can be seen.
func (d *Driver) SignedIn(ctx context.Context) error {
	_, err := d.first(ctx)
	return err
}

// first opens the list of keys.
func (d *Driver) first(ctx context.Context) (list, error) {
	step := "open the list of keys"
	d.tell("%s", step)
	if err := d.Browser.open(ctx, d.Map.Origin+d.Map.Page); err != nil {
		return list{}, d.stop(ctx, step, err, false)
	}
	return d.read(ctx, step, "")
}

// read reads one page of the list. It waits for another one than before.
func (d *Driver) read(ctx context.Context, step, before string) (list, error) {
	var l list
	err := d.settle(ctx, func(page *node) (string, error) {
		var ok bool
		if page.front() != page {
			return "", errors.New("something lies over the list of keys")
		}
		if l, ok = listed(page); ok && len(l.lines) > 0 {
			if l.nameColumn() < 0 {
				return "", errors.New("no column of the list says that it holds names")
			}
			seen := l.table().Text()
			if seen == before {
				return "", errors.New("the next page does not appear")
			}
			return seen, nil
		}
		if d.empty(page) {
			l = list{}
			return "empty", nil
		}
		return "", errors.New("there is no list of keys on the page")
	})
	if err != nil {
		return list{}, d.stop(ctx, step, err, false)
	}
	return l, nil
}

// List reads the whole list, page by page.
func (d *Driver) List(ctx context.Context) (Table, error) {
	var whole Table
	err := d.pages(ctx, func(l list) (bool, error) {
		t := l.table()
		if len(whole.Header) > 0 && !slices.Equal(whole.Header, t.Header) {
			return false, errors.New("the columns of the list change from page to page")
		}
		whole.Header = t.Header
		whole.Rows = append(whole.Rows, t.Rows...)
		return true, nil
	})
	whole.Empty = err == nil && len(whole.Rows) == 0
	return whole, err
}

// pages visits the pages of the list until visit says no.
func (d *Driver) pages(ctx context.Context, visit func(list) (bool, error)) error {
	l, err := d.first(ctx)
	for n := 1; err == nil; n++ {
		more, wrong := visit(l)
		switch {
		case wrong != nil:
			return d.stop(ctx, "read the list of keys", wrong, false)
		case !more:
			return nil
		case n > mostPages:
			return d.stop(ctx, "read the list of keys", errors.New("the list does not end"), false)
		}
		var next *node
		page, looked := d.Browser.look(ctx)
		if looked != nil {
			return d.stop(ctx, "read the list of keys", looked, false)
		}
		for _, c := range page.all(func(n *node) bool { return n.has("button", "link") && is(n.name, d.Map.Next) }) {
			if !c.disabled {
				next = c
			}
		}
		if next == nil {
			return nil
		}
		d.tell("next page of the list")
		if err = d.Browser.press(ctx, next); err != nil {
			return d.stop(ctx, "next page of the list", err, false)
		}
		l, err = d.read(ctx, "next page of the list", l.table().Text())
	}
	return err
}

// Create makes a key and takes its value from the page. After a *StopError that
// was sent the key may exist, and its value is lost: it is found by its name.
func (d *Driver) Create(ctx context.Context, o Order) (secret.Value, error) {
	if len(d.Map.Create) == 0 {
		return secret.Value{}, ErrCannot
	}
	if _, err := d.first(ctx); err != nil {
		return secret.Value{}, err
	}
	return d.follow(ctx, d.Map.Create, o, nil)
}

// Revoke ends a key for good. That its row is gone afterwards is made sure of;
// that it is dead only the provider's API can prove.
func (d *Driver) Revoke(ctx context.Context, t Target) error {
	if len(d.Map.Revoke) == 0 {
		return ErrCannot
	}
	if err := d.reach(ctx, t); err != nil {
		return err
	}
	if _, err := d.follow(ctx, d.Map.Revoke, Order{Name: t.Name}, &t); err != nil {
		return err
	}
	if err := sleep(ctx, glance); err != nil {
		return &StopError{Step: "revoke", Why: err, Sent: true}
	}
	err := d.reach(ctx, t)
	switch {
	case errors.Is(err, ErrNoKey):
		return nil
	case err == nil || errors.Is(err, ErrSeveral):
		return d.stop(ctx, "revoke "+t.Name, errors.New("the console still lists the key"), true)
	}
	return &StopError{Step: "look whether the key is gone", Why: err, Sent: true}
}

// reach goes to the page of the list with the key, which must be the only one
// that looks so, on all pages.
func (d *Driver) reach(ctx context.Context, t Target) error {
	found, at, n := 0, 0, 0
	err := d.pages(ctx, func(l list) (bool, error) {
		n++
		for _, one := range l.lines {
			if l.matches(one, t) {
				found++
				at = n
			}
		}
		return true, nil
	})
	switch {
	case err != nil:
		return err
	case found == 0:
		return ErrNoKey
	case found > 1:
		return ErrSeveral
	}
	if n == 1 {
		return nil // it is the page that is open
	}
	n = 0
	return d.pages(ctx, func(list) (bool, error) { n++; return n < at, nil })
}
