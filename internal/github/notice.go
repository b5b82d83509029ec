package github

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/google/go-github/v60/github"

	"github.com/qleaks/qleaks/internal/httpx"
	"github.com/qleaks/qleaks/internal/provider"
)

// Notice is the one issue about something that is kept up to date.
type Notice struct {
	Owner, Repository string
	// Marker is how the issue is known again: the first line of its body, which no
	// reader sees.
	Marker      string
	Title, Body string
	// Open says whether there is something to do. Without it an issue that is there
	// is closed, and none is made.
	Open bool
}

// NoticeLabel is the label of these issues. People without a role in a repository
// cannot set it.
const NoticeLabel = "qleaks"

// longestTitle is how long a title may be, in characters.
const longestTitle = 256

// Post writes an issue, or changes the one that is there. It returns its number, 0
// if there is none. The token needs Issues: write. What people wrote beside it is
// never changed.
func (c *Client) Post(ctx context.Context, n Notice) (int, error) {
	if !isName(n.Owner) || !isName(n.Repository) || n.Marker == "" || strings.Contains(n.Marker, "\n") {
		return 0, ErrName
	}
	known, err := c.notice(ctx, n)
	if err != nil || known == nil && !n.Open {
		return 0, err
	}
	body := n.Marker + "\n" + n.Body
	if len(body) > longestBody {
		body = body[:strings.LastIndexByte(body[:longestBody], '\n')+1]
	}
	title := []rune(n.Title)
	sent := map[string]any{"title": string(title[:min(len(title), longestTitle)]), "body": body}
	method, path, status := http.MethodPost, []string{"repos", n.Owner, n.Repository, "issues"}, http.StatusCreated
	if known == nil {
		sent["labels"] = []string{NoticeLabel}
	} else {
		state := map[bool]string{true: "open", false: "closed"}[n.Open]
		if known.GetTitle() == sent["title"] && known.GetBody() == body && known.GetState() == state {
			return known.GetNumber(), nil
		}
		sent["state"] = state
		method, path, status = http.MethodPatch, append(path, itoa(known.GetNumber())), http.StatusOK
	}
	var told github.Issue
	good := func(answer httpx.Response) bool { return answer.Status == status }
	whole := func(answer httpx.Response) bool {
		members, err := provider.Object(answer)
		return err == nil && provider.Has(members, "number", "title", "labels")
	}
	err = c.exchange(ctx, c.wire.Line(method, path...), good, whole, c.call(method, path, sent, &told))
	if err == nil && !labelled(&told) {
		// It could not be found again, and each digest would make another.
		err = &provider.CallError{Request: c.wire.Line(method, path...), Status: status, Kind: provider.ErrNotAllowed}
	}
	return told.GetNumber(), err
}

func labelled(i *github.Issue) bool {
	return slices.ContainsFunc(i.Labels, func(l *github.Label) bool { return l.GetName() == NoticeLabel })
}

// notice finds the oldest issue with the label that begins with the marker and was
// written by somebody who belongs to the repository, or by a program; nil if there
// is none.
func (c *Client) notice(ctx context.Context, n Notice) (*github.Issue, error) {
	path := []string{"repos", n.Owner, n.Repository, "issues"}
	found, err := steady(func(page int) (map[string]*github.Issue, int, error) {
		var told []*github.Issue
		next := 0
		ours := map[string]*github.Issue{}
		query := url.Values{"page": {itoa(page)}, "per_page": {itoa(pageSize)}, "labels": {NoticeLabel}, "state": {"all"}}
		err := c.ask(ctx, path, list, func(ctx context.Context) error {
			answer, failed := c.do(ctx, http.MethodGet, path, query, nil, &told)
			next = nextPage(answer)
			for _, i := range told {
				if i.GetNumber() > 0 && !i.IsPullRequest() && labelled(i) && belongs(i) && strings.HasPrefix(i.GetBody(), n.Marker+"\n") {
					ours[itoa(i.GetNumber())] = i
				}
			}
			return failed
		})
		return ours, next, err
	})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return slices.MinFunc(found, func(a, b *github.Issue) int { return a.GetNumber() - b.GetNumber() }), nil
}

func belongs(i *github.Issue) bool {
	return i.GetUser().GetType() == "Bot" || slices.Contains([]string{"OWNER", "MEMBER", "COLLABORATOR"}, i.GetAuthorAssociation())
}
