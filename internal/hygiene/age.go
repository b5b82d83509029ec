package hygiene

import (
	"fmt"

	"github.com/qleaks/qleaks/internal/key"
)

// ages are the policies about how long keys live.
func ages() []Policy {
	return []Policy{
		{
			ID: "age-90d", Title: "older than keys should grow", Severity: Medium,
			Reason: "qBraid: rotate keys every 90 days, sooner if a leak is suspected. IBM offers rotation after 30, 60 or 90 days.",
			Page:   qbraidKeys,
			Advice: "Make a new key, put it where this one is used, then revoke this one.",
			find:   eachKey(aged),
		},
		{
			ID: "age-unknown", Title: "nobody knows how old it is", Severity: Low,
			Reason: "A key whose age is not known is one that no rotation reaches.",
			Page:   qbraidKeys,
			Advice: "Note when it was made if you know it, or replace it.",
			find:   eachKey(ageUnknown),
		},
		{
			ID: "never-expires", Title: "never expires", Severity: Low,
			Reason: "IBM lets a key end by itself: then one that is forgotten does no harm.",
			Page:   ibmKeys,
			Advice: "Give its replacement an expiry.",
			find: eachKey(func(k *Known, c *Case) string {
				if !c.alive(k.Now) || c.Entry.Key.State.Expiring != key.No {
					return ""
				}
				return "the provider says that it has no expiry"
			}),
		},
	}
}

func aged(k *Known, c *Case) string {
	if !c.alive(k.Now) || c.Entry.Key.Dates.Created.IsZero() {
		return ""
	}
	created := c.Entry.Key.Dates.Created
	if k.Now.Sub(created) < k.Limits.Age {
		return ""
	}
	return fmt.Sprintf("made on %s, %s ago", date(created), ago(k.Now, created))
}

func ageUnknown(k *Known, c *Case) string {
	if !c.alive(k.Now) || !c.Entry.Key.Dates.Created.IsZero() {
		return ""
	}
	return "the list of " + date(c.Entry.AsOf) + " does not tell when it was made"
}
