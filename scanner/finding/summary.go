package finding

import (
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/rules"
)

// Summary is a scan in numbers. A key is a fingerprint. High, Medium and Low
// add up to Keys: each key counts where its surest finding is.
type Summary struct {
	// Findings counts the findings, those in key stores among them.
	Findings int
	// Keys counts the leaked keys: those that stand anywhere but in a store.
	Keys int
	// Places counts the occurrences of leaked keys outside key stores.
	Places            int
	High, Medium, Low int
	// Stored counts the keys in key stores; one that is leaked as well counts
	// in both.
	Stored int
	Verified
	// Below and Suppressed count findings that are not in the report.
	Below, Suppressed int
}

// Summarize counts a Result.
func Summarize(r Result) Summary {
	var c Counter
	for _, f := range r.Findings {
		c.Add(f)
	}
	s := c.Summary()
	s.Below, s.Suppressed = r.Below, len(r.Suppressed)
	return s
}

// Counter computes a Summary of findings that come one by one, merged or not.
// The zero Counter is ready; it is not safe for concurrent use.
type Counter struct {
	ids    map[string]struct{}
	leaked map[secret.Fingerprint]standing
	stored map[secret.Fingerprint]struct{}
	places int
}

// standing is what is known of a leaked key.
type standing struct {
	confidence rules.Confidence
	Standing
}

// Add counts one finding.
func (c *Counter) Add(f Finding) {
	if c.ids == nil {
		c.ids = map[string]struct{}{}
		c.leaked = map[secret.Fingerprint]standing{}
		c.stored = map[secret.Fingerprint]struct{}{}
	}
	c.ids[f.ID] = struct{}{}
	if f.Stored {
		c.stored[f.Fingerprint] = struct{}{}
		return
	}
	c.places += len(f.Occurrences)
	v := c.leaked[f.Fingerprint]
	c.leaked[f.Fingerprint] = standing{max(v.confidence, f.Confidence), surer(v.Standing, f.Standing)}
}

// Summary returns the numbers so far.
func (c *Counter) Summary() Summary {
	s := Summary{
		Findings: len(c.ids),
		Keys:     len(c.leaked),
		Places:   c.places,
		Stored:   len(c.stored),
	}
	for _, v := range c.leaked {
		switch v.confidence {
		case rules.High:
			s.High++
		case rules.Medium:
			s.Medium++
		default:
			s.Low++
		}
		s.count(v.Standing)
	}
	return s
}
