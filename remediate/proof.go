package remediate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/secret"
)

const (
	// proofGap is how far the two answers that prove an end are apart: enough to
	// see a flicker, and within the minute in which control questions count.
	proofGap = 5 * time.Second
	// proofTime bounds both answers with their controls.
	proofTime = time.Minute
	// settleTime is how long a provider may take to show what was changed.
	settleTime = 5 * time.Minute
	// settlePause is how often it is asked in that time.
	settlePause = 20 * time.Second
	// typedTime is settleTime for a value that may have been mistyped: somebody sits
	// there and can bring the right one.
	typedTime = time.Minute
)

// seen is what one question about a key came to.
type seen struct {
	status key.Status
	// gone says that there is no such key any more, by its id.
	gone bool
	key  key.Key
	why  string
}

// look asks once about the old key: by its id where the provider has that, else
// by its value.
func (x *run) look(ctx context.Context, t Target, v secret.Value) (seen, error) {
	if finder, ok := x.Site.Client.(provider.Finder); ok && t.ID != "" {
		k, err := finder.Find(ctx, t.ID)
		switch {
		case errors.Is(err, provider.ErrNotFound):
			return seen{status: key.Inactive, gone: true, why: "the provider has no key of that id"}, nil
		case err != nil:
			return seen{status: key.Unknown, why: reasonOf(err)}, ended(ctx)
		case k.State.Disabled == key.Yes:
			return seen{status: key.Inactive, key: k, why: "its record says that it is disabled"}, nil
		}
		return seen{status: key.Active, key: k, why: "its record says that it is in use"}, nil
	}
	if v.IsZero() {
		return x.lookInList(ctx, t)
	}
	verdict, err := x.Site.Client.Verify(ctx, v)
	if err != nil {
		return seen{status: key.Unknown, why: reasonOf(err)}, ended(ctx)
	}
	return seen{status: verdict.Status, gone: verdict.Status == key.Inactive, key: verdict.Key, why: verdict.Reason}, nil
}

// lookInList is for a key without id whose value nobody here has: all that can
// be told is whether a list still has its name.
func (x *run) lookInList(ctx context.Context, t Target) (seen, error) {
	for _, by := range []Hands{ByAPI, ByConsole, ByCommand, ByPerson} {
		p := x.Site.Hands[by]
		if p == nil || !p.Can(Seeking) {
			continue
		}
		found, err := p.Seek(ctx, Task{Deed: Seeking, Target: t, Name: t.Name})
		switch {
		case err != nil:
			return seen{status: key.Unknown, why: reasonOf(err)}, ended(ctx)
		case len(found) == 0:
			return seen{status: key.Inactive, gone: true, why: "the list of keys does not have it"}, nil
		}
		return seen{status: key.Active, key: found[0], why: "the list of keys has it"}, nil
	}
	return seen{status: key.Unknown, why: "nobody can tell: its value is not known here, and nobody lists the keys"}, nil
}

func ended(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// controlled asks the control questions: a made-up value must be refused, and
// the operator's credential, if there is one, accepted.
func (x *run) controlled(ctx context.Context) (key.Control, error) {
	c, ok := x.Site.Client.(provider.Controller)
	if !ok {
		return "", errors.New("the provider has no control questions")
	}
	return c.Control(ctx)
}

// refused proves that the old key is dead: two exact answers, in one minute with
// the control questions before and after. It waits for as long as a provider may
// take to show a change. gone demands that the key is gone, not only suspended.
func (x *run) refused(ctx context.Context, t Target, v secret.Value, gone bool) (map[string]string, error) {
	return x.provedRefused(ctx, "the old key", t, v, gone)
}

func (x *run) provedRefused(ctx context.Context, what string, t Target, v secret.Value, gone bool) (map[string]string, error) {
	why := ""
	for begun := time.Now(); time.Since(begun) < settleTime; {
		proof, last, err := x.refusedOnce(ctx, t, v, gone)
		if err != nil {
			return nil, err
		}
		if proof != nil {
			return proof, nil
		}
		why = last
		if err := sleep(ctx, settlePause); err != nil {
			return nil, err
		}
	}
	return nil, blocked("that %s is refused could not be proved: %s", what, why)
}

// refusedOnce tries one proof. Without proof and error, why says what is
// missing.
func (x *run) refusedOnce(ctx context.Context, t Target, v secret.Value, gone bool) (proof map[string]string, why string, err error) {
	begun := time.Now()
	before, err := x.controlled(ctx)
	if err != nil {
		why, _ = provider.Unsettled(err)
		return nil, why, ended(ctx)
	}
	var told string
	for n := range 2 {
		if n > 0 {
			if err := sleep(ctx, proofGap); err != nil {
				return nil, "", err
			}
		}
		s, err := x.look(ctx, t, v)
		if err != nil {
			return nil, "", err
		}
		if s.status != key.Inactive || gone && !s.gone {
			return nil, s.why, nil
		}
		told = s.why
	}
	after, err := x.controlled(ctx)
	switch {
	case err != nil:
		why, _ = provider.Unsettled(err)
		return nil, why, ended(ctx)
	case time.Since(begun) > proofTime:
		return nil, "the answers were more than a minute apart", nil
	case after != before:
		return nil, "the control questions were answered in two ways", nil
	}
	return map[string]string{factHow: fmt.Sprintf("%s, asked twice; %s", told, after)}, "", nil
}

// accepted proves that a value works, and returns its key. It waits for as long
// as a provider may take to show a new key.
func (x *run) accepted(ctx context.Context, v secret.Value, patience time.Duration) (key.Key, error) {
	var last key.Verdict
	for begun := time.Now(); time.Since(begun) < patience; {
		verdict, err := x.Site.Client.Verify(ctx, v)
		if ended := ended(ctx); ended != nil {
			return key.Key{}, ended
		}
		if err != nil {
			return key.Key{}, err
		}
		if last = verdict; verdict.Status == key.Active {
			if _, err := x.controlled(ctx); err != nil {
				if ended := ended(ctx); ended != nil {
					return key.Key{}, ended
				}
				last.Reason, _ = provider.Unsettled(err)
			} else {
				return verdict.Key, nil
			}
		}
		if err := sleep(ctx, settlePause); err != nil {
			return key.Key{}, err
		}
	}
	return key.Key{}, &refusal{last}
}

// refusal is a new value that the provider does not accept.
type refusal struct{ verdict key.Verdict }

// Error implements error.
func (r *refusal) Error() string { return "the new value does not work: " + r.verdict.Reason }

// bind makes sure, right before a change, that the key which is about to end is
// the one of the plan: by provider, account, id and owner, and by its value
// where that is at hand. Nothing is changed on a doubt.
func (x *run) bind(ctx context.Context, t Target, v secret.Value) (seen, error) {
	if !v.IsZero() {
		if t.Salt != "" && t.Salt != x.Site.Fingerprints.Salt() || t.Fingerprint != "" && x.Site.Fingerprints.Of(v) != t.Fingerprint {
			return seen{}, blocked("the value at hand is not the one of the plan")
		}
	}
	s, err := x.look(ctx, t, v)
	if err != nil {
		return s, err
	}
	if s.status == key.Unknown {
		return s, blocked("nobody knows whether the key still works, and nothing is changed on that: %s", s.why)
	}
	if s.status == key.Inactive {
		// An outage refuses, too. That the key is dead already is believed only as
		// any other proof is.
		proof, why, err := x.refusedOnce(ctx, t, v, s.gone)
		if err != nil {
			return s, err
		}
		if proof == nil {
			return s, blocked("the key seems to be refused already, and that could not be proved: %s", why)
		}
	}
	if s.gone {
		return s, nil
	}
	if what := differs(t, s.key); what != "" {
		return s, blocked("the key is not the one of the plan: %s", what)
	}
	if _, finds := x.Site.Client.(provider.Finder); finds && !v.IsZero() && s.status == key.Active {
		verdict, err := x.Site.Client.Verify(ctx, v)
		if err != nil || verdict.Status != key.Active {
			return s, orEnded(ctx, blocked("the provider does not say any more whose key the value is"))
		}
		if what := differs(t, verdict.Key); what != "" || verdict.Key.ID != t.ID {
			return s, blocked("the value is not that of the key of the plan")
		}
	}
	return s, nil
}

func orEnded(ctx context.Context, err error) error {
	if ended := ended(ctx); ended != nil {
		return ended
	}
	return err
}

// differs says what of a record is not as in a plan; what is told by one of the
// two only does not count.
func differs(t Target, k key.Key) string {
	for _, pair := range []struct{ what, planned, now string }{
		{"its provider", t.Provider, k.Provider}, {"its id", t.ID, k.ID}, {"its owner", t.Owner.ID, k.Owner.ID},
		{"its account", t.Facts.AccountID, k.Account.ID}, {"its project", t.Project.ID, k.Project.ID},
	} {
		if pair.planned != "" && pair.now != "" && pair.planned != pair.now {
			return pair.what + " is another one"
		}
	}
	if t.ID == "" && t.Name != "" && k.Name != "" && t.Name != k.Name {
		return "its name is another one"
	}
	return ""
}
