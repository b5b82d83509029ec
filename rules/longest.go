package rules

import (
	"regexp/syntax"
	"unicode/utf8"
)

// besideMatch is how many bytes beside its match a pattern may look at: one
// character, for \b and (?m:^).
const besideMatch = utf8.UTFMax

// longest returns how many bytes a match of re has at most, false if there is
// no bound or it is above limit.
func longest(re *syntax.Regexp, limit int) (int, bool) {
	switch re.Op {
	case syntax.OpLiteral:
		return bounded(utf8.UTFMax*len(re.Rune), limit)
	case syntax.OpCharClass:
		if n := len(re.Rune); n > 0 && re.Rune[n-1] < utf8.RuneSelf {
			return 1, true
		}
		return utf8.UTFMax, true
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return utf8.UTFMax, true
	case syntax.OpCapture, syntax.OpQuest:
		return longest(re.Sub[0], limit)
	case syntax.OpRepeat:
		n, ok := longest(re.Sub[0], limit)
		if !ok || re.Max < 0 {
			return 0, false
		}
		return bounded(n*re.Max, limit)
	case syntax.OpStar, syntax.OpPlus:
		return 0, false
	case syntax.OpConcat, syntax.OpAlternate:
		return longestOf(re, limit)
	default:
		return 0, true // what matches no text
	}
}

func longestOf(re *syntax.Regexp, limit int) (int, bool) {
	total, best := 0, 0
	for _, sub := range re.Sub {
		n, ok := longest(sub, limit)
		if !ok {
			return 0, false
		}
		total, best = total+n, max(best, n)
	}
	if re.Op == syntax.OpAlternate {
		total = best
	}
	return bounded(total, limit)
}

func bounded(n, limit int) (int, bool) { return n, n <= limit }
