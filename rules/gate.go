package rules

import (
	"bytes"
	"regexp/syntax"
	"strings"
)

// gate spares the running of a pattern: every text that the pattern matches
// holds one of these words, without regard to case. An empty gate is open.
type gate []string

// maxGate is how many words are still cheaper than the pattern.
const maxGate = 24

// newGate derives the gate of a pattern.
func newGate(pattern string) gate {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil // the pattern's own compilation says so
	}
	words := required(parsed.Simplify())
	if len(words) > maxGate {
		return nil
	}
	return words
}

// required returns words of which every match holds one, nil if there are none.
func required(re *syntax.Regexp) gate {
	switch re.Op {
	case syntax.OpLiteral:
		return gate{strings.ToLower(string(re.Rune))}
	case syntax.OpCapture, syntax.OpPlus:
		return required(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return required(re.Sub[0])
		}
	case syntax.OpConcat:
		var best gate
		for _, sub := range re.Sub {
			if g := required(sub); g.tighter(best) {
				best = g
			}
		}
		return best
	case syntax.OpAlternate:
		var all gate
		for _, sub := range re.Sub {
			g := required(sub)
			if g == nil {
				return nil
			}
			all = append(all, g...)
		}
		return all
	default:
	}
	return nil
}

// tighter reports whether g lets less text through than h: its shortest word
// is longer.
func (g gate) tighter(h gate) bool { return g.shortest() > h.shortest() }

func (g gate) shortest() int {
	if len(g) == 0 {
		return 0
	}
	n := len(g[0])
	for _, w := range g {
		n = min(n, len(w))
	}
	return n
}

// open reports whether text, in lower case, may match. Other letters than
// ASCII may fold to ASCII ones, so text that has any goes through.
func (g gate) open(lower []byte) bool {
	if len(g) == 0 {
		return true
	}
	for _, w := range g {
		if bytes.Contains(lower, []byte(w)) {
			return true
		}
	}
	return false
}

// lowered is text before a token in lower case, made when first asked for.
type lowered struct {
	text []byte
	made bool
	// foreign is true when the text has other bytes than ASCII.
	foreign bool
	buf     [maxGated]byte
}

// maxGated is how much text before a token a gate looks at; evidence that sees
// more has no gate.
const maxGated = 512

// before returns the last n bytes of view[:end] in lower case; false if a gate
// cannot tell.
func (l *lowered) before(view []byte, end, n int) ([]byte, bool) {
	if n > maxGated {
		return nil, false
	}
	if !l.made {
		l.made = true
		l.text = l.buf[:copy(l.buf[:], view[max(0, end-maxGated):end])]
		for i, c := range l.text {
			if c >= 'A' && c <= 'Z' {
				l.text[i] = c + 'a' - 'A'
			}
			l.foreign = l.foreign || c >= 0x80
		}
	}
	return l.text[max(0, len(l.text)-n):], !l.foreign
}
