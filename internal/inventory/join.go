package inventory

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/secret"
)

// Sighting is a key that was found somewhere, with what is known of it.
type Sighting struct {
	Provider    string
	Fingerprint secret.Fingerprint
	// Salt names the salt of the fingerprint, as Fingerprinter.Salt does.
	Salt string
	// Told is what the provider told of the value itself (the Key of a Verdict
	// or a Description); the zero Key if it was not asked or did not tell.
	Told key.Key
	// By is who put it there, as a name or an e-mail address, and Since when at
	// the latest; both for guessing only.
	By    []string
	Since time.Time
}

// Standing says how a sighting stands to the lists.
type Standing string

// The standings. A sighting of which nobody knows which key it is, or whose
// account has no list that would show it, is Unsettled: it is neither on a list
// nor missing from one.
const (
	Listed    Standing = "listed"
	Unlisted  Standing = "unlisted"
	Unsettled Standing = "unsettled"
)

// Basis is by what a sighting was joined to an entry.
type Basis string

// The ways to join, from the surest on: by the id that the provider told of the
// value, by a registered fingerprint, by the name and project that the provider
// told where a list has no ids, and by who used it when.
const (
	ByID          Basis = "id"
	ByFingerprint Basis = "fingerprint"
	ByName        Basis = "name"
	ByGuess       Basis = "guess"
)

// Match is what became of a sighting.
type Match struct {
	Standing Standing
	// Entry is the key of the lists: for Listed the one, for Unsettled a guess
	// if there is one; otherwise nil.
	Entry *Entry
	Basis Basis
	// Why says the standing in one clause, for people.
	Why string
	// Others are entries that a guess could have meant as well.
	Others []*Entry
	// Registration is what is registered of the value; nil if nothing is.
	Registration *Registration
}

// Sure reports whether the entry is the key, without any guessing.
func (m Match) Sure() bool { return m.Entry != nil && (m.Basis == ByID || m.Basis == ByFingerprint) }

// Match joins a sighting to the lists.
func (inv *Inventory) Match(s Sighting) Match {
	var m Match
	told := s.Told
	told.Provider = s.Provider
	for i, r := range inv.Registered {
		if r.Fingerprint == s.Fingerprint && s.Fingerprint != "" && r.Salt == s.Salt && r.Key.Provider == s.Provider {
			m.Registration = &inv.Registered[i]
		}
	}
	switch {
	case told.ID != "":
		return inv.match(m, told, ByID)
	case m.Registration != nil:
		return inv.match(m, m.Registration.Key, ByFingerprint)
	case told.Name != "":
		return inv.match(m, told, ByName)
	}
	m.Standing, m.Why = Unsettled, "nobody told which key it is"
	inv.guess(&m, s)
	return m
}

// match looks for a key whose id, or at least whose name, is known.
func (inv *Inventory) match(m Match, k key.Key, basis Basis) Match {
	if e := inv.byID(k); e != nil {
		m.Standing, m.Entry, m.Basis, m.Why = Listed, e, basis, listedWhy(basis)
		return m
	}
	if e := inv.soleNamed(k); e != nil {
		m.Standing, m.Entry, m.Basis, m.Why = Listed, e, ByName, listedWhy(ByName)
		return m
	}
	m.Standing, m.Why = inv.absence(k)
	return m
}

func listedWhy(b Basis) string {
	switch b {
	case ByID:
		return "the provider told its id"
	case ByFingerprint:
		return "its fingerprint is registered"
	case ByName, ByGuess:
	}
	return "the provider told its name and project, and one key of the list has them"
}

// byID finds the entry of a key with an id.
func (inv *Inventory) byID(k key.Key) *Entry {
	if k.ID == "" {
		return nil
	}
	i := slices.IndexFunc(inv.Entries, func(e *Entry) bool {
		return e.Key.Provider == k.Provider && e.Key.ID == k.ID && agree(e.Key.Account.ID, k.Account.ID)
	})
	if i < 0 {
		return nil
	}
	return inv.Entries[i]
}

// soleNamed finds the one entry without id that has a key's name and, as far
// as both are told, its project and account.
func (inv *Inventory) soleNamed(k key.Key) *Entry {
	var sole *Entry
	for _, e := range inv.Entries {
		if k.Name == "" || e.Key.ID != "" || e.Key.Provider != k.Provider || e.Key.Name != k.Name {
			continue
		}
		if !agree(e.Key.Project.ID, k.Project.ID) || !agree(e.Key.Account.ID, k.Account.ID) {
			continue
		}
		if sole != nil {
			return nil
		}
		sole = e
	}
	return sole
}

// agree reports whether two ids are the same, as far as both are told.
func agree(a, b string) bool { return a == "" || b == "" || a == b }

// absence says what it means that no entry is a key.
func (inv *Inventory) absence(k key.Key) (Standing, string) {
	// By account: whether one of its lists would hold the key. Where the key's
	// account is not known, it could be on the list of any.
	covered := map[string]bool{}
	for i := range inv.Lists {
		list := &inv.Lists[i]
		if list.Account.Provider == k.Provider && agree(list.Account.ID, k.Account.ID) {
			covered[list.Account.Name] = covered[list.Account.Name] || list.speaksFor(k)
		}
	}
	same, namesOnly := 0, false
	for _, e := range inv.Entries {
		if e.Key.Provider != k.Provider || e.Key.ID != "" || !agree(e.Key.Account.ID, k.Account.ID) {
			continue
		}
		namesOnly = true
		if e.Key.Name == k.Name && agree(e.Key.Project.ID, k.Project.ID) {
			same++
		}
	}
	switch {
	case len(covered) == 0:
		return Unsettled, "there is no list of its account"
	case same > 1:
		return Unsettled, "several keys of the list have its name"
	case namesOnly && k.Name == "":
		return Unsettled, "the list tells no ids, and the key's name is not known"
	case slices.Contains(slices.Collect(maps.Values(covered)), false):
		return Unsettled, "no whole list of its account would hold it"
	}
	return Unlisted, "a whole list of its account does not hold it"
}

// speaksFor reports whether a list, whose keys need not be there any more,
// would hold a key that existed when the list was true.
func (s *Snapshot) speaksFor(k key.Key) bool {
	if !s.Whole || k.Kind == "serviceid" && s.Extent.Services != key.Yes {
		return false
	}
	// A key that was made after the list was true cannot be on it.
	return s.Extent.Everybody == key.Yes && !k.Dates.Created.After(s.AsOf)
}

// guess proposes the key of an owner that was made most recently before the
// value was seen. Ids, registrations and names that speak against it rule a key
// out.
func (inv *Inventory) guess(m *Match, s Sighting) {
	var fits []*Entry
	for _, e := range inv.Entries {
		if e.Key.Provider != s.Provider || !isBy(e.Key.Owner, s.By) || hasOtherValue(e, s) {
			continue
		}
		if !s.Since.IsZero() && e.Key.Dates.Created.After(s.Since) {
			continue
		}
		fits = append(fits, e)
	}
	if len(fits) == 0 {
		return
	}
	slices.SortStableFunc(fits, func(a, b *Entry) int {
		return cmp.Or(b.Key.Dates.Created.Compare(a.Key.Dates.Created), strings.Compare(a.Handle(), b.Handle()))
	})
	m.Entry, m.Basis, m.Others = fits[0], ByGuess, fits[1:]
	m.Why = "nobody told which key it is; a guess by its owner and time"
}

func isBy(owner key.Party, by []string) bool {
	for _, who := range by {
		for _, name := range []string{owner.ID, owner.Name, owner.Email} {
			if name != "" && strings.EqualFold(name, who) {
				return true
			}
		}
	}
	return false
}

// hasOtherValue reports whether a key is known to have another value than the
// one that was seen. A key has one value in its life, but where a console gives
// a key a new one under its old name.
func hasOtherValue(e *Entry, s Sighting) bool {
	return slices.ContainsFunc(e.Registered, func(r Registration) bool { return r.Salt == s.Salt && r.Fingerprint != s.Fingerprint })
}

// Unaccounted returns the entries that nobody can account for: no match is
// sure of them or took them by name, and none of their values is registered.
func (inv *Inventory) Unaccounted(matches []Match) []*Entry {
	seen := map[*Entry]bool{}
	for _, m := range matches {
		if m.Standing == Listed {
			seen[m.Entry] = true
		}
	}
	var rest []*Entry
	for _, e := range inv.Entries {
		if !seen[e] && len(e.Registered) == 0 {
			rest = append(rest, e)
		}
	}
	return rest
}
