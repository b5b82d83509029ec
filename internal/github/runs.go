package github

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/secret"
)

// Run is a run of a workflow that has not ended.
type Run struct {
	ID int64
	// Repository is OWNER/REPOSITORY.
	Repository, Workflow, Status string
	// Begun is when it was queued, or queued again: when it read the secrets of
	// its repository and organisation. Those of an environment it reads later,
	// when a job starts.
	Begun time.Time
}

// mostReaders is in how many repositories runs are looked for.
const mostReaders = 100

// ErrMany says that a secret is read in more repositories than are looked at.
var ErrMany = errors.New("more than 100 repositories read it: wait for their runs by hand")

// Runs lists the runs that may have read a secret before a time, and have not
// ended. A key must not end before they do.
func (c *Client) Runs(ctx context.Context, p Place, before time.Time) ([]Run, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	names := []string{p.Repository}
	if p.Repository == "" {
		var err error
		if names, err = c.repositories(ctx, p.Owner, false); err != nil {
			return nil, err
		}
		if len(names) > mostReaders {
			return nil, ErrMany
		}
	}
	var all []Run
	for _, name := range names {
		for _, status := range []string{"requested", "waiting", "pending", "queued", "in_progress"} {
			found, err := c.runs(ctx, p.Owner, name, status)
			if err != nil {
				return nil, err
			}
			for _, r := range found {
				// A run may have moved from one list to the next meanwhile.
				known := slices.ContainsFunc(all, func(other Run) bool { return other.ID == r.ID && other.Repository == r.Repository })
				if !known && !r.Begun.After(before) {
					all = append(all, r)
				}
			}
		}
	}
	return all, nil
}

func (c *Client) runs(ctx context.Context, owner, name, status string) ([]Run, error) {
	path := []string{"repos", owner, name, "actions", "runs"}
	found, err := steady(func(page int) (runs map[string]Run, next int, err error) {
		err = c.ask(ctx, path, has("workflow_runs"), func(ctx context.Context) error {
			var told github.WorkflowRuns
			query := url.Values{"status": {status}, "page": {itoa(page)}, "per_page": {itoa(pageSize)}}
			answer, failed := c.do(ctx, http.MethodGet, path, query, nil, &told)
			runs, next = map[string]Run{}, nextPage(answer)
			for _, r := range told.WorkflowRuns {
				if r.GetID() == 0 || r.CreatedAt == nil {
					return provider.ErrUnexpected
				}
				begun := r.GetCreatedAt().Time
				if again := r.GetRunStartedAt().Time; again.After(begun) {
					begun = again
				}
				runs[itoa(int(r.GetID()))] = Run{
					ID: r.GetID(), Repository: owner + "/" + name, Workflow: provider.Told(secret.Value{}, r.GetName()), Status: status, Begun: begun.UTC(),
				}
			}
			return failed
		})
		return runs, next, err
	})
	slices.SortFunc(found, func(a, b Run) int { return int(a.ID - b.ID) })
	return found, err
}
