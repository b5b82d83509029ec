package githubsource

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strings"

	"github.com/qleaks/qleaks/internal/github"
	"github.com/qleaks/qleaks/internal/httpx"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/scanner/source"
)

// DefaultMaxFile is the largest file that is downloaded where Options do not
// say, in bytes.
const DefaultMaxFile = 64 << 20

// texts is a Source of a part of a repository that is no history. What cannot be
// read is told in its place.
type texts struct {
	sweep      *Sweep
	repository github.Repository
	part       Part
}

// reading yields what a part has.
func (t texts) reading(ctx context.Context) iter.Seq2[github.Text, error] {
	c, owner, name := t.sweep.options.Client, t.repository.Owner, t.repository.Name
	switch t.part {
	case Issues:
		return c.Issues(ctx, owner, name)
	case Reviews:
		return c.Reviews(ctx, owner, name)
	case Releases:
		return c.Releases(ctx, owner, name, false)
	case Assets:
		return c.Releases(ctx, owner, name, true)
	case Logs:
		return c.Logs(ctx, owner, name)
	case Variables:
		return c.Variables(ctx, owner, name)
	case Gists:
		return c.Gists(ctx, owner)
	default:
		return c.Artifacts(ctx, owner, name)
	}
}

// Items implements source.Source.
func (t texts) Items(ctx context.Context) iter.Seq2[source.Item, error] {
	return func(yield func(source.Item, error) bool) {
		repository := t.sweep.identity(t.repository)
		var known *knownFiles
		if t.part.downloads() {
			known = t.sweep.knownOf(t.repository, t.part)
		}
		for one, err := range t.reading(ctx) {
			if ctx.Err() != nil {
				yield(source.Item{}, context.Cause(ctx))
				return
			}
			if part, ok := errors.AsType[*github.GistError](err); ok {
				if !yield(source.Item{}, &source.ItemError{Path: part.Path, Outcome: source.Unread, Reason: part.Err.Error(), Err: err}) {
					return
				}
				continue
			}
			if err != nil {
				yield(source.Item{}, &source.ItemError{Path: string(t.part), Outcome: source.Unread, Reason: why(err), Err: err})
				return
			}
			item := source.Item{Origin: source.Origin{Path: one.Path, Place: t.part.place(), Repository: repository}}
			if one.File != nil {
				mark := known.mark(one.Path, *one.File)
				if known.spares(mark) {
					continue
				}
				t.file(ctx, &item, *one.File)
				if mark != "" {
					item.Examined = func(clean bool) {
						if clean {
							known.add(mark)
						}
					}
				}
			} else if text := joinedText(one); text != "" {
				item.Size = int64(len(text))
				item.Open = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }
			} else {
				continue
			}
			if !yield(item, nil) {
				return
			}
		}
		if known != nil {
			known.whole = true
		}
	}
}

func joinedText(t github.Text) string {
	if t.Title == "" || t.Body == "" {
		return t.Title + t.Body
	}
	return t.Title + "\n\n" + t.Body
}

// file makes an item of a file, which is downloaded when it is read.
func (t texts) file(ctx context.Context, item *source.Item, f github.File) {
	item.Size = -1
	path := item.Origin.Path
	most := cmp.Or(t.sweep.options.MaxFile, DefaultMaxFile)
	item.Open = func() (io.ReadCloser, error) {
		unread := func(reason string, err error) error {
			return &source.ItemError{Path: path, Outcome: source.Unread, Reason: reason, Err: err}
		}
		switch {
		case f.Expired:
			return nil, unread("GitHub has it no more: it has expired", nil)
		case f.Size > most:
			return nil, unread(fmt.Sprintf("larger than what is downloaded: %d MiB", f.Size>>20), nil)
		}
		content, err := t.sweep.options.Client.Download(ctx, f, most)
		if err != nil {
			if e, ok := errors.AsType[*provider.CallError](err); ok && (e.Status == http.StatusGone || e.Status == http.StatusNotFound) {
				return nil, unread("GitHub has it no more: it has expired, or was deleted", err)
			}
			return nil, unread(why(err), err)
		}
		return content, nil
	}
}

// why puts an error in words that are safe to show.
func why(err error) string {
	missing, ok := errors.AsType[*github.PermissionError](err)
	switch {
	case ok:
		return "the token may not read it: it needs " + missing.Needs
	case errors.Is(err, provider.ErrNotAllowed):
		return "the token may not read it"
	case errors.Is(err, provider.ErrNotFound):
		return "GitHub says that there is no such thing, or does not show it to the token"
	case errors.Is(err, provider.ErrBusy), errors.Is(err, httpx.ErrAskedToWait):
		return "GitHub's limit was reached"
	}
	if e, ok := errors.AsType[*provider.CallError](err); ok {
		return e.Kind.Error()
	}
	return reason(err)
}

// identity names a repository as its copy does.
func (s *Sweep) identity(r github.Repository) string {
	host := "github.com"
	if u, err := url.Parse(s.options.Client.Site()); err == nil && u.Host != "" {
		host = strings.ToLower(u.Hostname())
	}
	return strings.TrimSuffix(host+"/"+r.FullName(), "/")
}

// downloads reports whether a part is of files.
func (p Part) downloads() bool { return p == Assets || p == Logs || p == Artifacts }

// place is what a finding's place is called.
func (p Part) place() source.Place {
	switch p {
	case Issues:
		return source.Issue
	case Reviews:
		return source.Review
	case Releases:
		return source.Release
	case Assets:
		return source.Asset
	case Logs:
		return source.RunLog
	case Variables:
		return source.Variable
	case Gists:
		return source.Gist
	default:
		return source.Artifact
	}
}
