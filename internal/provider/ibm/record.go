package ibm

import (
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/secret"
)

// record is what the identity service tells of a key, as far as it matters here.
type record struct {
	ID          string    `json:"id"`
	Tag         string    `json:"entity_tag"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	Owner       string    `json:"iam_id"`
	Account     string    `json:"account_id"`
	Value       string    `json:"apikey"`
	OnLeak      string    `json:"action_when_leaked"`
	Locked      *bool     `json:"locked"`
	Disabled    *bool     `json:"disabled"`
	Activity    *activity `json:"activity"`
	dates
}

// dates are those of a record, as it writes them.
type dates struct {
	Created  string `json:"created_at"`
	Modified string `json:"modified_at"`
	Expires  string `json:"expires_at"`
}

// recordMembers are those that every record has.
func recordMembers() []string { return []string{"id", "iam_id", "account_id", "locked"} }

// activity is when a key logged in, and how often.
type activity struct {
	Last  string `json:"last_authn"`
	Count *int64 `json:"authn_count"`
}

// told reads a record. The value that a record may hold is looked at only to
// see whether there is one.
func told(r *record, v secret.Value) (key.Key, bool) {
	if r.ID == "" || r.Owner == "" || r.Account == "" || r.Locked == nil {
		return key.Key{}, false
	}
	clean := func(text string) string { return provider.Told(v, text) }
	k := key.Key{
		Provider: "ibm", ID: clean(r.ID), Name: clean(r.Name), Description: clean(r.Description), Kind: kind(r.Owner),
		Owner: key.Party{ID: clean(r.Owner)}, Account: key.Party{ID: clean(r.Account)},
		State: key.State{
			Locked: key.Is(*r.Locked), Retrievable: key.Is(r.Value != ""), Expiring: key.Is(r.Expires != ""),
			OnLeak: clean(r.OnLeak), Tag: clean(r.Tag),
		},
	}
	if r.Disabled != nil {
		k.State.Disabled = key.Is(*r.Disabled)
	}
	var created, modified bool
	k.Dates.Created, created = moment(r.Created)
	k.Dates.Modified, modified = moment(r.Modified)
	k.Dates.Expires, _ = moment(r.Expires)
	if a := r.Activity; a != nil {
		k.Use = used(a)
	}
	return k, created && modified
}

// used reads activity. A time that cannot be read is not "never".
func used(a *activity) key.Use {
	last, ok := moment(a.Last)
	use := key.Use{Known: ok, Last: last}
	if a.Count != nil {
		use.Count = *a.Count
		use.Known = use.Known && (use.Count == 0 || !last.IsZero())
	}
	return use
}

// moment reads a time as the identity service writes it; no text is no time.
func moment(text string) (time.Time, bool) {
	if text == "" {
		return time.Time{}, true
	}
	for _, layout := range []string{"2006-01-02T15:04-0700", "2006-01-02T15:04Z07:00", time.RFC3339Nano, "2006-01-02T15:04:05-0700", "2006-01-02T15:04:05.000-0700"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}
