package github

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/qleaks/qleaks/internal/provider"
)

// Text is something that people wrote beside a repository, or that was made by
// one of its runs.
type Text struct {
	// Path is where a person sees it, below the repository's page:
	// "issues/12#issuecomment-345".
	Path string
	// Title and Body are what is written. A file has none.
	Title, Body string
	// File is where the content is to be had; nil of a text.
	File *File
}

// File is something that is downloaded.
type File struct {
	// Path is that of the request, Accept what it asks for.
	Path   []string
	Accept string
	// Size in bytes, -1 if it is not told. Expired says that GitHub has it no more.
	Size    int64
	Expired bool
	// Version changes when the content does; "" where GitHub does not tell, or the
	// content may still grow.
	Version string
}

// Disabled reports whether an error says that a repository has no such thing:
// people can switch off issues, for instance.
func Disabled(err error) bool {
	e, ok := errors.AsType[*provider.CallError](err)
	return ok && e.Status == http.StatusGone
}

// told is what is read of an element of any of the lists.
type told struct {
	ID          int64           `json:"id"`
	Number      int             `json:"number"`
	Title       string          `json:"title"`
	Name        string          `json:"name"`
	Body        string          `json:"body"`
	Tag         string          `json:"tag_name"`
	Pull        json.RawMessage `json:"pull_request"`
	IssueURL    string          `json:"issue_url"`
	PullURL     string          `json:"pull_request_url"`
	Commit      string          `json:"commit_id"`
	Attachments []attached      `json:"assets"`
	artifact
}

// attached is a file of a release.
type attached struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	Size int64  `json:"size"`
	version
}

// version is what tells one content of a file from the next.
type version struct {
	Updated string `json:"updated_at"`
	Digest  string `json:"digest"`
	// Attempt and Status are those of a run.
	Attempt int64  `json:"run_attempt"`
	Status  string `json:"status"`
}

// of is the version of a file with a size, "" where GitHub does not tell when it
// changed.
func (v version) of(size int64) string {
	if v.Updated == "" {
		return ""
	}
	return strings.Join([]string{v.Updated, v.Digest, id(v.Attempt), id(size)}, " ")
}

// artifact is what only artifacts and runs have.
type artifact struct {
	version

	Size    *int64 `json:"size_in_bytes"`
	Expired bool   `json:"expired"`
	Run     struct {
		ID int64 `json:"id"`
	} `json:"workflow_run"`
}

// Issues yields issues and pull requests, and the comments on them, on lines of
// pull requests, and on commits. An error is last.
func (c *Client) Issues(ctx context.Context, owner, name string) iter.Seq2[Text, error] {
	old := url.Values{"sort": {"created"}, "direction": {"asc"}}
	all := url.Values{"state": {"all"}, "sort": {"created"}, "direction": {"asc"}}
	return joined(
		c.texts(ctx, repositoryPath(owner, name, "issues"), all, "", func(t told) Text {
			kind := "issues/"
			if len(t.Pull) > 0 && string(t.Pull) != "null" {
				kind = "pull/"
			}
			return Text{Path: kind + itoa(t.Number), Title: t.Title, Body: t.Body}
		}),
		c.texts(ctx, repositoryPath(owner, name, "issues", "comments"), old, "", func(t told) Text {
			return Text{Path: "issues/" + last(t.IssueURL) + "#issuecomment-" + id(t.ID), Body: t.Body}
		}),
		c.texts(ctx, repositoryPath(owner, name, "pulls", "comments"), old, "", func(t told) Text {
			return Text{Path: "pull/" + last(t.PullURL) + "#discussion_r" + id(t.ID), Body: t.Body}
		}),
		c.texts(ctx, repositoryPath(owner, name, "comments"), nil, "", func(t told) Text {
			return Text{Path: "commit/" + word(t.Commit) + "#commitcomment-" + id(t.ID), Body: t.Body}
		}),
	)
}

// Reviews yields what reviewers of pull requests wrote beside their comments; it
// takes a request for each pull request.
func (c *Client) Reviews(ctx context.Context, owner, name string) iter.Seq2[Text, error] {
	pulls := c.texts(ctx, repositoryPath(owner, name, "pulls"), url.Values{"state": {"all"}, "sort": {"created"}, "direction": {"asc"}}, "", func(t told) Text {
		return Text{Path: itoa(t.Number)}
	})
	return func(yield func(Text, error) bool) {
		for pull, err := range pulls {
			if err != nil {
				yield(Text{}, err)
				return
			}
			for t, err := range c.texts(ctx, repositoryPath(owner, name, "pulls", pull.Path, "reviews"), nil, "", func(t told) Text {
				return Text{Path: "pull/" + pull.Path + "#pullrequestreview-" + id(t.ID), Body: t.Body}
			}) {
				if !yield(t, err) || err != nil {
					return
				}
			}
		}
	}
}

// Releases yields releases, and their files if those are wanted.
func (c *Client) Releases(ctx context.Context, owner, name string, files bool) iter.Seq2[Text, error] {
	return func(yield func(Text, error) bool) {
		for t, err := range c.elements(ctx, repositoryPath(owner, name, "releases"), nil, "") {
			if err != nil {
				yield(Text{}, err)
				return
			}
			tag := url.PathEscape(t.Tag)
			if !files && !yield(Text{Path: "releases/tag/" + tag, Title: t.Name, Body: t.Body}, nil) {
				return
			}
			for _, a := range t.Attachments {
				file := &File{Path: repositoryPath(owner, name, "releases", "assets", id(a.ID)), Accept: "application/octet-stream", Size: max(a.Size, -1), Version: a.version.of(a.Size)}
				if files && !yield(Text{Path: "releases/download/" + tag + "/" + url.PathEscape(a.Name), File: file}, nil) {
					return
				}
			}
		}
	}
}

// Logs yields the logs of runs of workflows, Artifacts what runs left.
func (c *Client) Logs(ctx context.Context, owner, name string) iter.Seq2[Text, error] {
	return c.texts(ctx, repositoryPath(owner, name, "actions", "runs"), nil, "workflow_runs", func(t told) Text {
		file := &File{Path: repositoryPath(owner, name, "actions", "runs", id(t.ID), "logs"), Size: -1}
		if t.Status == "completed" {
			file.Version = t.version.of(-1)
		}
		return Text{Path: "actions/runs/" + id(t.ID), File: file}
	})
}

// Artifacts is described at Logs.
func (c *Client) Artifacts(ctx context.Context, owner, name string) iter.Seq2[Text, error] {
	return c.texts(ctx, repositoryPath(owner, name, "actions", "artifacts"), nil, "artifacts", func(t told) Text {
		size := int64(-1)
		if t.Size != nil {
			size = max(*t.Size, -1)
		}
		file := &File{Path: repositoryPath(owner, name, "actions", "artifacts", id(t.ID), "zip"), Size: size, Expired: t.Expired, Version: t.version.of(size)}
		return Text{Path: "actions/runs/" + id(t.Run.ID) + "/artifacts/" + id(t.ID), File: file}
	})
}

func repositoryPath(owner, name string, more ...string) []string {
	return append([]string{"repos", owner, name}, more...)
}

func sortTexts(all []Text) {
	slices.SortFunc(all, func(a, b Text) int { return strings.Compare(a.Path, b.Path) })
}

func id(n int64) string { return strconv.FormatInt(n, 10) }

// last is the number at the end of an address, "0" where there is none: it goes
// into paths.
func last(address string) string {
	n, err := strconv.ParseUint(address[strings.LastIndexByte(address, '/')+1:], 10, 63)
	if err != nil {
		return "0"
	}
	return strconv.FormatUint(n, 10)
}

// word is an id of Git, "0" for what is none.
func word(s string) string {
	if s == "" || len(s) > 64 || strings.Trim(s, "0123456789abcdef") != "" {
		return "0"
	}
	return s
}

// joined yields one sequence after the other. What is disabled has nothing.
func joined(all ...iter.Seq2[Text, error]) iter.Seq2[Text, error] {
	return func(yield func(Text, error) bool) {
		for _, one := range all {
			for t, err := range one {
				if Disabled(err) {
					break
				}
				if !yield(t, err) || err != nil {
					return
				}
			}
		}
	}
}

// texts yields what is made of the elements of a list.
func (c *Client) texts(ctx context.Context, path []string, query url.Values, member string, of func(told) Text) iter.Seq2[Text, error] {
	return func(yield func(Text, error) bool) {
		for t, err := range c.elements(ctx, path, query, member) {
			if err != nil {
				yield(Text{}, err)
				return
			}
			if !yield(of(t), nil) {
				return
			}
		}
	}
}

// elements yields the elements of a list, the member of an object or the answer
// itself, page by page.
func (c *Client) elements(ctx context.Context, path []string, query url.Values, member string) iter.Seq2[told, error] {
	return func(yield func(told, error) bool) {
		whole := list
		if member != "" {
			whole = has(member)
		}
		for page, pages := 1, 0; page != 0; pages++ {
			var raw json.RawMessage
			next := 0
			err := c.ask(ctx, path, whole, func(ctx context.Context) error {
				asked := url.Values{"page": {itoa(page)}, "per_page": {itoa(pageSize)}}
				maps.Copy(asked, query)
				answer, failed := c.do(ctx, http.MethodGet, path, asked, nil, &raw)
				next = nextPage(answer)
				return failed
			})
			var all []told
			if err == nil {
				all, err = decoded(raw, member)
			}
			if err == nil && (next != 0 && next <= page || pages >= mostPages) {
				err = c.unexpected(path)
			}
			if err != nil {
				if errors.Is(err, errList) {
					err = c.unexpected(path)
				}
				yield(told{}, err)
				return
			}
			for _, t := range all {
				if !yield(t, nil) {
					return
				}
			}
			page = next
		}
	}
}

var errList = errors.New("the list is none")

// decoded reads a page. An element without a number and an id is none.
func decoded(raw json.RawMessage, member string) ([]told, error) {
	if member != "" {
		var members map[string]json.RawMessage
		if json.Unmarshal(raw, &members) != nil {
			return nil, errList
		}
		raw = members[member]
	}
	var all []told
	if !bytes.HasPrefix(bytes.TrimSpace(raw), []byte("[")) || json.Unmarshal(raw, &all) != nil {
		return nil, errList
	}
	for _, t := range all {
		if t.ID <= 0 {
			return nil, errList
		}
	}
	return all, nil
}
