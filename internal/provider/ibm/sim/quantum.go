package sim

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/provider/simhttp"
)

// quantumService is the id of the quantum service in the catalogue.
const quantumService = "b6049020-80f4-11eb-a0f7-e35ec9b4054f"

// Instance is an instance of the quantum service.
type Instance struct {
	CRN      string
	GUID     string
	Name     string
	Region   string
	Plan     string
	Backends []string
	// Limit is how many seconds it may use; 0 is no limit.
	Limit    float64
	Consumed float64
}

// Job is work that was submitted.
type Job struct {
	ID       string
	Instance string // the CRN
	User     string
	Backend  string
	Status   string
	Session  string
	Created  time.Time
	Seconds  float64
}

// Session is a session or a batch.
type Session struct {
	ID       string
	Instance string // the CRN
	User     string
	Backend  string
	Batch    bool
	Created  time.Time
	Closed   time.Time
}

// Provide adds an instance.
func (s *Sim) Provide(i Instance) Instance {
	i.GUID = simhttp.UUID()
	if i.Region == "" {
		i.Region = "us-east"
	}
	i.CRN = "crn:v1:bluemix:public:quantum-computing:" + i.Region + ":a/" + s.Account + ":" + i.GUID + "::"
	s.mu.Lock()
	defer s.mu.Unlock()
	s.instances = append(s.instances, &i)
	return i
}

// Submit adds a job.
func (s *Sim) Submit(j Job) Job {
	if j.ID == "" {
		j.ID = "d" + simhttp.Random(19, "abcdefghijklmnopqrstuvwxyz0123456789")
	}
	if j.Status == "" {
		j.Status = "Queued"
	}
	if j.Created.IsZero() {
		j.Created = s.now()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.jobs = append(s.jobs, &j)
	return j
}

// Open opens a session.
func (s *Sim) Open(x Session) Session {
	if x.ID == "" {
		x.ID = simhttp.UUID()
	}
	if x.Created.IsZero() {
		x.Created = s.now()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions = append(s.sessions, &x)
	return x
}

func refuseResource(w http.ResponseWriter, status int) {
	simhttp.JSON(w, status, map[string]any{"message": http.StatusText(status), "status_code": status, "transaction_id": simhttp.UUID()})
}

func refuseQuantum(w http.ResponseWriter, status int) {
	simhttp.JSON(w, status, map[string]any{
		"trace":  simhttp.UUID(),
		"errors": []any{map[string]any{"code": 1000 + status, "message": http.StatusText(status), "solution": "", "more_info": "https://quantum.cloud.ibm.com/docs/errors"}},
	})
}

func (s *Sim) listInstances(w http.ResponseWriter, r *http.Request, _ *Identity) {
	query := r.URL.Query()
	limit, start := 10, 0
	if text := query.Get("limit"); text != "" {
		limit, _ = strconv.Atoi(text)
	}
	if text := query.Get("start"); text != "" {
		start, _ = strconv.Atoi(text)
	}
	if limit < 1 || limit > 100 || start < 0 {
		refuseResource(w, http.StatusBadRequest)
		return
	}
	all := []any{}
	for _, i := range s.instances {
		if id := query.Get("resource_id"); id == "" || id == quantumService {
			all = append(all, map[string]any{
				"id": i.CRN, "guid": i.GUID, "crn": i.CRN, "name": i.Name, "region_id": i.Region, "account_id": s.Account, "resource_id": quantumService,
				"resource_plan_id": i.Plan, "state": "active", "type": "service_instance", "created_at": s.now(),
				"extensions": map[string]any{"backends": i.Backends},
			})
		}
	}
	page := all[min(start, len(all)):min(start+limit, len(all))]
	told := map[string]any{"rows_count": len(page), "next_url": nil, "resources": page}
	if start+limit < len(all) {
		told["next_url"] = "/v2/resource_instances?limit=" + strconv.Itoa(limit) + "&resource_id=" + quantumService + "&start=" + strconv.Itoa(start+limit)
	}
	simhttp.JSON(w, http.StatusOK, told)
}

// onInstance answers a request to one instance. The Sim is locked.
type onInstance func(w http.ResponseWriter, r *http.Request, i *Instance)

func (s *Sim) routeQuantum(q *simhttp.Server, region string) {
	on := func(method, path string, h onInstance) {
		q.Handle(method, path, s.bearing(refuseQuantum, func(w http.ResponseWriter, r *http.Request, _ *Identity) {
			if r.Header.Get("Ibm-Api-Version") == "" {
				refuseQuantum(w, http.StatusBadRequest)
				return
			}
			at := slices.IndexFunc(s.instances, func(i *Instance) bool { return i.CRN == r.Header.Get("Service-Crn") && i.Region == region })
			if at < 0 {
				refuseQuantum(w, http.StatusNotFound)
				return
			}
			h(w, r, s.instances[at])
		}))
	}
	on(http.MethodGet, "/jobs", s.listJobs)
	on(http.MethodPost, "/jobs/{id}/cancel", s.cancelJob)
	on(http.MethodGet, "/workloads", s.listWorkloads)
	on(http.MethodGet, "/sessions/{id}", s.getSession)
	on(http.MethodDelete, "/sessions/{id}/close", s.closeSession)
	on(http.MethodGet, "/instances/usage", usage)
	on(http.MethodGet, "/instance", instance)
}

func instance(w http.ResponseWriter, _ *http.Request, i *Instance) {
	simhttp.JSON(w, http.StatusOK, map[string]any{"backends": append([]string{}, i.Backends...), "plan_id": i.Plan})
}

func usage(w http.ResponseWriter, _ *http.Request, i *Instance) {
	told := map[string]any{"instance_id": i.CRN, "plan_id": i.Plan, "usage_consumed_seconds": i.Consumed}
	if i.Limit > 0 {
		told["usage_limit_seconds"], told["usage_limit_reached"] = i.Limit, i.Consumed >= i.Limit
	}
	simhttp.JSON(w, http.StatusOK, told)
}

func (j *Job) pending() bool { return j.Status == "Queued" || j.Status == "Running" }

// within reads a number, or takes the default where it is out of range.
func within(text string, least, most, otherwise int) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return otherwise
	}
	return n
}

func (s *Sim) listJobs(w http.ResponseWriter, r *http.Request, i *Instance) {
	query := r.URL.Query()
	limit, offset := within(query.Get("limit"), 1, 200, 200), within(query.Get("offset"), 0, 1<<31-1, 0)
	after, errAfter := moment(query.Get("created_after"))
	before, errBefore := moment(query.Get("created_before"))
	if errAfter != nil || errBefore != nil {
		refuseQuantum(w, http.StatusBadRequest)
		return
	}
	all := []any{}
	for _, j := range slices.Backward(s.jobs) {
		in := j.Instance == i.CRN && (after.IsZero() || !j.Created.Before(after)) && (before.IsZero() || !j.Created.After(before))
		if text := query.Get("pending"); text != "" {
			in = in && j.pending() == (text == "true")
		}
		if in {
			all = append(all, map[string]any{
				"id": j.ID, "backend": j.Backend, "state": map[string]string{"status": j.Status}, "status": j.Status, "created": j.Created, "cost": 600,
				"tags": []string{}, "session_id": j.Session, "user_id": j.User, "usage": map[string]any{"quantum_seconds": j.Seconds, "seconds": j.Seconds},
				"program": map[string]string{"id": "sampler"}, "private": false,
			})
		}
	}
	simhttp.JSON(w, http.StatusOK, map[string]any{"jobs": all[min(offset, len(all)):min(offset+limit, len(all))], "count": len(all), "limit": limit, "offset": offset})
}

// moment reads a time; no text is none.
func moment(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	return time.Parse(time.RFC3339, text)
}

func (s *Sim) cancelJob(w http.ResponseWriter, r *http.Request, i *Instance) {
	at := slices.IndexFunc(s.jobs, func(j *Job) bool { return j.ID == r.PathValue("id") && j.Instance == i.CRN })
	switch {
	case at < 0:
		refuseQuantum(w, http.StatusNotFound)
	case !s.jobs[at].pending():
		refuseQuantum(w, http.StatusConflict)
	default:
		s.jobs[at].Status = "Cancelled"
		w.WriteHeader(http.StatusNoContent)
	}
}

// listWorkloads lists sessions and batches; jobs have a list of their own.
func (s *Sim) listWorkloads(w http.ResponseWriter, r *http.Request, i *Instance) {
	query := r.URL.Query()
	limit, start := within(query.Get("limit"), 1, 50, 10), within(query.Get("next"), 0, 1<<31-1, 0)
	all := []any{}
	for _, x := range s.sessions {
		mode, status := "session", "in_progress"
		if x.Batch {
			mode = "batch"
		}
		if !x.Closed.IsZero() {
			status = "completed"
		}
		if x.Instance != i.CRN || query.Has("mode") && query.Get("mode") != mode || query.Has("status") && !slices.Contains(query["status"], status) {
			continue
		}
		all = append(all, map[string]any{
			"id": x.ID, "created": x.Created, "backend": x.Backend, "instance": x.Instance, "user_id": x.User, "accepting_jobs": x.Closed.IsZero(), "mode": mode, "status": status,
		})
	}
	told := map[string]any{"workloads": all[min(start, len(all)):min(start+limit, len(all))], "total_count": len(all), "limit": limit}
	if start+limit < len(all) {
		told["next"] = map[string]string{"href": "https://" + r.Host + r.URL.Path + "?next=" + strconv.Itoa(start+limit)}
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

func (s *Sim) getSession(w http.ResponseWriter, r *http.Request, i *Instance) {
	x := s.findSession(r, i)
	if x == nil {
		refuseQuantum(w, http.StatusNotFound)
		return
	}
	told := map[string]any{"id": x.ID, "backend_name": x.Backend, "mode": "dedicated", "started_at": x.Created, "state": "active", "accepting_jobs": x.Closed.IsZero(), "user_id": x.User}
	if x.Batch {
		told["mode"] = "batch"
	}
	if !x.Closed.IsZero() {
		told["state"], told["closed_at"] = "closed", x.Closed
	}
	simhttp.JSON(w, http.StatusOK, told)
}

// closeSession stops a session; jobs that wait in it will not run.
func (s *Sim) closeSession(w http.ResponseWriter, r *http.Request, i *Instance) {
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

// Servers returns the servers by the names of the kit's services.
func (s *Sim) Servers() map[string]*simhttp.Server {
	all := map[string]*simhttp.Server{"iam": s.IAM, "resources": s.Resources}
	for region, q := range s.Quantum {
		all[ServiceOf(region)] = q
	}
	return all
}

// ServiceOf names the quantum service of a region.
func ServiceOf(region string) string {
	if region == "us-east" {
		return "quantum"
	}
	return "quantum-" + region
}

// ServeHTTP answers for all services: their paths differ.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for _, server := range s.Servers() {
		if strings.HasPrefix(r.URL.Path, server.Base()+"/") {
			server.ServeHTTP(w, r)
			return
		}
	}
	http.NotFound(w, r)
}
