package pages

import (
	"encoding/json"
	"net/http"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/sweep"
)

// schedulesView is the list of schedules, and the form for another.
type schedulesView struct {
	Schedules []scheduleRow
	Steps     []string
	Given     scheduleForm
	Problem   string
}

// scheduleRow is a schedule with what it sweeps.
type scheduleRow struct {
	records.Schedule

	Request sweep.Request
	Skips   []records.Action
}

// scheduleForm is what was typed.
type scheduleForm struct{ Name, Cron, Zone, Target string }

// schedules lists schedules.
func (p *Pages) schedules(w http.ResponseWriter, r *http.Request) error {
	return p.showSchedules(w, r, http.StatusOK, scheduleForm{Cron: "0 2 * * *", Zone: "UTC"}, "")
}

func (p *Pages) showSchedules(w http.ResponseWriter, r *http.Request, status int, given scheduleForm, problem string) error {
	known, err := p.Store.Schedules(r.Context())
	if err != nil {
		return err
	}
	v := schedulesView{Steps: stepNames(), Given: given, Problem: problem}
	for _, s := range known {
		row := scheduleRow{Schedule: s}
		_ = json.Unmarshal(s.Request, &row.Request) // of another version: shown without
		if row.Skips, err = p.Store.Actions(r.Context(), records.ActionFilter{Kind: "schedule", Subject: s.Name}, records.Page{Most: 1}); err != nil {
			return err
		}
		v.Schedules = append(v.Schedules, row)
	}
	return p.showAs(w, r, status, "schedules", frame{Title: "Schedules", Section: "/schedules", View: v})
}
