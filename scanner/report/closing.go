package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/source"
)

// shownSkips is how many things text names for each reason, and shownReasons
// how many reasons.
const (
	shownSkips   = 3
	shownReasons = 10
)

// coverage says what was not read, and why.
func (t *text) coverage(c finding.Coverage) {
	if c.Unread > 0 {
		t.gap()
		t.line(span{bold, "Not read: " + count(c.Unread, "thing", "things")}, span{yellow, " (this scan is not complete)"})
		t.reasons(c, source.Unread)
	}
	if c.Excluded > 0 {
		t.gap()
		t.line(span{bold, "Left out: " + count(c.Excluded, "thing", "things")})
		t.reasons(c, source.Excluded)
	}
	if c.Images > 0 {
		t.gap()
		t.line(span{plain, count(c.Images, "image in a notebook was", "images in notebooks were") + " not looked into."})
	}
}

func (t *text) reasons(c finding.Coverage, outcome source.Outcome) {
	shownOnes := 0
	for _, reason := range c.Reasons {
		if reason.Outcome != outcome {
			continue
		}
		if shownOnes++; shownOnes > shownReasons {
			t.line(span{dim, "  and for more reasons (all in --format json)"})
			return
		}
		t.wrapped("  ", span{plain, reason.Reason + ": " + thousands(reason.Count)})
		t.skips(c, reason)
	}
}

func (t *text) skips(c finding.Coverage, reason finding.Reason) {
	named := int64(0)
	for _, s := range c.Skipped {
		if outcomeOf(s) != reason.Outcome || s.Reason != reason.Reason || s.Path == "" {
			continue
		}
		if named++; named > shownSkips {
			break
		}
		t.line(span{dim, "      " + s.Path})
	}
	if named > 0 && reason.Count > shownSkips {
		t.line(span{dim, "      and " + thousands(reason.Count-shownSkips) + " more"})
	}
}

// summary writes the last line.
func (t *text) summary(r finding.Result) {
	s, c := finding.Summarize(r), r.Coverage
	t.gap()
	if c.Interrupted {
		t.line(span{yellow, "The scan was cut short: there may be more."})
	}
	if r.Below > 0 {
		t.line(span{dim, count(int64(r.Below), "less sure finding is", "less sure findings are") + " not shown (--confidence low shows all)"})
	}
	verdict := []span{{green, "No leaked keys found"}}
	switch {
	case s.Keys > 0:
		verdict = []span{
			{bold, count(int64(s.Keys), "key", "keys") + " in " + count(int64(s.Places), "place", "places")},
			{plain, " · " + confidenceCounts(s)},
		}
	case !c.Complete:
		verdict = []span{{yellow, "No leaked keys found in what was read"}}
	}
	read := volume(c, t.o.Elapsed)
	length := utf8.RuneCountInString(prefixed(" · ", read))
	for _, v := range verdict {
		length += utf8.RuneCountInString(v.text)
	}
	if length > t.width {
		t.line(verdict...)
		t.line(span{plain, read})
		return
	}
	t.line(append(verdict, span{plain, prefixed(" · ", read)})...)
}

func confidenceCounts(s finding.Summary) string {
	sure := oneLine(", ", some(s.High, "high"), some(s.Medium, "medium"), some(s.Low, "low"))
	asked := oneLine(", ", some(s.Active, "still accepted"), some(s.Inactive, "refused by the provider"), some(s.Unanswered, "unknown whether they work"), some(s.Withheld, "sent to nobody"))
	return oneLine(" · ", sure, asked)
}

func some(n int, what string) string {
	if n == 0 {
		return ""
	}
	return thousands(int64(n)) + " " + what
}

// volume says how much was read, and how fast.
func volume(c finding.Coverage, elapsed time.Duration) string {
	var read []string
	if c.Files > 0 {
		read = append(read, count(c.Files, "file", "files"))
	}
	if c.Objects > 0 {
		read = append(read, count(c.Objects, "object", "objects"))
	}
	if c.Bytes > 0 {
		read = append(read, size(c.Bytes))
	}
	words := strings.Join(read, ", ")
	if elapsed > 0 {
		words = oneLine(" ", words, "in "+duration(elapsed))
	}
	return words
}

// count says how many of what: "1 file", "1,204 files".
func count(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return thousands(n) + " " + many
}

func thousands(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// size is a number of bytes in decimal units, with two digits at least.
func size(n int64) string {
	if n < 1000 {
		return count(n, "byte", "bytes")
	}
	value := float64(n)
	for _, unit := range []string{"kB", "MB", "GB"} {
		if value /= 1000; value < 999.5 || unit == "GB" {
			if value < 9.95 {
				return fmt.Sprintf("%.1f %s", value, unit)
			}
			return thousands(int64(value+0.5)) + " " + unit
		}
	}
	return ""
}

func duration(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", max(1, d.Milliseconds()))
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	default:
		d = d.Round(time.Second)
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	}
}
