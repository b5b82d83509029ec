// Package githubsource makes sources of what GitHub keeps: the histories of an
// owner's repositories, copied, and what people wrote beside them.
//
// It is one of the two packages below scanner that reach the network, and the
// only one that is asked to: nothing that finds imports it. What it copies is
// read by the same engine, offline.
package githubsource

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sourcegraph/conc"

	"github.com/qleaks/qleaks/internal/github"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/gitsource"
	"github.com/qleaks/qleaks/scanner/source"
)

// Place is whose repositories are meant, or which one.
type Place struct {
	Owner string
	// Repository is one of the owner's; "" is all of them.
	Repository string
	// Web is where its GitHub is, "" if that was not said.
	Web string
}

// String is OWNER or OWNER/REPOSITORY.
func (p Place) String() string {
	if p.Repository == "" {
		return p.Owner
	}
	return p.Owner + "/" + p.Repository
}

// Parse reads github:OWNER[/REPOSITORY], or the address of a page or of a clone at
// https://github.com or below one of hosts. It reports false for what is
// something else, and an error for what is meant so and is wrong.
func Parse(argument string, hosts ...string) (p Place, ok bool, err error) {
	rest, short := strings.CutPrefix(argument, "github:")
	if !short {
		for _, host := range append(hosts, "https://github.com") {
			below, found := strings.CutPrefix(argument, strings.TrimSuffix(host, "/")+"/")
			if host != "" && found {
				rest, p.Web, ok = strings.TrimSuffix(below, "/"), strings.TrimSuffix(host, "/"), true
				break
			}
		}
		if !ok {
			return Place{}, false, nil
		}
		rest = strings.TrimSuffix(rest, ".git")
	}
	scope, err := github.ParseScope(rest)
	if err != nil {
		return Place{}, true, err
	}
	p.Owner, p.Repository = scope.Owner, scope.Repository
	return p, true, nil
}

// Part is something that belongs to a repository, or to an owner, and can be left
// out. The branches and tags of repositories cannot.
type Part string

// The parts.
const (
	PullRefs Part = "pull-refs" // commits of pull requests, those of forks too
	Wikis    Part = "wikis"
	// Issues are issues and pull requests with all comments, those on lines and on
	// commits too; Reviews what reviewers wrote beside these.
	Issues   Part = "issues"
	Reviews  Part = "reviews"
	Releases Part = "releases"
	// Assets are the files of releases, Logs those of runs, Artifacts what runs left.
	Assets    Part = "assets"
	Logs      Part = "logs"
	Artifacts Part = "artifacts"
	// Variables are those of workflows, of the owner too.
	Variables Part = "variables"
	// Gists are those of the owner, where that is a person: with the person's own
	// token the secret ones, too.
	Gists Part = "gists"
)

// Parts are all of them, DefaultParts those that are read where nobody says.
func Parts() []Part {
	return []Part{PullRefs, Wikis, Issues, Reviews, Releases, Assets, Logs, Artifacts, Variables, Gists}
}

// DefaultParts cost few requests, and download no files.
func DefaultParts() []Part { return []Part{PullRefs, Wikis, Issues, Releases} }

// Options say what to read, and what it may take.
type Options struct {
	Client *github.Client
	Parts  []Part
	// Only reads the parts, and copies nothing.
	Only   bool
	Alerts AlertOptions
	Filter github.Filter
	// Mirror is a directory in which copies are kept for the next time; "" keeps
	// nothing.
	Mirror string
	// MaxBytes is the largest repository that is copied, Timeout how long that may
	// take; zero is what package mirror has.
	MaxBytes int64
	Timeout  time.Duration
	// MaxFile is the largest file that is downloaded; zero is DefaultMaxFile.
	MaxFile int64
	// Patience is how long is waited for where GitHub is busy.
	Patience time.Duration
	// Git opens the copies.
	Git gitsource.Options
	Now func() time.Time
}

// AlertOptions say which alerts of secret scanning are asked for.
type AlertOptions struct {
	// Client asks for them, and remembers no answers; nil asks for none.
	Client *github.Client
	// Words are in lower case: an alert whose kind holds one of them is told,
	// others are counted.
	Words []string
}

// Sweep reads places. Its visits are arrived at in the order in which they are
// listed, and left before the next but a few is arrived at. It is closed at the
// end.
type Sweep struct {
	options Options
	visits  []*Visit
	logs    []*sweepLog
	mu      sync.Mutex // of temp and known
	temp    string
	known   []*knownFiles
	begun   sync.Once
	stop    context.CancelFunc
	ahead   conc.WaitGroup
	slots   chan struct{}
	alerts  alerts
	// conditions are those of RecallFiles, "" if files are not remembered.
	conditions string
}

// copiesAhead is how many copies are made, or wait to be read, at once.
const copiesAhead = 4

// Visit is one thing to read: the history of a repository or of a wiki, or what
// else a repository has.
type Visit struct {
	// Name is how people know it: "acme/lab", "acme/lab wiki".
	Name string
	// Repository is OWNER/NAME.
	Repository string

	log  *sweepLog
	copy copying
	// items are what there is where nothing is copied.
	items source.Source
	web   string
}

// Arrival is what there is to read at a Visit: a repository or items. Notes are
// what cannot be read.
type Arrival struct {
	Repository *gitsource.Repository
	Items      source.Source
	Notes      []*source.ItemError
}

// New makes a Sweep without visits. Its client has asked nothing yet.
func New(o Options) *Sweep {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Sweep{options: o, slots: make(chan struct{}, copiesAhead), stop: func() {}}
	if dir, err := s.root(); err == nil && o.Mirror != "" {
		o.Client.Remember(&answers{dir: filepath.Join(dir, "answers")})
	}
	return s
}

func (s *Sweep) reads(p Part) bool { return slices.Contains(s.options.Parts, p) }

// Add asks what there is at a place, and returns the visits.
func (s *Sweep) Add(ctx context.Context, p Place) ([]*Visit, error) {
	var all []github.Repository
	var err error
	if p.Repository != "" {
		var one github.Repository
		one, err = s.options.Client.Repository(ctx, p.Owner, p.Repository)
		all = []github.Repository{one}
	} else {
		all, err = s.options.Client.Repositories(ctx, p.Owner)
		all = slices.DeleteFunc(all, func(r github.Repository) bool { return !s.options.Filter.Takes(r) })
	}
	if err != nil {
		return nil, err
	}
	log, err := s.openLog(p)
	if err != nil {
		return nil, err
	}
	s.logs = append(s.logs, log)
	var visits []*Visit
	organised, person, err := s.kindOf(ctx, p)
	if err != nil {
		return nil, err
	}
	if person {
		visits = append(visits, &Visit{
			Name: p.Owner + " gists", Repository: p.Owner, log: log, web: s.options.Client.GistSite(),
			items: texts{s, github.Repository{Owner: p.Owner}, Gists},
		})
	}
	if organised {
		visits = append(visits, &Visit{
			Name: p.Owner + " variables", Repository: p.Owner, log: log, web: s.options.Client.Site() + "/organizations/" + p.Owner,
			items: texts{s, github.Repository{Owner: p.Owner}, Variables},
		})
	}
	for _, r := range all {
		if !s.options.Only {
			visits = append(visits, s.history(r, log))
		}
		if r.Wiki && s.reads(Wikis) && !s.options.Only {
			visits = append(visits, s.wiki(r, log))
		}
		for _, p := range Parts() {
			if p != PullRefs && p != Wikis && p != Gists && s.reads(p) {
				visits = append(visits, &Visit{Name: r.FullName() + " " + string(p), Repository: r.FullName(), log: log, items: texts{s, r, p}, web: s.options.Client.Page(r.Owner, r.Name)})
			}
		}
	}
	if s.options.Alerts.Client != nil {
		for _, r := range all {
			visits = append(visits, &Visit{Name: r.FullName() + " " + alertsPart, Repository: r.FullName(), log: log, items: alertsOf{s, r}, web: s.options.Client.Page(r.Owner, r.Name)})
		}
	}
	s.visits = append(s.visits, visits...)
	return visits, nil
}

// kindOf reports whether a place is an organisation with variables to read, or a
// person with gists.
func (s *Sweep) kindOf(ctx context.Context, p Place) (organised, person bool, err error) {
	if p.Repository != "" || !s.reads(Variables) && !s.reads(Gists) {
		return false, false, nil
	}
	person, err = s.options.Client.Person(ctx, p.Owner)
	if err != nil {
		return false, false, err
	}
	return !person && s.reads(Variables), person && s.reads(Gists), nil
}

// Copied reports whether a visit is to a history.
func (v *Visit) Copied() bool { return v.items == nil }

// Listed reports whether a visit is to a list of alerts: there nothing is searched.
func (v *Visit) Listed() bool {
	_, alerts := v.items.(alertsOf)
	return alerts
}

// Arrive waits until a visit's copy is made. The others are made meanwhile.
func (s *Sweep) Arrive(ctx context.Context, v *Visit) (Arrival, error) {
	s.begin(ctx)
	if v.items != nil {
		return Arrival{Items: v.items}, nil
	}
	select {
	case <-v.copy.done:
		return v.copy.arrival, nil
	case <-ctx.Done():
		return Arrival{}, context.Cause(ctx)
	}
}

// Leave ends a visit: its copy is removed, unless it is kept.
func (s *Sweep) Leave(v *Visit) error {
	if v.items != nil {
		return nil
	}
	<-s.slots
	return s.discard(v)
}

// Budget is what GitHub's limit leaves; false if GitHub did not tell.
func (s *Sweep) Budget() (github.Budget, bool) { return s.options.Client.Budget() }

// Close ends the sweep, and says whether all of it was read.
func (s *Sweep) Close(finished bool) error {
	s.stop()
	s.ahead.Wait()
	return s.finish(finished)
}

// Link says where a person sees what was found.
func (v *Visit) Link(f *finding.Finding) {
	for i := range f.Occurrences {
		f.Occurrences[i].URL = v.link(f.Occurrences[i])
	}
}

func (v *Visit) link(o finding.Occurrence) string {
	switch {
	case v.items != nil:
		return v.web + "/" + o.Location.Path
	case o.Git == nil || o.Git.Commit == "":
		return v.web
	case v.copy.wiki:
		return fmt.Sprintf("%s/%s/%s", v.web, url.PathEscape(pageName(o.Location.Path)), o.Git.Commit)
	}
	return v.web + "/commit/" + o.Git.Commit
}

// pageName is how GitHub calls the page of a wiki's file.
func pageName(file string) string {
	name := file[strings.LastIndexByte(file, '/')+1:]
	if i := strings.LastIndexByte(name, '.'); i > 0 {
		name = name[:i]
	}
	return name
}
