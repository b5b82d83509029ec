package rules

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// Set is a compiled list of rules: a matcher that holds no state and is safe
// to share.
type Set struct {
	rules []*Rule
	// runs are the rules whose tokens are runs of an alphabet, leads those
	// whose tokens are found behind a keyword.
	runs  []*matcher
	leads []*leadGroup
	// minRun is the shortest token of runs: the step of the skip scan.
	minRun int
	// maxToken is the longest token of leads.
	maxToken int
	// plainValues says that a token of leads may be no random value.
	plainValues bool
	// words are the File words of all evidence, lower case, without repeats.
	words []string
	width int
	reach int
	// hash is the set's if it is known beforehand.
	hash string
}

// NewSet validates and compiles rules. The error names every rule that is
// wrong, and where.
func NewSet(list []*Rule) (*Set, error) { return newSet(list, false) }

// newSet is NewSet for rules that may have been validated before.
func newSet(list []*Rule, checked bool) (*Set, error) {
	s := &Set{rules: slices.Clone(list)}
	var errs []error
	seen := map[string]bool{}
	for _, r := range list {
		if seen[r.ID] {
			errs = append(errs, fmt.Errorf("rules: two rules are named %s", r.ID))
			continue
		}
		seen[r.ID] = true
		if !checked {
			if err := r.validate(); err != nil {
				errs = append(errs, fmt.Errorf("rules: %s: %w", r.ID, err))
				continue
			}
		}
		m, err := s.compile(r, checked)
		if err != nil {
			errs = append(errs, fmt.Errorf("rules: %s: %w", r.ID, err))
			continue
		}
		s.add(m)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Set) add(m *matcher) {
	s.width = max(s.width, m.width())
	s.reach = max(s.reach, m.reach())
	if m.pattern == nil {
		s.runs = append(s.runs, m)
		if s.minRun == 0 || m.rule.Token.Min < s.minRun {
			s.minRun = m.rule.Token.Min
		}
		return
	}
	for _, k := range m.rule.Token.Keywords {
		s.leads = addLead(s.leads, k, m)
	}
	// What is longer than Valued looks is valued anyway.
	needs := m.rule.Token.Needs
	s.plainValues = s.plainValues || m.rule.Token.Min <= 2*valueAround/3 && !slices.Contains(needs, "random") && !slices.Contains(needs, "mixed")
	s.maxToken = max(s.maxToken, m.rule.Token.Max)
}

func addLead(groups []*leadGroup, keyword string, m *matcher) []*leadGroup {
	l, rare := newLead(keyword, m)
	i := slices.IndexFunc(groups, func(g *leadGroup) bool { return g.rare == rare })
	if i < 0 {
		i = len(groups)
		groups = append(groups, &leadGroup{rare: rare})
	}
	groups[i].add(l)
	return groups
}

// Rules returns the rules of the set in their order.
func (s *Set) Rules() []*Rule { return slices.Clone(s.rules) }

// Rule returns the rule with an id, or nil.
func (s *Set) Rule(id string) *Rule {
	for _, r := range s.rules {
		if r.ID == id {
			return r
		}
	}
	return nil
}

// Width is the evidence width of the set in bytes: no decision of Match
// depends on a byte further than this from the token's begin or end.
func (s *Set) Width() int { return s.width }

// WidthOf is the evidence width of one rule, 0 if the set has no such rule.
func (s *Set) WidthOf(id string) int {
	if m := s.matcherOf(id); m != nil {
		return m.width()
	}
	return 0
}

// Hash identifies the set: equal hashes find the same keys.
func (s *Set) Hash() (string, error) {
	if s.hash != "" {
		return s.hash, nil
	}
	text, err := json.Marshal(s.rules)
	if err != nil {
		return "", fmt.Errorf("rules: hash: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// word returns the index of a File word, adding it if it is new.
func (s *Set) word(w string) int {
	if i := slices.Index(s.words, w); i >= 0 {
		return i
	}
	s.words = append(s.words, w)
	return len(s.words) - 1
}
