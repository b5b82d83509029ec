package sim_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/qleaks/qleaks/internal/provider/ibm/sim"
)

// lab is an instance, and how Ada asks it.
type lab struct {
	cloud
	sim.Instance

	token string
}

func openLab(t *testing.T, o sim.Options) lab {
	t.Helper()
	l := lab{cloud: open(t, o)}
	l.Instance = l.Provide(sim.Instance{Name: "lab", Backends: []string{"ibm_torino", "ibm_fez"}, Limit: 600, Consumed: 12})
	l.token, _ = l.logsIn(l.value)
	return l
}

func (l lab) asks(method, path, body string) (int, map[string]any) {
	return l.cloud.asks(method, l.Quantum["us-east"].Base()+path, body, "Authorization", "Bearer "+l.token, "Service-CRN", l.CRN, "IBM-API-Version", "2026-04-15")
}

// listed are the jobs that a query brings.
func (l lab) listed(t *testing.T, query string) (jobs []map[string]any) {
	t.Helper()
	status, told := l.asks(http.MethodGet, "/jobs?"+query, "")
	list, ok := told["jobs"].([]any)
	if status != http.StatusOK || !ok {
		t.Fatalf("%s: status %d, %v", query, status, told)
	}
	for _, x := range list {
		if j, ok := x.(map[string]any); ok {
			jobs = append(jobs, j)
		}
	}
	return jobs
}

func TestJobsAreSubmittedFoundAndCancelled(t *testing.T) {
	watch := newClock()
	l := openLab(t, sim.Options{Now: watch.now})
	ids := []any{}
	for i := range 6 {
		body := fmt.Sprintf(`{"program_id":"sampler","backend":"ibm_torino","params":{},"tags":["run-%d","vqe"]}`, i)
		status, told := l.asks(http.MethodPost, "/jobs", body)
		if want := map[bool]int{true: http.StatusOK, false: http.StatusTooManyRequests}[i < 5]; status != want {
			t.Errorf("job %d within a minute: status %d, want %d", i, status, want)
		}
		if status == http.StatusOK {
			ids = append(ids, told["id"])
		}
	}
	for query, want := range map[string]int{
		"": 5, "limit=2": 2, "offset=4": 1, "tags=vqe": 5, "tags=vqe&tags=run-3": 1, "backend=ibm_fez": 0, "program=estimator": 0, "pending=true": 5, "pending=false": 0,
		"created_after=2026-11-29T11:00:00Z": 5, "created_before=2026-11-29T11:00:00Z": 0, "session_id=none": 0,
	} {
		if got := l.listed(t, query); len(got) != want {
			t.Errorf("%q: %d jobs, want %d", query, len(got), want)
		}
	}
	if newest, oldest := l.listed(t, "limit=1")[0]["id"], l.listed(t, "limit=1&sort=ASC")[0]["id"]; newest != ids[4] || oldest != ids[0] {
		t.Errorf("newest %v, oldest %v of %v", newest, oldest, ids)
	}
	path := fmt.Sprintf("/jobs/%v", ids[0])
	for _, want := range []int{http.StatusNoContent, http.StatusConflict} {
		if got, _ := l.asks(http.MethodPost, path+"/cancel", ""); got != want {
			t.Errorf("cancel: status %d, want %d", got, want)
		}
	}
	if status, told := l.asks(http.MethodGet, path, ""); status != http.StatusOK || told["status"] != "Cancelled" || told["user_id"] != l.ada.ID {
		t.Errorf("what was cancelled: %d, %v", status, told)
	}
}

func TestASessionTakesJobsUntilItIsTold(t *testing.T) {
	l := openLab(t, sim.Options{})
	status, told := l.asks(http.MethodPost, "/sessions", `{"mode":"batch","backend":"ibm_fez"}`)
	id := fmt.Sprint(told["id"])
	if status != http.StatusOK || told["accepting_jobs"] != true || told["mode"] != "batch" {
		t.Fatalf("status %d, %v", status, told)
	}
	job := fmt.Sprintf(`{"program_id":"sampler","backend":"ibm_fez","session_id":%q}`, id)
	submitted, _ := l.asks(http.MethodPost, "/jobs", job)
	if changed, _ := l.asks(http.MethodPatch, "/sessions/"+id, `{"accepting_jobs":false}`); submitted != http.StatusOK || changed != http.StatusNoContent {
		t.Errorf("job %d, change %d", submitted, changed)
	}
	if refused, _ := l.asks(http.MethodPost, "/jobs", job); refused != http.StatusBadRequest {
		t.Errorf("a job for a session that takes none: %d", refused)
	}
	open := func() any {
		_, told := l.asks(http.MethodGet, "/workloads?mode=batch&status=in_progress&status=pending", "")
		return told["total_count"]
	}
	if open() != 1.0 {
		t.Error("a session with a job in it is over")
	}
	if closed, _ := l.asks(http.MethodDelete, "/sessions/"+id+"/close", ""); closed != http.StatusNoContent || open() != 0.0 {
		t.Errorf("closed: %d", closed)
	}
	if waiting := l.listed(t, "pending=true"); len(waiting) != 0 {
		t.Errorf("jobs wait in a session that is closed: %v", waiting)
	}
}

func TestAnInstanceTellsItsBackendsAndUsage(t *testing.T) {
	l := openLab(t, sim.Options{})
	l.Submit(sim.Job{Instance: l.CRN, Backend: "ibm_fez"})
	_, told := l.asks(http.MethodGet, "/backends", "")
	if devices, ok := told["devices"].([]any); !ok || len(devices) != 2 {
		t.Errorf("backends: %v", told)
	}
	if _, told := l.asks(http.MethodGet, "/backends/ibm_fez/status", ""); told["length_queue"] != 1.0 || told["state"] != true {
		t.Errorf("a backend: %v", told)
	}
	if _, told := l.asks(http.MethodGet, "/instances/usage", ""); told["usage_consumed_seconds"] != 12.0 || told["usage_limit_seconds"] != 600.0 || told["usage_limit_reached"] != false {
		t.Errorf("usage: %v", told)
	}
	l.CRN = "crn:v1:bluemix:public:quantum-computing:us-east:a/0:0::"
	if status, _ := l.asks(http.MethodGet, "/backends", ""); status != http.StatusNotFound {
		t.Errorf("somebody else's instance: %d", status)
	}
}
