package inventory_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/key"
)

func made(id string, at time.Time) key.Key { return key.Key{ID: id, Dates: key.Dates{Created: at}} }

// handles are the entries of an inventory by name, with the accounts that hold
// them.
func handles(inv inventory.Inventory) map[string][]string {
	all := map[string][]string{}
	for _, e := range inv.Entries {
		all[e.Handle()] = e.Accounts
	}
	return all
}

func TestListsOfOneAccountReplaceEachOtherAsFarAsTheyReach(t *testing.T) {
	partial := func(l inventory.Snapshot) inventory.Snapshot {
		l.Whole, l.Gaps = false, []string{"cut short"}
		return l
	}
	own := func(l inventory.Snapshot) inventory.Snapshot {
		l.Extent = inventory.Extent{Everybody: key.No, Services: key.No}
		return l
	}
	mine := func(id string) key.Key { return key.Key{ID: id, Owner: key.Party{ID: "IBMid-me"}} }
	later := noon.Add(time.Hour)
	for name, c := range map[string]struct {
		lists []inventory.Snapshot
		want  []string
	}{
		"a later whole list":          {[]inventory.Snapshot{list("lab", noon, made("1", noon), made("2", noon)), list("lab", later, made("2", noon))}, []string{"2"}},
		"a later list, cut short":     {[]inventory.Snapshot{list("lab", noon, made("1", noon)), partial(list("lab", later, made("2", noon)))}, []string{"1", "2"}},
		"a later list of one's own":   {[]inventory.Snapshot{list("lab", noon, mine("1"), mine("2"), made("3", noon)), own(list("lab", later, mine("2")))}, []string{"2", "3"}},
		"an earlier list, read later": {[]inventory.Snapshot{list("lab", later, made("2", noon)), list("lab", noon, made("1", noon))}, []string{"2"}},
		"an empty list":               {[]inventory.Snapshot{list("lab", noon, made("1", noon)), list("lab", later)}, nil},
	} {
		var got []string
		for _, e := range inventory.Merge(c.lists, nil).Entries {
			got = append(got, e.Handle())
		}
		if !cmp.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestAccountsStandSideBySide(t *testing.T) {
	same := list("b", noon.Add(time.Hour), key.Key{ID: "1", Name: "renamed"})
	same.Account.ID = "a-a"
	inv := inventory.Merge([]inventory.Snapshot{
		list("a", noon, key.Key{ID: "1", Name: "old", Owner: key.Party{ID: "IBMid-1", Name: "Ada"}}), same, list("c", noon, key.Key{ID: "1"}, key.Key{ID: "2"}),
	}, nil)
	if len(inv.Entries) != 3 || len(inv.Lists) != 3 {
		t.Fatalf("%d keys of %d lists", len(inv.Entries), len(inv.Lists))
	}
	first := inv.Entries[0]
	if first.Key.Name != "renamed" || first.Key.Owner.Name != "Ada" || !cmp.Equal(first.Accounts, []string{"a", "b"}) || !first.AsOf.Equal(noon.Add(time.Hour)) {
		t.Errorf("%+v", first)
	}
}

func TestNamesStandInForIds(t *testing.T) {
	l := list("lab", noon, key.Key{Name: "ci"}, key.Key{Name: "ci"}, key.Key{Name: "laptop", Project: key.Party{ID: "p1"}})
	inv := inventory.Merge([]inventory.Snapshot{l}, nil)
	if len(inv.Entries) != 3 {
		t.Fatal(handles(inv))
	}
	for name, c := range map[string]struct {
		told key.Key
		want inventory.Standing
	}{
		"one of its name":             {key.Key{ID: "x", Name: "laptop", Project: key.Party{ID: "p1"}}, inventory.Listed},
		"one of its name elsewhere":   {key.Key{ID: "x", Name: "laptop", Project: key.Party{ID: "p2"}}, inventory.Unlisted},
		"two of its name":             {key.Key{ID: "x", Name: "ci"}, inventory.Unsettled},
		"no name":                     {key.Key{ID: "x"}, inventory.Unsettled},
		"nobody has its name":         {key.Key{ID: "x", Name: "stranger"}, inventory.Unlisted},
		"made after the list":         {key.Key{ID: "x", Name: "new", Dates: key.Dates{Created: noon.Add(time.Hour)}}, inventory.Unsettled},
		"of an account without list":  {key.Key{ID: "x", Name: "n", Account: key.Party{ID: "elsewhere"}}, inventory.Unsettled},
		"of the account of this list": {key.Key{ID: "x", Name: "n", Account: key.Party{ID: "a-lab"}}, inventory.Unlisted},
	} {
		m := inv.Match(inventory.Sighting{Provider: "ibm", Told: c.told})
		if m.Standing != c.want || m.Why == "" || m.Sure() {
			t.Errorf("%s: %s because %s, want %s", name, m.Standing, m.Why, c.want)
		}
	}
}

func TestSightingsAreJoinedToKeys(t *testing.T) {
	ada := key.Party{ID: "IBMid-1", Email: "Ada@example.org"}
	keys := []key.Key{made("old", noon.Add(-48*time.Hour)), made("new", noon.Add(-time.Hour)), made("later", noon.Add(time.Hour)), made("bob", noon)}
	for i := range keys[:3] {
		keys[i].Owner = ada
	}
	known := []inventory.Registration{
		{Fingerprint: "f1", Salt: "public", Key: key.Key{Provider: "ibm", ID: "bob"}},
		{Fingerprint: "f2", Salt: "public", Key: key.Key{Provider: "ibm", ID: "gone"}},
	}
	inv := inventory.Merge([]inventory.Snapshot{list("lab", noon.Add(2*time.Hour), keys...)}, known)
	byAda := []string{"ada@example.org"}
	for name, c := range map[string]struct {
		sighting inventory.Sighting
		standing inventory.Standing
		basis    inventory.Basis
		handle   string
	}{
		"by id":                   {inventory.Sighting{Told: key.Key{ID: "old"}, Fingerprint: "f1", Salt: "public"}, inventory.Listed, inventory.ByID, "old"},
		"by fingerprint":          {inventory.Sighting{Fingerprint: "f1", Salt: "public", By: byAda}, inventory.Listed, inventory.ByFingerprint, "bob"},
		"by an owner and a time":  {inventory.Sighting{Fingerprint: "f9", Salt: "public", By: byAda, Since: noon}, inventory.Unsettled, inventory.ByGuess, "new"},
		"before any key was made": {inventory.Sighting{By: byAda, Since: noon.Add(-99 * time.Hour)}, inventory.Unsettled, "", ""},
		"under another salt":      {inventory.Sighting{Fingerprint: "f1", Salt: "private-x"}, inventory.Unsettled, "", ""},
		"an id that is not there": {inventory.Sighting{Told: key.Key{ID: "stranger"}, By: byAda}, inventory.Unlisted, "", ""},
		"registered, and gone":    {inventory.Sighting{Fingerprint: "f2", Salt: "public"}, inventory.Unlisted, "", ""},
		"no owner":                {inventory.Sighting{Since: noon}, inventory.Unsettled, "", ""},
		"another provider":        {inventory.Sighting{Provider: "ionq", Told: key.Key{ID: "old"}}, inventory.Unsettled, "", ""},
		"another value of a key":  {inventory.Sighting{Fingerprint: "f9", Salt: "public", By: []string{"bob"}}, inventory.Unsettled, "", ""},
		"who is told by an id":    {inventory.Sighting{By: []string{"IBMid-1"}, Since: noon.Add(-24 * time.Hour)}, inventory.Unsettled, inventory.ByGuess, "old"},
	} {
		if c.sighting.Provider == "" {
			c.sighting.Provider = "ibm"
		}
		m := inv.Match(c.sighting)
		handle := ""
		if m.Entry != nil {
			handle = m.Entry.Handle()
		}
		if m.Standing != c.standing || m.Basis != c.basis || handle != c.handle || m.Why == "" {
			t.Errorf("%s: %s %q %q (%s)", name, m.Standing, m.Basis, handle, m.Why)
		}
		if m.Sure() != (c.basis == inventory.ByID || c.basis == inventory.ByFingerprint) {
			t.Errorf("%s: sure %t", name, m.Sure())
		}
	}
	rest := inv.Unaccounted([]inventory.Match{inv.Match(inventory.Sighting{Provider: "ibm", Told: key.Key{ID: "old"}}), inv.Match(inventory.Sighting{Provider: "ibm", By: byAda})})
	var got []string
	for _, e := range rest {
		got = append(got, e.Handle())
	}
	if want := []string{"new", "later"}; !cmp.Equal(got, want) {
		t.Errorf("unaccounted: %v, want %v", got, want)
	}
}

func TestAKeyOfNoKnownAccountMayBeOnAnyList(t *testing.T) {
	whole, cut := list("a", noon, key.Key{ID: "1"}), list("b", noon, key.Key{ID: "2"})
	cut.Whole, cut.Gaps = false, []string{"cut short"}
	stranger := inventory.Sighting{Provider: "ibm", Told: key.Key{ID: "x"}}
	inv := inventory.Merge([]inventory.Snapshot{whole, cut}, nil)
	if m := inv.Match(stranger); m.Standing != inventory.Unsettled {
		t.Error(m.Standing, m.Why)
	}
	stranger.Told.Account.ID = "a-a"
	if m := inv.Match(stranger); m.Standing != inventory.Unlisted {
		t.Error(m.Standing, m.Why)
	}
}

func TestComparedListsTellWhatIsKnown(t *testing.T) {
	changed := key.Key{ID: "2", Name: "renamed"}
	earlier, later := list("lab", noon, key.Key{ID: "1"}, key.Key{ID: "2"}), list("lab", noon.Add(time.Hour), changed, key.Key{ID: "3"})
	ids := func(keys []key.Key) (all []string) {
		for _, k := range keys {
			all = append(all, k.ID)
		}
		return all
	}
	c := inventory.Compare(earlier, later)
	if !cmp.Equal(ids(c.Appeared), []string{"3"}) || !cmp.Equal(ids(c.Vanished), []string{"1"}) || len(c.Unseen) != 0 || !c.Known || len(c.Changed) != 1 || c.Changed[0].After.Name != "renamed" {
		t.Errorf("%+v", c)
	}
	later.Whole, later.Gaps = false, []string{"cut short"}
	if c := inventory.Compare(earlier, later); !cmp.Equal(ids(c.Unseen), []string{"1"}) || len(c.Vanished) != 0 {
		t.Errorf("%+v", c)
	}
	earlier.Whole, earlier.Gaps = false, []string{"cut short"}
	if c := inventory.Compare(earlier, later); c.Known {
		t.Error("an earlier list that is not whole says that a key is new")
	}
}
