package rules

import "github.com/qleaks/qleaks/scanner/runs"

// Reach is how far from a token its evidence may stand in a view, in bytes:
// what is further away decides nothing that Match says. A token that is found
// by a keyword counts from the keyword to where its pattern could end, see
// Lead.
func (s *Set) Reach() int { return s.reach }

// Clue reports whether the run view[start:end] holds what could be a token of a
// rule, were there the right evidence, and whatever stands beside the run: it
// may be encoded.
func (s *Set) Clue(view []byte, start, end int) bool {
	for _, m := range s.runs {
		if m.clue(view[start:end]) {
			return true
		}
	}
	return false
}

func (m *matcher) clue(run []byte) bool {
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
			if n := q - from; n >= t.Min && n <= t.Max && (from == p || run[p] == '-') && m.plausible(run[from:q]) {
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

// Lead reports whether a keyword begins in view[from:to], and the stretch that
// the patterns behind the keywords there may read. With loose, the keyword may
// be broken by something encoded in place of a blank.
func (s *Set) Lead(view []byte, from, to int, loose bool) (start, end int, ok bool) {
	groups := s.leads
	if loose {
		groups = s.looseLeads
	}
	start = len(view)
	for _, g := range groups {
		g.each(view, from, to, func(m *matcher, at int) {
			start, end, ok = min(start, at), max(end, at+m.rule.Token.Max+maxLead), true
		})
	}
	return start, min(end, len(view)), ok
}

// looseKeyword is the longest word of a keyword: what it has however its blanks
// are encoded.
func looseKeyword(keyword string) string {
	longest := ""
	for start, i := 0, 0; i <= len(keyword); i++ {
		if i < len(keyword) && runs.IsKey(keyword[i]) {
			continue
		}
		if i-start >= len(longest) {
			longest = keyword[start:i]
		}
		start = i + 1
	}
	if len(longest) < 2 {
		return keyword
	}
	return longest
}
