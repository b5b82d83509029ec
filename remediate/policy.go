package remediate

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/bmatcuk/doublestar/v4"
)

// Mode is how far qleaks goes by itself.
type Mode string

// The modes: plans only; steps that a person starts and watches; and everything,
// inside the caps.
const (
	ModePlan   Mode = "plan"
	ModeGuided Mode = "guided"
	ModeAuto   Mode = "auto"
)

// Modes returns all modes, from the most careful on.
func Modes() []Mode { return []Mode{ModePlan, ModeGuided, ModeAuto} }

// Draining is what is done about work that runs before a key is suspended or
// revoked; never about a leaked key, or a thief could block his own revocation.
type Draining string

// The ways: wait until nothing runs, stop and leave it to a person, or go on.
const (
	DrainWait   Draining = "wait"
	DrainHold   Draining = "hold"
	DrainIgnore Draining = "ignore"
)

// Drainings returns all ways to drain.
func Drainings() []Draining { return []Draining{DrainWait, DrainHold, DrainIgnore} }

// Policy is what the operator allows.
type Policy struct {
	Mode  Mode
	Caps  Caps
	Times Times
	// Protected, Production and Approve are globs over ids and names: of keys that
	// are never touched, that must not be missed for a minute, and for which a
	// second person signs.
	Protected  []string
	Production []string
	Approve    []string
	// Freeze are the times in which nothing is changed but a proved public leak.
	Freeze []Freeze
	Drain  Draining
	// CloseAlerts closes GitHub's alerts of a key, as revoked, once it is proved
	// that the key is refused.
	CloseAlerts bool
	// CancelJobs allows named jobs to be cancelled.
	CancelJobs bool
	// ReplaceUnused makes a new key for an unused one, too.
	ReplaceUnused bool
	// Signers are those whose approvals count. They stand in the operator's own
	// configuration, never in a tree.
	Signers Signers
}

// Caps bound what one run and one day may do. The containment of a proved public
// leak is counted, and never refused.
type Caps struct {
	// Interactive and Unattended are how many keys a run may suspend or revoke,
	// Daily how many all runs of a day.
	Interactive, Unattended, Daily int
	// Deletions is how many may be revoked for good in a day.
	Deletions int
	// Share is how much of an account's keys a plan may touch, but always one.
	Share float64
}

// Times are how long things take and last.
type Times struct {
	// Unused is after how long without use a key counts as unused, Age after how
	// long it is too old.
	Unused, Age time.Duration
	// Facts is how old what is known of an unused key may be.
	Facts time.Duration
	// QuietKnown is the quiet period where every consumer is a store that
	// confirmed, QuietUnknown where consumers are not known.
	QuietKnown, QuietUnknown time.Duration
	// Soak is how long a suspended key stays, Grace how long an unused one does.
	Soak, Grace time.Duration
	// Overlap is the deadline of a fast overlap.
	Overlap time.Duration
}

// Freeze is a time in which nothing is changed.
type Freeze struct {
	From, To time.Time
	Reason   string
}

const day = 24 * time.Hour

// DefaultPolicy is what holds where the operator says nothing.
func DefaultPolicy() Policy {
	return Policy{
		Mode: ModePlan,
		Caps: Caps{Interactive: 1, Unattended: 5, Daily: 20, Deletions: 5, Share: 0.30},
		Times: Times{
			Unused: 90 * day, Age: 90 * day, Facts: day, QuietKnown: time.Hour, QuietUnknown: 7 * day,
			Soak: time.Hour, Grace: 14 * day, Overlap: 30 * time.Minute,
		},
		Drain: DrainWait,
	}
}

// Validate says what is wrong with a policy, and names the field.
func (p Policy) Validate() error {
	for _, globs := range []struct {
		name string
		list []string
	}{{"protected", p.Protected}, {"production", p.Production}, {"approve", p.Approve}} {
		for i, glob := range globs.list {
			if glob == "" || !doublestar.ValidatePattern(glob) {
				return fmt.Errorf("%s: pattern number %d is not valid", globs.name, i+1)
			}
		}
	}
	switch {
	case !slices.Contains(Modes(), p.Mode):
		return errors.New("mode is not one of plan, guided, auto")
	case !slices.Contains(Drainings(), p.Drain):
		return errors.New("drain is not one of wait, hold, ignore")
	case p.Caps.Interactive < 0 || p.Caps.Unattended < 0 || p.Caps.Daily < 0 || p.Caps.Deletions < 0:
		return errors.New("a cap is 0 or more")
	case p.Caps.Share < 0 || p.Caps.Share > 1:
		return errors.New("share is between 0 and 1")
	}
	for i, f := range p.Freeze {
		if f.From.IsZero() || !f.To.After(f.From) {
			return fmt.Errorf("freeze number %d does not end after it begins", i+1)
		}
	}
	for _, t := range []struct {
		name    string
		is, min time.Duration
	}{
		{"unused", p.Times.Unused, 30 * day}, {"age", p.Times.Age, day}, {"quiet", p.Times.QuietKnown, 0}, {"quiet-unknown", p.Times.QuietUnknown, 0},
		{"soak", p.Times.Soak, 0}, {"grace", p.Times.Grace, 0}, {"overlap", p.Times.Overlap, time.Minute}, {"facts", p.Times.Facts, time.Minute},
	} {
		if t.is < t.min {
			return fmt.Errorf("%s is at least %s", t.name, t.min)
		}
	}
	return nil
}

// matches reports whether a glob means a key, by its id, its name, or both with
// the provider before them.
func matches(globs []string, t Target) bool {
	return slices.ContainsFunc(globs, func(glob string) bool {
		for _, name := range []string{t.ID, t.Name, logicalName(t.Name)} {
			// The globs were validated with the policy.
			if name != "" && (doublestar.MatchUnvalidated(glob, name) || doublestar.MatchUnvalidated(glob, t.Provider+"/"+name)) {
				return true
			}
		}
		return false
	})
}

// frozen returns the freeze that a moment is in.
func (p Policy) frozen(now time.Time) (Freeze, bool) {
	for _, f := range p.Freeze {
		if !now.Before(f.From) && now.Before(f.To) {
			return f, true
		}
	}
	return Freeze{}, false
}
