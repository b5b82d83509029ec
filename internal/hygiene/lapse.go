package hygiene

import (
	"cmp"
	"slices"
	"strings"
)

// Severity says how soon something must be done about a lapse.
type Severity string

// Severities, worst first.
const (
	Critical Severity = "critical" // now
	High     Severity = "high"     // today
	Medium   Severity = "medium"   // this month
	Low      Severity = "low"      // when there is time
)

// Severities returns all, worst first.
func Severities() []Severity { return []Severity{Critical, High, Medium, Low} }

// AtLeast reports whether a severity is as bad as another, or worse.
func (s Severity) AtLeast(other Severity) bool {
	return slices.Index(Severities(), s) <= slices.Index(Severities(), other)
}

// Policy is one thing that should be so.
type Policy struct {
	ID string
	// Title says what is wrong in a few words.
	Title    string
	Severity Severity
	// Reason is why, from the page, which is the provider's own.
	Reason, Page string
	// Advice is what to do.
	Advice string

	find func(k *Known) []Lapse
}

// Lapse is something that is not as it should be.
type Lapse struct {
	Policy   string
	Severity Severity
	// Said are the facts in one sentence.
	Said string
	// Case is the key that it is about, nil for something else; Place the place,
	// where it is about one.
	Case  *Case
	Place *Place
	// Subject names what it is about, if that is no key: an account, an owner, a
	// list, a secret.
	Subject Subject
}

// Subject is something that is no key.
type Subject struct {
	Kind     string `json:"kind"`
	Provider string `json:"provider,omitempty"`
	Name     string `json:"name"`
}

// Judge returns the lapses, worst first, then in the order of the policies and
// of what they are about.
func Judge(k Known) []Lapse {
	k.Limits = k.Limits.filled()
	var all []Lapse
	for _, p := range Policies() {
		for _, l := range p.find(&k) {
			l.Policy = p.ID
			l.Severity = cmp.Or(l.Severity, p.Severity)
			all = append(all, l)
		}
	}
	slices.SortStableFunc(all, func(a, b Lapse) int {
		return cmp.Compare(slices.Index(Severities(), a.Severity), slices.Index(Severities(), b.Severity))
	})
	return all
}

// Find returns the policy with an id.
func Find(id string) (Policy, bool) {
	all := Policies()
	i := slices.IndexFunc(all, func(p Policy) bool { return p.ID == id })
	if i < 0 {
		return Policy{}, false
	}
	return all[i], true
}

// eachKey is a policy about keys: said returns the facts, or "" where all is
// well or nothing is known.
func eachKey(said func(k *Known, c *Case) string) func(*Known) []Lapse {
	return func(k *Known) []Lapse {
		var lapses []Lapse
		for _, c := range k.Cases {
			if text := said(k, c); text != "" {
				lapses = append(lapses, Lapse{Said: text, Case: c})
			}
		}
		return lapses
	}
}

// list joins words for people, and counts those beyond the first few.
func list(words []string) string {
	const shown = 3
	if len(words) > shown {
		words = append(slices.Clone(words[:shown]), count(len(words)-shown, "more", "more"))
	}
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}
