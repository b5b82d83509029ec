package inventory

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/key"
)

// Inventory is the keys of all accounts, as far as their lists tell.
type Inventory struct {
	// Lists are the snapshots that count, without their keys, by account and
	// from the newest on.
	Lists []Snapshot
	// Entries are the keys, by provider and account, then oldest first.
	Entries []*Entry
	// Registered are values whose keys are known, on the lists or not.
	Registered []Registration
}

// Entry is one key of an Inventory.
type Entry struct {
	Key key.Key
	// Accounts are the operator's names of the accounts whose lists hold it.
	Accounts []string
	// AsOf is when the newest list that holds it was true, and Origin whence
	// that list came.
	AsOf   time.Time
	Origin Origin
	// Registered are the registrations of its values.
	Registered []Registration
}

// Handle is how people name the key to a command: its id, or its name where
// no list tells an id.
func (e *Entry) Handle() string { return cmp.Or(e.Key.ID, e.Key.Name) }

// Merge puts lists together. Of each account the newest list counts, and older
// ones as far as the newer do not speak for all that they tell: a list that is
// not whole, or of one person's keys, does not say that another key is gone.
func Merge(lists []Snapshot, known []Registration) Inventory {
	inv := Inventory{Registered: known}
	lists = slices.Clone(lists)
	slices.SortStableFunc(lists, func(a, b Snapshot) int {
		return cmp.Or(
			strings.Compare(a.Account.Provider, b.Account.Provider), strings.Compare(a.Account.Name, b.Account.Name),
			b.AsOf.Compare(a.AsOf), b.Taken.Compare(a.Taken))
	})
	byIdentity := map[string]*Entry{}
	for accountLists := range groups(lists) {
		inv.addAccount(accountLists, byIdentity)
	}
	for i := range known {
		if e := inv.registeredEntry(known[i]); e != nil {
			e.Registered = append(e.Registered, known[i])
		}
	}
	inv.sort()
	return inv
}

// groups divides sorted lists by account.
func groups(lists []Snapshot) func(yield func([]Snapshot) bool) {
	return func(yield func([]Snapshot) bool) {
		for from := 0; from < len(lists); {
			to := from + 1
			for to < len(lists) && lists[to].Account.Provider == lists[from].Account.Provider && lists[to].Account.Name == lists[from].Account.Name {
				to++
			}
			if !yield(lists[from:to]) {
				return
			}
			from = to
		}
	}
}

// addAccount adds the lists of one account, the newest first.
func (inv *Inventory) addAccount(lists []Snapshot, byIdentity map[string]*Entry) {
	var newer []Snapshot
	for _, list := range lists {
		if slices.ContainsFunc(newer, func(n Snapshot) bool { return n.Whole && n.Extent.includes(list.Extent) }) {
			continue
		}
		for i, k := range list.Keys {
			if slices.ContainsFunc(newer, func(n Snapshot) bool { return n.covers(k) && !n.has(k) }) {
				continue // gone since
			}
			inv.add(list, k, identity(list, i), byIdentity)
		}
		newer = append(newer, list)
		list.Keys = nil
		inv.Lists = append(inv.Lists, list)
	}
}

// identity names a key of a list. Where there is no id, it is the name, the
// project and the owner, and how many there were before.
func identity(list Snapshot, i int) string {
	k := list.Keys[i]
	if k.ID != "" {
		return k.Provider + "\x00id\x00" + k.ID
	}
	before := 0
	for _, other := range list.Keys[:i] {
		if sameUnnumbered(other, k) {
			before++
		}
	}
	return strings.Join([]string{k.Provider, "name", list.Account.Name, k.Name, k.Project.ID, k.Project.Name, k.Owner.ID, k.Owner.Email, strings.Repeat("+", before)}, "\x00")
}

// sameUnnumbered reports whether two records without ids are told apart by
// nothing.
func sameUnnumbered(a, b key.Key) bool {
	return a.ID == b.ID && a.Name == b.Name && a.Project.ID == b.Project.ID && a.Project.Name == b.Project.Name && a.Owner.ID == b.Owner.ID && a.Owner.Email == b.Owner.Email
}

func (inv *Inventory) add(list Snapshot, k key.Key, name string, byIdentity map[string]*Entry) {
	if k.Account.ID == "" {
		k.Account.ID = list.Account.ID
	}
	known := byIdentity[name]
	if known != nil && known.Key.Account.ID != "" && k.Account.ID != "" && known.Key.Account.ID != k.Account.ID {
		name += "\x00" + k.Account.ID
		known = byIdentity[name]
	}
	if known == nil {
		e := &Entry{Key: k, Accounts: []string{list.Account.Name}, AsOf: list.AsOf, Origin: list.Origin}
		byIdentity[name] = e
		inv.Entries = append(inv.Entries, e)
		return
	}
	if !slices.Contains(known.Accounts, list.Account.Name) {
		known.Accounts = append(known.Accounts, list.Account.Name)
		slices.Sort(known.Accounts)
	}
	if list.AsOf.After(known.AsOf) {
		known.Key, k = k, known.Key
		known.AsOf, known.Origin = list.AsOf, list.Origin
	}
	complete(&known.Key, k)
}

// complete takes from an older record what the newer one does not tell and
// time does not change.
func complete(k *key.Key, older key.Key) {
	k.Kind = cmp.Or(k.Kind, older.Kind)
	for _, p := range []struct{ to, from *key.Party }{{&k.Owner, &older.Owner}, {&k.Account, &older.Account}, {&k.Project, &older.Project}} {
		if p.to.ID == "" || p.to.ID == p.from.ID {
			*p.to = key.Party{ID: cmp.Or(p.to.ID, p.from.ID), Name: cmp.Or(p.to.Name, p.from.Name), Email: cmp.Or(p.to.Email, p.from.Email)}
		}
	}
	if k.Dates.Created.IsZero() {
		k.Dates.Created = older.Dates.Created
	}
}

// covers reports whether a list would hold a key if it existed: it is whole,
// and about everybody's keys or about those of the key's owner.
func (s *Snapshot) covers(k key.Key) bool {
	if !s.Whole || s.Account.Provider != k.Provider {
		return false
	}
	if service := k.Kind == "serviceid"; service && s.Extent.Services != key.Yes {
		return false
	}
	if s.Extent.Everybody == key.Yes {
		return true
	}
	return k.Owner.ID != "" && k.Owner.ID == s.soleOwner()
}

// soleOwner is whose keys all of a list are; "" if that is not known.
func (s *Snapshot) soleOwner() string {
	owner := ""
	for i, k := range s.Keys {
		if i > 0 && k.Owner.ID != owner {
			return ""
		}
		owner = k.Owner.ID
	}
	return owner
}

// has reports whether a list holds a key, by its id or else its name.
func (s *Snapshot) has(k key.Key) bool {
	return slices.ContainsFunc(s.Keys, func(other key.Key) bool {
		if k.ID != "" && other.ID != "" {
			return k.ID == other.ID
		}
		return k.Name == other.Name
	})
}

// registeredEntry finds the key of a registration.
func (inv *Inventory) registeredEntry(r Registration) *Entry {
	if r.Key.ID == "" {
		return inv.soleNamed(r.Key)
	}
	return inv.byID(r.Key)
}

func (inv *Inventory) sort() {
	slices.SortStableFunc(inv.Entries, func(a, b *Entry) int {
		return cmp.Or(
			strings.Compare(a.Key.Provider, b.Key.Provider), strings.Compare(a.Accounts[0], b.Accounts[0]),
			a.Key.Dates.Created.Compare(b.Key.Dates.Created), strings.Compare(a.Key.ID, b.Key.ID), strings.Compare(a.Key.Name, b.Key.Name))
	})
}
