package sim

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
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
	// State is that of the resource controller; "" is active.
	State string
	// Limit is how many seconds it may use, Allocation how many it was given; 0
	// is not said.
	Limit      float64
	Allocation float64
	Consumed   float64
	Created    time.Time
}

// Provide adds an instance.
func (s *Sim) Provide(i Instance) Instance {
	i.GUID = simhttp.UUID()
	if i.Region == "" {
		i.Region = "us-east"
	}
	if i.State == "" {
		i.State = "active"
	}
	if i.Created.IsZero() {
		i.Created = s.now()
	}
	i.CRN = "crn:v1:bluemix:public:quantum-computing:" + i.Region + ":a/" + s.Account + ":" + i.GUID + "::"
	s.mu.Lock()
	defer s.mu.Unlock()
	s.instances = append(s.instances, &i)
	return i
}

func refuseResource(w http.ResponseWriter, status int) {
	simhttp.JSON(w, status, map[string]any{"message": http.StatusText(status), "status_code": status, "transaction_id": simhttp.UUID()})
}

// told is what the resource controller says of an instance.
func (s *Sim) toldInstance(i *Instance) map[string]any {
	return map[string]any{
		"id": i.CRN, "guid": i.GUID, "url": "/v2/resource_instances/" + i.GUID, "crn": i.CRN, "name": i.Name, "region_id": i.Region, "account_id": s.Account,
		"resource_id": quantumService, "resource_plan_id": i.Plan, "resource_group_id": "default", "state": i.State, "type": "service_instance", "sub_type": "",
		"created_at": i.Created, "updated_at": i.Created, "locked": false, "last_operation": map[string]any{"type": "create", "state": "succeeded", "async": false},
		"extensions": map[string]any{"backends": i.Backends},
	}
}

// listInstances pages with a mark that holds the question: other parameters
// beside it do not matter.
func (s *Sim) listInstances(w http.ResponseWriter, r *http.Request, _ *Identity) {
	query, offset := r.URL.Query(), 0
	if mark := query.Get("start"); mark != "" {
		raw, err := base64.RawURLEncoding.DecodeString(mark)
		if err == nil {
			query, err = url.ParseQuery(string(raw))
		}
		if offset, _ = strconv.Atoi(query.Get("offset")); err != nil || offset <= 0 {
			refuseResource(w, http.StatusBadRequest)
			return
		}
	}
	limit := 10
	if text := query.Get("limit"); text != "" {
		limit, _ = strconv.Atoi(text)
	}
	if limit < 1 || limit > 100 {
		refuseResource(w, http.StatusBadRequest)
		return
	}
	all := []any{}
	for _, i := range s.instances {
		if i.fits(query) {
			all = append(all, s.toldInstance(i))
		}
	}
	part := all[min(offset, len(all)):min(offset+limit, len(all))]
	told := map[string]any{"rows_count": len(part), "next_url": nil, "resources": part}
	if offset+limit < len(all) {
		query.Set("offset", strconv.Itoa(offset+limit))
		told["next_url"] = "/v2/resource_instances?start=" + base64.RawURLEncoding.EncodeToString([]byte(query.Encode()))
	}
	simhttp.JSON(w, http.StatusOK, told)
}

// fits reports whether an instance is asked for.
func (i *Instance) fits(query url.Values) bool {
	is := func(name, value string) bool { return query.Get(name) == "" || query.Get(name) == value }
	state := query.Get("state") == i.State || query.Get("state") == "" && (i.State == "active" || i.State == "provisioning")
	return state && is("guid", i.GUID) && is("name", i.Name) && is("resource_id", quantumService) && is("resource_plan_id", i.Plan) && is("type", "service_instance")
}

func (s *Sim) getInstance(w http.ResponseWriter, r *http.Request, _ *Identity) {
	at := slices.IndexFunc(s.instances, func(i *Instance) bool { return r.PathValue("id") == i.GUID || r.PathValue("id") == i.CRN })
	if at < 0 {
		refuseResource(w, http.StatusNotFound)
		return
	}
	simhttp.JSON(w, http.StatusOK, s.toldInstance(s.instances[at]))
}
