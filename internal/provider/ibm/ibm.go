// Package ibm asks IBM Cloud about API keys: whose they are, which there are in
// an account, when they were last used, and what runs on its quantum instances.
// It makes, suspends and revokes them, too.
//
// A key that was found never logs in by itself: the operator's credential asks
// for its record. Only Config.LoginCheck allows more.
package ibm

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"sync"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/secret"
)

// Names of the services.
const (
	serviceIAM       = "iam"
	serviceResources = "resources"
	serviceQuantum   = "quantum"
	serviceFrankfurt = "quantum-eu-de"
)

const (
	// rate is for each service; IBM publishes no numbers.
	rate = 40
	// atOnce is how many requests are under way at the same time, at most.
	atOnce = 16
	// longList is how many bytes a page of a list may have.
	longList = 8 << 20
)

// Kit returns IBM Cloud.
func Kit() provider.Kit {
	return provider.Kit{
		Name:  "ibm",
		Title: "IBM",
		Services: []provider.Service{
			{Name: serviceIAM, Origin: "https://iam.cloud.ibm.com", Rate: rate},
			{Name: serviceResources, Origin: "https://resource-controller.cloud.ibm.com", Rate: rate},
			{Name: serviceQuantum, Origin: "https://quantum.cloud.ibm.com/api/v1", Rate: rate},
			{Name: serviceFrankfurt, Origin: "https://eu-de.quantum.cloud.ibm.com/api/v1", Rate: rate},
		},
		Calls:  calls(),
		Sample: sample,
		New:    open,
	}
}

// calls lists the requests of the client.
func calls() []provider.Call {
	const (
		token   = "/identity/token"
		details = "/v1/apikeys/details"
		one     = "/v1/apikeys/{key}"
	)
	list := []provider.Call{
		{Ability: provider.Verify, Method: http.MethodPost, Service: serviceIAM, Path: token, Carries: provider.Own},
		{Ability: provider.Verify, Method: http.MethodGet, Service: serviceIAM, Path: details, Carries: provider.Both},
		{Ability: provider.Verify, Method: http.MethodPost, Service: serviceIAM, Path: token, Carries: provider.FoundIfAllowed},
		{Ability: provider.Control, Method: http.MethodGet, Service: serviceIAM, Path: details, Carries: provider.Own},
		{Ability: provider.Describe, Method: http.MethodGet, Service: serviceIAM, Path: details, Carries: provider.Both},
		{Ability: provider.Describe, Method: http.MethodGet, Service: serviceIAM, Path: one, Carries: provider.Own},
		{Ability: provider.Describe, Method: http.MethodGet, Service: serviceResources, Path: "/v2/resource_instances", Carries: provider.Own},
		{Ability: provider.List, Method: http.MethodGet, Service: serviceIAM, Path: "/v1/apikeys", Carries: provider.Own},
		{Ability: provider.List, Method: http.MethodGet, Service: serviceIAM, Path: one, Carries: provider.Own},
		{Ability: provider.List, Method: http.MethodPost, Service: serviceIAM, Path: "/v1/activity/accounts/{account}/report", Carries: provider.Own},
		{Ability: provider.List, Method: http.MethodGet, Service: serviceIAM, Path: "/v1/activity/accounts/{account}/report/{report}", Carries: provider.Own},
		{Ability: provider.Find, Method: http.MethodGet, Service: serviceIAM, Path: one, Carries: provider.Own},
		{Ability: provider.Issue, Method: http.MethodPost, Service: serviceIAM, Path: "/v1/apikeys", Carries: provider.Own},
		{Ability: provider.Suspend, Method: http.MethodPost, Service: serviceIAM, Path: one + "/disable", Carries: provider.Own},
		{Ability: provider.Resume, Method: http.MethodDelete, Service: serviceIAM, Path: one + "/disable", Carries: provider.Own},
		{Ability: provider.Lock, Method: http.MethodPost, Service: serviceIAM, Path: one + "/lock", Carries: provider.Own},
		{Ability: provider.Unlock, Method: http.MethodDelete, Service: serviceIAM, Path: one + "/lock", Carries: provider.Own},
		{Ability: provider.Revoke, Method: http.MethodDelete, Service: serviceIAM, Path: one, Carries: provider.Own},
	}
	for _, q := range []string{serviceQuantum, serviceFrankfurt} {
		list = append(list,
			provider.Call{Ability: provider.Describe, Method: http.MethodGet, Service: q, Path: "/instance", Carries: provider.Own},
			provider.Call{Ability: provider.Describe, Method: http.MethodGet, Service: q, Path: "/instances/usage", Carries: provider.Own},
			provider.Call{Ability: provider.ListJobs, Method: http.MethodGet, Service: q, Path: "/jobs", Carries: provider.Own},
			provider.Call{Ability: provider.CancelJobs, Method: http.MethodPost, Service: q, Path: "/jobs/{job}/cancel", Carries: provider.Own},
			provider.Call{Ability: provider.ListSessions, Method: http.MethodGet, Service: q, Path: "/workloads", Carries: provider.Own},
			provider.Call{Ability: provider.EndSessions, Method: http.MethodGet, Service: q, Path: "/sessions/{session}", Carries: provider.Own},
			provider.Call{Ability: provider.EndSessions, Method: http.MethodDelete, Service: q, Path: "/sessions/{session}/close", Carries: provider.Own},
		)
	}
	return list
}

// sample makes up 44 characters as IBM's keys have them.
func sample() secret.Value {
	material := make([]byte, 33)
	_, _ = rand.Read(material) // never fails
	return secret.New([]byte(base64.RawURLEncoding.EncodeToString(material)))
}

type client struct {
	wires    map[string]provider.Wire
	own      secret.Value
	account  string
	login    bool
	patience time.Duration

	turn    chan struct{} // holds one token: who has it may log in
	mu      sync.Mutex
	session session
	self    key.Key // the operator's own key, once it was asked for
}

// session is the operator's login.
type session struct {
	token   secret.Value
	expires time.Time
}

var (
	_ provider.Client        = (*client)(nil)
	_ provider.Controller    = (*client)(nil)
	_ provider.Clock         = (*client)(nil)
	_ provider.Describer     = (*client)(nil)
	_ provider.Lister        = (*client)(nil)
	_ provider.Finder        = (*client)(nil)
	_ provider.Issuer        = (*client)(nil)
	_ provider.Suspender     = (*client)(nil)
	_ provider.Resumer       = (*client)(nil)
	_ provider.Locker        = (*client)(nil)
	_ provider.Unlocker      = (*client)(nil)
	_ provider.Revoker       = (*client)(nil)
	_ provider.JobLister     = (*client)(nil)
	_ provider.JobCanceler   = (*client)(nil)
	_ provider.SessionLister = (*client)(nil)
	_ provider.SessionEnder  = (*client)(nil)
)

func open(c provider.Config) (provider.Client, error) {
	kit := Kit()
	if err := kit.Check(c); err != nil {
		return nil, err
	}
	made := &client{
		wires: map[string]provider.Wire{}, own: c.Credential, account: c.Account, login: c.LoginCheck, patience: c.Waits(),
		turn: make(chan struct{}, 1),
	}
	made.turn <- struct{}{}
	for _, s := range kit.Services {
		wire, err := kit.Wire(c, s.Name)
		if err != nil {
			return nil, err
		}
		made.wires[s.Name] = wire
	}
	return made, nil
}

// Clock implements provider.Clock.
func (c *client) Clock() (time.Duration, bool) { return c.wires[serviceIAM].Ahead() }

// Control implements provider.Controller: no record is shown for a made-up
// value, and one's own is. Where the key in question may log in and there is no
// credential, the same questions are put to the login.
func (c *client) Control(ctx context.Context) (key.Control, error) {
	verdict, err := c.Verify(ctx, sample())
	if err != nil {
		return "", err
	}
	// By the record, not knowing the value is a refusal.
	if verdict.Status == key.Active || verdict.Status == key.Unknown && verdict.Record != key.Hidden {
		return "", provider.NotRefused(verdict)
	}
	return provider.Accepts(ctx, c, c.own)
}
