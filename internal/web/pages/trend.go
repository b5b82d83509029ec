package pages

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/records"
)

// trendRuns is over how many runs the trend goes.
const trendRuns = 60

// trend is a drawing of the open findings after each run: those whose key works
// below, those of which nobody knows on top of them.
type trend struct {
	Width, Height, Base int
	Working, Unknown    string
	Lines               []trendLine
	Days                []trendDay
	Points              []trendPoint
	// Words say what the drawing shows, for those who do not see it.
	Words string
}

type trendLine struct {
	Y    int
	Text string
}

type trendDay struct {
	X    int
	Text string
	End  bool
}

// trendPoint is what one run came to.
type trendPoint struct {
	Run              int64
	At               time.Time
	Working, Unknown int64
}

// newTrend draws runs that have ended; nil if there are fewer than two.
func newTrend(runs []records.Run) *trend {
	var points []trendPoint
	for _, r := range slices.SortedFunc(slices.Values(runs), byEnd) {
		t, ok := totals(r)
		if !ok || r.Ended.IsZero() {
			continue
		}
		point := trendPoint{Run: r.Seq, At: r.Ended}
		for _, c := range t.Findings {
			switch {
			case !c.Life.Open():
			case c.Standing == records.Active:
				point.Working += c.Count
			default:
				point.Unknown += c.Count
			}
		}
		points = append(points, point)
	}
	if len(points) < 2 {
		return nil
	}
	t := &trend{Width: 720, Height: 190, Base: 160, Points: points}
	t.draw()
	return t
}

// draw places the runs by time, so that a pause looks like one.
func (t *trend) draw() {
	const left, right, top = 44, 12, 14
	first, last := t.Points[0].At, t.Points[len(t.Points)-1].At
	whole := max(last.Sub(first), time.Minute)
	var most int64
	for _, p := range t.Points {
		most = max(most, p.Working+p.Unknown)
	}
	step := stepOf(most)
	ceiling := max(step, (most+step-1)/step*step)
	x := func(at time.Time) int {
		return left + int(float64(t.Width-left-right)*float64(at.Sub(first))/float64(whole))
	}
	y := func(n int64) int { return t.Base - int(float64(t.Base-top)*float64(n)/float64(ceiling)) }
	for n := int64(0); n <= ceiling; n += step {
		t.Lines = append(t.Lines, trendLine{Y: y(n), Text: grouped(n)})
	}
	t.Days = []trendDay{{X: left, Text: day(first)}, {X: t.Width - right, Text: day(last), End: true}}
	var working, lower, upper []string
	for _, p := range t.Points {
		lower = append(lower, fmt.Sprintf("%d,%d", x(p.At), y(p.Working)))
		upper = append(upper, fmt.Sprintf("%d,%d", x(p.At), y(p.Working+p.Unknown)))
	}
	working = append(working, lower...)
	working = append(working, fmt.Sprintf("%d,%d", x(last), t.Base), fmt.Sprintf("%d,%d", left, t.Base))
	slices.Reverse(lower)
	t.Working, t.Unknown = strings.Join(working, " "), strings.Join(append(upper, lower...), " ")
	a, b := t.Points[0], t.Points[len(t.Points)-1]
	t.Words = fmt.Sprintf("Open findings after each of %d runs, from %s to %s: keys that work went from %d to %d, keys of which nobody knows from %d to %d.",
		len(t.Points), day(first), day(last), a.Working, b.Working, a.Unknown, b.Unknown)
}

// stepOf is the distance of lines: one, two or five times a power of ten, such that
// there are at most five.
func stepOf(most int64) int64 {
	for ten := int64(1); ; ten *= 10 {
		for _, n := range []int64{1, 2, 5} {
			if n*ten*4 >= most {
				return n * ten
			}
		}
	}
}
