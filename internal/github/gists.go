package github

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/qleaks/qleaks/internal/expression"
	"github.com/qleaks/qleaks/internal/httpx"
	"github.com/qleaks/qleaks/internal/provider"
)

const (
	// mostVersions is how many earlier versions of a gist are read.
	mostVersions = 100
	// longestGist is what GitHub tells of a file of a gist, in bytes.
	longestGist = 1 << 20
)

var gistName = expression.Lazy(`^[0-9A-Za-z]{1,64}$`)

// ErrCut says that GitHub tells only the begin of a file of a gist, or not all of
// its files; ErrVersions that a gist has more earlier versions than are read.
var (
	ErrCut      = errors.New("GitHub tells only a part of this gist")
	ErrVersions = errors.New("the gist has more than 100 earlier versions, and older ones are not read")
)

// GistError is a part of a gist that cannot be read. Others are read all the same.
type GistError struct {
	// Path is that of a Text.
	Path string
	Err  error
}

// Error implements error.
func (e *GistError) Error() string { return e.Path + ": " + e.Err.Error() }

// Unwrap gives the reason to errors.Is.
func (e *GistError) Unwrap() error { return e.Err }

// gistJSON is a gist as the API has it.
type gistJSON struct {
	ID    string `json:"id"`
	Owner struct {
		Login string `json:"login"`
	} `json:"owner"`
	Description string `json:"description"`
	Files       map[string]*struct {
		Content   string `json:"content"`
		Truncated bool   `json:"truncated"`
	} `json:"files"`
	Truncated bool `json:"truncated"`
	History   []struct {
		Version string `json:"version"`
	} `json:"history"`
}

// Gists yields the gists of a person, each file and each earlier version of it:
// the public ones, and with the person's own token the secret ones, too. Paths are
// below the page of gists. A *GistError is among them; any other error is last.
func (c *Client) Gists(ctx context.Context, owner string) iter.Seq2[Text, error] {
	return func(yield func(Text, error) bool) {
		if !isName(owner) {
			yield(Text{}, ErrName)
			return
		}
		path := []string{"users", owner, "gists"}
		if !c.nobody {
			mine, err := c.isMe(ctx, owner)
			if err != nil && !errors.Is(err, provider.ErrNotAllowed) { // an app is nobody
				yield(Text{}, err)
				return
			}
			if mine {
				path = []string{"gists"}
			}
		}
		for g, err := range pagesOf[gistJSON](ctx, c, path, nil) {
			if err == nil && !gistName().MatchString(g.ID) {
				err = c.unexpected(path)
			}
			if err != nil {
				yield(Text{}, err)
				return
			}
			if !c.gist(ctx, owner, g.ID, yield) {
				return
			}
		}
	}
}

// gist yields one gist, newest version first, each text once.
func (c *Client) gist(ctx context.Context, owner, name string, yield func(Text, error) bool) bool {
	newest, err := c.gistAt(ctx, name, "")
	if err != nil {
		yield(Text{}, err)
		return false
	}
	seen := map[string]bool{}
	if !tellGist(newest, owner+"/"+name, seen, yield) {
		return false
	}
	for i, h := range newest.History {
		switch version := word(h.Version); {
		case i == 0: // that was the newest
		case i > mostVersions:
			return yield(Text{}, &GistError{owner + "/" + name, ErrVersions})
		case version == "0":
			return yield(Text{}, &GistError{owner + "/" + name, ErrCut})
		default:
			old, err := c.gistAt(ctx, name, version)
			if err != nil {
				yield(Text{}, err)
				return false
			}
			if !tellGist(old, owner+"/"+name+"/"+version, seen, yield) {
				return false
			}
		}
	}
	return true
}

func (c *Client) gistAt(ctx context.Context, name, version string) (g gistJSON, err error) {
	path := []string{"gists", name}
	if version != "" {
		path = append(path, version)
	}
	whole := func(answer httpx.Response) bool {
		members, err := provider.Object(answer)
		return err == nil && provider.Has(members, "id", "files")
	}
	var raw json.RawMessage
	err = c.ask(ctx, path, whole, c.call(http.MethodGet, path, nil, &raw))
	if err == nil && json.Unmarshal(raw, &g) != nil {
		err = c.unexpected(path)
	}
	return g, err
}

// tellGist yields the files of a version that no newer one has.
func tellGist(g gistJSON, below string, seen map[string]bool, yield func(Text, error) bool) bool {
	if g.Description != "" && !seen[g.Description] {
		seen[g.Description] = true
		if !yield(Text{Path: below, Body: g.Description}, nil) {
			return false
		}
	}
	for _, name := range slices.SortedFunc(maps.Keys(g.Files), cmp.Compare[string]) {
		f := g.Files[name]
		if f == nil {
			continue
		}
		path := below + "#" + url.PathEscape(name)
		if !seen[name+"\x00"+f.Content] {
			seen[name+"\x00"+f.Content] = true
			if !yield(Text{Path: path, Body: f.Content}, nil) {
				return false
			}
		}
		if (f.Truncated || len(f.Content) > longestGist) && !yield(Text{}, &GistError{path, ErrCut}) {
			return false
		}
	}
	return !g.Truncated || yield(Text{}, &GistError{below, ErrCut})
}
