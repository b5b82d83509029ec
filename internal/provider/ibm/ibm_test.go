package ibm_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/provider/ibm"
	"github.com/qleaks/qleaks/internal/provider/ibm/sim"
	"github.com/qleaks/qleaks/internal/provider/providertest"
	"github.com/qleaks/qleaks/internal/provider/simhttp"
)

func rig() providertest.Rig {
	return providertest.Rig{
		Kit:   ibm.Kit(),
		Start: start,
		Verifying: providertest.Verifying{
			Service: "iam", Path: "/v1/apikeys/details",
			Accepts: providertest.Reply{Status: 200, Body: `{"id":"ApiKey-1","entity_tag":"1-a","crn":"crn:v1","locked":false,"disabled":false,"created_at":"2026-01-02T03:04+0000","created_by":"IBMid-1","name":"laptop","iam_id":"IBMid-1","account_id":"a1","apikey":""}`},
		},
	}
}

func start(*testing.T) providertest.World {
	s := sim.New(sim.Options{})
	ada := s.Join(sim.Identity{Name: "Ada", Email: "ada@example.test", Administrator: true})
	robot := s.Service("robot")
	_, credential := s.Create(sim.Key{Name: "operator", Owner: ada.ID})
	live, value := s.Create(sim.Key{Name: "laptop", Owner: ada.ID})
	gone, dead := s.Create(sim.Key{Name: "old laptop", Owner: ada.ID})
	s.Create(sim.Key{Name: "nightly", Owner: robot.ID, Stored: true})
	s.Delete(gone.ID)
	instance := s.Provide(sim.Instance{Name: "open", Plan: "open-plan", Backends: []string{"ibm_torino"}, Limit: 600, Consumed: 12})
	s.Provide(sim.Instance{Name: "frankfurt", Region: "eu-de", Plan: "premium", Backends: []string{"ibm_aachen"}, Allocation: 3600, Consumed: 600})
	return providertest.World{
		Services: s.Servers(),
		Config:   provider.Config{Credential: credential},
		Live:     value, LiveKey: key.Key{ID: live.ID, Name: live.Name},
		Gone: dead, GoneStatus: key.Unknown, MadeUp: key.Unknown,
		Job: func(pending bool) provider.Job {
			j := sim.Job{Instance: instance.CRN, User: ada.ID, Backend: "ibm_torino"}
			if !pending {
				j.Status, j.Created, j.Seconds = "Completed", time.Now().Add(-time.Hour), 2.5
			}
			return provider.Job{ID: s.Submit(j).ID}
		},
		Session: func() provider.Session {
			return provider.Session{ID: s.Open(sim.Session{Instance: instance.CRN, User: ada.ID, Backend: "ibm_torino"}).ID}
		},
	}
}

func TestKit(t *testing.T) { providertest.Run(t, rig()) }

func TestWhatIsLeftOfAnInstance(t *testing.T) {
	w, c := opened(t)
	described, err := c.Describe(t.Context(), w.Live)
	if err != nil || len(described.Reach.Instances) != 2 {
		t.Fatalf("%+v, %v", described, err)
	}
	for i, seconds := range []float64{588, 3000} {
		if got := described.Reach.Instances[i].Remaining; got == nil || got.Value != seconds || got.Unit != "seconds" {
			t.Errorf("instance %d: %+v", i, got)
		}
	}
}

// full is a client with the abilities that these tests are about.
type full interface {
	provider.Describer
	provider.Lister
}

// opened is a World with its servers up, and a client of it.
func opened(t *testing.T) (providertest.World, full) {
	t.Helper()
	w := start(t)
	return w, client(t, w.Config, w.Services)
}

// client makes a client, and puts up the services that it asks.
func client(tb testing.TB, c provider.Config, services map[string]*simhttp.Server) full {
	tb.Helper()
	c.Origins = map[string]string{}
	for name, handler := range services {
		server := httptest.NewServer(handler)
		tb.Cleanup(server.Close)
		c.Origins[name] = server.URL + handler.Base()
	}
	made, err := ibm.Kit().New(c)
	if err != nil {
		tb.Fatal(err)
	}
	able, ok := made.(full)
	if !ok {
		tb.Fatalf("%T lacks an ability", made)
	}
	return able
}
