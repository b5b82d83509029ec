package ibm

import (
	"time"

	"github.com/IBM/platform-services-go-sdk/iamidentityv1"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/secret"
)

// told reads a record. The value that a record may hold is looked at only to
// see whether there is one.
func told(r *iamidentityv1.APIKey, v secret.Value) (key.Key, bool) {
	if r == nil || text(r.ID) == "" || text(r.IamID) == "" || text(r.AccountID) == "" || r.Locked == nil {
		return key.Key{}, false
	}
	clean := func(s *string) string { return provider.Told(v, text(s)) }
	k := key.Key{
		Provider: "ibm", ID: clean(r.ID), Name: clean(r.Name), Description: clean(r.Description), Kind: kind(*r.IamID),
		Owner: key.Party{ID: clean(r.IamID)}, Account: key.Party{ID: clean(r.AccountID)},
		State: key.State{
			Locked: key.Is(*r.Locked), Retrievable: key.Is(text(r.Apikey) != ""), Expiring: key.Is(text(r.ExpiresAt) != ""),
			OnLeak: clean(r.ActionWhenLeaked), Tag: clean(r.EntityTag),
		},
	}
	if r.Disabled != nil {
		k.State.Disabled = key.Is(*r.Disabled)
	}
	if r.CreatedAt != nil {
		k.Dates.Created = time.Time(*r.CreatedAt).UTC()
	}
	if r.ModifiedAt != nil {
		k.Dates.Modified = time.Time(*r.ModifiedAt).UTC()
	}
	k.Dates.Expires, _ = moment(text(r.ExpiresAt))
	if a := r.Activity; a != nil {
		k.Use = used(a)
	}
	return k, true
}

// used reads activity. A time that cannot be read is not "never".
func used(a *iamidentityv1.Activity) key.Use {
	last, ok := moment(text(a.LastAuthn))
	use := key.Use{Known: ok, Last: last}
	if a.AuthnCount != nil {
		use.Count = *a.AuthnCount
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

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
