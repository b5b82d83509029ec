// Package auditreport writes what an audit came to, for people and for
// machines. A writer is a pure function of the report: the same report gives the
// same bytes. None holds key material, and none passes on text of others that a
// terminal, a CI log, a spreadsheet or a browser would obey.
package auditreport

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/internal/hygiene"
	"github.com/qleaks/qleaks/internal/textpage"
)

// Report is a finished audit.
type Report struct {
	Known  hygiene.Known
	Lapses []hygiene.Lapse
	// Searched are the places that were searched, as people call them.
	Searched []string
	// Gaps are what the audit does not know and should, in clauses for people.
	Gaps    []string
	Version string

	index *index
}

// index is what writers look up again and again.
type index struct {
	policies map[string]hygiene.Policy
	// lapsed are the policies that a key lapses, worst first, each once.
	lapsed map[*hygiene.Case][]string
}

func newIndex(r Report) *index {
	x := &index{policies: map[string]hygiene.Policy{}, lapsed: map[*hygiene.Case][]string{}}
	for _, p := range hygiene.Policies() {
		x.policies[p.ID] = p
	}
	for _, l := range r.Lapses {
		if l.Case != nil && !slices.Contains(x.lapsed[l.Case], l.Policy) {
			x.lapsed[l.Case] = append(x.lapsed[l.Case], l.Policy)
		}
	}
	return x
}

// Options say how to write text.
type Options = textpage.Options

func formats() textpage.Formats[Report] {
	return textpage.Formats[Report]{{Name: "text", Write: writeText}, {Name: "json", Write: writeJSON}, {Name: "csv", Write: writeCSV}, {Name: "sarif", Write: writeSARIF}, {Name: "html", Write: writeHTML}}
}

// Formats returns the names that Write knows, text first.
func Formats() []string { return formats().Names() }

// Write writes a report in a format of Formats.
func Write(w io.Writer, format string, r Report, o Options) error {
	r.index = newIndex(r)
	if err := formats().Write(w, format, r, o); err != nil {
		return fmt.Errorf("audit report: %w", err)
	}
	return nil
}

// Count returns how many lapses have each severity.
func (r Report) Count() map[hygiene.Severity]int {
	counts := map[hygiene.Severity]int{}
	for _, l := range r.Lapses {
		counts[l.Severity]++
	}
	return counts
}

// group is the lapses of one policy and severity.
type group struct {
	policy   hygiene.Policy
	severity hygiene.Severity
	lapses   []hygiene.Lapse
}

// groups are the lapses by severity and policy, in their order.
func (r Report) groups() []group {
	var all []group
	for _, l := range r.Lapses {
		n := len(all) - 1
		if n >= 0 && all[n].policy.ID == l.Policy && all[n].severity == l.Severity {
			all[n].lapses = append(all[n].lapses, l)
			continue
		}
		all = append(all, group{policy: r.index.policies[l.Policy], severity: l.Severity, lapses: []hygiene.Lapse{l}})
	}
	return all
}

// subjectOf names what a lapse is about, for people.
func subjectOf(l hygiene.Lapse) string {
	if l.Case == nil {
		return strings.Join(strings.Fields(l.Subject.Provider+" "+l.Subject.Kind+" "+l.Subject.Name), " ")
	}
	name := titled(l.Case)
	if who := l.Case.Owner(); who != "" {
		name += " (" + who + ")"
	}
	return name
}

// titled is a key with its provider.
func titled(c *hygiene.Case) string { return c.Provider + " " + c.Called() }
