package records

import "time"

// Life is where a finding stands in its life.
type Life string

// The lives of a finding.
const (
	// New: the last run that saw it was the first one.
	New Life = "new"
	// Known: more than one run saw it.
	Known Life = "known"
	// Reopened: it was over (fixed, revoked or expired), and is not any more.
	Reopened Life = "reopened"
	// Fixed: the repository was read to its end, and no ref leads to it.
	Fixed Life = "fixed"
	// Revoked: its provider refuses the key.
	Revoked Life = "revoked"
	// Ignored: a person decided so, until some day.
	Ignored Life = "ignored"
	// Expired: the key's own end is over.
	Expired Life = "expired"
)

// Lives lists all of them.
func Lives() []Life { return []Life{New, Known, Reopened, Fixed, Revoked, Ignored, Expired} }

// Open reports whether somebody has something to do about a finding.
func (l Life) Open() bool { return l == New || l == Known || l == Reopened }

func (l Life) over() bool { return l == Fixed || l == Revoked || l == Expired }

// facts are what a life follows from.
type facts struct {
	// was is the life until now, "" for a finding that was never seen.
	was Life
	// present: it stands where it was found. referenced: a ref leads there, or it
	// stands in a file.
	present, referenced bool
	// lost: a ref led there once, and none does any more.
	lost bool
	// again: a run after the first one saw it.
	again    bool
	standing string
	expires  time.Time
	ignored  bool
	now      time.Time
}

// life says what a finding is by what is known of it. A key that works is open
// wherever it stands, unless a person decided otherwise.
func (f facts) life() Life {
	over := f.end()
	switch {
	case f.ignored:
		return Ignored
	case over != "":
		return over
	case f.was == "":
		return New
	case f.was.over():
		return Reopened
	case f.was == New && !f.again:
		return New
	case f.was == Reopened && !f.again:
		return Reopened
	}
	return Known
}

// end says how it ended, "" if it did not.
func (f facts) end() Life {
	switch {
	case !f.present, f.lost, f.was == Fixed && !f.referenced:
		return Fixed
	case f.standing == Inactive:
		return Revoked
	case f.standing != Active && !f.expires.IsZero() && f.expires.Before(f.now):
		return Expired
	}
	return ""
}

// What providers say of a key.
const (
	Active   = "active"
	Inactive = "inactive"
	Unknown  = "unknown"
)
