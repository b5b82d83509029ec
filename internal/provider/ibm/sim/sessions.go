package sim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/qleaks/qleaks/internal/provider/simhttp"
)

// Session is a session or a batch.
type Session struct {
	ID       string
	Instance string // the CRN
	User     string
	Backend  string
	Batch    bool
	Created  time.Time
	Closed   time.Time
	Draining bool // takes no more jobs, and ends with those that it has
}

// Open opens a session.
func (s *Sim) Open(x Session) Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return *s.begin(x)
}

// begin adds a session. The Sim is locked.
func (s *Sim) begin(x Session) *Session {
	if x.ID == "" {
		x.ID = simhttp.UUID()
	}
	if x.Created.IsZero() {
		x.Created = s.now()
	}
	s.sessions = append(s.sessions, &x)
	return &x
}

// takesJobs reports whether a session is open for more.
func (s *Sim) takesJobs(id string, i *Instance) bool {
	return slices.ContainsFunc(s.sessions, func(x *Session) bool { return x.ID == id && x.Instance == i.CRN && x.accepting() })
}

func (x *Session) accepting() bool { return x.Closed.IsZero() && !x.Draining }

// over reports whether a session has ended: closed, or empty and open to
// nothing more.
func (s *Sim) over(x *Session) bool {
	return !x.Closed.IsZero() || x.Draining && !slices.ContainsFunc(s.jobs, func(j *Job) bool { return j.Session == x.ID && j.pending() })
}

// listWorkloads lists sessions and batches; jobs have a list of their own.
func (s *Sim) listWorkloads(w http.ResponseWriter, r *http.Request, i *Instance, _ *Identity) {
	query := r.URL.Query()
	limit, start := within(query.Get("limit"), 1, 50, 10), within(query.Get("next"), 0, 1<<31-1, 0)
	all := []any{}
	for _, x := range s.sessions {
		mode, status := "session", "in_progress"
		if x.Batch {
			mode = "batch"
		}
		if s.over(x) {
			status = "completed"
		}
		asked := func(name, value string) bool { return !query.Has(name) || slices.Contains(query[name], value) }
		if x.Instance == i.CRN && asked("mode", mode) && asked("status", status) && asked("backend", x.Backend) {
			all = append(all, map[string]any{
				"id": x.ID, "created": x.Created, "backend": x.Backend, "instance": x.Instance, "user_id": x.User, "accepting_jobs": x.accepting(), "mode": mode, "status": status,
			})
		}
	}
	told := map[string]any{"workloads": all[min(start, len(all)):min(start+limit, len(all))], "total_count": len(all), "limit": limit}
	if start+limit < len(all) {
		query.Set("next", strconv.Itoa(start+limit))
		told["next"] = map[string]string{"href": "https://" + r.Host + r.URL.Path + "?" + query.Encode()}
	}
	simhttp.JSON(w, http.StatusOK, told)
}

func (s *Sim) findSession(r *http.Request, i *Instance) *Session {
	for _, x := range s.sessions {
		if x.ID == r.PathValue("id") && x.Instance == i.CRN {
			return x
		}
	}
	return nil
}

func (s *Sim) getSession(w http.ResponseWriter, r *http.Request, i *Instance, _ *Identity) {
	x := s.findSession(r, i)
	if x == nil {
		refuseQuantum(w, http.StatusNotFound)
		return
	}
	simhttp.JSON(w, http.StatusOK, s.toldSession(x))
}

func (s *Sim) toldSession(x *Session) map[string]any {
	told := map[string]any{"id": x.ID, "backend_name": x.Backend, "mode": "dedicated", "started_at": x.Created, "state": "active", "accepting_jobs": x.accepting(), "user_id": x.User}
	if x.Batch {
		told["mode"] = "batch"
	}
	if s.over(x) {
		told["state"] = "closed"
	}
	if !x.Closed.IsZero() {
		told["closed_at"] = x.Closed
	}
	return told
}

func (s *Sim) createSession(w http.ResponseWriter, r *http.Request, i *Instance, who *Identity) {
	var asked struct {
		Mode    string `json:"mode"`
		Backend string `json:"backend"`
	}
	if json.NewDecoder(r.Body).Decode(&asked) != nil || !slices.Contains([]string{"", "dedicated", "batch"}, asked.Mode) || !slices.Contains(i.Backends, asked.Backend) {
		refuseQuantum(w, http.StatusBadRequest)
		return
	}
	x := s.begin(Session{Instance: i.CRN, User: who.ID, Backend: asked.Backend, Batch: asked.Mode == "batch"})
	simhttp.JSON(w, http.StatusOK, s.toldSession(x))
}

// changeSession only ever shuts the door: jobs that wait inside will run.
func (s *Sim) changeSession(w http.ResponseWriter, r *http.Request, i *Instance, _ *Identity) {
	var asked struct {
		Accepting *bool `json:"accepting_jobs"`
	}
	x := s.findSession(r, i)
	switch {
	case x == nil:
		refuseQuantum(w, http.StatusNotFound)
	case json.NewDecoder(r.Body).Decode(&asked) != nil || asked.Accepting == nil || *asked.Accepting && !x.accepting():
		refuseQuantum(w, http.StatusBadRequest)
	default:
		x.Draining = !*asked.Accepting
		w.WriteHeader(http.StatusNoContent)
	}
}

// closeSession stops a session; jobs that wait in it will not run.
func (s *Sim) closeSession(w http.ResponseWriter, r *http.Request, i *Instance, _ *Identity) {
	x := s.findSession(r, i)
	if x == nil {
		refuseQuantum(w, http.StatusNotFound)
		return
	}
	if x.Closed.IsZero() {
		x.Closed = s.now()
	}
	for _, j := range s.jobs {
		if j.Session == x.ID && j.Status == "Queued" {
			j.Status = "Cancelled"
		}
	}
	w.WriteHeader(http.StatusNoContent)
}
