package gitleaks

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"sync"
	"sync/atomic"
)

// allowlist says what is not reported.
type allowlist struct {
	// all demands every kind of condition that there is; otherwise one is
	// enough.
	all bool
	// target is what regexes see: "" for the secret, "match" or "line".
	target  string
	commits map[string]bool
	paths   *lazyRegexp
	regexes *lazyRegexp
	// stop is nil without stopwords.
	stop *lazyWords
	// preset lists are of gitleaks' default configuration: they belong to what
	// its rules describe.
	preset bool
	known  knownPaths
}

func newAllowlist(form allowForm, preset bool) (*allowlist, error) {
	a := &allowlist{commits: map[string]bool{}, preset: preset}
	switch strings.ToUpper(form.Condition) {
	case "AND", "&&":
		a.all = true
	case "", "OR", "||":
	default:
		return nil, fmt.Errorf("condition %q is neither AND nor OR", form.Condition)
	}
	switch form.RegexTarget {
	case "", "secret":
	case "match", "line":
		a.target = form.RegexTarget
	default:
		return nil, fmt.Errorf("regexTarget %q is not one of secret, match, line", form.RegexTarget)
	}
	if len(form.Commits)+len(form.Paths)+len(form.Regexes)+len(form.StopWords) == 0 {
		return nil, errors.New("it has no commits, paths, regexes or stopwords")
	}
	for _, c := range form.Commits {
		a.commits[strings.ToLower(strings.TrimSpace(c))] = true
	}
	var err error
	if a.paths, err = oneOf(form.Paths); err != nil {
		return nil, fmt.Errorf("paths: %w", err)
	}
	if a.regexes, err = oneOf(form.Regexes); err != nil {
		return nil, fmt.Errorf("regexes: %w", err)
	}
	if len(form.StopWords) > 0 {
		a.stop = &lazyWords{words: form.StopWords}
	}
	return a, nil
}

// oneOf joins expressions as gitleaks does: a flag such as (?i) at the begin of
// one holds for those behind it, too.
func oneOf(list []string) (*lazyRegexp, error) {
	if len(list) == 0 {
		return nil, nil
	}
	for _, text := range list {
		if _, err := newLazyRegexp(text); err != nil {
			return nil, err
		}
	}
	return newLazyRegexp("(?:" + strings.Join(list, "|") + ")")
}

// lazyWords are stopwords that are arranged when one is first looked for.
type lazyWords struct {
	words []string
	once  sync.Once
	found *words
}

func (l *lazyWords) in(text []byte) bool {
	l.once.Do(func() { l.found = newWords(l.words) })
	return l.found.any(text)
}

func (a *allowlist) commit(id string) bool { return id != "" && a.commits[strings.ToLower(id)] }

func (a *allowlist) path(name string) bool {
	if name == "" || a.paths == nil {
		return false
	}
	if known, ok := a.known.paths.Load(name); ok {
		return known == true
	}
	matches := a.paths.get().MatchString(name)
	if a.known.count.Add(1) <= maxKnownPaths {
		a.known.paths.Store(strings.Clone(name), matches)
	}
	return matches
}

// maxKnownPaths is for how many paths it is remembered whether a list has them: a
// history has each of them many times.
const maxKnownPaths = 50_000

// knownPaths are answers of an allowlist.
type knownPaths struct {
	paths sync.Map // of string to bool
	count atomic.Int64
}

// origin is where a fragment is from.
type origin struct{ path, commit string }

// allowsOrigin returns the list that says that a fragment is not to be looked
// at at all: a preset one if there is one, nil if there is none.
func allowsOrigin(lists []*allowlist, o origin) *allowlist {
	if o == (origin{}) {
		return nil
	}
	return first(lists, func(a *allowlist) bool {
		commit, path := a.commit(o.commit), a.path(o.path)
		switch {
		case !a.all:
			return commit || path
		case a.regexes != nil || a.stop != nil:
			return false // what is found decides
		}
		return (len(a.commits) == 0 || commit) && (a.paths == nil || path)
	})
}

// first returns the first preset list of which something holds, without one the
// first other one, or nil.
func first(lists []*allowlist, holds func(*allowlist) bool) *allowlist {
	var own *allowlist
	for _, a := range lists {
		if (own == nil || a.preset) && holds(a) {
			if a.preset {
				return a
			}
			own = a
		}
	}
	return own
}

// candidate is what allowlists see of a finding.
type candidate struct{ secret, match, line []byte }

// content reports what a list says of the text of a finding. For one that
// demands all its conditions, those on the origin are left.
func (a *allowlist) content(c candidate) bool {
	target := c.secret
	switch a.target {
	case "match":
		target = c.match
	case "line":
		target = c.line
	}
	regex := len(target) > 0 && a.regexes != nil && a.regexes.get().Match(target)
	word := len(c.secret) > 0 && a.stop != nil && a.stop.in(c.secret)
	if a.all {
		return (a.regexes == nil || regex) && (a.stop == nil || word)
	}
	return regex || word
}

// allows returns the list that keeps a finding from being reported: a preset
// one if there is one, nil if there is none. The lists that only the origin can
// decide are open.
func allows(lists []*allowlist, c candidate) (by *allowlist, open []*allowlist) {
	by = first(lists, func(a *allowlist) bool {
		if !a.content(c) {
			return false
		}
		if a.all && (len(a.commits) > 0 || a.paths != nil) {
			open = append(open, a)
			return false
		}
		return true
	})
	return by, open
}

// decided returns the open list that allows the origin, or nil.
func decided(open []*allowlist, o origin) *allowlist {
	return first(open, func(a *allowlist) bool {
		return (len(a.commits) == 0 || a.commit(o.commit)) && (a.paths == nil || a.path(o.path))
	})
}

// lazyRegexp is compiled when it is first needed: a set has hundreds, and most
// texts need few.
type lazyRegexp struct {
	text string
	once sync.Once
	re   *regexp.Regexp
}

func newLazyRegexp(text string) (*lazyRegexp, error) {
	if _, err := syntax.Parse(text, syntax.Perl); err != nil {
		return nil, err
	}
	return &lazyRegexp{text: text}, nil
}

func (l *lazyRegexp) get() *regexp.Regexp {
	l.once.Do(func() {
		var err error
		if l.re, err = regexp.Compile(l.text); err != nil {
			l.re = regexp.MustCompile(`[^\x00-\x{10FFFF}]`) // what parses, compiles
		}
	})
	return l.re
}
