package sim

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/provider/simhttp"
)

func refuseQuantum(w http.ResponseWriter, status int) {
	simhttp.JSON(w, status, map[string]any{
		"trace":  simhttp.UUID(),
		"errors": []any{map[string]any{"code": 1000 + status, "message": http.StatusText(status), "solution": "", "more_info": "https://quantum.cloud.ibm.com/docs/errors"}},
	})
}

// onInstance answers a request to one instance. The Sim is locked.
type onInstance func(w http.ResponseWriter, r *http.Request, i *Instance, who *Identity)

func (s *Sim) routeQuantum(q *simhttp.Server, region string) {
	on := func(method, path string, h onInstance) {
		q.Handle(method, path, s.bearing(refuseQuantum, func(w http.ResponseWriter, r *http.Request, who *Identity) {
			if r.Header.Get("Ibm-Api-Version") == "" {
				refuseQuantum(w, http.StatusBadRequest)
				return
			}
			at := slices.IndexFunc(s.instances, func(i *Instance) bool { return i.CRN == r.Header.Get("Service-Crn") && i.Region == region })
			if at < 0 {
				refuseQuantum(w, http.StatusNotFound)
				return
			}
			h(w, r, s.instances[at], who)
		}))
	}
	on(http.MethodGet, "/jobs", s.listJobs)
	on(http.MethodPost, "/jobs", s.submitJob)
	on(http.MethodGet, "/jobs/{id}", s.getJob)
	on(http.MethodPost, "/jobs/{id}/cancel", s.cancelJob)
	on(http.MethodGet, "/workloads", s.listWorkloads)
	on(http.MethodPost, "/sessions", s.createSession)
	on(http.MethodPatch, "/sessions/{id}", s.changeSession)
	on(http.MethodGet, "/sessions/{id}", s.getSession)
	on(http.MethodDelete, "/sessions/{id}/close", s.closeSession)
	on(http.MethodGet, "/instances/usage", usage)
	on(http.MethodGet, "/instance", instance)
	on(http.MethodGet, "/backends", s.listBackends)
	on(http.MethodGet, "/backends/{name}/status", s.backendStatus)
}

func instance(w http.ResponseWriter, _ *http.Request, i *Instance, _ *Identity) {
	simhttp.JSON(w, http.StatusOK, map[string]any{"backends": append([]string{}, i.Backends...), "plan_id": i.Plan})
}

func usage(w http.ResponseWriter, _ *http.Request, i *Instance, _ *Identity) {
	told := map[string]any{"instance_id": i.CRN, "plan_id": i.Plan, "usage_consumed_seconds": i.Consumed}
	if i.Limit > 0 {
		told["usage_limit_seconds"], told["usage_limit_reached"] = i.Limit, i.Consumed >= i.Limit
	}
	if i.Allocation > 0 {
		told["usage_allocation_seconds"] = i.Allocation
	}
	simhttp.JSON(w, http.StatusOK, told)
}

func (s *Sim) listBackends(w http.ResponseWriter, _ *http.Request, i *Instance, _ *Identity) {
	devices := []any{}
	for _, name := range i.Backends {
		devices = append(devices, map[string]any{
			"name": name, "status": map[string]string{"name": "online", "reason": "available"}, "is_simulator": false, "qubits": 133, "queue_length": s.waiting(name),
		})
	}
	simhttp.JSON(w, http.StatusOK, map[string]any{"devices": devices})
}

func (s *Sim) backendStatus(w http.ResponseWriter, r *http.Request, i *Instance, _ *Identity) {
	name := r.PathValue("name")
	if !slices.Contains(i.Backends, name) {
		refuseQuantum(w, http.StatusNotFound)
		return
	}
	simhttp.JSON(w, http.StatusOK, map[string]any{"state": true, "status": "active", "message": "available", "length_queue": s.waiting(name), "backend_version": "1.0.0"})
}

// waiting counts the jobs in the queue of a backend.
func (s *Sim) waiting(backend string) (n int) {
	for _, j := range s.jobs {
		if j.Backend == backend && j.pending() {
			n++
		}
	}
	return n
}

// within reads a number, or takes the default where it is out of range.
func within(text string, least, most, otherwise int) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return otherwise
	}
	return n
}

// moment reads a time; no text is none.
func moment(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	return time.Parse(time.RFC3339, text)
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
