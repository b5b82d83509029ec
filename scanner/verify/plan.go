package verify

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/finding"
)

// Claim is a finding as the plan sees it: a rule's word for whose key it is.
type Claim struct {
	finding.Finding
	// Suppressed findings are those that their owners chose not to be told of.
	Suppressed bool
}

// Also says what is asked about besides the keys that are reported as leaked
// with some confidence.
type Also struct {
	// Low is keys of low confidence, which may be somebody else's values.
	Low bool
	// Suppressed is keys that are ignored or known from a baseline.
	Suppressed bool
	// Stored is keys that lie in key stores only.
	Stored bool
}

// Question is one key for one provider.
type Question struct {
	// Provider is the name of the kit.
	Provider    string
	Fingerprint secret.Fingerprint
	// Rule is the one that says whose key it is.
	Rule string

	value secret.Value
}

// NewQuestion is a question about a value that somebody else found.
func NewQuestion(provider, rule string, f secret.Fingerprint, v secret.Value) Question {
	return Question{Provider: provider, Fingerprint: f, Rule: rule, value: v}
}

// Plan is who is asked about what. No key is in more than one question.
type Plan struct {
	// Questions are in the order of providers, then of the claims.
	Questions []Question
	// Withheld are the keys that go to nobody, with the reason.
	Withheld map[secret.Fingerprint]*finding.Check
}

// Providers are the names of the kits that are asked, in order.
func (p Plan) Providers() []string {
	var names []string
	for _, q := range p.Questions {
		names = append(names, q.Provider)
	}
	return slices.Compact(names)
}

// Count is how many keys a provider is asked about.
func (p Plan) Count(provider string) int {
	n := 0
	for _, q := range p.Questions {
		if q.Provider == provider {
			n++
		}
	}
	return n
}

// surelyKeys is the confidence from which on a value is taken for a key.
const surelyKeys = rules.Medium

// Why a key goes to nobody.
const (
	whySuppressed = "its owners chose not to be told of it"
	whyStored     = "it is kept in a key store, where keys belong"
	whyLow        = "it is not sure that it is a key"
	whyNobody     = "no rule says whose key it is"
)

// noKeys are the built-in rules for values that a provider is not asked about,
// because they are no keys of it, and why.
func noKeys() map[string]string {
	return map[string]string{
		"ibm-quantum-token-retired": "the platform that took such tokens closed on 1 July 2025",
		"ibm-iam-token":             "it is an access token: it ends by itself within an hour, and no call says whether it still works",
		"ibm-iam-refresh-token":     "it is a refresh token: to try it would make new tokens",
		"qbraid-session-token":      "it is a token of a session: to try it would make new tokens",
	}
}

// NewPlan divides keys between those that are asked about, each at its own
// provider, and those that go to nobody.
func NewPlan(kits []provider.Kit, claims []Claim, also Also) Plan {
	plan := Plan{Withheld: map[secret.Fingerprint]*finding.Check{}}
	byKey := map[secret.Fingerprint][]Claim{}
	var order []secret.Fingerprint
	for _, c := range claims {
		if _, seen := byKey[c.Fingerprint]; !seen {
			order = append(order, c.Fingerprint)
		}
		byKey[c.Fingerprint] = append(byKey[c.Fingerprint], c)
	}
	for _, f := range order {
		q, why := decide(kits, byKey[f], also)
		if why != "" {
			plan.Withheld[f] = &finding.Check{Provider: q.Provider, Withheld: true, Verdict: key.Doubt(why, key.Evidence{})}
			continue
		}
		plan.Questions = append(plan.Questions, q)
	}
	slices.SortStableFunc(plan.Questions, func(a, b Question) int { return strings.Compare(a.Provider, b.Provider) })
	return plan
}

// decide says whom to ask about one key, or why nobody.
func decide(kits []provider.Kit, claims []Claim, also Also) (q Question, why string) {
	if !also.Suppressed && !slices.ContainsFunc(claims, func(c Claim) bool { return !c.Suppressed }) {
		return q, whySuppressed
	}
	if !also.Stored && !slices.ContainsFunc(claims, func(c Claim) bool { return !c.Stored && (also.Suppressed || !c.Suppressed) }) {
		return q, whyStored
	}
	telling := considered(claims)
	owners := map[string]bool{}
	for _, c := range telling {
		owners[c.Rule.Provider] = true
	}
	switch names := slices.Sorted(maps.Keys(owners)); len(names) {
	case 0:
		return q, whyNobody
	case 1:
	default:
		return q, "it may be a key of " + strings.Join(titles(kits, names), " or of ") + ", and no value goes to more than one provider"
	}
	owner := telling[0].Rule.Provider
	kit := slices.IndexFunc(kits, func(k provider.Kit) bool { return k.Name == owner })
	if kit < 0 {
		return q, "there is no call that tells whether a key of " + owner + " works"
	}
	q.Provider = owner
	if telling[0].Confidence < surelyKeys && !also.Low {
		return q, whyLow
	}
	for _, c := range telling {
		if why = noKeys()[c.Rule.ID]; why == "" && !c.Secret.IsZero() {
			q.Fingerprint, q.Rule, q.value = c.Fingerprint, c.Rule.ID, c.Secret
			return q, ""
		}
	}
	return q, cmp.Or(why, "its value is not at hand")
}

// considered are the claims that say whose key it is, the surest first: those
// that are sure if there are any. A rule without a provider, or for any of
// them, says nothing; nor does a stranger's, or else scanned content could keep
// its keys from being verified.
func considered(claims []Claim) []Claim {
	telling := slices.DeleteFunc(slices.Clone(claims), func(c Claim) bool {
		return c.Rule.Provider == "" || c.Rule.Provider == anyProvider || c.Rule.Rank < 0
	})
	slices.SortStableFunc(telling, func(a, b Claim) int { return cmp.Compare(b.Confidence, a.Confidence) })
	if len(telling) > 0 && telling[0].Confidence >= surelyKeys {
		telling = slices.DeleteFunc(telling, func(c Claim) bool { return c.Confidence < surelyKeys })
	}
	return telling
}

// anyProvider is what rules say that know of no provider in particular.
const anyProvider = "quantum"

func titles(kits []provider.Kit, names []string) []string {
	words := slices.Clone(names)
	for i, name := range names {
		for _, k := range kits {
			if k.Name == name {
				words[i] = k.Title
			}
		}
	}
	return words
}
