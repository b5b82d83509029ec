package gitleaks

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Set is a compiled configuration: it holds no state but expressions that are
// compiled when they are first needed, and is safe to share.
type Set struct {
	rules []*Rule
	byID  map[string]*Rule
	allow []*allowlist
	// words are the keywords and the literals of all rules, uses what each
	// stands for.
	words *words
	uses  []use
	idle  sync.Pool
}

// use is what a word stands for, in rules by their places.
type use struct {
	length   int
	keyword  []int
	literals []int
}

// Compile arranges the rules. Unless only is empty, it leaves all but those
// rules out.
func (c *Config) Compile(only []string) (*Set, error) {
	s := &Set{byID: map[string]*Rule{}, allow: c.allow}
	for _, r := range c.Rules {
		if len(only) == 0 || slices.Contains(only, r.ID) {
			s.rules = append(s.rules, r)
			s.byID[r.ID] = r
		}
	}
	for _, id := range only {
		if s.byID[id] == nil {
			return nil, fmt.Errorf("there is no rule %q", id)
		}
	}
	numbers := map[string]int{}
	var list []string
	number := func(word string) int {
		word = strings.ToLower(word)
		n, ok := numbers[word]
		if !ok {
			n = len(list)
			numbers[word] = n
			list = append(list, word)
			s.uses = append(s.uses, use{length: len(word)})
		}
		return n
	}
	for i, r := range s.rules {
		for _, k := range r.Keywords {
			n := number(k)
			s.uses[n].keyword = append(s.uses[n].keyword, i)
		}
		if r.pattern == nil {
			continue
		}
		for _, l := range r.pattern.literals {
			n := number(l)
			if !slices.Contains(s.uses[n].literals, i) {
				s.uses[n].literals = append(s.uses[n].literals, i)
			}
		}
	}
	s.words = newWords(list)
	s.idle.New = func() any {
		return &sight{keyword: make([]bool, len(s.rules)), spots: make([][]spot, len(s.rules))}
	}
	return s, nil
}

// Rules are those of the set, in their order.
func (s *Set) Rules() []*Rule { return slices.Clone(s.rules) }

// Skips reports whether nothing with a path is looked at: gitleaks takes the
// paths of every global allowlist so, whatever else it demands. It is told
// unless gitleaks' default configuration says so.
func (s *Set) Skips(path string) (skips, told bool) {
	by := first(s.allow, func(a *allowlist) bool { return a.path(path) })
	return by != nil, by != nil && !by.preset
}

// PassesOver reports whether Detect finds nothing in what is of an origin,
// because of an allowlist that is not of gitleaks' default configuration.
func (s *Set) PassesOver(path, commit string) bool {
	if !slices.ContainsFunc(s.allow, func(a *allowlist) bool { return !a.preset }) {
		return false
	}
	by := allowsOrigin(s.allow, origin{path: path, commit: commit})
	return by != nil && !by.preset
}

// sight is what one pass over a text showed, by rules.
type sight struct {
	keyword []bool
	spots   [][]spot
	// odd texts hold letters that stand for ASCII ones without being ASCII.
	odd bool
}

func (s *Set) look(text []byte) *sight {
	seen, _ := s.idle.Get().(*sight)
	clear(seen.keyword)
	for i := range seen.spots {
		seen.spots[i] = seen.spots[i][:0]
	}
	text, f := folded(text)
	seen.odd = f != nil
	s.words.each(text, func(numbers []uint32, end int) bool {
		for _, n := range numbers {
			u := &s.uses[n]
			for _, r := range u.keyword {
				seen.keyword[r] = true
			}
			for _, r := range u.literals {
				seen.spots[r] = append(seen.spots[r], spot{f.offset(end - u.length), f.offset(end)})
			}
		}
		return true
	})
	return seen
}
