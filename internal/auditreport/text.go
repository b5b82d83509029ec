package auditreport

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/qleaks/qleaks/internal/hygiene"
	"github.com/qleaks/qleaks/scanner/report"
)

const (
	leastWidth   = 60
	defaultWidth = 80
	widest       = 110

	bold = "1"
	dim  = "2"
	red  = "1;31"
)

// page writes lines of clean text.
type page struct {
	bytes.Buffer

	color bool
	width int
}

// line writes one line in a style; the text may be anybody's.
func (p *page) line(style, text string) {
	text = report.Clean(text)
	if trimmed := strings.TrimLeft(text, " "); strings.HasPrefix(trimmed, "::") {
		text = strings.Replace(text, "::", `\x3a:`, 1) // a CI runner obeys such lines
	}
	if p.color && style != "" {
		text = "\x1b[" + style + "m" + text + "\x1b[0m"
	}
	p.WriteString(text + "\n")
}

// wrapped writes a paragraph; first stands before its first line.
func (p *page) wrapped(style, first, text string) {
	indent := strings.Repeat(" ", utf8.RuneCountInString(first))
	line, lead := "", first
	for word := range strings.FieldsSeq(report.Clean(strings.Join(strings.Fields(text), " "))) {
		if line != "" && utf8.RuneCountInString(lead+line+word)+1 > p.width {
			p.line(style, lead+line)
			line, lead = "", indent
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	p.line(style, lead+line)
}

func (p *page) heading(text string) {
	if p.Len() > 0 {
		p.WriteByte('\n')
	}
	p.line(bold, text)
}

func writeText(w io.Writer, r Report, o Options) error {
	p := &page{color: o.Color, width: max(leastWidth, min(cmp.Or(o.Width, defaultWidth), widest))}
	p.line(bold, "Audit of "+r.Known.Now.UTC().Format("2006-01-02 15:04 UTC"))
	p.lapses(r)
	p.keys(r)
	p.places(r)
	p.gaps(r)
	p.WriteByte('\n')
	p.line(bold, summary(r))
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
func (p *page) lapses(r Report) {
	var last hygiene.Severity
	for _, g := range r.groups() {
		if g.severity != last {
			style := bold
			if g.severity.AtLeast(hygiene.High) {
				style = red
			}
			p.WriteByte('\n')
			p.line(style, severityWords(g.severity))
			last = g.severity
		}
		p.WriteByte('\n')
		p.line(bold, "  "+strings.ToUpper(g.policy.Title[:1])+g.policy.Title[1:]+" ("+g.policy.ID+")")
		for _, l := range g.lapses {
			p.wrapped("", "  - ", subjectOf(l)+": "+l.Said)
		}
		p.wrapped(dim, "    ", "Why: "+g.policy.Reason)
		p.wrapped("", "    ", "What to do: "+g.policy.Advice)
		p.line(dim, "    "+g.policy.Page)
	}
}

// keys is the table from the keys' side.
func (p *page) keys(r Report) {
	names, groups := byAccount(r.Known.Cases)
	if len(names) == 0 {
		return
	}
	p.heading("Keys and where they are")
	for _, name := range names {
		p.line("", "")
		title := "on no list"
		if name != "" {
			title = name + " · " + r.listOf(groups[name][0], len(groups[name]))
		}
		p.line(bold, "  "+title)
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

func (p *page) key(r Report, c *hygiene.Case) {
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
	p.wrapped("", "    ", strings.Join(append(facts, status(c)), " · "))
	if c.Entry == nil {
		p.wrapped(dim, "        ", standing(c))
	}
	for _, place := range c.Places {
		p.wrapped(dim, "        ", fmt.Sprintf("%s: %s (%s)", where(place), spot(place), placeWords(place)))
	}
	if c.Entry != nil {
		for _, known := range c.Entry.Registered {
			if known.Place != "" {
				p.wrapped(dim, "        ", known.Place+" (registered)")
			}
		}
	}
	if ids := r.lapsesOf(c); len(ids) > 0 {
		p.wrapped(dim, "        ", "lapses: "+strings.Join(ids, ", "))
	}
}

// places is the table from the places' side.
func (p *page) places(r Report) {
	names, groups := byPlace(r.Known.Cases)
	if len(names) == 0 {
		return
	}
	p.heading("Places and their keys")
	for _, name := range names {
		p.line("", "")
		p.line(bold, "  "+name)
		for _, s := range groups[name] {
			p.wrapped("", "    ", fmt.Sprintf("%s (%s): %s", spot(s.place), placeWords(s.place), titled(s.held)))
		}
	}
}

func (p *page) gaps(r Report) {
	if len(r.Gaps) == 0 {
		return
	}
	p.heading("What this audit does not know")
	for _, g := range r.Gaps {
		p.wrapped("", "  - ", g)
	}
}
