package github

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/qleaks/qleaks/internal/provider"
)

// Repository is what GitHub tells of a repository in a list.
type Repository struct {
	ID          int64
	Owner, Name string
	// Visibility is public, private or internal.
	Visibility     string
	Archived, Fork bool
	Wiki           bool
	Topics         []string
	Branch         string
	// Size is about how large its objects are, in bytes; GitHub counts it now and
	// then.
	Size   int64
	Pushed time.Time
}

// FullName is OWNER/NAME.
func (r Repository) FullName() string { return r.Owner + "/" + r.Name }

// Repositories lists the repositories of an organisation or a person, as far as
// the token sees them, in order of their names.
func (c *Client) Repositories(ctx context.Context, owner string) ([]Repository, error) {
	if !isName(owner) {
		return nil, ErrName
	}
	person, err := c.isPerson(ctx, owner)
	if err != nil {
		return nil, err
	}
	if !person {
		return c.repositoriesAt(ctx, owner, "orgs", owner, "repos")
	}
	all, err := c.repositoriesAt(ctx, owner, "users", owner, "repos")
	if err != nil || c.nobody {
		return all, err
	}
	// A person's private repositories are in no list but that of those the token
	// may use, which has another address for an app.
	private, err := c.repositoriesAt(ctx, owner, "user", "repos")
	if errors.Is(err, provider.ErrNotAllowed) {
		private, err = c.repositoriesAt(ctx, owner, "installation", "repositories")
		if errors.Is(err, provider.ErrNotAllowed) {
			private, err = nil, nil
		}
	}
	for _, r := range private {
		if !slices.ContainsFunc(all, func(other Repository) bool { return other.ID == r.ID }) {
			all = append(all, r)
		}
	}
	sortRepositories(all)
	return all, err
}

// Repository tells of one repository.
func (c *Client) Repository(ctx context.Context, owner, name string) (Repository, error) {
	if !isName(owner) || !isName(name) {
		return Repository{}, ErrName
	}
	path := []string{"repos", owner, name}
	var told github.Repository
	if err := c.ask(ctx, path, tells("name", "full_name"), c.call(http.MethodGet, path, nil, &told)); err != nil {
		return Repository{}, err
	}
	r, ok := repositoryOf(&told)
	if !ok || !strings.EqualFold(r.Owner, owner) || !strings.EqualFold(r.Name, name) {
		return Repository{}, c.unexpected(path)
	}
	return r, nil
}

func (c *Client) unexpected(path []string) error {
	return &provider.CallError{Request: c.wire.Line(http.MethodGet, path...), Status: http.StatusOK, Kind: provider.ErrUnexpected}
}

// repositoriesAt reads a list of repositories, of which an owner's count.
func (c *Client) repositoriesAt(ctx context.Context, owner string, path ...string) ([]Repository, error) {
	wrapped := path[0] == "installation"
	judge := list
	if wrapped {
		judge = has("repositories")
	}
	found, err := steady(func(page int) (all map[string]Repository, next int, err error) {
		err = c.ask(ctx, path, judge, func(ctx context.Context) error {
			var told []*github.Repository
			var inside struct {
				Repositories []*github.Repository `json:"repositories"`
			}
			query := url.Values{"page": {itoa(page)}, "per_page": {itoa(pageSize)}, "sort": {"created"}, "direction": {"asc"}}
			var into any = &told
			switch {
			case wrapped:
				query.Del("sort")
				query.Del("direction")
				into = &inside
			case path[0] == "user":
				query.Set("affiliation", "owner,collaborator")
			}
			answer, failed := c.do(ctx, http.MethodGet, path, query, nil, into)
			all, next = map[string]Repository{}, nextPage(answer)
			for _, one := range append(told, inside.Repositories...) {
				r, ok := repositoryOf(one)
				if !ok {
					return cmp.Or(failed, provider.ErrUnexpected)
				}
				if strings.EqualFold(r.Owner, owner) {
					all[itoa(int(r.ID))] = r
				}
			}
			return failed
		})
		return all, next, err
	})
	sortRepositories(found)
	return found, err
}

func sortRepositories(all []Repository) {
	slices.SortFunc(all, func(a, b Repository) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.ID, b.ID))
	})
}

// repositoryOf reads what is told of a repository. Its name goes into paths and
// addresses, so it must be one.
func repositoryOf(r *github.Repository) (Repository, bool) {
	owner, name := r.GetOwner().GetLogin(), r.GetName()
	if r == nil || r.GetID() <= 0 || !isName(owner) || !isName(name) {
		return Repository{}, false
	}
	visibility := r.GetVisibility()
	if visibility == "" {
		visibility = "public"
		if r.GetPrivate() {
			visibility = "private"
		}
	}
	return Repository{
		ID: r.GetID(), Owner: owner, Name: name, Visibility: visibility,
		Archived: r.GetArchived(), Fork: r.GetFork(), Wiki: r.GetHasWiki(),
		Topics: r.Topics, Branch: r.GetDefaultBranch(), Size: int64(max(r.GetSize(), 0)) << 10, Pushed: r.GetPushedAt().UTC(),
	}, true
}
