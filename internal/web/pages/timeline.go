package pages

import (
	"fmt"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/records"
)

// timeline draws what happened to a key: a lane for each kind, from left to right.
type timeline struct {
	Width, Height int
	// From and To are where the key's life begins and ends on its line; Vague says
	// that nobody knows when it was made.
	From, To int
	Vague    bool
	Ticks    []trendDay
	Lanes    []lane
	Words    string
}

type lane struct {
	Y     int
	Text  string
	Kind  string
	Marks []mark
}

type mark struct {
	X     int
	Title string
}

// lanes are the kinds that are drawn, in order, with their words.
func lanes() []lane {
	return []lane{
		{Kind: "made", Text: "made"}, {Kind: "used", Text: "used"}, {Kind: "leaked", Text: "leaked"},
		{Kind: "asked", Text: "asked"}, {Kind: "rotated", Text: "acted on"}, {Kind: "ends", Text: "ends"},
	}
}

// scale places times on a line.
type scale struct {
	first, last time.Time
	left, right int
}

func (s scale) x(at time.Time) int {
	whole := max(s.last.Sub(s.first), time.Hour)
	return s.left + int(float64(s.right-s.left)*float64(at.Sub(s.first))/float64(whole))
}

// ticks are days along a line.
func (s scale) ticks() []trendDay {
	const parts = 4
	var all []trendDay
	for i := range parts + 1 {
		at := s.first.Add(s.last.Sub(s.first) / parts * time.Duration(i))
		all = append(all, trendDay{X: s.x(at), Text: day(at), End: i == parts})
	}
	return all
}

const (
	laneLeft   = 84
	laneHeight = 26
	laneTop    = 30
	drawWidth  = 760
	drawRight  = 748
)

// newTimeline draws events, which are in order; nil if there are none.
func newTimeline(now time.Time, events []event) *timeline {
	if len(events) == 0 {
		return nil
	}
	s := scale{first: events[0].At, last: now, left: laneLeft, right: drawRight}
	for _, e := range events {
		if e.At.After(s.last) && e.At.Before(now.AddDate(1, 0, 0)) {
			s.last = e.At
		}
	}
	t := &timeline{Width: drawWidth, From: laneLeft, To: s.x(now), Vague: true, Ticks: s.ticks()}
	counts := map[string]int{}
	for _, l := range lanes() {
		for _, e := range events {
			if e.Kind != l.Kind || e.At.After(s.last) {
				continue
			}
			counts[l.Kind]++
			x := s.x(e.At)
			if n := len(l.Marks); n > 0 && x-l.Marks[n-1].X < 3 {
				continue // it would hide the one before
			}
			l.Marks = append(l.Marks, mark{X: x, Title: day(e.At) + " " + e.Text})
		}
		if len(l.Marks) == 0 {
			continue
		}
		l.Y = laneTop + laneHeight*len(t.Lanes) + laneHeight/2
		t.Lanes = append(t.Lanes, l)
		if l.Kind == "made" {
			t.From, t.Vague = l.Marks[0].X, false
		}
	}
	for _, e := range events {
		if e.Kind == "gone" {
			t.To = s.x(e.At)
		}
	}
	t.Height = laneTop + laneHeight*len(t.Lanes) + 8
	t.Words = fmt.Sprintf("What happened to the key from %s to %s: used at %d known times, leaked in %d places. The list below has each with its date.",
		day(s.first), day(s.last), counts["used"], counts["leaked"])
	return t
}

// idleDrawing draws for how long a key was not used, at each time: it grows by a
// day each day, and falls to nothing when the key is used.
type idleDrawing struct {
	Width, Height, Base, Left, Right int
	// Line and Area are below the limit and above; Late is the part above it.
	Line, Area string
	Late       []string
	LimitY     int
	Lines      []trendLine
	Ticks      []trendDay
	Words      string
}

// idlePoint is for how many days a key was not used at a time.
type idlePoint struct {
	at   time.Time
	days float64
}

// newIdleDrawing draws from what lists said; nil if none told of use.
func newIdleDrawing(now time.Time, k records.Key, uses []records.Use) *idleDrawing {
	points := idlePoints(now, k, uses)
	if len(points) < 2 {
		return nil
	}
	s := scale{first: points[0].at, last: points[len(points)-1].at, left: 50, right: drawRight}
	d := &idleDrawing{Width: drawWidth, Height: 190, Base: 160, Left: s.left, Right: s.right, Ticks: s.ticks()}
	most := idleAfter.Hours() / 24 * 1.15
	for _, p := range points {
		most = max(most, p.days*1.05)
	}
	y := func(days float64) int { return d.Base - int(float64(d.Base-14)*days/most) }
	step := stepOf(int64(most))
	for n := int64(0); float64(n) <= most; n += step {
		d.Lines = append(d.Lines, trendLine{Y: y(float64(n)), Text: grouped(n)})
	}
	limit := idleAfter.Hours() / 24
	d.LimitY = y(limit)
	var line []string
	for i, p := range points {
		line = append(line, fmt.Sprintf("%d,%d", s.x(p.at), y(p.days)))
		if i == 0 || p.days <= limit || p.days < points[i-1].days {
			continue
		}
		from := points[i-1]
		if from.days < limit {
			from = idlePoint{from.at.Add(time.Duration(float64(p.at.Sub(from.at)) * (limit - from.days) / (p.days - from.days))), limit}
		}
		d.Late = append(d.Late, fmt.Sprintf("%d,%d %d,%d", s.x(from.at), y(from.days), s.x(p.at), y(p.days)))
	}
	d.Line = strings.Join(line, " ")
	d.Area = fmt.Sprintf("%d,%d %s %d,%d", s.left, d.Base, d.Line, s.right, d.Base)
	d.Words = fmt.Sprintf("For how long the key was not used, from %s to %s: %.0f days at the end. The line at %.0f days is where a key counts as unused.",
		day(s.first), day(s.last), points[len(points)-1].days, limit)
	return d
}

// idlePoints are the corners of the line, oldest first. Where lists said nothing of
// use there is none.
func idlePoints(now time.Time, k records.Key, uses []records.Use) (all []idlePoint) {
	add := func(at, since time.Time) {
		all = append(all, idlePoint{at, max(at.Sub(since).Hours()/24, 0)})
	}
	for i, u := range uses {
		since := u.Last
		if since.IsZero() && u.Known {
			since = k.Record.Dates.Created
			if since.IsZero() {
				since = k.First
			}
		}
		if since.IsZero() {
			continue
		}
		// Before this list said so, the key had been idle since the use before, until it
		// was used.
		if n := len(all); n > 0 && since.After(all[n-1].at) {
			before := all[n-1]
			all = append(all, idlePoint{since, before.days + since.Sub(before.at).Hours()/24}, idlePoint{since, 0})
		}
		add(u.At, since)
		until := u.Until
		if i == len(uses)-1 && k.Gone.IsZero() && now.After(until) && now.Sub(until) < 14*24*time.Hour {
			until = now
		}
		if until.After(u.At) {
			add(until, since)
		}
	}
	return all
}
