package remediate

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
)

// API carries out deeds through a provider's API.
func API(c provider.Client) Performer { return apiHands{c} }

type apiHands struct{ client provider.Client }

var _ Performer = apiHands{}

// Can implements Performer.
func (a apiHands) Can(d Deed) (ok bool) {
	switch d {
	case Issuing:
		_, ok = a.client.(provider.Issuer)
	case Suspending:
		_, ok = a.client.(provider.Suspender)
	case Resuming:
		_, ok = a.client.(provider.Resumer)
	case Unlocking:
		_, ok = a.client.(provider.Unlocker)
	case Revoking:
		_, ok = a.client.(provider.Revoker)
	case Seeking:
		_, ok = a.client.(provider.Lister)
	}
	return ok
}

// Do implements Performer.
func (a apiHands) Do(ctx context.Context, t Task) (Done, error) {
	made, err := Done{}, fmt.Errorf("%w: %w", ErrNotDone, ErrHands)
	switch t.Deed {
	case Issuing:
		made, err = a.issue(ctx, t)
	case Suspending:
		if c, ok := a.client.(provider.Suspender); ok {
			err = c.Suspend(ctx, t.ID)
		}
	case Resuming:
		if c, ok := a.client.(provider.Resumer); ok {
			err = c.Resume(ctx, t.ID)
		}
	case Unlocking:
		if c, ok := a.client.(provider.Unlocker); ok {
			err = c.Unlock(ctx, t.ID)
		}
	case Revoking:
		if c, ok := a.client.(provider.Revoker); ok {
			err = c.Revoke(ctx, t.ID)
		}
		// By id, and only by id, 404 says that it is gone.
		if errors.Is(err, provider.ErrNotFound) {
			err = nil
		}
	case Seeking:
	}
	return made, surely(err)
}

func (a apiHands) issue(ctx context.Context, t Task) (Done, error) {
	c, ok := a.client.(provider.Issuer)
	if !ok {
		return Done{}, fmt.Errorf("%w: %w", ErrNotDone, ErrHands)
	}
	made, err := c.Issue(ctx, provider.Order{
		Name: t.Name, Description: t.Description, Owner: t.Target.Owner.ID, Value: t.Value, Expires: t.Expires, OnLeak: "disable",
	})
	return Done{Key: made.Key, Value: made.Value}, err
}

// surely marks the errors after which nothing can have changed: refusals that
// came from the provider. A time-out, a failure of the provider's and an answer
// that nobody understands leave it open.
func surely(err error) error {
	e, ok := errors.AsType[*provider.CallError](err)
	if !ok || e.Status < 400 || e.Status >= 500 || e.Status == http.StatusRequestTimeout {
		return err
	}
	return fmt.Errorf("%w: %w", ErrNotDone, err)
}

// Seek implements Performer.
func (a apiHands) Seek(ctx context.Context, t Task) ([]key.Key, error) {
	lister, ok := a.client.(provider.Lister)
	if !ok {
		return nil, ErrHands
	}
	var found []key.Key
	for _, wide := range []bool{true, false} {
		found = nil
		var failed error
		for k, err := range lister.Keys(ctx, provider.Extent{Everybody: wide, Services: wide}) {
			if err != nil {
				failed = err
				break
			}
			if k.Name == t.Name {
				found = append(found, k)
			}
		}
		// Who may not list everybody's may list their own.
		if !errors.Is(failed, provider.ErrNotAllowed) || !wide {
			return found, failed
		}
	}
	return found, nil
}
