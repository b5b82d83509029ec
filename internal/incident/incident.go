// Package incident tells what happened after a key leaked: when it came into a
// repository, since when others could see it, what ran in that time, what of it
// is unlike its owner, and what is queued now.
//
// No provider tells which key a job came with. So everything that ran where the
// key works is told, with what sets a job apart from those before the leak, and
// a person decides.
package incident

import (
	"cmp"
	"slices"
	"time"

	"github.com/qleaks/qleaks/internal/hygiene"
	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
)

// Facts is what an incident is told from.
type Facts struct {
	Now  time.Time
	Case *hygiene.Case
	// Exposure is what is known of how far the value came.
	Exposure Exposure
	// Asked says that the provider was asked for jobs; without it, that there are
	// none says nothing.
	Asked    bool
	Jobs     []provider.Job
	Sessions []provider.Session
	// Before is from when on jobs were asked for, to learn the owner's habit.
	Before time.Time
	// Others are the other keys of the lists of the same provider: who has a key
	// can make another one, and that one stays.
	Others []*inventory.Entry
	// Gaps are what is not known and should be, in clauses for people.
	Gaps []string
}

// Exposure is since when others could see a value.
type Exposure struct {
	// Committed is when the first commit with it was made, by whom and which.
	Committed time.Time `json:"committed,omitzero"`
	Commit    string    `json:"commit,omitempty"`
	By        string    `json:"by,omitempty"`
	Path      string    `json:"path,omitempty"`
	// Pushed is the first push that brought it, and how that is known; unless
	// PushedSure, the first that can have brought it.
	Pushed     time.Time `json:"pushed,omitzero"`
	PushedHow  string    `json:"pushedHow,omitempty"`
	PushedSure bool      `json:"pushedSure,omitempty"`
	// Remote is when a remote held it at the latest; it was pushed before.
	Remote    time.Time `json:"remote,omitzero"`
	RemoteHow string    `json:"remoteHow,omitempty"`
	// Public is since when everybody may have seen it; Private says that the
	// repository is known not to be public.
	Public    time.Time `json:"public,omitzero"`
	PublicHow string    `json:"publicHow,omitempty"`
	Private   bool      `json:"private,omitempty"`
}

// Since is from when on a use may be a thief's: the earliest time when others
// could have seen the value, else when it was committed.
func (e Exposure) Since() time.Time {
	var known []time.Time
	for _, t := range []time.Time{e.Public, e.Pushed} {
		if !t.IsZero() {
			known = append(known, t)
		}
	}
	if len(known) == 0 {
		return e.Committed
	}
	return slices.MinFunc(known, time.Time.Compare)
}

// Told is an incident, as reports show it.
type Told struct {
	Facts

	Since time.Time
	Habit Habit
	// Window are the jobs since the leak, oldest first, with what sets each apart.
	Window []Noted
	// Made are the keys that were made since the leak in the same account, oldest
	// first.
	Made []*inventory.Entry
	// Queued are those that wait or run now.
	Queued []provider.Job
	Sum    Sum
}

// Noted is a job with what is unlike the owner's habit.
type Noted struct {
	provider.Job

	Unlike []string
}

// Sum is what the jobs of the window come to.
type Sum struct {
	Jobs  int   `json:"jobs"`
	Shots int64 `json:"shots"`
	// Ran is how long they ran, as far as the provider tells.
	Ran   time.Duration `json:"-"`
	Costs []key.Amount  `json:"costs"`
	// Unlike counts the jobs that something sets apart, NoCost those whose cost
	// is not known.
	Unlike int `json:"unlike"`
	NoCost int `json:"noCost"`
}

// Tell puts an incident together.
func Tell(f Facts) Told {
	t := Told{Facts: f, Since: f.Exposure.Since()}
	jobs := slices.Clone(f.Jobs)
	slices.SortStableFunc(jobs, func(a, b provider.Job) int {
		return cmp.Or(a.Times.Submitted.Compare(b.Times.Submitted), cmp.Compare(a.ID, b.ID))
	})
	var before []provider.Job
	for _, j := range jobs {
		if j.Pending {
			t.Queued = append(t.Queued, j)
		}
		if !t.Since.IsZero() && !j.Times.Submitted.IsZero() && j.Times.Submitted.Before(t.Since) {
			before = append(before, j)
		}
	}
	t.Habit = learn(before)
	for _, j := range jobs {
		// A job whose time is not known may be of the window.
		if !t.Since.IsZero() && !j.Times.Submitted.IsZero() && j.Times.Submitted.Before(t.Since) {
			continue
		}
		t.Window = append(t.Window, Noted{Job: j, Unlike: t.Habit.unlike(j)})
	}
	t.Sum = sum(t.Window)
	t.Made = t.made()
	return t
}

// made looks for keys of the same account that are younger than the leak.
func (t Told) made() []*inventory.Entry {
	var young []*inventory.Entry
	account := t.Case.Key().Account.ID
	for _, e := range t.Others {
		same := account == "" || e.Key.Account.ID == "" || e.Key.Account.ID == account
		if e != t.Case.Entry && e.Key.Provider == t.Case.Provider && same && !t.Since.IsZero() && e.Key.Dates.Created.After(t.Since) {
			young = append(young, e)
		}
	}
	slices.SortStableFunc(young, func(a, b *inventory.Entry) int { return a.Key.Dates.Created.Compare(b.Key.Dates.Created) })
	return young
}

func sum(window []Noted) Sum {
	s := Sum{Jobs: len(window), Costs: []key.Amount{}}
	for _, j := range window {
		s.Shots += j.Shots
		s.Ran += j.Times.Ran
		if len(j.Unlike) > 0 {
			s.Unlike++
		}
		if j.Cost.Unit == "" {
			s.NoCost++
			continue
		}
		i := slices.IndexFunc(s.Costs, func(a key.Amount) bool { return a.Unit == j.Cost.Unit })
		if i < 0 {
			s.Costs = append(s.Costs, key.Amount{Unit: j.Cost.Unit})
			i = len(s.Costs) - 1
		}
		s.Costs[i].Value += j.Cost.Value
	}
	return s
}

// Exposed gathers from the places of a case when the value came into a history.
func Exposed(c *hygiene.Case) Exposure {
	var e Exposure
	for _, p := range c.Leaks() {
		if !p.Since.IsZero() && (e.Committed.IsZero() || p.Since.Before(e.Committed)) {
			e.Committed, e.Commit, e.By, e.Path = p.Since, p.Commit, p.By, p.Path
		}
	}
	return e
}
