package gitleaks

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// pattern is the expression of a rule. To look for it in a whole text takes the
// time of many rules; so, where that is possible, it is only tried around the
// literals of which every match holds one. What is found is the same.
type pattern struct {
	lazyRegexp
	groups int
	lead

	restOnce sync.Once
	// behind matches from the last byte of a literal on, as far as a match with
	// that literal can reach.
	behind *regexp.Regexp
}

// lead is what leads to the matches of an expression.
type lead struct {
	// literals are in lower case; every match holds one of them, with at most
	// before bytes in front of it. Empty where nothing is known.
	literals []string
	before   int
	// rest is what follows the literal.
	rest []*syntax.Regexp
}

const (
	// unbounded is a length without a limit.
	unbounded = 1 << 20
	// maxLiterals bounds the literals of a pattern, minLiteral is the shortest.
	maxLiterals = 256
	minLiteral  = 2
	// margin is how far a window reaches beyond what a match can take, in
	// bytes: what stands beside a match decides about \b.
	margin = utf8.UTFMax
)

func newPattern(text string) (*pattern, error) {
	parsed, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, err
	}
	p := &pattern{lazyRegexp: lazyRegexp{text: text}, groups: parsed.MaxCap()}
	p.lead, _ = leadOf(flat(parsed, nil))
	return p, nil
}

// flat lists the parts of which a match is made, one behind the other.
func flat(re *syntax.Regexp, parts []*syntax.Regexp) []*syntax.Regexp {
	switch re.Op {
	case syntax.OpConcat, syntax.OpCapture:
		for _, sub := range re.Sub {
			parts = flat(sub, parts)
		}
		return parts
	default:
		return append(parts, re)
	}
}

// leadOf chooses the part that leads best.
func leadOf(parts []*syntax.Regexp) (lead, bool) {
	var best lead
	bestScore, before := 0, 0
	for i, part := range parts {
		l, ok := leadIn(part)
		l.before = min(unbounded, l.before+before)
		if score := l.score(); ok && score > bestScore {
			best, bestScore = l, score
			best.rest = append(slices.Clip(best.rest), parts[i+1:]...)
		}
		before = min(unbounded, before+longest(part))
	}
	return best, bestScore > 0
}

// score is more for longer literals, and little where the way to the begin of
// the match has no bound.
func (l lead) score() int {
	shortest := 100
	for _, literal := range l.literals {
		shortest = min(shortest, len(literal))
	}
	switch {
	case len(l.literals) == 0 || shortest < minLiteral:
		return 0
	case l.before >= unbounded:
		return shortest
	}
	return 100 + shortest
}

// leadIn is what leads to one part.
func leadIn(part *syntax.Regexp) (lead, bool) {
	if list, ok := literals(part); ok {
		return lead{literals: list}, true
	}
	if part.Op != syntax.OpAlternate {
		return lead{}, false
	}
	var all lead
	rests := &syntax.Regexp{Op: syntax.OpAlternate, Flags: syntax.Perl}
	for _, sub := range part.Sub {
		l, ok := leadOf(flat(sub, nil))
		if !ok || len(all.literals)+len(l.literals) > maxLiterals {
			return lead{}, false
		}
		all.literals = append(all.literals, l.literals...)
		all.before = max(all.before, l.before)
		rests.Sub = append(rests.Sub, &syntax.Regexp{Op: syntax.OpConcat, Sub: l.rest, Flags: syntax.Perl})
	}
	all.rest = []*syntax.Regexp{rests}
	return all, true
}

// literals lists the texts that a part can be, in lower case, if they are few.
func literals(re *syntax.Regexp) ([]string, bool) {
	switch re.Op {
	case syntax.OpEmptyMatch:
		return []string{""}, true
	case syntax.OpLiteral:
		return []string{strings.ToLower(string(re.Rune))}, isASCII(re.Rune)
	case syntax.OpCharClass:
		return classLiterals(re.Rune)
	case syntax.OpCapture:
		return literals(re.Sub[0])
	case syntax.OpQuest:
		list, ok := literals(re.Sub[0])
		return append(list, ""), ok && len(list) < maxLiterals
	case syntax.OpAlternate:
		var all []string
		for _, sub := range re.Sub {
			list, ok := literals(sub)
			if all = append(all, list...); !ok || len(all) > maxLiterals {
				return nil, false
			}
		}
		return all, true
	case syntax.OpConcat:
		all := []string{""}
		for _, sub := range re.Sub {
			list, ok := literals(sub)
			if !ok || len(all)*len(list) > maxLiterals {
				return nil, false
			}
			all = product(all, list)
		}
		return all, true
	default:
		return nil, false
	}
}

func isASCII(runes []rune) bool {
	for _, r := range runes {
		if r >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// classLiterals lists the characters of a small class.
func classLiterals(ranges []rune) ([]string, bool) {
	var out []string
	seen := map[rune]bool{}
	for i := 0; i+1 < len(ranges); i += 2 {
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			lower := r
			switch {
			case r >= 'A' && r <= 'Z':
				lower += 'a' - 'A'
			case r == '\u017f' || r == '\u212a':
				continue // folded away where literals are looked for
			case r >= utf8.RuneSelf || len(seen) > 40:
				return nil, false
			}
			if !seen[lower] {
				seen[lower] = true
				out = append(out, string(lower))
			}
		}
	}
	return out, len(out) > 0
}

func product(a, b []string) []string {
	out := make([]string, 0, len(a)*len(b))
	for _, x := range a {
		for _, y := range b {
			out = append(out, x+y)
		}
	}
	return out
}

// longest is the most bytes that a part can take.
func longest(re *syntax.Regexp) int {
	sum := func(list []*syntax.Regexp) int {
		n := 0
		for _, sub := range list {
			n = min(unbounded, n+longest(sub))
		}
		return n
	}
	switch re.Op {
	case syntax.OpLiteral:
		if isASCII(re.Rune) {
			return len(re.Rune)
		}
		return utf8.UTFMax * len(re.Rune)
	case syntax.OpCharClass:
		if len(re.Rune) > 0 && re.Rune[len(re.Rune)-1] < utf8.RuneSelf {
			return 1
		}
		return utf8.UTFMax
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return utf8.UTFMax
	case syntax.OpCapture, syntax.OpQuest:
		return longest(re.Sub[0])
	case syntax.OpConcat:
		return sum(re.Sub)
	case syntax.OpAlternate:
		n := 0
		for _, sub := range re.Sub {
			n = max(n, longest(sub))
		}
		return n
	case syntax.OpRepeat:
		if re.Max < 0 {
			return unbounded
		}
		return min(unbounded, re.Max*longest(re.Sub[0]))
	case syntax.OpStar, syntax.OpPlus:
		return unbounded
	default:
		return 0
	}
}

// spot is a literal in a text.
type spot struct{ start, end int }

// find returns all matches, one behind the other, as FindAllIndex does. The
// spots are those of the literals, in order; odd texts are those with letters
// that are no ASCII ones but can stand for them.
func (p *pattern) find(text []byte, spots []spot, odd bool) [][]int {
	if len(p.literals) > 0 {
		if found, ok := p.around(text, spots, odd); ok {
			return found
		}
	}
	return p.get().FindAllIndex(text, -1)
}

// around looks in the neighbourhood of the spots; false means that an edge of
// one could have decided, not the text.
func (p *pattern) around(text []byte, spots []spot, odd bool) (found [][]int, ok bool) {
	from, to := -1, -1
	before := p.before
	if odd {
		before *= utf8.UTFMax // what counted for one byte may take more
	}
	for _, s := range spots {
		begin, end, ok := p.window(text, s, before)
		switch {
		case !ok:
		case from >= 0 && begin <= to:
			from, to = min(from, begin), max(to, end)
		default:
			if found, ok = p.within(text, from, to, found); !ok {
				return nil, false
			}
			from, to = begin, end
		}
	}
	return p.within(text, from, to, found)
}

func (p *pattern) within(text []byte, from, to int, found [][]int) ([][]int, bool) {
	if from < 0 {
		return found, true
	}
	for _, m := range p.get().FindAllIndex(text[from:to], -1) {
		start, end := m[0]+from, m[1]+from
		if start == from && from > 0 || end == to && to < len(text) {
			return nil, false
		}
		found = append(found, []int{start, end})
	}
	return found, true
}

// window is what a match with the literal at a spot can take, and a margin;
// false if there can be none.
func (p *pattern) window(text []byte, s spot, before int) (from, to int, ok bool) {
	p.restOnce.Do(p.compileRest)
	// Where the lengths are known, no more is looked at than can matter.
	loc := p.behind.FindIndex(text[s.end-1:])
	if loc == nil {
		return 0, 0, false
	}
	if before < unbounded {
		from = max(0, s.start-before-margin)
	}
	to = min(len(text), s.end-1+loc[1]+margin)
	for n := 0; n < utf8.UTFMax && from > 0 && !utf8.RuneStart(text[from]); n++ {
		from--
	}
	for n := 0; n < utf8.UTFMax && to < len(text) && !utf8.RuneStart(text[to]); n++ {
		to++
	}
	return from, to, true
}

// compileRest takes the literal's last byte along, for what asks what stands
// before it.
func (p *pattern) compileRest() {
	rest := &syntax.Regexp{Op: syntax.OpConcat, Sub: p.rest, Flags: syntax.Perl}
	text := ""
	if len(p.rest) > 0 {
		text = rest.String()
	}
	var err error
	if p.behind, err = regexp.Compile(`\A(?s:.)(?:` + text + `)`); err != nil {
		p.behind = regexp.MustCompile(`\A(?s:.*)`)
	}
	p.behind.Longest()
}
