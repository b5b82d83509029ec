package remediate

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/secret"
)

// prepare is what must be known before a step's intent is written: what a store
// holds now, so that it can be brought back.
func (x *run) prepare(ctx context.Context, r *rotation, i int) (map[string]string, error) {
	s := r.row.Steps[i]
	if s.Do != Distribute {
		return nil, nil
	}
	store, err := x.store(r, s.Store)
	if err != nil {
		return nil, err
	}
	mark, err := store.Check(ctx)
	if err != nil {
		return nil, orEnded(ctx, blocked("%s cannot be written: %s", s.Store, reasonOf(err)))
	}
	if before := r.steps[i].intended[factBefore]; before != "" {
		return map[string]string{factBefore: before}, nil // what was there before the first try
	}
	return map[string]string{factBefore: mark}, nil
}

// perform does a step, once.
func (x *run) perform(ctx context.Context, r *rotation, i int) (map[string]string, error) {
	s := r.row.Steps[i]
	switch s.Do { //nolint:exhaustive // the others are no steps of a row
	case Check:
		return x.check(ctx, r)
	case Evidence:
		return x.evidence(ctx, r)
	case Tell:
		return x.ownerKnows(ctx, r, s)
	case Seal:
		return nil, x.seal(r)
	case Issue:
		return x.issue(ctx, r, i)
	case Test:
		return x.test(ctx, r)
	case Distribute:
		return x.distribute(ctx, r, i)
	case Confirm:
		return x.confirm(ctx, r, s)
	case Quiet:
		return x.quiet(ctx, r, s)
	case Drain:
		return nil, x.drained(ctx, r)
	case Unlock, Suspend, Revoke:
		return x.end(ctx, r, s)
	case Refused:
		return x.refused(ctx, r.row.Key, x.old(r), false)
	case Persistence:
		return x.persistence(ctx, r)
	case Cancel, CancelLeaked, CancelAgain:
		return x.cancel(ctx, r, s)
	case Soak:
		return nil, x.soaked(ctx, r, s)
	case Prove:
		return x.prove(ctx, r)
	case CloseAlerts:
		return x.closeAlerts(ctx, r)
	case Forget:
		return nil, x.forget(r)
	case Hand:
		return x.handOver(ctx, r)
	case Until:
		return x.lent(r)
	case End:
		return x.endLoan(ctx, r, s)
	}
	return nil, blocked("this version of qleaks does not know the step %q", s.Do)
}

// old is the value that is to end; the zero Value if nobody here has it.
func (x *run) old(r *rotation) secret.Value {
	if v := x.value(OldValue(r.row.ID)); !v.IsZero() || x.Site.Value == nil {
		return v
	}
	v, ok := x.Site.Value(r.row.Key)
	if !ok || x.Site.Fingerprints.Of(v) != r.row.Key.Fingerprint {
		return secret.Value{}
	}
	x.fresh[OldValue(r.row.ID)] = v
	return v
}

// keepOld seals the value that is to end: without it, whoever goes on with the
// rotation could not prove its end.
func (x *run) keepOld(r *rotation) error {
	v := x.old(r)
	if v.IsZero() {
		return nil
	}
	return x.Site.Vault.Seal(OldValue(r.row.ID), v)
}

// value opens a sealed value, once a run.
func (x *run) value(name string) secret.Value {
	if v, ok := x.fresh[name]; ok {
		return v
	}
	v, err := x.Site.Vault.Open(name)
	if err != nil {
		return secret.Value{}
	}
	x.fresh[name] = v
	return v
}

// successor is the new value. Without it nothing can go on.
func (x *run) successor(r *rotation) (secret.Value, error) {
	name := newValue(r.row.ID)
	if v, ok := x.fresh[name]; ok {
		return v, nil
	}
	v, err := x.Site.Vault.Open(name)
	if errors.Is(err, ErrNoValue) {
		return v, blocked("the sealed value of the new key is gone: qleaks remediate rollback %s, then begin anew", r.row.ID)
	}
	if err == nil {
		x.fresh[name] = v
	}
	return v, err
}

func (x *run) forget(r *rotation) error {
	name := newValue(r.row.ID)
	delete(x.fresh, name)
	return x.Site.Vault.Forget(name)
}

// check makes sure that every store can be written, and that there is room for
// one more key.
func (x *run) check(ctx context.Context, r *rotation) (map[string]string, error) {
	for _, name := range r.row.Stores {
		store, err := x.store(r, name)
		if err != nil {
			return nil, err
		}
		if _, err := store.Check(ctx); err != nil {
			return nil, orEnded(ctx, blocked("%s cannot be written: %s", name, reasonOf(err)))
		}
	}
	lister, ok := x.Site.Client.(provider.Lister)
	if !ok || r.row.Key.Provider != "ibm" || r.row.Key.Owner.ID == "" {
		return nil, nil
	}
	owned := 0
	for k, err := range lister.Keys(ctx, provider.Extent{Everybody: true, Services: true}) {
		if err != nil {
			// Issuing tells, if nothing else does.
			return map[string]string{factHow: "how many keys its owner has is not known"}, ended(ctx)
		}
		if k.Owner.ID == r.row.Key.Owner.ID {
			owned++
		}
	}
	if owned >= keysPerIdentity {
		return nil, blocked("its owner has %d keys, and may not have one more: revoke one that is not used", owned)
	}
	return nil, nil
}

// evidence keeps what is known now, and refuses a plan whose facts have changed.
func (x *run) evidence(ctx context.Context, r *rotation) (map[string]string, error) {
	t := r.row.Key
	s, err := x.bind(ctx, t, x.old(r))
	if err != nil {
		return nil, err
	}
	if what := x.changed(r, s); what != "" {
		return nil, blocked("%s since the plan was made: make a new plan", what)
	}
	facts := map[string]string{factHow: s.why, factTag: s.key.State.Tag}
	lister, ok := x.Site.Client.(provider.JobLister)
	if !ok {
		return facts, nil
	}
	var ids []string
	for j, err := range lister.Jobs(ctx, provider.Window{Pending: true}) {
		if err != nil {
			facts[factJobs] = "not known: " + reasonOf(err)
			return facts, ended(ctx)
		}
		if ids = append(ids, j.ID); len(ids) == mostJobs {
			ids = append(ids, "and more")
			break
		}
	}
	facts[factJobs] = strings.Join(ids, " ")
	return facts, nil
}

// mostJobs is how many jobs the journal names.
const mostJobs = 200

// changed says what has changed since a plan was made. A leaked key that is
// suspended or gone meanwhile is no error: IBM itself disables keys that it
// finds in public, and people revoke them.
func (x *run) changed(r *rotation, s seen) string {
	t := r.row.Key
	switch {
	case r.row.Reason == Leaked && (s.gone || s.status == key.Inactive):
		return ""
	case s.gone:
		return "the key has gone"
	case t.Facts.Disabled != "" && s.key.State.Disabled != "" && t.Facts.Disabled != s.key.State.Disabled:
		return "the key was suspended, or taken back,"
	case t.Facts.Tag != "" && s.key.State.Tag != "" && t.Facts.Tag != s.key.State.Tag:
		return "the key's record has changed"
	case s.status == key.Inactive && t.Facts.Disabled != key.Yes:
		return "the provider has come to refuse the key"
	case r.row.Reason == Unused && s.key.Use.Known && s.key.Use.Last.After(t.Facts.Use.Last):
		return "the key was used"
	}
	return ""
}

// ownerKnows asks whether the owner agrees.
func (x *run) ownerKnows(ctx context.Context, r *rotation, s Step) (map[string]string, error) {
	yes, err := x.person().Yes(ctx, Guide{
		Title: "Ask the owner of " + r.row.Key.Called(), Steps: []string{"tell them: the key is going to be revoked, because it is " + strings.Join(r.row.Why, "; ")},
		Facts:    about(Task{Target: r.row.Key, ID: r.row.Key.ID, Name: r.row.Key.Name}),
		Question: "Do they know, and agree?",
	})
	if err != nil {
		return nil, err
	}
	if !yes {
		return nil, blocked("%s: they did not agree yet", s.Text)
	}
	return map[string]string{factHow: "said by " + x.Actor}, nil
}

// quiet waits until the old key is not used any more.
func (x *run) quiet(ctx context.Context, r *rotation, s Step) (map[string]string, error) {
	since := r.promoted()
	until := since.Add(time.Duration(s.Wait))
	if time.Now().Before(until) {
		return nil, &pause{until: until, why: "until " + moment(until) + " the old key is watched"}
	}
	for _, name := range r.row.Stores {
		store, err := x.store(r, name)
		if err != nil {
			return nil, err
		}
		drainer, ok := store.(Drainer)
		if !ok {
			continue
		}
		n, err := drainer.Readers(ctx, since)
		if err != nil {
			return nil, orEnded(ctx, blocked("whether anybody still runs with the old value of %s is not known: %s", name, reasonOf(err)))
		}
		if n > 0 {
			return nil, &pause{until: time.Now().Add(time.Minute), why: name + " was read before the new value came, by what still runs"}
		}
	}
	seen, err := x.look(ctx, r.row.Key, x.old(r))
	if err != nil {
		return nil, err
	}
	if use := seen.key.Use; use.Known {
		if use.Last.After(since) {
			return nil, &pause{until: use.Last.Add(time.Duration(s.Wait)), why: "the old key was used on " + moment(use.Last) + ", after every store had the new one: somebody has it elsewhere"}
		}
		return map[string]string{factHow: "not used since the new key is in its place"}, nil
	}
	if len(r.row.Stores) > 0 {
		return map[string]string{factHow: "every store named for it has the new key"}, nil
	}
	return x.quietSays(ctx, r, since)
}

func (x *run) quietSays(ctx context.Context, r *rotation, since time.Time) (map[string]string, error) {
	yes, err := x.person().Yes(ctx, Guide{
		Title: "Look when " + r.row.Key.Called() + " was last used", Page: consoleOf(r.row.Key.Provider).page,
		Steps: append(consoleOf(r.row.Key.Provider).open, "look at its column Last used"), Question: "Was it last used before " + moment(since) + "?",
	})
	if err != nil {
		return nil, err
	}
	if !yes {
		return nil, blocked("somebody still uses the old key")
	}
	return map[string]string{factHow: "said by " + x.Actor}, nil
}

// promoted is when the last store had confirmed.
func (r *rotation) promoted() time.Time {
	var last time.Time
	for i, s := range r.row.Steps {
		if s.Do == Confirm && r.steps[i].at.After(last) {
			last = r.steps[i].at
		}
	}
	return last
}

// drained waits for work that runs, as the policy says.
func (x *run) drained(ctx context.Context, r *rotation) error {
	lister, ok := x.Site.Client.(provider.JobLister)
	if !ok || x.Policy.Drain == DrainIgnore {
		return nil
	}
	n := 0
	for j, err := range lister.Jobs(ctx, provider.Window{Pending: true}) {
		if err != nil {
			return orEnded(ctx, blocked("what runs is not known: %s", reasonOf(err)))
		}
		if r.row.Key.Owner.ID == "" || j.Owner == "" || j.Owner == r.row.Key.Owner.ID || j.Owner == r.row.Key.Owner.Name {
			n++
		}
	}
	switch {
	case n == 0:
		return nil
	case x.Policy.Drain == DrainHold:
		return blocked("%d %s, and the policy leaves that to a person", n, plural(n, "job waits or runs", "jobs wait or run"))
	}
	return &pause{until: time.Now().Add(5 * time.Minute), why: plural(n, "a job waits or runs", "jobs wait or run") + " that may need the old key"}
}

// soaked waits while the suspended key could come back, and makes sure that
// nobody took it back.
func (x *run) soaked(ctx context.Context, r *rotation, s Step) error {
	i := r.find(Suspend)
	if i < 0 {
		return nil
	}
	if until := r.steps[i].at.Add(time.Duration(s.Wait)); time.Now().Before(until) {
		return &pause{until: until, why: "until " + moment(until) + " the suspended key could come back"}
	}
	seen, err := x.look(ctx, r.row.Key, x.old(r))
	if err != nil {
		return err
	}
	switch seen.status {
	case key.Active:
		return blocked("somebody took the suspended key back: find out who needs it")
	case key.Unknown:
		return blocked("nobody knows whether the key is still suspended: %s", seen.why)
	case key.Inactive:
	}
	return nil
}

// prove proves the end of it: the old key refused, for good where it was
// revoked, and the new one accepted.
func (x *run) prove(ctx context.Context, r *rotation) (map[string]string, error) {
	t, v := r.row.Key, x.old(r)
	if r.row.Order == Lend {
		t, v = x.lentKey(r)
	}
	facts, err := x.refused(ctx, t, v, true)
	if err != nil {
		return nil, err
	}
	if r.find(Issue) < 0 || r.row.Order == Lend {
		return facts, nil
	}
	v, err = x.successor(r)
	if err != nil {
		return nil, err
	}
	if _, err := x.accepted(ctx, v, settleTime); err != nil {
		return nil, orEnded(ctx, blocked("%s", reasonOf(err)))
	}
	facts[factHow] += "; the new value is accepted"
	return facts, nil
}
