package rules

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

const (
	// defaultWidth is what Before and After see, in bytes.
	defaultWidth = 160
	// maxWidth bounds the evidence width of any rule.
	maxWidth = 4096
	// nearBytes bounds how far Near looks on either side, in bytes.
	nearBytes = 512
	// maxEvidence is how many pieces of evidence a rule may have: they are
	// kept as bits.
	maxEvidence = 64
	// minRunLength keeps the skip scan worth its name.
	minRunLength = 16
	// runAlphabet is what the skip scan calls a token byte.
	runAlphabet = "A-Za-z0-9_-"
)

// matcher is one compiled rule.
type matcher struct {
	rule     *Rule
	alphabet byteSet
	edge     byteSet
	pattern  *regexp.Regexp
	secret   int // the group of pattern that is the token
	reject   []*regexp.Regexp
	evidence []evidence
}

// evidence is one compiled piece of evidence.
type evidence struct {
	confidence    Confidence
	before, after *regexp.Regexp
	gate          gate
	near          []string
	nearLines     int
	file          []int
	path          []string
	width         int
}

// byteSet is a set of byte values.
type byteSet [256]bool

func (s *Set) compile(r *Rule) (*matcher, error) {
	if err := r.validate(); err != nil {
		return nil, err
	}
	m := &matcher{rule: r}
	if err := m.compileToken(); err != nil {
		return nil, err
	}
	for _, e := range r.Evidence {
		compiled, err := s.compileEvidence(e)
		if err != nil {
			return nil, fmt.Errorf("evidence %q: %w", e.Name, err)
		}
		m.evidence = append(m.evidence, compiled)
	}
	return m, nil
}

func (m *matcher) compileToken() error {
	t := m.rule.Token
	var err error
	if t.Pattern != "" {
		if m.pattern, err = regexp.Compile(`\A(?:` + t.Pattern + `)`); err != nil {
			return fmt.Errorf("pattern: %w", err)
		}
		if m.secret = m.pattern.SubexpIndex("secret"); m.secret < 0 {
			return errors.New(`pattern: it needs a group named "secret"`)
		}
	} else if m.alphabet, err = newByteSet(t.Alphabet); err != nil {
		return fmt.Errorf("alphabet: %w", err)
	}
	edge := t.Edge
	if edge == "" {
		edge = t.Alphabet + "+/"
	}
	if m.edge, err = newByteSet(edge); err != nil {
		return fmt.Errorf("edge: %w", err)
	}
	for _, text := range t.Reject {
		re, err := regexp.Compile(`\A(?:` + text + `)\z`)
		if err != nil {
			return fmt.Errorf("reject: %w", err)
		}
		m.reject = append(m.reject, re)
	}
	return nil
}

func (s *Set) compileEvidence(e Evidence) (evidence, error) {
	out := evidence{confidence: e.Confidence, nearLines: e.Near.Lines, width: e.Width}
	if out.width == 0 {
		out.width = defaultWidth
	}
	if out.width > maxWidth {
		return evidence{}, fmt.Errorf("width %d is above %d", out.width, maxWidth)
	}
	var err error
	if out.before, err = compileLocal(e.Before, "", `\z`); err != nil {
		return evidence{}, fmt.Errorf("before: %w", err)
	}
	out.gate = newGate(e.Before)
	if out.after, err = compileLocal(e.After, `\A`, ""); err != nil {
		return evidence{}, fmt.Errorf("after: %w", err)
	}
	for _, w := range e.Near.Words {
		out.near = append(out.near, strings.ToLower(w))
	}
	for _, w := range e.File {
		out.file = append(out.file, s.word(strings.ToLower(w)))
	}
	for _, p := range e.Path {
		p = strings.ToLower(p)
		if !doublestar.ValidatePattern(p) {
			return evidence{}, fmt.Errorf("path %q is no glob", p)
		}
		out.path = append(out.path, p)
	}
	return out, nil
}

// compileLocal compiles a pattern that sees only a window. A pattern that asks
// where the text begins or ends would see the window's edge instead, so it is
// refused: the window's edge must never decide.
func compileLocal(pattern, prefix, suffix string) (*regexp.Regexp, error) {
	if pattern == "" {
		return nil, nil
	}
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, err
	}
	if asksForText(parsed) {
		return nil, errors.New(`\A, \z, ^ and $ see the edge of a window; use (?m) and \n instead`)
	}
	return regexp.Compile(prefix + `(?:` + pattern + `)` + suffix)
}

func asksForText(re *syntax.Regexp) bool {
	if re.Op == syntax.OpBeginText || re.Op == syntax.OpEndText {
		return true
	}
	return slices.ContainsFunc(re.Sub, asksForText)
}

// width is how far from the token's ends this rule looks, in bytes.
func (m *matcher) width() int {
	w := m.rule.Token.Max + 2
	if len(m.evidence) > 0 {
		w += m.reach()
	}
	return w
}

// reach is how far from the token's ends its evidence may stand, in bytes.
func (m *matcher) reach() int {
	far := 0
	for _, e := range m.evidence {
		far = max(far, e.width)
		if len(e.near) > 0 {
			far = max(far, nearBytes)
		}
	}
	return far
}

// newByteSet expands the inside of a bracket expression: single bytes and
// ranges; a "-" at either end stands for itself.
func newByteSet(spec string) (byteSet, error) {
	var set byteSet
	for i := 0; i < len(spec); i++ {
		lo, hi := spec[i], spec[i]
		if i+2 < len(spec) && spec[i+1] == '-' {
			hi = spec[i+2]
			i += 2
		}
		if lo > hi {
			return set, fmt.Errorf("range %c-%c is empty", lo, hi)
		}
		for c := int(lo); c <= int(hi); c++ {
			set[c] = true
		}
	}
	return set, nil
}
