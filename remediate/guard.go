package remediate

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/console"
)

// allowed asks, right before a step, whether anything forbids it.
func (x *run) allowed(r *rotation, s Step) error {
	if !s.Do.Changes() {
		return nil
	}
	if x.Stop != nil {
		if why := x.Stop(); why != "" {
			return fmt.Errorf("%w: %s", ErrStopped, why)
		}
	}
	if f, ok := x.Policy.frozen(time.Now()); ok && !r.row.emergency() && r.row.Order != Lend {
		return &pause{until: f.To, why: "nothing is changed until " + moment(f.To) + ": " + f.Reason}
	}
	if err := x.clockRight(r); err != nil {
		return err
	}
	if x.unattended() && s.By == ByPerson {
		return blocked("%s: this needs a person, and nobody is there", s.Text)
	}
	switch s.Do { //nolint:exhaustive // the others end nothing
	case Cancel, CancelLeaked, CancelAgain:
		if x.unattended() && !x.Policy.CancelJobs {
			return blocked("the policy does not allow to cancel jobs")
		}
	case Suspend, Revoke:
		return x.allowedToEnd(r, s)
	}
	return nil
}

// allowedToEnd holds what must be true before any key ends.
func (x *run) allowedToEnd(r *rotation, s Step) error {
	t := r.row.Key
	switch {
	case matches(x.Policy.Protected, t):
		return blocked("the key is protected by your policy")
	case slices.ContainsFunc(x.Site.Acting, func(a Acting) bool { return a.is(t, targetFingerprints(t)) }):
		return blocked("you act with this key")
	}
	// Containing a proved public leak is counted, and never refused.
	if !r.row.emergency() && !x.ended[r.row.ID] && r.steps[r.find(s.Do)].attempts == 0 {
		if err := x.withinCaps(r, s); err != nil {
			return err
		}
	}
	x.ended[r.row.ID] = true
	return nil
}

func (x *run) withinCaps(r *rotation, s Step) error {
	most := x.Policy.Caps.Interactive
	switch {
	case x.unattended():
		most = x.Policy.Caps.Unattended
	case x.Several:
		most = x.Policy.Caps.Daily
	}
	if len(x.ended) >= most {
		return blocked("this run has ended %d %s, and the policy allows no more in one run", len(x.ended), plural(len(x.ended), "key", "keys"))
	}
	records, err := x.Site.Journal.Records()
	if err != nil {
		return err
	}
	ended, deleted := endedSince(records, time.Now().Add(-day), r.row.ID)
	if x.Elsewhere != nil {
		e, d, err := x.Elsewhere(time.Now().Add(-day))
		if err != nil {
			return err
		}
		ended, deleted = ended+e, deleted+d
	}
	switch {
	case ended >= x.Policy.Caps.Daily:
		return blocked("%d keys were ended in 24 hours, and the policy allows no more", ended)
	case s.Do == Revoke && deleted >= x.Policy.Caps.Deletions:
		return blocked("%d keys were revoked for good in 24 hours, and the policy allows no more", deleted)
	}
	return nil
}

// endedSince counts the rotations that suspended or revoked a key since a time,
// and those that revoked one, but one.
func endedSince(records []Record, since time.Time, but string) (ended, deleted int) {
	seen := map[string]Action{}
	for _, rec := range records {
		if rec.Kind != Intent || !rec.Do.Destroys() || rec.Rotation == but || rec.Time.Before(since) {
			continue
		}
		if before, ok := seen[rec.Rotation]; !ok {
			ended++
		} else if before == Revoke {
			continue
		}
		seen[rec.Rotation] = rec.Do
		if rec.Do == Revoke {
			deleted++
		}
	}
	return ended, deleted
}

// EndedSince counts, for the caps of a day, what a journal's rotations ended and
// deleted since a time.
func EndedSince(records []Record, since time.Time) (ended, deleted int) {
	return endedSince(records, since, "")
}

// tooMany says why a row is not begun in this run; "" if it may be.
func (x *run) tooMany(known []*rotation, row Row) string {
	if row.emergency() || row.Order == Lend {
		return ""
	}
	most := x.Policy.Caps.Interactive
	if x.unattended() {
		most = x.Policy.Caps.Unattended
	}
	if x.Several && !x.unattended() {
		return ""
	}
	begun := 0
	for _, r := range known {
		if r.plan != "" && r.ended == "" && r.row.Order != Lend {
			begun++
		}
	}
	if begun >= most {
		return fmt.Sprintf("%d %s open, and the policy begins no more at once", begun, plural(begun, "rotation is", "rotations are"))
	}
	return ""
}

// reasonOf is an error in a clause for people, without what came over the
// network.
func reasonOf(err error) string {
	if e, ok := errors.AsType[*provider.CallError](err); ok {
		return e.Error()
	}
	for _, kind := range []error{ErrDeclined, ErrHands, errUnattended, ErrProgram, ErrAnswer, console.ErrSignedOut, provider.ErrNoCredential, provider.ErrMalformed} {
		if errors.Is(err, kind) {
			return kind.Error()
		}
	}
	return err.Error()
}

func targetFingerprints(t Target) []secret.Fingerprint {
	if t.Fingerprint == "" {
		return nil
	}
	return []secret.Fingerprint{t.Fingerprint}
}
