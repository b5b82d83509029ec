package github

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/secret"
)

const (
	// pageSize is the most that is allowed.
	pageSize = 100
	// passes is how often a list is read before it is said to keep changing.
	passes = 10
	// mostPages bounds what a server can make of one list.
	mostPages = 1000
)

// ErrChanging says that a list never stood still.
var ErrChanging = errors.New("the list changes faster than it can be read")

// Secret is a stored secret by its name.
type Secret struct {
	// Where is the organisation, the repository, or the environment of one:
	// "acme", "acme/lab", "acme/lab (production)".
	Where            string
	Name             string
	Created, Updated time.Time
}

// Scope is whose secrets to list.
type Scope struct {
	Owner string
	// Repository is one of the owner's, with its environments; "" is the
	// organisation itself and all of its repositories.
	Repository string
}

// ParseScope reads OWNER or OWNER/REPOSITORY.
func ParseScope(text string) (Scope, error) {
	owner, repository, named := strings.Cut(text, "/")
	if !isName(owner) || named && !isName(repository) {
		return Scope{}, ErrName
	}
	return Scope{owner, repository}, nil
}

func isName(s string) bool { return nameShape().MatchString(s) && strings.Trim(s, ".") != "" }

// Secrets lists the secrets of GitHub Actions, place by place, each place by
// name. The list is whole only if it ended without an error; an error is its
// last element.
func (c *Client) Secrets(ctx context.Context, s Scope) iter.Seq2[Secret, error] {
	return func(yield func(Secret, error) bool) {
		if !isName(s.Owner) || s.Repository != "" && !isName(s.Repository) {
			yield(Secret{}, ErrName)
			return
		}
		repositories := []string{s.Repository}
		if s.Repository == "" {
			var ok bool
			if repositories, ok = c.organisation(ctx, s.Owner, yield); !ok {
				return
			}
		}
		for _, r := range repositories {
			if !c.repository(ctx, s.Owner, r, yield) {
				return
			}
		}
	}
}

// organisation tells the organisation's own secrets, and returns its
// repositories.
func (c *Client) organisation(ctx context.Context, owner string, yield func(Secret, error) bool) (repositories []string, ok bool) {
	if !c.place(ctx, owner, []string{"orgs", owner, "actions", "secrets"}, yield) {
		return nil, false
	}
	path := []string{"orgs", owner, "repos"}
	found, err := steady(func(page int) (names map[string]string, next int, err error) {
		err = c.ask(ctx, path, list, func(ctx context.Context) error {
			o := &github.RepositoryListByOrgOptions{Sort: "created", Direction: "asc", ListOptions: options(page)}
			all, answer, failed := c.api.Repositories.ListByOrg(ctx, owner, o)
			names, next = map[string]string{}, nextPage(answer)
			for _, r := range all {
				names[r.GetName()] = r.GetName()
			}
			return failed
		})
		return names, next, err
	})
	if err == nil && slices.ContainsFunc(found, func(name string) bool { return !isName(name) }) {
		err = &provider.CallError{Request: c.wire.Line(http.MethodGet, path...), Status: http.StatusOK, Kind: provider.ErrUnexpected}
	}
	if err != nil {
		yield(Secret{}, err)
		return nil, false
	}
	slices.Sort(found)
	return found, true
}

// repository tells the secrets of a repository and of its environments.
func (c *Client) repository(ctx context.Context, owner, name string, yield func(Secret, error) bool) bool {
	where := owner + "/" + name
	if !c.place(ctx, where, []string{"repos", owner, name, "actions", "secrets"}, yield) {
		return false
	}
	environments, err := steady(func(page int) (names map[string]string, next int, err error) {
		err = c.ask(ctx, []string{"repos", owner, name, "environments"}, has("environments"), func(ctx context.Context) error {
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
	if err == nil && slices.Contains(environments, "") {
		err = &provider.CallError{Request: c.wire.Line(http.MethodGet, "repos", owner, name, "environments"), Status: http.StatusOK, Kind: provider.ErrUnexpected}
	}
	if err != nil {
		yield(Secret{}, err)
		return false
	}
	slices.Sort(environments)
	for _, e := range environments {
		shown := where + " (" + provider.Told(secret.Value{}, e) + ")"
		if !c.place(ctx, shown, []string{"repos", owner, name, "environments", e, "secrets"}, yield) {
			return false
		}
	}
	return true
}

// place tells the secrets of one place.
func (c *Client) place(ctx context.Context, where string, path []string, yield func(Secret, error) bool) bool {
	found, err := steady(func(page int) (named map[string]Secret, next int, err error) {
		err = c.ask(ctx, path, has("secrets"), func(ctx context.Context) error {
			all, answer, failed := c.listed(ctx, path, page)
			named, next = map[string]Secret{}, nextPage(answer)
			for _, s := range all {
				if s == nil || s.Name == "" {
					return cmp.Or(failed, provider.ErrUnexpected)
				}
				named[s.Name] = Secret{Where: where, Name: provider.Told(secret.Value{}, s.Name), Created: s.CreatedAt.UTC(), Updated: s.UpdatedAt.UTC()}
			}
			return failed
		})
		return named, next, err
	})
	if err != nil {
		yield(Secret{}, err)
		return false
	}
	slices.SortFunc(found, func(a, b Secret) int { return cmp.Compare(a.Name, b.Name) })
	for _, s := range found {
		if !yield(s, nil) {
			return false
		}
	}
	return true
}

// listed reads a page of secrets. The library's own call for environments asks
// at an address that GitHub has given up.
func (c *Client) listed(ctx context.Context, path []string, page int) ([]*github.Secret, *github.Response, error) {
	escaped := make([]string, len(path))
	for i, part := range path {
		escaped[i] = url.PathEscape(part)
	}
	query := url.Values{"page": {itoa(page)}, "per_page": {itoa(pageSize)}}
	request, err := c.api.NewRequest(http.MethodGet, strings.Join(escaped, "/")+"?"+query.Encode(), nil)
	if err != nil {
		return nil, nil, err
	}
	var told github.Secrets
	answer, err := c.api.Do(ctx, request, &told)
	return told.Secrets, answer, err
}
