package ibm

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"strings"

	"github.com/qleaks/qleaks/internal/httpx"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/secret"
)

const (
	// quantumService is the id of the quantum service in IBM's catalogue.
	quantumService = "b6049020-80f4-11eb-a0f7-e35ec9b4054f"
	// version is the day whose interface is spoken.
	version = "2026-04-15"
)

// errRegion is an instance in a region whose host is not known.
var errRegion = errors.New("the instance is in a region that is not known")

// instance is an instance of the quantum service.
type instance struct {
	CRN   string `json:"crn"`
	Name  string `json:"name"`
	Plan  string `json:"resource_plan_id"`
	State string `json:"state"`
}

// region is where an instance is, by its name.
func region(crn string) string {
	if parts := strings.Split(crn, ":"); len(parts) >= 8 && parts[4] == "quantum-computing" {
		return parts[5]
	}
	return ""
}

// wireOf is the way to the service that serves an instance.
func (c *client) wireOf(crn string) (provider.Wire, error) {
	switch region(crn) {
	case "us-east":
		return c.wires[serviceQuantum], nil
	case "eu-de":
		return c.wires[serviceFrankfurt], nil
	}
	return provider.Wire{}, errRegion
}

// request is one question with the operator's token.
type request struct {
	wire     provider.Wire
	instance string
	method   string
	path     []string
	query    url.Values
}

func (r request) line() string { return r.wire.Line(r.method, r.path...) }

// send asks, and returns the answer if it is one of success.
func (c *client) send(ctx context.Context, r request) (httpx.Response, error) {
	bearer, err := c.bearer(ctx, c.patience)
	if err != nil {
		return httpx.Response{}, err
	}
	header := http.Header{"Authorization": {bearer}}
	if r.instance != "" {
		header.Set("Service-Crn", r.instance)
		header.Set("Ibm-Api-Version", version)
	}
	answer, err := r.wire.Do(ctx, httpx.Request{Method: r.method, Path: r.path, Query: r.query, Header: header, Limit: longList, Patience: c.patience})
	if err != nil {
		return answer, provider.Failed(err)
	}
	if answer.Status < 200 || answer.Status > 299 {
		return answer, provider.Declined(r.line(), "", answer)
	}
	return answer, nil
}

// fetch asks for an object that must have some members.
func (c *client) fetch(ctx context.Context, r request, into any, members ...string) error {
	answer, err := c.send(ctx, r)
	if err != nil {
		return err
	}
	object, err := provider.Object(answer)
	if err != nil || answer.Status != http.StatusOK || !provider.Has(object, members...) || json.Unmarshal(answer.Body, into) != nil {
		return &provider.CallError{Request: r.line(), Status: answer.Status, Kind: provider.ErrUnexpected}
	}
	return nil
}

// instances lists the quantum instances that the credential sees.
func (c *client) instances(ctx context.Context) (all []instance, err error) {
	r := request{wire: c.wires[serviceResources], method: http.MethodGet, path: []string{"v2", "resource_instances"}, query: url.Values{"resource_id": {quantumService}, "limit": {"100"}}}
	for turned := map[string]bool{}; ; {
		var page struct {
			Next      *string     `json:"next_url"`
			Resources *[]instance `json:"resources"`
		}
		if err := c.fetch(ctx, r, &page, "resources"); err != nil {
			return nil, err
		}
		if page.Resources == nil {
			return nil, &provider.CallError{Request: r.line(), Status: http.StatusOK, Kind: provider.ErrUnexpected}
		}
		for _, i := range *page.Resources {
			if i.State == "" || i.State == "active" {
				all = append(all, i)
			}
		}
		if page.Next == nil || *page.Next == "" {
			return all, nil
		}
		link, err := url.Parse(*page.Next)
		if err != nil || link.Query().Get("start") == "" || turned[link.Query().Get("start")] {
			return nil, &provider.CallError{Request: r.line(), Status: http.StatusOK, Kind: provider.ErrUnexpected}
		}
		turned[link.Query().Get("start")] = true
		r.query.Set("start", link.Query().Get("start"))
	}
}

// perInstance gives a sequence of every instance in turn; one that fails ends
// it, for then the whole is not known.
func perInstance[T any](ctx context.Context, c *client, each func(ctx context.Context, w provider.Wire, crn string, yield func(T, error) bool) bool) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		if c.own.IsZero() {
			yield(none, provider.ErrNoCredential)
			return
		}
		instances, err := c.instances(ctx)
		if err != nil {
			yield(none, err)
			return
		}
		for _, i := range instances {
			wire, err := c.wireOf(i.CRN)
			if err != nil {
				yield(none, err)
				return
			}
			if !each(ctx, wire, i.CRN, yield) {
				return
			}
		}
	}
}

// Describe asks for the record and the activity of a key, and for the instances
// of its account. Without a credential of the operator the key asks for itself,
// where a login with it is allowed.
func (c *client) Describe(ctx context.Context, v secret.Value) (key.Description, error) {
	if err := c.wires[serviceIAM].Carries(v); err != nil {
		return key.Description{}, err
	}
	asking := c
	if c.own.IsZero() && c.login {
		asking = &client{wires: c.wires, own: v, login: true, patience: c.patience, turn: make(chan struct{}, 1)}
		asking.turn <- struct{}{}
	}
	bearer, err := asking.bearer(ctx, c.patience)
	if err != nil {
		return key.Description{}, err
	}
	known, _, err := asking.record(ctx, bearer, v, c.patience)
	if err != nil {
		return key.Description{}, err
	}
	d := key.Description{Key: known, Reach: key.Reach{Organisation: known.Account}}
	switch full, err := asking.Find(ctx, known.ID); {
	case err == nil:
		d.Key = full
	case provider.Ended(ctx) != nil:
		return key.Description{}, err
	default:
		d.Reach.Untold = append(d.Reach.Untold, "activity: "+reason(err))
	}
	if err := asking.reach(ctx, v, &d.Reach); err != nil {
		return key.Description{}, err
	}
	return d, nil
}

func reason(err error) string {
	if e, ok := errors.AsType[*provider.CallError](err); ok {
		return e.Kind.Error()
	}
	if errors.Is(err, errRegion) {
		return err.Error()
	}
	return "not told"
}

// reach adds the instances of the account; what is not told of them is named.
func (c *client) reach(ctx context.Context, v secret.Value, reach *key.Reach) error {
	instances, err := c.instances(ctx)
	if err != nil {
		reach.Untold = append(reach.Untold, "instances: "+reason(err))
		return provider.Ended(ctx)
	}
	for _, i := range instances {
		known := key.Instance{ID: provider.Told(v, i.CRN), Name: provider.Told(v, i.Name), Region: provider.Told(v, region(i.CRN)), Plan: provider.Told(v, i.Plan)}
		if err := c.allowance(ctx, v, i.CRN, &known); err != nil {
			if ended := provider.Ended(ctx); ended != nil {
				return ended
			}
			reach.Untold = append(reach.Untold, "instance "+known.Name+": "+reason(err))
		}
		reach.Instances = append(reach.Instances, known)
	}
	return nil
}

// allowance asks an instance for its backends and for what is left to use.
func (c *client) allowance(ctx context.Context, v secret.Value, crn string, known *key.Instance) error {
	wire, err := c.wireOf(crn)
	if err != nil {
		return err
	}
	var details struct {
		Backends []string `json:"backends"`
	}
	if err := c.fetch(ctx, request{wire: wire, instance: crn, method: http.MethodGet, path: []string{"instance"}}, &details); err != nil {
		return err
	}
	for _, b := range details.Backends {
		known.Backends = append(known.Backends, provider.Told(v, b))
	}
	var usage struct {
		Consumed   float64  `json:"usage_consumed_seconds"`
		Limit      *float64 `json:"usage_limit_seconds"`
		Allocation *float64 `json:"usage_allocation_seconds"`
	}
	if err := c.fetch(ctx, request{wire: wire, instance: crn, method: http.MethodGet, path: []string{"instances", "usage"}}, &usage, "usage_consumed_seconds"); err != nil {
		return err
	}
	if usage.Limit == nil {
		usage.Limit = usage.Allocation
	}
	if usage.Limit != nil {
		known.Remaining = &key.Amount{Value: max(*usage.Limit-usage.Consumed, 0), Unit: "seconds"}
	}
	return nil
}
