package ionq

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/qleaks/qleaks/internal/httpx"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/secret"
)

// month is the span over which usage is asked for.
const month = 30 * 24 * time.Hour

// Describe asks whoami, then for the organisation, which only the list of
// sessions names, then for what was spent there.
func (c *client) Describe(ctx context.Context, v secret.Value) (key.Description, error) {
	if err := c.wire.Carries(v); err != nil {
		return key.Description{}, err
	}
	answer, err := c.get(ctx, v, nil, "whoami")
	if err != nil {
		return key.Description{}, err
	}
	known, ok := accepted(answer, v)
	if !ok {
		return key.Description{}, provider.Declined(c.wire.Line(http.MethodGet, "whoami"), "", answer)
	}
	d := key.Description{Key: known}
	organisation, _, err := c.openSessions(ctx, v)
	switch {
	case provider.Ended(ctx) != nil:
		return key.Description{}, err
	case err != nil || organisation == "":
		d.Reach.Untold = append(d.Reach.Untold, untold("organisation", err), "usage: the organisation is not known")
		return d, nil
	}
	d.Reach.Organisation.ID = provider.Told(v, organisation)
	d.Key.Account.ID = d.Reach.Organisation.ID
	if err := c.usage(ctx, v, organisation, &d.Reach); err != nil {
		if provider.Ended(ctx) != nil {
			return key.Description{}, err
		}
		d.Reach.Untold = append(d.Reach.Untold, untold("usage", err))
	}
	return d, nil
}

func untold(what string, err error) string {
	if e, ok := errors.AsType[*provider.CallError](err); ok {
		return what + ": " + e.Kind.Error()
	}
	return what + ": not told"
}

// usage adds what the organisation spent lately.
func (c *client) usage(ctx context.Context, v secret.Value, organisation string, reach *key.Reach) error {
	now := time.Now().UTC()
	since := now.Add(-month).Truncate(24 * time.Hour)
	query := url.Values{
		"start_date": {since.Format(time.DateOnly)}, "end_date": {now.Add(24 * time.Hour).Format(time.DateOnly)},
		"group_by": {"project"}, "modality": {"monthly"},
	}
	var told struct {
		AmountTotal float64 `json:"amount_total"`
		UsageUnit   string  `json:"usage_unit"`
		TimeTotal   float64 `json:"time_us_total"`
		JobCount    int64   `json:"job_count"`
	}
	if err := c.fetch(ctx, v, query, want{&told, []string{"group_type", "modality"}}, "organizations", organisation, "usage"); err != nil {
		return err
	}
	reach.Since, reach.Jobs = since, told.JobCount
	reach.Spent = []key.Amount{{Value: told.AmountTotal, Unit: provider.Told(v, told.UsageUnit)}, {Value: told.TimeTotal / 1e6, Unit: "seconds"}}
	return nil
}

// get asks with a value.
func (c *client) get(ctx context.Context, v secret.Value, query url.Values, path ...string) (httpx.Response, error) {
	answer, err := c.wire.Do(ctx, httpx.Request{Method: http.MethodGet, Path: path, Query: query, Header: bearing(v), Limit: longList, Patience: c.patience})
	if err != nil {
		return answer, provider.Failed(err)
	}
	return answer, nil
}

// want is what a successful answer is read into, and which members it must have:
// an object without them is not an empty list but no answer at all.
type want struct {
	into    any
	members []string
}

// fetch asks with a value and reads a successful answer.
func (c *client) fetch(ctx context.Context, v secret.Value, query url.Values, told want, path ...string) error {
	answer, err := c.get(ctx, v, query, path...)
	if err != nil {
		return err
	}
	return c.decode(answer, told, http.MethodGet, path...)
}

// act changes something with the operator's credential. It is sent once.
func (c *client) act(ctx context.Context, told want, method string, path ...string) error {
	answer, err := c.wire.Do(ctx, httpx.Request{Method: method, Path: path, Header: bearing(c.own)})
	if err != nil {
		return provider.Failed(err)
	}
	return c.decode(answer, told, method, path...)
}

func (c *client) decode(answer httpx.Response, told want, method string, path ...string) error {
	if answer.Status != http.StatusOK {
		return provider.Declined(c.wire.Line(method, path...), "", answer)
	}
	members, err := provider.Object(answer)
	if err != nil || !provider.Has(members, told.members...) || json.Unmarshal(answer.Body, told.into) != nil {
		return c.unexpected(method, path...)
	}
	return nil
}

func (c *client) unexpected(method string, path ...string) error {
	return &provider.CallError{Request: c.wire.Line(method, path...), Status: http.StatusOK, Kind: provider.ErrUnexpected}
}
