package api

import (
	"net/http"
	"time"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/web/desk"
)

func (a *API) decisions(r *http.Request) (any, error) {
	q := ask(r, "finding", "fingerprint", "standing", "before", "limit")
	f := records.DecisionFilter{Finding: q.text("finding"), Fingerprint: q.text("fingerprint"), Standing: q.truth("standing")}
	p := q.page()
	if q.err != nil {
		return nil, q.err
	}
	found, err := a.Store.Decisions(r.Context(), f, p)
	return paged(found, p, func(d records.Decision) int64 { return d.Seq }, err)
}

func (a *API) ignore(r *http.Request) (any, error) {
	var asked struct {
		Findings    []int64   `json:"findings"`
		Fingerprint string    `json:"fingerprint"`
		Why         string    `json:"why"`
		Until       time.Time `json:"until"`
	}
	if err := read(r, &asked); err != nil {
		return nil, err
	}
	made, err := a.Ignore(r.Context(), desk.Ignoring{Findings: asked.Findings, Fingerprint: asked.Fingerprint, Why: asked.Why, Until: asked.Until})
	if err != nil {
		return nil, err
	}
	return created{map[string]any{"decisions": made}}, nil
}

func (a *API) takeBack(r *http.Request) (any, error) {
	seq, err := numbered(r)
	if err != nil {
		return nil, err
	}
	var asked struct {
		Why string `json:"why"`
	}
	if err := read(r, &asked); err != nil {
		return nil, err
	}
	return nil, a.TakeBack(r.Context(), seq, asked.Why)
}
