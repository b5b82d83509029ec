package qbraid

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/qleaks/qleaks/internal/httpx"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/secret"
)

// page is how many jobs a page has: the most that is allowed.
const page = 100

// Describe asks whose key it is, and what may be spent with it.
func (c *client) Describe(ctx context.Context, v secret.Value) (key.Description, error) {
	if err := c.wire.Carries(v); err != nil {
		return key.Description{}, err
	}
	answer, err := c.get(ctx, v, nil, "users", "verify")
	if err != nil {
		return key.Description{}, err
	}
	known, ok := accepted(answer, v)
	if !ok {
		return key.Description{}, provider.Declined(c.wire.Line(http.MethodGet, "users", "verify"), code(answer), answer)
	}
	d := key.Description{Key: known, Reach: key.Reach{Organisation: known.Account}}
	var balance struct {
		QBraid *float64 `json:"qbraidCredits"`
		AWS    *float64 `json:"awsCredits"`
	}
	if err := c.fetch(ctx, v, &balance, "billing", "credits", "balance"); err != nil {
		if provider.Ended(ctx) != nil {
			return key.Description{}, err
		}
		d.Reach.Untold = append(d.Reach.Untold, "balance: "+reason(err))
		return d, nil
	}
	if balance.QBraid != nil {
		d.Reach.Balances = append(d.Reach.Balances, key.Amount{Value: *balance.QBraid, Unit: "credits"})
	}
	if balance.AWS != nil {
		d.Reach.Balances = append(d.Reach.Balances, key.Amount{Value: *balance.AWS, Unit: "AWS credits"})
	}
	return d, nil
}

func reason(err error) string {
	if e, ok := errors.AsType[*provider.CallError](err); ok {
		return e.Kind.Error()
	}
	return "not told"
}

func (c *client) get(ctx context.Context, v secret.Value, query url.Values, path ...string) (httpx.Response, error) {
	answer, err := c.wire.Do(ctx, httpx.Request{Method: http.MethodGet, Path: path, Query: query, Header: bearing(v), Limit: longList, Patience: c.patience})
	if err != nil {
		return answer, provider.Failed(err)
	}
	return answer, nil
}

// fetch asks with a value and reads the data of a successful answer.
func (c *client) fetch(ctx context.Context, v secret.Value, into any, path ...string) error {
	answer, err := c.get(ctx, v, nil, path...)
	if err != nil {
		return err
	}
	if answer.Status != http.StatusOK {
		return provider.Declined(c.wire.Line(http.MethodGet, path...), code(answer), answer)
	}
	if payload(answer, into) != nil {
		return c.unexpected(answer.Status, http.MethodGet, path...)
	}
	return nil
}

func (c *client) unexpected(status int, method string, path ...string) error {
	return &provider.CallError{Request: c.wire.Line(method, path...), Status: status, Kind: provider.ErrUnexpected}
}

// job is what qBraid tells of a job, as far as it matters here.
type job struct {
	QRN       string   `json:"jobQrn"`
	Name      string   `json:"name"`
	Status    string   `json:"status"`
	Device    string   `json:"deviceQrn"`
	User      string   `json:"organizationUserId"`
	Shots     int64    `json:"shots"`
	Cost      *float64 `json:"cost"`
	Estimated *float64 `json:"estimatedCost"`
	Times     struct {
		Created  time.Time  `json:"createdAt"`
		Ended    *time.Time `json:"endedAt"`
		Duration float64    `json:"executionDuration"` // in milliseconds
	} `json:"timeStamps"`
}

// over are the statuses of jobs that need no cancelling.
func over() []string { return []string{"CANCELLING", "CANCELLED", "COMPLETED", "FAILED"} }

func (j job) told(own secret.Value) provider.Job {
	text := func(s string) string { return provider.Told(own, s) }
	known := provider.Job{
		ID: text(j.QRN), Name: text(j.Name), Status: text(j.Status), Pending: !slices.Contains(over(), j.Status),
		Backend: text(j.Device), Owner: text(j.User), Shots: j.Shots,
		Times: provider.JobTimes{Submitted: j.Times.Created, Ran: time.Duration(j.Times.Duration * float64(time.Millisecond))},
	}
	if j.Times.Ended != nil {
		known.Times.Ended = *j.Times.Ended
	}
	if cost := j.Cost; cost != nil {
		known.Cost = key.Amount{Value: *cost, Unit: "credits"}
	} else if j.Estimated != nil {
		known.Cost = key.Amount{Value: *j.Estimated, Unit: "credits, estimated"}
	}
	return known
}

// Jobs lists the jobs of the credential's user. Pages are numbered: a job that
// comes in meanwhile moves others on, which are then seen twice and told once.
func (c *client) Jobs(ctx context.Context, w provider.Window) iter.Seq2[provider.Job, error] {
	return func(yield func(provider.Job, error) bool) {
		if c.own.IsZero() {
			yield(provider.Job{}, provider.ErrNoCredential)
			return
		}
		seen := map[string]bool{}
		for number := 1; ; number++ {
			jobs, more, err := c.jobsOf(ctx, number, w.Pending)
			if err != nil {
				yield(provider.Job{}, err)
				return
			}
			for _, j := range jobs {
				known := j.told(c.own)
				if seen[known.ID] || !w.Holds(known.Times.Submitted) || w.Pending && !known.Pending {
					continue
				}
				seen[known.ID] = true
				if !yield(known, nil) {
					return
				}
			}
			if !more {
				return
			}
		}
	}
}

// jobsOf reads one page.
func (c *client) jobsOf(ctx context.Context, number int, pending bool) (jobs []job, more bool, err error) {
	query := url.Values{"page": {strconv.Itoa(number)}, "limit": {strconv.Itoa(page)}, "statusGroup": {"all"}}
	if pending {
		query.Set("statusGroup", "pending")
	}
	answer, err := c.get(ctx, c.own, query, "jobs")
	if err != nil {
		return nil, false, err
	}
	if answer.Status != http.StatusOK {
		return nil, false, provider.Declined(c.wire.Line(http.MethodGet, "jobs"), code(answer), answer)
	}
	members, err := provider.Object(answer)
	if err != nil || payload(answer, &jobs) != nil {
		return nil, false, c.unexpected(answer.Status, http.MethodGet, "jobs")
	}
	var pages struct {
		Page    *int  `json:"page"`
		HasNext *bool `json:"hasNext"`
	}
	// A page that has more behind it but is empty would go on for ever.
	if json.Unmarshal(members["pagination"], &pages) != nil || pages.Page == nil || pages.HasNext == nil || *pages.Page != number || *pages.HasNext && len(jobs) == 0 {
		return nil, false, c.unexpected(answer.Status, http.MethodGet, "jobs")
	}
	return jobs, *pages.HasNext, nil
}

// CancelJob cancels. A conflict is a job that is over, or one that has not been
// handed on yet.
func (c *client) CancelJob(ctx context.Context, j provider.Job) error {
	if c.own.IsZero() {
		return provider.ErrNoCredential
	}
	path := []string{"jobs", j.ID, "cancel"}
	answer, err := c.wire.Do(ctx, httpx.Request{Method: http.MethodPost, Path: path, Header: bearing(c.own)})
	switch {
	case err != nil:
		return provider.Failed(err)
	case answer.Status == http.StatusConflict:
		var now job
		if err := c.fetch(ctx, c.own, &now, "jobs", j.ID); err != nil {
			return err
		}
		if slices.Contains(over(), now.Status) {
			return provider.ErrOver
		}
		return provider.ErrNotYet
	case answer.Status != http.StatusAccepted:
		return provider.Declined(c.wire.Line(http.MethodPost, path...), code(answer), answer)
	}
	var done struct {
		QRN    string `json:"jobQrn"`
		Status string `json:"status"`
	}
	if payload(answer, &done) != nil || done.QRN != j.ID {
		return c.unexpected(answer.Status, http.MethodPost, path...)
	}
	return nil
}
