package remediate

import (
	"context"
	"errors"
	"time"

	"github.com/qleaks/qleaks/remediate/store"
)

const (
	// storeTries is how often a store is written where it fails, over storeTime.
	storeTries = 5
	storeTime  = 30 * time.Minute
)

// distribute puts the new value into one store: only if nothing else was put
// there meanwhile.
func (x *run) distribute(ctx context.Context, r *rotation, i int) (map[string]string, error) {
	s := r.row.Steps[i]
	opened, err := x.store(r, s.Store)
	if err != nil {
		return nil, err
	}
	v, err := x.successor(r)
	if err != nil {
		return nil, err
	}
	mark, wait := r.steps[i].intended[factBefore], settlePause
	// mine says that what changed the store may have been an earlier try.
	mine := r.steps[i].attempts > 1
	for try, begun := 1, time.Now(); ; try++ {
		after, err := opened.Put(ctx, v, mark)
		if err == nil {
			return map[string]string{factAfter: after}, nil
		}
		if ended := ended(ctx); ended != nil {
			return nil, ended
		}
		proved, unlike := opened.Confirm(ctx, v)
		switch {
		case unlike == nil && proved:
			return map[string]string{factHow: "it was written, although no answer said so"}, nil
		case errors.Is(err, store.ErrChanged) && (!mine || unlike != nil):
			return nil, blocked("%s: %s", s.Store, reasonOf(err))
		case errors.Is(err, store.ErrChanged):
			// It shows nobody what it holds: the same value is written once more.
			if mark, err = opened.Check(ctx); err != nil {
				return nil, orEnded(ctx, blocked("%s: %s", s.Store, reasonOf(err)))
			}
		case try == storeTries || time.Since(begun) > storeTime:
			return nil, blocked("%s could not be written: %s", s.Store, reasonOf(err))
		}
		mine = mine || errors.Is(err, store.ErrLost)
		if err := sleep(ctx, wait); err != nil {
			return nil, err
		}
		wait *= 2
	}
}

// confirm reads a store back. What cannot be read back is written but not
// proved, and no key that works is ended on that.
func (x *run) confirm(ctx context.Context, r *rotation, s Step) (map[string]string, error) {
	if s.Store == "" {
		return x.takenOver(ctx, r)
	}
	v, err := x.successor(r)
	if err != nil {
		return nil, err
	}
	opened, err := x.store(r, s.Store)
	if err != nil {
		return nil, err
	}
	why := "it does not hold the new value yet"
	for begun := time.Now(); time.Since(begun) < settleTime; {
		proved, err := opened.Confirm(ctx, v)
		switch {
		case err == nil && proved:
			return map[string]string{factHow: "read back"}, nil
		case ended(ctx) != nil:
			return nil, ended(ctx)
		case err != nil:
			why = reasonOf(err)
		case r.contained():
			// The old key is dead: waiting for a proof helps nobody.
			return map[string]string{factHow: "written, not proved"}, nil
		}
		if err := sleep(ctx, settlePause); err != nil {
			return nil, err
		}
	}
	return x.confirmedBy(ctx, s, why)
}

// confirmedBy asks the person where a store cannot be read back.
func (x *run) confirmedBy(ctx context.Context, s Step, why string) (map[string]string, error) {
	if x.unattended() {
		return nil, blocked("%s: %s", s.Store, why)
	}
	yes, err := x.person().Yes(ctx, Guide{
		Title: "Make sure that " + s.Store + " has the new key", Steps: []string{"it was written, and cannot be read back: " + why, "let something run that uses it"}, Question: "Did it work?",
	})
	if err != nil {
		return nil, err
	}
	if !yes {
		return nil, blocked("%s does not work with the new key", s.Store)
	}
	return map[string]string{factHow: "said by " + x.Actor}, nil
}

// takenOver asks the person where no store of the key is known.
func (x *run) takenOver(ctx context.Context, r *rotation) (map[string]string, error) {
	yes, err := x.person().Yes(ctx, Guide{
		Title: "Take the new key over", Steps: []string{"put the new value of " + r.row.NewName() + " where " + r.row.Key.Called() + " is used", "let something run that uses it"}, Question: "Does it work?",
	})
	if err != nil {
		return nil, err
	}
	if !yes {
		return nil, blocked("the new key is not where the old one is used")
	}
	return map[string]string{factHow: "said by " + x.Actor}, nil
}
