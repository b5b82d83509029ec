package githubsource

import (
	"context"
	"iter"
	"strconv"
	"strings"
	"sync"

	"github.com/qleaks/qleaks/internal/github"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/source"
)

// alerts are those of secret scanning that a sweep was told.
type alerts struct {
	mu   sync.Mutex
	told []finding.Alert
	// others counts those of other kinds.
	others int
}

// Alerts are GitHub's own of the repositories that were visited, for keys of
// these providers; others counts those for other secrets.
func (s *Sweep) Alerts() (told []finding.Alert, others int) {
	s.alerts.mu.Lock()
	defer s.alerts.mu.Unlock()
	return append([]finding.Alert{}, s.alerts.told...), s.alerts.others
}

// alertsOf is a Source without items: what it asks for is kept with the sweep.
type alertsOf struct {
	sweep      *Sweep
	repository github.Repository
}

// Items implements source.Source. It yields what could not be asked.
func (a alertsOf) Items(ctx context.Context) iter.Seq2[source.Item, error] {
	return func(yield func(source.Item, error) bool) {
		s, r := a.sweep, a.repository
		for one, err := range s.options.Alerts.Client.Alerts(ctx, r.Owner, r.Name, s.ofKeys) {
			switch {
			case ctx.Err() != nil:
				yield(source.Item{}, context.Cause(ctx))
				return
			case err != nil && github.NoAlerts(err):
				yield(source.Item{}, &source.ItemError{Path: alertsPart, Outcome: source.Excluded, Reason: NoAlerts, Err: err})
				return
			case err != nil:
				yield(source.Item{}, &source.ItemError{Path: alertsPart, Outcome: source.Unread, Reason: why(err), Err: err})
				return
			}
			s.note(r, one)
		}
	}
}

const alertsPart = "alerts"

// NoAlerts is why nothing is known of a repository's alerts: GitHub says the same
// of both.
const NoAlerts = "GitHub has no secret scanning there, or does not show its alerts to the token"

// ofKeys reports whether an alert is for a key of one of the providers, or was
// made by a pattern of this program.
func (s *Sweep) ofKeys(a github.Alert) bool {
	kind := strings.ToLower(a.Type + " " + a.Title)
	for _, word := range s.options.Alerts.Words {
		if strings.Contains(kind, word) {
			return true
		}
	}
	return false
}

func (s *Sweep) note(r github.Repository, a github.Alert) {
	s.alerts.mu.Lock()
	defer s.alerts.mu.Unlock()
	if !s.ofKeys(a) {
		s.alerts.others++
		return
	}
	told := finding.Alert{
		Repository: s.identity(r), Number: a.Number, Title: a.Title, Open: a.Open, Resolution: a.Resolution, Validity: a.Validity,
		Created: a.Created, Bypassed: a.Bypassed,
	}
	if page := s.options.Client.Page(r.Owner, r.Name); page != "" {
		told.URL = page + "/security/secret-scanning/" + strconv.FormatInt(a.Number, 10)
	}
	if told.Title == "" {
		told.Title = a.Type
	}
	for _, p := range a.Places {
		told.Places = append(told.Places, finding.AlertPlace{Path: p.Path, Line: p.Line, Object: p.Object, Commit: p.Commit, Page: p.Page})
	}
	s.alerts.told = append(s.alerts.told, told)
}
