package key

import "time"

// Key is what a provider, a console page or a person says of one key. A field
// that nobody told is zero; what would read differently when it is zero because
// nobody told and when it is zero in truth says which (see Use and Trait).
type Key struct {
	// Provider, Account.ID and ID together name a key.
	Provider string `json:"provider"`
	ID       string `json:"id"`
	// Name is what people call it: not unique, and of their choosing.
	Name        string `json:"name,omitempty"`
	Description string `json:"description,omitempty"`
	// Kind is the provider's word for whose key it is: "user", "serviceid".
	Kind    string `json:"kind,omitempty"`
	Owner   Party  `json:"owner,omitzero"`
	Account Party  `json:"account,omitzero"`
	Project Party  `json:"project,omitzero"`
	Dates   Dates  `json:"dates,omitzero"`
	Use     Use    `json:"use,omitzero"`
	State   State  `json:"state,omitzero"`
	// Roles are roles, scopes and permissions, sorted.
	Roles []string `json:"roles,omitempty"`
}

// Party is somebody or something that a key belongs to.
type Party struct {
	ID    string `json:"id,omitempty"`
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"`
}

// Dates are when things happened or will happen to a key; zero is untold, and
// for Expires also "never" where the provider has expiry and set none.
type Dates struct {
	Created  time.Time `json:"created,omitzero"`
	Modified time.Time `json:"modified,omitzero"`
	Expires  time.Time `json:"expires,omitzero"`
}

// Use is when a key was last used. Not knowing that is not the same as "never":
// a Use that is not Known says nothing, a Known one without Last and After says that
// the key was never used.
type Use struct {
	Known bool      `json:"known"`
	Last  time.Time `json:"last,omitzero"`
	// After is told instead of Last where all that is known is that the key was
	// used at some time later than this.
	After time.Time `json:"after,omitzero"`
	// Count is how often, where the provider counts.
	Count int64 `json:"count,omitempty"`
}

// State is what a key can do at the moment, and how it is kept.
type State struct {
	Disabled Trait `json:"disabled,omitempty"`
	// Locked keys cannot be changed or deleted before they are unlocked.
	Locked Trait `json:"locked,omitempty"`
	// Retrievable: the provider keeps the value and gives it out again.
	Retrievable Trait `json:"retrievable,omitempty"`
	// Expiring says whether the key has an expiry at all.
	Expiring Trait `json:"expiring,omitempty"`
	// OnLeak is what the provider itself does when it finds the key in public.
	OnLeak string `json:"onLeak,omitempty"`
	// Tag changes whenever the record changes.
	Tag string `json:"tag,omitempty"`
}

// Trait is yes, no, or untold.
type Trait string

// What is known of a trait; the zero Trait is untold.
const (
	Untold Trait = ""
	Yes    Trait = "yes"
	No     Trait = "no"
)

// Is returns the Trait of something that was told.
func Is(told bool) Trait {
	if told {
		return Yes
	}
	return No
}

// Description is what can be found out about one key beyond its record.
type Description struct {
	Key   Key   `json:"key"`
	Reach Reach `json:"reach,omitzero"`
}

// Reach is what a key can get at, and cost.
type Reach struct {
	Organisation Party      `json:"organisation,omitzero"`
	Balances     []Amount   `json:"balances,omitempty"`
	Instances    []Instance `json:"instances,omitempty"`
	Spent        []Amount   `json:"spent,omitempty"`
	// Since is from when on Spent and Jobs count.
	Since time.Time `json:"since,omitzero"`
	Jobs  int64     `json:"jobs,omitempty"`
	// Untold says what could not be found out, and why.
	Untold []string `json:"untold,omitempty"`
}

// Amount is so much of something: money, credits, seconds.
type Amount struct {
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
}

// Instance is a service instance that a key can use.
type Instance struct {
	ID       string   `json:"id"`
	Name     string   `json:"name,omitempty"`
	Region   string   `json:"region,omitempty"`
	Plan     string   `json:"plan,omitempty"`
	Backends []string `json:"backends,omitempty"`
	// Remaining is what is left of its allowance, where it has one.
	Remaining *Amount `json:"remaining,omitempty"`
}
