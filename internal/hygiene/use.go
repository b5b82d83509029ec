package hygiene

import "fmt"

// use are the policies about when keys were last used.
func use() []Policy {
	return []Policy{
		{
			ID: "unused-90d", Title: "not used for long", Severity: Medium,
			Reason: "IBM takes an identity for inactive after 30 days without use. IonQ and qBraid: look at the last use of your keys, and revoke those that are no longer needed. Keys are free.",
			Page:   ibmInactive,
			Advice: "Revoke it; who needs a key again makes a new one.",
			find:   eachKey(unused),
		},
		{
			ID: "use-unknown", Title: "nobody knows when it was last used", Severity: Low,
			Reason: "Without its last use nobody can say that a key is idle, or that it is not.",
			Page:   ibmInactive,
			Advice: "List the keys with their use: for IBM qleaks keys list --use key, for IonQ and qBraid copy the page of the console with the column Last used.",
			find:   eachKey(useUnknown),
		},
	}
}

// unused judges as of the list: a key may have been used since it was made.
func unused(k *Known, c *Case) string {
	if !c.alive(k.Now) {
		return ""
	}
	record, asOf := c.Entry.Key, c.Entry.AsOf
	switch u := record.Use; {
	case !u.Known || !u.After.IsZero():
		return ""
	case !u.Last.IsZero() && asOf.Sub(u.Last) >= k.Limits.Unused:
		return fmt.Sprintf("last used on %s, %s before the list was made", date(u.Last), ago(asOf, u.Last))
	case !u.Last.IsZero():
		return ""
	case record.Dates.Created.IsZero():
		return "never used"
	case asOf.Sub(record.Dates.Created) >= k.Limits.Unused:
		return "never used in " + ago(asOf, record.Dates.Created)
	}
	return ""
}

// useUnknown is also about keys of which only an old use is known.
func useUnknown(k *Known, c *Case) string {
	if !c.alive(k.Now) {
		return ""
	}
	switch u := c.Entry.Key.Use; {
	case !u.Known:
		return "the list of " + date(c.Entry.AsOf) + " does not tell its last use"
	case u.Last.IsZero() && !u.After.IsZero() && c.Entry.AsOf.Sub(u.After) >= k.Limits.Unused:
		return "all that is known is that it was used after " + date(u.After)
	}
	return ""
}
