// Package ci tells what an event of a CI system brings to a repository, and
// speaks to the runner. Whatever an event says is data of strangers.
package ci

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/qleaks/qleaks/internal/expression"
)

// Scope is what a CI run is about.
type Scope struct {
	// Event is the event in words, for people.
	Event string
	// Head is the commit that the event is about, Base the one that was there
	// before; full ids, empty where the event has none.
	Base, Head string
	// Merge is the commit that the host made of a pull request and its base, if
	// it is known.
	Merge string
	// Whole says that everything is to be scanned, since no commits are new.
	Whole bool
	// Nothing says why there is nothing to scan; else it is empty.
	Nothing string
	// Proposed says that people without a right to write may have made the
	// content; then what it says about its own findings does not count.
	Proposed bool
	// Fork says that the token of the run can only read, and that it has no
	// secrets.
	Fork bool
	// Privileged says that the event gives secrets to a run about what
	// strangers may have made.
	Privileged bool
	// Repository is OWNER/NAME, Number that of the pull request.
	Repository string
	Number     int
}

// ErrEvent says that the description of an event is not what its host writes.
var ErrEvent = errors.New("the event's description is not understood")

// maxEvent is the longest description of an event, in bytes: GitHub cuts at 25 MB.
const maxEvent = 32 << 20

var fullID = expression.Lazy(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

// id returns a full id of an object that is there, else "".
func id(text string) string {
	if !fullID().MatchString(text) || strings.Trim(text, "0") == "" {
		return ""
	}
	return text
}

// payload is what is read of a GitHub event.
type payload struct {
	Before, After string
	Deleted       bool
	Ref           string
	PullRequest   *struct {
		Number int
		Base   struct{ SHA string }
		Head   struct {
			SHA  string
			Repo *struct {
				FullName string `json:"full_name"`
			}
		}
	} `json:"pull_request"`
	MergeGroup *struct {
		BaseSHA string `json:"base_sha"`
		HeadSHA string `json:"head_sha"`
	} `json:"merge_group"`
	Repository struct {
		FullName string `json:"full_name"`
	}
}

// GitHub reads the event of a workflow of GitHub: its name, its payload, and
// the commit that the workflow runs at (GITHUB_SHA).
func GitHub(event string, description []byte, commit string) (Scope, error) {
	var p payload
	if len(description) > maxEvent {
		return Scope{}, fmt.Errorf("%w: it is longer than %d bytes", ErrEvent, maxEvent)
	}
	if err := json.Unmarshal(description, &p); err != nil {
		return Scope{}, ErrEvent // the parser's words quote the event
	}
	s := Scope{Event: "the event " + clean(event), Repository: p.Repository.FullName}
	switch event {
	case "pull_request", "pull_request_target", "pull_request_review", "pull_request_review_comment":
		return s.pull(event, p, commit)
	case "push":
		return s.push(p)
	case "merge_group":
		if p.MergeGroup == nil || id(p.MergeGroup.BaseSHA) == "" || id(p.MergeGroup.HeadSHA) == "" {
			return Scope{}, ErrEvent
		}
		s.Event, s.Base, s.Head = "a merge group", p.MergeGroup.BaseSHA, p.MergeGroup.HeadSHA
		s.Proposed = true // it is made of pull requests
	case "workflow_run", "issue_comment", "issues", "discussion", "discussion_comment":
		s.Whole, s.Privileged = true, true
	default:
		s.Whole = true
	}
	return s, nil
}

func (s Scope) pull(event string, p payload, commit string) (Scope, error) {
	pull := p.PullRequest
	if pull == nil || id(pull.Base.SHA) == "" || id(pull.Head.SHA) == "" || pull.Number <= 0 {
		return Scope{}, ErrEvent
	}
	s.Event = fmt.Sprintf("pull request #%d", pull.Number)
	s.Base, s.Head, s.Number = pull.Base.SHA, pull.Head.SHA, pull.Number
	s.Proposed = true
	// A fork may be gone.
	s.Fork = pull.Head.Repo == nil || pull.Head.Repo.FullName != p.Repository.FullName
	if event == "pull_request_target" {
		// The commit of such a run is the base's.
		s.Privileged, s.Fork = true, false
		return s, nil
	}
	if merge := id(commit); merge != s.Head && merge != s.Base {
		s.Merge = merge
	}
	return s, nil
}

func (s Scope) push(p payload) (Scope, error) {
	s.Event = "a push to " + clean(p.Ref)
	if p.Deleted || strings.Trim(p.After, "0") == "" && p.After != "" {
		s.Nothing = "the push deleted " + clean(p.Ref)
		return s, nil
	}
	if s.Head = id(p.After); s.Head == "" || !fullID().MatchString(p.Before) {
		return Scope{}, ErrEvent
	}
	// Zeros stand for a branch that is new.
	s.Base = p.Before
	return s, nil
}

// GitLab reads the variables of a pipeline of GitLab.
func GitLab(variable func(string) string) Scope {
	s := Scope{Event: "the pipeline's source " + clean(variable("CI_PIPELINE_SOURCE")), Head: id(variable("CI_COMMIT_SHA"))}
	switch variable("CI_PIPELINE_SOURCE") {
	case "merge_request_event":
		s.Event = "merge request !" + clean(variable("CI_MERGE_REQUEST_IID"))
		s.Proposed = true
		s.Base = id(variable("CI_MERGE_REQUEST_DIFF_BASE_SHA"))
		s.Fork = variable("CI_MERGE_REQUEST_SOURCE_PROJECT_ID") != variable("CI_MERGE_REQUEST_PROJECT_ID")
	case "push":
		s.Event = "a push to " + clean(variable("CI_COMMIT_REF_NAME"))
		if before := variable("CI_COMMIT_BEFORE_SHA"); fullID().MatchString(before) {
			s.Base = before
		}
	}
	s.Whole = s.Base == "" || s.Head == ""
	return s
}

// Ranges are the commits of the scope as `scan --range` takes them, in the order
// in which they are to be tried: the first of which all is there says most.
func (s Scope) Ranges() []string {
	var ranges []string
	if s.Merge != "" {
		// What the merge itself brings counts, too.
		ranges = append(ranges, s.Merge+"^1.."+s.Merge)
	}
	if s.Base != "" && s.Head != "" {
		ranges = append(ranges, s.Base+".."+s.Head)
	}
	return ranges
}

// clean makes words of an event fit for a line: nothing but what names are
// made of.
func clean(text string) string {
	out := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\u2028' || r == '\u2029' {
			return '?'
		}
		return r
	}, text)
	if len(out) > 100 {
		out = strings.ToValidUTF8(out[:100], "") + "…"
	}
	return strings.ToValidUTF8(out, "?")
}
