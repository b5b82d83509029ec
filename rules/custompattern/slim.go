package custompattern

import (
	"regexp/syntax"
	"slices"
)

// flat lists the parts of which a match is made, one behind the other.
func flat(re *syntax.Regexp) (parts []*syntax.Regexp) {
	for _, sub := range re.Sub {
		for sub.Op == syntax.OpCapture {
			sub = sub.Sub[0]
		}
		if sub.Op == syntax.OpConcat {
			parts = append(parts, flat(sub)...)
		} else {
			parts = append(parts, sub)
		}
	}
	return parts
}

// slimmed leaves out parts that may be missing, and whose characters any number
// of characters beside them may be: they change nothing but the size.
func slimmed(parts []*syntax.Regexp) []*syntax.Regexp {
	for i := 0; i < len(parts); i++ {
		before, behind := i > 0 && takes(parts[i-1], parts[i]), i+1 < len(parts) && takes(parts[i+1], parts[i])
		if optional(parts[i]) && (before || behind) {
			parts = slices.Delete(slices.Clone(parts), i, i+1)
			i = max(i-2, -1)
		}
	}
	return parts
}

// optional reports whether a part may be missing.
func optional(re *syntax.Regexp) bool {
	return re.Op == syntax.OpQuest || re.Op == syntax.OpStar || re.Op == syntax.OpRepeat && re.Min == 0
}

// takes reports whether a part is any number of characters of a class which has
// all the characters of another part.
func takes(re, other *syntax.Regexp) bool {
	many := re.Op == syntax.OpStar || re.Op == syntax.OpPlus || re.Op == syntax.OpRepeat && re.Min <= 1 && (re.Max < 0 || re.Max >= manyTimes)
	if !many || re.Sub[0].Op != syntax.OpCharClass {
		return false
	}
	return within(other, re.Sub[0].Rune)
}

// within reports whether an expression consists of characters of a class.
func within(re *syntax.Regexp, class []rune) bool {
	switch re.Op {
	case syntax.OpEmptyMatch:
		return true
	case syntax.OpLiteral:
		return !slices.ContainsFunc(re.Rune, func(r rune) bool { return !has(class, r, r) })
	case syntax.OpCharClass:
		for i := 0; i+1 < len(re.Rune); i += 2 {
			if !has(class, re.Rune[i], re.Rune[i+1]) {
				return false
			}
		}
		return true
	case syntax.OpCapture, syntax.OpConcat, syntax.OpAlternate, syntax.OpQuest, syntax.OpStar, syntax.OpPlus, syntax.OpRepeat:
		return !slices.ContainsFunc(re.Sub, func(sub *syntax.Regexp) bool { return !within(sub, class) })
	default:
		return false
	}
}

func has(class []rune, low, high rune) bool {
	for i := 0; i+1 < len(class); i += 2 {
		if class[i] <= low && high <= class[i+1] {
			return true
		}
	}
	return false
}
