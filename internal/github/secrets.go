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

// ErrChanging says that a list never stood still, ErrNoneSeen that the token
// sees nothing of an owner.
var (
	ErrChanging = errors.New("the list changes faster than it can be read")
	ErrNoneSeen = errors.New("the token sees no repository of this owner")
)

// Kind is what a secret is given to.
type Kind string

// The kinds of secrets that GitHub keeps. An environment has those of Actions
// only.
const (
	Actions    Kind = "actions"
	Dependabot Kind = "dependabot"
	Codespaces Kind = "codespaces"
	Agents     Kind = "agents"
)

// Kinds are all kinds.
func Kinds() []Kind { return []Kind{Actions, Dependabot, Codespaces, Agents} }

// Secret is a stored secret by its name.
type Secret struct {
	// Where is the owner, the repository, or the environment of one: "acme",
	// "acme/lab", "acme/lab (production)".
	Where            string
	Kind             Kind
	Name             string
	Created, Updated time.Time
	// Visibility is which repositories of an organisation get it: "all", "private"
	// or "selected"; "" for other places.
	Visibility string
}

// PlaceError is a place whose secrets GitHub does not show to the token. Other
// places are read all the same.
type PlaceError struct {
	Where string
	// What is the kind, or "environments".
	What string
	Err  error
}

// Error implements error.
func (e *PlaceError) Error() string { return e.Where + ", " + e.What + ": " + e.Err.Error() }

// Unwrap gives the reason to errors.Is.
func (e *PlaceError) Unwrap() error { return e.Err }

// Scope is whose secrets to list.
type Scope struct {
	Owner string
	// Repository is one of the owner's, with its environments; "" is the owner
	// and all of the owner's repositories that the token sees.
	Repository string
	// Kinds are those to list.
	Kinds []Kind
}

// ParseScope reads OWNER or OWNER/REPOSITORY.
func ParseScope(text string, kinds ...Kind) (Scope, error) {
	owner, repository, named := strings.Cut(text, "/")
	if !isName(owner) || named && !isName(repository) {
		return Scope{}, ErrName
	}
	return Scope{owner, repository, kinds}, nil
}

func isName(s string) bool { return nameShape().MatchString(s) && strings.Trim(s, ".") != "" }

// listing is one reading of secrets, handed over as it goes on.
type listing struct {
	*Client

	scope Scope
	yield func(Secret, error) bool
}

// Secrets lists secrets, place by place, each place by name. A place that the
// token may not see is a *PlaceError among them; any other error is the last
// element. The list is whole only if there was no error.
func (c *Client) Secrets(ctx context.Context, s Scope) iter.Seq2[Secret, error] {
	return func(yield func(Secret, error) bool) {
		l := &listing{c, s, yield}
		if !isName(s.Owner) || s.Repository != "" && !isName(s.Repository) {
			yield(Secret{}, ErrName)
			return
		}
		repositories := []string{s.Repository}
		if s.Repository == "" {
			var ok bool
			if repositories, ok = l.owner(ctx); !ok {
				return
			}
		}
		for _, r := range repositories {
			if !l.repository(ctx, r) {
				return
			}
		}
	}
}

// owner tells the owner's own secrets, and returns the repositories.
func (l *listing) owner(ctx context.Context) (repositories []string, ok bool) {
	owner := l.scope.Owner
	person, err := l.isPerson(ctx, owner)
	if err != nil {
		l.yield(Secret{}, err)
		return nil, false
	}
	if person {
		ok = l.person(ctx)
	} else {
		ok = l.each(func(k Kind) bool { return l.place(ctx, owner, k, "orgs", owner, string(k), "secrets") })
	}
	if !ok {
		return nil, false
	}
	repositories, err = l.repositories(ctx, owner, person)
	if err == nil && person && len(repositories) == 0 {
		err = ErrNoneSeen
	}
	if err != nil {
		l.yield(Secret{}, err)
		return nil, false
	}
	return repositories, true
}

// person tells a person's own secrets, of which there is one kind, and which
// nobody else's token sees.
func (l *listing) person(ctx context.Context) bool {
	if !slices.Contains(l.scope.Kinds, Codespaces) {
		return true
	}
	mine, err := l.isMe(ctx, l.scope.Owner)
	if err == nil && mine {
		return l.place(ctx, l.scope.Owner, Codespaces, "user", "codespaces", "secrets")
	}
	return l.passed(l.scope.Owner, string(Codespaces), cmp.Or(err, provider.ErrNotAllowed))
}

// repository tells the secrets of a repository and of its environments.
func (l *listing) repository(ctx context.Context, name string) bool {
	owner := l.scope.Owner
	where := owner + "/" + name
	if !l.each(func(k Kind) bool { return l.place(ctx, where, k, "repos", owner, name, string(k), "secrets") }) {
		return false
	}
	if !slices.Contains(l.scope.Kinds, Actions) {
		return true
	}
	environments, err := l.environments(ctx, owner, name)
	if err != nil {
		return l.passed(where, "environments", err)
	}
	for _, e := range environments {
		shown := where + " (" + provider.Told(secret.Value{}, e) + ")"
		if !l.place(ctx, shown, Actions, "repos", owner, name, "environments", e, "secrets") {
			return false
		}
	}
	return true
}

func (l *listing) each(do func(Kind) bool) bool {
	for _, k := range l.scope.Kinds {
		if !do(k) {
			return false
		}
	}
	return true
}

// passed tells an error, and reports whether to go on: a place that is not shown
// says nothing of others.
func (l *listing) passed(where, what string, err error) bool {
	if errors.Is(err, provider.ErrNotAllowed) || errors.Is(err, provider.ErrNotFound) {
		return l.yield(Secret{}, &PlaceError{where, what, err})
	}
	l.yield(Secret{}, err)
	return false
}

// place tells the secrets of one place.
func (l *listing) place(ctx context.Context, where string, kind Kind, path ...string) bool {
	found, err := steady(func(page int) (named map[string]Secret, next int, err error) {
		err = l.ask(ctx, path, has("secrets"), func(ctx context.Context) error {
			all, answer, failed := l.listed(ctx, path, page)
			named, next = map[string]Secret{}, nextPage(answer)
			for _, s := range all {
				if s == nil || s.Name == "" {
					return cmp.Or(failed, provider.ErrUnexpected)
				}
				named[s.Name] = Secret{Where: where, Kind: kind, Name: provider.Told(secret.Value{}, s.Name), Created: s.CreatedAt.UTC(), Updated: s.UpdatedAt.UTC(), Visibility: visibilityOf(s)}
			}
			return failed
		})
		return named, next, err
	})
	if kind == Agents && l.named && len(l.scope.Kinds) > 1 && errors.Is(err, provider.ErrNotFound) {
		return true // a server of GitHub Enterprise that knows no agents
	}
	if err != nil {
		return l.passed(where, string(kind), err)
	}
	slices.SortFunc(found, func(a, b Secret) int { return cmp.Compare(a.Name, b.Name) })
	for _, s := range found {
		if !l.yield(s, nil) {
			return false
		}
	}
	return true
}

// visibilityOf is "" for what is none of GitHub's words.
func visibilityOf(s *github.Secret) string {
	if slices.Contains([]string{"all", "private", "selected"}, s.Visibility) {
		return s.Visibility
	}
	return ""
}

// listed reads a page of secrets.
func (c *Client) listed(ctx context.Context, path []string, page int) ([]*github.Secret, *github.Response, error) {
	query := url.Values{"page": {itoa(page)}, "per_page": {itoa(pageSize)}}
	var told github.Secrets
	answer, err := c.do(ctx, http.MethodGet, path, query, nil, &told)
	return told.Secrets, answer, err
}
