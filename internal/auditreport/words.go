package auditreport

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/hygiene"
	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/scanner/source"
)

const unknown = "unknown"

func day(t time.Time) string {
	if t.IsZero() {
		return unknown
	}
	return t.UTC().Format("2006-01-02")
}

func instant(t time.Time) string {
	if t = t.UTC(); t.IsZero() || t.Year() > 9999 || t.Year() < 0 {
		return ""
	}
	return t.Format(time.RFC3339)
}

// used says when a key was last used, as far as that is known.
func used(c *hygiene.Case) string {
	switch u := c.Key().Use; {
	case c.Entry == nil || !u.Known:
		return unknown
	case !u.Last.IsZero():
		return day(u.Last)
	case !u.After.IsZero():
		return "after " + day(u.After)
	}
	return "never"
}

// status says what the provider last said of a value, and when.
func status(c *hygiene.Case) string {
	said, asked := c.Status()
	switch {
	case c.Entry != nil && c.Entry.Key.State.Disabled == key.Yes:
		return "disabled"
	case said == key.Unknown && c.Check == nil:
		return "not asked"
	case asked.IsZero():
		return string(said)
	}
	return string(said) + " on " + day(asked)
}

// placeWords says what sort of place one is.
func placeWords(p hygiene.Place) string {
	switch {
	case p.Kind == source.SystemEnvironment:
		return "a variable of the computer"
	case p.Kind == source.UserEnvironment:
		return "a variable"
	case p.Leaked():
		return "leaked"
	case p.Access.Exposed():
		return "kept, and others can read it"
	}
	return "kept"
}

// spot is a place as editors open it.
func spot(p hygiene.Place) string {
	if p.Line == 0 {
		return p.Path
	}
	return p.Path + ":" + strconv.Itoa(p.Line)
}

// A repository without a remote is known by its first commit.
const (
	rootOf  = "root:"
	shortID = 7
)

// where is the repository of a place, or what stands for one.
func where(p hygiene.Place) string {
	switch {
	case strings.HasPrefix(p.Repository, rootOf):
		id := p.Repository[:min(len(p.Repository), len(rootOf)+shortID)]
		if p.Directory != "" {
			return "repository " + p.Directory + " (" + id + ")"
		}
		return "repository " + id
	case p.Repository != "":
		return p.Repository
	case p.Kind == source.SystemEnvironment, p.Kind == source.UserEnvironment, len(p.Path) > 1 && p.Path[:2] == "~/":
		return "this computer"
	}
	return "files"
}

// standing says how a key stands to the lists.
func standing(c *hygiene.Case) string {
	switch {
	case c.Entry != nil && c.Basis == inventory.ByName:
		return "on the list, by its name"
	case c.Entry != nil:
		return "on the list"
	case c.Perhaps != nil:
		perhaps := hygiene.Case{Provider: c.Provider, Entry: c.Perhaps}
		return "perhaps " + perhaps.Called() + ": " + c.Why
	case c.Standing == inventory.Unlisted:
		return "on no list: " + c.Why
	}
	return c.Why
}

func listWords(l inventory.Snapshot, keys int) string {
	words := fmt.Sprintf("%s, true on %s, by %s", count(keys, "key", "keys"), day(l.AsOf), l.Origin.Way)
	if !l.Whole {
		return words + ", not whole"
	}
	return words
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// sentence begins a title of ours as a sentence does.
func sentence(title string) string {
	if title == "" {
		return ""
	}
	return strings.ToUpper(title[:1]) + title[1:]
}

// severityWords says how soon.
func severityWords(s hygiene.Severity) string {
	switch s {
	case hygiene.Critical:
		return "Critical: do it now"
	case hygiene.High:
		return "High: do it today"
	case hygiene.Medium:
		return "Medium: do it this month"
	case hygiene.Low:
	}
	return "Low: when there is time"
}

// byAccount groups cases by the account that lists them, in their order; those
// on no list come last, under "".
func byAccount(cases []*hygiene.Case) (names []string, groups map[string][]*hygiene.Case) {
	groups = map[string][]*hygiene.Case{}
	for _, c := range cases {
		name := ""
		if c.Entry != nil {
			name = c.Provider + " · " + c.Entry.Accounts[0]
		}
		if groups[name] == nil && name != "" {
			names = append(names, name)
		}
		groups[name] = append(groups[name], c)
	}
	if groups[""] != nil {
		names = append(names, "")
	}
	return names, groups
}

// sighting is a place with the key that stands there.
type sighting struct {
	place hygiene.Place
	held  *hygiene.Case
}

// byPlace turns the table around: the places, by where they are, with their keys.
func byPlace(cases []*hygiene.Case) (names []string, groups map[string][]sighting) {
	groups = map[string][]sighting{}
	for _, c := range cases {
		for _, p := range c.Places {
			name := where(p)
			if groups[name] == nil {
				names = append(names, name)
			}
			groups[name] = append(groups[name], sighting{p, c})
		}
	}
	slices.Sort(names)
	for _, g := range groups {
		slices.SortStableFunc(g, func(a, b sighting) int { return compareSpots(a.place, b.place) })
	}
	return names, groups
}
