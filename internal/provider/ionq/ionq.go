// Package ionq asks IonQ about keys: whose they are, and what runs in their
// project. IonQ has no call that lists, makes or revokes keys; its console does.
package ionq

import (
	"context"
	"crypto/rand"
	"net/http"
	"time"

	"github.com/qleaks/qleaks/internal/httpx"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/secret"
)

const (
	service = "api"
	// rate is what nobody takes for an attack; IonQ publishes no limit.
	rate = 5
	// longList is how many bytes a page of a list may have.
	longList = 8 << 20
)

// Kit returns IonQ.
func Kit() provider.Kit {
	return provider.Kit{
		Name:  "ionq",
		Title: "IonQ",
		Services: []provider.Service{
			// Version 0.3 documents 401 and 403 the other way round.
			{Name: service, Origin: "https://api.ionq.co/v0.4", Rate: rate},
		},
		Calls: []provider.Call{
			{Ability: provider.Verify, Method: http.MethodGet, Service: service, Path: "/whoami", Carries: provider.Found},
			{Ability: provider.Control, Method: http.MethodGet, Service: service, Path: "/whoami", Carries: provider.Own},
			{Ability: provider.Describe, Method: http.MethodGet, Service: service, Path: "/whoami", Carries: provider.Found},
			{Ability: provider.Describe, Method: http.MethodGet, Service: service, Path: "/sessions", Carries: provider.Found},
			{Ability: provider.Describe, Method: http.MethodGet, Service: service, Path: "/organizations/{organization}/usage", Carries: provider.Found},
			{Ability: provider.ListJobs, Method: http.MethodGet, Service: service, Path: "/jobs", Carries: provider.Own},
			{Ability: provider.CancelJobs, Method: http.MethodGet, Service: service, Path: "/jobs/{job}", Carries: provider.Own},
			{Ability: provider.CancelJobs, Method: http.MethodPut, Service: service, Path: "/jobs/{job}/status/cancel", Carries: provider.Own},
			{Ability: provider.TellCosts, Method: http.MethodGet, Service: service, Path: "/jobs/{job}/cost", Carries: provider.Own},
			{Ability: provider.ListSessions, Method: http.MethodGet, Service: service, Path: "/sessions", Carries: provider.Own},
			{Ability: provider.EndSessions, Method: http.MethodGet, Service: service, Path: "/sessions/{session}", Carries: provider.Own},
			{Ability: provider.EndSessions, Method: http.MethodPost, Service: service, Path: "/sessions/{session}/end", Carries: provider.Own},
		},
		Sample: sample,
		New:    open,
	}
}

// sample makes up 32 letters and digits.
func sample() secret.Value {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	material := make([]byte, 0, 32)
	for len(material) < cap(material) {
		var b [1]byte
		_, _ = rand.Read(b[:]) // never fails
		if i := int(b[0]) & 63; i < len(alphabet) {
			material = append(material, alphabet[i])
		}
	}
	return secret.New(material)
}

type client struct {
	wire     provider.Wire
	own      secret.Value
	patience time.Duration
}

var (
	_ provider.Client        = (*client)(nil)
	_ provider.Controller    = (*client)(nil)
	_ provider.Clock         = (*client)(nil)
	_ provider.Describer     = (*client)(nil)
	_ provider.JobLister     = (*client)(nil)
	_ provider.JobCanceler   = (*client)(nil)
	_ provider.Coster        = (*client)(nil)
	_ provider.SessionLister = (*client)(nil)
	_ provider.SessionEnder  = (*client)(nil)
)

// Clock implements provider.Clock.
func (c *client) Clock() (time.Duration, bool) { return c.wire.Ahead() }

func open(c provider.Config) (provider.Client, error) {
	if err := Kit().Check(c); err != nil {
		return nil, err
	}
	wire, err := Kit().Wire(c, service)
	if err != nil {
		return nil, err
	}
	return &client{wire: wire, own: c.Credential, patience: c.Waits()}, nil
}

// bearing is the header that carries a value. The word is literally apiKey.
func bearing(v secret.Value) http.Header {
	return http.Header{"Authorization": {"apiKey " + v.Reveal()}}
}

// Verify asks whoami. 401 with IonQ's own envelope is a key that does not work,
// whether it was revoked or never existed; 403 is a key that works and may not
// ask, which is not said here as long as no more is known of it.
func (c *client) Verify(ctx context.Context, v secret.Value) (key.Verdict, error) {
	evidence := key.Evidence{Request: c.wire.Line(http.MethodGet, "whoami"), Asked: time.Now().UTC()}
	if err := c.wire.Carries(v); err != nil {
		return key.Doubt(err.Error(), evidence), err
	}
	answer, err := c.wire.Do(ctx, httpx.Request{Method: http.MethodGet, Path: []string{"whoami"}, Header: bearing(v)})
	if err != nil {
		return provider.Doubt(err, evidence), provider.Ended(ctx)
	}
	evidence.HTTPStatus = answer.Status
	if k, ok := accepted(answer, v); ok {
		return key.Verdict{Status: key.Active, Reason: "the provider accepts the key", Evidence: evidence, Key: k}, nil
	}
	if refused(answer) {
		return key.Verdict{Status: key.Inactive, Reason: "the provider refuses the key", Evidence: evidence}, nil
	}
	return provider.Shrug(answer, evidence), nil
}

// accepted reads what whoami tells of a key that works.
func accepted(answer httpx.Response, v secret.Value) (key.Key, bool) {
	members, err := provider.Object(answer)
	if err != nil || answer.Status != http.StatusOK {
		return key.Key{}, false
	}
	id, hasID := provider.Text(members, "key_id")
	name, hasName := provider.Text(members, "key_name")
	project, _ := provider.Text(members, "project_id")
	if !hasID || !hasName || id == "" {
		return key.Key{}, false
	}
	return key.Key{Provider: "ionq", ID: provider.Told(v, id), Name: provider.Told(v, name), Project: key.Party{ID: provider.Told(v, project)}}, true
}

// refused reports whether an answer is IonQ's documented one for a key that
// does not work: the status, and an object of three members that says the same.
func refused(answer httpx.Response) bool {
	members, err := provider.Object(answer)
	if err != nil || answer.Status != http.StatusUnauthorized || !provider.Only(members, "error", "message", "statusCode") {
		return false
	}
	kind, hasKind := provider.Text(members, "error")
	_, hasMessage := provider.Text(members, "message")
	status, hasStatus := provider.Number(members, "statusCode")
	return hasKind && hasMessage && hasStatus && kind != "" && status == http.StatusUnauthorized
}

// Control implements provider.Controller.
func (c *client) Control(ctx context.Context) (key.Control, error) {
	return provider.Controlled(ctx, c, sample(), c.own)
}
