package sim

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/qleaks/qleaks/internal/provider/simhttp"
)

// mostJobs is how many jobs somebody may submit in a minute.
const mostJobs = 5

// Job is work that was submitted.
type Job struct {
	ID       string
	Instance string // the CRN
	User     string
	Backend  string
	Status   string
	Session  string
	Program  string
	Tags     []string
	Created  time.Time
	Seconds  float64
}

// Submit adds a job.
func (s *Sim) Submit(j Job) Job {
	s.mu.Lock()
	defer s.mu.Unlock()
	return *s.take(j)
}

// take adds a job. The Sim is locked.
func (s *Sim) take(j Job) *Job {
	if j.ID == "" {
		j.ID = "d" + simhttp.Random(19, "abcdefghijklmnopqrstuvwxyz0123456789")
	}
	if j.Status == "" {
		j.Status = "Queued"
	}
	if j.Program == "" {
		j.Program = "sampler"
	}
	if j.Created.IsZero() {
		j.Created = s.now()
	}
	s.jobs = append(s.jobs, &j)
	return &j
}

func (j *Job) pending() bool { return j.Status == "Queued" || j.Status == "Running" }

func (j *Job) told() map[string]any {
	state := map[string]any{"status": j.Status}
	if j.Status == "Failed" {
		state["reason"], state["reason_code"] = "the program ended with an error", 1517
	}
	return map[string]any{
		"id": j.ID, "backend": j.Backend, "state": state, "status": j.Status, "created": j.Created, "cost": 600,
		"tags": append([]string{}, j.Tags...), "session_id": j.Session, "user_id": j.User, "usage": map[string]any{"quantum_seconds": j.Seconds, "seconds": j.Seconds},
		"program": map[string]string{"id": j.Program}, "private": false,
	}
}

// fits reports whether a job is asked for.
func (j *Job) fits(query url.Values, after, before time.Time) bool {
	is := func(name, value string) bool { return query.Get(name) == "" || query.Get(name) == value }
	pending := query.Get("pending") == "" || j.pending() == (query.Get("pending") == "true")
	return pending && (after.IsZero() || !j.Created.Before(after)) && (before.IsZero() || !j.Created.After(before)) &&
		is("backend", j.Backend) && is("program", j.Program) && is("session_id", j.Session) &&
		!slices.ContainsFunc(query["tags"], func(tag string) bool { return !slices.Contains(j.Tags, tag) })
}

// listJobs tells the newest first unless it is asked for the oldest.
func (s *Sim) listJobs(w http.ResponseWriter, r *http.Request, i *Instance, _ *Identity) {
	query := r.URL.Query()
	limit, offset := within(query.Get("limit"), 1, 200, 200), within(query.Get("offset"), 0, 1<<31-1, 0)
	after, errAfter := moment(query.Get("created_after"))
	before, errBefore := moment(query.Get("created_before"))
	if errAfter != nil || errBefore != nil || !slices.Contains([]string{"", "ASC", "DESC"}, query.Get("sort")) {
		refuseQuantum(w, http.StatusBadRequest)
		return
	}
	all := []any{}
	for _, j := range slices.Backward(s.jobs) {
		if j.Instance == i.CRN && j.fits(query, after, before) {
			all = append(all, j.told())
		}
	}
	if query.Get("sort") == "ASC" {
		slices.Reverse(all)
	}
	simhttp.JSON(w, http.StatusOK, map[string]any{"jobs": all[min(offset, len(all)):min(offset+limit, len(all))], "count": len(all), "limit": limit, "offset": offset})
}

func (s *Sim) findJob(r *http.Request, i *Instance) *Job {
	for _, j := range s.jobs {
		if j.ID == r.PathValue("id") && j.Instance == i.CRN {
			return j
		}
	}
	return nil
}

func (s *Sim) getJob(w http.ResponseWriter, r *http.Request, i *Instance, _ *Identity) {
	j := s.findJob(r, i)
	if j == nil {
		refuseQuantum(w, http.StatusNotFound)
		return
	}
	simhttp.JSON(w, http.StatusOK, j.told())
}

func (s *Sim) submitJob(w http.ResponseWriter, r *http.Request, i *Instance, who *Identity) {
	var asked struct {
		Program string   `json:"program_id"`
		Backend string   `json:"backend"`
		Session string   `json:"session_id"`
		Tags    []string `json:"tags"`
	}
	lately := 0
	for _, j := range s.jobs {
		if j.User == who.ID && s.now().Sub(j.Created) < time.Minute {
			lately++
		}
	}
	switch {
	case json.NewDecoder(r.Body).Decode(&asked) != nil, asked.Program == "", !slices.Contains(i.Backends, asked.Backend), asked.Session != "" && !s.takesJobs(asked.Session, i):
		refuseQuantum(w, http.StatusBadRequest)
	case lately >= mostJobs:
		refuseQuantum(w, http.StatusTooManyRequests)
	default:
		j := s.take(Job{Instance: i.CRN, User: who.ID, Backend: asked.Backend, Session: asked.Session, Program: asked.Program, Tags: asked.Tags})
		simhttp.JSON(w, http.StatusOK, map[string]any{"id": j.ID, "backend": j.Backend, "session_id": j.Session, "private": false})
	}
}

func (s *Sim) cancelJob(w http.ResponseWriter, r *http.Request, i *Instance, _ *Identity) {
	switch j := s.findJob(r, i); {
	case j == nil:
		refuseQuantum(w, http.StatusNotFound)
	case !j.pending():
		refuseQuantum(w, http.StatusConflict)
	default:
		j.Status = "Cancelled"
		w.WriteHeader(http.StatusNoContent)
	}
}
