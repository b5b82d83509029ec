package hygiene

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/scanner/finding"
)

// VerdictFile is where verdicts are kept, in the directory of the lists.
const VerdictFile = "verdicts.json"

const (
	verdictFormat = "qleaks verdicts/1"
	// maxVerdicts is how many are kept: the newest.
	maxVerdicts = 100_000
)

// Remembered is what a provider said of a value, without the value.
type Remembered struct {
	Fingerprint secret.Fingerprint `json:"fingerprint"`
	// Salt names the salt of the fingerprint, as Fingerprinter.Salt does.
	Salt     string `json:"salt"`
	Provider string `json:"provider"`
	// Account is the operator's account that was shown the key's record.
	Account  string       `json:"account,omitempty"`
	Status   key.Status   `json:"status"`
	Reason   string       `json:"reason"`
	Evidence key.Evidence `json:"evidence"`
	// Told is what the provider told of the key.
	Told key.Key `json:"told,omitzero"`
	// Reach is what the key can get at, if that was asked.
	Reach *key.Reach `json:"reach,omitempty"`
}

// RememberVerdicts keeps what providers said of values, by their fingerprints
// under the salt of that name. The newest yes or no of a value counts; an answer
// that is neither is not kept.
func RememberVerdicts(dir, salt string, checks map[secret.Fingerprint]*finding.Check) error {
	var said []Remembered
	for fingerprint, check := range checks {
		if r, ok := remembered(fingerprint, salt, check); ok {
			said = append(said, r)
		}
	}
	if len(said) == 0 {
		return nil
	}
	err := change(dir, VerdictFile, verdictFormat, func(before []Remembered) []Remembered { return newest(append(before, said...)) })
	if err != nil {
		return fmt.Errorf("remember what providers said: %w", err)
	}
	return nil
}

func remembered(fingerprint secret.Fingerprint, salt string, check *finding.Check) (Remembered, bool) {
	if check == nil || fingerprint == "" || check.Verdict.Evidence.Asked.IsZero() ||
		check.Verdict.Status != key.Active && check.Verdict.Status != key.Inactive {
		return Remembered{}, false
	}
	told, _ := inventory.Stripped(check.Key())
	v := check.Verdict
	v.Evidence.Asked = v.Evidence.Asked.UTC().Truncate(time.Second)
	var reach *key.Reach
	if check.Known != nil {
		reach = &check.Known.Reach
	}
	return Remembered{Fingerprint: fingerprint, Salt: salt, Provider: check.Provider, Account: check.Account, Status: v.Status, Reason: v.Reason, Evidence: v.Evidence, Told: told, Reach: reach}, true
}

// newest keeps one verdict of each value, in the order of fingerprints.
func newest(all []Remembered) []Remembered {
	slices.SortStableFunc(all, func(a, b Remembered) int {
		return cmp.Or(cmp.Compare(a.Fingerprint, b.Fingerprint), cmp.Compare(a.Salt, b.Salt), b.Evidence.Asked.Compare(a.Evidence.Asked))
	})
	all = slices.CompactFunc(all, func(a, b Remembered) bool { return a.Fingerprint == b.Fingerprint && a.Salt == b.Salt })
	if len(all) <= maxVerdicts {
		return all
	}
	slices.SortStableFunc(all, func(a, b Remembered) int { return b.Evidence.Asked.Compare(a.Evidence.Asked) })
	all = all[:maxVerdicts]
	slices.SortStableFunc(all, func(a, b Remembered) int { return cmp.Compare(a.Fingerprint, b.Fingerprint) })
	return all
}

// Verdicts reads what is remembered in a directory; none if there is no file.
func Verdicts(dir string) ([]Remembered, error) {
	return load[Remembered](dir, VerdictFile, verdictFormat)
}

// Recall gives findings of which nobody asked now what was said before, with its
// time.
func Recall(found []finding.Finding, said []Remembered, salt string) {
	before := map[secret.Fingerprint]Remembered{}
	for _, r := range said {
		if r.Salt == salt {
			before[r.Fingerprint] = r
		}
	}
	for i := range found {
		r, ok := before[found[i].Fingerprint]
		if !ok || r.Provider != found[i].Rule.Provider || found[i].Check != nil && found[i].Check.Verdict.Status != key.Unknown {
			continue
		}
		found[i].Status = r.Status
		found[i].Check = &finding.Check{Provider: r.Provider, Account: r.Account, Verdict: key.Verdict{Status: r.Status, Reason: r.Reason, Evidence: r.Evidence, Key: r.Told}}
		if r.Reach != nil {
			found[i].Check.Known = &key.Description{Key: r.Told, Reach: *r.Reach}
		}
	}
}
