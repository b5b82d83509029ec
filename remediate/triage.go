package remediate

import (
	"cmp"
	"slices"
	"time"

	"github.com/qleaks/qleaks/internal/hygiene"
	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/secret"
)

// Triage says whose key it is.
type Triage string

// Whose keys there are. Nothing is done about a key that may be somebody else's.
const (
	Own     Triage = "own"
	Foreign Triage = "foreign"
	Unknown Triage = "unknown"
)

// triage says whose key a case is about, and why not ours, in one clause. A key
// is ours if a list of an account of ours holds it, and it is sure that it is
// that one.
func triage(c *hygiene.Case) (Triage, string) {
	switch {
	case c.Entry != nil && (c.Standing == "" || c.Standing == inventory.Listed):
		return Own, ""
	case c.Standing == inventory.Unlisted:
		return Foreign, "it is on no list of your keys: " + c.Why
	case c.Perhaps != nil:
		return Unknown, "it may be " + cmp.Or(c.Perhaps.Key.Name, c.Perhaps.Key.ID) + ", and nobody told for sure: if it is, say so with qleaks keys register"
	}
	why := "nobody told whose key it is: " + cmp.Or(c.Why, "no list was compared")
	if c.Standing == inventory.Unsettled {
		why += "; if it is yours, say which: qleaks keys register --name NAME"
	}
	return Unknown, why
}

// Acting is a credential that the operator acts with. It is never a target.
type Acting struct {
	Provider    string
	ID          string
	Fingerprint secret.Fingerprint
}

// is reports whether a target is the acting credential.
func (a Acting) is(t Target, fingerprints []secret.Fingerprint) bool {
	if a.Provider != t.Provider {
		return false
	}
	return a.ID != "" && a.ID == t.ID || a.Fingerprint != "" && slices.Contains(fingerprints, a.Fingerprint)
}

// unused reports whether a key has not been used for so long, as of its list;
// why says so in one clause. What is not known does not count.
func unused(e *inventory.Entry, limit time.Duration) (why string, ok bool) {
	u, asOf := e.Key.Use, e.AsOf
	switch {
	case !u.Known || !u.After.IsZero():
		return "", false
	case !u.Last.IsZero():
		return "last used on " + u.Last.UTC().Format(time.DateOnly), asOf.Sub(u.Last) >= limit
	case !e.Key.Dates.Created.IsZero():
		return "made on " + e.Key.Dates.Created.UTC().Format(time.DateOnly) + " and never used", asOf.Sub(e.Key.Dates.Created) >= limit
	}
	return "", false
}

// fresh says why what is known of a key is not enough to end it for being
// unused; "" if it is.
func fresh(e *inventory.Entry, now time.Time, limit time.Duration) string {
	switch {
	case now.Sub(e.AsOf) > limit:
		return "what is known of its use is of " + e.AsOf.UTC().Format(time.RFC3339) + ", which is too old: list the keys anew"
	case e.AsOf.After(now.Add(skew)):
		return "its list is of the future: the clock is wrong somewhere"
	case e.Key.Owner == (key.Party{}):
		return "nobody knows whose it is, and such keys are protected"
	}
	return ""
}

// skew is how far two clocks may differ.
const skew = 5 * time.Minute
