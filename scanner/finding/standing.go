package finding

import (
	"github.com/qleaks/qleaks/internal/key"
)

// Standing is what is known of whether a key works.
type Standing struct {
	// Status is unknown until a provider was asked, and often after that.
	Status key.Status
	// Check is what asking came to, nil where nobody asked. The findings of one
	// key share it.
	Check *Check
}

// Check is what asking a provider about a key came to, or why it was not asked.
type Check struct {
	// Provider is the one that the key belongs to, "" if that is not clear.
	Provider string
	// Account is the operator's account whose credential was shown the key's
	// record; "" where no credential tells, or there is one without a name.
	Account string
	// Withheld: the key was kept from everybody on purpose, and the verdict says
	// why. Without it, an unknown verdict is a question that got no answer.
	Withheld bool
	Verdict  key.Verdict
	// Known is what was found out beyond the verdict, nil if that was not asked
	// for or not told.
	Known *key.Description
}

// Key is what the provider tells of the key; the zero Key if nothing.
func (c *Check) Key() key.Key {
	switch {
	case c == nil:
		return key.Key{}
	case c.Known != nil:
		return c.Known.Key
	}
	return c.Verdict.Key
}

// Unanswered reports whether a key was to be verified and is not: neither a yes
// nor a no came.
func (s Standing) Unanswered() bool {
	return s.Check != nil && !s.Check.Withheld && s.Status != key.Active && s.Status != key.Inactive
}

// surer keeps the answer that it would be worst to lose: a key that was seen
// alive is alive, and only a key that was asked about is dead; of two that say
// the same, the one with a check.
func surer(a, b Standing) Standing {
	weight := func(s Standing) int {
		w := 0
		switch s.Status {
		case key.Active:
			w = 4
		case key.Inactive:
			w = 2
		case key.Unknown:
		}
		if s.Check != nil {
			w++
		}
		return w
	}
	if weight(b) > weight(a) {
		return b
	}
	if a.Status == "" {
		a.Status = key.Unknown
	}
	return a
}

// Verified counts keys by what verifying them came to. Of those that it does
// not count nothing is known, and nobody asked.
type Verified struct {
	// Active and Inactive are those that the provider accepts or refuses.
	Active, Inactive int
	// Unanswered were to be verified, and are not.
	Unanswered int
	// Withheld were not sent to anybody, on purpose.
	Withheld int
}

func (v *Verified) count(s Standing) {
	switch {
	case s.Status == key.Active:
		v.Active++
	case s.Status == key.Inactive:
		v.Inactive++
	case s.Unanswered():
		v.Unanswered++
	case s.Check != nil:
		v.Withheld++
	}
}
