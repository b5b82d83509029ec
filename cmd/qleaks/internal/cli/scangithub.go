package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/qleaks/qleaks/internal/durable"
	"github.com/qleaks/qleaks/internal/github"
	"github.com/qleaks/qleaks/internal/httpx"
	"github.com/qleaks/qleaks/internal/mirror"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/githubsource"
	"github.com/qleaks/qleaks/scanner/source"
)

// githubOptions say what of GitHub is read. No file says any of it: it could be
// one of what is scanned.
type githubOptions struct {
	// Allowed says that the command reads what is elsewhere.
	Allowed bool
	URL     string
	// App is ID=FILE, the GitHub App to ask as.
	App    string
	Mirror string
	With   []string
	// Only reads what With names, and no history.
	Only bool
	// Alerts has GitHub's own alerts told beside the findings.
	Alerts  bool
	Filter  github.Filter
	Since   string
	Largest string
	Timeout time.Duration
	// Patience is how long GitHub is waited for where it is busy, in all.
	Patience time.Duration
}

const (
	// limitPatience is more than the hour after which GitHub's limit begins anew.
	limitPatience = 75 * time.Minute
	partsAll      = "all"
	partsNone     = "none"
)

func addGitHubScanFlags(cmd *cobra.Command, o *githubOptions) {
	o.Allowed = true
	f := cmd.Flags()
	f.StringVar(&o.URL, "github-url", "", "with github:OWNER: the GitHub Enterprise at `URL`")
	f.StringVar(&o.App, "github-app", "", "ask as the GitHub App `ID=FILE`: its id, and the file with its private key, which only you can read")
	f.StringVar(&o.Mirror, "mirror", "", "keep the copies of GitHub's repositories in `DIR`, with a ledger: the next scan reads what is new, and goes on where this one was interrupted")
	f.StringSliceVar(&o.With, "with", partNames(githubsource.DefaultParts()), "of GitHub, read branches and tags, and `PART`: "+strings.Join(partNames(githubsource.Parts()), ", ")+", all, none")
	f.BoolVar(&o.Alerts, "with-alerts", false, "tell the alerts of GitHub's own secret scanning, and which of them are found here")
	f.StringSliceVar(&o.Filter.Include, "repos", nil, "of an owner's repositories, take those whose name fits `GLOB`")
	f.StringSliceVar(&o.Filter.Exclude, "skip-repos", nil, "leave out those whose name fits `GLOB`")
	f.StringSliceVar(&o.Filter.Topics, "topic", nil, "take those that have the `TOPIC`")
	f.BoolVar(&o.Filter.NoArchived, "no-archived", false, "leave out archived ones")
	f.BoolVar(&o.Filter.NoForks, "no-forks", false, "leave out forks")
	f.StringVar(&o.Since, "pushed-since", "", "take those to which was pushed in this `TIME`, such as 90d")
	f.StringVar(&o.Largest, "max-repo", "8GiB", "copy none that is larger than `SIZE`")
	f.DurationVar(&o.Timeout, "repo-timeout", mirror.DefaultTimeout, "give up a copy after `SO LONG`")
	f.DurationVar(&o.Patience, "patience", limitPatience, "wait `SO LONG` at most where GitHub's limit is reached")
	completeWords(cmd, "with", append(partNames(githubsource.Parts()), partsAll, partsNone)...)
}

func partNames(parts []githubsource.Part) (names []string) {
	for _, p := range parts {
		names = append(names, string(p))
	}
	return names
}

// parts are those that --with names.
func (o githubOptions) parts() (parts []githubsource.Part, err error) {
	for _, name := range o.With {
		switch {
		case name == partsAll:
			return githubsource.Parts(), nil
		case name == partsNone && len(o.With) == 1:
			return nil, nil
		case !slices.Contains(githubsource.Parts(), githubsource.Part(name)):
			known := append(partNames(githubsource.Parts()), partsAll, partsNone)
			return nil, wrongUsage(fmt.Sprintf("--with %q is not one of %s", clipped(name), strings.Join(known, ", ")), didYouMean(name, known)...)
		}
		parts = append(parts, githubsource.Part(name))
	}
	return parts, nil
}

// remote is a target that is not on this computer yet.
type remote struct {
	sweep *githubsource.Sweep
	visit *githubsource.Visit
}

// away are the places of GitHub among the PATHs, and what else is among them.
func (o *scanOptions) away() (places []githubsource.Place, here []string, err error) {
	if o.Home || o.located != nil {
		return nil, o.Paths, nil
	}
	for _, p := range o.Paths {
		place, ok, err := githubsource.Parse(p, o.GitHub.URL)
		switch {
		case err != nil:
			return nil, nil, wrongUsage(withoutCredentials(p)+": "+err.Error(), "such as github:acme, github:acme/vqe, or https://github.com/acme")
		case ok:
			places = append(places, place)
		default:
			here = append(here, p)
		}
	}
	return places, here, nil
}

// validateGitHub says what does not go together with places of GitHub.
func (o *scanOptions) validateGitHub() error {
	places, _, err := o.away()
	if err != nil {
		return err
	}
	if len(places) == 0 {
		for _, name := range []string{"github-url", "github-app", "mirror", "with", "with-alerts", "repos", "skip-repos", "topic", "no-archived", "no-forks", "pushed-since", "max-repo", "repo-timeout", "patience"} {
			if o.Origins[name] == fromFlag {
				return wrongUsage("--"+name+" is for what GitHub keeps", "name that: qleaks scan github:OWNER")
			}
		}
		return nil
	}
	switch {
	case !o.GitHub.Allowed:
		return wrongUsage("this command reads what is on this computer", "for what GitHub keeps: qleaks scan "+o.Paths[0])
	case o.Reading.NoHistory:
		return wrongUsage("--no-history leaves nothing to read of GitHub's repositories")
	case o.Reading.Selecting.any():
		return wrongUsage(o.Reading.Selecting.flag()+" is for repositories on this computer", "to read only what is new: --mirror DIR")
	case o.Remedy.On:
		return wrongUsage("--remediate reads without any credential of yours, and GitHub is read with one",
			"in two steps: qleaks scan "+o.Paths[0]+" --verify --json -o report.json, then qleaks remediate plan --report report.json")
	}
	if _, err := o.GitHub.parts(); err != nil {
		return err
	}
	if wrong := o.GitHub.Filter.Validate(); wrong != "" {
		return wrongUsage(fmt.Sprintf("%q is no pattern of names", clipped(wrong)))
	}
	if o.GitHub.Mirror != "" && o.Reading.Ledger == "" {
		o.Reading.Ledger = filepath.Join(o.GitHub.Mirror, "ledger")
	}
	o.Verifying.away = true
	return nil
}

// locateGitHub asks GitHub what there is at places, and makes targets of it.
func (r *scanRun) locateGitHub(ctx context.Context, places []githubsource.Place) ([]target, error) {
	sweep, err := r.newSweep(ctx, places)
	if err != nil {
		return nil, err
	}
	var targets []target
	for _, p := range places {
		visits, err := sweep.Add(ctx, p)
		if err != nil {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			return nil, couldNot("GitHub does not tell what "+p.String()+" has", err, githubListHints(err)...)
		}
		histories := 0
		for _, v := range visits {
			if v.Copied() {
				histories++
			}
			targets = append(targets, target{Label: v.Name, kind: objectsOnly, prefix: v.Name, remote: &remote{sweep, v}})
		}
		if !r.options.GitHub.Only {
			r.say.note("%s: %s to read", p.String(), plural(histories, "history"))
		}
	}
	return targets, nil
}

// newSweep makes a sweep of places, which are all of one GitHub.
func (r *scanRun) newSweep(ctx context.Context, places []githubsource.Place) (*githubsource.Sweep, error) {
	o := r.options.GitHub
	network := r.options.Verifying.Network
	if o.URL != "" {
		api, err := github.API(o.URL)
		if err != nil {
			return nil, wrongUsage("--github-url: it is https:// and a host, such as https://github.acme.example")
		}
		network.Endpoints = append(slices.Clone(network.Endpoints), "github="+api)
	}
	access, err := network.access()
	if err != nil {
		return nil, err
	}
	client, err := r.gitHubClient(ctx, access, places)
	if err != nil {
		return nil, err
	}
	client.OnWait(func(wait time.Duration) {
		r.say.note("GitHub's limit is reached: waiting for %s", wait.Round(time.Second))
	})
	access.tell(github.Kit(), r.say)
	settings := githubsource.Options{Client: client, Only: o.Only, Filter: o.Filter, Timeout: o.Timeout, Patience: max(o.Patience, 1), Now: r.env.Now}
	if settings.Parts, err = o.parts(); err != nil {
		return nil, err
	}
	if o.Since != "" {
		age, err := parseTime(o.Since)
		if err != nil {
			return nil, wrongUsage("--pushed-since: " + err.Error())
		}
		settings.Filter.Since = r.begin.Add(-age)
	}
	var ok bool
	if settings.MaxBytes, ok = parseSize(o.Largest); !ok || settings.MaxBytes <= 0 {
		return nil, wrongUsage("--max-repo " + clipped(o.Largest) + ": it must be a size, such as 8GiB")
	}
	if settings.Mirror = o.Mirror; o.Mirror != "" && !filepath.IsAbs(o.Mirror) {
		cwd, err := r.env.Getwd()
		if err != nil {
			return nil, couldNot("the current directory is not known", err)
		}
		settings.Mirror = filepath.Join(cwd, o.Mirror)
	}
	// A copy is not untrusted as a directory: who wrote it is the git of this
	// program, which gave each object its id.
	settings.Git = r.options.Reading.git("")
	settings.Git.GlobalExcludes = ""
	for _, p := range places {
		if p.Web != "" && p.Web != client.Site() {
			return nil, wrongUsage(withoutCredentials(p.Web)+" is not the GitHub that is asked", "name one: --github-url "+withoutCredentials(p.Web))
		}
	}
	settings.Alerts, err = r.alertOptions(ctx, access, places)
	return githubsource.New(settings), err
}

// gitHubClient asks as an app, with a token, or as nobody.
func (r *scanRun) gitHubClient(ctx context.Context, a access, places []githubsource.Place) (*github.Client, error) {
	o := r.options.GitHub
	if o.App == "" {
		config, err := a.githubOrNobody(ctx, r.env, r.say, r.log)
		if err != nil {
			return nil, err
		}
		config.Patience = max(o.Patience, 1)
		return gitHubOr(github.Public(config))
	}
	id, file, ok := strings.Cut(o.App, "=")
	if !ok || file == "" {
		return nil, wrongUsage("--github-app is ID=FILE: the app's id, and the file with its private key")
	}
	for _, p := range places {
		if p.Owner != places[0].Owner {
			return nil, wrongUsage("an app has a token for each owner", "one owner at a time: qleaks scan github:"+places[0].Owner)
		}
	}
	if err := (durable.OS{}).PrivateFile(file); err != nil {
		return nil, &problem{code: exitUsage, message: "cannot use the app's private key in " + file, err: rootCause(err), hints: []string{"only you may read it: chmod 600"}}
	}
	key, err := durable.ReadWhole(durable.OS{}, file, longestAppKey)
	if err != nil {
		return nil, &problem{code: exitUsage, message: "cannot read the app's private key in " + file, err: rootCause(err)}
	}
	defer clear(key)
	config := provider.Config{Origins: a.origins[github.Kit().Name], Proxy: a.options.Proxy, Log: r.log, Patience: max(o.Patience, 1)}
	app, err := github.NewApp(config, id, key, r.env.Now)
	if err != nil {
		return nil, &problem{code: exitUsage, message: "cannot ask as the app", err: err}
	}
	if err := app.Install(ctx, places[0].Owner); err != nil {
		return nil, couldNot("the app is not installed at "+places[0].Owner+", or does not get in", err,
			"look at its id, at its key, and at https://github.com/apps; its clock may be wrong, too")
	}
	return gitHubOr(github.As(config, app))
}

// longestAppKey is more than a private key takes, in bytes.
const longestAppKey = 16 << 10

func gitHubOr(c *github.Client, err error) (*github.Client, error) {
	if err != nil {
		return nil, &problem{code: exitUsage, message: "GitHub cannot be asked", err: err}
	}
	return c, nil
}

// githubOrNobody is github, or nobody's question where there is no token.
func (a access) githubOrNobody(ctx context.Context, env Env, say messages, log *slog.Logger) (provider.Config, error) {
	named := a.hasCredential(github.Kit().Name) || len(a.origins[github.Kit().Name]) > 0
	if named || env.Getenv("GH_TOKEN") != "" || env.Getenv("GITHUB_TOKEN") != "" {
		return a.github(ctx, env, say, log)
	}
	say.note("asking GitHub as nobody: it shows what is public, and answers 60 requests an hour")
	say.hint("if you are logged in with gh: --credential \"github=cmd:gh auth token\"")
	return provider.Config{Proxy: a.options.Proxy, Log: log}, nil
}

// githubListHints says what to do where GitHub does not list.
func githubListHints(err error) []string {
	switch {
	case errors.Is(err, provider.ErrRefused):
		return []string{"the token may have ended: gh auth status, or make another one"}
	case errors.Is(err, provider.ErrNotFound):
		return []string{"GitHub says \"not found\" of what the token may not see, too: look at the name, and at what the token may"}
	case errors.Is(err, provider.ErrNotAllowed):
		return []string{"a fine-grained token or an app needs the permission to read Metadata and Contents; docs/github.md lists what each part needs"}
	case errors.Is(err, provider.ErrBusy), errors.Is(err, httpx.ErrAskedToWait):
		return []string{"GitHub's limit begins anew within an hour: --patience 75m waits for it"}
	}
	return nil
}

// abroad yields what is found in a target that is elsewhere, and where a person
// sees it.
func (w *walk) abroad(ctx context.Context, t target) stream {
	return func(yield func(finding.Finding, error) bool) {
		arrival, err := t.remote.sweep.Arrive(ctx, t.remote.visit)
		if err != nil {
			yield(finding.Finding{}, err)
			return
		}
		t.repository, t.notes = arrival.Repository, arrival.Notes
		if arrival.Items != nil {
			t.kind, t.items, t.prefix = remoteItems, arrival.Items, t.remote.visit.Repository
		}
		more := true
		for f, err := range w.here(ctx, t) {
			t.remote.visit.Link(&f)
			if more = yield(f, err); !more {
				break
			}
		}
		if err := t.remote.sweep.Leave(t.remote.visit); err != nil && more {
			yield(finding.Finding{}, &source.ItemError{Path: t.Label, Outcome: source.Excluded, Reason: "its copy could not be removed", Err: err})
		}
	}
}

// comeBack ends what was begun elsewhere.
func (r *scanRun) comeBack(whole bool) {
	var last *githubsource.Sweep
	for _, t := range r.targets {
		if t.remote == nil || t.remote.sweep == last {
			continue
		}
		last = t.remote.sweep
		if n := last.Spared(); n > 0 {
			r.say.note("%s not downloaded again: read before, unchanged, and nothing was in them", plural(n, "file"))
		}
		if b, ok := last.Budget(); ok {
			r.say.note("GitHub's limit: %s of %s are left until %s UTC", grouped(int64(b.Remaining)), plural(b.Limit, "request"), b.Reset.Format("15:04"))
		}
		if err := last.Close(whole); err != nil {
			r.say.warning("copies of repositories could not be removed: %v", rootCause(err))
		}
	}
}
