package ibm

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
)

const (
	jobsPage      = 200
	workloadsPage = 50
)

// job is what IBM tells of a job, as far as it matters here.
type job struct {
	ID      string `json:"id"`
	Backend string `json:"backend"`
	State   struct {
		Status string `json:"status"`
	} `json:"state"`
	Created time.Time `json:"created"`
	Session string    `json:"session_id"`
	User    string    `json:"user_id"`
	Usage   struct {
		Seconds float64 `json:"seconds"`
	} `json:"usage"`
}

func (c *client) toldJob(j job, crn string) provider.Job {
	text := func(s string) string { return provider.Told(c.own, s) }
	known := provider.Job{
		ID: text(j.ID), Status: text(j.State.Status), Pending: j.State.Status == "Queued" || j.State.Status == "Running",
		Backend: text(j.Backend), Owner: text(j.User), Session: text(j.Session), Instance: crn,
		Times: provider.JobTimes{Submitted: j.Created, Ran: time.Duration(j.Usage.Seconds * float64(time.Second))},
	}
	if j.Usage.Seconds > 0 {
		known.Cost = key.Amount{Value: j.Usage.Seconds, Unit: "seconds"}
	}
	return known
}

// Jobs lists the operator's jobs on every instance. A job that comes in
// meanwhile moves others on to the next page, where they are passed over.
func (c *client) Jobs(ctx context.Context, w provider.Window) iter.Seq2[provider.Job, error] {
	return perInstance(ctx, c, func(ctx context.Context, wire provider.Wire, crn string, yield func(provider.Job, error) bool) bool {
		query := url.Values{"limit": {strconv.Itoa(jobsPage)}, "exclude_params": {"true"}}
		if w.Pending {
			query.Set("pending", "true")
		}
		if !w.From.IsZero() {
			query.Set("created_after", w.From.UTC().Format(time.RFC3339))
		}
		if !w.To.IsZero() {
			query.Set("created_before", w.To.UTC().Format(time.RFC3339))
		}
		seen := map[string]bool{}
		for offset := 0; ; {
			query.Set("offset", strconv.Itoa(offset))
			var page struct {
				Jobs  *[]job `json:"jobs"`
				Count int    `json:"count"`
			}
			r := request{wire: wire, instance: crn, method: http.MethodGet, path: []string{"jobs"}, query: query}
			err := c.fetch(ctx, r, &page, "jobs", "count")
			if err == nil && (page.Jobs == nil || len(*page.Jobs) == 0 && offset < page.Count) {
				err = &provider.CallError{Request: r.line(), Status: http.StatusOK, Kind: provider.ErrUnexpected}
			}
			if err != nil {
				yield(provider.Job{}, err)
				return false
			}
			for _, j := range *page.Jobs {
				known := c.toldJob(j, crn)
				if seen[known.ID] || !w.Holds(known.Times.Submitted) {
					continue
				}
				seen[known.ID] = true
				if !yield(known, nil) {
					return false
				}
			}
			if offset += len(*page.Jobs); offset >= page.Count {
				return true
			}
		}
	})
}

// CancelJob implements provider.JobCanceler.
func (c *client) CancelJob(ctx context.Context, j provider.Job) error {
	if c.own.IsZero() {
		return provider.ErrNoCredential
	}
	wire, err := c.wireOf(j.Instance)
	if err != nil {
		return err
	}
	answer, err := c.send(ctx, request{wire: wire, instance: j.Instance, method: http.MethodPost, path: []string{"jobs", j.ID, "cancel"}})
	if answer.Status == http.StatusConflict {
		return provider.ErrOver
	}
	return err
}

// workload is a session or a batch.
type workload struct {
	ID      string    `json:"id"`
	Created time.Time `json:"created"`
	Backend string    `json:"backend"`
	User    string    `json:"user_id"`
}

// Sessions lists open sessions and batches on every instance.
func (c *client) Sessions(ctx context.Context) iter.Seq2[provider.Session, error] {
	return perInstance(ctx, c, func(ctx context.Context, wire provider.Wire, crn string, yield func(provider.Session, error) bool) bool {
		for _, mode := range []string{"session", "batch"} {
			if !c.workloads(ctx, wire, crn, mode, yield) {
				return false
			}
		}
		return true
	})
}

func (c *client) workloads(ctx context.Context, wire provider.Wire, crn, mode string, yield func(provider.Session, error) bool) bool {
	query := url.Values{"mode": {mode}, "status": {"pending", "in_progress"}, "limit": {strconv.Itoa(workloadsPage)}}
	r := request{wire: wire, instance: crn, method: http.MethodGet, path: []string{"workloads"}, query: query}
	for turned := map[string]bool{}; ; {
		var page struct {
			Workloads *[]workload `json:"workloads"`
			Next      struct {
				Href string `json:"href"`
			} `json:"next"`
		}
		err := c.fetch(ctx, r, &page, "workloads", "total_count")
		link, badLink := url.Parse(page.Next.Href)
		next := ""
		if badLink == nil {
			next = link.Query().Get("next")
		}
		if err == nil && (page.Workloads == nil || page.Next.Href != "" && (next == "" || turned[next])) {
			err = &provider.CallError{Request: r.line(), Status: http.StatusOK, Kind: provider.ErrUnexpected}
		}
		if err != nil {
			yield(provider.Session{}, err)
			return false
		}
		for _, x := range *page.Workloads {
			text := func(s string) string { return provider.Told(c.own, s) }
			if !yield(provider.Session{ID: text(x.ID), Backend: text(x.Backend), Owner: text(x.User), Instance: crn, Begun: x.Created}, nil) {
				return false
			}
		}
		if next == "" {
			return true
		}
		turned[next] = true
		r.query.Set("next", next)
	}
}

// EndSession asks for the session first: closing one that is closed is no error
// to IBM.
func (c *client) EndSession(ctx context.Context, s provider.Session) error {
	if c.own.IsZero() {
		return provider.ErrNoCredential
	}
	wire, err := c.wireOf(s.Instance)
	if err != nil {
		return err
	}
	var now struct {
		State string `json:"state"`
	}
	if err := c.fetch(ctx, request{wire: wire, instance: s.Instance, method: http.MethodGet, path: []string{"sessions", s.ID}}, &now, "id"); err != nil {
		return err
	}
	if now.State == "closed" {
		return provider.ErrOver
	}
	_, err = c.send(ctx, request{wire: wire, instance: s.Instance, method: http.MethodDelete, path: []string{"sessions", s.ID, "close"}})
	return err
}
