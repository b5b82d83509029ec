package api

import (
	"errors"
	"io"
	"mime"
	"net/http"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/web/desk"
	"github.com/qleaks/qleaks/remediate"
)

func (a *API) plans(r *http.Request) (any, error) {
	q := ask(r, "state", "before", "limit")
	state := records.PlanState(q.word("state", string(records.PlanWaiting), string(records.PlanApproved), string(records.PlanRejected)))
	p := q.page()
	if q.err != nil {
		return nil, q.err
	}
	plans, err := a.Store.Plans(r.Context(), state, p)
	return paged(plans, p, func(p records.Plan) int64 { return p.Seq }, err)
}

// planAnswer is a plan with whether it needs a signature.
type planAnswer struct {
	records.Plan

	NeedsSignature bool `json:"needsSignature"`
}

func (a *API) plan(r *http.Request) (any, error) {
	if q := ask(r); q.err != nil {
		return nil, q.err
	}
	kept, err := a.Store.Plan(r.Context(), r.PathValue("hash"))
	if err != nil {
		return nil, err
	}
	plan, err := remediate.Read(kept.Plan)
	return planAnswer{kept, desk.NeedsSignature(plan)}, err
}

func (a *API) votes(r *http.Request) (any, error) {
	if q := ask(r); q.err != nil {
		return nil, q.err
	}
	if _, err := a.Store.Plan(r.Context(), r.PathValue("hash")); err != nil {
		return nil, err
	}
	return all(a.Store.Votes(r.Context(), r.PathValue("hash")))
}

func (a *API) addPlan(r *http.Request) (any, error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return nil, requestError("the body must be application/json")
	}
	text, err := io.ReadAll(r.Body)
	if err != nil {
		if large, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return nil, large
		}
		return nil, requestError("the body broke off")
	}
	kept, err := a.AddPlan(r.Context(), text)
	if err != nil {
		return nil, err
	}
	kept.Plan = nil
	return created{kept}, nil
}

func (a *API) approve(r *http.Request) (any, error) {
	var asked struct {
		Why       string `json:"why"`
		Text      string `json:"text"`
		Signature string `json:"signature"`
	}
	if err := read(r, &asked); err != nil {
		return nil, err
	}
	word := desk.Word{Why: asked.Why}
	if asked.Text != "" || asked.Signature != "" {
		word.Approval = &remediate.Approval{Text: []byte(asked.Text), Signature: []byte(asked.Signature)}
	}
	vote, err := a.Approve(r.Context(), r.PathValue("hash"), word)
	if err != nil {
		return nil, err
	}
	return vote, nil
}

func (a *API) reject(r *http.Request) (any, error) {
	var asked struct {
		Why string `json:"why"`
	}
	if err := read(r, &asked); err != nil {
		return nil, err
	}
	vote, err := a.Reject(r.Context(), r.PathValue("hash"), asked.Why)
	if err != nil {
		return nil, err
	}
	return vote, nil
}
