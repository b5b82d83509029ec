package cli_test

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// TestEventsAsTheyWereRecordedBringTheirCommits has one recorded event of each kind
// be about a real repository: its ids are replaced, all else is as GitHub sent it.
func TestEventsAsTheyWereRecordedBringTheirCommits(t *testing.T) {
	text, err := os.ReadFile("../../../../internal/ci/testdata/events.jsonl")
	must(t, err)
	r := newRunner(t)
	r.leak("old.py")
	base := r.commit("old")
	r.leak("new.py")
	head := r.commit("new")
	seen := map[string]bool{}
	for line := range bytes.Lines(text) {
		var e struct {
			Event   string
			Payload json.RawMessage
		}
		must(t, json.Unmarshal(line, &e))
		var p struct {
			Before, After string
			Deleted       bool
			PullRequest   struct{ Base, Head struct{ SHA string } } `json:"pull_request"`
			MergeGroup    struct {
				Base string `json:"base_sha"`
				Head string `json:"head_sha"`
			} `json:"merge_group"`
		}
		must(t, json.Unmarshal(e.Payload, &p))
		was, is, keys := "", "", 1
		switch {
		case e.Event == "push" && (p.Deleted || strings.Trim(p.Before, "0") == ""):
			continue // these have tests of their own
		case e.Event == "push":
			was, is = p.Before, p.After
		case strings.HasPrefix(e.Event, "pull_request"):
			was, is = p.PullRequest.Base.SHA, p.PullRequest.Head.SHA
		case e.Event == "merge_group":
			was, is = p.MergeGroup.Base, p.MergeGroup.Head
		default:
			keys = 2
		}
		if seen[e.Event] {
			continue
		}
		seen[e.Event] = true
		payload := string(e.Payload)
		if keys == 1 {
			payload = strings.NewReplacer(was, base, is, head).Replace(payload)
		}
		if a := r.event(e.Event, json.RawMessage(payload)); a.outputs["findings"] == "" {
			t.Errorf("%s: exit code %d\n%s", e.Event, a.code, a.log)
		} else {
			r.brings(a, keys)
		}
	}
	if len(seen) < 15 {
		t.Errorf("only %d kinds of events were recorded", len(seen))
	}
}
