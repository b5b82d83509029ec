package github

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/google/go-github/v60/github"

	"github.com/qleaks/qleaks/internal/provider"
)

// isPerson reports whether an owner is one person, not an organisation: they
// have other calls.
func (c *Client) isPerson(ctx context.Context, owner string) (bool, error) {
	path := []string{"users", owner}
	var kind string
	err := c.ask(ctx, path, tells("login", "type"), func(ctx context.Context) error {
		u, _, failed := c.api.Users.Get(ctx, owner)
		kind = u.GetType()
		return failed
	})
	if err == nil && kind != "User" && kind != "Organization" {
		err = &provider.CallError{Request: c.wire.Line(http.MethodGet, path...), Status: http.StatusOK, Kind: provider.ErrUnexpected}
	}
	return kind == "User", err
}

// Person reports whether an owner is one person, not an organisation.
func (c *Client) Person(ctx context.Context, owner string) (bool, error) {
	if !isName(owner) {
		return false, ErrName
	}
	return c.isPerson(ctx, owner)
}

// isMe reports whether a person is the token's own.
func (c *Client) isMe(ctx context.Context, owner string) (bool, error) {
	var me string
	err := c.ask(ctx, []string{"user"}, tells("login"), func(ctx context.Context) error {
		u, _, failed := c.api.Users.Get(ctx, "")
		me = u.GetLogin()
		return failed
	})
	return strings.EqualFold(me, owner), err
}

// repositories are the names of an owner's repositories, sorted: those that the
// token sees.
func (c *Client) repositories(ctx context.Context, owner string, person bool) ([]string, error) {
	path := []string{"orgs", owner, "repos"}
	if person {
		path = []string{"user", "repos"}
	}
	found, err := steady(func(page int) (names map[string]string, next int, err error) {
		err = c.ask(ctx, path, list, func(ctx context.Context) error {
			all, answer, failed := c.page(ctx, owner, person, page)
			names, next = map[string]string{}, nextPage(answer)
			for _, r := range all {
				if !person || strings.EqualFold(r.GetOwner().GetLogin(), owner) {
					names[r.GetName()] = r.GetName()
				}
			}
			return failed
		})
		return names, next, err
	})
	if err == nil && slices.ContainsFunc(found, func(name string) bool { return !isName(name) }) {
		err = &provider.CallError{Request: c.wire.Line(http.MethodGet, path...), Status: http.StatusOK, Kind: provider.ErrUnexpected}
	}
	slices.Sort(found)
	return found, err
}

// page reads a page of repositories. A person's private ones are in no list but
// that of those the token may use.
func (c *Client) page(ctx context.Context, owner string, person bool, page int) ([]*github.Repository, *github.Response, error) {
	if person {
		return c.api.Repositories.ListByAuthenticatedUser(ctx, &github.RepositoryListByAuthenticatedUserOptions{
			Affiliation: "owner,collaborator", Sort: "created", Direction: "asc", ListOptions: options(page),
		})
	}
	return c.api.Repositories.ListByOrg(ctx, owner, &github.RepositoryListByOrgOptions{Sort: "created", Direction: "asc", ListOptions: options(page)})
}

// environments are the names of a repository's environments, sorted.
func (c *Client) environments(ctx context.Context, owner, name string) ([]string, error) {
	path := []string{"repos", owner, name, "environments"}
	found, err := steady(func(page int) (names map[string]string, next int, err error) {
		err = c.ask(ctx, path, has("environments"), func(ctx context.Context) error {
			all, answer, failed := c.api.Repositories.ListEnvironments(ctx, owner, name, &github.EnvironmentListOptions{ListOptions: options(page)})
			names, next = map[string]string{}, nextPage(answer)
			if all == nil {
				return cmp.Or(failed, provider.ErrUnexpected)
			}
			for _, e := range all.Environments {
				names[e.GetName()] = e.GetName()
			}
			return failed
		})
		return names, next, err
	})
	if err == nil && slices.Contains(found, "") {
		err = &provider.CallError{Request: c.wire.Line(http.MethodGet, path...), Status: http.StatusOK, Kind: provider.ErrUnexpected}
	}
	slices.Sort(found)
	return found, err
}
