package auditreport

import (
	"time"

	"github.com/qleaks/qleaks/internal/hygiene"
)

// Sizes of the drawing, in its own units.
const (
	timeLeft   = 230
	timeWidth  = 700
	rowHeight  = 26
	timeTop    = 34
	shownName  = 30
	maxKeys    = 60
	monthTicks = 8
)

// timeline draws the lives of keys: from when they were made until now, with
// what happened to them.
type timeline struct {
	Width, Height, Left, Right, Base int
	Rows                             []timeRow
	Ticks                            []tick
	// More counts the keys that are not drawn.
	More int
}

type timeRow struct {
	Name, Full   string
	Y            int
	From, To     int
	Marks        []mark
	Unknown      bool
	LabelY, Grid int
}

// mark is something that happened.
type mark struct {
	X     int
	Kind  string // leaked, used, asked, expires
	Title string
}

type tick struct {
	X    int
	Text string
}

func newTimeline(r Report) timeline {
	var t timeline
	begin, end := span(r)
	if begin.IsZero() {
		return t
	}
	x := func(at time.Time) int {
		at = clamp(at, begin, end)
		return timeLeft + int(float64(timeWidth)*float64(at.Sub(begin))/float64(end.Sub(begin)))
	}
	for _, c := range r.Known.Cases {
		if len(t.Rows) == maxKeys {
			t.More++
			continue
		}
		t.Rows = append(t.Rows, newTimeRow(c, timeTop+len(t.Rows)*rowHeight, x, begin, r.Known.Now))
	}
	t.Left, t.Right, t.Width = timeLeft, timeLeft+timeWidth, timeLeft+timeWidth+20
	t.Base = timeTop + len(t.Rows)*rowHeight
	t.Height = t.Base + 10
	t.Ticks = ticks(begin, end, x)
	return t
}

// span is from the first thing that happened until now, at least a month.
func span(r Report) (begin, end time.Time) {
	end = r.Known.Now
	for _, c := range r.Known.Cases {
		for _, at := range append(happened(c), c.Key().Dates.Created) {
			if !at.IsZero() && (begin.IsZero() || at.Before(begin)) {
				begin = at
			}
		}
	}
	if begin.IsZero() {
		return begin, end
	}
	if latest := end.AddDate(0, -1, 0); begin.After(latest) {
		begin = latest
	}
	// A commit may claim any date: five years are enough to see something.
	if earliest := end.AddDate(-5, 0, 0); begin.Before(earliest) {
		begin = earliest
	}
	return begin, end
}

func happened(c *hygiene.Case) []time.Time {
	var all []time.Time
	for _, p := range c.Leaks() {
		all = append(all, p.Since)
	}
	return append(all, c.Key().Use.Last)
}

func clamp(at, begin, end time.Time) time.Time {
	switch {
	case at.Before(begin):
		return begin
	case at.After(end):
		return end
	}
	return at
}

func newTimeRow(c *hygiene.Case, y int, x func(time.Time) int, begin, now time.Time) timeRow {
	k := c.Key()
	row := timeRow{Name: clip(titled(c)), Full: titled(c), Y: y + rowHeight/2, LabelY: y + rowHeight/2 + 4, From: x(begin), To: x(now)}
	if k.Dates.Created.IsZero() {
		row.Unknown = true
	} else {
		row.From = x(k.Dates.Created)
	}
	for _, p := range c.Leaks() {
		if !p.Since.IsZero() {
			row.Marks = append(row.Marks, mark{x(p.Since), "leaked", "leaked on " + day(p.Since) + " in " + p.Path})
		}
	}
	if !k.Use.Last.IsZero() {
		row.Marks = append(row.Marks, mark{x(k.Use.Last), "used", "last used on " + day(k.Use.Last)})
	}
	if said, asked := c.Status(); !asked.IsZero() {
		row.Marks = append(row.Marks, mark{x(asked), "asked", string(said) + " when asked on " + day(asked)})
	}
	return row
}

func clip(s string) string {
	for i := range s {
		if i > shownName {
			return s[:i] + "…"
		}
	}
	return s
}

// ticks are about eight dates, at the first of a month.
func ticks(begin, end time.Time, x func(time.Time) int) []tick {
	months := int(end.Sub(begin).Hours()/24/30)/monthTicks + 1
	var all []tick
	for at := time.Date(begin.Year(), begin.Month()+1, 1, 0, 0, 0, 0, time.UTC); at.Before(end); at = at.AddDate(0, months, 0) {
		all = append(all, tick{x(at), at.Format("Jan 2006")})
	}
	return all
}
