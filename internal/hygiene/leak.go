package hygiene

import (
	"fmt"
	"time"

	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/key"
)

// leaks are the policies about values that are where they should not be.
func leaks() []Policy {
	return []Policy{
		{
			ID: "leaked-active", Title: "leaked, and still accepted", Severity: Critical,
			Reason: "Whoever sees a key can submit jobs that you pay for. IBM: if a key was shared or committed, revoke it immediately. IonQ: a key is a kind of password.",
			Page:   ibmKeys,
			Advice: "Disable or revoke the key now, cancel the jobs that it queued, then replace it where it is used.",
			find:   eachKey(leakedActive),
		},
		{
			ID: "leaked-and-used-since", Title: "leaked, and used since", Severity: Critical,
			Reason: "A use after the leak is the owner's or a thief's, and no provider tells which key a job came with. qBraid: revoke a key that is used when it should not be.",
			Page:   qbraidKeys,
			Advice: "Look at the jobs since then (qleaks incident KEY), and revoke the key.",
			find:   eachKey(leakedAndUsed),
		},
		{
			ID: "leaked-unverified", Title: "leaked, and nobody knows whether it works", Severity: High,
			Reason: "A key whose status is not known is to be treated as one that works.",
			Page:   ionqKeys,
			Advice: "Revoke it, or ask the provider first: qleaks scan --verify.",
			find:   eachKey(leakedUnverified),
		},
		{
			ID: "leaked-unused", Title: "leaked, and nobody uses it", Severity: High,
			Reason: "A key that nobody uses can be revoked without breaking anything. IonQ: delete keys that are no longer needed.",
			Page:   ionqKeys,
			Advice: "It is safe to revoke now.",
			find:   eachKey(leakedUnused),
		},
		{
			ID: "leaked-refused", Title: "leaked and refused, but perhaps still on the list", Severity: Medium,
			Reason: "A disabled key can be enabled again, and a refusal may be one of the moment. IBM: a key is gone only when it is deleted.",
			Page:   ibmKeys,
			Advice: "Delete the key, then list the keys anew: qleaks keys list.",
			find:   eachKey(leakedRefused),
		},
		{
			ID: "leaked-dead", Title: "leaked, refused and gone", Severity: Low,
			Reason: "The value opens nothing any more. It still tells where keys are written, and teaches scanners and people that a key in code is normal.",
			Page:   ibmUntrusted,
			Advice: "Take it out of the files; for the history: qleaks baseline.",
			find:   eachKey(leakedDead),
		},
	}
}

func leakedActive(k *Known, c *Case) string {
	status, asked := c.Status()
	if len(c.Leaks()) == 0 || status != key.Active {
		return ""
	}
	return inPlaces(c) + "; the provider accepted it " + when(k.Now, asked)
}

// leakedAndUsed needs the time of the leak and of the use.
func leakedAndUsed(_ *Known, c *Case) string {
	since := c.leakedSince()
	if c.Entry == nil || since.IsZero() {
		return ""
	}
	u := c.Entry.Key.Use
	used := u.Last
	if used.IsZero() {
		used = u.After
	}
	if !used.After(since) {
		return ""
	}
	return fmt.Sprintf("%s since %s at the latest; last used on %s", inPlaces(c), date(since), date(used))
}

func leakedUnverified(_ *Known, c *Case) string {
	if status, _ := c.Status(); len(c.Leaks()) == 0 || status != key.Unknown {
		return ""
	}
	why := "nobody asked the provider"
	if c.Check != nil && c.Check.Verdict.Reason != "" {
		why = c.Check.Verdict.Reason
	}
	return inPlaces(c) + "; " + why
}

// leakedUnused is about keys that were idle for long when the list was made, or
// never used at all.
func leakedUnused(k *Known, c *Case) string {
	if status, _ := c.Status(); len(c.Leaks()) == 0 || status == key.Inactive || !c.alive(k.Now) {
		return ""
	}
	u := c.Entry.Key.Use
	switch {
	case !u.Known || !u.After.IsZero():
		return ""
	case u.Last.IsZero():
		return inPlaces(c) + "; never used"
	case c.Entry.AsOf.Sub(u.Last) < k.Limits.Unused:
		return ""
	}
	return fmt.Sprintf("%s; not used for %s", inPlaces(c), ago(c.Entry.AsOf, u.Last))
}

func leakedRefused(k *Known, c *Case) string {
	status, asked := c.Status()
	if len(c.Leaks()) == 0 || status != key.Inactive || c.gone(k) {
		return ""
	}
	standing := "whether it is gone is not known"
	if c.Standing == inventory.Listed {
		standing = "it is on the list of " + date(c.Entry.AsOf)
	}
	return inPlaces(c) + "; the provider refused it " + when(k.Now, asked) + "; " + standing
}

func leakedDead(k *Known, c *Case) string {
	status, asked := c.Status()
	if len(c.Leaks()) == 0 || status != key.Inactive || !c.gone(k) {
		return ""
	}
	return inPlaces(c) + "; the provider refused it " + when(k.Now, asked) + ", and no list holds it"
}

// gone reports whether a fresh, whole list shows that the key does not exist.
func (c *Case) gone(k *Known) bool {
	return c.Entry == nil && c.Standing == inventory.Unlisted && k.fresh(c.Provider, c.Key().Account.ID)
}

// inPlaces says where a value leaked.
func inPlaces(c *Case) string {
	var where []string
	for _, p := range c.Leaks() {
		where = append(where, p.Path)
	}
	return "in " + list(where)
}

// when says how long ago a provider was asked.
func when(now, asked time.Time) string {
	if asked.IsZero() {
		return "when it was asked, and nobody noted when"
	}
	if now.Sub(asked) < day {
		return "today"
	}
	return ago(now, asked) + " ago"
}
