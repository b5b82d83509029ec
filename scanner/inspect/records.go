package inspect

import (
	"cmp"
	"slices"

	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/decode"
)

// seen names one value under one rule in one member of the content.
type seen struct {
	rule        string
	member      string
	fingerprint secret.Fingerprint
}

// placed is a record with its span in the base, by which the views of one
// place are joined.
type placed struct {
	Record
	start, end int
}

// collection joins what the views of one content show.
type collection struct {
	placed map[seen][]placed
	order  []seen
}

// add joins a record with one of the same value and rule at the same place, or
// keeps it as a new one. The same place: the spans overlap, as those of a key
// in raw JSON and in the notebook cell that the JSON holds do.
func (c *collection) add(k seen, p placed) {
	list, ok := c.placed[k]
	if !ok {
		c.order = append(c.order, k)
	}
	for i := range list {
		if list[i].start < p.end && p.start < list[i].end {
			list[i] = join(list[i], p)
			return
		}
	}
	if c.placed == nil {
		c.placed = map[seen][]placed{}
	}
	c.placed[k] = append(list, p)
}

// join keeps the more telling of two views of one place and the evidence of
// both.
func join(a, b placed) placed {
	best, other := a, b
	if telling(b) > telling(a) {
		best, other = b, a
	}
	best.match = best.match.With(other.match)
	best.mentions = best.mentions.Or(other.mentions)
	return best
}

// telling ranks views: a notebook cell says most, then what is nearest to the
// bytes of the file.
func telling(p placed) int {
	score := -len(p.Location.Way)
	if p.Location.Notebook != nil {
		score += 100
	}
	return score
}

// dropRepeats drops what the bytes of a container show of its members: a zip
// that stores, and a tar, hold them in clear.
func (c *collection) dropRepeats() {
	inside := map[seen]bool{}
	for k := range c.placed {
		if k.member != "" {
			k.member = ""
			inside[k] = true
		}
	}
	for k := range inside {
		delete(c.placed, k)
	}
}

func (c *collection) records() []Record {
	var all []placed
	for _, k := range c.order {
		all = append(all, c.placed[k]...)
	}
	slices.SortStableFunc(all, func(a, b placed) int {
		return cmp.Or(cmp.Compare(a.Location.Member, b.Location.Member), cmp.Compare(a.start, b.start),
			cmp.Compare(a.end, b.end), cmp.Compare(a.match.Rule.ID, b.match.Rule.ID))
	})
	out := make([]Record, 0, len(all))
	for i, p := range all {
		if !slices.ContainsFunc(all[max(0, i-overlaps):min(len(all), i+overlaps)], p.misreads) {
			out = append(out, p.Record)
		}
	}
	return out
}

// overlaps is how far, in records, one is sought that shows the same place.
const overlaps = 8

// misreads reports whether p is what the raw bytes show of a value that q shows
// decoded, or of one that is turned round: in "\nKEY" and "ESC[31mKEY" a letter of the escape touches the key
// and makes it another one.
func (p placed) misreads(q placed) bool {
	decoded := len(q.Location.Way) > 0 || q.Location.Notebook != nil
	raw := len(p.Location.Way) == 0 && p.Location.Notebook == nil
	if way := q.Location.Way; len(way) > len(p.Location.Way) && way[len(way)-1] == decode.Backwards && p.Location.Member == q.Location.Member {
		return p.start < q.end && q.start < p.end
	}
	return raw && decoded && p.match.Rule == q.match.Rule && p.Location.Member == q.Location.Member &&
		p.start <= q.start && q.end <= p.end && p.end-p.start > q.end-q.start
}

// mentions remembers the file words of each member, computed when a match
// first asks.
type mentions struct {
	rules *rules.Set
	of    map[string]rules.Mentions
}

func (m *mentions) in(v decode.View) rules.Mentions {
	base, ok := m.of[v.Member]
	if !ok {
		base = m.rules.Mentions(v.Base)
		if m.of == nil {
			m.of = map[string]rules.Mentions{}
		}
		m.of[v.Member] = base
	}
	if len(v.Way) == 0 && v.Part.Name == "" {
		return base
	}
	return base.Or(m.rules.Mentions(v.Text))
}
