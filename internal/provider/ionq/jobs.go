package ionq

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/secret"
)

// job is what IonQ tells of a job, as far as it matters here.
type job struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Status    string     `json:"status"`
	Backend   string     `json:"backend"`
	Submitter string     `json:"submitter_id"`
	Project   string     `json:"project_id"`
	Session   string     `json:"session_id"`
	Submitted time.Time  `json:"submitted_at"`
	Started   *time.Time `json:"started_at"`
	Completed *time.Time `json:"completed_at"`
	RanMillis int64      `json:"execution_duration_ms"`
	Shots     int64      `json:"shots"`
}

// waiting are the statuses of jobs that wait or run, in the order in which a
// job goes through them.
func waiting() []string { return []string{"submitted", "ready", "started"} }

// Jobs lists the jobs that the credential's project shows.
func (c *client) Jobs(ctx context.Context, w provider.Window) iter.Seq2[provider.Job, error] {
	return func(yield func(provider.Job, error) bool) {
		if c.own.IsZero() {
			yield(provider.Job{}, provider.ErrNoCredential)
			return
		}
		queries := []url.Values{{}}
		if w.Pending {
			queries = nil
			// In this order a job that moves on meanwhile is seen twice, not never.
			for _, status := range waiting() {
				queries = append(queries, url.Values{"status": {status}})
			}
		}
		seen := map[string]bool{}
		for _, query := range queries {
			for j, err := range c.pages(ctx, query) {
				if err == nil && (seen[j.ID] || !w.Holds(j.Times.Submitted)) {
					continue
				}
				seen[j.ID] = true
				if !yield(j, err) || err != nil {
					return
				}
			}
		}
	}
}

// pages follows a list to its end.
func (c *client) pages(ctx context.Context, query url.Values) iter.Seq2[provider.Job, error] {
	return func(yield func(provider.Job, error) bool) {
		for turned := map[string]bool{}; ; {
			var page struct {
				Jobs []job   `json:"jobs"`
				Next *string `json:"next"`
			}
			if err := c.fetch(ctx, c.own, query, want{&page, []string{"jobs", "next"}}, "jobs"); err != nil {
				yield(provider.Job{}, err)
				return
			}
			for _, j := range page.Jobs {
				if !yield(j.told(c.own), nil) {
					return
				}
			}
			if page.Next == nil || *page.Next == "" {
				return
			}
			if turned[*page.Next] {
				yield(provider.Job{}, c.unexpected(http.MethodGet, "jobs"))
				return
			}
			turned[*page.Next] = true
			query.Set("next", *page.Next)
		}
	}
}

func (j job) told(own secret.Value) provider.Job {
	text := func(s string) string { return provider.Told(own, s) }
	known := provider.Job{
		ID: text(j.ID), Name: text(j.Name), Status: text(j.Status), Pending: slices.Contains(waiting(), j.Status),
		Backend: text(j.Backend), Owner: text(j.Submitter), Project: text(j.Project), Session: text(j.Session), Shots: j.Shots,
		Times: provider.JobTimes{Submitted: j.Submitted, Ran: time.Duration(j.RanMillis) * time.Millisecond},
	}
	if j.Started != nil {
		known.Times.Started = *j.Started
	}
	if j.Completed != nil {
		known.Times.Ended = *j.Completed
	}
	return known
}

// CancelJob asks for the job first: version 0.4 lets a job that is over become
// canceled. One that ends between the two requests may still be touched.
func (c *client) CancelJob(ctx context.Context, j provider.Job) error {
	if c.own.IsZero() {
		return provider.ErrNoCredential
	}
	var now job
	if err := c.fetch(ctx, c.own, nil, want{&now, []string{"id", "status"}}, "jobs", j.ID); err != nil {
		return err
	}
	if !slices.Contains(waiting(), now.Status) {
		return provider.ErrOver
	}
	path := []string{"jobs", j.ID, "status", "cancel"}
	var done struct{ ID, Status string }
	if err := c.act(ctx, want{&done, []string{"id", "status"}}, http.MethodPut, path...); err != nil {
		return err
	}
	if done.ID != j.ID || done.Status != "canceled" {
		return c.unexpected(http.MethodPut, path...)
	}
	return nil
}

// Cost implements provider.Coster: what the job cost, or else the estimate.
func (c *client) Cost(ctx context.Context, j provider.Job) (key.Amount, error) {
	if c.own.IsZero() {
		return key.Amount{}, provider.ErrNoCredential
	}
	var told struct {
		Estimated *key.Amount `json:"estimated_cost"`
		Cost      *key.Amount `json:"cost"`
	}
	if err := c.fetch(ctx, c.own, nil, want{&told, []string{"estimated_cost"}}, "jobs", j.ID, "cost"); err != nil {
		return key.Amount{}, err
	}
	amount := told.Cost
	if amount == nil {
		amount = told.Estimated
	}
	if amount == nil {
		return key.Amount{}, c.unexpected(http.MethodGet, "jobs", j.ID, "cost")
	}
	return key.Amount{Value: amount.Value, Unit: provider.Told(c.own, amount.Unit)}, nil
}

// session is what IonQ tells of a session, as far as it matters here.
type session struct {
	ID      string    `json:"id"`
	Backend string    `json:"backend"`
	Creator string    `json:"creator_id"`
	Project string    `json:"project_id"`
	Created time.Time `json:"created_at"`
	Status  string    `json:"status"`
	Active  bool      `json:"active"`
}

// openSessions asks for the sessions that are open, and by the way for the
// organisation.
func (c *client) openSessions(ctx context.Context, v secret.Value) (string, []session, error) {
	var told struct {
		Organization string    `json:"organization_id"`
		Sessions     []session `json:"sessions"`
	}
	err := c.fetch(ctx, v, url.Values{"active": {"true"}}, want{&told, []string{"organization_id", "sessions"}}, "sessions")
	return told.Organization, told.Sessions, err
}

// Sessions implements provider.SessionLister.
func (c *client) Sessions(ctx context.Context) iter.Seq2[provider.Session, error] {
	return func(yield func(provider.Session, error) bool) {
		if c.own.IsZero() {
			yield(provider.Session{}, provider.ErrNoCredential)
			return
		}
		_, sessions, err := c.openSessions(ctx, c.own)
		if err != nil {
			yield(provider.Session{}, err)
			return
		}
		text := func(s string) string { return provider.Told(c.own, s) }
		for _, s := range sessions {
			known := provider.Session{ID: text(s.ID), Backend: text(s.Backend), Owner: text(s.Creator), Project: text(s.Project), Begun: s.Created}
			if !yield(known, nil) {
				return
			}
		}
	}
}

// EndSession implements provider.SessionEnder.
func (c *client) EndSession(ctx context.Context, s provider.Session) error {
	if c.own.IsZero() {
		return provider.ErrNoCredential
	}
	var now session
	if err := c.fetch(ctx, c.own, nil, want{&now, []string{"id", "status"}}, "sessions", s.ID); err != nil {
		return err
	}
	if now.Status == "ended" {
		return provider.ErrOver
	}
	path := []string{"sessions", s.ID, "end"}
	var done session
	if err := c.act(ctx, want{&done, []string{"id", "status"}}, http.MethodPost, path...); err != nil {
		return err
	}
	if done.ID != s.ID || done.Status != "ended" {
		return c.unexpected(http.MethodPost, path...)
	}
	return nil
}
