package remediate

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/store"
)

// Actions of a rollback.
const (
	resume    Action = "take back the suspension"
	restore   Action = "bring back"
	revokeNew Action = "revoke the new key"
)

// Rollback undoes what can be undone of a rotation: it takes back a suspension,
// brings back what stores held, and revokes the new key, in this order. After
// the old key was revoked there is no way back.
func (m *Machine) Rollback(ctx context.Context, rotationID string) (Result, error) {
	if m.Policy.Mode == ModePlan || m.unattended() && m.Policy.Mode != ModeAuto {
		return Result{}, ErrMode
	}
	x := m.run()
	known, err := x.load()
	if err != nil {
		return Result{}, err
	}
	i := slices.IndexFunc(known, func(r *rotation) bool { return r.row.ID == rotationID })
	var result Result
	switch {
	case i < 0:
		return result, blocked("there is no rotation %s", rotationID)
	case known[i].ended != "":
		return result, blocked("the rotation has ended")
	case known[i].maybe(Revoke):
		return result, blocked("the old key was revoked, or may have been: there is no way back; qleaks remediate resume goes on")
	}
	r := known[i]
	r.back = true
	err = x.carry(ctx, r, &result)
	return result, err
}

// rollBack undoes step by step. Each is such that doing it again changes
// nothing.
func (x *run) rollBack(ctx context.Context, r *rotation) error {
	if x.Stop != nil {
		if why := x.Stop(); why != "" {
			return blocked("changes are stopped: %s", why)
		}
	}
	number := undoStep
	for _, u := range x.undoing(r) {
		if err := x.undo(ctx, r, number, u); err != nil {
			return err
		}
		number++
	}
	for _, name := range []string{newValue(r.row.ID), OldValue(r.row.ID)} {
		if err := x.Site.Vault.Forget(name); err != nil {
			return err
		}
	}
	if err := x.record(r, -1, "", Abandoned, nil); err != nil {
		return err
	}
	x.tell(r, -1, Abandoned, "undone: the old key is as it was")
	return nil
}

// undoing are the steps of a rollback that a rotation needs.
type undoing struct {
	do   Action
	by   func(ctx context.Context) error
	text string
}

func (x *run) undoing(r *rotation) []undoing {
	var list []undoing
	if r.maybe(Suspend) {
		list = append(list, undoing{resume, func(ctx context.Context) error { return x.takeBack(ctx, r) }, "take back the suspension of the old key, and prove that it works"})
	}
	for i, s := range slices.Backward(r.row.Steps) {
		if s.Do == Distribute && r.steps[i].attempts > 0 {
			list = append(list, undoing{Action(string(restore) + " " + s.Store), func(ctx context.Context) error { return x.restore(ctx, r, i) }, "bring back what " + s.Store + " held"})
		}
	}
	if r.touched(Issue) {
		list = append(list, undoing{revokeNew, func(ctx context.Context) error { return x.dropNew(ctx, r) }, "revoke the new key"})
	}
	return list
}

func (x *run) undo(ctx context.Context, r *rotation, number int, u undoing) error {
	p := r.undo[u.do]
	if p != nil && p.state == IsDone {
		return nil
	}
	// What was intended before is done again: that changes nothing where it is
	// done already.
	if p == nil || !p.open() {
		if err := x.record(r, number, u.do, Intent, nil); err != nil {
			return err
		}
	}
	x.tell(r, -1, Intent, u.text)
	if x.Points != nil {
		x.Points.At(string(u.do) + " intended")
	}
	err := u.by(ctx)
	if x.Points != nil {
		x.Points.At(string(u.do) + " acted")
	}
	if err != nil {
		if failed := x.record(r, number, u.do, NotDone, map[string]string{factWhy: reasonOf(err)}); failed != nil {
			return failed
		}
		return orEnded(ctx, blocked("%s: %s", u.text, reasonOf(err)))
	}
	return x.record(r, number, u.do, IsDone, nil)
}

// takeBack takes back a suspension, and proves that the old key works again
// before anything is taken from whoever has the new one.
func (x *run) takeBack(ctx context.Context, r *rotation) error {
	hands, err := x.hands(r.row.Steps[r.find(Suspend)])
	if err != nil {
		return err
	}
	if !hands.Can(Resuming) {
		return ErrHands
	}
	if err := x.deed(ctx, r, hands, Resuming); err != nil {
		return err
	}
	for begun := time.Now(); time.Since(begun) < settleTime; {
		seen, err := x.look(ctx, r.row.Key, x.old(r))
		if err != nil {
			return err
		}
		if seen.status == key.Active {
			return nil
		}
		if err := sleep(ctx, settlePause); err != nil {
			return err
		}
	}
	return blocked("the old key does not work yet")
}

// restore brings back what a store held before the new value: by its version, or
// by writing the old value, if that is at hand.
func (x *run) restore(ctx context.Context, r *rotation, i int) error {
	s := r.row.Steps[i]
	opened, err := x.store(r, s.Store)
	if err != nil {
		return err
	}
	if v, err := x.successor(r); err == nil && r.steps[i].state != IsDone {
		if _, err := opened.Confirm(ctx, v); errors.Is(err, store.ErrDiffers) {
			return nil // it never got there
		}
	}
	before := r.steps[i].intended[factBefore]
	if versions, ok := opened.(Restorer); ok && before != "" {
		return versions.Restore(ctx, before)
	}
	old := x.old(r)
	if old.IsZero() {
		return blocked("it keeps no versions, and the old value is not at hand: put it back by hand, or go on with qleaks remediate resume")
	}
	mark, err := opened.Check(ctx)
	if err != nil {
		return err
	}
	_, err = opened.Put(ctx, old, mark)
	return err
}

// dropNew revokes the new key, which nobody has any more.
func (x *run) dropNew(ctx context.Context, r *rotation) error {
	i := r.find(Issue)
	hands, err := x.hands(r.row.Steps[i])
	if err != nil {
		return err
	}
	id := r.steps[i].facts[factKey]
	if t := r.find(Test); id == "" && t >= 0 {
		id = r.steps[t].facts[factKey]
	}
	found := []key.Key{{ID: id, Name: r.row.NewName()}}
	if id == "" || r.steps[i].state != IsDone {
		if found, err = x.seek(ctx, r, i); err != nil {
			return err
		}
	}
	for _, k := range found {
		if k.ID != "" && k.ID == r.row.Key.ID || !strings.Contains(k.Name, nameMark) {
			continue
		}
		if _, err := hands.Do(ctx, Task{Deed: Revoking, Target: r.row.Key, ID: k.ID, Name: k.Name, Text: "it was undone before anybody used it"}); err != nil {
			return err
		}
		if err := x.provedDropped(ctx, r, k); err != nil {
			return err
		}
	}
	return nil
}

// provedDropped proves that a new key is dead, by its id or its value. Of one
// whose value was lost, where the provider does not tell of ids, nobody can say
// more than whoever revoked it.
func (x *run) provedDropped(ctx context.Context, r *rotation, k key.Key) error {
	v, err := x.successor(r)
	if t := r.find(Test); err != nil || x.mayAskAgain(r) && (t < 0 || r.steps[t].state != IsDone) {
		v = secret.Value{} // what was typed may be another key's
	}
	if _, finds := x.Site.Client.(provider.Finder); v.IsZero() && (!finds || k.ID == "") {
		return ended(ctx)
	}
	_, err = x.provedRefused(ctx, "the new key", Target{Provider: r.row.Key.Provider, ID: k.ID, Name: k.Name}, v, true)
	return err
}
