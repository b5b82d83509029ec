package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/github"
	"github.com/qleaks/qleaks/internal/httpx"
	"github.com/qleaks/qleaks/internal/mirror"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/sweep"
)

const githubPrefix = "github:"

func isGitHub(target string) bool { return strings.HasPrefix(target, githubPrefix) }

// checkGitHub refuses a target that names no owner.
func checkGitHub(target string) error {
	owner, name, one := strings.Cut(strings.TrimPrefix(target, githubPrefix), "/")
	if owner == "" || one && (name == "" || strings.Contains(name, "/")) {
		return wrongUsage(clipped(target)+" names no owner", "github:acme, or github:acme/vqe")
	}
	return nil
}

// cacheOptions say where copies of repositories are kept.
type cacheOptions struct {
	Dir  string
	Size string
	size int64
}

func addCacheFlags(cmd *cobra.Command, o *cacheOptions) {
	cmd.Flags().StringVar(&o.Dir, "cache", "", "keep copies of GitHub's repositories in `DIR` (default: a directory of your own cache)")
	cmd.Flags().StringVar(&o.Size, "cache-size", "20GiB", "delete the copies that were not used longest, beyond this `SIZE`")
}

func (o *cacheOptions) validate() error {
	var ok bool
	if o.size, ok = parseSize(o.Size); !ok {
		return wrongUsage(fmt.Sprintf("--cache-size %s: it must be a size, such as 20GiB", o.Size))
	}
	return nil
}

// elsewhere are the repositories of GitHub and other servers, besides those of
// directories. Without a token there is no client.
type elsewhere struct {
	directories

	client *github.Client
	cache  *copies
	proxy  string
	log    *slog.Logger
}

// hasToken reports whether there is a token for GitHub.
func (o *workerOptions) hasToken(env Env, a access) bool {
	return a.hasCredential(github.Kit().Name) || env.Getenv("GH_TOKEN") != "" || env.Getenv("GITHUB_TOKEN") != ""
}

// checkToken refuses a target that this process cannot ask about.
func (o *workerOptions) checkToken(env Env, target string) error {
	if !isGitHub(target) {
		return nil
	}
	access, err := o.Network.access()
	if err == nil && !o.hasToken(env, access) {
		err = wrongUsage("there is no token for GitHub", "name where it is: --credential github=env:NAME, keychain:NAME and others")
	}
	return err
}

// source makes what knows where repositories are. Without a token there is no
// GitHub, and a sweep of it says so.
func (o *workerOptions) source(ctx context.Context, env Env, talk talkOptions, r reading) (sweep.Source, error) {
	e := elsewhere{directories: directories{r}, proxy: o.Network.Proxy, log: debugLog(env, talk)}
	access, err := o.Network.access()
	if err != nil {
		return nil, err
	}
	dir := o.Cache.Dir
	if dir == "" {
		base, err := env.CacheDir()
		if err != nil {
			return nil, couldNot("cannot find the directory for caches", err, "give --cache a directory")
		}
		dir = filepath.Join(base, "qleaks", "copies")
	}
	e.cache = &copies{dir: dir, size: o.Cache.size, inUse: map[string]int{}}
	if !o.hasToken(env, access) {
		return e, nil
	}
	say := messages{w: env.Stderr, quiet: talk.Quiet}
	config, err := access.github(ctx, env, say, e.log)
	if err != nil {
		return nil, err
	}
	config.Patience = time.Minute // longer waits are for the job, not for its worker
	if e.client, err = github.New(config); err != nil {
		return nil, &problem{code: exitUsage, message: "GitHub cannot be asked", err: err}
	}
	return e, nil
}

var errNoToken = errors.New("this worker has no token for GitHub: --credential github=env:NAME")

// List implements sweep.Source.
func (e elsewhere) List(ctx context.Context, target string) ([]sweep.Listed, error) {
	switch {
	case isGitHub(target):
		return e.listGitHub(ctx, target)
	case isListFile(target):
		return e.listFile(ctx, target)
	case isURL(target):
		return []sweep.Listed{{Name: target, Location: target, URL: target, Look: true}}, nil
	}
	return e.directories.List(ctx, target)
}

// wikiEnding is what Git calls the wiki of a repository behind its name.
const wikiEnding = ".wiki"

// listGitHub lists the repositories of an owner, or one, and their wikis. What has
// changed of each tells Look.
func (e elsewhere) listGitHub(ctx context.Context, target string) (listed []sweep.Listed, err error) {
	if e.client == nil {
		return nil, errNoToken
	}
	owner, name, one := strings.Cut(strings.TrimPrefix(target, githubPrefix), "/")
	var all []github.Repository
	if one {
		var r github.Repository
		r, err = e.client.Repository(ctx, owner, name)
		all = append(all, r)
	} else {
		all, err = e.client.Repositories(ctx, owner)
	}
	if err != nil {
		return nil, later(err)
	}
	for _, r := range all {
		about, err := json.Marshal(map[string]any{"archived": r.Archived, "fork": r.Fork, "visibility": r.Visibility, "branch": r.Branch})
		if err != nil {
			return nil, err
		}
		l := sweep.Listed{
			Name: githubPrefix + r.FullName(), Location: githubPrefix + r.FullName(), URL: e.client.Page(r.Owner, r.Name), About: about, Pushed: r.Pushed, Look: true,
		}
		if one {
			l.Origin = githubPrefix + r.Owner
		}
		listed = append(listed, l)
		if r.Wiki {
			l.Name, l.Location, l.URL = l.Name+wikiEnding, l.Location+wikiEnding, l.URL+"/wiki"
			listed = append(listed, l)
		}
	}
	return listed, nil
}

// later turns a limit of GitHub's into a time at which to come back, and tells what
// comes to the same whenever it is tried: a server that wants another credential, or
// for which nobody vouches.
func later(err error) error {
	status, answered := errors.AsType[*mirror.StatusError](err)
	if call, ok := errors.AsType[*provider.CallError](err); ok && errors.Is(err, provider.ErrBusy) {
		return &sweep.BusyError{After: max(call.RetryAfter, time.Minute)}
	}
	if waits, ok := errors.AsType[*httpx.Error](err); ok && waits.RetryAfter > 0 {
		return &sweep.BusyError{After: waits.RetryAfter}
	}
	if answered && (status.Status == http.StatusTooManyRequests || status.RetryAfter > 0) {
		return &sweep.BusyError{After: max(status.RetryAfter, time.Minute)}
	}
	if errors.Is(err, httpx.ErrUntrusted) || answered && (status.Status == http.StatusUnauthorized || status.Status == http.StatusForbidden) {
		return fmt.Errorf("%w: %w", sweep.ErrUnreadable, err)
	}
	return err
}

// upstream is where a repository is that is elsewhere.
type upstream struct {
	url  string
	open mirror.Opener
	// branch is the default one, "" if that is not known.
	branch string
	// wiki may not be there although its repository has one.
	wiki bool
}

// upstream returns where a repository is fetched from; false for a directory.
func (e elsewhere) upstream(r records.Repository) (upstream, bool, error) {
	if !isGitHub(r.Location) {
		if !isURL(r.Location) {
			return upstream{}, false, nil
		}
		open, err := e.opener(r.Location)
		return upstream{url: r.Location, open: open}, true, err
	}
	if e.client == nil {
		return upstream{}, true, errNoToken
	}
	owner, name, _ := strings.Cut(strings.TrimPrefix(r.Location, githubPrefix), "/")
	page := e.client.Page(owner, name)
	if u, err := url.Parse(page); err != nil || u.Host == "" {
		return upstream{}, true, errors.New("the address of GitHub's pages is not known")
	}
	at := upstream{url: page + ".git", open: e.client.Git(owner, name), wiki: strings.HasSuffix(name, wikiEnding)}
	if at.wiki {
		at.branch = "master"
		return at, true, nil
	}
	var about struct {
		Branch string `json:"branch"`
	}
	_ = json.Unmarshal(r.About, &about) // what is not told is guessed
	at.branch = about.Branch
	return at, true, nil
}

// Look implements sweep.Looker: a repository is as it was while every ref is, those
// of pull requests too.
func (e elsewhere) Look(ctx context.Context, r records.Repository) (string, error) {
	at, _, err := e.upstream(r)
	if err != nil {
		return "", err
	}
	refs, err := mirror.Refs(ctx, at.open)
	switch {
	case mirror.Absent(err) && at.wiki, errors.Is(err, httpx.ErrRedirected) && at.wiki:
		return sweep.Nothing, nil // no page was ever written
	case mirror.Absent(err):
		return "", sweep.ErrGone
	case err != nil:
		return "", later(err)
	}
	return "refs " + refs, nil
}

// Fetch implements sweep.Source.
func (e elsewhere) Fetch(ctx context.Context, r records.Repository) (sweep.Copy, error) {
	at, is, err := e.upstream(r)
	if err != nil {
		return sweep.Copy{}, err
	}
	if !is {
		return e.directories.Fetch(ctx, r)
	}
	dir, done, err := e.cache.use(r.Seq)
	if err != nil {
		return sweep.Copy{}, err
	}
	_, err = mirror.Update(ctx, mirror.Options{Dir: dir, URL: at.url, Open: at.open, Head: at.branch, PullRequests: true})
	if err != nil {
		done()
		if mirror.Absent(err) {
			return sweep.Copy{}, sweep.ErrGone
		}
		return sweep.Copy{}, later(err)
	}
	return sweep.Copy{Dir: dir, Own: true, Done: done}, nil
}

func isDirectory(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
