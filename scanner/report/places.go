package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/source"
)

const (
	// shownPlaces is how many places of a key text names.
	shownPlaces = 5
	// shownRefs is how many refs of a place text names.
	shownRefs = 3
	// longestName is how much of an author's or a ref's name text shows.
	longestName = 60
	shortObject = 7
)

// entry is one spot of a finding for people to look at: the occurrences that
// have the same line and column, in the working tree and in all versions of
// the file.
type entry struct {
	finding     finding.Finding
	occurrences []finding.Occurrence
}

// entriesOf returns the spots of a finding in the order of its occurrences.
func entriesOf(f finding.Finding) []entry {
	var entries []entry
	index := map[[2]int]int{}
	for _, o := range f.Occurrences {
		spot := [2]int{o.Location.Line, o.Location.Column}
		i, ok := index[spot]
		if !ok {
			i = len(entries)
			index[spot] = i
			entries = append(entries, entry{finding: f})
		}
		entries[i].occurrences = append(entries[i].occurrences, o)
	}
	return entries
}

// where is the spot in the form that editors open.
func (e entry) where() string {
	l := e.occurrences[0].Location
	return e.finding.Path + ":" + strconv.Itoa(l.Line) + ":" + strconv.Itoa(l.Column)
}

// places writes the spots of a key.
func (t *text) places(g group, told *rules.Rule) {
	var entries []entry
	for _, f := range g.findings {
		entries = append(entries, entriesOf(f)...)
	}
	for i, e := range entries {
		if i == shownPlaces && len(entries) > shownPlaces+1 {
			t.line(span{dim, fmt.Sprintf("  and %d more (all in --format json)", len(entries)-i)})
			return
		}
		t.line(span{plain, "  "}, span{bold, e.where()})
		for _, d := range t.details(e, told) {
			t.wrapped("      ", span{dim, d})
		}
		if i+1 == len(entries) || entries[i+1].finding.ID != e.finding.ID {
			t.line(span{dim, "      id " + e.finding.ID})
		}
	}
}

// details says what a path and a line do not.
func (t *text) details(e entry, told *rules.Rule) []string {
	f, first := e.finding, e.occurrences[0]
	var details []string
	if f.Rule.ID != told.ID {
		details = append(details, fmt.Sprintf("as %s, %s confidence", f.Rule.Title, f.Confidence))
	}
	if t.manyRepositories && f.Repository != "" {
		details = append(details, "in "+f.Repository)
	}
	if cell := first.Location.Notebook; cell != nil {
		details = append(details, cellWords(*cell))
	}
	if len(first.Location.Way) > 0 {
		details = append(details, "seen after decoding "+strings.Join(first.Location.Way, ", then "))
	}
	if words := accessWords(first.Access); words != "" {
		details = append(details, words)
	}
	versions := 0
	for _, o := range e.occurrences {
		if o.Git == nil {
			if words := placeWords(o.Place); words != "" {
				details = append(details, words)
			}
			continue
		}
		if versions++; versions == 1 || o.Place == source.Staged {
			details = append(details, standing(o)...)
		}
	}
	if first.URL != "" {
		details = append(details, first.URL)
	}
	if versions > 1 {
		details = append(details, "and in "+count(int64(versions-1), "more version", "more versions")+" of it")
	}
	return details
}

func cellWords(c finding.Cell) string {
	if c.Cell == 0 {
		return fmt.Sprintf("notebook %s, line %d", c.Part, c.Line)
	}
	return fmt.Sprintf("cell %d %s, line %d", c.Cell, c.Part, c.Line)
}

// accessWords says who else can read a file, and "" if nobody can.
func accessWords(a source.Access) string {
	switch {
	case a.Readers == source.Everybody:
		return fmt.Sprintf("everybody on this computer can read it: its mode is %04o, and 0600 is enough", a.Mode)
	case a.Readers == source.GroupToo:
		return fmt.Sprintf("its group can read it: its mode is %04o, and 0600 is enough", a.Mode)
	case a.Loose():
		return fmt.Sprintf("its mode is %04o, and only a directory above keeps others out: 0600 is enough", a.Mode)
	}
	return ""
}

// placeWords names a place without a history; "" for a file, which is its own
// name.
func placeWords(p source.Place) string {
	switch p {
	case source.File, source.Stdin:
		return ""
	case source.Staged:
		return "staged in the index"
	case source.UserEnvironment:
		return "a variable of yours, which every program that you start gets"
	case source.SystemEnvironment:
		return "a variable of the whole computer, which everybody's programs get"
	default:
		return "in the " + string(p)
	}
}

// standing says where in a history an occurrence is, and what still leads there.
func standing(o finding.Occurrence) []string {
	words := "history"
	switch o.Place {
	case source.Blob:
	case source.Staged:
		words = "staged in the index"
	default:
		words = string(o.Place)
	}
	g := o.Git
	switch {
	case g.Commit != "":
		words += ": " + oneLine(" ", "commit "+shortID(g.Commit), day(g.Date), clip(g.Author, longestName), angled(g.Email))
	case g.Object != "":
		words += ": object " + shortID(g.Object)
	}
	if reach := reachWords(*g); reach != "" && (o.Place != source.Staged || g.Reach != finding.ReachIndex) {
		return []string{words, reach}
	}
	return []string{words}
}

func shortID(id string) string { return id[:min(len(id), shortObject)] }

func angled(email string) string {
	if email == "" {
		return ""
	}
	return "<" + clip(email, longestName) + ">"
}

func day(t time.Time) string {
	date, _, _ := strings.Cut(instant(t), "T")
	return date
}

func reachWords(g finding.Git) string {
	switch g.Reach {
	case finding.ReachStash:
		return "only in a stash"
	case finding.ReachIndex:
		return "only in the index"
	case finding.ReachReflog:
		return "only in the reflog"
	case finding.ReachDangling:
		return "dangling: nothing leads to it any more"
	case finding.ReachRef: // named below
	}
	if len(g.Refs) == 0 {
		return ""
	}
	var refs []string
	for _, ref := range g.Refs[:min(len(g.Refs), shownRefs)] {
		refs = append(refs, clip(shortRef(ref), longestName))
	}
	if more := len(g.Refs) - len(refs) + g.MoreRefs; more > 0 {
		refs = append(refs, count(int64(more), "more", "more"))
	}
	return "still reached by " + sentenceList(refs)
}

func shortRef(ref string) string {
	for _, prefix := range []string{"refs/heads/", "refs/tags/", "refs/remotes/", "refs/"} {
		if name, ok := strings.CutPrefix(ref, prefix); ok {
			return name
		}
	}
	return ref
}
