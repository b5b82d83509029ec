package incident

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/textpage"
	"github.com/qleaks/qleaks/scanner/report"
)

// Options say how to write text.
type Options = textpage.Options

func formats() textpage.Formats[Told] {
	return textpage.Formats[Told]{{Name: "text", Write: writeText}, {Name: "json", Write: writeJSON}, {Name: "html", Write: writeHTML}}
}

// Formats returns the names that Write knows, text first.
func Formats() []string { return formats().Names() }

// Write writes an incident in a format of Formats.
func Write(w io.Writer, format string, t Told, o Options) error {
	if err := formats().Write(w, format, t, o); err != nil {
		return fmt.Errorf("incident: %w", err)
	}
	return nil
}

func minute(t time.Time) string {
	if t.IsZero() {
		return "not known"
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}

func amounts(all []key.Amount) string {
	var parts []string
	for _, a := range all {
		parts = append(parts, amount(a))
	}
	return strings.Join(parts, ", ")
}

func amount(a key.Amount) string {
	if a.Unit == "" {
		return "not known"
	}
	return strings.TrimSuffix(fmt.Sprintf("%.2f", a.Value), ".00") + " " + a.Unit
}

func seconds(d time.Duration) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", d.Seconds()), ".0") + " s"
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// event is one line of the story before the jobs.
type event struct {
	At   time.Time
	What string
	How  string
}

// story is what is known of the leak, in the order of time.
func (t Told) story() []event {
	e := t.Exposure
	var all []event
	k := t.Case.Key()
	if !k.Dates.Created.IsZero() {
		all = append(all, event{k.Dates.Created, "the key was made", ""})
	}
	if !e.Committed.IsZero() {
		how := "in " + e.Path
		if e.By != "" {
			how += ", by " + e.By
		}
		if e.Remote.IsZero() && e.RemoteHow != "" {
			how += "; " + e.RemoteHow
		}
		all = append(all, event{e.Committed, "first commit with it: " + short(e.Commit), how})
	}
	if !e.Pushed.IsZero() {
		what := "first push that can have brought it"
		if e.PushedSure {
			what = "first push that brought it"
		}
		all = append(all, event{e.Pushed, what, e.PushedHow})
	}
	if !e.Remote.IsZero() {
		all = append(all, event{e.Remote, "on a remote at the latest", e.RemoteHow})
	}
	if !e.Public.IsZero() {
		all = append(all, event{e.Public, "public at the earliest", e.PublicHow})
	}
	if last := k.Use.Last; !last.IsZero() {
		all = append(all, event{last, "last use that the list of keys tells", ""})
	}
	if status, asked := t.Case.Status(); !asked.IsZero() {
		all = append(all, event{asked, "the provider was asked: " + string(status), t.Case.Check.Verdict.Reason})
	}
	slices.SortStableFunc(all, func(a, b event) int { return a.At.Compare(b.At) })
	return all
}

func short(commit string) string {
	if commit == "" {
		return "not known"
	}
	return commit[:min(7, len(commit))]
}

// verdict says in a sentence what the jobs look like.
func (t Told) verdict() string {
	switch {
	case !t.Asked:
		return "Nobody could tell what ran: that no job is shown says nothing."
	case t.Since.IsZero():
		return "Since when others could see the key is not known, so every job is shown."
	case len(t.Window) == 0:
		return "No job was submitted since then, where the key works."
	case !t.Habit.Known():
		return fmt.Sprintf("%s before the leak: too few to say what is usual. Look at each of the jobs since, %d in all.", count(t.Habit.Jobs, "job", "jobs"), len(t.Window))
	case t.Sum.Unlike == 0:
		return fmt.Sprintf("None of the %s is unlike the %d before the leak. That does not say that they are the owner's.", count(len(t.Window), "job", "jobs"), t.Habit.Jobs)
	}
	are := "are"
	if t.Sum.Unlike == 1 {
		are = "is"
	}
	return fmt.Sprintf("%d of the %s %s unlike the %d before the leak.", t.Sum.Unlike, count(len(t.Window), "job", "jobs"), are, t.Habit.Jobs)
}

// caveat is said in every report.
const caveat = "No provider tells which key a job came with: these are all jobs where the key works, the owner's among them."

// madeLine is a key that was made since the leak, in one line.
func madeLine(e *inventory.Entry) string {
	parts := []string{minute(e.Key.Dates.Created), cmp.Or(e.Key.Name, e.Handle())}
	if e.Key.Name != "" && e.Key.ID != "" {
		parts = append(parts, e.Key.ID)
	}
	if who := cmp.Or(e.Key.Owner.Name, e.Key.Owner.Email, e.Key.Owner.ID); who != "" {
		parts = append(parts, "of "+who)
	}
	return strings.Join(parts, " · ")
}

// madeCaveat is said where keys were made since the leak.
const madeCaveat = "Who has a key that may make keys can have made one for later. Is each of these one that somebody knows?"

// reach is what the key can get at, as far as the provider told.
func (t Told) reach() []string {
	var facts []string
	if roles := t.Case.Key().Roles; len(roles) > 0 {
		facts = append(facts, "may: "+strings.Join(roles, ", "))
	}
	c := t.Case.Check
	if c == nil || c.Known == nil {
		return facts
	}
	for _, fact := range report.ReachWords(c.Known.Reach) {
		if fact != "" {
			facts = append(facts, fact)
		}
	}
	for _, untold := range c.Known.Reach.Untold {
		facts = append(facts, "not told: "+untold)
	}
	return facts
}
