package inventory_test

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/provider/all"
)

// lister tells keys, and then an error, if there is one.
type lister struct {
	keys []key.Key
	err  error
}

func (l lister) Keys(context.Context, provider.Extent) iter.Seq2[key.Key, error] {
	return func(yield func(key.Key, error) bool) {
		for _, k := range l.keys {
			if !yield(k, nil) {
				return
			}
		}
		if l.err != nil {
			yield(key.Key{}, l.err)
		}
	}
}

func listing() inventory.Listing {
	return inventory.Listing{
		Account: inventory.Account{Name: "lab", Provider: "ibm"}, Extent: provider.Extent{Everybody: true}, Now: func() time.Time { return noon },
	}
}

func TestAListThatWasCutShortIsNotWhole(t *testing.T) {
	two := []key.Key{{Provider: "ibm", ID: "2", Account: key.Party{ID: "acct"}}, {Provider: "ibm", ID: "1", Account: key.Party{ID: "acct"}}, {Provider: "ibm", ID: "1"}}
	list, _, err := listing().List(t.Context(), lister{keys: two})
	if err != nil || !list.Whole || len(list.Keys) != 2 || list.Keys[0].ID != "1" || list.Validate() != nil || list.Extent.Services != key.No || list.Extent.Everybody != key.Yes {
		t.Errorf("%+v, %v", list, err)
	}
	broken := &provider.CallError{Request: "GET x", Status: 500, Kind: provider.ErrBusy}
	list, _, err = listing().List(t.Context(), lister{keys: two[:1], err: broken})
	if !errors.Is(err, provider.ErrBusy) || list.Whole || len(list.Keys) != 1 || list.Account.ID != "acct" || list.Validate() != nil || list.Gaps[0] != provider.ErrBusy.Error() {
		t.Errorf("%+v, %v", list, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	list, _, err = listing().List(ctx, lister{keys: two[:1], err: context.Canceled})
	if err == nil || list.Whole || list.Gaps[0] != "it was interrupted" || list.Validate() != nil {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestAKeyInARecordIsNotTakenOver(t *testing.T) {
	value := all.Kits()[0].Sample().Reveal()
	list, stripped, err := listing().List(t.Context(), lister{keys: []key.Key{{Provider: "ibm", ID: "1", Description: "it is " + value}, {Provider: "ibm", ID: "2"}}})
	if err != nil || len(stripped) != 1 || stripped[0] != "1" || list.Validate() != nil || strings.Contains(list.Keys[0].Description, value) {
		t.Errorf("stripped %q, %v", stripped, err)
	}
}
