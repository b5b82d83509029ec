package hygiene

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/key"
)

// whereabouts are the policies about how places and lists fit together.
func whereabouts() []Policy {
	return []Policy{
		{
			ID: "not-on-list", Title: "in use, but on no list", Severity: High,
			Reason: "A key that is on no list belongs to somebody else, or to an account that nobody watches.",
			Page:   ibmInactive,
			Advice: "Find out whose it is, and list the keys of that account, too.",
			find:   eachKey(notOnList),
		},
		{
			ID: "unaccounted", Title: "on the list, but nobody knows where it is used", Severity: Low,
			Reason: "A key that nobody can account for cannot be rotated without breaking something, and its leak would not be noticed.",
			Page:   ibmInactive,
			Advice: "Ask its owner where it is used, and search there, too; or revoke it.",
			find:   eachKey(unaccounted),
		},
		{
			ID: "used-unexpectedly", Title: "used when it should not be", Severity: High,
			Reason: "qBraid: look at the last use of your keys regularly, and revoke a key that is used when it should not be.",
			Page:   qbraidKeys,
			Advice: "Look at the jobs of that time (qleaks incident KEY), and revoke the key.",
			find:   eachKey(usedUnexpectedly),
		},
		{
			ID: "shared-key", Title: "one key in several places", Severity: Medium,
			Reason: "A key that several repositories or people use cannot be taken from one of them, and no use of it can be told from another. Keys are free: one for each use.",
			Page:   ionqKeys,
			Advice: "Make a key for each use, and revoke this one.",
			find:   eachKey(shared),
		},
	}
}

func notOnList(_ *Known, c *Case) string {
	if status, _ := c.Status(); c.Standing != inventory.Unlisted || status == key.Inactive || len(c.Places) == 0 {
		return ""
	}
	return fmt.Sprintf("in %s; %s", c.Places[0].Path, c.Why)
}

// unaccounted means something only after places were searched.
func unaccounted(k *Known, c *Case) string {
	if !k.Searched || !c.alive(k.Now) || len(c.Places) > 0 || len(c.Entry.Registered) > 0 {
		return ""
	}
	return "found in none of the places that were searched, and not registered"
}

// usedUnexpectedly needs to know when the use should have ended, or where a key
// may be used.
func usedUnexpectedly(k *Known, c *Case) string {
	if c.Entry == nil {
		return ""
	}
	record := c.Entry.Key
	used := record.Use.Last
	if used.IsZero() {
		used = record.Use.After
	}
	end, ok := k.Limits.Ended[record.ID]
	if !ok {
		end, ok = k.Limits.Ended[record.Name]
	}
	switch {
	case ok && used.After(end):
		return fmt.Sprintf("used on %s, but its use should have ended on %s", date(used), date(end))
	case !record.Dates.Expires.IsZero() && used.After(record.Dates.Expires):
		return fmt.Sprintf("used on %s, after it expired on %s", date(used), date(record.Dates.Expires))
	}
	consumers, ok := k.Limits.Consumers[record.ID]
	if !ok {
		consumers, ok = k.Limits.Consumers[record.Name]
	}
	if strangers := c.strangers(consumers); ok && len(strangers) > 0 {
		return "in " + list(strangers) + ", outside of its known consumers"
	}
	return ""
}

// strangers are the places of a key that are none of its consumers. A leak is
// told by policies of its own.
func (c *Case) strangers(consumers []string) (all []string) {
	for _, p := range c.Places {
		if !p.Leaked() && !anyFits(consumers, p.Repository, p.Path) {
			all = appendNew(all, cmp.Or(p.Repository, p.Path))
		}
	}
	for _, r := range c.Entry.Registered {
		if r.Place != "" && !anyFits(consumers, r.Place) {
			all = appendNew(all, r.Place)
		}
	}
	return all
}

func anyFits(globs []string, words ...string) bool {
	return slices.ContainsFunc(globs, func(glob string) bool {
		return slices.ContainsFunc(words, func(word string) bool {
			fits, err := doublestar.Match(glob, word)
			return err == nil && fits && word != ""
		})
	})
}

// shared counts repositories, and people where there is one repository.
func shared(_ *Known, c *Case) string {
	var repositories, people []string
	for _, p := range c.Places {
		repositories = appendNew(repositories, p.Repository)
		people = appendNew(people, p.By)
	}
	if c.Entry != nil {
		for _, r := range c.Entry.Registered {
			repositories = appendNew(repositories, r.Place)
		}
	}
	switch {
	case len(repositories) > 1:
		return "in " + list(repositories)
	case len(people) > 1:
		return "brought by " + list(people)
	}
	return ""
}

func appendNew(all []string, word string) []string {
	if word == "" || slices.Contains(all, word) {
		return all
	}
	return append(all, word)
}
