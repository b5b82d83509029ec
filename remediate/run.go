package remediate

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/qleaks/qleaks/remediate/journal"
)

// Consent is who said yes to a plan, and to what of it.
type Consent struct {
	// Hash is that of the plan that somebody said yes to.
	Hash string
	// Approvals are those of second persons.
	Approvals []Approval
	// Account is the operator's name of the account that this run is about.
	Account string
}

// Apply begins the rows of a plan that are about one account, and carries them
// out as far as that goes now. The result tells how far; an error is about the
// run as a whole.
func (m *Machine) Apply(ctx context.Context, p Plan, c Consent) (Result, error) {
	if err := errors.Join(p.Validate(), m.Policy.Validate()); err != nil {
		return Result{}, err
	}
	switch {
	case m.Policy.Mode == ModePlan, m.unattended() && m.Policy.Mode != ModeAuto:
		return Result{}, ErrMode
	case c.Hash != p.Hash():
		return Result{}, ErrHash
	}
	x := m.run()
	known, err := x.load()
	if err != nil {
		return Result{}, err
	}
	var result Result
	for _, row := range p.Rows {
		if row.Key.Account != c.Account {
			continue
		}
		r, refused, err := x.open(&known, p, row, c)
		if err != nil {
			return result, err
		}
		if refused != "" {
			result.Refused = append(result.Refused, Left{Provider: row.Key.Provider, Key: row.Key.Called(), Why: refused})
			continue
		}
		if err := x.carry(ctx, r, &result); err != nil {
			return result, err
		}
	}
	return result, nil
}

// Resume goes on with every rotation that is open.
func (m *Machine) Resume(ctx context.Context) (Result, error) {
	if err := m.Policy.Validate(); err != nil {
		return Result{}, err
	}
	if m.Policy.Mode == ModePlan || m.unattended() && m.Policy.Mode != ModeAuto {
		return Result{}, ErrMode
	}
	x := m.run()
	known, err := x.load()
	if err != nil {
		return Result{}, err
	}
	var result Result
	for _, r := range known {
		if r.ended != "" {
			continue
		}
		if err := x.carry(ctx, r, &result); err != nil {
			return result, err
		}
	}
	return result, nil
}

// Status tells of every rotation of the journal, and changes nothing.
func Status(j Journal) ([]Standing, error) {
	records, err := j.Records()
	if err != nil {
		return nil, err
	}
	return standings(records)
}

// StatusOf is Status of a journal that was only looked at.
func StatusOf(all []journal.Record) ([]Standing, error) {
	records, _, err := Told(all)
	if err != nil {
		return nil, err
	}
	return standings(records)
}

func standings(records []Record) ([]Standing, error) {
	known, err := replay(records)
	if err != nil {
		return nil, err
	}
	var all []Standing
	for _, r := range known {
		all = append(all, r.standing())
	}
	return all, nil
}

func (x *run) load() ([]*rotation, error) {
	records, err := x.Site.Journal.Records()
	if err != nil {
		return nil, err
	}
	for _, rec := range records {
		if rec.Time.After(x.newest) {
			x.newest = rec.Time
		}
	}
	return replay(records)
}

func alreadyOpen(r *rotation) string {
	return "another rotation of this key is open: " + r.row.ID + "; qleaks remediate resume goes on with it"
}

// open begins a row, or finds it begun. A row that may not be begun is refused
// with the reason.
func (x *run) open(known *[]*rotation, p Plan, row Row, c Consent) (*rotation, string, error) {
	for _, r := range *known {
		switch {
		case r.row.ID == row.ID && r.plan != p.Hash() && r.ended != "":
			return nil, "the journal has this rotation with another plan", nil
		case r.row.ID == row.ID && r.plan != p.Hash():
			return nil, alreadyOpen(r), nil
		case r.row.ID == row.ID:
			return r, "", nil
		case r.ended == "" && r.row.logical() == row.logical():
			return nil, alreadyOpen(r), nil
		}
	}
	if why := ofTheFuture(p, row); why != "" {
		return nil, why, nil
	}
	if x.unattended() && slices.ContainsFunc(row.Steps, func(s Step) bool { return s.By == ByPerson }) && !row.emergency() {
		return nil, "a step needs a person, and nobody is there", nil
	}
	approvers, why := x.approved(p, row, c.Approvals)
	if why != "" {
		return nil, why, nil
	}
	if why := x.tooMany(*known, row); why != "" {
		return nil, why, nil
	}
	text, err := json.Marshal(row)
	if err != nil {
		return nil, "", err
	}
	facts := map[string]string{factRow: string(text), factPlan: p.Hash(), factActor: x.Actor}
	if len(approvers) > 0 {
		facts[factApproved] = strings.Join(approvers, ", ")
	}
	rec := Record{Time: time.Now().UTC(), Rotation: row.ID, Step: -1, Kind: Opened, Facts: facts}
	if err := x.Site.Journal.Append(rec); err != nil {
		return nil, "", err
	}
	r, err := begin(rec)
	if err != nil {
		return nil, "", err
	}
	*known = append(*known, r)
	x.at(r, -1, "opened")
	if err := x.keepOld(r); err != nil {
		return nil, "", err
	}
	x.tell(r, -1, Opened, "begun")
	return r, "", nil
}

// carry carries one rotation on, and notes how far it came. Only what ends the
// whole run is an error.
func (x *run) carry(ctx context.Context, r *rotation, result *Result) error {
	err := x.advance(ctx, r)
	var p *pause
	var h *halt
	switch {
	case err == nil:
	case errors.As(err, &p):
		err = x.record(r, -1, "", Waiting, map[string]string{factWhy: p.why, factUntil: p.until.UTC().Format(time.RFC3339)})
		x.tell(r, -1, Waiting, p.why)
	case errors.As(err, &h):
		err = x.record(r, -1, "", Blocked, map[string]string{factWhy: h.why})
		x.tell(r, -1, Blocked, h.why)
	}
	result.Rotations = append(result.Rotations, r.standing())
	return err
}

// advance does step after step, as far as that goes now.
func (x *run) advance(ctx context.Context, r *rotation) error {
	if r.ended != "" {
		return nil
	}
	for {
		err := x.onward(ctx, r)
		var p *pause
		if err = x.dueLater(r, err); !errors.As(err, &p) || time.Until(p.until) > x.Patience {
			return err
		}
		x.tell(r, -1, Waiting, p.why)
		if err := sleep(ctx, time.Until(p.until)); err != nil {
			return err
		}
	}
}

// onward does step after step until one cannot go on. A store that fails does
// not keep the others from being tried.
func (x *run) onward(ctx context.Context, r *rotation) error {
	if r.back || x.cannotHand(r) {
		return x.rollBack(ctx, r)
	}
	var failed error
	clear(r.passed)
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		now := time.Now()
		i := r.next(now, x.Policy.Times.Overlap)
		if i < 0 || failed != nil && !spreads(r.row.Steps[i].Do) && !r.overdue(now, x.Policy.Times.Overlap) {
			break
		}
		err := x.step(ctx, r, i)
		var h *halt
		if errors.As(err, &h) && spreads(r.row.Steps[i].Do) && !r.passed[i] {
			failed = join(failed, h)
			r.pass(i)
			continue
		}
		if err != nil {
			return err
		}
	}
	if failed != nil {
		return failed
	}
	return x.finish(r)
}

// spreads reports whether a step is about one of several stores.
func spreads(do Action) bool { return do == Distribute || do == Confirm }

// pass leaves a store for this run, with what follows for it.
func (r *rotation) pass(i int) {
	for n, s := range r.row.Steps {
		if n >= i && spreads(s.Do) && s.Store == r.row.Steps[i].Store {
			r.passed[n] = true
		}
	}
}

func join(failed error, h *halt) error {
	if before, ok := errors.AsType[*halt](failed); ok {
		return &halt{before.why + "; " + h.why}
	}
	return h
}

// dueLater turns what blocks a fast overlap into a wait for its deadline, at
// which the old key ends whatever blocks.
func (x *run) dueLater(r *rotation, err error) error {
	var h *halt
	if r.row.Order != FastOverlap || r.contained() || !errors.As(err, &h) {
		return err
	}
	due := r.opened.Add(x.Policy.Times.Overlap)
	if !time.Now().Before(due) {
		return err
	}
	return &pause{until: due, why: h.why + "; the old key ends at the deadline all the same"}
}

// finish closes a rotation of which every step is done. Nothing sealed is left
// behind.
func (x *run) finish(r *rotation) error {
	if i := slices.IndexFunc(r.steps, func(p progress) bool { return p.state != IsDone }); i >= 0 {
		return blocked("%s: not done", r.row.Steps[i].Text)
	}
	for _, name := range []string{newValue(r.row.ID), OldValue(r.row.ID)} {
		if err := x.Site.Vault.Forget(name); err != nil {
			return err
		}
	}
	if err := x.record(r, -1, "", Finished, nil); err != nil {
		return err
	}
	x.at(r, -1, "finished")
	x.tell(r, -1, Finished, "done")
	return nil
}

// step does one step, or finds out what became of it.
func (x *run) step(ctx context.Context, r *rotation, i int) error {
	s, p := r.row.Steps[i], &r.steps[i]
	if p.open() && s.Do.Changes() {
		if err := x.settle(ctx, r, i); err != nil || p.state == IsDone {
			return err
		}
	}
	if err := x.allowed(r, s); err != nil {
		return err
	}
	if p.state != Intent {
		intended, err := x.prepare(ctx, r, i)
		if err != nil {
			return err
		}
		if err := x.record(r, i, s.Do, Intent, intended); err != nil {
			return err
		}
		x.at(r, i, "intended")
	}
	x.tell(r, i, Intent, s.Text)
	facts, err := x.perform(ctx, r, i)
	x.at(r, i, "acted")
	return x.outcome(ctx, r, i, facts, err)
}

// outcome writes down what came of a step.
func (x *run) outcome(ctx context.Context, r *rotation, i int, facts map[string]string, err error) error {
	s := r.row.Steps[i]
	var p *pause
	var h *halt
	switch {
	case err == nil:
		x.unexpected = 0
		if err := x.record(r, i, s.Do, IsDone, facts); err != nil {
			return err
		}
		x.at(r, i, "recorded")
		x.tell(r, i, IsDone, facts[factHow])
		return nil
	case errors.Is(err, ErrNotDone):
		if err := x.record(r, i, s.Do, NotDone, map[string]string{factWhy: reasonOf(err)}); err != nil {
			return err
		}
		return blocked("%s: %s", s.Text, reasonOf(err))
	case errors.As(err, &p), errors.As(err, &h):
		if s.Do.Changes() {
			// It stopped before anything was changed.
			if err := x.record(r, i, s.Do, NotDone, map[string]string{factWhy: err.Error()}); err != nil {
				return err
			}
		}
		return err
	case !s.Do.Changes():
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return blocked("%s: %s", s.Text, reasonOf(err))
	}
	return x.nobodyKnows(ctx, r, i, err)
}

// nobodyKnows settles a change of which no answer came, or none that says
// anything.
func (x *run) nobodyKnows(ctx context.Context, r *rotation, i int, err error) error {
	s := r.row.Steps[i]
	if err := x.record(r, i, s.Do, NobodyKnows, map[string]string{factWhy: reasonOf(err)}); err != nil {
		return err
	}
	x.at(r, i, "unknown")
	x.tell(r, i, NobodyKnows, reasonOf(err))
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if x.unexpected++; x.unexpected >= mostUnexpected {
		return ErrUnexpected
	}
	return nil // the next turn settles it
}

// mostUnexpected is after how many answers in a row, of which nobody knows what
// they mean, a run stops.
const mostUnexpected = 2
