// Package qbraid asks qBraid about keys: whose they are, what they may spend,
// and which jobs wait. Keys are listed, made and revoked in its console only.
package qbraid

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/httpx"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/secret"
)

const (
	service = "api"
	// rate keeps below the documented limit of 1,000 requests in 15 minutes; a
	// key that is refused may count against that of 100 without one.
	rate = 1
	// longList is how many bytes a page of a list may have.
	longList = 8 << 20

	keyPrefix   = "qbr_"
	tokenPrefix = "qbr-at_"
)

// The codes of 401. Only the second one is about a key that could exist.
const (
	codeFormat  = "INVALID_API_KEY_FORMAT"
	codeKey     = "INVALID_API_KEY"
	codeNothing = "NO_VALID_AUTHENTICATION"
)

// Kit returns qBraid.
func Kit() provider.Kit {
	return provider.Kit{
		Name:  "qbraid",
		Title: "qBraid",
		Services: []provider.Service{
			{Name: service, Origin: "https://api-v2.qbraid.com/api/v1", Rate: rate},
		},
		Calls: []provider.Call{
			{Ability: provider.Verify, Method: http.MethodGet, Service: service, Path: "/users/verify", Carries: provider.Found},
			{Ability: provider.Control, Method: http.MethodGet, Service: service, Path: "/users/verify", Carries: provider.Own},
			{Ability: provider.Describe, Method: http.MethodGet, Service: service, Path: "/users/verify", Carries: provider.Found},
			{Ability: provider.Describe, Method: http.MethodGet, Service: service, Path: "/billing/credits/balance", Carries: provider.Found},
			{Ability: provider.ListJobs, Method: http.MethodGet, Service: service, Path: "/jobs", Carries: provider.Own},
			{Ability: provider.CancelJobs, Method: http.MethodPost, Service: service, Path: "/jobs/{job}/cancel", Carries: provider.Own},
			{Ability: provider.CancelJobs, Method: http.MethodGet, Service: service, Path: "/jobs/{job}", Carries: provider.Own},
		},
		Sample: sample,
		New:    open,
	}
}

// sample makes up a key of the present form; its true length is not published.
func sample() secret.Value { return secret.New([]byte(keyPrefix + rand.Text() + rand.Text())) }

type client struct {
	wire     provider.Wire
	own      secret.Value
	patience time.Duration
}

var (
	_ provider.Client      = (*client)(nil)
	_ provider.Controller  = (*client)(nil)
	_ provider.Clock       = (*client)(nil)
	_ provider.Describer   = (*client)(nil)
	_ provider.JobLister   = (*client)(nil)
	_ provider.JobCanceler = (*client)(nil)
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

// bearing is the header that carries a value: access tokens have their own.
func bearing(v secret.Value) http.Header {
	material := v.Reveal()
	if strings.HasPrefix(material, tokenPrefix) {
		return http.Header{"Authorization": {"Bearer " + material}}
	}
	return http.Header{"X-Api-Key": {material}}
}

// Verify asks who the key's user is.
func (c *client) Verify(ctx context.Context, v secret.Value) (key.Verdict, error) {
	evidence := key.Evidence{Request: c.wire.Line(http.MethodGet, "users", "verify"), Asked: time.Now().UTC()}
	if err := c.wire.Carries(v); err != nil {
		return key.Doubt(err.Error(), evidence), err
	}
	answer, err := c.wire.Do(ctx, httpx.Request{Method: http.MethodGet, Path: []string{"users", "verify"}, Header: bearing(v)})
	if err != nil {
		return provider.Doubt(err, evidence), provider.Ended(ctx)
	}
	evidence.HTTPStatus, evidence.Code = answer.Status, code(answer)
	if k, ok := accepted(answer, v); ok {
		return key.Verdict{Status: key.Active, Reason: "the provider accepts the key", Evidence: evidence, Key: k}, nil
	}
	if answer.Status == http.StatusUnauthorized {
		switch evidence.Code {
		case codeKey:
			return key.Verdict{Status: key.Inactive, Reason: "the provider refuses the key", Evidence: evidence}, nil
		case codeFormat:
			return key.Doubt("the provider says that its keys do not look like this one, which may be a key of old or a part of one", evidence), nil
		case codeNothing:
			return key.Doubt("the provider did not take the value for a key", evidence), nil
		}
	}
	return provider.Shrug(answer, evidence), nil
}

// code reads which of the known codes an envelope of failure holds; any other
// is not repeated.
func code(answer httpx.Response) string {
	members, err := provider.Object(answer)
	if err != nil || !provider.Has(members, "success", "message", "error") {
		return ""
	}
	if success, ok := provider.Flag(members, "success"); !ok || success {
		return ""
	}
	if _, ok := provider.Text(members, "message"); !ok {
		return ""
	}
	failure, err := provider.Members(members["error"])
	if err != nil {
		return ""
	}
	told, _ := provider.Text(failure, "code")
	if slices.Contains([]string{codeFormat, codeKey, codeNothing, "NOT_FOUND", "JOB_CANCEL_CONFLICT"}, told) {
		return told
	}
	return ""
}

// user is whom a key belongs to.
type user struct {
	ID           string   `json:"userId"`
	Name         string   `json:"userName"`
	Email        string   `json:"userEmail"`
	Roles        []string `json:"userRoles"`
	Permissions  []string `json:"userPermissions"`
	Organization string   `json:"organizationId"`
}

// accepted reads what is told of the user of a key that works.
func accepted(answer httpx.Response, v secret.Value) (key.Key, bool) {
	var data json.RawMessage
	if answer.Status != http.StatusOK || payload(answer, &data) != nil {
		return key.Key{}, false
	}
	var u user
	members, err := provider.Members(data)
	valid, _ := provider.Flag(members, "valid")
	id, _ := provider.Text(members, "userId")
	if err != nil || !valid || id == "" || json.Unmarshal(data, &u) != nil || u.ID != id {
		return key.Key{}, false
	}
	text := func(s string) string { return provider.Told(v, s) }
	k := key.Key{
		Provider: "qbraid",
		Owner:    key.Party{ID: text(u.ID), Name: text(u.Name), Email: text(u.Email)},
		Account:  key.Party{ID: text(u.Organization)},
	}
	for _, role := range append(u.Roles, u.Permissions...) {
		k.Roles = append(k.Roles, text(role))
	}
	slices.Sort(k.Roles)
	return k, true
}

// payload reads the data of an envelope of success; some have more members.
func payload(answer httpx.Response, into any) error {
	members, err := provider.Object(answer)
	if err != nil {
		return err
	}
	success, ok := provider.Flag(members, "success")
	data := members["data"]
	if !ok || !success || len(data) == 0 || string(data) == "null" || json.Unmarshal(data, into) != nil {
		return provider.ErrUnexpected
	}
	return nil
}

// Control implements provider.Controller. The made-up value may be refused for
// its form, since nobody knows the true one.
func (c *client) Control(ctx context.Context) (key.Control, error) {
	verdict, err := c.Verify(ctx, sample())
	if err != nil {
		return "", err
	}
	if e := verdict.Evidence; e.HTTPStatus != http.StatusUnauthorized || e.Code != codeKey && e.Code != codeFormat {
		return "", provider.NotRefused(verdict)
	}
	return provider.Accepts(ctx, c, c.own)
}
