package pages

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/sweep"
	"github.com/qleaks/qleaks/internal/web/access"
	"github.com/qleaks/qleaks/internal/web/desk"
)

// ignore decides about findings that were chosen in a list, or about one on its own
// page.
func (p *Pages) ignore(w http.ResponseWriter, r *http.Request) error {
	given := decisionForm{Why: r.PostFormValue("why"), Until: r.PostFormValue("until")}
	to := access.LocalPath(r.PostFormValue("back"))
	var findings []int64
	for _, text := range r.PostForm["finding"] {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n <= 0 {
			return wrong("A finding was chosen that cannot exist.")
		}
		findings = append(findings, n)
	}
	if len(findings) == 0 {
		return back(w, r, to, doneNothing, 0)
	}
	n, err := p.decide(r, findings, given, r.PostFormValue("scope") == "key")
	if text, ok := told(err); ok {
		if r.PostFormValue("one") != "" {
			return p.showFinding(w, r, http.StatusUnprocessableEntity, findings[0], given, text)
		}
		return wrong(text + " Go back to the list: what you chose there is still chosen.")
	}
	if err != nil {
		return err
	}
	return back(w, r, to, doneIgnored, n)
}

// decide notes decisions: one for each finding, or for each key.
func (p *Pages) decide(r *http.Request, findings []int64, given decisionForm, keys bool) (int, error) {
	i := desk.Ignoring{Findings: findings, Why: given.Why}
	if given.Until != "" {
		day, err := time.Parse(time.DateOnly, given.Until)
		if err != nil {
			return 0, wrong("The day is not one of the form 2027-01-31.")
		}
		i.Until = day.Add(24*time.Hour - time.Second) // that day counts, too
	}
	if !keys {
		made, err := p.Desk.Ignore(r.Context(), i)
		return len(made), err
	}
	done := map[string]bool{}
	for _, seq := range findings {
		f, err := p.Store.Finding(r.Context(), seq)
		if err != nil {
			return len(done), err
		}
		if done[f.Fingerprint] {
			continue
		}
		i.Findings, i.Fingerprint = nil, f.Fingerprint
		if _, err := p.Desk.Ignore(r.Context(), i); err != nil {
			return len(done), err
		}
		done[f.Fingerprint] = true
	}
	return len(done), nil
}

// takeBack ends a decision.
func (p *Pages) takeBack(w http.ResponseWriter, r *http.Request) error {
	seq, err := number(r)
	if err == nil {
		err = p.Desk.TakeBack(r.Context(), seq, "")
	}
	if err != nil {
		return err
	}
	return back(w, r, access.LocalPath(r.PostFormValue("back")), doneTakenBack, 0)
}

// startRun begins a sweep.
func (p *Pages) startRun(w http.ResponseWriter, r *http.Request) error {
	target := strings.TrimSpace(r.PostFormValue("target"))
	run, err := p.Desk.Start(r.Context(), sweep.Request{Target: target, Steps: r.PostForm["step"], Again: r.PostFormValue("again") != ""})
	if text, ok := told(err); ok {
		return p.showRuns(w, r, http.StatusUnprocessableEntity, target, text)
	}
	if errors.Is(err, access.ErrForbidden) {
		return p.showRuns(w, r, http.StatusForbidden, target, "An administrator starts what was never swept before, and what ends with steps that no schedule of it has.")
	}
	if err != nil {
		return err
	}
	return back(w, r, "/runs/"+decimal(run.Seq), doneStarted, 0)
}

// cancelRun ends a sweep.
func (p *Pages) cancelRun(w http.ResponseWriter, r *http.Request) error {
	seq, err := number(r)
	if err == nil {
		err = p.Desk.Cancel(r.Context(), seq)
	}
	if err != nil && !errors.Is(err, desk.ErrConflict) {
		return err
	}
	return back(w, r, "/runs/"+decimal(seq), map[bool]string{true: doneCancelled}[err == nil], 0)
}

// putSchedule writes a schedule.
func (p *Pages) putSchedule(w http.ResponseWriter, r *http.Request) error {
	given := scheduleForm{Name: r.PostFormValue("name"), Cron: r.PostFormValue("cron"), Zone: r.PostFormValue("zone"), Target: strings.TrimSpace(r.PostFormValue("target"))}
	s := records.Schedule{Name: given.Name, Cron: given.Cron, Zone: given.Zone, Enabled: true, Jitter: 5 * time.Minute}
	_, err := p.Desk.PutSchedule(r.Context(), s, sweep.Request{Target: given.Target, Steps: r.PostForm["step"]})
	if text, ok := told(err); ok {
		return p.showSchedules(w, r, http.StatusUnprocessableEntity, given, text)
	}
	if err != nil {
		return err
	}
	return back(w, r, "/schedules", doneSaved, 0)
}

// pauseSchedule has a schedule begin nothing, or go on.
func (p *Pages) pauseSchedule(paused bool) page {
	return func(w http.ResponseWriter, r *http.Request) error {
		err := p.Desk.Pause(r.Context(), r.PathValue("name"), paused)
		if text, ok := told(err); ok {
			return wrong(text)
		}
		if err != nil {
			return err
		}
		return back(w, r, "/schedules", doneSaved, 0)
	}
}

// deleteSchedule deletes a schedule.
func (p *Pages) deleteSchedule(w http.ResponseWriter, r *http.Request) error {
	if err := p.Desk.DeleteSchedule(r.Context(), r.PathValue("name")); err != nil {
		return err
	}
	return back(w, r, "/schedules", doneDeleted, 0)
}

// retryJob has one job tried again.
func (p *Pages) retryJob(w http.ResponseWriter, r *http.Request) error {
	seq, err := number(r)
	if err == nil {
		err = p.Desk.Retry(r.Context(), seq)
	}
	if err != nil {
		return err
	}
	return back(w, r, access.LocalPath(r.PostFormValue("back")), doneRetried, 1)
}

// retryJobs has all jobs tried again that failed to the last.
func (p *Pages) retryJobs(w http.ResponseWriter, r *http.Request) error {
	n, err := p.Desk.RetryAll(r.Context())
	if err != nil {
		return err
	}
	return back(w, r, "/jobs?state="+sweep.JobsDead, doneRetried, n)
}
