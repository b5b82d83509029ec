package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/scanner/verify"
)

// freshList is how old a list may be that is not taken again before keys are
// asked about.
const freshList = time.Hour

// keeper keeps the lists of keys of the accounts that stand in files, before
// their provider is asked about keys that were found.
type keeper struct{ listing *keysListing }

var _ verify.Snapshotter = keeper{}

// count is how many accounts of a provider have lists to be kept.
func (k keeper) count(name string) (n int) {
	for _, one := range k.listing.accounts {
		if one.Provider == name {
			n++
		}
	}
	return n
}

// newKeeper is nil where there is no list to keep.
func (a asker) newKeeper(names []string) (verify.Snapshotter, error) {
	var due []account
	store, err := openInventory(a.env, a.say)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		for _, one := range a.accounts {
			if one.Provider == name && one.keepsList() && (a.anew || !a.isFresh(store, one)) {
				due = append(due, one)
			}
		}
	}
	if len(due) == 0 {
		return nil, nil
	}
	return keeper{&keysListing{
		env: a.env, say: a.say, store: store, accounts: due, access: a.options.access,
		options: keysListOptions{Use: "key", Patience: max(a.options.Wait, 1), Talking: talkOptions{NoProgress: true}},
	}}, nil
}

// keepsList reports whether the provider tells the keys of an account to its
// credential.
func (a account) keepsList() bool { return a.file != "" && !a.reference.IsZero() && a.canBeAsked() }

func (a asker) isFresh(store *inventory.Store, one account) bool {
	lists, err := store.Latest(one.name, 1)
	return err == nil && len(lists) > 0 && lists[0].Whole && a.env.Now().Sub(lists[0].AsOf) < freshList
}

// Snapshot implements verify.Snapshotter.
func (k keeper) Snapshot(ctx context.Context, name string) error {
	for _, one := range k.listing.accounts {
		if one.Provider != name {
			continue
		}
		k.listing.say.note("keeping the list of keys of %s first", one.name)
		if err := k.listing.ask(ctx, one); err != nil {
			return fmt.Errorf("%s: %w", one.name, err)
		}
	}
	return nil
}
