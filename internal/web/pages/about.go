package pages

import (
	"net/http"

	"github.com/qleaks/qleaks/internal/records"
)

// aboutView says how the server is.
type aboutView struct {
	About

	Answers bool
	Workers []records.Worker
}

// about shows how the server is.
func (p *Pages) about(w http.ResponseWriter, r *http.Request) error {
	v := aboutView{About: p.About, Answers: p.Store.Ping(r.Context()) == nil}
	if v.Answers {
		var err error
		if v.Workers, err = p.Store.Workers(r.Context(), workerPatience); err != nil {
			return err
		}
	}
	return p.show(w, r, "about", frame{Title: "Health", Section: "/about", View: v})
}
