package desk

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/web/access"
	"github.com/qleaks/qleaks/remediate"
)

// AddPlan keeps a plan that somebody brings for approval. It needs a triager.
func (d *Desk) AddPlan(ctx context.Context, text []byte) (records.Plan, error) {
	who, err := access.Need(ctx, access.Triager)
	if err != nil {
		return records.Plan{}, err
	}
	plan, err := remediate.Read(text)
	if err != nil {
		return records.Plan{}, wrong("%w", err)
	}
	var kept records.Plan
	err = d.Store.Update(ctx, func(tx *records.Tx) (err error) {
		if kept, err = KeepPlan(ctx, tx, plan, who.Name, 0); err != nil {
			return err
		}
		return note(ctx, tx, "plan", kept.Hash, "brought", who.Name)
	})
	return kept, err
}

// KeepPlan keeps a plan that waits for approval: who brought it, and in which run,
// 0 for none.
func KeepPlan(ctx context.Context, tx *records.Tx, plan remediate.Plan, who string, run int64) (records.Plan, error) {
	text, err := plan.JSON()
	if err != nil {
		return records.Plan{}, err
	}
	return tx.PutPlan(ctx, records.Plan{Hash: plan.Hash(), Who: who, Requester: plan.Requester, Run: run, Plan: text})
}

// NeedsSignature reports whether a plan is carried out only with an approval that
// somebody signed.
func NeedsSignature(plan remediate.Plan) bool {
	return slices.ContainsFunc(plan.Rows, func(r remediate.Row) bool { return r.Approval })
}

// Word is what somebody says of a plan.
type Word struct {
	Why string
	// Approval is what qleaks remediate approve wrote and signed; nil without one.
	Approval *remediate.Approval
}

// Approve says yes to a plan, bound to its hash. Nobody approves what they asked
// for themselves, or brought. A plan that needs a signature gets that of the word,
// or the server's. It needs an approver.
func (d *Desk) Approve(ctx context.Context, hash string, w Word) (records.Vote, error) {
	who, err := access.Need(ctx, access.Approver)
	if err != nil {
		return records.Vote{}, err
	}
	if w.Why != "" {
		if w.Why, err = checkText("the reason", w.Why); err != nil {
			return records.Vote{}, err
		}
	}
	return d.vote(ctx, hash, who, records.PlanApproved, func(plan remediate.Plan, kept records.Plan) (records.Vote, error) {
		if strings.EqualFold(who.Name, plan.Requester) || strings.EqualFold(who.Name, kept.Who) {
			return records.Vote{}, conflict("you asked for this plan yourself: somebody else approves it")
		}
		vote := records.Vote{Yes: true, Why: w.Why}
		approval, err := d.approval(plan, w)
		if approval != nil {
			vote.Text, vote.Signature = string(approval.Text), string(approval.Signature)
		}
		return vote, err
	})
}

// approval is the signed text for a plan, nil where none is needed or given.
func (d *Desk) approval(plan remediate.Plan, w Word) (*remediate.Approval, error) {
	if w.Approval != nil {
		if d.Signers == nil {
			return nil, wrong("this server knows nobody whose signature counts: approvers in [remediate] of its configuration names them")
		}
		signers, err := d.Signers()
		if err != nil {
			return nil, err
		}
		if _, err := signers.Approver(plan, *w.Approval, time.Now()); err != nil {
			return nil, wrong("%w", err)
		}
		return w.Approval, nil
	}
	if d.Sign == nil {
		if NeedsSignature(plan) {
			return nil, wrong("the plan needs a signature, and this server has no key to sign with: qleaks remediate approve, and send what it wrote")
		}
		return nil, nil
	}
	text := remediate.ApprovalText(plan, time.Now())
	signature, err := d.Sign(text)
	if err != nil {
		return nil, err
	}
	return &remediate.Approval{Text: text, Signature: signature}, nil
}

// Reject says no to a plan, why is for who asked for it. It needs an approver.
func (d *Desk) Reject(ctx context.Context, hash, why string) (records.Vote, error) {
	who, err := access.Need(ctx, access.Approver)
	if err != nil {
		return records.Vote{}, err
	}
	if why, err = checkText("the reason", why); err != nil {
		return records.Vote{}, err
	}
	return d.vote(ctx, hash, who, records.PlanRejected, func(remediate.Plan, records.Plan) (records.Vote, error) {
		return records.Vote{Why: why}, nil
	})
}

// vote notes what somebody says of a plan, which must be what its hash says. A plan
// that was rejected stays so; an approval can still be rejected.
func (d *Desk) vote(ctx context.Context, hash string, who access.Identity, state records.PlanState, say func(plan remediate.Plan, kept records.Plan) (records.Vote, error)) (vote records.Vote, err error) {
	err = d.Store.Update(ctx, func(tx *records.Tx) error {
		kept, err := tx.Plan(ctx, hash)
		if err != nil {
			return err
		}
		plan, err := remediate.Read(kept.Plan)
		if err != nil {
			return err
		}
		if plan.Hash() != kept.Hash {
			return errors.New("the plan in the records is not the one that its hash names")
		}
		if kept.State == records.PlanRejected {
			return conflict("the plan was rejected: make a new one")
		}
		vote, err = say(plan, kept)
		if err != nil {
			return err
		}
		vote.Plan, vote.Who = hash, who.Name
		if vote, err = tx.Vote(ctx, vote, state); err != nil {
			return err
		}
		return note(ctx, tx, "plan", hash, string(state), who.Name)
	})
	return vote, err
}
