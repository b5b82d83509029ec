package ibm

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/secret"
)

// Find implements provider.Finder, with activity.
func (c *client) Find(ctx context.Context, id string) (key.Key, error) {
	bearer, err := c.bearer(ctx, c.patience)
	if err != nil {
		return key.Key{}, err
	}
	var r record
	answer, err := c.ask(ctx, bearer, question{
		method: http.MethodGet, path: []string{"v1", "apikeys", id}, query: url.Values{"include_activity": {"true"}}, patience: c.patience,
	}, &r, recordMembers()...)
	if err != nil {
		return key.Key{}, err
	}
	k, ok := told(&r, c.own)
	if !ok || k.ID != id {
		return key.Key{}, &provider.CallError{Request: c.line(http.MethodGet, id), Status: answer.Status, Kind: provider.ErrUnexpected}
	}
	return k, nil
}

func (c *client) line(method, id string, more ...string) string {
	return c.wires[serviceIAM].Line(method, append([]string{"v1", "apikeys", id}, more...)...)
}

// myself returns the operator's own key, whose owner and account are needed
// to ask for more.
func (c *client) myself(ctx context.Context) (key.Key, error) {
	c.mu.Lock()
	known := c.self
	c.mu.Unlock()
	if known.ID != "" {
		return known, nil
	}
	bearer, err := c.bearer(ctx, c.patience)
	if err != nil {
		return key.Key{}, err
	}
	known, _, err = c.record(ctx, bearer, c.own, c.patience)
	if err != nil {
		return key.Key{}, err
	}
	if c.account != "" {
		known.Account.ID = c.account
	}
	c.mu.Lock()
	c.self = known
	c.mu.Unlock()
	return known, nil
}

// Issue implements provider.Issuer. It is sent once.
func (c *client) Issue(ctx context.Context, o provider.Order) (provider.Issued, error) {
	me, err := c.myself(ctx)
	if err != nil {
		return provider.Issued{}, err
	}
	bearer, err := c.bearer(ctx, c.patience)
	if err != nil {
		return provider.Issued{}, err
	}
	order := map[string]string{
		"name": o.Name, "iam_id": cmp.Or(o.Owner, me.Owner.ID), "account_id": me.Account.ID, "action_when_leaked": cmp.Or(o.OnLeak, "disable"),
	}
	if o.Description != "" {
		order["description"] = o.Description
	}
	if !o.Expires.IsZero() {
		order["expires_at"] = o.Expires.UTC().Format("2006-01-02T15:04-0700")
	}
	if !o.Value.IsZero() {
		if err := c.wires[serviceIAM].Carries(o.Value); err != nil {
			return provider.Issued{}, err
		}
		order["apikey"] = o.Value.Reveal()
	}
	q := question{method: http.MethodPost, path: []string{"v1", "apikeys"}, body: order}
	var r record
	answer, err := c.ask(ctx, bearer, q, &r, recordMembers()...)
	if err != nil {
		return provider.Issued{}, err
	}
	made := provider.Issued{Value: secret.New([]byte(r.Value))}
	known, ok := told(&r, made.Value)
	made.Key = known
	// The value is in this answer only; that it is there says nothing of later.
	made.Key.State.Retrievable = key.Untold
	if !ok || answer.Status != http.StatusCreated || made.Value.IsZero() || !o.Value.IsZero() && !made.Value.Equal(o.Value) {
		return made, &provider.CallError{Request: c.wires[serviceIAM].Line(q.method, q.path...), Status: answer.Status, Kind: provider.ErrUnexpected}
	}
	return made, nil
}

// change sends a request that has no answer but its status.
func (c *client) change(ctx context.Context, method, id string, more ...string) error {
	bearer, err := c.bearer(ctx, c.patience)
	if err != nil {
		return err
	}
	answer, err := c.ask(ctx, bearer, question{method: method, path: append([]string{"v1", "apikeys", id}, more...)}, nil)
	if err == nil && answer.Status != http.StatusNoContent {
		return &provider.CallError{Request: c.line(method, id, more...), Status: answer.Status, Kind: provider.ErrUnexpected}
	}
	return err
}

// unless takes back an error of a change where the key is already as it should
// be: IBM does not say how it answers to that.
func (c *client) unless(ctx context.Context, err error, id string, already func(key.State) bool) error {
	e, ok := errors.AsType[*provider.CallError](err)
	if !ok || e.Status < 400 || e.Status >= 500 {
		return err
	}
	if k, failed := c.Find(ctx, id); failed == nil && already(k.State) {
		return nil
	}
	return err
}

// Suspend implements provider.Suspender.
func (c *client) Suspend(ctx context.Context, id string) error {
	err := c.change(ctx, http.MethodPost, id, "disable")
	return c.unless(ctx, err, id, func(s key.State) bool { return s.Disabled == key.Yes })
}

// Resume implements provider.Resumer.
func (c *client) Resume(ctx context.Context, id string) error {
	err := c.change(ctx, http.MethodDelete, id, "disable")
	return c.unless(ctx, err, id, func(s key.State) bool { return s.Disabled == key.No })
}

// Lock implements provider.Locker.
func (c *client) Lock(ctx context.Context, id string) error {
	err := c.change(ctx, http.MethodPost, id, "lock")
	return c.unless(ctx, err, id, func(s key.State) bool { return s.Locked == key.Yes })
}

// Unlock implements provider.Unlocker.
func (c *client) Unlock(ctx context.Context, id string) error {
	err := c.change(ctx, http.MethodDelete, id, "lock")
	return c.unless(ctx, err, id, func(s key.State) bool { return s.Locked == key.No })
}

// Revoke implements provider.Revoker.
func (c *client) Revoke(ctx context.Context, id string) error {
	return c.change(ctx, http.MethodDelete, id)
}
