// Package inspect finds the keys in one piece of content: it decodes it to
// views, matches the rules in each, maps the matches back to the content, and
// judges them when the path is known. It is what the file walk and the history
// walk share.
package inspect

import (
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/decode"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/source"
)

// Inspector examines content. It is safe for concurrent use and keeps nothing
// of what it saw.
type Inspector struct {
	Rules        *rules.Set
	Fingerprints secret.Fingerprinter
	Decode       decode.Options
}

// Record is a match that outlives the buffer it was found in. What the path
// has to say about it is still open: see Judge.
type Record struct {
	Secret secret.Value
	// Location has no Path yet.
	Location finding.Location
	match    rules.Match
	mentions rules.Mentions
}

// Position is where content begins within its file.
type Position struct {
	Offset int64
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

// Judge decides a record now that its origin is known. It returns a finding
// with one occurrence (whose Git the caller fills in for objects), or false if
// the rule does not report this value in that path.
func (x *Inspector) Judge(r Record, o source.Origin) (finding.Finding, bool) {
	verdict, ok := x.Rules.Judge(r.match, r.mentions, o.Path)
	if !ok {
		return finding.Finding{}, false
	}
	location := r.Location
	location.Path = o.Path
	f := finding.Finding{
		Rule:        r.match.Rule,
		Confidence:  verdict.Confidence,
		Evidence:    verdict.Evidence,
		Status:      key.Unknown,
		Secret:      r.Secret,
		Fingerprint: x.Fingerprints.Of(r.Secret),
		Stored:      o.Ignored && isKeyStore(o.Path),
		Repository:  o.Repository,
		Path:        o.Path,
		Occurrences: []finding.Occurrence{{Place: o.Place, Location: location}},
	}
	if location.Member != "" {
		f.Path += "!" + location.Member
	}
	f.ID = finding.Identify(x.Fingerprints, f)
	return f, true
}
