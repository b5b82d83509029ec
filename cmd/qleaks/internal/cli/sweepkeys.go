package cli

import (
	"context"
	"encoding/json"
	"io"
	"time"

	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/sweep"
)

// keys lists the keys of the operator's accounts, and notes when they were used and
// which of them are gone.
func (s steps) keys(ctx context.Context, _ records.Run) (json.RawMessage, error) {
	var d inventory.Document
	_, err := s.command(ctx, func(out io.Reader) error { return json.NewDecoder(io.LimitReader(out, maxListing)).Decode(&d) },
		"keys", "list", "--json", "--quiet")
	if err != nil {
		return nil, err
	}
	known, err := s.knownKeys(ctx)
	if err != nil {
		return nil, err
	}
	gone := goneKeys(d, known)
	err = s.store.Update(ctx, func(tx *records.Tx) error {
		for _, e := range d.Keys {
			fingerprint := ""
			for _, r := range e.Registered {
				if r.Salt == s.salt {
					fingerprint = string(r.Fingerprint)
				}
			}
			if err := tx.Listed(ctx, e.Key, fingerprint, e.AsOf); err != nil {
				return err
			}
		}
		for seq, since := range gone {
			if err := tx.Unlisted(ctx, seq, since); err != nil {
				return err
			}
		}
		return nil
	})
	failed := 0
	for _, f := range d.Failed {
		if f.Why != noListYet {
			failed++
		}
	}
	if err == nil && failed > 0 {
		err = sweep.ErrPartly // of these accounts, what was known stays
	}
	return outcome(map[string]int{"lists": len(d.Lists), "keys": len(d.Keys), "gone": len(gone), "failed": failed, "withoutList": len(d.Failed) - failed}, err)
}

// knownKeys are the keys of the records that are not gone.
func (s steps) knownKeys(ctx context.Context) (all []records.Key, err error) {
	for p := (records.Page{}); ; {
		page, err := s.store.Keys(ctx, records.KeyFilter{Present: true}, p)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if len(page) < records.MaxPage {
			return all, nil
		}
		p.Before = page[len(page)-1].Seq
	}
}

// goneKeys returns which known keys are gone, and the time of the list that says
// so: one that would have the key if it existed. A list that was cut short, or is
// about other people's keys, says nothing.
func goneKeys(d inventory.Document, known []records.Key) map[int64]time.Time {
	type name struct{ provider, account, id string }
	there := map[name]bool{}
	for _, e := range d.Keys {
		there[name{e.Key.Provider, e.Key.Account.ID, e.Key.ID}] = true
	}
	gone := map[int64]time.Time{}
	for _, k := range known {
		if there[name{k.Provider, k.Account, k.ID}] {
			continue
		}
		for _, l := range d.Lists {
			if l.AsOf.After(k.Last) && wouldList(d, l, k) && l.AsOf.After(gone[k.Seq]) {
				gone[k.Seq] = l.AsOf
			}
		}
	}
	return gone
}

// wouldList reports whether a list would have a key if that existed.
func wouldList(d inventory.Document, l inventory.ListRecord, k records.Key) bool {
	switch {
	case !l.Whole || l.Account.Provider != k.Provider:
		return false
	case k.Record.Kind == "serviceid" && l.Extent.Services != key.Yes:
		return false
	case !sameAccount(d, l, k):
		return false
	case l.Extent.Everybody == key.Yes:
		return true
	}
	return k.Record.Owner.ID != "" && k.Record.Owner.ID == ownerOf(d, l)
}

// sameAccount reports whether a list is of a key's account. Where a provider tells
// no account's name, that is so if there is one list of that provider only.
func sameAccount(d inventory.Document, l inventory.ListRecord, k records.Key) bool {
	if l.Account.ID != "" && k.Account != "" {
		return l.Account.ID == k.Account
	}
	lists := 0
	for _, other := range d.Lists {
		if other.Account.Provider == k.Provider {
			lists++
		}
	}
	return lists == 1
}

// ownerOf is whose keys all of a list are, "" if that is not known.
func ownerOf(d inventory.Document, l inventory.ListRecord) string {
	owner, begun := "", false
	for _, e := range d.Keys {
		if !e.AsOf.Equal(l.AsOf) || e.Key.Provider != l.Account.Provider {
			continue
		}
		if begun && e.Key.Owner.ID != owner {
			return ""
		}
		owner, begun = e.Key.Owner.ID, true
	}
	return owner
}
