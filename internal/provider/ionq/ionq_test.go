package ionq_test

import (
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/provider/ionq"
	"github.com/qleaks/qleaks/internal/provider/ionq/sim"
	"github.com/qleaks/qleaks/internal/provider/providertest"
	"github.com/qleaks/qleaks/internal/provider/simhttp"
)

func rig() providertest.Rig {
	return providertest.Rig{
		Kit:   ionq.Kit(),
		Start: start,
		Verifying: providertest.Verifying{
			Service: "api", Path: "/whoami",
			Accepts: providertest.Reply{Status: 200, Body: `{"key_id":"e060759f-4348-4767-a645-8c0301265791","key_name":"My First Key","project_id":"944904d6-2e30-4cfb-8bc4-04afaabcdd42"}`},
			Refuses: providertest.Reply{Status: 401, Body: `{"error":"Unauthorized Error","message":"Invalid key provided.","statusCode":401}`},
		},
	}
}

func start(*testing.T) providertest.World {
	s := sim.New(sim.Options{})
	project := simhttp.UUID()
	own, credential := s.Create(sim.Key{Name: "operator", Project: project})
	live, value := s.Create(sim.Key{Name: "laptop", Project: project})
	gone, dead := s.Create(sim.Key{Name: "old laptop", Project: project})
	s.Revoke(gone.ID)
	_ = own
	return providertest.World{
		Services: map[string]*simhttp.Server{"api": s.Server},
		Config:   provider.Config{Credential: credential},
		Live:     value, LiveKey: key.Key{ID: live.ID, Name: live.Name, Project: key.Party{ID: project}},
		Gone: dead, GoneStatus: key.Inactive, MadeUp: key.Inactive,
		Job: func(pending bool) provider.Job {
			j := sim.Job{Project: project, Submitter: "somebody", Shots: 1000, Cost: 9.5}
			if !pending {
				j.Status, j.Started = "completed", time.Now().Add(-time.Minute)
				j.Submitted, j.Completed = j.Started.Add(-time.Minute), j.Started.Add(time.Second)
			}
			return provider.Job{ID: s.Submit(j).ID}
		},
		Session: func() provider.Session { return provider.Session{ID: s.Reserve(sim.Session{Project: project}).ID} },
	}
}

func TestKit(t *testing.T) { providertest.Run(t, rig()) }
