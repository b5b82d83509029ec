package incident

import (
	"encoding/json"
	"errors"
	"time"
)

// ErrNotGitHub says that a text is nothing of GitHub's that tells of exposure.
var ErrNotGitHub = errors.New("it is neither a repository nor an activity list of GitHub's API")

// maxActivity is how many entries of an activity list are read.
const maxActivity = 100_000

// GitHub adds what GitHub tells: a repository (gh api repos/OWNER/NAME), or its
// activity (gh api repos/OWNER/NAME/activity).
func (e *Exposure) GitHub(data []byte) error {
	var activity []struct {
		Kind string    `json:"activity_type"`
		At   time.Time `json:"timestamp"`
	}
	if json.Unmarshal(data, &activity) == nil {
		if len(activity) == 0 || len(activity) > maxActivity || activity[0].Kind == "" {
			return ErrNotGitHub
		}
		for _, a := range activity {
			if a.Kind == "push" || a.Kind == "force_push" || a.Kind == "branch_creation" || a.Kind == "pr_merge" {
				e.pushed(a.At, "by GitHub's list of activity")
			}
		}
		return nil
	}
	var repository struct {
		Private *bool     `json:"private"`
		Created time.Time `json:"created_at"`
		URL     string    `json:"full_name"`
	}
	if err := json.Unmarshal(data, &repository); err != nil || repository.Private == nil || repository.URL == "" {
		return ErrNotGitHub
	}
	e.Private = *repository.Private
	if !e.Private {
		e.public(repository.Created)
	}
	return nil
}

// Push adds a push from the repository that was searched.
func (e *Exposure) Push(at time.Time) {
	e.pushed(at, "by the reflog of the repository that was searched")
}

// pushed keeps the first push that can have brought the commit.
func (e *Exposure) pushed(at time.Time, how string) {
	if at.IsZero() || at.Before(e.Committed) {
		return
	}
	if e.Pushed.IsZero() || at.Before(e.Pushed) {
		e.Pushed, e.PushedHow = at, how
	}
}

// public is called for a repository that is public now: since when it is, GitHub
// does not tell, so it counts from the push, the commit or its creation.
func (e *Exposure) public(created time.Time) {
	e.Public, e.PublicHow = created, "the repository is public now, and was created then"
	for _, later := range []time.Time{e.Committed, e.Pushed} {
		if later.After(e.Public) {
			e.Public, e.PublicHow = later, "the repository is public now; whether it was then, nobody tells"
		}
	}
}
