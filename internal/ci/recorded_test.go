package ci_test

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/internal/ci"
)

// recorded is an event as GitHub sent it.
type recorded struct {
	Event   string          `json:"event"`
	Payload json.RawMessage `json:"payload"`
}

func TestEventsAsTheyWereRecordedAreUnderstood(t *testing.T) {
	text, err := os.ReadFile("testdata/events.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	const commit = "00000000000000000000000000000000000000aa"
	seen := map[string]int{}
	for line := range bytes.Lines(text) {
		var r recorded
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatal(err)
		}
		s, err := ci.GitHub(r.Event, r.Payload, commit)
		if err != nil {
			t.Errorf("%s: %v", r.Event, err)
			continue
		}
		seen[r.Event]++
		if wrong := r.wrong(t, s); wrong != "" {
			t.Errorf("%s: %s: %+v", r.Event, wrong, s)
		}
	}
	for _, kind := range []string{"push", "pull_request", "pull_request_review", "pull_request_review_comment", "merge_group", "workflow_run", "issue_comment", "issues", "discussion", "discussion_comment", "workflow_dispatch", "repository_dispatch", "release"} {
		if seen[kind] == 0 {
			t.Errorf("no %s was recorded", kind)
		}
	}
}

// wrong says what a scope has otherwise than the event.
func (r recorded) wrong(t *testing.T, s ci.Scope) string {
	t.Helper()
	var p struct {
		Before, After string
		Deleted       bool
		PullRequest   struct {
			Number     int
			Base, Head struct {
				SHA  string
				Repo struct{ ID int }
			}
		} `json:"pull_request"`
		MergeGroup struct {
			Base string `json:"base_sha"`
			Head string `json:"head_sha"`
		} `json:"merge_group"`
		Repository struct {
			Name string `json:"full_name"`
		}
	}
	if err := json.Unmarshal(r.Payload, &p); err != nil {
		t.Fatal(err)
	}
	strangers := r.Event == "workflow_run" || strings.HasPrefix(r.Event, "issue") || strings.HasPrefix(r.Event, "discussion")
	pull := strings.HasPrefix(r.Event, "pull_request")
	switch {
	case s.Repository != p.Repository.Name || s.Repository == "":
		return "it is another repository"
	case r.Event == "push" && p.Deleted:
		if s.Nothing == "" {
			return "a branch that is gone has something to read"
		}
	case r.Event == "push":
		if s.Base != p.Before || s.Head != p.After || s.Proposed || len(s.Ranges()) != 1 {
			return "other commits are read than were pushed"
		}
	case pull:
		fork := p.PullRequest.Head.Repo.ID != p.PullRequest.Base.Repo.ID
		if s.Base != p.PullRequest.Base.SHA || s.Head != p.PullRequest.Head.SHA || s.Number != p.PullRequest.Number || s.Fork != fork || !s.Proposed || len(s.Ranges()) != 2 {
			return "another pull request is read"
		}
	case r.Event == "merge_group":
		if s.Base != p.MergeGroup.Base || s.Head != p.MergeGroup.Head || !s.Proposed {
			return "another group is read"
		}
	case !s.Whole || s.Privileged != strangers:
		return "not all is read, or a stranger's is trusted"
	}
	return ""
}
