package rules

import (
	"errors"
	"regexp"
	"regexp/syntax"
	"slices"
	"sync"
)

// pattern is a regular expression of a rule, compiled when it is first needed:
// a scan of a few files needs few of them, or none.
type pattern struct {
	prefix, text, suffix string
	once                 sync.Once
	compiled             *regexp.Regexp
	words                gate
	// far is how many bytes a match has at most, with what it looks at beside
	// itself; maxWidth if that is not known.
	far int
}

// newPattern returns nil for an empty text.
func newPattern(prefix, text, suffix string) *pattern {
	if text == "" {
		return nil
	}
	return &pattern{prefix: prefix, text: text, suffix: suffix}
}

// regexp returns the compiled pattern. A pattern that was not checked and is
// none matches nothing.
func (p *pattern) regexp() *regexp.Regexp {
	p.once.Do(func() {
		var err error
		if p.compiled, err = regexp.Compile(p.prefix + `(?:` + p.text + `)` + p.suffix); err != nil {
			p.compiled = nothing()
		}
		p.words = newGate(p.text)
		p.far = maxWidth
		if parsed, err := syntax.Parse(p.text, syntax.Perl); err == nil {
			if n, ok := longest(parsed, maxWidth); ok {
				p.far = min(maxWidth, n+besideMatch)
			}
		}
	})
	return p.compiled
}

// endsIn reports whether a match ends where text does. Of the text, only as much
// is looked at as a match may have.
func (p *pattern) endsIn(text []byte) bool {
	re := p.regexp()
	return re.Match(text[max(0, len(text)-p.far):])
}

// nothing matches no text.
func nothing() *regexp.Regexp { return regexp.MustCompile(`[^\x00-\x{10FFFF}]`) }

// gate returns the words of which every match holds one.
func (p *pattern) gate() gate {
	if p == nil {
		return nil
	}
	p.regexp()
	return p.words
}

// check says what is wrong with a pattern.
func (p *pattern) check() error {
	if p == nil {
		return nil
	}
	_, err := syntax.Parse(p.prefix+`(?:`+p.text+`)`+p.suffix, syntax.Perl)
	return err
}

// checkLocal is check for a pattern that sees only a window. A pattern that
// asks where the text begins or ends would see the window's edge instead, so it
// is refused: the window's edge must never decide.
func (p *pattern) checkLocal() error {
	if p == nil {
		return nil
	}
	parsed, err := syntax.Parse(p.text, syntax.Perl)
	if err != nil {
		return err
	}
	if asksForText(parsed) {
		return errors.New(`\A, \z, ^ and $ see the edge of a window; use (?m) and \n instead`)
	}
	return nil
}

func asksForText(re *syntax.Regexp) bool {
	if re.Op == syntax.OpBeginText || re.Op == syntax.OpEndText {
		return true
	}
	return slices.ContainsFunc(re.Sub, asksForText)
}
