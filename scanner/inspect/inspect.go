// Package inspect finds the keys in one piece of content: it decodes it to
// views, matches the rules in each, maps the matches back to the content, and
// judges them when the path is known. It is what the file walk and the history
// walk share.
package inspect

import (
	"cmp"
	"errors"
	"path"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/decode"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/source"
)

// Inspector examines content. It is safe for concurrent use and keeps nothing
// of what it saw but the hashes in Zones.
type Inspector struct {
	Rules        *rules.Set
	Fingerprints secret.Fingerprinter
	Decode       decode.Options
	// Imported are rules of others, besides; optional.
	Imported *Imported
	// Zones spares looking at the same stretch of changed content twice;
	// optional.
	Zones *Zones
	// looking is true within a quick look.
	looking bool
}

// LooksFor reports whether it would find what a rule says, by the rule's id.
func (x *Inspector) LooksFor(rule string) bool {
	return x.Rules.Rule(rule) != nil || x.Imported.has(rule)
}

// Record is a match that outlives the buffer it was found in. What the path
// has to say about it is still open: see Judge.
type Record struct {
	Secret secret.Value
	// Location has no Path yet.
	Location finding.Location
	// Start is the offset of the record in the content, or in the archive's
	// member that Location names.
	Start  int
	marked bool
	// expires is zero for a value that does not say when it ends.
	expires  time.Time
	match    rules.Match
	mentions rules.Mentions
	// imported is nil for a match of our own rules.
	imported *importedMatch
}

// Rule is the rule that the record is of, by its id.
func (r Record) Rule() string { return r.match.Rule.ID }

// Position is where content begins within its file.
type Position struct {
	// Line and Column count from 0 here: lines and code points before the
	// content.
	Line, Column int
	// Column16 is Column in UTF-16 units.
	Column16 int
}

// Result is what one piece of content holds.
type Result struct {
	// Records are in order of their place in the content.
	Records []Record
	// Notes say what of the content was not read: Path is the member's path,
	// "" for the content itself.
	Notes []*source.ItemError
	// Images counts pictures in notebooks, which are not read.
	Images int
}

// Equal reports whether two results tell the same of one piece of content.
func (r Result) Equal(other Result) bool {
	sameNote := func(a, b *source.ItemError) bool { return a.Error() == b.Error() }
	return r.Images == other.Images && slices.EqualFunc(r.Records, other.Records, Record.equal) && slices.EqualFunc(r.Notes, other.Notes, sameNote)
}

func (r Record) equal(other Record) bool {
	return r.Start == other.Start && r.marked == other.marked && r.match == other.match &&
		slices.Equal(r.mentions, other.mentions) && r.Secret.Equal(other.Secret) &&
		reflect.DeepEqual(r.Location, other.Location)
}

// Inspect finds the keys of one piece of content. The path is a hint for
// decoding and may be empty; content is not kept.
func (x *Inspector) Inspect(content []byte, path string, at Position) Result {
	if x.Imported == nil {
		if result, quiet := x.quiet(content, path); quiet {
			return result
		}
	}
	return x.quickly(content, path, at)
}

// quickly is InspectAll without the views of documents and pickles that a quick
// look shows to be quiet. Within such a look none is made: nested content would
// be looked at again at each depth.
func (x *Inspector) quickly(content []byte, path string, at Position) Result {
	return x.look(content, path, at, x.Decode)
}

func (x *Inspector) look(content []byte, path string, at Position, options decode.Options) Result {
	if x.Imported != nil || x.looking {
		return x.inspect(content, path, at, options)
	}
	inner := *x
	inner.looking = true
	options.Quiet = func(text []byte) bool {
		s := inner.seeker(text, nil)
		return s.sort == decode.Text && s.quiet(nil, nil, nil)
	}
	return x.inspect(content, path, at, options)
}

// InspectAll is Inspect without the quick looks: it makes every view of the
// content and matches the rules in it. The results are the same.
func (x *Inspector) InspectAll(content []byte, path string, at Position) Result {
	return x.inspect(content, path, at, x.Decode)
}

func (x *Inspector) inspect(content []byte, path string, at Position, options decode.Options) Result {
	var result Result
	sight := sighting{Inspector: x, content: content, at: at, asked: mentions{rules: x.Rules}}
	options.Images = &result.Images
	for view, err := range decode.Views(content, path, options) {
		if err != nil {
			result.Notes = append(result.Notes, note(err))
			continue
		}
		sight.match(view)
		sight.imported(view)
	}
	if decode.IsContainer(content) {
		sight.found.dropRepeats()
	}
	result.Records = sight.found.records()
	return result
}

// isNotebookPath reports whether a path says that its file is a notebook.
func isNotebookPath(name string) bool { return strings.EqualFold(path.Ext(name), ".ipynb") }

// note turns a decoder's error into coverage; what is no ItemError was not
// foreseen, so it counts as unread.
func note(err error) *source.ItemError {
	if item, ok := errors.AsType[*source.ItemError](err); ok {
		return item
	}
	return &source.ItemError{Outcome: source.Unread, Reason: "decoding failed", Err: err}
}

// sighting is the inspection of one piece of content.
type sighting struct {
	*Inspector
	content []byte
	at      Position
	asked   mentions
	found   collection
	// last is where the lines of content were counted to: parts come in the
	// order of the file, so counting seldom begins again.
	last *ruler
}

// match adds the matches of one view.
func (s *sighting) match(view decode.View) {
	var spans []rules.Span
	if f := view.Focus; f.To > f.From {
		spans = []rules.Span{{Start: f.From, End: f.To}}
	}
	matches := s.Rules.Match(view.Text, spans)
	if len(matches) == 0 {
		return
	}
	list := make([]placed, len(matches))
	for i, m := range matches {
		list[i] = s.place(view, m)
	}
	slices.SortStableFunc(list, func(a, b placed) int { return cmp.Compare(a.start, b.start) })
	ruler := s.ruler(view, list[0].start)
	for _, p := range list {
		ruler.span(p.start, p.end, &p.Location)
		k := seen{rule: p.match.Rule.ID, member: view.Member, fingerprint: s.Fingerprints.Of(p.Secret)}
		s.found.add(k, p)
	}
}

// place makes the record of a match, without lines and columns.
func (s *sighting) place(view decode.View, m rules.Match) placed {
	p := placed{Record: Record{match: m, Secret: secret.New(view.Text[m.Start:m.End])}}
	p.expires, _ = rules.Expiry(view.Text[m.Start:m.End])
	var line int
	p.start, p.end, line = view.Locate(m.Start, m.End)
	if m.AsksFile() {
		p.mentions = s.asked.in(view)
	}
	p.Location = finding.Location{Member: view.Member, Way: view.Way}
	if view.Part.Name != "" {
		p.Location.Notebook = &finding.Cell{Cell: view.Part.Cell, Part: view.Part.Name, Line: line}
	}
	p.Start = p.start
	p.marked = markedIn(view, m, p)
	return p
}

// ruler returns one that has not passed start yet.
func (s *sighting) ruler(view decode.View, start int) *ruler {
	at := s.at
	if view.Member != "" {
		at = Position{}
	}
	if !same(view.Base, s.content) {
		return newRuler(view.Base, at)
	}
	if s.last == nil || s.last.offset > start {
		s.last = newRuler(s.content, at)
	}
	return s.last
}

// same reports whether two slices are the same bytes in memory.
func same(a, b []byte) bool {
	return len(a) == len(b) && len(a) > 0 && &a[0] == &b[0]
}

// verdict asks the rule of a record.
func (x *Inspector) verdict(r Record, at rules.Place) (rules.Verdict, bool) {
	if r.imported != nil {
		return x.judgeImported(r, at.Path)
	}
	return x.Rules.Judge(r.match, r.mentions, at)
}

// Judge decides a record now that its origin is known. It returns a finding
// with one occurrence (whose Git the caller fills in for objects), or false if
// the rule does not report this value in that path.
func (x *Inspector) Judge(r Record, o source.Origin) (finding.Finding, bool) {
	judged := o.Path
	if r.Location.Member != "" {
		judged = r.Location.Member
	}
	at := rules.Place{Path: judged}
	if r.Location.Notebook != nil {
		at.Part = r.Location.Notebook.Part
	}
	verdict, ok := x.verdict(r, at)
	if !ok {
		return finding.Finding{}, false
	}
	if slices.Contains(r.Location.Way, decode.Named) {
		// Which value a name has is a guess.
		verdict.Confidence = min(verdict.Confidence, rules.Medium)
	}
	location := r.Location
	location.Path = o.Path
	f := finding.Finding{
		Rule:        r.match.Rule,
		Confidence:  verdict.Confidence,
		Evidence:    verdict.Evidence,
		Standing:    finding.Standing{Status: key.Unknown},
		Expires:     r.expires,
		Secret:      r.Secret,
		Fingerprint: x.Fingerprints.Of(r.Secret),
		Stored:      o.Kept || o.Ignored && isKeyStore(o.Path),
		Repository:  o.Repository,
		Path:        o.Path,
		Occurrences: []finding.Occurrence{{Place: o.Place, Location: location, Marked: r.marked}},
	}
	if location.Member != "" {
		f.Path += "!" + location.Member
	}
	f.ID = finding.Identify(x.Fingerprints, f)
	return f, true
}
