package remediate

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/secret"
)

// seal makes the new value and puts it away, before the key exists. What is
// sealed already stays: the key may exist with it.
func (x *run) seal(r *rotation) error {
	name := newValue(r.row.ID)
	v, err := x.Site.Vault.Open(name)
	if err == nil {
		x.fresh[name] = v
		return nil
	}
	if !errors.Is(err, ErrNoValue) {
		return err
	}
	// 33 bytes are 44 characters, which scanners know as a key.
	material := make([]byte, 33)
	_, _ = rand.Read(material) // never fails
	v = secret.New([]byte(base64.RawURLEncoding.EncodeToString(material)))
	if err := x.Site.Vault.Seal(name, v); err != nil {
		return err
	}
	x.fresh[name] = v
	return nil
}

// issue makes the new key. A value that the provider made is sealed before
// anything else happens to it.
func (x *run) issue(ctx context.Context, r *rotation, i int) (map[string]string, error) {
	s := r.row.Steps[i]
	hands, err := x.hands(s)
	if err != nil {
		return nil, err
	}
	t := Task{
		Deed: Issuing, Target: r.row.Key, Name: r.row.NewName(),
		Description: "managed by qleaks; rotation=" + r.row.ID + "; replaces=" + r.row.Key.ID, Expires: r.expires(),
	}
	if r.row.Order == Lend {
		t.Description = "lent by qleaks; rotation=" + r.row.ID
	}
	if callerMade(r.row.Key.Provider, s.By) {
		if t.Value, err = x.successor(r); err != nil {
			return nil, err
		}
	}
	done, err := hands.Do(ctx, t)
	if err != nil {
		return nil, err
	}
	if t.Value.IsZero() {
		x.at(r, i, "value")
		if err := x.keep(r, done.Value); err != nil {
			return nil, err
		}
		x.at(r, i, "sealed")
	}
	return issued(done.Key), nil
}

var errNotNew = errors.New("that is not a new value: it is empty, or the old one")

// keep seals the value that a provider made. One that is no new value is
// refused: somebody pasted the old one.
func (x *run) keep(r *rotation, v secret.Value) error {
	old := x.old(r)
	if v.IsZero() || !old.IsZero() && v.Equal(old) || r.row.Key.Fingerprint != "" && x.Site.Fingerprints.Of(v) == r.row.Key.Fingerprint {
		return errNotNew // the key may exist all the same
	}
	if err := x.Site.Vault.Seal(newValue(r.row.ID), v); err != nil {
		return err
	}
	x.fresh[newValue(r.row.ID)] = v
	return nil
}

func issued(k key.Key) map[string]string {
	return map[string]string{factKey: k.ID, factName: k.Name}
}

// test proves that the new value works, and in the place of the old one.
func (x *run) test(ctx context.Context, r *rotation) (map[string]string, error) {
	v, err := x.successor(r)
	if err != nil {
		return nil, err
	}
	patience := settleTime
	if x.mayAskAgain(r) {
		patience = typedTime
	}
	k, err := x.accepted(ctx, v, patience)
	var no *refusal
	if errors.As(err, &no) && no.verdict.Status != "" && x.mayAskAgain(r) {
		return nil, x.unissue(r, no)
	}
	if err != nil {
		return nil, orEnded(ctx, blocked("%s", reasonOf(err)))
	}
	if what := misplaced(r, k); what != "" {
		return nil, blocked("the new key is not in the place of the old one: %s; qleaks remediate rollback %s deletes it", what, r.row.ID)
	}
	if x.Site.Register != nil {
		if k.Name == "" {
			k.Name = r.row.NewName()
		}
		if err := x.Site.Register(k, v); err != nil {
			return nil, err
		}
	}
	return issued(k), nil
}

// mayAskAgain reports whether the value came from somewhere where it can have
// been mistyped.
func (x *run) mayAskAgain(r *rotation) bool {
	return !callerMade(r.row.Key.Provider, r.row.Steps[r.find(Issue)].By)
}

// unissue makes the issuing not count: what was typed is no key. The key itself
// may exist, and is looked for before another one is made.
func (x *run) unissue(r *rotation, no *refusal) error {
	i := r.find(Issue)
	if err := x.record(r, i, Issue, Undone, map[string]string{factWhy: no.verdict.Reason}); err != nil {
		return err
	}
	delete(x.fresh, newValue(r.row.ID))
	if err := x.Site.Vault.Forget(newValue(r.row.ID)); err != nil {
		return err
	}
	return blocked("%s: qleaks remediate resume asks for it again", no.Error())
}

// misplaced says in what a new key does not stand where the old one stood.
func misplaced(r *rotation, k key.Key) string {
	t := r.row.Key
	switch {
	case k.ID != "" && k.ID == t.ID:
		return "it is the old key"
	case k.Name != "" && k.Name != r.row.NewName():
		return "it is not called " + r.row.NewName()
	case t.Project.ID != "" && k.Project.ID != "" && t.Project.ID != k.Project.ID:
		return "it belongs to another project"
	case t.Owner.ID != "" && k.Owner.ID != "" && t.Owner.ID != k.Owner.ID:
		return "it belongs to somebody else"
	case t.Facts.AccountID != "" && k.Account.ID != "" && t.Facts.AccountID != k.Account.ID:
		return "it belongs to another account"
	}
	return ""
}

// settleIssue finds out whether a new key was made. Where the value is ours the
// provider is asked about it; else a key of our name whose value nobody has is
// an orphan: it was never given to anybody, and is revoked.
func (x *run) settleIssue(ctx context.Context, r *rotation, i int) (Kind, map[string]string, error) {
	v := x.value(newValue(r.row.ID))
	if v.IsZero() {
		return x.settleOrphan(ctx, r, i)
	}
	misses := 0
	var first time.Time
	for begun := time.Now(); time.Since(begun) < settleTime; {
		verdict, err := x.Site.Client.Verify(ctx, v)
		if ended := ended(ctx); ended != nil {
			return NobodyKnows, nil, ended
		}
		if err == nil && verdict.Key.ID != "" || err == nil && verdict.Status == key.Active {
			return IsDone, issued(verdict.Key), nil
		}
		if !callerMade(r.row.Key.Provider, r.row.Steps[i].By) {
			// It was sealed: somebody got it from the provider. Test says whether it
			// works.
			return IsDone, issued(key.Key{Name: r.row.NewName()}), nil
		}
		none, err := x.noneCalled(ctx, r, i)
		switch {
		case err != nil:
			return NobodyKnows, nil, err
		case none && misses == 0:
			misses, first = 1, time.Now()
		case none && time.Since(first) >= 2*time.Minute:
			return NotDone, nil, nil
		case !none:
			misses = 0
		}
		if err := sleep(ctx, settlePause); err != nil {
			return NobodyKnows, nil, err
		}
	}
	return NobodyKnows, nil, nil
}

// noneCalled reports whether no key has the new name, and the provider answers
// control questions as it must.
func (x *run) noneCalled(ctx context.Context, r *rotation, i int) (bool, error) {
	found, err := x.seek(ctx, r, i)
	if err != nil {
		return false, ended(ctx)
	}
	if _, err := x.controlled(ctx); err != nil {
		return false, ended(ctx)
	}
	return len(found) == 0, nil
}

func (x *run) seek(ctx context.Context, r *rotation, i int) ([]key.Key, error) {
	hands, err := x.hands(r.row.Steps[i])
	if err != nil {
		return nil, err
	}
	return hands.Seek(ctx, Task{Deed: Seeking, Target: r.row.Key, Name: r.row.NewName()})
}

// settleOrphan revokes a key of our name whose value is lost.
func (x *run) settleOrphan(ctx context.Context, r *rotation, i int) (Kind, map[string]string, error) {
	found, err := x.seek(ctx, r, i)
	if err == nil && len(found) == 0 && r.row.Steps[i].By != ByPerson {
		// A list may lag behind.
		if err := sleep(ctx, 2*time.Minute); err != nil {
			return NobodyKnows, nil, err
		}
		found, err = x.seek(ctx, r, i)
	}
	if err != nil {
		return NobodyKnows, nil, orEnded(ctx, blocked("whether the new key was made is not known: %s", reasonOf(err)))
	}
	hands, err := x.hands(r.row.Steps[i])
	if err != nil {
		return NobodyKnows, nil, err
	}
	for _, k := range found {
		// The name is ours to the last letter, and no value of it was given away.
		if k.Name != r.row.NewName() || k.ID != "" && k.ID == r.row.Key.ID {
			continue
		}
		if _, err := hands.Do(ctx, Task{Deed: Revoking, Target: r.row.Key, ID: k.ID, Name: k.Name, Text: "its value was lost before it could be sealed, so that nobody can use it"}); err != nil {
			return NobodyKnows, nil, orEnded(ctx, blocked("a new key whose value was lost could not be revoked: %s", reasonOf(err)))
		}
	}
	if len(found) == 0 {
		return NotDone, map[string]string{factWhy: "no key has the new name"}, nil
	}
	return NotDone, map[string]string{factOrphan: found[0].ID, factWhy: "its value was lost, and it was revoked"}, nil
}
