package inventory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
)

// Listing reads the keys of an account from its provider.
type Listing struct {
	Account Account
	Extent  provider.Extent
	Now     func() time.Time
	// Told is called after each key with their number so far; optional.
	Told func(n int)
}

// List asks for the keys. Where an error is returned, the snapshot holds what
// came before it, and is not whole; Stripped names keys of whose records a part
// was left out, for it looked like a key itself.
func (l Listing) List(ctx context.Context, from provider.Lister) (list Snapshot, stripped []string, err error) {
	list = Snapshot{
		Account: l.Account, AsOf: l.Now().UTC(), Origin: Origin{Way: ByAPI}, Whole: true, Keys: []key.Key{},
		Extent: Extent{Everybody: key.Is(l.Extent.Everybody), Services: key.Is(l.Extent.Everybody && l.Extent.Services)},
	}
	seen := map[string]bool{}
	for k, failed := range from.Keys(ctx, l.Extent) {
		if failed != nil {
			err = failed
			break
		}
		if seen[k.ID] {
			continue
		}
		seen[k.ID] = true
		clean, held := Stripped(k)
		if held {
			stripped = append(stripped, clean.ID)
		}
		list.Keys = append(list.Keys, clean)
		if l.Told != nil {
			l.Told(len(list.Keys))
		}
	}
	list.Taken = l.Now().UTC()
	list.Account.ID = accountID(list.Account.ID, list.Keys)
	Sort(list.Keys)
	if err != nil {
		list.Whole, list.Gaps = false, []string{gap(ctx, err)}
		return list, stripped, fmt.Errorf("list keys: %w", err)
	}
	return list, stripped, nil
}

// accountID is the id that all keys tell, where nobody else does.
func accountID(id string, keys []key.Key) string {
	if id != "" || len(keys) == 0 {
		return id
	}
	for _, k := range keys {
		if k.Account.ID != keys[0].Account.ID {
			return ""
		}
	}
	return keys[0].Account.ID
}

// gap says why a list is not whole. Errors of providers hold no text of
// theirs.
func gap(ctx context.Context, err error) string {
	var call *provider.CallError
	switch {
	case ctx.Err() != nil:
		return "it was interrupted"
	case errors.As(err, &call):
		return call.Kind.Error()
	}
	return err.Error()
}
