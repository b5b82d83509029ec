package cli

import (
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/records"
)

func TestWhichKeysAreGone(t *testing.T) {
	before := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	now := before.AddDate(0, 0, 1)
	ibm := func(id, kind, owner string) key.Key {
		return key.Key{Provider: "ibm", ID: id, Kind: kind, Account: key.Party{ID: "acc"}, Owner: key.Party{ID: owner}}
	}
	known := func(k key.Key) records.Key {
		return records.Key{Seq: 7, Provider: k.Provider, Account: k.Account.ID, ID: k.ID, Record: k, Last: before}
	}
	list := func(change func(l *inventory.ListRecord)) inventory.Document {
		l := inventory.ListRecord{Account: inventory.Account{Name: "lab", Provider: "ibm", ID: "acc"}, AsOf: now, Whole: true, Extent: inventory.Extent{Everybody: key.Yes, Services: key.Yes}}
		change(&l)
		return inventory.Document{Lists: []inventory.ListRecord{l}, Keys: []inventory.EntryRecord{{Key: ibm("stays", "user", "ada"), AsOf: l.AsOf}}}
	}
	for name, c := range map[string]struct {
		key    key.Key
		change func(l *inventory.ListRecord)
		gone   bool
	}{
		"still there":              {ibm("stays", "user", "ada"), func(*inventory.ListRecord) {}, false},
		"not in a whole list":      {ibm("goes", "user", "bob"), func(*inventory.ListRecord) {}, true},
		"cut short":                {ibm("goes", "user", "bob"), func(l *inventory.ListRecord) { l.Whole = false }, false},
		"older than the key":       {ibm("goes", "user", "bob"), func(l *inventory.ListRecord) { l.AsOf = before.AddDate(0, 0, -1) }, false},
		"of one person, another's": {ibm("goes", "user", "bob"), func(l *inventory.ListRecord) { l.Extent.Everybody = key.No }, false},
		"of one person, theirs":    {ibm("goes", "user", "ada"), func(l *inventory.ListRecord) { l.Extent.Everybody = key.No }, true},
		"without service IDs":      {ibm("goes", "serviceid", "ada"), func(l *inventory.ListRecord) { l.Extent.Services = key.No }, false},
		"of another account":       {ibm("goes", "user", "bob"), func(l *inventory.ListRecord) { l.Account.ID = "other" }, false},
		"of another provider":      {key.Key{Provider: "ionq", ID: "goes"}, func(*inventory.ListRecord) {}, false},
		"the only list, unnamed":   {ibm("goes", "user", "bob"), func(l *inventory.ListRecord) { l.Account.ID = "" }, true},
	} {
		got := goneKeys(list(c.change), []records.Key{known(c.key)})
		if _, gone := got[7]; gone != c.gone {
			t.Errorf("%s: %v", name, got)
		}
	}
	two := list(func(l *inventory.ListRecord) { l.Account.ID = "" })
	two.Lists = append(two.Lists, two.Lists[0])
	if got := goneKeys(two, []records.Key{known(ibm("goes", "user", "bob"))}); len(got) > 0 {
		t.Errorf("with two lists of accounts that are not named: %v", got)
	}
}
