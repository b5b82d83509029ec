package github

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/httpx"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/secret"
)

// Alert is one of GitHub's secret scanning. What it found is not asked for.
type Alert struct {
	Number int64
	// Type is GitHub's word for the kind of secret, Title the one for people.
	Type, Title string
	// Open says that nobody resolved it; Resolution is how somebody did.
	Open       bool
	Resolution string
	// Validity is what GitHub says of the secret: active, inactive or unknown.
	Validity string
	Created  time.Time
	// Bypassed is when somebody pushed it in spite of push protection.
	Bypassed time.Time
	// Places are where it stands; none for alerts of other kinds than asked for.
	Places []AlertPlace
}

// AlertPlace is where an alert says that its secret stands: at a line of an object
// of Git, or at a page.
type AlertPlace struct {
	// Type is GitHub's: "commit", "wiki_commit", "issue_comment".
	Type           string
	Path           string
	Line           int
	Object, Commit string
	// Page is the end of the address where a person sees it: "issues/7",
	// "#issuecomment-12".
	Page string
}

// alertJSON is an alert as the API has it, without the secret.
type alertJSON struct {
	Number     int64           `json:"number"`
	Created    time.Time       `json:"created_at"`
	State      string          `json:"state"`
	Resolution string          `json:"resolution"`
	Type       string          `json:"secret_type"`
	Title      string          `json:"secret_type_display_name"`
	Validity   string          `json:"validity"`
	Bypassed   bool            `json:"push_protection_bypassed"`
	BypassedAt time.Time       `json:"push_protection_bypassed_at"`
	More       *bool           `json:"has_more_locations"`
	First      json.RawMessage `json:"first_location_detected"`
}

func alertsPath(owner, name string, more ...string) []string {
	return slices.Concat(repositoryPath(owner, name), []string{"secret-scanning", "alerts"}, more)
}

// Alerts yields the alerts of a repository, newest first, with the places of those
// that wanted takes. An error is last.
func (c *Client) Alerts(ctx context.Context, owner, name string, wanted func(Alert) bool) iter.Seq2[Alert, error] {
	return func(yield func(Alert, error) bool) {
		if !isName(owner) || !isName(name) {
			yield(Alert{}, ErrName)
			return
		}
		for raw, err := range pagesOf[alertJSON](ctx, c, alertsPath(owner, name), url.Values{"hide_secret": {"true"}}) {
			if err == nil && (raw.Number <= 0 || raw.State != "open" && raw.State != "resolved") {
				err = c.unexpected(alertsPath(owner, name))
			}
			if err != nil {
				yield(Alert{}, err)
				return
			}
			a := raw.alert()
			if wanted(a) {
				a.Places, err = c.alertPlaces(ctx, owner, name, raw)
			}
			if !yield(a, err) || err != nil {
				return
			}
		}
	}
}

func (a alertJSON) alert() Alert {
	told := func(s string) string { return provider.Told(secret.Value{}, s) }
	out := Alert{
		Number: a.Number, Type: told(a.Type), Title: told(a.Title), Open: a.State == "open",
		Resolution: told(a.Resolution), Validity: told(a.Validity), Created: a.Created.UTC(),
	}
	if a.Bypassed {
		out.Bypassed = a.BypassedAt.UTC()
	}
	return out
}

// alertPlaces are where an alert is. The list of alerts tells the first, and
// whether there are others.
func (c *Client) alertPlaces(ctx context.Context, owner, name string, a alertJSON) (places []AlertPlace, err error) {
	if a.More != nil && !*a.More && len(a.First) > 0 && string(a.First) != "null" {
		return append(places, placeOf("", a.First)), nil
	}
	type location struct {
		Type    string          `json:"type"`
		Details json.RawMessage `json:"details"`
	}
	for l, err := range pagesOf[location](ctx, c, alertsPath(owner, name, id(a.Number), "locations"), nil) {
		if err != nil {
			return nil, err
		}
		places = append(places, placeOf(l.Type, l.Details))
	}
	return places, nil
}

// placeOf reads the details of a place.
func placeOf(kind string, details json.RawMessage) AlertPlace {
	var d map[string]json.RawMessage
	_ = json.Unmarshal(details, &d) // a place of which nothing is known
	text := func(name string) string {
		var s string
		_ = json.Unmarshal(d[name], &s)
		return s
	}
	p := AlertPlace{Type: kind, Path: text("path"), Object: word(text("blob_sha")), Commit: word(text("commit_sha"))}
	_ = json.Unmarshal(d["start_line"], &p.Line)
	if p.Path != "" {
		if p.Type == "" {
			p.Type = "commit"
		}
		return p
	}
	p.Object, p.Commit = "", ""
	for _, page := range []struct{ member, kind, begin string }{
		{"issue_comment_url", "issue_comment", "#issuecomment-"},
		{"pull_request_comment_url", "pull_request_comment", "#issuecomment-"},
		{"pull_request_review_comment_url", "pull_request_review_comment", "#discussion_r"},
		{"pull_request_review_url", "pull_request_review", "#pullrequestreview-"},
		{"issue_title_url", "issue_title", "issues/"},
		{"issue_body_url", "issue_body", "issues/"},
		{"pull_request_title_url", "pull_request_title", "pull/"},
		{"pull_request_body_url", "pull_request_body", "pull/"},
	} {
		if address := text(page.member); address != "" {
			p.Type, p.Page = page.kind, page.begin+last(address)
			return p
		}
	}
	if p.Type == "" {
		p.Type = "page"
	}
	return p
}

// pagesOf yields the elements of a list that is no member of an object.
func pagesOf[T any](ctx context.Context, c *Client, path []string, query url.Values) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		for page, pages := 1, 0; page != 0; pages++ {
			var all []T
			next := 0
			err := c.ask(ctx, path, list, func(ctx context.Context) error {
				asked := url.Values{"page": {itoa(page)}, "per_page": {itoa(pageSize)}}
				maps.Copy(asked, query)
				answer, failed := c.do(ctx, http.MethodGet, path, asked, nil, &all)
				next = nextPage(answer)
				return failed
			})
			if err == nil && (next != 0 && next <= page || pages >= mostPages) {
				err = c.unexpected(path)
			}
			if err != nil {
				yield(none, err)
				return
			}
			for _, one := range all {
				if !yield(one, nil) {
					return
				}
			}
			page = next
		}
	}
}

// NoAlerts reports whether an error says that a repository has no secret
// scanning, or does not show it to the token: GitHub says the same of both.
func NoAlerts(err error) bool { return errors.Is(err, provider.ErrNotFound) }

// Resolve closes an alert because its key was revoked, with a comment, and says
// whether it is closed so. One that somebody resolved otherwise stays as it is.
func (c *Client) Resolve(ctx context.Context, owner, name string, number int64, comment string) error {
	if !isName(owner) || !isName(name) || number <= 0 {
		return ErrName
	}
	path := alertsPath(owner, name, id(number))
	var there alertJSON
	query := url.Values{"hide_secret": {"true"}}
	err := c.ask(ctx, path, tells("state"), func(ctx context.Context) error {
		_, failed := c.do(ctx, http.MethodGet, path, query, nil, &there)
		return failed
	})
	if err != nil || there.State == "resolved" {
		return err
	}
	body := map[string]string{"state": "resolved", "resolution": "revoked", "resolution_comment": strings.TrimSpace(comment)}
	whole := func(answer httpx.Response) bool {
		members, err := provider.Object(answer)
		state, _ := provider.Text(members, "state")
		return err == nil && state == "resolved"
	}
	good := func(answer httpx.Response) bool { return answer.Status == http.StatusOK }
	return c.exchange(ctx, c.wire.Line(http.MethodPatch, path...), good, whole, c.call(http.MethodPatch, path, body, nil))
}
