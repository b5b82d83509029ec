package qbraid_test

import (
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/provider/providertest"
	"github.com/qleaks/qleaks/internal/provider/qbraid"
	"github.com/qleaks/qleaks/internal/provider/qbraid/sim"
	"github.com/qleaks/qleaks/internal/provider/simhttp"
	"github.com/qleaks/qleaks/internal/secret"
)

func rig() providertest.Rig {
	return providertest.Rig{
		Kit:   qbraid.Kit(),
		Start: start,
		Verifying: providertest.Verifying{
			Service: "api", Path: "/users/verify",
			Accepts: providertest.Reply{Status: 200, Body: `{"success":true,"data":{"valid":true,"userId":"64b0","userName":"ada","userEmail":"ada@example.test","userRoles":["user"],"userPermissions":[],"organizationId":"o1","organizationUserId":"ou1"}}`},
			Refuses: providertest.Reply{Status: 401, Body: `{"success":false,"message":"Invalid API key","error":{"code":"INVALID_API_KEY"}}`},
		},
	}
}

func start(*testing.T) providertest.World {
	s := sim.New(sim.Options{})
	ada := s.Join(sim.User{Name: "ada", Email: "ada@example.test", Roles: []string{"user"}, Credits: 1200})
	credential := s.Create(sim.Key{Name: "operator", User: ada.ID})
	live := s.Create(sim.Key{Name: "laptop", User: ada.ID})
	gone := s.Create(sim.Key{Name: "old laptop", User: ada.ID})
	s.Delete(ada.ID, "old laptop")
	return providertest.World{
		Services: map[string]*simhttp.Server{"api": s.Server},
		Config:   provider.Config{Credential: credential},
		Live:     live, LiveKey: key.Key{Owner: key.Party{ID: ada.ID, Name: ada.Name, Email: ada.Email}},
		Gone: gone, GoneStatus: key.Inactive, MadeUp: key.Inactive,
		Job: func(pending bool) provider.Job {
			j := sim.Job{User: ada.ID, Shots: 100, Cost: 0.5}
			if !pending {
				j.Status, j.Created, j.Ended = "COMPLETED", time.Now().Add(-time.Hour), time.Now()
			}
			return provider.Job{ID: s.Submit(j).QRN}
		},
	}
}

func TestKit(t *testing.T) { providertest.Run(t, rig()) }

// client makes a client of a simulator.
func client(t *testing.T, s *sim.Sim, credential secret.Value) provider.Client {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	c, err := qbraid.Kit().New(provider.Config{Credential: credential, Origins: map[string]string{"api": server.URL + s.Base()}, Rate: 1e6})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestARegeneratedKeyDiesAtThatMoment(t *testing.T) {
	s := sim.New(sim.Options{})
	ada := s.Join(sim.User{Name: "ada"})
	old := s.Create(sim.Key{Name: "laptop", User: ada.ID})
	c := client(t, s, secret.Value{})
	renewed, ok := s.Regenerate(ada.ID, "laptop")
	if !ok {
		t.Fatal("not regenerated")
	}
	for v, want := range map[*secret.Value]key.Status{&old: key.Inactive, &renewed: key.Active} {
		if verdict, err := c.Verify(t.Context(), *v); err != nil || verdict.Status != want {
			t.Errorf("%+v, %v; want %s", verdict, err, want)
		}
	}
}

func TestWhatIsNoKeyAtAllIsUnknown(t *testing.T) {
	c := client(t, sim.New(sim.Options{}), secret.Value{})
	for _, material := range []string{"a-legacy-key-without-its-prefix", "qbr_short", "qbr-at_access-token-of-somebody"} {
		verdict, err := c.Verify(t.Context(), secret.New([]byte(material)))
		if err != nil || verdict.Status != key.Unknown || verdict.Evidence.Code == "" {
			t.Errorf("%+v, %v", verdict, err)
		}
	}
}

func TestAJobThatWasNotHandedOnCannotBeCancelledYet(t *testing.T) {
	s := sim.New(sim.Options{})
	ada := s.Join(sim.User{Name: "ada"})
	c, ok := client(t, s, s.Create(sim.Key{Name: "laptop", User: ada.ID})).(provider.JobCanceler)
	if !ok {
		t.Fatal("no JobCanceler")
	}
	j := provider.Job{ID: s.Submit(sim.Job{User: ada.ID, Status: "INITIALIZING"}).QRN}
	if err := c.CancelJob(t.Context(), j); !errors.Is(err, provider.ErrNotYet) {
		t.Error(err)
	}
	s.Advance(j.ID, "QUEUED")
	if err := c.CancelJob(t.Context(), j); err != nil {
		t.Error(err)
	}
}
