package githubsource

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sourcegraph/conc/pool"

	"github.com/qleaks/qleaks/internal/github"
	"github.com/qleaks/qleaks/internal/httpx"
	"github.com/qleaks/qleaks/internal/mirror"
	"github.com/qleaks/qleaks/scanner/gitsource"
	"github.com/qleaks/qleaks/scanner/source"
)

// copying is a copy that is made, or was.
type copying struct {
	repository github.Repository
	// name is the repository's as Git has it.
	name string
	wiki bool
	// done is closed when arrival is what it came to.
	done    chan struct{}
	arrival Arrival
	dir     string
}

func (s *Sweep) history(r github.Repository, log *sweepLog) *Visit {
	return &Visit{
		Name: r.FullName(), Repository: r.FullName(), log: log, web: s.options.Client.Page(r.Owner, r.Name),
		copy: copying{repository: r, name: r.Name, done: make(chan struct{})},
	}
}

func (s *Sweep) wiki(r github.Repository, log *sweepLog) *Visit {
	return &Visit{
		Name: r.FullName() + " wiki", Repository: r.FullName(), log: log, web: s.options.Client.Page(r.Owner, r.Name) + "/wiki",
		copy: copying{repository: r, name: r.Name + ".wiki", wiki: true, done: make(chan struct{})},
	}
}

// begin starts to make copies, in the order of the visits, some at once.
func (s *Sweep) begin(ctx context.Context) {
	s.begun.Do(func() {
		ahead, stop := context.WithCancel(ctx)
		s.stop = stop
		s.ahead.Go(func() {
			workers := pool.New().WithMaxGoroutines(copiesAhead)
			defer workers.Wait()
			for _, v := range s.visits {
				if v.items != nil {
					continue
				}
				select {
				case s.slots <- struct{}{}:
				case <-ahead.Done():
					return
				}
				workers.Go(func() {
					defer close(v.copy.done)
					v.copy.arrival = s.make(ahead, v)
				})
			}
		})
	})
}

// make makes a copy and opens it.
func (s *Sweep) make(ctx context.Context, v *Visit) Arrival {
	c := &v.copy
	var err error
	if c.dir, err = s.place(c.repository.Owner, c.name); err != nil {
		return unread(v, "there is no place for a copy", err)
	}
	most := s.options.MaxBytes
	if most == 0 {
		most = mirror.DefaultMaxBytes
	}
	if !c.wiki && c.repository.Size > most {
		return unread(v, fmt.Sprintf("larger than what is copied: about %d MiB", c.repository.Size>>20), nil)
	}
	state := copied{Pushed: c.repository.Pushed, PullRefs: s.reads(PullRefs) && !c.wiki, At: s.options.Now().UTC()}
	if !v.log.has(c.dir, state, c.wiki) {
		if err := s.update(ctx, v, state.PullRefs, most); err != nil {
			return s.missed(v, err)
		}
		v.log.note(c.dir, state)
	}
	options := s.options.Git
	options.Root = c.dir
	if c.arrival.Repository, err = gitsource.Discover(c.dir, options); err != nil {
		return unread(v, "the copy cannot be opened", err)
	}
	return c.arrival
}

// update makes one copy, again where GitHub is busy or away for a moment.
func (s *Sweep) update(ctx context.Context, v *Visit, pulls bool, most int64) error {
	c := &v.copy
	deadline := time.Now().Add(s.options.Patience)
	for attempt := 0; ; attempt++ {
		_, err := mirror.Update(ctx, mirror.Options{
			Dir: c.dir, URL: s.options.Client.Page(c.repository.Owner, c.name) + ".git", Open: s.options.Client.Git(c.repository.Owner, c.name),
			Head: c.repository.Branch, PullRequests: pulls, MaxBytes: most, Timeout: s.options.Timeout,
		})
		wait := time.Second << min(attempt, 6)
		if after, busy := passing(err); !busy {
			return err
		} else if after > wait {
			wait = after
		}
		if time.Now().Add(wait).After(deadline) {
			return err
		}
		if ended := httpx.Sleep(ctx, wait); ended != nil {
			return ended
		}
	}
}

// passing reports whether it may be worth to ask again, and after what time.
func passing(err error) (time.Duration, bool) {
	if e, ok := errors.AsType[*mirror.StatusError](err); ok {
		return e.RetryAfter, e.Status == http.StatusTooManyRequests || e.Status >= 500 || e.Status == http.StatusForbidden && e.RetryAfter > 0
	}
	if e, ok := errors.AsType[*httpx.Error](err); ok {
		for _, kind := range []error{httpx.ErrTimeout, httpx.ErrUnreachable, httpx.ErrBroken, httpx.ErrTruncated, httpx.ErrUnresolved, httpx.ErrAskedToWait} {
			if errors.Is(e, kind) {
				return e.RetryAfter, true
			}
		}
	}
	return 0, false
}

// missed says why there is no copy. A wiki without a page has no repository.
func (s *Sweep) missed(v *Visit, err error) Arrival {
	if v.copy.wiki && mirror.Absent(err) {
		return Arrival{}
	}
	e, answered := errors.AsType[*mirror.StatusError](err)
	switch {
	case !answered:
		return unread(v, reason(err), err)
	case e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden:
		return unread(v, fmt.Sprintf("GitHub does not let it be copied (status %d): the token needs contents=read", e.Status), err)
	case mirror.Absent(err):
		return unread(v, "GitHub says that there is no such repository, or does not show it to the token", err)
	case e.Status == http.StatusUnavailableForLegalReasons:
		return unread(v, "GitHub keeps it closed for legal reasons", err)
	}
	return unread(v, err.Error(), err)
}

// reason is the kind of an error, without what it wraps.
func reason(err error) string {
	if e, ok := errors.AsType[*httpx.Error](err); ok {
		return e.Kind.Error()
	}
	return err.Error()
}

func unread(v *Visit, why string, err error) Arrival {
	return Arrival{Notes: []*source.ItemError{{Path: v.Name, Outcome: source.Unread, Reason: why, Err: err}}}
}

// place is the directory of a copy.
func (s *Sweep) place(owner, name string) (string, error) {
	dir, err := s.root()
	if err != nil {
		return "", err
	}
	dir = filepath.Join(dir, strings.ToLower(owner))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make the directory of copies: %w", err)
	}
	return filepath.Join(dir, strings.ToLower(name)+".git"), nil
}

// discard removes a copy that is not kept.
func (s *Sweep) discard(v *Visit) error {
	if s.options.Mirror != "" || v.copy.dir == "" {
		return nil
	}
	return mirror.Remove(v.copy.dir)
}
