package rules

// Local is what is known of a match without its file: a bit for each piece of
// evidence. It means something only in a set of the same Hash: see Recall.
func (m Match) Local() uint64 { return m.local }

// Recall returns a match that was made by a set of the same Hash; false if the
// set has no such rule.
func (s *Set) Recall(rule string, start, end int, local uint64) (Match, bool) {
	by := s.matcherOf(rule)
	if by == nil || len(by.evidence) < 64 && local>>len(by.evidence) != 0 {
		return Match{}, false
	}
	return Match{Rule: by.rule, Start: start, End: end, local: local, by: by}, true
}

func (s *Set) matcherOf(rule string) *matcher {
	for _, m := range s.runs {
		if m.rule.ID == rule {
			return m
		}
	}
	for _, g := range s.leads {
		for _, l := range g.leads {
			for _, m := range l.to {
				if m.rule.ID == rule {
					return m
				}
			}
		}
	}
	return nil
}
