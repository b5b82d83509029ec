package remediate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/secret"
)

// Lend is the order of a loan: a key is made, handed over, and revoked when its
// time is over. No key that was there before changes.
const Lend Order = "lend"

// Lent is the reason of a loan.
const Lent Reason = "lent"

// The actions of loans.
const (
	// Hand hands the new value to whoever borrows it: a person who sees it once,
	// or a program that gets it in its environment.
	Hand Action = "hand over"
	// Until waits for the end of a loan.
	Until Action = "wait for the end of the loan"
	// End revokes the lent key. It is no end of a key of the operator's, and counts
	// for no cap.
	End Action = "revoke the lent key"
)

// Loan is a key that is to be lent.
type Loan struct {
	Provider string
	// Account is the operator's name of the account, AccountID the provider's.
	Account, AccountID string
	// Name is what the loan is for; it becomes part of the key's name.
	Name string
	// Owner is whose key it is to be: zero is the operator's own, where the provider
	// has owners. Kind is "service" for a service ID of IBM's.
	Owner key.Party
	Kind  string
	// Project is where it is to work, where the provider has projects.
	Project key.Party
	// For is how long it is lent.
	For time.Duration
}

// Bounds of a loan.
const (
	ShortestLoan = time.Minute
	LongestLoan  = 30 * day
)

// Row is the loan as a rotation, of which hands says who makes and revokes the
// key.
func (l Loan) Row(now time.Time, hands func(Target, Deed) Hands) (Row, error) {
	t := Target{Provider: l.Provider, Account: l.Account, Name: logicalName(l.Name), Kind: l.Kind, Owner: l.Owner, Project: l.Project, Facts: Facts{AsOf: now.UTC(), AccountID: l.AccountID, Slots: -1}}
	r := Row{ID: rotationID(now, t), Key: t, Reason: Lent, Why: []string{"somebody borrows it for " + period(l.For)}, Exposure: Exposure{Reach: Nowhere}, Order: Lend, OrderWhy: "no key that is there changes"}
	issuing, revoking := hands(t, Issuing), hands(t, Revoking)
	switch {
	case l.For < ShortestLoan || l.For > LongestLoan:
		return r, fmt.Errorf("a key is lent for at least %s and at most %s", period(ShortestLoan), period(LongestLoan))
	case t.Name == "":
		return r, errors.New("a loan needs a name, which says what it is for")
	case issuing == "" || revoking == "":
		return r, ErrHands
	}
	if callerMade(l.Provider, issuing) {
		r.Steps = append(r.Steps, own(Seal, "make the value on this machine, and seal it before the key exists"))
	}
	until := own(Until, "wait until its time is over, or it is taken back")
	until.Wait = Span(l.For)
	r.Steps = append(r.Steps,
		Step{Do: Issue, By: issuing, Text: "make the key " + r.NewName()},
		own(Test, "prove that it works"),
		own(Hand, "hand it over, once"),
		until,
		Step{Do: End, By: revoking, Text: "revoke it", Forever: true},
		own(Prove, "prove that it is refused"))
	return r, r.validateLoan()
}

// validateLoan holds what no loan may lack: the key is revoked, and that is
// proved, after it was handed over.
func (r Row) validateLoan() error {
	at := -1
	for _, do := range []Action{Issue, Test, Hand, Until, End, Prove} {
		i := slices.IndexFunc(r.Steps, func(s Step) bool { return s.Do == do })
		if i <= at {
			return errNoSteps
		}
		at = i
	}
	if slices.ContainsFunc(r.Steps, func(s Step) bool {
		return !slices.Contains([]Action{Seal, Issue, Test, Hand, Until, End, Prove}, s.Do)
	}) {
		return errNoSteps
	}
	return nil
}

// Ends is when a loan that was begun then ends by itself.
func (r Row) Ends(begun time.Time) time.Time {
	for _, s := range r.Steps {
		if s.Do == Until {
			return begun.Add(time.Duration(s.Wait))
		}
	}
	return time.Time{}
}

// expires is when the provider shall refuse the key by itself, whatever becomes
// of this machine; zero where it is no loan. Providers tell minutes.
func (r *rotation) expires() time.Time {
	if r.row.Order != Lend {
		return time.Time{}
	}
	return r.row.Ends(r.opened).Truncate(time.Minute).Add(2 * time.Minute)
}

// Lend makes a key and hands it over, as far as that goes now. Site.Hand is
// needed. Where the time is longer than the Patience, the result waits, and
// Resume revokes the key later.
func (m *Machine) Lend(ctx context.Context, row Row) (Result, error) {
	if err := errors.Join(row.validate(), m.Policy.Validate()); err != nil {
		return Result{}, err
	}
	x := m.run()
	known, err := x.load()
	if err != nil {
		return Result{}, err
	}
	var result Result
	plan := Plan{Schema: planSchema, Made: row.Key.Facts.AsOf, Requester: m.Actor, Rows: []Row{row}}
	r, refused, err := x.open(&known, plan, row, Consent{Account: row.Key.Account})
	switch {
	case err != nil:
		return result, err
	case refused != "":
		result.Refused = append(result.Refused, Left{Provider: row.Key.Provider, Key: row.Key.Called(), Why: refused})
		return result, nil
	}
	err = x.carry(ctx, r, &result)
	return result, err
}

// ErrNoLoan says that there is no such loan, or not any more.
var ErrNoLoan = errors.New("no such key is lent")

// TakeBack ends a loan before its time: the key is revoked, and that is proved.
// A loan that was not handed over is undone.
func (m *Machine) TakeBack(ctx context.Context, id string) (Result, error) {
	x := m.run()
	known, err := x.load()
	if err != nil {
		return Result{}, err
	}
	i := slices.IndexFunc(known, func(r *rotation) bool { return r.row.ID == id && r.row.Order == Lend && r.ended == "" })
	if i < 0 {
		return Result{}, ErrNoLoan
	}
	r := known[i]
	until := r.find(Until)
	switch {
	case r.done(Until):
	case r.done(Hand):
		if err := x.record(r, until, Until, IsDone, map[string]string{factHow: "taken back by " + m.Actor}); err != nil {
			return Result{}, err
		}
	case !r.touched(Hand):
		r.back = true
	}
	var result Result
	err = x.carry(ctx, r, &result)
	return result, err
}

// factHanded tells whether a lent key was handed over: "yes", "over" if whoever
// had it has ended, or "no" if that is not known or did not happen.
const factHanded = "handed over"

// cannotHand reports whether a loan can come to nothing any more: the process
// that was to hand the key over has died before it did, or its time is over. It is
// undone.
func (x *run) cannotHand(r *rotation) bool {
	return r.row.Order == Lend && !r.touched(Hand) && (x.Site.Hand == nil || !time.Now().Before(r.row.Ends(r.opened)))
}

// handOver hands the lent key to whoever borrows it.
func (x *run) handOver(ctx context.Context, r *rotation) (map[string]string, error) {
	if x.Site.Hand == nil {
		return map[string]string{factHanded: "no", factHow: "nobody is here to whom it could be handed"}, nil
	}
	v, err := x.successor(r)
	if err != nil {
		return nil, err
	}
	over, err := x.Site.Hand(ctx, r.row, v, r.row.Ends(r.opened))
	if err != nil {
		return nil, err
	}
	if over {
		return map[string]string{factHanded: "over"}, nil
	}
	return map[string]string{factHanded: "yes"}, nil
}

// lent waits for the end of a loan.
func (x *run) lent(r *rotation) (map[string]string, error) {
	switch r.steps[r.find(Hand)].facts[factHanded] {
	case "over":
		return map[string]string{factHow: "whoever had it has ended"}, nil
	case "yes":
	default:
		return map[string]string{factHow: "whether anybody got it is not known, so that it ends at once"}, nil
	}
	if until := r.row.Ends(r.opened); time.Now().Before(until) {
		return nil, &pause{until: until, why: "lent until " + moment(until)}
	}
	return map[string]string{factHow: "its time is over"}, nil
}

// lentKey is the key of a loan, and its value where that is still sealed.
func (x *run) lentKey(r *rotation) (Target, secret.Value) {
	t := r.row.Key
	t.Name, t.ID = r.row.NewName(), ""
	for _, do := range []Action{Test, Issue} {
		if i := r.find(do); i >= 0 && t.ID == "" {
			t.ID = r.steps[i].facts[factKey]
		}
	}
	v := x.value(newValue(r.row.ID))
	if !v.IsZero() {
		t.Fingerprint, t.Salt = x.Site.Fingerprints.Of(v), x.Site.Fingerprints.Salt()
	}
	return t, v
}

// endLoan revokes the lent key. Where it is refused already, that is believed
// only as any other proof is; a key that has expired is revoked all the same.
func (x *run) endLoan(ctx context.Context, r *rotation, s Step) (map[string]string, error) {
	hands, err := x.hands(s)
	if err != nil {
		return nil, err
	}
	t, v := x.lentKey(r)
	seen, err := x.look(ctx, t, v)
	switch {
	case err != nil:
		return nil, err
	case seen.status == key.Unknown:
		return nil, blocked("nobody knows whether the lent key still works: %s", seen.why)
	case seen.gone:
		proof, why, err := x.refusedOnce(ctx, t, v, true)
		if err == nil && proof == nil {
			err = blocked("the lent key seems to be refused already, and that could not be proved: %s", why)
		}
		if err != nil {
			return nil, err
		}
		return map[string]string{factHow: "it was gone already"}, nil
	case differs(t, seen.key) != "" || !strings.Contains(cmp.Or(seen.key.Name, t.Name), r.row.ID):
		return nil, blocked("what the provider tells is not the lent key")
	}
	_, err = hands.Do(ctx, Task{Deed: Revoking, Target: t, ID: t.ID, Name: t.Name, Text: "it was lent, and its time is over"})
	return nil, err
}
