package githubsource

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/durable"
)

const (
	// again is how long an interrupted sweep is gone on with; after that it begins
	// anew.
	again = 24 * time.Hour
	// longestNote bounds the files that tell of progress, in bytes.
	longestNote = 64 << 10
)

// copied is what is noted of a copy: when it was last brought up to date, and
// what GitHub told then.
type copied struct {
	At       time.Time `json:"at"`
	Pushed   time.Time `json:"pushed"`
	PullRefs bool      `json:"pullRefs"`
}

// sweepLog is how far the sweep of one place is, kept beside its copies.
type sweepLog struct {
	file     string
	Begun    time.Time `json:"begun"`
	Finished bool      `json:"finished"`
}

// root is the directory below which copies are: of this GitHub, below the mirror,
// or one that is removed.
func (s *Sweep) root() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.options.Mirror == "" {
		var err error
		if s.temp == "" {
			s.temp, err = os.MkdirTemp("", "qleaks-copies-")
		}
		return s.temp, err
	}
	host := "github"
	if u, err := url.Parse(s.options.Client.Site()); err == nil && u.Host != "" {
		host = strings.NewReplacer(":", "+").Replace(strings.ToLower(u.Host))
	}
	dir := filepath.Join(s.options.Mirror, host)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make the directory of copies: %w", err)
	}
	return dir, durable.OS{}.Private(dir)
}

// openLog finds out whether the last sweep of a place was interrupted.
func (s *Sweep) openLog(p Place) (*sweepLog, error) {
	l := &sweepLog{Begun: s.options.Now().UTC()}
	if s.options.Mirror == "" {
		return l, nil
	}
	dir, err := s.root()
	if err != nil {
		return nil, err
	}
	l.file = filepath.Join(dir, strings.ToLower(strings.ReplaceAll(p.String(), "/", "+"))+".sweep.json")
	var last sweepLog
	text, err := durable.ReadWhole(durable.OS{}, l.file, longestNote)
	if err == nil && json.Unmarshal(text, &last) == nil && !last.Finished && !last.Begun.IsZero() && l.Begun.Sub(last.Begun) < again {
		l.Begun = last.Begun
	}
	err = l.write()
	return l, err
}

func (l *sweepLog) write() error {
	if l.file == "" {
		return nil
	}
	text, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("write how far the sweep is: %w", err)
	}
	if err := durable.WriteWhole(durable.OS{}, l.file, text); err != nil {
		return fmt.Errorf("write how far the sweep is: %w", err)
	}
	return nil
}

// has reports whether a copy needs not be brought up to date: this sweep did it
// before it was interrupted, or nothing was pushed since. That a pull request
// came from a fork, or a page of a wiki was changed, GitHub does not count as a
// push.
func (l *sweepLog) has(dir string, now copied, wiki bool) bool {
	if l.file == "" {
		return false
	}
	text, err := durable.ReadWhole(durable.OS{}, dir+".json", longestNote)
	var last copied
	if err != nil || json.Unmarshal(text, &last) != nil || now.PullRefs && !last.PullRefs {
		return false
	}
	return !last.At.Before(l.Begun) && !now.At.Before(last.At) && last.Pushed.Equal(now.Pushed) ||
		!now.PullRefs && !wiki && !now.Pushed.IsZero() && last.Pushed.Equal(now.Pushed)
}

// note notes that a copy is up to date. If it cannot, the next sweep asks again.
func (l *sweepLog) note(dir string, now copied) {
	if l.file == "" {
		return
	}
	if text, err := json.Marshal(now); err == nil {
		_ = durable.WriteWhole(durable.OS{}, dir+".json", text)
	}
}

// finish notes that all was read, and removes what is not kept.
func (s *Sweep) finish(finished bool) error {
	var errs error
	for _, l := range s.logs {
		if l.Finished = finished; finished {
			errs = errors.Join(errs, l.write())
		}
	}
	if finished {
		for _, k := range s.known {
			k.tidy()
		}
	}
	if s.temp != "" {
		errs = errors.Join(errs, os.RemoveAll(s.temp))
	}
	return errs
}
