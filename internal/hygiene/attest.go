package hygiene

import (
	"fmt"
	"slices"
	"time"

	"github.com/qleaks/qleaks/internal/inventory"
)

// Duty is something that no API tells, so that a person has to look.
type Duty struct {
	ID string
	// Question is what to look for; yes is how it should be.
	Question string
	// Where is where to look.
	Where string
	// Only names the provider whose accounts have it, "" for every one.
	Only string
}

// Duties returns all of them, in the order of reports.
func Duties() []Duty {
	return []Duty{
		{ID: "mfa", Question: "Is multi-factor authentication on for everybody?", Where: "the account's security settings"},
		{ID: "sso", Question: "Is single sign-on in use, or not wanted?", Where: "the organisation's settings"},
		{ID: "logout", Question: "Is the automatic logout after 30 minutes on?", Where: "the account settings", Only: "ionq"},
		{ID: "owners", Question: "Are those who own the organisation the ones who should, and more than one?", Where: "the list of members"},
		{ID: "invitations", Question: "Is every pending invitation one that somebody expects?", Where: "the list of members"},
		{ID: "members", Question: "Is everybody who left no longer a member?", Where: "the list of members"},
	}
}

// Attestation is what somebody saw, and when.
type Attestation struct {
	Duty     string `json:"duty"`
	Account  string `json:"account"`
	Provider string `json:"provider,omitempty"`
	// Yes says that it is as it should be.
	Yes bool      `json:"yes"`
	By  string    `json:"by"`
	At  time.Time `json:"at"`
	// Gone are people who have left, by name, address or id.
	Gone []string `json:"gone,omitempty"`
	Note string   `json:"note,omitempty"`
}

// about reports whether an attestation is about the account of a key.
func (a Attestation) about(e *inventory.Entry) bool { return slices.Contains(e.Accounts, a.Account) }

// attestationsDue looks for the newest attestation of each duty.
func attestationsDue(k *Known) []Lapse {
	var lapses []Lapse
	for _, l := range k.newest() {
		var never []string
		for _, d := range Duties() {
			if d.Only != "" && d.Only != l.Account.Provider {
				continue
			}
			last, ok := k.attested(d.ID, l.Account.Name)
			switch {
			case !ok:
				never = append(never, d.ID)
			case !last.Yes:
				lapses = append(lapses, Lapse{Severity: High, Said: fmt.Sprintf("%s: not as it should be, as %s saw on %s", d.ID, last.By, date(last.At)), Subject: accountOf(l)})
			case k.Now.Sub(last.At) >= k.Limits.Attested:
				lapses = append(lapses, Lapse{Said: fmt.Sprintf("%s: %s looked on %s, %s ago", d.ID, last.By, date(last.At), ago(k.Now, last.At)), Subject: accountOf(l)})
			}
		}
		if len(never) > 0 {
			lapses = append(lapses, Lapse{Said: "never attested: " + list(never), Subject: accountOf(l)})
		}
	}
	return lapses
}

// attested is the newest attestation of a duty.
func (k *Known) attested(duty, account string) (Attestation, bool) {
	var newest Attestation
	for _, a := range k.Attested {
		if a.Duty == duty && a.Account == account && a.At.After(newest.At) {
			newest = a
		}
	}
	return newest, !newest.At.IsZero()
}
