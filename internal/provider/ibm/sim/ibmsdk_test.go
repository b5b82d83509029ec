package sim_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/IBM/go-sdk-core/v5/core"
	"github.com/IBM/platform-services-go-sdk/iamidentityv1"
	"github.com/IBM/platform-services-go-sdk/resourcecontrollerv2"

	"github.com/qleaks/qleaks/internal/provider/ibm/sim"
	"github.com/qleaks/qleaks/internal/secret"
)

// cloud is a simulated account with its servers up, and Ada, who runs it.
type cloud struct {
	*sim.Sim

	ada, robot sim.Identity
	key        sim.Key
	value      secret.Value
	url        string
}

func open(t *testing.T, o sim.Options) cloud {
	t.Helper()
	c := cloud{Sim: sim.New(o)}
	c.ada = c.Join(sim.Identity{Name: "Ada", Email: "ada@example.test", Administrator: true})
	c.robot = c.Service("robot")
	c.key, c.value = c.Create(sim.Key{Name: "ada's", Owner: c.ada.ID})
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

// sdk is IBM's client for the identity service, which logs in by itself.
func (c cloud) sdk(t *testing.T, v secret.Value) *iamidentityv1.IamIdentityV1 {
	t.Helper()
	service, err := iamidentityv1.NewIamIdentityV1(&iamidentityv1.IamIdentityV1Options{URL: c.url + c.IAM.Base(), Authenticator: c.login(v)})
	if err != nil {
		t.Fatal(err)
	}
	return service
}

func (c cloud) login(v secret.Value) core.Authenticator {
	return &core.IamAuthenticator{ApiKey: v.Reveal(), URL: c.url + c.IAM.Base()}
}

// status is the status of an answer that IBM's client takes for a failure.
func status(t *testing.T, answer *core.DetailedResponse, err error) int {
	t.Helper()
	if err == nil {
		t.Fatal("IBM's client saw no failure")
	}
	if answer == nil {
		t.Fatalf("no answer: %v", err)
	}
	return answer.StatusCode
}

// issue makes a key with all that a caller may wish.
func (c cloud) issue(t *testing.T, service *iamidentityv1.IamIdentityV1) *iamidentityv1.APIKey {
	t.Helper()
	made, answer, err := service.CreateAPIKey(&iamidentityv1.CreateAPIKeyOptions{
		Name: new("laptop"), IamID: &c.ada.ID, AccountID: &c.Account, Description: new("of the laboratory"), Apikey: new(strings.Repeat("a value of one's own ", 3)),
		ActionWhenLeaked: new("delete"), ExpiresAt: new("2099-01-02T03:04+0000"), SupportSessions: new(true),
	})
	if err != nil || answer.StatusCode != http.StatusCreated || *made.Apikey != strings.Repeat("a value of one's own ", 3) ||
		*made.ActionWhenLeaked != "delete" || *made.ExpiresAt != "2099-01-02T03:04+0000" || !*made.SupportSessions {
		t.Fatalf("create: %+v, %v", made, err)
	}
	return made
}

// get asks for all that is told of a key.
func (c cloud) get(t *testing.T, service *iamidentityv1.IamIdentityV1, id *string) *iamidentityv1.APIKey {
	t.Helper()
	k, _, err := service.GetAPIKey(&iamidentityv1.GetAPIKeyOptions{ID: id, IncludeActivity: new(true), IncludeHistory: new(true)})
	if err != nil || *k.Apikey != "" || *k.IamID != c.ada.ID || *k.AccountID != c.Account || !strings.HasPrefix(*k.CRN, "crn:v1:") || k.Activity == nil {
		t.Fatalf("get: %+v, %v", k, err)
	}
	return k
}

func TestIBMsGoClientMakesAndReadsAKey(t *testing.T) {
	c := open(t, sim.Options{})
	service := c.sdk(t, c.value)
	made := c.issue(t, service)
	if k := c.get(t, service, made.ID); *k.Locked || *k.Disabled || *k.Activity.AuthnCount != 0 || k.Activity.LastAuthn != nil || time.Since(time.Time(*k.CreatedAt)) > time.Hour {
		t.Errorf("after the making: %+v", k)
	}
	// The key that was made logs in, and asks for the record of the other one.
	details, _, err := c.sdk(t, secret.New([]byte(*made.Apikey))).GetAPIKeysDetails(&iamidentityv1.GetAPIKeysDetailsOptions{IamAPIKey: new(c.value.Reveal())})
	if err != nil || *details.ID != c.key.ID || *details.Name != "ada's" {
		t.Errorf("details: %+v, %v", details, err)
	}
	if k := c.get(t, service, made.ID); *k.Activity.AuthnCount != 1 || k.Activity.LastAuthn == nil {
		t.Errorf("after a login: %+v", k.Activity)
	}
	_, answer, err := service.GetAPIKeysDetails(&iamidentityv1.GetAPIKeysDetailsOptions{IamAPIKey: new(strings.Repeat("made up", 8))})
	if got := status(t, answer, err); got != http.StatusNotFound {
		t.Errorf("details of what was made up: %d", got)
	}
	_, answer, err = service.GetAPIKeysDetails(&iamidentityv1.GetAPIKeysDetailsOptions{})
	if got := status(t, answer, err); got != http.StatusBadRequest {
		t.Errorf("details of nothing: %d", got)
	}
	_, answer, err = service.CreateAPIKey(&iamidentityv1.CreateAPIKeyOptions{Name: new("twin"), IamID: &c.ada.ID, Apikey: made.Apikey})
	if got := status(t, answer, err); got != http.StatusConflict {
		t.Errorf("a value that is taken: %d", got)
	}
}

func TestIBMsGoClientChangesAKeyAndEndsIt(t *testing.T) {
	c := open(t, sim.Options{})
	service := c.sdk(t, c.value)
	id := c.issue(t, service).ID
	must := func(what string, answer *core.DetailedResponse, err error, as func(*iamidentityv1.APIKey) bool) {
		t.Helper()
		if err != nil || answer.StatusCode != http.StatusNoContent {
			t.Errorf("%s: %v", what, err)
		}
		if k := c.get(t, service, id); !as(k) {
			t.Errorf("after %s: %+v", what, k)
		}
	}
	answer, err := service.DisableAPIKey(&iamidentityv1.DisableAPIKeyOptions{ID: id})
	must("disable", answer, err, func(k *iamidentityv1.APIKey) bool { return *k.Disabled })
	answer, err = service.EnableAPIKey(&iamidentityv1.EnableAPIKeyOptions{ID: id})
	must("enable", answer, err, func(k *iamidentityv1.APIKey) bool { return !*k.Disabled })
	answer, err = service.LockAPIKey(&iamidentityv1.LockAPIKeyOptions{ID: id})
	must("lock", answer, err, func(k *iamidentityv1.APIKey) bool { return *k.Locked })
	answer, err = service.DeleteAPIKey(&iamidentityv1.DeleteAPIKeyOptions{ID: id})
	if got := status(t, answer, err); got != http.StatusConflict {
		t.Errorf("delete of what is locked: %d", got)
	}
	answer, err = service.UnlockAPIKey(&iamidentityv1.UnlockAPIKeyOptions{ID: id})
	must("unlock", answer, err, func(k *iamidentityv1.APIKey) bool { return !*k.Locked })

	update := &iamidentityv1.UpdateAPIKeyOptions{ID: id, IfMatch: c.get(t, service, id).EntityTag, Name: new("old laptop")}
	if k, _, err := service.UpdateAPIKey(update); err != nil || *k.Name != "old laptop" || *k.Description != "of the laboratory" {
		t.Errorf("update: %+v, %v", k, err)
	}
	_, answer, err = service.UpdateAPIKey(update)
	if got := status(t, answer, err); got != http.StatusConflict {
		t.Errorf("update of what has changed since: %d", got)
	}
	actions := []string{}
	for _, h := range c.get(t, service, id).History {
		actions = append(actions, *h.Action)
	}
	if !slices.Equal(actions, []string{"created", "disabled", "enabled", "locked", "unlocked", "updated"}) {
		t.Errorf("history: %q", actions)
	}
	if answer, err := service.DeleteAPIKey(&iamidentityv1.DeleteAPIKeyOptions{ID: id}); err != nil || answer.StatusCode != http.StatusNoContent {
		t.Errorf("delete: %v", err)
	}
	_, answer, err = service.GetAPIKey(&iamidentityv1.GetAPIKeyOptions{ID: id})
	if got := status(t, answer, err); got != http.StatusNotFound || err.Error() != "Unable to find object" {
		t.Errorf("what is gone: %d %q", got, err)
	}
}

func TestIBMsGoClientTurnsThePages(t *testing.T) {
	c := open(t, sim.Options{KeysPerIdentity: 100})
	for i := range 45 {
		owner := c.ada
		if i%3 == 0 {
			owner = c.robot
		}
		c.Create(sim.Key{Name: string(rune('z' - i%26)), Owner: owner.ID})
	}
	service := c.sdk(t, c.value)
	read := func(o iamidentityv1.ListAPIKeysOptions) (names []string) {
		t.Helper()
		seen := map[string]bool{}
		for o.AccountID = &c.Account; ; {
			list, _, err := service.ListAPIKeys(&o)
			if err != nil {
				t.Fatal(err)
			}
			for _, k := range list.Apikeys {
				if names = append(names, *k.Name); seen[*k.ID] || k.Activity != nil {
					t.Errorf("%s comes twice, or with its activity", *k.ID)
				}
				seen[*k.ID] = true
			}
			if (list.Previous != nil) != (*list.Offset > 0) || list.First == nil {
				t.Errorf("links of page %d: %+v", *list.Offset, list)
			}
			if list.Next == nil {
				return names
			}
			if o.Pagetoken, err = core.GetQueryParam(list.Next, "pagetoken"); err != nil || o.Pagetoken == nil {
				t.Fatalf("next is %q, %v", *list.Next, err)
			}
		}
	}
	for _, l := range []struct {
		name string
		ask  iamidentityv1.ListAPIKeysOptions
		want int
	}{
		{"one's own", iamidentityv1.ListAPIKeysOptions{}, 31},
		{"one's own, by id, ten a page", iamidentityv1.ListAPIKeysOptions{IamID: &c.ada.ID, Pagesize: new(int64(10))}, 31},
		{"a service ID's", iamidentityv1.ListAPIKeysOptions{IamID: &c.robot.ID, Pagesize: new(int64(4))}, 15},
		{"everybody's", iamidentityv1.ListAPIKeysOptions{Scope: new("account"), Pagesize: new(int64(7))}, 46},
		{"all users'", iamidentityv1.ListAPIKeysOptions{Scope: new("account"), Type: new("user")}, 31},
		{"all service IDs'", iamidentityv1.ListAPIKeysOptions{Scope: new("account"), Type: new("serviceid")}, 15},
	} {
		if got := read(l.ask); len(got) != l.want {
			t.Errorf("%s: %d keys, want %d", l.name, len(got), l.want)
		}
	}
	if names := read(iamidentityv1.ListAPIKeysOptions{Sort: new("name")}); !slices.IsSorted(names) {
		t.Errorf("sorted by name: %q", names)
	}
	names := read(iamidentityv1.ListAPIKeysOptions{Sort: new("name"), Order: new("desc"), Pagesize: new(int64(6))})
	if slices.Reverse(names); !slices.IsSorted(names) {
		t.Errorf("sorted by name, backwards: %q", names)
	}
	_, answer, err := service.ListAPIKeys(&iamidentityv1.ListAPIKeysOptions{Pagesize: new(int64(101))})
	if got := status(t, answer, err); got != http.StatusBadRequest {
		t.Errorf("101 a page: %d", got)
	}
}

func TestIBMsGoClientReadsTheReport(t *testing.T) {
	c := open(t, sim.Options{})
	idle, _ := c.Create(sim.Key{Name: "idle", Owner: c.robot.ID})
	long := time.Now().Add(-200 * 24 * time.Hour)
	c.Age(idle.ID, long, long.Add(time.Hour), 3)
	service := c.sdk(t, c.value)
	made, _, err := service.CreateReport(&iamidentityv1.CreateReportOptions{AccountID: &c.Account, Type: new("inactive"), Duration: new("2160")})
	if err != nil {
		t.Fatal(err)
	}
	for _, reference := range []*string{made.Reference, new("latest")} {
		report, answer, err := service.GetReport(&iamidentityv1.GetReportOptions{AccountID: &c.Account, Reference: reference})
		if reference == made.Reference {
			if err != nil || answer.StatusCode != http.StatusNoContent {
				t.Errorf("a report that is being made: %v", err)
			}
			continue
		}
		if err != nil || *report.Reference != *made.Reference || *report.ReportDuration != "2160" || *report.CreatedBy != c.ada.ID || len(report.Users) != 0 {
			t.Fatalf("%+v, %v", report, err)
		}
		if got := report.Apikeys; len(got) != 1 || *got[0].ID != idle.ID || *got[0].Type != "serviceid" || *got[0].Serviceid.ID != c.robot.ID || got[0].LastAuthn == nil {
			t.Errorf("keys: %+v", got)
		}
		if got := report.Serviceids; len(got) != 1 || *got[0].Name != "robot" {
			t.Errorf("service IDs: %+v", got)
		}
	}
	_, answer, err := service.GetReport(&iamidentityv1.GetReportOptions{AccountID: &c.Account, Reference: new("nonsense")})
	if got := status(t, answer, err); got != http.StatusNotFound {
		t.Errorf("a report that nobody asked for: %d", got)
	}
}

func TestIBMsGoClientFindsTheInstances(t *testing.T) {
	c := open(t, sim.Options{})
	for range 23 {
		c.Provide(sim.Instance{Name: "n", Plan: "open"})
	}
	wanted := c.Provide(sim.Instance{Name: "ours", Plan: "premium", Region: "eu-de"})
	c.Provide(sim.Instance{Name: "ended", State: "removed"})
	service, err := resourcecontrollerv2.NewResourceControllerV2(&resourcecontrollerv2.ResourceControllerV2Options{URL: c.url + c.Resources.Base(), Authenticator: c.login(c.value)})
	if err != nil {
		t.Fatal(err)
	}
	pager, err := service.NewResourceInstancesPager(&resourcecontrollerv2.ListResourceInstancesOptions{ResourceID: new("b6049020-80f4-11eb-a0f7-e35ec9b4054f"), Limit: new(int64(10))})
	if err != nil {
		t.Fatal(err)
	}
	all, err := pager.GetAll()
	if err != nil || len(all) != 24 {
		t.Errorf("%d instances, %v", len(all), err)
	}
	named, _, err := service.ListResourceInstances(&resourcecontrollerv2.ListResourceInstancesOptions{Name: new("ours")})
	if err != nil || *named.RowsCount != 1 || *named.Resources[0].CRN != wanted.CRN {
		t.Errorf("by name: %+v, %v", named, err)
	}
	if one, _, err := service.GetResourceInstance(&resourcecontrollerv2.GetResourceInstanceOptions{ID: &wanted.GUID}); err != nil || *one.RegionID != "eu-de" || *one.ResourcePlanID != "premium" {
		t.Errorf("by id: %+v, %v", one, err)
	}
	_, answer, err := service.GetResourceInstance(&resourcecontrollerv2.GetResourceInstanceOptions{ID: new("nonsense")})
	if got := status(t, answer, err); got != http.StatusNotFound {
		t.Errorf("what is not there: %d", got)
	}
}
