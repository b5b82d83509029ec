package github

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"slices"

	"github.com/google/go-github/v60/github"

	"github.com/qleaks/qleaks/internal/provider"
)

// Variables yields the variables of workflows, whose values everybody who may
// read them sees: of a repository and its environments, or of an organisation
// where name is "". An error is last.
func (c *Client) Variables(ctx context.Context, owner, name string) iter.Seq2[Text, error] {
	return func(yield func(Text, error) bool) {
		at := []string{"orgs", owner}
		var environments []string
		if name != "" {
			at = repositoryPath(owner, name)
			var err error
			// Without environments there are none of their variables.
			if environments, err = c.environments(ctx, owner, name); err != nil && !errors.Is(err, provider.ErrNotFound) {
				yield(Text{}, err)
				return
			}
		}
		const page, agents = "settings/variables/actions#", "settings/variables/agents#"
		if !c.variablesOf(ctx, slices.Concat(at, []string{"actions", "variables"}), page, yield) {
			return
		}
		if !c.agentVariables(ctx, slices.Concat(at, []string{"agents", "variables"}), agents, yield) {
			return
		}
		for _, e := range environments {
			if !c.variablesOf(ctx, slices.Concat(at, []string{"environments", e, "variables"}), page+url.PathEscape(e)+"/", yield) {
				return
			}
		}
	}
}

// agentVariables yields the variables of agents. Where GitHub knows no agents,
// there are none.
func (c *Client) agentVariables(ctx context.Context, path []string, below string, yield func(Text, error) bool) bool {
	known := true
	more := c.variablesOf(ctx, path, below, func(t Text, err error) bool {
		known = !errors.Is(err, provider.ErrNotFound)
		return !known || yield(t, err)
	})
	return more || !known
}

// variablesOf yields one list, and reports whether to go on.
func (c *Client) variablesOf(ctx context.Context, path []string, below string, yield func(Text, error) bool) bool {
	found, err := steady(func(page int) (named map[string]Text, next int, err error) {
		err = c.ask(ctx, path, has("variables"), func(ctx context.Context) error {
			var all github.ActionsVariables
			answer, failed := c.do(ctx, http.MethodGet, path, url.Values{"page": {itoa(page)}, "per_page": {itoa(mostVariables)}}, nil, &all)
			named, next = map[string]Text{}, nextPage(answer)
			for _, v := range all.Variables {
				if v == nil || v.Name == "" {
					return provider.ErrUnexpected
				}
				named[v.Name] = Text{Path: below + url.PathEscape(v.Name), Body: v.Name + "=" + v.Value}
			}
			return failed
		})
		return named, next, err
	})
	if err != nil {
		yield(Text{}, err)
		return false
	}
	sortTexts(found)
	for _, t := range found {
		if !yield(t, nil) {
			return false
		}
	}
	return true
}

// mostVariables is the most that a page may have.
const mostVariables = 30
