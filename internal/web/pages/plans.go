package pages

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/web/access"
	"github.com/qleaks/qleaks/internal/web/desk"
	"github.com/qleaks/qleaks/remediate"
)

// plansView is the list of plans of one state.
type plansView struct {
	State  string
	States []jobState
	Plans  []records.Plan
	Pager  pager
}

func planStates() []jobState {
	return []jobState{
		{string(records.PlanWaiting), "Waiting", "No plan waits for anybody."},
		{string(records.PlanApproved), "Approved", "No plan was approved."},
		{string(records.PlanRejected), "Rejected", "No plan was rejected."},
	}
}

// plans lists plans.
func (p *Pages) plans(w http.ResponseWriter, r *http.Request) error {
	v := plansView{State: r.URL.Query().Get("state"), States: planStates()}
	if !slices.ContainsFunc(v.States, func(s jobState) bool { return s.Name == v.State }) {
		v.State = string(records.PlanWaiting)
	}
	found, err := p.Store.Plans(r.Context(), records.PlanState(v.State), records.Page{Before: before(r), Most: rows + 1})
	if err != nil {
		return err
	}
	v.Plans = found[:min(len(found), rows)]
	if v.Pager = newPager(r, false, 0); len(found) > rows {
		v.Pager = newPager(r, true, v.Plans[rows-1].Seq)
	}
	return p.show(w, r, "plans", frame{Title: "Plans", Section: "/plans", View: v})
}

// waiting counts the plans that wait for somebody, up to a page of them.
func (p *Pages) waiting(ctx context.Context) (int64, error) {
	found, err := p.Store.Plans(ctx, records.PlanWaiting, records.Page{Most: rows + 1})
	return int64(len(found)), err
}

// planView is the page of one plan.
type planView struct {
	Kept  records.Plan
	Plan  remediate.Plan
	Votes []records.Vote
	// Hash is that of the plan as it is, which must be the one that it is kept by.
	Hash string
	// Word is what has to be typed to approve.
	Word string
	// Own says that who looks asked for it, and cannot approve.
	Own       bool
	Signature bool
	Problem   string
	Why       string
}

// Intact reports whether the plan is what its hash names.
func (v planView) Intact() bool { return v.Hash == v.Kept.Hash }

// wordLength is how much of a hash is typed to approve.
const wordLength = 8

// plan shows one plan: in words, with what cannot be undone.
func (p *Pages) plan(w http.ResponseWriter, r *http.Request) error {
	return p.showPlan(w, r, http.StatusOK, "", "")
}

func (p *Pages) showPlan(w http.ResponseWriter, r *http.Request, status int, why, problem string) error {
	ctx := r.Context()
	kept, err := p.Store.Plan(ctx, r.PathValue("hash"))
	if err != nil {
		return err
	}
	v := planView{Kept: kept, Why: why, Problem: problem, Word: kept.Hash[:min(wordLength, len(kept.Hash))]}
	if v.Plan, err = remediate.Read(kept.Plan); err != nil {
		return err
	}
	v.Hash, v.Signature = v.Plan.Hash(), desk.NeedsSignature(v.Plan)
	who := access.From(ctx).Name
	v.Own = strings.EqualFold(who, kept.Who) || strings.EqualFold(who, kept.Requester)
	if v.Votes, err = p.Store.Votes(ctx, kept.Hash); err != nil {
		return err
	}
	return p.showAs(w, r, status, "plan", frame{Title: "Plan " + short(kept.Hash), Section: "/plans", View: v})
}

// approve says yes to a plan. The begin of its hash is typed, so that nobody
// approves what was not on the screen.
func (p *Pages) approve(w http.ResponseWriter, r *http.Request) error {
	hash, why := r.PathValue("hash"), strings.TrimSpace(r.PostFormValue("why"))
	if typed := strings.TrimSpace(r.PostFormValue("confirm")); len(hash) < wordLength || !strings.EqualFold(typed, hash[:wordLength]) {
		return p.showPlan(w, r, http.StatusUnprocessableEntity, why, "To approve, type the first eight characters of the hash of this plan. Nothing was approved.")
	}
	word := desk.Word{Why: why}
	if signature := r.PostFormValue("signature"); strings.TrimSpace(signature) != "" {
		// Browsers send forms with line ends of their own; what was signed has none of them.
		text := strings.ReplaceAll(r.PostFormValue("text"), "\r\n", "\n")
		word.Approval = &remediate.Approval{Text: []byte(strings.TrimRight(text, "\n") + "\n"), Signature: []byte(signature)}
	}
	_, err := p.Desk.Approve(r.Context(), hash, word)
	return p.afterVote(w, r, hash, why, doneApproved, err)
}

// reject says no to a plan.
func (p *Pages) reject(w http.ResponseWriter, r *http.Request) error {
	hash, why := r.PathValue("hash"), r.PostFormValue("why")
	_, err := p.Desk.Reject(r.Context(), hash, why)
	return p.afterVote(w, r, hash, why, doneRejected, err)
}

func (p *Pages) afterVote(w http.ResponseWriter, r *http.Request, hash, why, done string, err error) error {
	if text, ok := told(err); ok {
		return p.showPlan(w, r, http.StatusUnprocessableEntity, why, text)
	}
	if err != nil {
		return err
	}
	return back(w, r, "/plans/"+hash, done, 0)
}

// handsWords say who carries out a step.
func handsWords(h remediate.Hands) string {
	switch h {
	case remediate.ByAPI:
		return "by the provider's API"
	case remediate.ByConsole:
		return "in the provider's console"
	case remediate.ByCommand:
		return "by a program of yours"
	case remediate.ByPerson:
		return "by a person"
	case remediate.ByOwn:
	}
	return ""
}

// waits is for how long a step waits, in words.
func waits(s remediate.Span) string { return span(time.Duration(s)) }
