package remediate

import (
	"time"

	"github.com/qleaks/qleaks/internal/provider"
)

// clockRight makes sure that this computer's clock can be believed in, before a
// change that rests on it: how long something was watched, how old facts are, what
// a day's caps have left. What ends a leaked key at once rests on no clock, and
// waits for none.
func (x *run) clockRight(r *rotation) error {
	if r.row.Reason == Leaked && r.row.Order != MakeFirst {
		return nil
	}
	if c, ok := x.Site.Client.(provider.Clock); ok {
		if ahead, known := c.Clock(); known && ahead.Abs() > skew {
			return blocked("the clock of this computer is %s %s that of the provider, and nothing that rests on it is done: set it, then go on", period(ahead.Abs()), map[bool]string{true: "behind", false: "ahead of"}[ahead > 0])
		}
	}
	// A journal of the future was written by another clock.
	if ahead := time.Until(x.newest); ahead > skew {
		return blocked("the journal was written %s in the future, by this computer's clock, and nothing that rests on it is done: set it, then go on", period(ahead))
	}
	return nil
}

// ofTheFuture says why a plan cannot have been made by a clock like this one's; ""
// if it can. The containment of a proved public leak asks for no time.
func ofTheFuture(p Plan, row Row) string {
	latest := p.Made
	if row.Key.Facts.AsOf.After(latest) {
		latest = row.Key.Facts.AsOf
	}
	if ahead := time.Until(latest); ahead > skew && !row.emergency() {
		return "the plan, or what it rests on, is " + period(ahead) + " in the future: a clock is wrong somewhere"
	}
	return ""
}
