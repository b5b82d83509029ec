package hygiene

import (
	"fmt"
	"slices"
	"time"

	"github.com/qleaks/qleaks/internal/inventory"
)

// accounts are the policies about accounts and their lists.
func accounts() []Policy {
	return []Policy{
		{
			ID: "account-inactive-soon", Title: "the account is about to be suspended", Severity: High,
			Reason: "IonQ suspends an account that had neither a login at the console nor a use of its API for 180 days, and warns 14 days before by mail.",
			Page:   ionqAccount,
			Advice: "Log in at the console or submit a job to the simulator, if the account is still wanted.",
			find:   dormant,
		},
		{
			ID: "account-attestation-due", Title: "nobody looked for long", Severity: Medium,
			Reason: "No API tells whether multi-factor authentication is on, who owns an organisation and who left it: a person has to look.",
			Page:   ionqAccount,
			Advice: "Look, then note it: qleaks audit attest.",
			find:   attestationsDue,
		},
		{
			ID: "list-too-old", Title: "the list of keys is old", Severity: Medium,
			Reason: "What the list does not know is not judged: new keys, and uses since.",
			Page:   ibmInactive,
			Advice: "List the keys anew: qleaks keys list, or qleaks keys import for IonQ and qBraid.",
			find:   listTooOld,
		},
	}
}

// newest returns the newest list of each account, in the order of the lists.
func (k *Known) newest() []inventory.Snapshot {
	var all []inventory.Snapshot
	for _, l := range k.Lists {
		i := slices.IndexFunc(all, func(other inventory.Snapshot) bool { return other.Account.Name == l.Account.Name })
		if i < 0 {
			all = append(all, l)
		} else if l.AsOf.After(all[i].AsOf) {
			all[i] = l
		}
	}
	return all
}

func listTooOld(k *Known) []Lapse {
	var lapses []Lapse
	for _, l := range k.newest() {
		if k.Now.Sub(l.AsOf) > k.Limits.List {
			lapses = append(lapses, Lapse{Said: fmt.Sprintf("it was true on %s, %s ago", date(l.AsOf), ago(k.Now, l.AsOf)), Subject: accountOf(l)})
		} else if !l.Whole {
			lapses = append(lapses, Lapse{Said: "it is not whole: " + list(l.Gaps), Subject: accountOf(l)})
		}
	}
	return lapses
}

func accountOf(l inventory.Snapshot) Subject {
	return Subject{Kind: "account", Provider: l.Account.Provider, Name: l.Account.Name}
}

// dormant looks at the last use of all keys of an account. A login at the
// console counts as well, and nobody tells of it: so it is said as it is.
func dormant(k *Known) []Lapse {
	var lapses []Lapse
	for _, l := range k.newest() {
		if l.Account.Provider != "ionq" {
			continue
		}
		last, known := lastUse(k, l.Account.Name)
		if !known || k.Now.Sub(last) < k.Limits.Dormant {
			continue
		}
		lapses = append(lapses, Lapse{
			Said:    fmt.Sprintf("no key of it was used since %s, %s ago; a login at the console would count as well, and no list tells of it", date(last), ago(k.Now, last)),
			Subject: accountOf(l),
		})
	}
	return lapses
}

// lastUse is when any key of an account was last used or made. It is not known
// if it is unknown of one key.
func lastUse(k *Known, account string) (last time.Time, known bool) {
	for _, c := range k.Cases {
		if c.Entry == nil || !slices.Contains(c.Entry.Accounts, account) {
			continue
		}
		record := c.Entry.Key
		if !record.Use.Known || !record.Use.After.IsZero() {
			return time.Time{}, false
		}
		for _, t := range []time.Time{record.Use.Last, record.Dates.Created} {
			if t.After(last) {
				last = t
			}
		}
	}
	return last, !last.IsZero()
}
