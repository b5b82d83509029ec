package console

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Await opens the console and waits until somebody has signed in and the list of
// keys is seen.
func (d *Driver) Await(ctx context.Context, patience time.Duration) error {
	step := "wait for somebody to sign in"
	if err := d.Browser.open(ctx, d.Map.Origin+d.Map.Page); err != nil {
		return d.stop(ctx, step, err, false)
	}
	deadline := time.Now().Add(patience)
	for {
		page, err := d.Browser.look(ctx)
		if err != nil {
			return d.stop(ctx, step, err, false)
		}
		at, err := d.Browser.address(ctx)
		if err == nil && at.Scheme+"://"+at.Host == d.Map.Origin {
			if d.shows(page) {
				return nil
			}
			// Signing in often ends on the first page of the console.
			if !d.signedOut(ctx, page) && !strings.HasPrefix(at.Path, d.Map.Page) && len(page.children) > 0 && !strings.Contains(at.Path, "login") {
				if err := d.Browser.open(ctx, d.Map.Origin+d.Map.Page); err != nil {
					return d.stop(ctx, step, err, false)
				}
			}
		}
		if time.Now().After(deadline) {
			return &StopError{Step: step, Why: ErrSignedOut}
		}
		if err := sleep(ctx, 5*glance); err != nil {
			return &StopError{Step: step, Why: err}
		}
	}
}

// shows reports whether a page is the list of keys, with or without keys.
func (d *Driver) shows(page *node) bool {
	if l, ok := listed(page); ok && l.nameColumn() >= 0 {
		return true
	}
	return d.empty(page)
}

// empty reports whether a page says that there are no keys.
func (d *Driver) empty(page *node) bool {
	return len(page.all(func(n *node) bool { return n.role == "StaticText" && is(strings.TrimRight(n.name, "."), d.Map.Empty) })) > 0
}

// Check presses nothing. It says what it finds of what the map expects: the list
// and its columns, the control that begins each action.
func (d *Driver) Check(ctx context.Context) ([]string, error) {
	l, err := d.first(ctx)
	if err != nil {
		return nil, err
	}
	found := []string{"signed in: the list of keys is seen"}
	if len(l.lines) == 0 {
		found = append(found, "the list is empty, so that its rows could not be looked at")
	} else {
		found = append(found, fmt.Sprintf("columns: %s; %d rows on this page", strings.Join(l.table().Header, ", "), len(l.lines)))
	}
	page, err := d.Browser.look(ctx)
	if err != nil {
		return nil, d.stop(ctx, "look at the controls", err, false)
	}
	for _, action := range []struct {
		name  string
		steps []Step
	}{{"make a key", d.Map.Create}, {"revoke a key", d.Map.Revoke}} {
		switch {
		case len(action.steps) == 0:
			found = append(found, action.name+": the map has no steps for it")
		case action.steps[0].Row && len(l.lines) == 0:
			found = append(found, action.name+": not looked for, there is no row")
		default:
			where, step := page, action.steps[0]
			if step.Row {
				where = l.lines[0].row
			}
			if n := len(where.controls(step)); n != 1 {
				return found, d.stop(ctx, action.name, fmt.Errorf("%d controls are called %s: %w", n, strings.Join(step.Text, " or "), errMap), false)
			}
			found = append(found, action.name+": it begins with "+step.called())
		}
	}
	return found, nil
}

var errMap = errors.New("the map does not fit the page")
