// Package github asks GitHub about the secrets that it keeps for workflows:
// their names, and when they were set. Nobody can read their values.
package github

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/qleaks/qleaks/internal/expression"
	"github.com/qleaks/qleaks/internal/httpx"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/secret"
)

const (
	service = "api"
	// rate keeps well below the 5,000 requests an hour of a token; more come only
	// from organisations of more than a thousand repositories.
	rate = 10
	// longList is how many bytes a page of a list may have.
	longList = 8 << 20
)

// ErrName is what is no name of an owner, a repository or an environment.
var ErrName = errors.New("this is no OWNER or OWNER/REPOSITORY of GitHub")

// nameShape is what owners and repositories are called; the library puts them
// into paths as they are.
var nameShape = expression.Lazy(`^[A-Za-z0-9._-]{1,100}$`)

// Kit is GitHub as far as it is asked: where. It makes no Client for keys.
func Kit() provider.Kit {
	return provider.Kit{
		Name: "github", Title: "GitHub",
		Services: []provider.Service{{Name: service, Origin: "https://api.github.com", Rate: rate}},
	}
}

// Calls lists the requests of the Client; all are GET, and carry the operator's
// token, but for those that write what the operator asks to be written. An app
// gets that token with one POST.
func Calls() []string {
	return []string{
		"/users/{owner}",
		"/user",
		"/user/repos",
		"/user/codespaces/secrets",
		"/orgs/{owner}/installation",
		"/users/{owner}/installation",
		"/users/{owner}/repos",
		"/repos/{owner}/{repository}/issues",
		"/repos/{owner}/{repository}/issues/comments",
		"/repos/{owner}/{repository}/pulls",
		"/repos/{owner}/{repository}/pulls/comments",
		"/repos/{owner}/{repository}/pulls/{number}/reviews",
		"/repos/{owner}/{repository}/comments",
		"/repos/{owner}/{repository}/releases",
		"/repos/{owner}/{repository}/releases/assets/{id}",
		"/orgs/{owner}/actions/variables",
		"/repos/{owner}/{repository}/actions/variables",
		"/repos/{owner}/{repository}/environments/{environment}/variables",
		"/orgs/{owner}/agents/variables",
		"/repos/{owner}/{repository}/agents/variables",
		"/users/{owner}/gists",
		"/gists",
		"/gists/{id}",
		"/gists/{id}/{version}",
		"/repos/{owner}/{repository}/actions/runs",
		"/repos/{owner}/{repository}/actions/runs/{id}/logs",
		"/repos/{owner}/{repository}/actions/artifacts",
		"/repos/{owner}/{repository}/actions/artifacts/{id}/zip",
		"/installation/repositories",
		"/repos/{owner}/{repository}",
		"/orgs/{owner}/repos",
		"/orgs/{owner}/{kind}/secrets",
		"/orgs/{owner}/secret-scanning/custom-patterns",
		"/orgs/{owner}/secret-scanning/pattern-configurations",
		"/repos/{owner}/{repository}/secret-scanning/custom-patterns",
		"/repos/{owner}/{repository}/secret-scanning/alerts",
		"/repos/{owner}/{repository}/secret-scanning/alerts/{number}/locations",
		"/repos/{owner}/{repository}/{kind}/secrets",
		"/repos/{owner}/{repository}/environments",
		"/repos/{owner}/{repository}/environments/{environment}/secrets",
	}
}

// Client asks GitHub with one token, or with none.
type Client struct {
	wire provider.Wire
	api  *github.Client
	// web is nil where nobody knows the address of the pages.
	web   *httpx.Client
	token bearer
	// way is how other hosts are asked, which GitHub names; named says that the
	// operator named GitHub's, nobody that there is no token, and patience how long is waited for it.
	way      provider.Config
	named    bool
	nobody   bool
	patience time.Duration
	spending
}

// New makes a Client. Credential is the token, which must be allowed to read
// secrets; the name of the service in Origins, for GitHub Enterprise, is "api".
func New(c provider.Config) (*Client, error) {
	if c.Credential.IsZero() {
		return nil, provider.ErrNoCredential
	}
	return Public(c)
}

// Public makes a Client that may have no token: then it sees what everybody
// sees, and GitHub answers 60 requests an hour.
func Public(c provider.Config) (*Client, error) { return made(c, nil) }

// As makes a Client that asks as an app.
func As(c provider.Config, app *App) (*Client, error) { return made(c, app) }

func made(c provider.Config, app *App) (*Client, error) {
	k := Kit()
	if err := k.Check(c); err != nil {
		return nil, err
	}
	wire, err := k.Wire(c, service)
	if err != nil {
		return nil, err
	}
	web, err := site(c, wire.Origin())
	if err != nil && !errors.Is(err, errNoWeb) {
		return nil, err
	}
	over := wire.HTTP(longList, c.Waits())
	token := func(context.Context) (secret.Value, error) { return c.Credential, nil }
	if app != nil {
		token = app.Token
	}
	over.Transport = bearing{token, unlimited{over.Transport}}
	api := github.NewClient(over)
	if api.BaseURL, err = api.BaseURL.Parse(wire.Origin() + "/"); err != nil {
		return nil, errors.New("the library does not take the address of GitHub")
	}
	client := &Client{wire: wire, api: api, web: web, token: token, nobody: app == nil && c.Credential.IsZero(), named: c.Origins[service] != "", patience: c.Waits()}
	client.way = provider.Config{Proxy: c.Proxy, Roots: c.Roots, Dial: c.Dial, Log: c.Log}
	client.habits.Limited = limited
	client.wire.Adopt(client.habits)
	return client, nil
}

// bearer gives the token of a request; the zero Value is none.
type bearer func(context.Context) (secret.Value, error)

// header is how the API takes the token.
func (b bearer) header(ctx context.Context, h http.Header) error {
	token, err := b(ctx)
	if err == nil && !token.IsZero() {
		h.Set("Authorization", "Bearer "+token.Reveal())
	}
	return err
}

// bearing adds the token to requests.
type bearing struct {
	token bearer
	next  http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (b bearing) RoundTrip(r *http.Request) (*http.Response, error) {
	sent := r.Clone(r.Context())
	if err := b.token.header(r.Context(), sent.Header); err != nil {
		return nil, err
	}
	return b.next.RoundTrip(sent)
}

// ask makes one call of the library, and judges the answer by what came over
// the wire. The library's errors are dropped: they quote it.
func (c *Client) ask(ctx context.Context, path []string, whole func(httpx.Response) bool, call func(context.Context) error) error {
	good := func(answer httpx.Response) bool { return answer.Status == http.StatusOK }
	return c.exchange(ctx, c.wire.Line(http.MethodGet, path...), good, whole, call)
}

// exchange is ask for any request; good says which answers are the ones hoped
// for.
func (c *Client) exchange(ctx context.Context, line string, good, whole func(httpx.Response) bool, call func(context.Context) error) error {
	watched, outcome := httpx.Watch(ctx)
	err := call(watched)
	if ended := provider.Ended(ctx); ended != nil {
		return ended
	}
	answer := outcome.Response
	c.heard(answer)
	var refused *provider.CallError // an app got no token
	switch {
	case outcome.Err != nil:
		return provider.Failed(outcome.Err)
	case answer.Status == 0 && errors.As(err, &refused):
		return refused
	case answer.Status == 0:
		return &provider.CallError{Request: line, Kind: provider.ErrUnexpected}
	case !good(answer):
		return declined(line, answer)
	case err != nil || !whole(answer):
		return &provider.CallError{Request: line, Status: answer.Status, Kind: provider.ErrUnexpected}
	}
	return nil
}

// has judges answers that are an object with a list.
func has(member string) func(httpx.Response) bool {
	return func(answer httpx.Response) bool {
		members, err := provider.Object(answer)
		return err == nil && provider.Has(members, "total_count", member) && strings.HasPrefix(string(members[member]), "[")
	}
}

// tells judges answers that are an object with some members.
func tells(names ...string) func(httpx.Response) bool {
	return func(answer httpx.Response) bool {
		members, err := provider.Object(answer)
		if err != nil {
			return false
		}
		for _, name := range names {
			if text, ok := provider.Text(members, name); !ok || text == "" {
				return false
			}
		}
		return true
	}
}

// list judges answers that are a list.
func list(answer httpx.Response) bool {
	return answer.Type == "application/json" && strings.HasPrefix(strings.TrimSpace(string(answer.Body)), "[")
}
