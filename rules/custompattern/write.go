package custompattern

import (
	"fmt"
	"regexp/syntax"
	"strings"
	"unicode"
)

const (
	// mostTimes bounds how often one character may be repeated, mostGroups how
	// often a group may be: each time is a state of the automaton.
	manyTimes  = 4
	mostGroups = 1
	// mostWords is how many words an alternative may list; more are any word of
	// their lengths.
	mostWords = 24
)

// written writes an expression as Hyperscan reads it: letters of both cases
// instead of an option, no captures, bounded lengths. It matches all that the
// expression matches, but for what is longer than the bounds.
func written(re *syntax.Regexp) string {
	switch re.Op {
	case syntax.OpLiteral:
		return literal(re)
	case syntax.OpCharClass:
		return classOf(re.Rune)
	case syntax.OpAnyCharNotNL:
		return `[^\n]`
	case syntax.OpAnyChar:
		return `[\x00-\xff]`
	case syntax.OpBeginLine:
		return `(?:\A|\n)`
	case syntax.OpEndLine:
		return `(?:\z|\n)`
	case syntax.OpBeginText:
		return `\A`
	case syntax.OpEndText:
		return `\z`
	case syntax.OpWordBoundary:
		return `\b`
	case syntax.OpNoWordBoundary:
		return `\B`
	case syntax.OpCapture:
		return written(re.Sub[0])
	case syntax.OpConcat:
		var b strings.Builder
		for _, sub := range slimmed(flat(re)) {
			b.WriteString(grouped(sub, sub.Op == syntax.OpAlternate || sub.Op == syntax.OpCapture))
		}
		return b.String()
	case syntax.OpAlternate:
		if n, _, _ := words(re); n > mostWords {
			return `[A-Za-z0-9_]+`
		}
		var parts []string
		for _, sub := range re.Sub {
			parts = append(parts, written(sub))
		}
		return strings.Join(parts, "|")
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		return repeated(re)
	default:
		return ""
	}
}

func grouped(re *syntax.Regexp, group bool) string {
	text := written(re)
	if group && text != "" {
		return "(?:" + text + ")"
	}
	return text
}

// repeated writes a repetition with its bounds.
func repeated(re *syntax.Regexp) string {
	sub := re.Sub[0]
	low, high := re.Min, re.Max
	switch re.Op {
	case syntax.OpStar:
		low, high = 0, -1
	case syntax.OpPlus:
		low, high = 1, -1
	case syntax.OpQuest:
		low, high = 0, 1
	default: // it has its own bounds
	}
	single := sub.Op == syntax.OpCharClass || sub.Op == syntax.OpAnyChar || sub.Op == syntax.OpAnyCharNotNL || sub.Op == syntax.OpLiteral && len(sub.Rune) == 1
	switch {
	case single && high >= manyTimes && low < high:
		high = -1
	case !single && high >= 0:
		high = max(low, min(high, mostGroups))
	}
	return grouped(sub, !single) + times(low, high)
}

// times writes how often something is repeated; high is -1 where there is no
// bound.
func times(low, high int) string {
	switch {
	case low == 0 && high == 1:
		return "?"
	case low == 0 && high < 0:
		return "*"
	case low == 1 && high < 0:
		return "+"
	case high < 0:
		return fmt.Sprintf("{%d,}", low)
	case low == 1 && high == 1:
		return ""
	case low == high:
		return fmt.Sprintf("{%d}", low)
	}
	return fmt.Sprintf("{%d,%d}", low, high)
}

// words counts what an expression of words alone stands for, and the lengths of
// the shortest and the longest; 0 of anything else.
func words(re *syntax.Regexp) (n, shortest, longest int) {
	switch re.Op {
	case syntax.OpEmptyMatch:
		return 1, 0, 0
	case syntax.OpLiteral:
		return 1, len(re.Rune), len(re.Rune)
	case syntax.OpCharClass:
		return 1, 1, 1
	case syntax.OpCapture:
		return words(re.Sub[0])
	case syntax.OpQuest:
		n, _, longest = words(re.Sub[0])
		return n + min(n, 1), 0, longest
	case syntax.OpConcat:
		n = 1
		for _, sub := range re.Sub {
			m, low, high := words(sub)
			n, shortest, longest = n*m, shortest+low, longest+high
		}
		return n, shortest, longest
	case syntax.OpAlternate:
		for i, sub := range re.Sub {
			m, low, high := words(sub)
			if m == 0 {
				return 0, 0, 0
			}
			if i == 0 {
				shortest = low
			}
			n, shortest, longest = n+m, min(shortest, low), max(longest, high)
		}
		return n, shortest, longest
	default:
		return 0, 0, 0
	}
}

// literal writes letters, in both cases where the expression does not mind.
func literal(re *syntax.Regexp) string {
	var b strings.Builder
	for _, r := range re.Rune {
		lower, upper := unicode.ToLower(r), unicode.ToUpper(r)
		if re.Flags&syntax.FoldCase != 0 && lower != upper && upper < unicode.MaxASCII {
			fmt.Fprintf(&b, "[%c%c]", lower, upper)
		} else {
			b.WriteString(escaped(r))
		}
	}
	return b.String()
}

func escaped(r rune) string {
	switch {
	case r == '\n':
		return `\n`
	case r == '\r':
		return `\r`
	case r == '\t':
		return `\t`
	case r < ' ' || r == unicode.MaxASCII:
		return fmt.Sprintf(`\x%02x`, r)
	case strings.ContainsRune(`\.+*?()|[]{}^$-/"'#&~`, r):
		return `\` + string(r)
	}
	return string(r)
}

// classOf writes a class of characters. Those beyond ASCII are all in it, or
// none.
func classOf(ranges []rune) string {
	last := len(ranges) - 1
	if last < 0 || ranges[last] < unicode.MaxRune {
		return "[" + inside(ranges) + "]"
	}
	var others []rune
	next := rune(0)
	for i := 0; i < last && ranges[i] <= unicode.MaxASCII; i += 2 {
		if ranges[i] > next {
			others = append(others, next, ranges[i]-1)
		}
		next = ranges[i+1] + 1
	}
	if next <= unicode.MaxASCII && ranges[last-1] > next {
		others = append(others, next, min(ranges[last-1]-1, unicode.MaxASCII))
	}
	if len(others) == 0 {
		return `[\x00-\xff]`
	}
	return "[^" + inside(others) + "]"
}

// inside writes ranges as a bracket expression has them.
func inside(ranges []rune) string {
	var b strings.Builder
	for i := 0; i+1 < len(ranges); i += 2 {
		low, high := ranges[i], min(ranges[i+1], unicode.MaxASCII)
		switch {
		case low > unicode.MaxASCII:
		case low == high:
			b.WriteString(escaped(low))
		default:
			b.WriteString(escaped(low) + "-" + escaped(high))
		}
	}
	return b.String()
}

// class writes the bracket expression of a rule's alphabet, unlike that of all
// others.
func class(alphabet string) string { return bracket("[", alphabet) }

func unlike(alphabet string) string { return bracket("[^", alphabet) }

func bracket(open, alphabet string) string {
	re, err := syntax.Parse(open+alphabet+"]", syntax.Perl)
	if err != nil {
		return ""
	}
	return written(re)
}
