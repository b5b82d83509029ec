// Package hygiene judges the keys that an organisation has: which lie idle,
// which leaked, which are kept where others can read them, and what nobody
// looked after.
//
// It judges what is known already: lists of keys, findings of scans, verdicts
// with their time, and what people attested. It asks nobody, and no key that
// was found is ever used. What is not known is a lapse of its own or none, and
// never a sign that all is well.
package hygiene

import (
	"time"

	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/scanner/finding"
)

// Known is everything that a judgement rests on.
type Known struct {
	Now   time.Time
	Lists []inventory.Snapshot // without keys, the newest first within an account
	// Cases are the keys, as Cases makes them.
	Cases []*Case
	// Searched is true if places were searched for keys: only then does it mean
	// something that a key was found nowhere.
	Searched bool
	Attested []Attestation
	// Secrets are secrets of GitHub Actions by name; their values cannot be read.
	Secrets []Secret
	// Alerts are those of GitHub's secret scanning, with the findings at their places.
	Alerts []finding.Alert
	Limits Limits
}

// Secret is a stored secret of which only the name and the time are known.
type Secret struct {
	// Where is the repository, organisation or environment, as people call it.
	Where   string    `json:"where,omitempty"`
	Name    string    `json:"name"`
	Updated time.Time `json:"updated"`
	// Provider is the one whose key the name says it holds.
	Provider string `json:"provider"`
	// ForAll says that every repository of an organisation gets it.
	ForAll bool `json:"forAll,omitempty"`
}

// Limits are what an organisation finds too old, too long or too many. A zero
// field has the value of DefaultLimits.
type Limits struct {
	// Unused is how long a key may lie idle.
	Unused time.Duration
	// Age is how old a key may grow.
	Age time.Duration
	// List is how old a list of keys may be.
	List time.Duration
	// Attested is how long an attestation holds.
	Attested time.Duration
	// Secret is how long a stored secret may stay as it is.
	Secret time.Duration
	// Dormant is from when on an account without use is close to being suspended.
	Dormant time.Duration
	// Keys is how many keys one identity can have, and Spare how many of them
	// must be free, so that a rotation has room.
	Keys, Spare int
	// Production are globs for names of keys that must not be changed by
	// accident.
	Production []string
	// Ended are keys whose use should have ended, by id or name.
	Ended map[string]time.Time
	// Consumers are where keys, by id or name, may be used: globs for
	// repositories, paths, and the places that were registered.
	Consumers map[string][]string
}

const day = 24 * time.Hour

// DefaultLimits are what the providers' own pages say.
func DefaultLimits() Limits {
	return Limits{
		Unused: 90 * day, Age: 90 * day, List: 7 * day, Attested: 90 * day, Secret: 90 * day,
		Dormant: 166 * day, Keys: 20, Spare: 2, Production: []string{"*prod*", "*production*"},
	}
}

// filled puts the defaults where nothing is said.
func (l Limits) filled() Limits {
	d := DefaultLimits()
	for _, f := range []struct{ set, or *time.Duration }{
		{&l.Unused, &d.Unused}, {&l.Age, &d.Age}, {&l.List, &d.List}, {&l.Attested, &d.Attested}, {&l.Secret, &d.Secret}, {&l.Dormant, &d.Dormant},
	} {
		if *f.set == 0 {
			*f.set = *f.or
		}
	}
	if l.Keys == 0 {
		l.Keys = d.Keys
	}
	if l.Spare == 0 {
		l.Spare = d.Spare
	}
	if l.Production == nil {
		l.Production = d.Production
	}
	return l
}

// fresh reports whether the newest list of an account is young enough to say
// that a key is gone.
func (k *Known) fresh(provider, account string) bool {
	for i := range k.Lists {
		l := &k.Lists[i]
		if l.Account.Provider == provider && (account == "" || l.Account.ID == account || l.Account.ID == "") &&
			l.Whole && k.Now.Sub(l.AsOf) <= k.Limits.List {
			return true
		}
	}
	return false
}
