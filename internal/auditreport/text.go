package auditreport

import (
	"fmt"
	"io"
	"strings"

	"github.com/qleaks/qleaks/internal/hygiene"
	"github.com/qleaks/qleaks/internal/textpage"
)

// page lays out an audit.
type page struct{ *textpage.Page }

func writeText(w io.Writer, r Report, o Options) error {
	p := page{textpage.New(o.Width, o.Color)}
	p.Line(textpage.Bold, "Audit of "+r.Known.Now.UTC().Format("2006-01-02 15:04 UTC"))
	p.lapses(r)
	p.keys(r)
	p.places(r)
	p.alerts(r)
	p.gaps(r)
	p.Gap()
	p.Line(textpage.Bold, summary(r))
	_, err := w.Write(p.Bytes())
	return err
}

// summary is the last line.
func summary(r Report) string {
	counts := r.Count()
	var parts []string
	for _, s := range hygiene.Severities() {
		if counts[s] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[s], s))
		}
	}
	words := "No lapse"
	if len(r.Gaps) > 0 {
		words = "No lapse in what is known"
	}
	if len(parts) > 0 {
		words = count(len(r.Lapses), "lapse", "lapses") + ": " + strings.Join(parts, ", ")
	}
	listed, found := 0, 0
	for _, c := range r.Known.Cases {
		if c.Entry != nil {
			listed++
		}
		if len(c.Places) > 0 {
			found++
		}
	}
	return fmt.Sprintf("%s · %s on lists, %s found", words, count(listed, "key", "keys"), count(found, "key", "keys"))
}

// lapses writes what is wrong, each policy with its reason and advice once.
func (p page) lapses(r Report) {
	var last hygiene.Severity
	for _, g := range r.groups() {
		if g.severity != last {
			style := textpage.Bold
			if g.severity.AtLeast(hygiene.High) {
				style = textpage.Red
			}
			p.Gap()
			p.Line(style, severityWords(g.severity))
			last = g.severity
		}
		p.Gap()
		p.Line(textpage.Bold, "  "+sentence(g.policy.Title)+" ("+g.policy.ID+")")
		for _, l := range g.lapses {
			p.Wrapped(textpage.Plain, "  - ", subjectOf(l)+": "+l.Said)
		}
		p.Wrapped(textpage.Dim, "    ", "Why: "+g.policy.Reason)
		p.Wrapped(textpage.Plain, "    ", "What to do: "+g.policy.Advice)
		p.Line(textpage.Dim, "    "+g.policy.Page)
	}
}

// keys is the table from the keys' side.
func (p page) keys(r Report) {
	names, groups := byAccount(r.Known.Cases)
	if len(names) == 0 {
		return
	}
	p.Heading("Keys and where they are")
	for _, name := range names {
		p.Gap()
		title := "on no list"
		if name != "" {
			title = name + " · " + r.listOf(groups[name][0], len(groups[name]))
		}
		p.Line(textpage.Bold, "  "+title)
		for _, c := range groups[name] {
			p.key(r, c)
		}
	}
}

// listOf tells about the list that holds a key.
func (r Report) listOf(c *hygiene.Case, keys int) string {
	for _, l := range r.Known.Lists {
		if l.Account.Name == c.Entry.Accounts[0] && l.Account.Provider == c.Provider {
			return listWords(l, keys)
		}
	}
	return count(keys, "key", "keys")
}

func (p page) key(r Report, c *hygiene.Case) {
	name := c.Called()
	if c.Entry == nil {
		name = titled(c)
	}
	facts := []string{name}
	if who := c.Owner(); who != "" {
		facts = append(facts, who)
	}
	if c.Entry != nil {
		facts = append(facts, "made "+day(c.Entry.Key.Dates.Created), "used "+used(c))
	}
	p.Wrapped(textpage.Plain, "    ", strings.Join(append(facts, status(c)), " · "))
	if c.Entry == nil {
		p.Wrapped(textpage.Dim, "        ", standing(c))
	}
	for _, place := range c.Places {
		p.Wrapped(textpage.Dim, "        ", fmt.Sprintf("%s: %s (%s)", where(place), spot(place), placeWords(place)))
	}
	if c.Entry != nil {
		for _, known := range c.Entry.Registered {
			if known.Place != "" {
				p.Wrapped(textpage.Dim, "        ", known.Place+" (registered)")
			}
		}
	}
	if ids := r.index.lapsed[c]; len(ids) > 0 {
		p.Wrapped(textpage.Dim, "        ", "lapses: "+strings.Join(ids, ", "))
	}
}

// places is the table from the places' side.
func (p page) places(r Report) {
	names, groups := byPlace(r.Known.Cases)
	if len(names) == 0 {
		return
	}
	p.Heading("Places and their keys")
	for _, name := range names {
		p.Gap()
		p.Line(textpage.Bold, "  "+name)
		for _, s := range groups[name] {
			p.Wrapped(textpage.Plain, "    ", fmt.Sprintf("%s (%s): %s", spot(s.place), placeWords(s.place), titled(s.held)))
		}
	}
}

func (p page) gaps(r Report) {
	if len(r.Gaps) == 0 {
		return
	}
	p.Heading("What this audit does not know")
	for _, g := range r.Gaps {
		p.Wrapped(textpage.Plain, "  - ", g)
	}
}
