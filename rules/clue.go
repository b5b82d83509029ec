package rules

import (
	"cmp"
	"slices"

	"github.com/qleaks/qleaks/scanner/runs"
)

// Reach is how far from a token its evidence may stand in a view, in bytes:
// what is further away decides nothing that Match says. A token that is found
// by a keyword counts from the keyword to where its pattern could end, see
// Leads.
func (s *Set) Reach() int { return s.reach }

// Clue reports whether the run view[start:end] holds what could be a token of a
// rule, were there the right evidence. What stands beside the run may be
// encoded, but for what says that it is the inside of base64: no decoding drops
// that.
func (s *Set) Clue(view []byte, start, end int) bool {
	if insideBase64(view, start, end) {
		return false
	}
	var known appraisal
	for _, m := range s.runs {
		if m.clue(view[start:end], &known) {
			return true
		}
	}
	return false
}

func (m *matcher) clue(run []byte, known *appraisal) bool {
	t := &m.rule.Token
	if len(run) < t.Min || len(run) > maxWidth {
		return false
	}
	for p := 0; p < len(run); {
		if !m.alphabet[run[p]] {
			p++
			continue
		}
		q := p + 1
		for q < len(run) && m.alphabet[run[q]] {
			q++
		}
		// A dash may belong to the shell, as in ${NAME:-value}.
		for from := p; from <= p+1; from++ {
			if n := q - from; n >= t.Min && n <= t.Max && (from == p || run[p] == '-') && m.plausible(run[from:q], known) {
				return true
			}
		}
		p = q
	}
	return false
}

// LeadBefore is how far before a value its keyword may begin, in bytes.
const LeadBefore = maxLead

// ValueRun is the shortest run that every value behind a keyword has; it is a
// mixed one.
const ValueRun = leadRun

// Leads appends, in order, where keywords begin in view[from:to], each with the
// stretch that the pattern behind it may read.
func (s *Set) Leads(view []byte, from, to int, list []Span) []Span {
	first := len(list)
	for _, g := range s.leads {
		g.each(view, from, to, func(m *matcher, at int) {
			list = append(list, Span{at, min(at+m.rule.Token.Max+maxLead, len(view))})
		})
	}
	slices.SortFunc(list[first:], func(a, b Span) int { return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End)) })
	return list
}

// valueAround is how far around a run the rest of a value is looked at, in
// bytes.
const valueAround = 64

// Valued reports whether the run view[start:end] may be the value behind a
// keyword, or a part of it.
func (s *Set) Valued(view []byte, start, end int) bool {
	if s.plainValues || random(view[start:end]) {
		return true
	}
	from, to := start, end
	for from > 0 && start-from < valueAround && isValueByte(view[from-1]) {
		from--
	}
	for to < len(view) && to-end < valueAround && isValueByte(view[to]) {
		to++
	}
	return start-from == valueAround || to-end == valueAround || to-from > end-start && random(view[from:to])
}

// isValueByte reports whether a value behind a keyword may hold c.
func isValueByte(c byte) bool { return c == '.' || c == '+' || c == '/' || c == '=' || runs.IsKey(c) }

// Led reports whether view holds a keyword, behind which a value may stand.
func (s *Set) Led(view []byte) bool {
	led := false
	for _, g := range s.leads {
		g.each(view, 0, len(view), func(*matcher, int) { led = true })
	}
	return led
}
