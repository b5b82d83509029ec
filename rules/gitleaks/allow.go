package gitleaks

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"sync"
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
}

func newAllowlist(form allowForm) (*allowlist, error) {
	a := &allowlist{commits: map[string]bool{}}
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
	return name != "" && a.paths != nil && a.paths.get().MatchString(name)
}

// origin is where a fragment is from.
type origin struct{ path, commit string }

// allowsOrigin reports whether one of the lists says that a fragment is not to
// be looked at at all.
func allowsOrigin(lists []*allowlist, o origin) bool {
	if o == (origin{}) {
		return false
	}
	for _, a := range lists {
		commit, path := a.commit(o.commit), a.path(o.path)
		if !a.all {
			if commit || path {
				return true
			}
			continue
		}
		if a.regexes != nil || a.stop != nil {
			continue // what is found decides
		}
		if (len(a.commits) == 0 || commit) && (a.paths == nil || path) {
			return true
		}
	}
	return false
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

// allows reports whether one of the lists keeps a finding from being reported.
// The lists that only the origin can decide are returned.
func allows(lists []*allowlist, c candidate) (allowed bool, open []*allowlist) {
	for _, a := range lists {
		switch {
		case !a.content(c):
		case !a.all || len(a.commits) == 0 && a.paths == nil:
			return true, nil
		default:
			open = append(open, a)
		}
	}
	return false, open
}

// decided reports whether one of the open lists allows the origin.
func decided(open []*allowlist, o origin) bool {
	for _, a := range open {
		if (len(a.commits) == 0 || a.commit(o.commit)) && (a.paths == nil || a.path(o.path)) {
			return true
		}
	}
	return false
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
