package inspect

import (
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/finding"
)

// Memo is a record without its key, which stands in the content as it is: Len
// bytes at Start. It means something only to an Inspector with the same rules.
type Memo struct {
	Rule       string
	Start, Len int
	Location   finding.Location
	Marked     bool
	Local      uint64
	Mentions   []uint64
}

// Memo returns what may be kept of a record, false if its key does not stand in
// the content as it is.
func (r Record) Memo(content []byte) (Memo, bool) {
	end := r.Start + r.Secret.Len()
	if r.Location.Member != "" || r.Start < 0 || end > len(content) || !r.Secret.Equal(secret.New(content[r.Start:end])) {
		return Memo{}, false
	}
	return Memo{
		Rule: r.Rule(), Start: r.Start, Len: r.Secret.Len(), Location: r.Location, Marked: r.marked,
		Local: r.match.Local(), Mentions: r.mentions,
	}, true
}

// Recall is the way back from a memo; false if the content or the rules are not
// those that it was made with.
func (x *Inspector) Recall(m Memo, content []byte) (Record, bool) {
	if m.Start < 0 || m.Len <= 0 || m.Start > len(content)-m.Len {
		return Record{}, false
	}
	match, ok := x.Rules.Recall(m.Rule, m.Start, m.Start+m.Len, m.Local)
	if !ok {
		return Record{}, false
	}
	material := content[m.Start : m.Start+m.Len]
	r := Record{Secret: secret.New(material), Location: m.Location, Start: m.Start, marked: m.Marked, match: match, mentions: rules.Mentions(m.Mentions)}
	r.expires, _ = rules.Expiry(material)
	return r, true
}
