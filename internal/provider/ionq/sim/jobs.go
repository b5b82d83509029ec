package sim

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/provider/simhttp"
)

// Job is work that was submitted.
type Job struct {
	ID        string
	Name      string
	Status    string
	Backend   string
	Submitter string
	Project   string
	Session   string
	Submitted time.Time
	Started   time.Time
	Completed time.Time
	Shots     int
	// Cost is in US dollars.
	Cost float64
}

// Session is a reservation.
type Session struct {
	ID      string
	Backend string
	Creator string
	Project string
	Created time.Time
	Ended   time.Time
}

// Submit adds a job.
func (s *Sim) Submit(j Job) Job {
	if j.ID == "" {
		j.ID = simhttp.UUID()
	}
	if j.Status == "" {
		j.Status = "submitted"
	}
	if j.Backend == "" {
		j.Backend = "qpu.forte-1"
	}
	if j.Submitted.IsZero() {
		j.Submitted = s.Now()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.jobs = append(s.jobs, &j)
	return j
}

// Advance changes the status of a job, as the queue does.
func (s *Sim) Advance(id, status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, j := range s.jobs {
		if j.ID == id {
			j.Status = status
		}
	}
}

// Jobs returns all jobs.
func (s *Sim) Jobs() []Job {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Job
	for _, j := range s.jobs {
		all = append(all, *j)
	}
	return all
}

// Reserve opens a session.
func (s *Sim) Reserve(x Session) Session {
	if x.ID == "" {
		x.ID = simhttp.UUID()
	}
	if x.Backend == "" {
		x.Backend = "qpu.forte-1"
	}
	if x.Created.IsZero() {
		x.Created = s.Now()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions = append(s.sessions, &x)
	return x
}

func (s *Sim) listJobs(w http.ResponseWriter, r *http.Request, k *Key) {
	query := r.URL.Query()
	page := s.options.Page
	if text := query.Get("limit"); text != "" {
		limit, err := strconv.Atoi(text)
		if err != nil || limit < 1 {
			refuse(w, http.StatusBadRequest)
			return
		}
		page = min(page, limit)
	}
	// The newest first; "next" names the first job of the next page.
	var matching []*Job
	for _, j := range slices.Backward(s.jobs) {
		if j.Project == k.Project && fits(j, query) {
			matching = append(matching, j)
		}
	}
	if next := query.Get("next"); next != "" {
		at := slices.IndexFunc(matching, func(j *Job) bool { return j.ID == next })
		matching = matching[max(at, 0):]
	}
	told := map[string]any{"jobs": []any{}, "next": nil}
	if len(matching) > page {
		told["next"], matching = matching[page].ID, matching[:page]
	}
	listed := []any{}
	for _, j := range matching {
		listed = append(listed, j.told())
	}
	told["jobs"] = listed
	simhttp.JSON(w, http.StatusOK, told)
}

// fits applies the filters of the list.
func fits(j *Job, query url.Values) bool {
	is := func(name, value string) bool { return !query.Has(name) || query.Get(name) == value }
	ids := query["ids"]
	return is("status", j.Status) && is("session_id", j.Session) && is("submitter_id", j.Submitter) && is("parent_job_id", "") &&
		(!query.Has("target") || slices.Contains(strings.Split(query.Get("target"), ","), j.Backend)) &&
		(len(ids) == 0 || slices.Contains(ids, j.ID))
}

func (j *Job) told() map[string]any {
	return map[string]any{
		"id": j.ID, "status": j.Status, "type": "ionq.circuit.v1", "backend": j.Backend, "dry_run": false, "cost_model": "QCT",
		"submitter_id": j.Submitter, "project_id": absent(j.Project), "parent_job_id": nil, "session_id": absent(j.Session),
		"metadata": nil, "name": absent(j.Name), "submitted_at": j.Submitted, "started_at": moment(j.Started), "completed_at": moment(j.Completed),
		"predicted_wait_time_ms": nil, "predicted_execution_duration_ms": nil, "execution_duration_ms": ran(j), "shots": j.Shots,
		"failure": nil, "output": map[string]any{}, "settings": map[string]any{}, "stats": map[string]any{}, "results": nil,
	}
}

func absent(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func moment(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

func ran(j *Job) any {
	if j.Started.IsZero() || j.Completed.IsZero() {
		return nil
	}
	return j.Completed.Sub(j.Started).Milliseconds()
}

// find returns the job that a request names, if the key's project shows it.
func (s *Sim) find(id string, k *Key) *Job {
	for _, j := range s.jobs {
		if j.ID == id && j.Project == k.Project {
			return j
		}
	}
	return nil
}

func (s *Sim) getJob(w http.ResponseWriter, r *http.Request, k *Key) {
	j := s.find(r.PathValue("job"), k)
	if j == nil {
		refuse(w, http.StatusNotFound)
		return
	}
	told := j.told()
	told["child_job_ids"] = nil
	simhttp.JSON(w, http.StatusOK, told)
}

func (s *Sim) jobCost(w http.ResponseWriter, r *http.Request, k *Key) {
	j := s.find(r.PathValue("job"), k)
	if j == nil {
		refuse(w, http.StatusNotFound)
		return
	}
	amount := map[string]any{"value": j.Cost, "unit": "usd"}
	told := map[string]any{"dry_run": false, "estimated_cost": amount}
	if j.Status == "completed" {
		told["cost"] = amount
	}
	simhttp.JSON(w, http.StatusOK, told)
}

// cancelJob cancels whatever it is given: in version 0.4 even a job that is
// over becomes canceled.
func (s *Sim) cancelJob(w http.ResponseWriter, r *http.Request, k *Key) {
	j := s.find(r.PathValue("job"), k)
	if j == nil {
		refuse(w, http.StatusNotFound)
		return
	}
	j.Status = "canceled"
	simhttp.JSON(w, http.StatusOK, map[string]string{"id": j.ID, "status": "canceled"})
}

func (s *Sim) cancelJobs(w http.ResponseWriter, r *http.Request, k *Key) {
	var asked struct {
		IDs []string `json:"ids"`
	}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || len(asked.IDs) == 0 {
		refuse(w, http.StatusBadRequest)
		return
	}
	for _, id := range asked.IDs {
		if s.find(id, k) == nil {
			refuse(w, http.StatusNotFound)
			return
		}
	}
	for _, id := range asked.IDs {
		s.find(id, k).Status = "canceled"
	}
	simhttp.JSON(w, http.StatusOK, map[string]any{"ids": asked.IDs, "status": "canceled"})
}

func (s *Sim) listSessions(w http.ResponseWriter, r *http.Request, k *Key) {
	active := r.URL.Query().Get("active")
	if active != "" && active != "true" && active != "false" {
		refuse(w, http.StatusBadRequest)
		return
	}
	listed := []any{}
	for _, x := range s.sessions {
		if x.Project == k.Project && (active == "" || (active == "true") == x.Ended.IsZero()) {
			listed = append(listed, s.session(x))
		}
	}
	simhttp.JSON(w, http.StatusOK, map[string]any{"organization_id": s.Organisation, "sessions": listed})
}

func (s *Sim) session(x *Session) map[string]any {
	told := map[string]any{
		"id": x.ID, "created_at": x.Created, "organization_id": s.Organisation, "backend": x.Backend, "project_id": absent(x.Project),
		"creator_id": absent(x.Creator), "ended_at": moment(x.Ended), "ender_id": nil, "active": x.Ended.IsZero(), "status": "started", "started_at": x.Created,
	}
	if !x.Ended.IsZero() {
		told["status"] = "ended"
	}
	return told
}

func (s *Sim) reserved(id string, k *Key) *Session {
	for _, x := range s.sessions {
		if x.ID == id && x.Project == k.Project {
			return x
		}
	}
	return nil
}

func (s *Sim) getSession(w http.ResponseWriter, r *http.Request, k *Key) {
	x := s.reserved(r.PathValue("session"), k)
	if x == nil {
		refuse(w, http.StatusNotFound)
		return
	}
	simhttp.JSON(w, http.StatusOK, s.session(x))
}

func (s *Sim) endSession(w http.ResponseWriter, r *http.Request, k *Key) {
	x := s.reserved(r.PathValue("session"), k)
	if x == nil {
		refuse(w, http.StatusNotFound)
		return
	}
	if x.Ended.IsZero() {
		x.Ended = s.Now()
	}
	simhttp.JSON(w, http.StatusOK, s.session(x))
}

func (s *Sim) usage(w http.ResponseWriter, r *http.Request, _ *Key) {
	query := r.URL.Query()
	from, errFrom := time.Parse(time.DateOnly, query.Get("start_date"))
	to, errTo := time.Parse(time.DateOnly, query.Get("end_date"))
	group, modality := query.Get("group_by"), query.Get("modality")
	if errFrom != nil || errTo != nil || !slices.Contains([]string{"job", "project", "user"}, group) || !slices.Contains([]string{"daily", "weekly", "monthly"}, modality) {
		refuse(w, http.StatusBadRequest)
		return
	}
	if r.PathValue("organization") != s.Organisation {
		refuse(w, http.StatusNotFound)
		return
	}
	amount, micros, count := 0.0, 0.0, 0
	for _, j := range s.jobs {
		if j.Submitted.Before(from) || !j.Submitted.Before(to) {
			continue
		}
		amount, count = amount+j.Cost, count+1
		if !j.Completed.IsZero() {
			micros += float64(j.Completed.Sub(j.Started).Microseconds())
		}
	}
	simhttp.JSON(w, http.StatusOK, map[string]any{
		"organization": s.Organisation, "group_type": group, "modality": modality, "start_date": query.Get("start_date"), "end_date": query.Get("end_date"),
		"usage_from": from, "usage_to": to, "usage_unit": "USD", "amount_total": amount, "time_us_total": micros, "job_count": count, "usage_data": []any{},
	})
}
