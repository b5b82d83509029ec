package hygiene

import (
	"fmt"
	"slices"
	"strings"
)

// owners are the policies about the people behind keys.
func owners() []Policy {
	return []Policy{
		{
			ID: "owner-gone", Title: "its owner has left", Severity: High,
			Reason: "A person who left still holds what they copied, and nobody looks after the key. IonQ: owners of an organisation remove members who leave.",
			Page:   ionqMembers,
			Advice: "Replace the key by one of somebody who is there, revoke it, and remove the person from the account.",
			find:   eachKey(ownerGone),
		},
		{
			ID: "limit-near", Title: "its owner can make hardly any more keys", Severity: Medium,
			Reason: "IBM: an identity has at most 20 keys. A rotation needs a free one, and in an emergency there is no time to tidy up.",
			Page:   ibmKeys,
			Advice: "Delete keys that are not used.",
			find:   limitNear,
		},
	}
}

// ownerGone rests on what was attested: no list tells who left.
func ownerGone(k *Known, c *Case) string {
	if !c.alive(k.Now) {
		return ""
	}
	for _, a := range k.Attested {
		if !a.about(c.Entry) {
			continue
		}
		i := slices.IndexFunc(a.Gone, func(who string) bool { return same(c.Entry.Key.Owner, who) })
		if i >= 0 {
			return fmt.Sprintf("%s has left, as %s said on %s", a.Gone[i], a.By, date(a.At))
		}
	}
	return ""
}

// limitNear counts every key of an identity: disabled ones take a place, too.
func limitNear(k *Known) []Lapse {
	type identity struct{ account, owner string }
	var order []identity
	counts := map[identity]int{}
	called := map[identity]string{}
	for _, c := range k.Cases {
		if c.Entry == nil || c.Provider != "ibm" || c.Entry.Key.Owner.ID == "" {
			continue
		}
		who := identity{c.Entry.Key.Account.ID, c.Entry.Key.Owner.ID}
		if counts[who] == 0 {
			order = append(order, who)
			called[who] = owner(c.Entry.Key.Owner)
		}
		counts[who]++
	}
	var lapses []Lapse
	for _, who := range order {
		if n := counts[who]; n > k.Limits.Keys-k.Limits.Spare {
			lapses = append(lapses, Lapse{
				Said:    fmt.Sprintf("%d of %s", n, count(k.Limits.Keys, "key", "keys")),
				Subject: Subject{Kind: "owner", Provider: "ibm", Name: called[who]},
			})
		}
	}
	return lapses
}

// Owner is whose key it is, for people; "" if nobody told.
func (c *Case) Owner() string { return strings.TrimSpace(owner(c.Key().Owner)) }
