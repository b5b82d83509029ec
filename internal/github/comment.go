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

// Comment is the one comment on a pull request that is kept up to date.
type Comment struct {
	Owner, Repository string
	Number            int
	// Marker is how the comment is known again: the first line of Body, which no
	// reader sees.
	Marker, Body string
	// Update changes a comment that is there, and makes none.
	Update bool
}

// longestBody is how long a comment may be, in bytes; GitHub counts 65,536
// characters.
const longestBody = 60 << 10

// Keep writes a comment, or changes the one that an earlier run wrote. It
// reports whether there is one now. What people wrote is never changed, even if
// it begins with the marker.
func (c *Client) Keep(ctx context.Context, n Comment) (there bool, err error) {
	if !isName(n.Owner) || !isName(n.Repository) || n.Number <= 0 {
		return false, ErrName
	}
	id, err := c.comment(ctx, n)
	if err != nil || id == 0 && n.Update {
		return false, err
	}
	body := n.Marker + "\n" + n.Body
	if len(body) > longestBody {
		body = body[:strings.LastIndexByte(body[:longestBody], '\n')+1]
	}
	method, path, status := http.MethodPost, []string{"repos", n.Owner, n.Repository, "issues", itoa(n.Number), "comments"}, http.StatusCreated
	if id != 0 {
		method, path, status = http.MethodPatch, []string{"repos", n.Owner, n.Repository, "issues", "comments", itoa(int(id))}, http.StatusOK
	}
	good := func(answer httpx.Response) bool { return answer.Status == status }
	whole := func(answer httpx.Response) bool {
		members, err := provider.Object(answer)
		return err == nil && provider.Has(members, "id", "body")
	}
	err = c.exchange(ctx, c.wire.Line(method, path...), good, whole, c.call(method, path, map[string]string{"body": body}, nil))
	return err == nil, err
}

// comment finds the oldest comment of a program that begins with the marker; 0
// if there is none.
func (c *Client) comment(ctx context.Context, n Comment) (int64, error) {
	path := []string{"repos", n.Owner, n.Repository, "issues", itoa(n.Number), "comments"}
	found, err := steady(func(page int) (ids map[string]int64, next int, err error) {
		var told []*github.IssueComment
		query := url.Values{"page": {itoa(page)}, "per_page": {itoa(pageSize)}}
		err = c.ask(ctx, path, list, func(ctx context.Context) error {
			answer, failed := c.do(ctx, http.MethodGet, path, query, nil, &told)
			ids, next = map[string]int64{}, nextPage(answer)
			for _, one := range told {
				if one.GetUser().GetType() == "Bot" && strings.HasPrefix(one.GetBody(), n.Marker) && one.GetID() != 0 {
					ids[itoa(int(one.GetID()))] = one.GetID()
				}
			}
			return failed
		})
		return ids, next, err
	})
	if err != nil || len(found) == 0 {
		return 0, err
	}
	return slices.Min(found), nil
}
