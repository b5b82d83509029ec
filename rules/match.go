package rules

import (
	"bytes"
	"cmp"
	"slices"
)

// Match is a token with local evidence for a rule, in the coordinates of the
// view it was found in. It holds no material.
type Match struct {
	Rule       *Rule
	Start, End int
	// local has a bit for every piece of evidence whose local conditions hold.
	local uint64
	by    *matcher
}

// With joins the evidence of two matches of one rule for one value at one
// place, seen in two views.
func (m Match) With(other Match) Match {
	m.local |= other.local
	return m
}

// Match finds the tokens of all rules that touch one of the spans (all of the
// view if spans is nil), in order of their start. It looks at most Width bytes
// beyond a token's ends. What depends on the file or its path is left to
// Judge.
func (s *Set) Match(view []byte, spans []Span) []Match {
	if spans == nil {
		spans = []Span{{0, len(view)}}
	}
	var out []Match
	for _, span := range spans {
		if s.minRun > 0 {
			eachRun(view, max(0, span.Start), min(len(view), span.End), s.minRun, func(start, end int) {
				out = s.matchRun(view, start, end, out)
			})
		}
		for _, g := range s.leads {
			// A token may begin behind its keyword, so begin that much earlier.
			from := max(0, span.Start-s.maxToken-maxLead)
			g.each(view, from, min(len(view), span.End), func(to *matcher, at int) {
				out = to.matchLead(view, at, out)
			})
		}
	}
	return tidy(out)
}

const (
	// maxLead is how many bytes of a lead's pattern may stand around the
	// token.
	maxLead = 160
	// maxKeyword is the longest keyword.
	maxKeyword = 64
	// leadRun is the shortest run of token bytes in a value behind a keyword.
	leadRun = 16
)

// tidy sorts matches and drops repeats, which overlapping spans and keywords
// give.
func tidy(list []Match) []Match {
	if len(list) < 2 {
		return list
	}
	slices.SortStableFunc(list, func(a, b Match) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End), cmp.Compare(a.Rule.ID, b.Rule.ID))
	})
	return slices.CompactFunc(list, func(a, b Match) bool {
		return a.Start == b.Start && a.End == b.End && a.Rule == b.Rule
	})
}

func (s *Set) matchRun(view []byte, start, end int, out []Match) []Match {
	if end-start > maxWidth || insideBase64(view, start, end) {
		return out // a blob, not a key
	}
	var known appraisal
	for _, m := range s.runs {
		out = m.matchRun(view, start, end, &known, out)
	}
	return out
}

// insideBase64 reports whether a run stands between bytes that only base64 puts
// there, as in an image. Keys have neither + nor / and are seldom beside one.
func insideBase64(view []byte, start, end int) bool {
	before, after := byte(0), byte(0)
	if start > 0 {
		before = view[start-1]
	}
	if end < len(view) {
		after = view[end]
	}
	return before == '+' || after == '+' || before == '/' && after == '/'
}

// matchRun looks for the rule's tokens in a run: its maximal sub-runs of the
// rule's own alphabet.
func (m *matcher) matchRun(view []byte, start, end int, known *appraisal, out []Match) []Match {
	if end-start < m.rule.Token.Min {
		return out
	}
	for p := start; p < end; {
		if !m.alphabet[view[p]] {
			p++
			continue
		}
		q := p + 1
		for q < end && m.alphabet[view[q]] {
			q++
		}
		out = m.try(view, p, q, known, out)
		if view[p] == '-' && p > 0 && view[p-1] == ':' {
			// The shell's ${NAME:-value}: the dash is no part of the value.
			out = m.try(view, p+1, q, known, out)
		}
		p = q
	}
	return out
}

// matchLead applies the rule's pattern where its keyword begins.
func (m *matcher) matchLead(view []byte, at int, out []Match) []Match {
	window := view[at:min(len(view), at+m.rule.Token.Max+maxLead)]
	if !hasRun(window[:min(len(window), maxLead+leadRun)], leadRun) {
		return out
	}
	pattern := m.pattern.regexp()
	loc := pattern.FindSubmatchIndex(window)
	for _, name := range secretGroups() {
		if i := pattern.SubexpIndex(name); loc != nil && i >= 0 && loc[2*i] >= 0 {
			return m.try(view, at+loc[2*i], at+loc[2*i+1], &appraisal{}, out)
		}
	}
	return out
}

// secretGroups are the names that a pattern gives to the token: alternatives
// need one each.
func secretGroups() [2]string { return [2]string{"secret", "secret2"} }

// try adds a match if [start, end) could be this rule's key and any evidence
// holds.
func (m *matcher) try(view []byte, start, end int, known *appraisal, out []Match) []Match {
	t := &m.rule.Token
	if n := end - start; n < t.Min || n > t.Max {
		return out
	}
	shellDefault := start >= 2 && view[start-1] == '-' && view[start-2] == ':'
	if start > 0 && m.edge[view[start-1]] && !shellDefault || end < len(view) && m.edge[view[end]] {
		return out
	}
	if !m.plausible(view[start:end], known) {
		return out
	}
	local := m.local(view, start, end)
	if local == 0 {
		return out
	}
	return append(out, Match{Rule: m.rule, Start: start, End: end, local: local, by: m})
}

// local returns the evidence whose local conditions hold.
func (m *matcher) local(view []byte, start, end int) uint64 {
	var bits uint64
	var text lowered
	for i := range m.evidence {
		if m.evidence[i].holds(view, start, end, &text) {
			bits |= 1 << i
		}
	}
	return bits
}

// holds looks at what is cheap first.
func (e *evidence) holds(view []byte, start, end int, text *lowered) bool {
	if lower, ok := text.before(view, start, e.width); ok && !e.before.gate().open(lower) {
		return false
	}
	if e.after != nil && !e.after.regexp().Match(view[end:min(len(view), end+e.width)]) {
		return false
	}
	if len(e.near.Words) > 0 {
		from, to := neighbourhood(view, start, end, e.near.Lines)
		if !containsAny(bytes.ToLower(view[from:to]), e.near.Words) {
			return false
		}
	}
	if e.form != nil && !e.form.regexp().Match(view[start:end]) || !e.hasIssuer(view[start:end]) || !e.isBeside(view, start, end) {
		return false
	}
	return e.before == nil || e.before.endsIn(view[max(0, start-e.width):start])
}

// isBeside reports whether what belongs to the token stands before or after
// it.
func (e *evidence) isBeside(view []byte, start, end int) bool {
	if e.beside == nil {
		return true
	}
	from, to := neighbourhood(view, start, end, e.besideLines)
	return e.beside.regexp().Match(view[from:start]) || e.beside.regexp().Match(view[end:to])
}

// neighbourhood is the token's line and lines lines on either side, as far as
// nearBytes.
func neighbourhood(view []byte, start, end, lines int) (from, to int) {
	from, to = start, end
	for left := lines; from > 0 && start-from < nearBytes; from-- {
		if view[from-1] == '\n' {
			if left == 0 {
				break
			}
			left--
		}
	}
	for left := lines; to < len(view) && to-end < nearBytes; to++ {
		if view[to] == '\n' {
			if left == 0 {
				break
			}
			left--
		}
	}
	return from, to
}

func containsAny(text []byte, words []string) bool {
	for _, w := range words {
		if bytes.Contains(text, []byte(w)) {
			return true
		}
	}
	return false
}
