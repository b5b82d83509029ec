package reread

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/inspect"
	"github.com/qleaks/qleaks/scanner/source"
)

// plain reads text: what the rules find in it, and lines that are nothing but
// one value.
func (x *reader) plain(text []byte) {
	origin := source.Origin{Path: x.o.Name, Place: source.File}
	if x.o.Name == "" {
		origin.Path, origin.Place = "stdin", source.Stdin
	}
	told := map[int]bool{}
	for _, f := range x.findings(text, origin) {
		x.Entries = append(x.Entries, Entry{Finding: f})
		for _, o := range f.Occurrences {
			for n := o.Location.Line; n <= o.Location.EndLine; n++ {
				told[n] = true
			}
		}
	}
	x.bare(text, origin, told)
}

// findings are what the rules find in a text, one rule for each place.
func (x *reader) findings(text []byte, origin source.Origin) (found []finding.Finding) {
	for f, err := range finding.Merge(func(yield func(finding.Finding, error) bool) {
		for _, r := range x.o.Inspector.Inspect(text, x.o.Name, inspect.Position{}).Records {
			if f, ok := x.o.Inspector.Judge(r, origin); ok && !yield(f, nil) {
				return
			}
		}
	}) {
		if err == nil && len(found) < maxEntries {
			found = append(found, f)
		}
	}
	return found
}

// bare reads the lines that are one value, but those of which something was
// told already.
func (x *reader) bare(text []byte, origin source.Origin, told map[int]bool) {
	n := 0
	for line := range bytes.Lines(text) {
		n++
		value := string(bytes.TrimSpace(line))
		if told[n] || value == "" || value[0] == '#' || strings.ContainsAny(value, " \t") || len(x.Entries)+len(x.Skipped) >= maxEntries {
			continue
		}
		o := finding.Occurrence{Place: origin.Place, Location: finding.Location{
			Path: origin.Path, Line: n, Column: 1, EndLine: n, EndColumn: 1 + len(value),
		}}
		before := len(x.Skipped)
		x.attribute("", value, "", place{path: origin.Path, occurrence: o})
		if len(x.Skipped) > before {
			// Not even a part of the line is repeated: it may be a key.
			x.Skipped[before].Path = fmt.Sprintf("line %d", n)
		}
	}
}
