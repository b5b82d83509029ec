package sweepreport

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/scanner/report"
)

//go:embed report.html.tmpl
var htmlPage string

// shown is how many rows of a list the page has: beyond that nobody reads, and the
// json format has them.
const shown = 500

// htmlView is what the page shows. It asks for nothing: no script, no font, no
// picture from elsewhere.
type htmlView struct {
	Title, Period string
	Cards         []htmlCard
	Controls      []Control
	Lives         []htmlLife
	Lists         []htmlList
	Cut           []string
}

type htmlCard struct{ Number, Words, Class string }

type htmlLife struct {
	Life  records.Life
	Count int64
	// Share is the width of its bar in percent of the largest.
	Share int64
}

// htmlList is one table.
type htmlList struct {
	Title, Empty string
	Columns      []string
	Rows         []htmlRow
	// More counts rows that are not shown.
	More int
}

type htmlRow struct {
	Cells []string
	// Class marks rows that somebody has to look at.
	Class string
}

func writeHTML(w io.Writer, r Report, _ Options) error {
	page, err := template.New("report").Funcs(template.FuncMap{"clean": report.Clean}).Parse(htmlPage)
	if err != nil {
		return err
	}
	return page.Execute(w, newView(r))
}

func newView(r Report) htmlView {
	v := htmlView{Title: "Leaked and idle keys", Cut: r.Cut, Controls: r.Controls, Cards: cards(r)}
	v.Period = "from " + day(r.Since) + " to " + minute(r.Made)
	if r.Run > 0 {
		v.Period = fmt.Sprintf("sweep %d, %s", r.Run, minute(r.Since))
	}
	var largest int64 = 1
	for _, n := range r.Numbers.Lives {
		largest = max(largest, n)
	}
	for _, l := range records.Lives() {
		n := r.Numbers.Lives[l]
		v.Lives = append(v.Lives, htmlLife{l, n, n * 100 / largest})
	}
	v.Lists = []htmlList{openList(r), overList(r), keyList(r), decisionList(r), coverageList(r), runList(r), actionList(r)}
	return v
}

func cards(r Report) []htmlCard {
	n := r.Numbers
	class := func(bad bool, word string) string {
		if bad {
			return word
		}
		return "good"
	}
	all := []htmlCard{
		{strconv.FormatInt(n.Active, 10), "open, and the key works", class(n.Active > 0, "critical")},
		{strconv.FormatInt(n.Open, 10), "findings open", class(n.Open > 0, "high")},
		{strconv.FormatInt(n.Unasked, 10), "of them not asked about", class(n.Unasked > 0, "medium")},
		{fmt.Sprintf("%d of %d", n.Whole, n.Repositories), "repositories read to their end", class(n.Whole < n.Repositories, "medium")},
		{strconv.FormatInt(n.Idle, 10), "keys idle for 90 days", class(n.Idle > 0, "medium")},
	}
	revoke := htmlCard{"–", "no key was revoked", "low"}
	if n.Revoke.Keys > 0 {
		revoke = htmlCard{span(n.Revoke.Median), fmt.Sprintf("to revoke, the middle one of %d; at most %s", n.Revoke.Keys, span(n.Revoke.Longest)), "low"}
	}
	return append(all, revoke)
}

// span is a time in the unit that people think in.
func span(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d >= 2*day:
		return fmt.Sprintf("%d days", d/day)
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d hours", d/time.Hour)
	}
	if d < 2*time.Minute {
		return "minutes"
	}
	return fmt.Sprintf("%d minutes", d/time.Minute)
}

func day(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2006-01-02")
}

func minute(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}

func (l *htmlList) add(class string, cells ...string) {
	if len(l.Rows) >= shown {
		l.More++
		return
	}
	l.Rows = append(l.Rows, htmlRow{cells, class})
}

func openList(r Report) htmlList {
	l := htmlList{Title: "Open findings", Empty: "Nothing is open.", Columns: []string{"repository", "path", "key", "works", "life", "open since"}}
	for _, works := range []bool{true, false} {
		for _, f := range r.Findings {
			if !f.Life.Open() || (f.Standing == records.Active) != works {
				continue
			}
			class, standing := "", f.Standing
			if works {
				class = "critical"
			}
			if standing == records.Unknown && f.Asked.IsZero() {
				standing = "not asked"
			}
			l.add(class, f.Name, f.Path, printed(f), standing, string(f.Life), day(f.First))
		}
	}
	return l
}

// printed is how people tell keys apart.
func printed(f Finding) string {
	name := f.Provider
	if name == "" {
		name = f.Rule
	}
	return name + " " + f.Fingerprint[:min(8, len(f.Fingerprint))]
}

func overList(r Report) htmlList {
	l := htmlList{Title: "Over in this time", Empty: "Nothing ended.", Columns: []string{"repository", "path", "key", "life", "open for", "over", "why"}}
	for _, f := range r.Findings {
		if f.Over.IsZero() || f.Life.Open() {
			continue
		}
		l.add("", f.Name, f.Path, printed(f), string(f.Life), span(f.Over.Sub(f.First)), day(f.Over), f.Why)
	}
	return l
}

func keyList(r Report) htmlList {
	l := htmlList{Title: "Keys of your accounts, idle ones first", Empty: "No list of keys: qleaks keys list, or a sweep with --step keys.", Columns: []string{"key", "account", "owner", "made", "last used", "unused", "listed"}}
	for _, k := range r.Keys {
		used, idle, class := "not known", "not known", ""
		switch {
		case k.Unused < 0:
		case k.Use.Last.IsZero():
			used, idle = "never", fmt.Sprintf("%d days", k.Unused)
		default:
			used, idle = day(k.Use.Last), fmt.Sprintf("%d days", k.Unused)
		}
		if k.Unused >= idleDays && !k.Disabled && k.Gone.IsZero() {
			class = "medium"
		}
		name := k.Name
		if name == "" {
			name = k.ID
		}
		if k.Disabled {
			name += " (disabled)"
		}
		listed := day(k.Last)
		if !k.Gone.IsZero() {
			listed = "gone since " + day(k.Gone)
		}
		l.add(class, name, k.Provider+" "+k.Account, k.Owner, day(k.Created), used, idle, listed)
	}
	return l
}

func decisionList(r Report) htmlList {
	l := htmlList{Title: "Decisions", Empty: "Nobody decided to ignore anything.", Columns: []string{"what", "who", "why", "when", "until", "ended"}}
	for _, d := range r.Decisions {
		what := "finding " + d.Finding
		if d.Finding == "" {
			what = "key " + d.Fingerprint
		}
		until, ended := "for ever", "–"
		if !d.Until.IsZero() {
			until = day(d.Until)
		}
		if !d.Ended.IsZero() {
			ended = day(d.Ended) + ", by " + d.EndedBy
		}
		l.add("", what, d.Who, d.Why, day(d.At), until, ended)
	}
	return l
}

func coverageList(r Report) htmlList {
	l := htmlList{Title: "How far each repository was read", Empty: "No repository was swept.", Columns: []string{"repository", "seen", "read", "all of it", "refs", "not read"}}
	rows := slices.Clone(r.Coverage)
	slices.SortStableFunc(rows, func(a, b Coverage) int { return whole(a) - whole(b) })
	for _, c := range rows {
		class, all := "", "yes"
		switch {
		case !c.Gone.IsZero():
			all = "gone since " + day(c.Gone)
		case !c.Complete:
			class, all = "medium", "no"
		}
		l.add(class, c.Repository, day(c.Covered), day(c.Read), all, refs(c.Tips), skipped(c.Skipped))
	}
	return l
}

// whole orders what was not read to its end first, and what is gone last.
func whole(c Coverage) int {
	switch {
	case !c.Gone.IsZero():
		return 2
	case c.Complete:
		return 1
	}
	return 0
}

// refs says how many there are, with one of them.
func refs(text json.RawMessage) string {
	var tips map[string]string
	if json.Unmarshal(text, &tips) != nil || len(tips) == 0 {
		return "–"
	}
	for _, name := range []string{"refs/heads/main", "refs/heads/master", "HEAD"} {
		if id := tips[name]; id != "" {
			return fmt.Sprintf("%d, %s at %s", len(tips), strings.TrimPrefix(name, "refs/heads/"), id[:min(10, len(id))])
		}
	}
	return strconv.Itoa(len(tips))
}

func skipped(text json.RawMessage) string {
	var all []struct{ Path, Outcome, Reason string }
	if json.Unmarshal(text, &all) != nil || len(all) == 0 {
		return "–"
	}
	words := strings.TrimSpace(all[0].Path + " " + all[0].Reason)
	if len(all) > 1 {
		words += fmt.Sprintf(", and %d more", len(all)-1)
	}
	return words
}

func runList(r Report) htmlList {
	l := htmlList{Title: "Sweeps", Empty: "There was no sweep.", Columns: []string{"sweep", "target", "began", "took", "state", "repositories", "by"}}
	for _, u := range r.Runs {
		took, class := "goes on", ""
		if !u.Ended.IsZero() {
			took = span(u.Ended.Sub(u.Started))
		}
		if u.State == records.Partial || u.State == records.Broken {
			class = "medium"
		}
		state := string(u.State)
		if u.Error != "" {
			state += ": " + u.Error
		}
		l.add(class, strconv.FormatInt(u.Seq, 10), u.Target, minute(u.Started), took, state, fmt.Sprintf("%d of %d", u.Covered, u.Expected), u.Cause)
	}
	return l
}

func actionList(r Report) htmlList {
	l := htmlList{Title: "What was done", Empty: "Nothing was done.", Columns: []string{"when", "what", "about", "outcome", "who", "sweep"}}
	for _, a := range r.Actions {
		class := ""
		if a.State == "failed" {
			class = "medium"
		}
		l.add(class, minute(a.At), a.Kind, a.Subject, a.State, a.Who, number(a.Run))
	}
	return l
}
