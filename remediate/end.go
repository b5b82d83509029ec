package remediate

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/secret"
)

// end unlocks, suspends or revokes the old key, after it was made sure within
// the same minute that it is the one of the plan.
func (x *run) end(ctx context.Context, r *rotation, s Step) (map[string]string, error) {
	hands, err := x.hands(s)
	if err != nil {
		return nil, err
	}
	seen, err := x.bind(ctx, r.row.Key, x.old(r))
	if err != nil {
		return nil, err
	}
	switch {
	case seen.gone:
		return map[string]string{factHow: "it was gone already"}, nil
	case s.Do == Suspend && seen.status == key.Inactive && seen.key.State.Disabled == key.Yes:
		return map[string]string{factHow: "it was suspended already"}, nil
	case s.Do == Unlock && seen.key.State.Locked == key.No:
		return map[string]string{factHow: "it was not locked any more"}, nil
	case s.Do == Revoke && seen.key.State.Locked == key.Yes && hands.Can(Unlocking):
		// Somebody locked it since.
		if err := x.deed(ctx, r, hands, Unlocking); err != nil {
			return nil, err
		}
	}
	if err := x.successorStands(ctx, r); err != nil {
		return nil, err
	}
	return nil, x.deed(ctx, r, hands, map[Action]Deed{Unlock: Unlocking, Suspend: Suspending, Revoke: Revoking}[s.Do])
}

func (x *run) deed(ctx context.Context, r *rotation, hands Performer, d Deed) error {
	t := r.row.Key
	_, err := hands.Do(ctx, Task{Deed: d, Target: t, ID: t.ID, Name: t.Name})
	return err
}

// successorStands makes sure that a key is never ended for one that does not
// work: the last known working credential.
func (x *run) successorStands(ctx context.Context, r *rotation) error {
	if r.row.Order != MakeFirst {
		return nil
	}
	v, err := x.successor(r)
	if err != nil {
		return err
	}
	verdict, err := x.Site.Client.Verify(ctx, v)
	if ended := ended(ctx); ended != nil {
		return ended
	}
	if err != nil || verdict.Status != key.Active {
		return blocked("the new key does not work now, and the old one is not touched: %s", verdict.Reason)
	}
	return nil
}

// settle finds out what became of a change of which no answer came. It writes
// down what it finds.
func (x *run) settle(ctx context.Context, r *rotation, i int) error {
	s := r.row.Steps[i]
	kind, facts, err := x.whatBecame(ctx, r, i)
	if err != nil {
		return err
	}
	if kind == NobodyKnows {
		return blocked("%s: what became of it is not known, and it is not repeated on that", s.Text)
	}
	if facts == nil {
		facts = map[string]string{}
	}
	facts[factHow] = "found out by asking"
	if err := x.record(r, i, s.Do, kind, facts); err != nil {
		return err
	}
	x.at(r, i, "settled")
	x.tell(r, i, kind, facts[factHow])
	return nil
}

func (x *run) whatBecame(ctx context.Context, r *rotation, i int) (Kind, map[string]string, error) {
	s := r.row.Steps[i]
	switch s.Do { //nolint:exhaustive // only those that change something
	case Issue:
		return x.settleIssue(ctx, r, i)
	case Distribute:
		return x.settleStore(ctx, r, s)
	case Unlock, Suspend, Revoke:
		return x.settleEnd(ctx, r.row.Key, x.old(r), s.Do)
	case End:
		t, v := x.lentKey(r)
		return x.settleEnd(ctx, t, v, Revoke)
	case Hand:
		return IsDone, map[string]string{factHanded: "no"}, nil // nobody knows, so that it ends
	case Cancel, CancelLeaked, CancelAgain, CloseAlerts:
		// Each job, and each alert, is asked for first.
		return NotDone, nil, nil
	}
	return NobodyKnows, nil, nil
}

func (x *run) settleStore(ctx context.Context, r *rotation, s Step) (Kind, map[string]string, error) {
	store, err := x.store(r, s.Store)
	if err != nil {
		return NobodyKnows, nil, err
	}
	v, err := x.successor(r)
	if err != nil {
		return NobodyKnows, nil, err
	}
	proved, err := store.Confirm(ctx, v)
	switch {
	case ended(ctx) != nil:
		return NobodyKnows, nil, ended(ctx)
	case err == nil && proved:
		return IsDone, nil, nil
	}
	// Writing the same value once more changes nothing if it is there.
	return NotDone, nil, nil
}

// settleEnd asks about the old key until the answer is clear. An answer that the
// key lives as before is believed when it stays for longer than a provider may
// lag behind.
func (x *run) settleEnd(ctx context.Context, t Target, v secret.Value, do Action) (Kind, map[string]string, error) {
	lives := 0
	var first time.Time
	for begun := time.Now(); time.Since(begun) < settleTime; {
		seen, err := x.look(ctx, t, v)
		if err != nil {
			return NobodyKnows, nil, err
		}
		switch {
		case do == Unlock && seen.key.State.Locked == key.No:
			return IsDone, nil, nil
		case seen.gone, do == Suspend && seen.status == key.Inactive:
			lives = 0
			if proof, _, err := x.refusedOnce(ctx, t, v, do == Revoke); err != nil || proof != nil {
				return IsDone, nil, err
			}
		case seen.status == key.Unknown:
			lives = 0
		case lives == 0:
			lives, first = 1, time.Now()
		case time.Since(first) >= time.Minute:
			return NotDone, nil, nil
		}
		if err := sleep(ctx, settlePause); err != nil {
			return NobodyKnows, nil, err
		}
	}
	return NobodyKnows, nil, nil
}

// persistence looks for keys that somebody could have made with the leaked one.
// They are told, and left to a person.
func (x *run) persistence(ctx context.Context, r *rotation) (map[string]string, error) {
	lister, ok := x.Site.Client.(provider.Lister)
	since := r.row.Exposure.Since
	if !ok || since.IsZero() {
		return map[string]string{factHow: "not looked: nobody lists the keys here, or since when it leaked is not known"}, nil
	}
	var found []string
	for k, err := range lister.Keys(ctx, provider.Extent{Everybody: true, Services: true}) {
		if err != nil {
			return map[string]string{factHow: "not known: " + reasonOf(err)}, ended(ctx)
		}
		if k.ID != r.row.Key.ID && k.Dates.Created.After(since) && !strings.Contains(k.Name, nameMark) {
			found = append(found, k.ID)
		}
	}
	if len(found) == 0 {
		return map[string]string{factHow: "no key was made since"}, nil
	}
	text := fmt.Sprintf("%d %s made since the leak, look at them: %s", len(found), plural(len(found), "key was", "keys were"), strings.Join(found[:min(len(found), 20)], " "))
	return map[string]string{factHow: text}, nil
}

// cancel cancels the jobs that the plan names, and no others.
func (x *run) cancel(ctx context.Context, r *rotation, s Step) (map[string]string, error) {
	client := x.Site.Client
	if s.Do == CancelAgain {
		if until := r.useless().Add(time.Duration(s.Wait)); time.Now().Before(until) {
			return nil, &pause{until: until, why: "until " + moment(until) + " tokens of the old key may live"}
		}
	}
	if s.Do == CancelLeaked {
		var err error
		if v := x.old(r); v.IsZero() || x.Site.As == nil {
			return nil, blocked("the value of the leaked key is not at hand")
		} else if client, err = x.Site.As(v); err != nil {
			return nil, err
		}
	}
	canceler, ok := client.(provider.JobCanceler)
	if !ok {
		return nil, blocked("the provider has no call to cancel jobs")
	}
	var texts []string
	for _, id := range r.row.Running.Cancel {
		text, err := x.cancelOne(ctx, canceler, r.job(id))
		if err != nil {
			return nil, err
		}
		texts = append(texts, id+" "+text)
	}
	return map[string]string{factJobs: strings.Join(texts, ", ")}, nil
}

// useless is since when nobody gets anything for the old value: since it was
// suspended, or revoked where keys cannot be suspended; zero while somebody does.
func (r *rotation) useless() time.Time {
	for _, do := range []Action{Suspend, Revoke} {
		if i := r.find(do); i >= 0 && r.steps[i].state == IsDone {
			return r.steps[i].at
		}
	}
	return time.Time{}
}

func (r *rotation) job(id string) provider.Job {
	for _, j := range r.row.Running.Jobs {
		if j.ID == id {
			return j
		}
	}
	return provider.Job{ID: id}
}

func (x *run) cancelOne(ctx context.Context, c provider.JobCanceler, j provider.Job) (string, error) {
	for begun := time.Now(); ; {
		err := c.CancelJob(ctx, j)
		switch {
		case err == nil:
			return "cancelled", nil
		case errors.Is(err, provider.ErrOver):
			return "was over", nil
		case errors.Is(err, provider.ErrNotFound):
			return "is not there", nil
		case !errors.Is(err, provider.ErrNotYet) || time.Since(begun) > settleTime:
			return "", orEnded(ctx, surely(err))
		}
		if err := sleep(ctx, settlePause); err != nil {
			return "", err
		}
	}
}
