package inventory

import (
	"reflect"
	"slices"
	"time"

	"github.com/qleaks/qleaks/internal/key"
)

// Change is what differs between two lists of one account.
type Change struct {
	From, To time.Time
	// Appeared are keys that only the later list holds. They are new only if
	// the earlier list was whole and as wide; see Known.
	Appeared []key.Key
	// Vanished are keys that only the earlier list holds, and that the later
	// one would hold if they still existed. Unseen are those of which the later
	// list says nothing.
	Vanished, Unseen []key.Key
	// Changed are keys of which both lists tell, differently.
	Changed []Changed
	// Known says that what appeared did not exist before: the earlier list was
	// whole, and as wide as the later one.
	Known bool
}

// Changed is a key with two records.
type Changed struct{ Before, After key.Key }

// Compare tells what differs between an earlier and a later list.
func Compare(earlier, later Snapshot) Change {
	c := Change{From: earlier.AsOf, To: later.AsOf, Known: earlier.Whole && earlier.Extent.includes(later.Extent)}
	before, after := identities(earlier), identities(later)
	for i, k := range later.Keys {
		old, ok := before[identity(later, i)]
		switch {
		case !ok:
			c.Appeared = append(c.Appeared, k)
		case !reflect.DeepEqual(old, k):
			c.Changed = append(c.Changed, Changed{Before: old, After: k})
		}
	}
	replaced := later.Whole && later.Extent.includes(earlier.Extent)
	for i, k := range earlier.Keys {
		if _, ok := after[identity(earlier, i)]; ok {
			continue
		}
		if replaced || later.covers(k) {
			c.Vanished = append(c.Vanished, k)
		} else {
			c.Unseen = append(c.Unseen, k)
		}
	}
	for _, keys := range [][]key.Key{c.Appeared, c.Vanished, c.Unseen} {
		Sort(keys)
	}
	slices.SortStableFunc(c.Changed, func(a, b Changed) int { return a.After.Dates.Created.Compare(b.After.Dates.Created) })
	return c
}

func identities(list Snapshot) map[string]key.Key {
	all := map[string]key.Key{}
	for i, k := range list.Keys {
		all[identity(list, i)] = k
	}
	return all
}
