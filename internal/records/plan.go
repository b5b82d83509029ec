package records

import (
	"context"
	"encoding/json"
	"time"
)

// Plan is a plan of package remediate that waits for somebody's word, or got it.
type Plan struct {
	Seq int64 `json:"seq"`
	// Hash is the plan's own; approvals are bound to it.
	Hash string    `json:"hash"`
	Kept time.Time `json:"kept"`
	// Who brought it here: a sweep, or a user. Requester is who asked for it,
	// as the plan says.
	Who       string    `json:"who"`
	Requester string    `json:"requester"`
	Run       int64     `json:"run,omitempty"`
	State     PlanState `json:"state"`
	// Plan is the plan, without material; lists leave it out.
	Plan json.RawMessage `json:"plan,omitempty"`
}

// PlanState is how far a plan is.
type PlanState string

// The states of a plan.
const (
	PlanWaiting  PlanState = "waiting"
	PlanApproved PlanState = "approved"
	PlanRejected PlanState = "rejected"
)

// Vote is what somebody said of a plan.
type Vote struct {
	Seq  int64     `json:"seq"`
	Plan string    `json:"plan"`
	Who  string    `json:"who"`
	At   time.Time `json:"at"`
	Yes  bool      `json:"yes"`
	Why  string    `json:"why,omitempty"`
	// Text and Signature are an approval as qleaks remediate apply takes it; empty
	// where nothing was signed.
	Text      string `json:"text,omitempty"`
	Signature string `json:"signature,omitempty"`
}

const planColumns = "seq, hash, kept, who, requester, run, state"

func scanPlan(scan func(to ...any) error, p *Plan) error { return scanPlanAnd(scan, p) }

func scanPlanAnd(scan func(to ...any) error, p *Plan, more ...any) error {
	var kept int64
	err := scan(append([]any{&p.Seq, &p.Hash, &kept, &p.Who, &p.Requester, &p.Run, (*string)(&p.State)}, more...)...)
	p.Kept = moment(kept)
	return err
}

func scanWholePlan(scan func(to ...any) error, p *Plan) error {
	var text string
	err := scanPlanAnd(scan, p, &text)
	p.Plan = json.RawMessage(text)
	return err
}

// PutPlan keeps a plan that waits for approval. One that is here already stays as
// it is.
func (tx *Tx) PutPlan(ctx context.Context, p Plan) (Plan, error) {
	if p.Hash == "" || p.Who == "" || len(p.Plan) == 0 {
		return p, doing("keep a plan", errIncomplete)
	}
	_, err := tx.exec(ctx, "INSERT INTO plans (hash, kept, who, requester, run, state, plan) VALUES ($1, "+tx.words().now+", $2, $3, $4, $5, $6) ON CONFLICT (hash) DO NOTHING",
		p.Hash, p.Who, p.Requester, p.Run, string(PlanWaiting), string(p.Plan))
	if err != nil {
		return p, doing("keep a plan", err)
	}
	return tx.Plan(ctx, p.Hash)
}

// Plan returns a plan, locked until the transaction ends; ErrNotFound if there is
// none.
func (tx *Tx) Plan(ctx context.Context, hash string) (Plan, error) {
	p, err := one(ctx, tx, "SELECT "+planColumns+", plan FROM plans WHERE hash = $1"+tx.words().lock, scanWholePlan, hash)
	return p, doing("read a plan", err)
}

// Vote notes what somebody said of a plan, and the state that it has then.
func (tx *Tx) Vote(ctx context.Context, v Vote, state PlanState) (Vote, error) {
	v, err := one(ctx, tx, "INSERT INTO votes (plan, who, at, yes, why, text, signature) VALUES ($1, $2, "+tx.words().now+", $3, $4, $5, $6) RETURNING "+voteColumns,
		scanVote, v.Plan, v.Who, v.Yes, v.Why, v.Text, v.Signature)
	if err == nil {
		_, err = tx.exec(ctx, "UPDATE plans SET state = $1 WHERE hash = $2", string(state), v.Plan)
	}
	return v, doing("note what was said of a plan", err)
}

// Plan returns a plan; ErrNotFound if there is none.
func (s *Store) Plan(ctx context.Context, hash string) (Plan, error) {
	p, err := one(ctx, s.engine, "SELECT "+planColumns+", plan FROM plans WHERE hash = $1", scanWholePlan, hash)
	return p, doing("read a plan", err)
}

// Plans returns a page of plans, of one state or of all if it is "".
func (s *Store) Plans(ctx context.Context, state PlanState, p Page) ([]Plan, error) {
	w := &where{}
	if state != "" {
		w.and("state = ?", string(state))
	}
	rest, args := w.page("seq", p)
	plans, err := list(ctx, s.engine, "SELECT "+planColumns+" FROM plans"+rest, scanPlan, args...)
	return plans, doing("list plans", err)
}

const voteColumns = "seq, plan, who, at, yes, why, text, signature"

func scanVote(scan func(to ...any) error, v *Vote) error {
	var at int64
	err := scan(&v.Seq, &v.Plan, &v.Who, &at, &v.Yes, &v.Why, &v.Text, &v.Signature)
	v.At = moment(at)
	return err
}

// Votes returns what was said of a plan, oldest first, at most 1,000.
func (s *Store) Votes(ctx context.Context, plan string) ([]Vote, error) {
	votes, err := list(ctx, s.engine, "SELECT "+voteColumns+" FROM votes WHERE plan = $1 ORDER BY seq LIMIT 1000", scanVote, plan)
	return votes, doing("read what was said of a plan", err)
}
