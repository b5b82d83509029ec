package hygiene

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/source"
)

// Case is one key with everything that is known of it: a key of the lists, the
// places where it was found, or both.
type Case struct {
	Provider string
	// Entry is the key of the lists; nil for a value that is on none, or of which
	// nobody told which key it is.
	Entry *inventory.Entry
	// Perhaps is a key of the lists that it may be, by its owner and time.
	Perhaps *inventory.Entry
	// Standing and Why say how the value stands to the lists; "" for a key that
	// was found nowhere.
	Standing inventory.Standing
	Why      string
	Basis    inventory.Basis
	// Fingerprints are those of its values that were found.
	Fingerprints []secret.Fingerprint
	Places       []Place
	// Check is what asking the provider came to, nil if nobody asked.
	Check *finding.Check
}

// Place is where a value stands.
type Place struct {
	// Finding is the id of the finding.
	Finding    string `json:"finding"`
	Rule       string `json:"rule"`
	Repository string `json:"repository,omitempty"`
	// Directory is the name of the one in which a repository was searched that
	// has no better name than its first commit.
	Directory string `json:"directory,omitempty"`
	Path      string `json:"path"`
	Line      int    `json:"line,omitempty"`
	// Kind is what sort of place it is, Stored whether keys belong there.
	Kind   source.Place  `json:"kind"`
	Stored bool          `json:"stored"`
	Access source.Access `json:"access,omitzero"`
	// Since is when it came there at the latest, by the history's word; By is who
	// brought it, Commit with which commit.
	Since  time.Time `json:"since,omitzero"`
	By     string    `json:"by,omitempty"`
	Commit string    `json:"commit,omitempty"`
}

// Leaked reports whether a value should not be there: neither in a store, whose
// mode is a matter of its own, nor in a variable.
func (p Place) Leaked() bool {
	return !p.Stored && !p.Access.Store && p.Kind != source.UserEnvironment && p.Kind != source.SystemEnvironment
}

// Cases joins what was found to the keys of the lists. Fingerprints are under
// the salt of that name.
func Cases(inv inventory.Inventory, found []finding.Finding, salt string) []*Case {
	byEntry := map[*inventory.Entry]*Case{}
	var all []*Case
	for _, e := range inv.Entries {
		c := &Case{Provider: e.Key.Provider, Entry: e}
		byEntry[e] = c
		all = append(all, c)
	}
	for _, group := range byFingerprint(found) {
		m := inv.Match(sightingOf(group, salt))
		c := byEntry[m.Entry]
		if c == nil || m.Standing != inventory.Listed {
			c = &Case{Provider: group[0].Rule.Provider, Perhaps: m.Entry}
			all = append(all, c)
		}
		c.Standing, c.Why, c.Basis = m.Standing, m.Why, m.Basis
		c.add(group)
	}
	return all
}

// add puts the findings of one value into a case.
func (c *Case) add(group []finding.Finding) {
	c.Fingerprints = append(c.Fingerprints, group[0].Fingerprint)
	for _, f := range group {
		c.Places = append(c.Places, placeOf(f))
		if f.Check != nil && surer(f.Check, c.Check) {
			c.Check = f.Check
		}
	}
}

// surer reports whether a check says more than another: a yes more than a no,
// any answer more than none, and the newer one of two that say the same.
func surer(a, b *finding.Check) bool {
	if b == nil {
		return true
	}
	weight := map[key.Status]int{key.Active: 2, key.Inactive: 1}
	return cmp.Or(
		cmp.Compare(weight[a.Verdict.Status], weight[b.Verdict.Status]),
		a.Verdict.Evidence.Asked.Compare(b.Verdict.Evidence.Asked),
	) > 0
}

// byFingerprint groups findings of one value, in the order of the first one.
func byFingerprint(found []finding.Finding) [][]finding.Finding {
	var groups [][]finding.Finding
	index := map[secret.Fingerprint]int{}
	for _, f := range found {
		i, ok := index[f.Fingerprint]
		if !ok {
			i = len(groups)
			index[f.Fingerprint] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], f)
	}
	return groups
}

func sightingOf(group []finding.Finding, salt string) inventory.Sighting {
	s := inventory.Sighting{Provider: group[0].Rule.Provider, Fingerprint: group[0].Fingerprint, Salt: salt}
	for _, f := range group {
		if told := f.Check.Key(); told.ID != "" || s.Told.ID == "" && told.Name != "" {
			s.Told = told
		}
		for _, o := range f.Occurrences {
			if o.Git == nil || o.Git.Date.IsZero() {
				continue
			}
			if s.Since.IsZero() || o.Git.Date.Before(s.Since) {
				s.Since, s.By = o.Git.Date, []string{o.Git.Email, o.Git.Author}
			}
		}
	}
	s.By = slices.DeleteFunc(s.By, func(who string) bool { return who == "" })
	return s
}

func placeOf(f finding.Finding) Place {
	first := f.Occurrences[0]
	p := Place{
		Finding: f.ID, Rule: f.Rule.ID, Repository: f.Repository, Path: f.Path,
		Line: first.Location.Line, Kind: first.Place, Stored: f.Stored, Access: first.Access,
	}
	for _, o := range f.Occurrences {
		if o.Git != nil && !o.Git.Date.IsZero() && (p.Since.IsZero() || o.Git.Date.Before(p.Since)) {
			p.Since, p.By, p.Commit = o.Git.Date, cmp.Or(o.Git.Email, o.Git.Author), o.Git.Commit
		}
	}
	return p
}

// Key is the record of the key, as far as there is one: that of the lists, else
// what the provider told of the value.
func (c *Case) Key() key.Key {
	if c.Entry != nil {
		return c.Entry.Key
	}
	k := c.Check.Key()
	k.Provider = c.Provider
	return k
}

// Handle is how people name the key: its id, its name, or its fingerprint.
func (c *Case) Handle() string {
	k := c.Key()
	if name := cmp.Or(k.ID, k.Name); name != "" || len(c.Fingerprints) == 0 {
		return name
	}
	return string(c.Fingerprints[0])
}

// Called is the name for people.
func (c *Case) Called() string {
	k := c.Key()
	switch {
	case k.Name != "":
		return k.Name
	case k.ID != "":
		return k.ID
	case len(c.Fingerprints) > 0:
		return "fingerprint " + string(c.Fingerprints[0][:min(8, len(c.Fingerprints[0]))])
	}
	return "a key without a name"
}

// Status is what the provider last said of the value, and when; unknown and the
// zero time if nobody asked or no answer came.
func (c *Case) Status() (key.Status, time.Time) {
	if c.Check == nil || c.Check.Verdict.Status == "" {
		return key.Unknown, time.Time{}
	}
	return c.Check.Verdict.Status, c.Check.Verdict.Evidence.Asked
}

// Leaks are the places where the value should not be.
func (c *Case) Leaks() []Place {
	var leaks []Place
	for _, p := range c.Places {
		if p.Leaked() {
			leaks = append(leaks, p)
		}
	}
	return leaks
}

// leakedSince is when the value leaked at the latest, by the history's word;
// zero if no history tells.
func (c *Case) leakedSince() time.Time {
	var first time.Time
	for _, p := range c.Leaks() {
		if !p.Since.IsZero() && (first.IsZero() || p.Since.Before(first)) {
			first = p.Since
		}
	}
	return first
}

// alive reports whether the key is on a list, and neither disabled nor expired.
func (c *Case) alive(now time.Time) bool {
	if c.Entry == nil || c.Entry.Key.State.Disabled == key.Yes {
		return false
	}
	expires := c.Entry.Key.Dates.Expires
	return expires.IsZero() || expires.After(now)
}

// owner is whose key it is, in the word that says most.
func owner(p key.Party) string { return cmp.Or(p.Name, p.Email, p.ID) }

// same reports whether two names or addresses are those of one person.
func same(p key.Party, who string) bool {
	return slices.ContainsFunc([]string{p.ID, p.Name, p.Email}, func(name string) bool {
		return name != "" && strings.EqualFold(name, who)
	})
}
