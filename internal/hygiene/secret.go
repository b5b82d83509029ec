package hygiene

import (
	"fmt"
	"strings"
	"time"
)

// secrets are the policies about stored secrets whose value nobody can read.
func secrets() []Policy {
	return []Policy{
		{
			ID: "secret-older-than-key", Title: "a secret that holds no key of the list", Severity: Medium,
			Reason: "The secret was last set before any of the keys on the list was made. So it holds a key that is gone, or one of an account that nobody lists.",
			Page:   githubAPI,
			Advice: "Set it to a key that exists, or remove it.",
			find:   secretOlder,
		},
		{
			ID: "secret-stale", Title: "a secret that nobody changed for long", Severity: Medium,
			Reason: "qBraid: rotate keys every 90 days. A secret that was not set since then holds a key that was not rotated.",
			Page:   githubAPI,
			Advice: "Rotate the key, and set the secret anew.",
			find:   secretStale,
		},
		{
			ID: "secret-for-all", Title: "a secret that every repository of the organisation gets", Severity: Medium,
			Reason: "Whoever can change a workflow in any of the repositories, or make a new one, can read the key. GitHub gives a secret to selected repositories as well.",
			Page:   githubAPI,
			Advice: "Give it to the repositories that need it, or set it in these.",
			find:   secretForAll,
		},
	}
}

// secretOlder needs a list of the provider's keys with their dates.
func secretOlder(k *Known) []Lapse {
	var lapses []Lapse
	for _, s := range k.Secrets {
		oldest, known := oldestKey(k, s.Provider)
		if known && s.Updated.Before(oldest) {
			lapses = append(lapses, Lapse{
				Said:    fmt.Sprintf("set on %s; the oldest key on the list was made on %s", date(s.Updated), date(oldest)),
				Subject: secretSubject(s),
			})
		}
	}
	return lapses
}

// oldestKey is when the oldest key of a provider was made; it is not known if
// it is unknown of one key.
func oldestKey(k *Known, provider string) (oldest time.Time, known bool) {
	for _, c := range k.Cases {
		if c.Entry == nil || c.Provider != provider {
			continue
		}
		created := c.Entry.Key.Dates.Created
		if created.IsZero() {
			return time.Time{}, false
		}
		if oldest.IsZero() || created.Before(oldest) {
			oldest = created
		}
	}
	return oldest, !oldest.IsZero()
}

func secretStale(k *Known) []Lapse {
	var lapses []Lapse
	for _, s := range k.Secrets {
		if s.Updated.IsZero() || k.Now.Sub(s.Updated) < k.Limits.Secret {
			continue
		}
		lapses = append(lapses, Lapse{Said: fmt.Sprintf("set on %s, %s ago", date(s.Updated), ago(k.Now, s.Updated)), Subject: secretSubject(s)})
	}
	return lapses
}

func secretForAll(k *Known) []Lapse {
	var lapses []Lapse
	for _, s := range k.Secrets {
		if s.ForAll {
			lapses = append(lapses, Lapse{Said: "all repositories get it", Subject: secretSubject(s)})
		}
	}
	return lapses
}

func secretSubject(s Secret) Subject {
	name := s.Name
	if s.Where != "" {
		name = s.Where + ": " + name
	}
	return Subject{Kind: "secret", Provider: s.Provider, Name: name}
}

// ProviderOfName says whose key a variable or secret holds, by its name; "" for
// one that says nothing of a quantum provider.
func ProviderOfName(name string) string {
	upper := strings.ToUpper(name)
	switch upper {
	case "IQP_API_TOKEN", "IAM_IDENTITY_APIKEY", "IC_API_KEY", "BLUEMIX_API_KEY", "BM_API_KEY", "QE_TOKEN", "QX_TOKEN":
		return "ibm"
	}
	isKey := strings.Contains(upper, "KEY") || strings.Contains(upper, "TOKEN") || strings.Contains(upper, "SECRET")
	for _, p := range []struct{ word, provider string }{
		{"IONQ", "ionq"}, {"QBRAID", "qbraid"}, {"QISKIT", "ibm"}, {"IBM", "ibm"},
	} {
		if isKey && strings.Contains(upper, p.word) {
			return p.provider
		}
	}
	return ""
}
