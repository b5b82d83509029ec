package incident

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/qleaks/qleaks/scanner/gitsource"
)

// ErrNotGitHub says that a text is nothing of GitHub's that tells of exposure.
var ErrNotGitHub = errors.New("it is neither a repository nor an activity list of GitHub's API")

// maxActivity is how many entries of an activity list are read.
const maxActivity = 100_000

// Holds reports whether a commit, by its id, holds the value; known is false of
// one that is nowhere at hand.
type Holds func(commit string) (holds, known bool)

// GitHub adds what GitHub tells: a repository (gh api repos/OWNER/NAME), or its
// activity (gh api repos/OWNER/NAME/activity), of which holds tells the pushes
// apart that brought the value.
func (e *Exposure) GitHub(data []byte, holds Holds) error {
	var activity []struct {
		Kind  string    `json:"activity_type"`
		At    time.Time `json:"timestamp"`
		After string    `json:"after"`
	}
	if json.Unmarshal(data, &activity) == nil {
		if len(activity) == 0 || len(activity) > maxActivity || activity[0].Kind == "" {
			return ErrNotGitHub
		}
		for _, a := range activity {
			if a.Kind != "push" && a.Kind != "force_push" && a.Kind != "branch_creation" && a.Kind != "pr_merge" && a.Kind != "merge_queue_merge" {
				continue
			}
			brought, known := holds(a.After)
			if brought || !known {
				e.pushed(a.At, "by GitHub's list of activity", known)
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

// Published adds what a repository knows of when its commits came to a remote,
// and returns what it does not know and should, in a clause for people.
func (e *Exposure) Published(p gitsource.Publication, remotes bool) (gap string) {
	branch := strings.TrimPrefix(p.Ref, "refs/remotes/")
	switch {
	case p.Pushed:
		e.pushed(p.At, "to "+branch+", from the repository that was searched", true)
	case !p.At.IsZero():
		if e.Remote.IsZero() || p.At.Before(e.Remote) {
			e.Remote, e.RemoteHow = p.At, branch+" held it then; it was pushed before"
		}
		return "when it was pushed: " + branch + " held it by " + minute(p.At) + ", and this repository does not know since when; what follows counts from the commit"
	case p.Ref != "":
		return "when it was pushed: " + branch + " holds it, and no log tells since when; what follows counts from the commit"
	case remotes && e.RemoteHow == "":
		e.RemoteHow = "no branch of a remote that the searched repository knows holds it"
	}
	return ""
}

// pushed keeps the first push that brought the commit, or can have: a sure one
// may be before it by another clock.
func (e *Exposure) pushed(at time.Time, how string, sure bool) {
	if at.IsZero() || !sure && at.Before(e.Committed) {
		return
	}
	if e.Pushed.IsZero() || at.Before(e.Pushed) {
		e.Pushed, e.PushedHow, e.PushedSure = at, how, sure
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
