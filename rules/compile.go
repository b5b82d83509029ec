package rules

import (
	"errors"
	"fmt"
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
	// pattern has a group named secret, which is the token.
	pattern  *pattern
	form     *pattern
	reject   []*pattern
	evidence []evidence
}

// evidence is one compiled piece of evidence.
type evidence struct {
	confidence    Confidence
	before, after *pattern
	near          Near
	beside        *pattern
	besideLines   int
	form          *pattern
	issuers       []string
	file          []int
	path, part    []string
	width         int
}

// byteSet is a set of byte values.
type byteSet [256]bool

// compile compiles a rule and, unless that was done before, checks it.
func (s *Set) compile(r *Rule, checked bool) (*matcher, error) {
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
	if checked {
		return m, nil
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	return m, nil
}

func (m *matcher) compileToken() error {
	t := m.rule.Token
	var err error
	m.pattern = newPattern(`\A`, t.Pattern, "")
	if m.pattern == nil {
		if m.alphabet, err = newByteSet(t.Alphabet); err != nil {
			return fmt.Errorf("alphabet: %w", err)
		}
	}
	edge := t.Edge
	if edge == "" {
		edge = t.Alphabet + "+/"
	}
	if m.edge, err = newByteSet(edge); err != nil {
		return fmt.Errorf("edge: %w", err)
	}
	m.form = newPattern(`\A`, t.Form, `\z`)
	for _, text := range t.Reject {
		m.reject = append(m.reject, newPattern(`\A`, text, `\z`))
	}
	return nil
}

// check says what is wrong with the patterns of a rule.
func (m *matcher) check() error {
	if err := m.pattern.check(); err != nil {
		return fmt.Errorf("pattern: %w", err)
	}
	if m.pattern != nil && m.pattern.regexp().SubexpIndex("secret") < 0 {
		return errors.New(`pattern: it needs a group named "secret"`)
	}
	if err := m.form.check(); err != nil {
		return fmt.Errorf("form: %w", err)
	}
	for _, p := range m.reject {
		if err := p.check(); err != nil {
			return fmt.Errorf("reject: %w", err)
		}
	}
	for i, e := range m.evidence {
		if err := e.check(); err != nil {
			return fmt.Errorf("evidence %q: %w", m.rule.Evidence[i].Name, err)
		}
	}
	return nil
}

func (e *evidence) check() error {
	if err := e.before.checkLocal(); err != nil {
		return fmt.Errorf("before: %w", err)
	}
	if err := e.after.checkLocal(); err != nil {
		return fmt.Errorf("after: %w", err)
	}
	if err := e.beside.checkLocal(); err != nil {
		return fmt.Errorf("beside: %w", err)
	}
	if err := e.form.check(); err != nil {
		return fmt.Errorf("form: %w", err)
	}
	return nil
}

func (s *Set) compileEvidence(e Evidence) (evidence, error) {
	out := evidence{
		confidence: e.Confidence, width: e.Width, near: Near{Lines: e.Near.Lines},
		before: newPattern("", e.Before, `\z`), after: newPattern(`\A`, e.After, ""),
		beside: newPattern("", e.Beside.Pattern, ""), besideLines: e.Beside.Lines,
		form: newPattern(`\A`, e.Form, `\z`), issuers: e.Issuers, part: e.Part,
	}
	if out.width == 0 {
		out.width = defaultWidth
	}
	if out.width > maxWidth {
		return evidence{}, fmt.Errorf("width %d is above %d", out.width, maxWidth)
	}
	for _, w := range e.Near.Words {
		out.near.Words = append(out.near.Words, strings.ToLower(w))
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
		if len(e.near.Words) > 0 || e.beside != nil {
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
