package pages

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/sweep"
)

// overviewView is the first page.
type overviewView struct {
	// Last is the newest run, nil if there was none.
	Last *runView
	Grid []gridRow
	// Open are the open findings, Working those of them whose key works.
	Open, Working, Unknown, Fresh, Over int64
	Trend                               *trend
	Todo                                []todo
	Idle                                []idleKey
}

// gridRow is a line of the table of life and standing.
type gridRow struct {
	Life  records.Life
	Cells []gridCell
}

type gridCell struct {
	Standing string
	Count    int64
}

// standings are what a key can be, the worst first.
func standings() []string { return []string{records.Active, records.Unknown, records.Inactive} }

// Standings are the columns of the table.
func (overviewView) Standings() []string { return standings() }

// todo is one thing that waits for somebody.
type todo struct {
	Class, Text, More string
	Address, Do       string
}

// idleKey is a key with how long it has not been used.
type idleKey struct {
	records.Key

	Since time.Time
	Never bool
}

// idleAfter is after how long without use a key counts as unused.
const idleAfter = 90 * 24 * time.Hour

// overview shows how things stand, and what to do next.
func (p *Pages) overview(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	counts, err := p.Store.Counts(ctx)
	if err != nil {
		return err
	}
	runs, err := p.Store.Runs(ctx, records.Page{Most: trendRuns})
	if err != nil {
		return err
	}
	var v overviewView
	v.count(counts)
	if len(runs) > 0 {
		last, err := p.progressOf(ctx, runs[0])
		if err != nil {
			return err
		}
		v.Last = &last
	}
	v.Trend = newTrend(runs)
	if v.Idle, err = p.idle(r, 6); err != nil {
		return err
	}
	if v.Todo, err = p.todo(r, v); err != nil {
		return err
	}
	return p.show(w, r, "overview", frame{Title: "Overview", Section: "/", View: v})
}

func (v *overviewView) count(counts []records.Count) {
	by := map[string]map[records.Life]int64{}
	for _, c := range counts {
		standing := c.Standing
		if standing != records.Active && standing != records.Inactive {
			standing = records.Unknown
		}
		if by[standing] == nil {
			by[standing] = map[records.Life]int64{}
		}
		by[standing][c.Life] += c.Count
		switch {
		case !c.Life.Open():
			v.Over += c.Count
			continue
		case standing == records.Active:
			v.Working += c.Count
		case standing == records.Unknown:
			v.Unknown += c.Count
		}
		v.Open += c.Count
		if c.Life == records.New || c.Life == records.Reopened {
			v.Fresh += c.Count
		}
	}
	if len(counts) == 0 {
		return
	}
	for _, l := range records.Lives() {
		row := gridRow{Life: l}
		for _, standing := range standings() {
			row.Cells = append(row.Cells, gridCell{standing, by[standing][l]})
		}
		v.Grid = append(v.Grid, row)
	}
}

// idle returns the keys that have not been used longest.
func (p *Pages) idle(r *http.Request, most int) ([]idleKey, error) {
	keys, err := p.Store.IdleKeys(r.Context(), p.Now().Add(-idleAfter), most)
	if err != nil {
		return nil, err
	}
	idle := make([]idleKey, 0, len(keys))
	for _, k := range keys {
		idle = append(idle, idleKey{Key: k, Since: k.IdleSince(), Never: k.Record.Use.Last.IsZero()})
	}
	return idle, nil
}

// todo says what waits for somebody, the most urgent first.
func (p *Pages) todo(r *http.Request, v overviewView) (all []todo, err error) {
	ctx := r.Context()
	if v.Working > 0 {
		all = append(all, todo{"critical", plural(v.Working, "leaked key") + " still " + verb(v.Working, "works", "work"), "Whoever read the repository can run jobs at your cost. Revoke first, then mend.", "/findings?standing=active", "See"})
	}
	plans, err := p.waiting(ctx)
	if err != nil {
		return nil, err
	}
	if plans > 0 {
		all = append(all, todo{"warn", plural(plans, "plan") + " " + verb(plans, "waits", "wait") + " for a second person", "Nothing of a plan happens before somebody else has read it.", "/plans", "Read"})
	}
	if v.Fresh > 0 {
		all = append(all, todo{"warn", plural(v.Fresh, "finding") + " nobody has looked at", "New since the last sweep, or back again.", "/findings", "Decide"})
	}
	incomplete, err := p.Store.Repositories(ctx, records.RepositoryFilter{Incomplete: true}, records.Page{Most: rows + 1})
	if err != nil {
		return nil, err
	}
	unread := slices.DeleteFunc(incomplete, func(r records.Repository) bool { return !r.Gone.IsZero() })
	if n := int64(len(unread)); n > 0 {
		all = append(all, todo{"warn", atLeast(n, "repository", "repositories") + " not read to the end", "What was not read may hold a key. The page of each says what is missing, and why.", "/repositories?incomplete=1", "Look"})
	}
	dead, err := p.Sweeps.Jobs(ctx, sweep.JobsDead, rows+1)
	if err != nil {
		return nil, err
	}
	if n := int64(len(dead)); n > 0 {
		all = append(all, todo{"warn", atLeast(n, "job", "jobs") + " failed to the last", "They stay undone until somebody has them tried again.", "/jobs?state=" + sweep.JobsDead, "Look"})
	}
	if n := int64(len(v.Idle)); n > 0 {
		all = append(all, todo{"note", "Keys lie unused for more than 90 days", "A key that nobody uses is safe to revoke, and cannot leak any more.", "/keys?idle=1", "See"})
	}
	schedules, err := p.Store.Schedules(ctx)
	if err != nil {
		return nil, err
	}
	if v.Last != nil && !slices.ContainsFunc(schedules, func(s records.Schedule) bool { return s.Enabled }) {
		all = append(all, todo{"note", "No sweep is scheduled", "Leaks are found when somebody looks: have it done each night.", "/schedules", "Schedule"})
	}
	return all, nil
}

func verb(n int64, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// atLeast counts what was counted up to rows.
func atLeast(n int64, one, many string) string {
	if n > rows {
		return "More than " + plural(rows, one, many)
	}
	return plural(n, one, many)
}

// totals are the numbers of a run's end.
func totals(r records.Run) (t sweep.Totals, ok bool) {
	err := json.Unmarshal(r.Totals, &t)
	return t, err == nil && len(t.Findings) > 0
}

// byEnd puts runs in the order in which they ended: two that went on at once may end
// in another order than they began.
func byEnd(a, b records.Run) int {
	return cmp.Or(a.Ended.Compare(b.Ended), cmp.Compare(a.Seq, b.Seq))
}
