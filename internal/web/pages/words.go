package pages

import (
	"cmp"
	"fmt"
	"html/template"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/scanner/report"
)

// tag is a word with a colour.
type tag struct{ Class, Text string }

// words are the functions of the templates.
func (p *Pages) words() template.FuncMap {
	return template.FuncMap{
		"clean": report.Clean, "asset": func(name string) string { return p.assets[name].address },
		"ago": func(t time.Time) string { return ago(p.Now(), t) }, "day": day, "stamp": stamp, "iso": iso,
		"life": lifeTag, "standing": standingTag, "run": runTag, "link": link, "segment": url.PathEscape, "short": short, "plain": plainJSON,
		"count": grouped, "plural": plural, "took": took, "span": span, "reading": readingTag, "hands": handsWords, "waits": waits, "bytes": sized, "argument": func(names ...string) string { return quoted(cmp.Or(names...)) }, "millis": func(n int64) string { return took(time.Duration(n) * time.Millisecond) }, "sum": func(a, b int64) int64 { return a + b },
		"tag": func(class, text string) tag { return tag{class, text} }, "entry": newEntry, "themes": themes,
	}
}

func lifeTag(l records.Life) tag {
	class := map[records.Life]string{
		records.New: "note", records.Known: "", records.Reopened: "critical", records.Fixed: "good", records.Revoked: "good",
		records.Ignored: "hollow", records.Expired: "good",
	}[l]
	return tag{class, string(l)}
}

func standingTag(standing string) tag {
	switch standing {
	case records.Active:
		return tag{"critical", "works"}
	case records.Inactive:
		return tag{"good", "refused"}
	}
	return tag{"warn hollow", "not known"}
}

func runTag(s records.RunState) tag {
	switch s {
	case records.Discovering:
		return tag{"note", "listing repositories"}
	case records.Sweeping:
		return tag{"note", "reading"}
	case records.Concluding:
		return tag{"note", "concluding"}
	case records.Done:
		return tag{"good", "complete"}
	case records.Partial:
		return tag{"warn", "partial"}
	case records.Broken:
		return tag{"critical", "failed"}
	case records.Cancelled:
		return tag{"hollow", "cancelled"}
	}
	return tag{"hollow", string(s)}
}

// outcomeTag says what a run did with a repository.
func outcomeTag(o records.Outcome, complete bool) tag {
	switch {
	case o == records.Failed:
		return tag{"critical", "could not be read"}
	case o == records.Deleted:
		return tag{"hollow", "gone"}
	case !complete:
		return tag{"warn", "not complete"}
	case o == records.Unchanged:
		return tag{"good", "unchanged"}
	}
	return tag{"good", "complete"}
}

// readingTag says how far a repository was read.
func readingTag(r records.Repository) tag {
	switch {
	case r.Covered.IsZero():
		return tag{"hollow", "not read yet"}
	case !r.Complete:
		return tag{"warn", "not complete"}
	}
	return tag{"good", "complete"}
}

// sized writes a number of bytes.
func sized(n int64) string {
	units := []string{"bytes", "KiB", "MiB", "GiB", "TiB"}
	size, unit := float64(n), 0
	for size >= 1024 && unit < len(units)-1 {
		size, unit = size/1024, unit+1
	}
	if unit == 0 {
		return grouped(n) + " bytes"
	}
	return fmt.Sprintf("%.1f %s", size, units[unit])
}

// begun is a sentence with a capital letter, without hidden characters.
func begun(text string) string {
	text = report.Clean(text)
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

// ago says how long ago something was, or in how long it will be.
func ago(now, t time.Time) string {
	d := now.Sub(t)
	form := "%s ago"
	if d < 0 {
		d, form = -d, "in %s"
	}
	if d < 45*time.Second {
		return "just now"
	}
	return fmt.Sprintf(form, span(d))
}

// span is a time of some length in one unit.
func span(d time.Duration) string {
	const day = 24 * time.Hour
	for _, unit := range []struct {
		length, until time.Duration
		name          string
	}{{time.Second, 90 * time.Second, "second"}, {time.Minute, 90 * time.Minute, "minute"}, {time.Hour, 36 * time.Hour, "hour"}, {day, 100_000 * day, "day"}} {
		if d < unit.until {
			n := max(1, int64((d+unit.length/2)/unit.length))
			return plural(n, unit.name)
		}
	}
	return "a long time"
}

// took says how long something took.
func took(d time.Duration) string {
	switch {
	case d < time.Second:
		return strconv.FormatInt(d.Milliseconds(), 10) + " ms"
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
}

func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02")
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

func iso(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// grouped writes a number in groups of three digits.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// plural counts things. A word in -y or -ch is not meant: it is given in full.
func plural(n int64, word string, many ...string) string {
	more := word + "s"
	if len(many) > 0 {
		more = many[0]
	}
	if n == 1 {
		more = word
	}
	return grouped(n) + " " + more
}

// short is the begin of a fingerprint or a digest.
func short(text string) string { return text[:min(len(text), 8)] }

// link returns an address that a person may follow, "" for any other.
func link(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return ""
	}
	return u.String()
}

// unused says how long a key has not been used.
func unused(now, last time.Time) string {
	if now.Sub(last) < 24*time.Hour {
		return "today"
	}
	return ago(now, last)
}

// called is the first of some names that is one.
func called(names ...string) string { return report.Clean(cmp.Or(names...)) }
