package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/source"
)

// Stop is what a hook says when it stops something: short, since it stands
// between a person and what they want to do.
type Stop struct {
	// Headline says what was stopped, and Standing who may have the keys by now.
	Headline, Standing string
	// Ways are how to go on, the shortest one first.
	Ways []Way
	// Before are keys that stood there before and stop nothing; BeforeWords
	// says so.
	Before      []finding.Finding
	BeforeWords string
}

// Way is one way to go on: what to type, and what that does.
type Way struct{ Command, Effect string }

// WriteStop writes what stopped something, and what was not read. Nothing of it
// holds key material.
func WriteStop(w io.Writer, s Stop, r finding.Result, o Options) error {
	r.Findings = slices.Concat(r.Findings, s.Before)
	r = prepare(r, o)
	stopping := len(r.Findings) - len(s.Before)
	p := &page{color: o.Color, width: defaultWidth}
	if o.Width > 0 {
		p.width = max(leastWidth, min(o.Width, proseWidth))
	}
	t := text{page: p, o: o}
	if s.Headline != "" {
		t.line(span{red, s.Headline})
	}
	t.stops(r.Findings[:stopping], bold)
	if len(s.Before) > 0 {
		t.gap()
		t.wrapped("", span{yellow, s.BeforeWords})
		t.stops(r.Findings[stopping:], plain)
	}
	t.suppressed(r.Suppressed)
	t.coverage(r.Coverage)
	if s.Standing != "" {
		t.gap()
		t.wrapped("", span{plain, s.Standing})
	}
	t.ways(s.Ways)
	_, err := w.Write(p.out.Bytes())
	return err
}

// shownStops is how many places of keys a hook names.
const shownStops = 20

// stops names places, each with what stands there.
func (t *text) stops(findings []finding.Finding, style style) {
	var entries []entry
	for _, f := range findings {
		entries = append(entries, entriesOf(f)...)
	}
	for i, e := range entries {
		if i == shownStops && len(entries) > shownStops+1 {
			t.gap()
			t.line(span{dim, fmt.Sprintf("  and %d more places: qleaks scan shows all", len(entries)-i)})
			return
		}
		f, first := e.finding, e.occurrences[0]
		t.gap()
		t.line(span{plain, "  "}, span{style, e.where()})
		t.line(span{plain, "      " + f.Rule.Title + " · "}, confidenceSpan(f.Confidence))
		t.wrapped("      ", span{dim, oneLine(" · ", prefixed("told by: ", f.Evidence), naming(f))})
		for _, words := range whereabouts(first) {
			t.wrapped("      ", span{dim, words})
		}
	}
}

// whereabouts say of a place what its path and line do not.
func whereabouts(o finding.Occurrence) []string {
	var words []string
	if cell := o.Location.Notebook; cell != nil {
		words = append(words, cellWords(*cell))
	}
	if o.Location.Member != "" {
		words = append(words, "in "+o.Location.Member)
	}
	if len(o.Location.Way) > 0 {
		words = append(words, "seen after decoding "+strings.Join(o.Location.Way, ", then "))
	}
	if o.Git != nil && o.Place != source.Staged {
		words = append(words, standing(o)[0])
	}
	return words
}

// ways writes the ways to go on: commands in one column where there is room.
func (t *text) ways(ways []Way) {
	if len(ways) == 0 {
		return
	}
	t.gap()
	longest := 0
	for _, w := range ways {
		longest = max(longest, utf8.RuneCountInString(w.Command))
	}
	const leastEffect = 30
	for _, w := range ways {
		if longest+leastEffect > t.width {
			t.line(span{bold, "  " + w.Command})
			t.wrapped("      ", span{plain, w.Effect})
			continue
		}
		t.way(w, longest)
	}
}

// way writes a command, and beside it what it does.
func (t *text) way(w Way, longest int) {
	lead := "  " + w.Command + strings.Repeat(" ", longest-utf8.RuneCountInString(w.Command)+3)
	beside := page{width: t.width - utf8.RuneCountInString(lead)}
	beside.wrapped("", span{plain, w.Effect})
	for i, line := range strings.Split(strings.TrimSuffix(beside.out.String(), "\n"), "\n") {
		if i > 0 {
			t.line(span{plain, strings.Repeat(" ", utf8.RuneCountInString(lead)) + line})
			continue
		}
		t.line(span{bold, lead}, span{plain, line})
	}
}
