// Package inventory keeps the lists of keys that providers' accounts hold: each
// with the time when it was true, where it came from, and whether it is whole.
// It puts several accounts together, tells what changed between two lists, and
// joins keys that were found somewhere to the keys of the lists.
//
// It holds no key material: a key is its id, its record, and fingerprints of
// its value where those are known.
package inventory

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/expression"
	"github.com/qleaks/qleaks/internal/key"
)

// Account is one account or organisation at a provider, as the operator calls
// it.
type Account struct {
	// Name is the operator's: the NAME of [accounts.NAME]. It names the account
	// on this machine; see CheckName.
	Name     string `json:"name"`
	Provider string `json:"provider"`
	// ID is the provider's own, where it is known.
	ID string `json:"id,omitempty"`
}

// Snapshot is the keys of one account as they were at one time.
type Snapshot struct {
	Account Account `json:"account"`
	// AsOf is when the list was true: for a reading that took a while, its
	// beginning. Taken is when qleaks got it.
	AsOf   time.Time `json:"asOf"`
	Taken  time.Time `json:"taken"`
	Origin Origin    `json:"origin"`
	Extent Extent    `json:"extent"`
	// Whole says that no key of the extent is missing; if it is false, Gaps say
	// why, in clauses for people.
	Whole bool      `json:"whole"`
	Gaps  []string  `json:"gaps,omitempty"`
	Keys  []key.Key `json:"keys"`
}

// Origin is where a list came from.
type Origin struct {
	Way Way `json:"way"`
	// Name is the file or the program, without its directory.
	Name string `json:"name,omitempty"`
}

// Way is how a list was got.
type Way string

// The ways: asked of the provider, read from a file or a copied page, read by a
// driver of the provider's console, or told by a program of the operator's.
const (
	ByAPI     Way = "api"
	ByImport  Way = "import"
	ByConsole Way = "console"
	ByCommand Way = "command"
)

// Extent is whose keys a list is about; what nobody told is neither yes nor no.
type Extent struct {
	// Everybody is yes for the whole account, no for the keys of one person.
	Everybody key.Trait `json:"everybody,omitempty"`
	// Services is yes where keys of service IDs are among them.
	Services key.Trait `json:"services,omitempty"`
}

// includes reports whether an extent is at least as wide as another.
func (e Extent) includes(other Extent) bool {
	wider := func(a, b key.Trait) bool { return a == key.Yes || a == b }
	return wider(e.Everybody, other.Everybody) && wider(e.Services, other.Services)
}

var accountName = expression.Lazy(`^[a-z0-9][a-z0-9-]{0,62}$`)

var errName = errors.New("a name of an account is up to 63 of a-z, 0-9 and \"-\", and begins with a letter or a digit")

// CheckName says what is wrong with an account's name. Names are directories
// on every system, so they are lower case.
func CheckName(name string) error {
	if !accountName().MatchString(name) {
		return errName
	}
	return nil
}

// Validate says what is wrong with a snapshot.
func (s *Snapshot) Validate() error {
	if err := CheckName(s.Account.Name); err != nil {
		return err
	}
	switch {
	case s.Account.Provider == "":
		return errors.New("a list of keys is of some provider")
	case s.AsOf.IsZero() || s.Taken.IsZero():
		return errors.New("a list of keys is of some time")
	case !slices.Contains([]Way{ByAPI, ByImport, ByConsole, ByCommand}, s.Origin.Way):
		return fmt.Errorf("a list of keys comes from somewhere, not from %q", s.Origin.Way)
	case s.Whole && len(s.Gaps) > 0, !s.Whole && len(s.Gaps) == 0:
		return errors.New("a list of keys is whole, or says why it is not")
	}
	seen := map[string]bool{}
	for i, k := range s.Keys {
		switch {
		case k.Provider != s.Account.Provider:
			return fmt.Errorf("key number %d is of another provider than its list", i+1)
		case k.ID == "" && k.Name == "":
			return fmt.Errorf("key number %d has neither id nor name", i+1)
		case k.ID != "" && seen[k.ID]:
			return fmt.Errorf("key number %d has the id of one before it", i+1)
		case HoldsMaterial(k):
			return fmt.Errorf("key number %d: %w", i+1, ErrMaterial)
		}
		seen[k.ID] = true
	}
	return nil
}

// Sort puts the keys into the order of lists: oldest first, then by id and
// name.
func Sort(keys []key.Key) {
	slices.SortStableFunc(keys, func(a, b key.Key) int {
		if order := a.Dates.Created.Compare(b.Dates.Created); order != 0 {
			return order
		}
		if order := strings.Compare(a.ID, b.ID); order != 0 {
			return order
		}
		return strings.Compare(a.Name, b.Name)
	})
}
