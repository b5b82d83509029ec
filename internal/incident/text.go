package incident

import (
	"fmt"
	"io"
	"strings"

	"github.com/qleaks/qleaks/internal/hygiene"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/textpage"
)

// page lays out an incident.
type page struct{ *textpage.Page }

func writeText(w io.Writer, t Told, o Options) error {
	p := page{textpage.New(o.Width, o.Color)}
	p.Line(textpage.Bold, "Incident: "+t.Case.Provider+" "+t.Case.Called())
	if who := t.Case.Owner(); who != "" {
		p.Line(textpage.Plain, "of "+who)
	}
	p.Line(textpage.Dim, "as of "+minute(t.Now))
	p.Heading("The leak")
	for _, e := range t.story() {
		p.Wrapped(textpage.Plain, "  "+minute(e.At)+"  ", e.What)
		if e.How != "" {
			p.Wrapped(textpage.Dim, strings.Repeat(" ", 24), e.How)
		}
	}
	for _, place := range t.Case.Leaks() {
		p.Wrapped(textpage.Dim, "  - ", fmt.Sprintf("in %s:%d", place.Path, place.Line)+of(place))
	}
	if facts := t.reach(); len(facts) > 0 {
		p.Heading("What the key can get at")
		for _, fact := range facts {
			p.Wrapped(textpage.Plain, "  - ", fact)
		}
	}
	p.Heading("What ran since " + minute(t.Since))
	p.Wrapped(textpage.Plain, "  ", t.verdict())
	if len(t.Window) > 0 {
		p.Wrapped(textpage.Dim, "  ", caveat)
		for _, j := range t.Window {
			p.job(j)
		}
		p.Wrapped(textpage.Bold, "  ", t.total())
	}
	p.now(t)
	if len(t.Made) > 0 {
		p.Heading("Keys that were made since then")
		p.Wrapped(textpage.Plain, "  ", madeCaveat)
		for _, e := range t.Made {
			p.Wrapped(textpage.Plain, "  - ", madeLine(e))
		}
	}
	if len(t.Gaps) > 0 {
		p.Heading("What is not known")
		for _, g := range t.Gaps {
			p.Wrapped(textpage.Plain, "  - ", g)
		}
	}
	p.Heading("What to do")
	for i, step := range t.steps() {
		p.Wrapped(textpage.Plain, fmt.Sprintf("  %d. ", i+1), step)
	}
	_, err := w.Write(p.Bytes())
	return err
}

// of names a repository, if it has a name; one without a remote is known only by
// its first commit, and by the directory in which it was searched.
func of(p hygiene.Place) string {
	name := p.Repository
	if strings.HasPrefix(name, "root:") {
		name = p.Directory
	}
	if name == "" {
		return ""
	}
	return " of " + name
}

func (p page) job(j Noted) {
	p.Wrapped(textpage.Plain, "  - ", jobLine(j.Job))
	for _, note := range j.Unlike {
		p.Wrapped(textpage.Red, "      ! ", note)
	}
}

// jobLine is a job in one line.
func jobLine(j provider.Job) string {
	parts := []string{minute(j.Times.Submitted), j.ID}
	if j.Name != "" {
		parts = append(parts, j.Name)
	}
	if j.Backend != "" {
		parts = append(parts, "on "+j.Backend)
	}
	if j.Owner != "" {
		parts = append(parts, "by "+j.Owner)
	}
	if j.Shots > 0 {
		parts = append(parts, fmt.Sprintf("%d shots", j.Shots))
	}
	if j.Times.Ran > 0 {
		parts = append(parts, seconds(j.Times.Ran))
	}
	if j.Cost.Unit != "" {
		parts = append(parts, amount(j.Cost))
	}
	return strings.Join(append(parts, j.Status), " · ")
}

// total is what the jobs of the window come to.
func (t Told) total() string {
	parts := []string{count(t.Sum.Jobs, "job", "jobs")}
	if t.Sum.Shots > 0 {
		parts = append(parts, fmt.Sprintf("%d shots", t.Sum.Shots))
	}
	if t.Sum.Ran > 0 {
		parts = append(parts, seconds(t.Sum.Ran))
	}
	if len(t.Sum.Costs) > 0 {
		parts = append(parts, amounts(t.Sum.Costs))
	}
	if t.Sum.NoCost > 0 {
		parts = append(parts, count(t.Sum.NoCost, "job whose cost is not known", "jobs whose cost is not known"))
	}
	return strings.Join(parts, ", ")
}

func (p page) now(t Told) {
	if !t.Asked {
		return
	}
	p.Heading("Now")
	p.Line(textpage.Plain, "  "+count(len(t.Queued), "job waits or runs", "jobs wait or run"))
	for _, j := range t.Queued {
		p.Wrapped(textpage.Plain, "  - ", jobLine(j))
	}
	p.Line(textpage.Plain, "  "+count(len(t.Sessions), "session is open", "sessions are open"))
	for _, s := range t.Sessions {
		p.Wrapped(textpage.Plain, "  - ", strings.Join([]string{s.ID, s.Backend, "since " + minute(s.Begun)}, " · "))
	}
}

// steps are what to do, in order.
func (t Told) steps() []string {
	steps := []string{"Disable or revoke the key, if that is not done yet: a job that is submitted meanwhile is one more."}
	if len(t.Queued) > 0 || !t.Asked {
		steps = append(steps, "Cancel the jobs that wait: they stay in the queue when the key is revoked.")
	}
	if len(t.Sessions) > 0 {
		steps = append(steps, "Close the open sessions.")
	}
	if t.Case.Provider == "ibm" {
		steps = append(steps, "For 60 minutes after that, look again: tokens that were made with the key live on. Look for keys and service IDs that were made since the leak.")
	}
	return append(steps, "Ask the owner which of the jobs are theirs; for the others, keep this report and ask the provider.")
}
