package api

import (
	"net/http"
	"time"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/sweep"
)

func (a *API) runs(r *http.Request) (any, error) {
	q := ask(r, "before", "limit")
	p := q.page()
	if q.err != nil {
		return nil, q.err
	}
	runs, err := a.Store.Runs(r.Context(), p)
	return paged(runs, p, func(r records.Run) int64 { return r.Seq }, err)
}

// runAnswer is a run with how far it is.
type runAnswer struct {
	records.Run

	Progress records.Progress `json:"progress"`
}

func (a *API) run(r *http.Request) (any, error) {
	return one(r, func(seq int64) (any, error) {
		run, err := a.Store.Run(r.Context(), seq)
		if err != nil {
			return nil, err
		}
		p, err := a.Store.Progress(r.Context(), seq)
		return runAnswer{run, p}, err
	})
}

func (a *API) start(r *http.Request) (any, error) {
	var asked sweep.Request
	if err := read(r, &asked); err != nil {
		return nil, err
	}
	run, err := a.Start(r.Context(), asked)
	if err != nil {
		return nil, err
	}
	return created{run}, nil
}

func (a *API) cancel(r *http.Request) (any, error) {
	seq, err := numbered(r)
	if err != nil {
		return nil, err
	}
	return nil, a.Cancel(r.Context(), seq)
}

func (a *API) covered(r *http.Request) (any, error) {
	return a.ofRun(r, "before", func(run int64, p records.Page) (any, error) {
		found, err := a.Store.Covered(r.Context(), run, p)
		return paged(found, p, func(c records.Coverage) int64 { return c.Repository }, err)
	})
}

// changed has the oldest change first: it is read while the run goes on.
func (a *API) changed(r *http.Request) (any, error) {
	return a.ofRun(r, "after", func(run int64, p records.Page) (any, error) {
		found, err := a.Store.ChangesOf(r.Context(), run, p.Before, p.Most)
		return paged(found, p, func(c records.Change) int64 { return c.Seq }, err)
	})
}

func (a *API) ofRun(r *http.Request, from string, do func(run int64, p records.Page) (any, error)) (any, error) {
	seq, err := numbered(r)
	if err != nil {
		return nil, err
	}
	q := ask(r, from, "limit")
	p := q.page()
	p.Before = q.number(from)
	if q.err != nil {
		return nil, q.err
	}
	if _, err := a.Store.Run(r.Context(), seq); err != nil {
		return nil, err
	}
	return do(seq, p)
}

// scheduleBody is a schedule as it is written.
type scheduleBody struct {
	Cron string `json:"cron"`
	Zone string `json:"zone"`
	// Jitter is a duration of Go, "10m".
	Jitter  string        `json:"jitter"`
	Enabled bool          `json:"enabled"`
	Request sweep.Request `json:"request"`
}

// scheduleAnswer is a schedule as it is told: its jitter as people write it.
type scheduleAnswer struct {
	records.Schedule

	Jitter string `json:"jitter"`
}

func (a *API) schedules(r *http.Request) (any, error) {
	if q := ask(r); q.err != nil {
		return nil, q.err
	}
	list, err := a.Store.Schedules(r.Context())
	var told []scheduleAnswer
	for _, s := range list {
		told = append(told, scheduleAnswer{s, s.Jitter.String()})
	}
	return all(told, err)
}

func (a *API) putSchedule(r *http.Request) (any, error) {
	var b scheduleBody
	if err := read(r, &b); err != nil {
		return nil, err
	}
	s := records.Schedule{Name: r.PathValue("name"), Cron: b.Cron, Zone: b.Zone, Enabled: b.Enabled}
	if s.Zone == "" {
		s.Zone = "UTC"
	}
	if b.Jitter != "" {
		var err error
		if s.Jitter, err = time.ParseDuration(b.Jitter); err != nil {
			return nil, requestError("the jitter is a duration, such as 10m")
		}
	}
	due, err := a.PutSchedule(r.Context(), s, b.Request)
	if err != nil {
		return nil, err
	}
	return map[string]any{"due": due}, nil
}

func (a *API) deleteSchedule(r *http.Request) (any, error) {
	return nil, a.DeleteSchedule(r.Context(), r.PathValue("name"))
}

func (a *API) jobs(r *http.Request) (any, error) {
	q := ask(r, "state", "limit")
	state := q.word("state", sweep.JobsRunning, sweep.JobsWaiting, sweep.JobsRetrying, sweep.JobsDead)
	p := q.page()
	if q.err != nil {
		return nil, q.err
	}
	if state == "" {
		state = sweep.JobsDead
	}
	return all(a.Sweeps.Jobs(r.Context(), state, p.Most))
}

func (a *API) retry(r *http.Request) (any, error) {
	seq, err := numbered(r)
	if err != nil {
		return nil, err
	}
	return nil, a.Retry(r.Context(), seq)
}
