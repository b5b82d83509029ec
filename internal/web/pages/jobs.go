package pages

import (
	"net/http"
	"slices"
	"time"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/sweep"
)

// jobsView is the list of jobs of one state, and who works on them.
type jobsView struct {
	State   string
	States  []jobState
	Jobs    []sweep.Job
	More    bool
	Workers []records.Worker
}

type jobState struct{ Name, Text, Empty string }

func jobStates() []jobState {
	return []jobState{
		{sweep.JobsRunning, "Running", "Nothing is being worked on."},
		{sweep.JobsWaiting, "Waiting", "Nothing waits."},
		{sweep.JobsRetrying, "Will be tried again", "No job failed that will be tried again."},
		{sweep.JobsDead, "Failed to the last", "No job failed to the last."},
	}
}

// workerPatience is how lately a worker must have been heard of.
const workerPatience = 30 * time.Second

// jobs lists the jobs of a state.
func (p *Pages) jobs(w http.ResponseWriter, r *http.Request) error {
	v := jobsView{State: r.URL.Query().Get("state"), States: jobStates()}
	if !slices.ContainsFunc(v.States, func(s jobState) bool { return s.Name == v.State }) {
		v.State = sweep.JobsRunning
	}
	var err error
	if v.Jobs, err = p.Sweeps.Jobs(r.Context(), v.State, 2*rows+1); err != nil {
		return err
	}
	if v.More = len(v.Jobs) > 2*rows; v.More {
		v.Jobs = v.Jobs[:2*rows]
	}
	if v.Workers, err = p.Store.Workers(r.Context(), workerPatience); err != nil {
		return err
	}
	return p.show(w, r, "jobs", frame{Title: "Jobs", Section: "/jobs", View: v})
}
