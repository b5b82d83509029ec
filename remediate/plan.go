package remediate

import (
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/secret"
)

// planSchema names the form of a Plan.
const planSchema = "qleaks.plan/1"

// Plan is what is to be done about keys, and why. It holds no material. What
// the same facts make is the same plan, byte for byte.
type Plan struct {
	Schema string    `json:"schema"`
	Made   time.Time `json:"made"`
	// Requester is who asked for the plan; nobody approves a plan of their own.
	Requester string `json:"requester"`
	Rows      []Row  `json:"rows"`
	// Left are the keys that were looked at, and of which nothing is planned.
	Left []Left `json:"left,omitempty"`
	// Gaps are what is not known and could change the plan, in clauses.
	Gaps []string `json:"gaps,omitempty"`
}

// Row is what is to be done about one key.
type Row struct {
	// ID names the rotation, and is part of the new key's name. It is a ULID: the
	// plan's time, then what the key's identity makes of it.
	ID     string   `json:"id"`
	Key    Target   `json:"key"`
	Reason Reason   `json:"reason"`
	Why    []string `json:"why"`
	// Exposure is how far the value came.
	Exposure Exposure `json:"exposure"`
	Order    Order    `json:"order"`
	// OrderWhy says in one clause why this order.
	OrderWhy string   `json:"orderWhy"`
	Running  Running  `json:"running,omitzero"`
	Steps    []Step   `json:"steps"`
	Stores   []string `json:"stores,omitempty"`
	Remarks
	// Approval says that a second person must sign the plan.
	Approval bool `json:"approval,omitempty"`
}

// Remarks are what people should know beside the steps.
type Remarks struct {
	// Unknown is what is not known of this key and should be, in clauses.
	Unknown []string `json:"unknown,omitempty"`
	// After is what is left to people when everything is done, in sentences.
	After []string `json:"after,omitempty"`
	// Alerts are those of GitHub that are closed at the end: HOST/OWNER/NAME#NUMBER.
	Alerts []string `json:"alerts,omitempty"`
}

// Target is the key that a row is about, bound so that no other can be meant:
// by provider, account and id, and by the fingerprint of a value of which the
// provider said that it is this key's.
type Target struct {
	Provider string `json:"provider"`
	// Account is the operator's name for the account.
	Account string    `json:"account"`
	ID      string    `json:"id,omitempty"`
	Name    string    `json:"name,omitempty"`
	Kind    string    `json:"kind,omitempty"`
	Owner   key.Party `json:"owner,omitzero"`
	Project key.Party `json:"project,omitzero"`
	// Fingerprint is that of the value, under the salt of that name; "" where
	// nobody has seen the value.
	Fingerprint secret.Fingerprint `json:"fingerprint,omitempty"`
	Salt        string             `json:"salt,omitempty"`
	Facts       Facts              `json:"facts"`
}

// Facts are what a plan was made of: if they have changed, it is not carried
// out.
type Facts struct {
	// AsOf is when they were true.
	AsOf   time.Time  `json:"asOf"`
	Status key.Status `json:"status"`
	// Asked is when the provider last said so of the value; zero if never.
	Asked time.Time `json:"asked,omitzero"`
	// AccountID is the provider's id of the account.
	AccountID string `json:"accountId,omitempty"`
	// Tag is the record's entity tag, where the provider has one.
	Tag      string    `json:"tag,omitempty"`
	Disabled key.Trait `json:"disabled,omitempty"`
	Locked   key.Trait `json:"locked,omitempty"`
	Use      key.Use   `json:"use,omitzero"`
	Created  time.Time `json:"created,omitzero"`
	// Keys is how many keys the account has, Slots how many its owner may still
	// make; -1 is not known.
	Keys  int `json:"keys"`
	Slots int `json:"slots"`
}

// Reason is why something is done about a key.
type Reason string

// The reasons, the most urgent first.
const (
	Leaked Reason = "leaked"
	Unused Reason = "unused"
	TooOld Reason = "too old"
	Asked  Reason = "asked for"
)

// Exposure is how far a value came.
type Exposure struct {
	Reach Reach `json:"reach"`
	// Since is when others could see it first, at the latest.
	Since time.Time `json:"since,omitzero"`
	// Places are where it stands, at most MaxPlaces; MorePlaces counts the rest.
	Places     []string `json:"places,omitempty"`
	MorePlaces int      `json:"morePlaces,omitempty"`
}

// MaxPlaces is how many places a plan names.
const MaxPlaces = 10

// Reach is who can see a value.
type Reach string

// The reaches: everybody, whoever has access to a repository, nobody but who
// uses this machine, and nobody knows.
const (
	Public  Reach = "public"
	Private Reach = "private"
	Local   Reach = "local"
	Unclear Reach = "unclear"
	Nowhere Reach = "nowhere"
)

// Order is in which order a key dies and its successor comes.
type Order string

// The orders: the new key first; the old one first; the new one first, but the
// old one dies at a deadline whatever happens; and no new key at all.
const (
	MakeFirst   Order = "make first"
	BreakFirst  Order = "break first"
	FastOverlap Order = "fast overlap"
	RevokeOnly  Order = "revoke only"
)

// Running is what runs where the key works. No provider tells which key a job
// came with.
type Running struct {
	// Asked says that the provider was asked; without it, that nothing runs says
	// nothing.
	Asked    bool               `json:"asked"`
	Jobs     []provider.Job     `json:"jobs,omitempty"`
	Sessions []provider.Session `json:"sessions,omitempty"`
	// Cancel are the ids of the jobs that are to be cancelled.
	Cancel []string `json:"cancel,omitempty"`
}

// Step is one thing that is done.
type Step struct {
	Do Action `json:"do"`
	By Hands  `json:"by"`
	// Store is the one that the step is about.
	Store string `json:"store,omitempty"`
	// Wait is for how long something is waited for, at least.
	Wait Span `json:"wait,omitempty"`
	// Text says to people what happens.
	Text string `json:"text"`
	// Forever says that it cannot be undone.
	Forever bool `json:"forever,omitempty"`
}

// Left is a key of which nothing is planned.
type Left struct {
	Provider string `json:"provider"`
	// Key is how people name it: its id, its name, or a fingerprint.
	Key string `json:"key"`
	Why string `json:"why"`
}

// Hands are who carries out a step.
type Hands string

// The hands, in the order in which they are taken: the provider's API, the
// driver of its console, a program of the operator's, and a person who is
// guided. Own is qleaks itself, on this machine and in the stores.
const (
	ByAPI     Hands = "api"
	ByConsole Hands = "console"
	ByCommand Hands = "command"
	ByPerson  Hands = "person"
	ByOwn     Hands = "qleaks"
)

// Span is a time to wait. As text it is a duration of Go: "1h0m0s".
type Span time.Duration

// MarshalText implements encoding.TextMarshaler.
func (s Span) MarshalText() ([]byte, error) { return []byte(time.Duration(s).String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Span) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	*s = Span(d)
	return err
}

// Called is how people call the key.
func (t Target) Called() string {
	name := t.Name
	if name == "" {
		name = t.ID
	}
	if name == "" && t.Fingerprint != "" {
		name = "fingerprint " + string(t.Fingerprint[:min(8, len(t.Fingerprint))])
	}
	if name == "" {
		name = "a key without a name"
	}
	return t.Provider + "/" + name
}

// NewName is what the successor of a row's key is called.
func (r Row) NewName() string {
	logical := r.Key.Name
	if logical == "" {
		logical = r.Key.Provider
	}
	return logicalName(logical) + nameMark + r.ID
}

// nameMark stands between the logical name of a key and the id of the rotation
// that made it.
const nameMark = "--qleaks-"
