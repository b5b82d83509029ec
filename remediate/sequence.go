package remediate

import (
	"slices"
	"time"
)

// way is what the steps of one row are made from.
type way struct {
	provider string
	reason   Reason
	// hands says who carries out a deed at the provider; "" is nobody.
	hands func(Deed) Hands
	times Times
	drain Draining
	// stores are least critical first.
	stores []string
	// others says that a credential of the same project exists with which jobs
	// can be listed and cancelled.
	others bool
	cancel []string
	// locked says that the key must be unlocked first.
	locked bool
	// suspended says that the key is suspended already, full that its owner may
	// not have one more key before it is gone.
	suspended, full bool
}

// tailOf is for how long something of a key lives on after its end: access
// tokens of IBM's are good for an hour.
func tailOf(provider string) time.Duration {
	if provider == "ibm" {
		return time.Hour
	}
	return 0
}

// callerMade reports whether the caller may choose the value of a new key.
func callerMade(provider string, by Hands) bool { return provider == "ibm" && by == ByAPI }

// steps are the steps of an order.
func (w way) steps(o Order) []Step {
	switch o {
	case BreakFirst:
		return w.breakFirst()
	case RevokeOnly:
		return w.revokeOnly()
	case MakeFirst, FastOverlap, Lend: // a loan has steps of its own
	}
	return w.makeFirst(o == FastOverlap)
}

// makeFirst: nothing of the old key changes before every store has confirmed
// the new one.
func (w way) makeFirst(fast bool) []Step {
	s := []Step{own(Evidence, "keep the key's record, and what runs, as they are now"), w.check()}
	s = append(s, w.successor()...)
	if !fast {
		quiet := own(Quiet, "wait until the old key is not used any more")
		quiet.Wait = Span(w.times.QuietUnknown)
		if len(w.stores) > 0 {
			quiet.Wait = Span(w.times.QuietKnown)
		}
		s = append(s, quiet)
		if w.drain != DrainIgnore {
			s = append(s, own(Drain, "wait until nothing runs that may need the old key"))
		}
	}
	s = append(append(s, w.cancellingLeaked()...), w.contain()...)
	if w.can(Suspending) {
		s = append(s, w.soak(w.times.Soak), w.revoke())
	}
	if len(w.cancel) > 0 && w.others {
		s = append(append(s, w.cancelling()), w.cancellingAgain()...)
	}
	return append(s, own(Prove, "prove that the old key is refused, and that the new one works"), w.forget())
}

// breakFirst: whoever has the old value loses it before anything else is done.
func (w way) breakFirst() []Step {
	s := []Step{own(Evidence, "keep the key's record, its use, and what runs, as they are now; nothing of it is deleted")}
	s = append(s, w.cancellingLeaked()...)
	if !w.suspended {
		s = append(s, w.contain()...)
	} else {
		s = append(s, own(Refused, "prove that the suspended key is refused"))
	}
	s = append(s, own(Persistence, "look for keys that were made since the leak, and could be a thief's"))
	if len(w.cancel) > 0 && w.others {
		s = append(s, w.cancelling())
	}
	again := w.can(Suspending) || w.suspended
	if w.full && again {
		// A suspended key takes the room of one.
		s = append(s, w.revoke())
	}
	s = append(s, w.check())
	s = append(s, w.successor()...)
	if len(w.cancel) > 0 && w.others {
		s = append(s, w.cancellingAgain()...)
	}
	if !w.full && again {
		s = append(s, w.revoke())
	}
	return append(s, own(Prove, "prove that the old key is refused, and that the new one works"), w.forget())
}

// revokeOnly makes no other key: nobody uses it, or somebody asked for that.
func (w way) revokeOnly() []Step {
	s := []Step{own(Evidence, "keep the key's record, and what runs, as they are now")}
	if w.reason == Unused {
		s = append(s, Step{Do: Tell, By: ByPerson, Text: "make sure that its owner knows, and agrees"})
	}
	if w.reason != Leaked && w.drain != DrainIgnore {
		s = append(s, own(Drain, "wait until nothing runs that may need the key"))
	}
	s = append(s, w.cancellingLeaked()...)
	if !w.suspended {
		s = append(s, w.contain()...)
	}
	if w.reason == Leaked {
		s = append(s, own(Persistence, "look for keys that were made since the leak, and could be a thief's"))
	}
	if len(w.cancel) > 0 && w.others {
		s = append(append(s, w.cancelling()), w.cancellingAgain()...)
	}
	if w.can(Suspending) {
		if w.reason == Unused {
			s = append(s, w.soak(w.times.Grace))
		} else if w.reason != Leaked {
			s = append(s, w.soak(w.times.Soak))
		}
		s = append(s, w.revoke())
	}
	return append(s, own(Prove, "prove that the key is gone"))
}

func own(do Action, text string) Step { return Step{Do: do, By: ByOwn, Text: text} }

func (w way) can(d Deed) bool { return w.hands(d) != "" }

func (w way) check() Step {
	if len(w.stores) == 0 {
		return own(Check, "make sure that there is room for one more key")
	}
	return own(Check, "make sure that there is room for one more key, and that every store can be written")
}

// successor makes the new key and brings it to where it is used.
func (w way) successor() (s []Step) {
	by := w.hands(Issuing)
	if callerMade(w.provider, by) {
		s = append(s, own(Seal, "make the new value on this machine, and seal it before the key exists"),
			Step{Do: Issue, By: by, Text: "make the new key, with that value"})
	} else {
		s = append(s, Step{Do: Issue, By: by, Text: "make the new key; its value is sealed before anything else happens to it"})
	}
	s = append(s, own(Test, "prove that the new key works, in the place of the old one"))
	for _, name := range w.stores {
		s = append(s,
			Step{Do: Distribute, By: ByOwn, Store: name, Text: "put the new value into " + name},
			Step{Do: Confirm, By: ByOwn, Store: name, Text: "read it back from " + name})
	}
	if len(w.stores) == 0 {
		s = append(s, Step{Do: Confirm, By: ByPerson, Text: "take the new value over to where the key is used: no store of it is known here"})
	}
	return s
}

// contain makes the old value useless, and proves it.
func (w way) contain() (s []Step) {
	if w.locked && w.can(Unlocking) {
		s = append(s, Step{Do: Unlock, By: w.hands(Unlocking), Text: "unlock the old key, which would refuse to be changed"})
	}
	if w.can(Suspending) {
		s = append(s, Step{Do: Suspend, By: w.hands(Suspending), Text: "suspend the old key; it can be taken back"})
	} else {
		s = append(s, w.revoke())
	}
	return append(s, own(Refused, "prove that the old value is refused"))
}

func (w way) revoke() Step {
	return Step{Do: Revoke, By: w.hands(Revoking), Text: "revoke the old key", Forever: true}
}

func (w way) soak(d time.Duration) Step {
	s := own(Soak, "leave it suspended, so that whoever still needs it can say so")
	s.Wait = Span(d)
	return s
}

// cancelling cancels the named jobs.
func (w way) cancelling() Step {
	return Step{Do: Cancel, By: ByAPI, Text: "cancel the named jobs, with a credential of yours", Forever: true}
}

// cancellingLeaked cancels the named jobs with the key that is about to end, where
// no other sees them.
func (w way) cancellingLeaked() []Step {
	if len(w.cancel) == 0 || w.others {
		return nil
	}
	return []Step{{Do: CancelLeaked, By: ByAPI, Text: "cancel the named jobs with the leaked key itself: no other credential of its project is known", Forever: true}}
}

// cancellingAgain does so once more when nothing of the key lives. It stands
// late, so that nobody waits an hour for the new key.
func (w way) cancellingAgain() []Step {
	tail := tailOf(w.provider)
	if tail == 0 {
		return nil
	}
	return []Step{{Do: CancelAgain, By: ByAPI, Wait: Span(tail), Text: "cancel them once more, when the last token of the old key has ended", Forever: true}}
}

func (w way) forget() Step { return own(Forget, "delete the sealed value: it is where it is used") }

// chooseOrder chooses an order: what a person demands, else what the reason and the
// exposure ask for; with the reason in one clause.
func chooseOrder(r Row, production bool, demanded Order, replace bool) (Order, string) {
	switch {
	case demanded != "" && (r.Reason != Unused || demanded == RevokeOnly || replace):
		return demanded, "you asked for it"
	case r.Reason == Unused && !replace:
		return RevokeOnly, "nobody uses it, so nobody needs another one"
	case r.Reason != Leaked:
		return MakeFirst, "nobody else has the value, so nothing need break"
	}
	switch r.Exposure.Reach {
	case Public:
		return BreakFirst, "everybody can see the value"
	case Unclear:
		return FastOverlap, "nobody knows who can see the value"
	case Private, Local, Nowhere:
	}
	if production {
		return FastOverlap, "few can see the value, and production needs the key"
	}
	return MakeFirst, "few can see the value, so nothing need break"
}

// irreversible are the sentences of what cannot be undone.
func (r Row) irreversible() []string {
	var texts []string
	for _, s := range r.Steps {
		if s.Forever && !slices.Contains(texts, s.Text) {
			texts = append(texts, s.Text)
		}
	}
	return texts
}
