package ibm

import (
	"context"
	"errors"
	"net/http"

	"github.com/IBM/go-sdk-core/v5/core"
	"github.com/IBM/platform-services-go-sdk/iamidentityv1"

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
	line := c.line(http.MethodGet, id)
	r, answer, err := ask(ctx, line, func(ctx context.Context) (*iamidentityv1.APIKey, *core.DetailedResponse, error) {
		return c.iam.patient.GetAPIKeyWithContext(ctx, &iamidentityv1.GetAPIKeyOptions{
			ID: new(id), IncludeActivity: new(true), Headers: headers(bearer),
		})
	})
	if err != nil {
		return key.Key{}, err
	}
	k, ok := told(r, c.own)
	if _, err := provider.Object(answer); err != nil || !ok || k.ID != id {
		return key.Key{}, &provider.CallError{Request: line, Status: answer.Status, Kind: provider.ErrUnexpected}
	}
	return k, nil
}

func (c *client) line(method, id string, more ...string) string {
	return c.wires[serviceIAM].Line(method, append([]string{"v1", "apikeys", id}, more...)...)
}

// identity returns the operator's own key, whose owner and account are needed
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
	known, _, err = c.record(ctx, c.iam.patient, bearer, c.own)
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
	options := &iamidentityv1.CreateAPIKeyOptions{Name: &o.Name, IamID: &o.Owner, AccountID: &me.Account.ID, ActionWhenLeaked: &o.OnLeak, Headers: headers(bearer)}
	if o.Owner == "" {
		options.IamID = &me.Owner.ID
	}
	if o.OnLeak == "" {
		options.ActionWhenLeaked = new("disable")
	}
	if o.Description != "" {
		options.Description = &o.Description
	}
	if !o.Expires.IsZero() {
		options.ExpiresAt = new(o.Expires.UTC().Format("2006-01-02T15:04-0700"))
	}
	if !o.Value.IsZero() {
		if err := c.wires[serviceIAM].Carries(o.Value); err != nil {
			return provider.Issued{}, err
		}
		options.Apikey = new(o.Value.Reveal())
	}
	line := c.wires[serviceIAM].Line(http.MethodPost, "v1", "apikeys")
	r, answer, err := ask(ctx, line, func(ctx context.Context) (*iamidentityv1.APIKey, *core.DetailedResponse, error) {
		return c.iam.quick.CreateAPIKeyWithContext(ctx, options)
	})
	if err != nil {
		return provider.Issued{}, err
	}
	made := provider.Issued{}
	if r != nil {
		made.Value = secret.New([]byte(text(r.Apikey)))
	}
	known, ok := told(r, made.Value)
	made.Key = known
	// The value is in this answer only; that it is there says nothing of later.
	made.Key.State.Retrievable = key.Untold
	if !ok || answer.Status != http.StatusCreated || made.Value.IsZero() || !o.Value.IsZero() && !made.Value.Equal(o.Value) {
		return made, &provider.CallError{Request: line, Status: answer.Status, Kind: provider.ErrUnexpected}
	}
	return made, nil
}

// change sends a request that has no answer but its status.
func (c *client) change(ctx context.Context, line string, call func(ctx context.Context, headers map[string]string) (*core.DetailedResponse, error)) error {
	bearer, err := c.bearer(ctx, c.patience)
	if err != nil {
		return err
	}
	_, answer, err := ask(ctx, line, func(ctx context.Context) (struct{}, *core.DetailedResponse, error) {
		detailed, err := call(ctx, headers(bearer))
		return struct{}{}, detailed, err
	})
	if err == nil && answer.Status != http.StatusNoContent {
		return &provider.CallError{Request: line, Status: answer.Status, Kind: provider.ErrUnexpected}
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
	err := c.change(ctx, c.line(http.MethodPost, id, "disable"), func(ctx context.Context, h map[string]string) (*core.DetailedResponse, error) {
		return c.iam.quick.DisableAPIKeyWithContext(ctx, &iamidentityv1.DisableAPIKeyOptions{ID: &id, Headers: h})
	})
	return c.unless(ctx, err, id, func(s key.State) bool { return s.Disabled == key.Yes })
}

// Resume implements provider.Resumer.
func (c *client) Resume(ctx context.Context, id string) error {
	err := c.change(ctx, c.line(http.MethodDelete, id, "disable"), func(ctx context.Context, h map[string]string) (*core.DetailedResponse, error) {
		return c.iam.quick.EnableAPIKeyWithContext(ctx, &iamidentityv1.EnableAPIKeyOptions{ID: &id, Headers: h})
	})
	return c.unless(ctx, err, id, func(s key.State) bool { return s.Disabled == key.No })
}

// Lock implements provider.Locker.
func (c *client) Lock(ctx context.Context, id string) error {
	err := c.change(ctx, c.line(http.MethodPost, id, "lock"), func(ctx context.Context, h map[string]string) (*core.DetailedResponse, error) {
		return c.iam.quick.LockAPIKeyWithContext(ctx, &iamidentityv1.LockAPIKeyOptions{ID: &id, Headers: h})
	})
	return c.unless(ctx, err, id, func(s key.State) bool { return s.Locked == key.Yes })
}

// Unlock implements provider.Unlocker.
func (c *client) Unlock(ctx context.Context, id string) error {
	err := c.change(ctx, c.line(http.MethodDelete, id, "lock"), func(ctx context.Context, h map[string]string) (*core.DetailedResponse, error) {
		return c.iam.quick.UnlockAPIKeyWithContext(ctx, &iamidentityv1.UnlockAPIKeyOptions{ID: &id, Headers: h})
	})
	return c.unless(ctx, err, id, func(s key.State) bool { return s.Locked == key.No })
}

// Revoke implements provider.Revoker.
func (c *client) Revoke(ctx context.Context, id string) error {
	return c.change(ctx, c.line(http.MethodDelete, id), func(ctx context.Context, h map[string]string) (*core.DetailedResponse, error) {
		return c.iam.quick.DeleteAPIKeyWithContext(ctx, &iamidentityv1.DeleteAPIKeyOptions{ID: &id, Headers: h})
	})
}
