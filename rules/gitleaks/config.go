// Package gitleaks reads the rules that people wrote for gitleaks and
// betterleaks, and finds what they describe, as gitleaks 8.30 does: the same
// text with the same rules gives the same findings. It holds no rules of its
// own.
//
// Words of the package: a fragment is text that is looked at as one (a file, or
// the lines that a commit adds at one place); an allowlist says what a rule
// does not report; a pattern is a rule's expression with what is known of it.
package gitleaks

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// Rule is one rule of a configuration.
type Rule struct {
	ID          string
	Description string
	Tags        []string
	Keywords    []string
	// SecretGroup is the group of the expression that is the secret; 0 means
	// the first that is not empty.
	SecretGroup int
	// Entropy is what the secret's must exceed, in bits a character; 0 demands
	// none.
	Entropy float64
	// Specificity is betterleaks': where two rules find one value, the one that
	// says more reports it. Without it, rules with "generic" in their ids yield.
	Specificity int
	// Hidden rules report nothing by themselves: others require them.
	Hidden bool

	pattern  *pattern
	path     *regexp.Regexp
	allow    []*allowlist
	required []requirement
}

// OnlyPath reports whether the rule finds files by their paths alone.
func (r *Rule) OnlyPath() bool { return r.pattern == nil }

// requirement is another rule that must find something near by.
type requirement struct {
	id             string
	lines, columns *count
}

// Config is a set of rules as its files say it, extensions included.
type Config struct {
	// Rules are in the order in which reports list them.
	Rules []*Rule
	// Passed lists what the files say and this package does not know.
	Passed []string

	allow []*allowlist
}

// ErrNoDefault says that a configuration extends gitleaks' default one, and
// that it is not known where that is.
var ErrNoDefault = errors.New("gitleaks' default configuration is not here")

// maxExtensions is how many files may extend each other; what the last one
// extends is not read.
const maxExtensions = 2

// Files reads what configurations extend.
type Files struct {
	// Path reads a file; nil refuses.
	Path func(name string) ([]byte, error)
	// Default reads gitleaks' own configuration. An error should wrap
	// ErrNoDefault.
	Default func() ([]byte, error)
	// IsDefault says that the text itself is gitleaks' own configuration.
	IsDefault bool
}

// Parse reads a configuration and what it extends.
func Parse(text []byte, files Files) (*Config, error) {
	b, err := files.parse(text, 0)
	if err != nil {
		return nil, err
	}
	for _, r := range b.rules {
		if err := r.validate(); err != nil {
			return nil, err
		}
	}
	for _, t := range b.targeted {
		r := b.rules[t.rule]
		if r == nil {
			return nil, fmt.Errorf("[[allowlists]] targets the rule %q, which does not exist", t.rule)
		}
		r.allow = append(r.allow, t.allowlist)
	}
	c := &Config{allow: b.allow, Passed: b.passed}
	for _, id := range b.order {
		if !slices.Contains(c.Rules, b.rules[id]) {
			c.Rules = append(c.Rules, b.rules[id])
		}
	}
	return c, nil
}

// fileForm is the form of a file. Keys are found without regard to case.
type fileForm struct {
	Title       string
	Description string
	MinVersion  string
	// BetterleaksMinVersion says nothing to us.
	BetterleaksMinVersion string
	Extend                struct {
		Path          string
		URL           string
		UseDefault    bool
		DisabledRules texts
	}
	Rules      []ruleForm
	AllowList  *allowForm
	AllowLists []allowForm
}

type ruleForm struct {
	ID          string
	Description string
	Path        string
	Regex       string
	SecretGroup count
	Entropy     decimal
	Keywords    texts
	Tags        texts
	SkipReport  bool
	Specificity *count
	allowForms
	Required []struct {
		ID            string
		WithinLines   *count
		WithinColumns *count
	}
}

// allowForms are the older and the newer way to write allowlists.
type allowForms struct {
	AllowList  *allowForm
	AllowLists []allowForm
}

type allowForm struct {
	Description string
	TargetRules texts
	Condition   string
	Commits     texts
	Paths       texts
	RegexTarget string
	Regexes     texts
	StopWords   texts
}

// usualSpecificity is that of rules that say nothing of it.
const usualSpecificity = 100

// building is a configuration that is not complete yet.
type building struct {
	rules    map[string]*Rule
	order    []string
	allow    []*allowlist
	targeted []targeted
	passed   []string
	// preset is true for gitleaks' own configuration.
	preset bool
}

// targeted is an allowlist for one rule.
type targeted struct {
	rule string
	*allowlist
}

func (f Files) parse(text []byte, depth int) (*building, error) {
	var form fileForm
	meta, err := toml.Decode(string(text), &form)
	if err != nil {
		return nil, tomlError(err)
	}
	b := &building{rules: map[string]*Rule{}, preset: f.IsDefault}
	for _, key := range meta.Undecoded() {
		if name := key.String(); !slices.Contains(b.passed, name) {
			b.passed = append(b.passed, name)
		}
	}
	for _, r := range form.Rules {
		if err := b.rule(r); err != nil {
			return nil, err
		}
	}
	for _, r := range b.rules {
		for _, q := range r.required {
			if b.rules[q.id] == nil {
				return nil, fmt.Errorf("%s: [[rules.required]] names the rule %q, which does not exist", r.ID, q.id)
			}
		}
	}
	if err := b.allowlists(form); err != nil {
		return nil, err
	}
	return b, f.extend(b, form, depth)
}

// tomlError keeps the place of a syntax error; its text could quote the file.
func tomlError(err error) error {
	if syntax, ok := errors.AsType[toml.ParseError](err); ok {
		return fmt.Errorf("line %d: wrong TOML, or a value of the wrong kind", syntax.Position.Line)
	}
	return errors.New("a value has the wrong kind")
}

// rule adds a rule; of two with one id, the later one holds.
func (b *building) rule(form ruleForm) error {
	r := &Rule{
		ID: form.ID, Description: form.Description, Tags: form.Tags, SecretGroup: int(form.SecretGroup),
		Entropy: float64(form.Entropy), Hidden: form.SkipReport, Specificity: usualSpecificity,
	}
	if form.Specificity != nil {
		r.Specificity = int(*form.Specificity)
	}
	for _, k := range form.Keywords {
		r.Keywords = append(r.Keywords, strings.ToLower(k))
	}
	var err error
	if form.Path != "" {
		if r.path, err = regexp.Compile(form.Path); err != nil {
			return fmt.Errorf("%s: path: %w", r.ID, err)
		}
	}
	if form.Regex != "" {
		if r.pattern, err = newPattern(form.Regex); err != nil {
			return fmt.Errorf("%s: regex: %w", r.ID, err)
		}
	}
	lists := form.AllowLists
	if form.AllowList != nil {
		if len(lists) > 0 {
			return fmt.Errorf("%s: [rules.allowlist] and [[rules.allowlists]] do not go together", r.ID)
		}
		lists = []allowForm{*form.AllowList}
	}
	for _, a := range lists {
		list, err := newAllowlist(a, b.preset)
		if err != nil {
			return fmt.Errorf("%s: allowlist: %w", r.ID, err)
		}
		r.allow = append(r.allow, list)
	}
	for _, q := range form.Required {
		if q.ID == "" {
			return fmt.Errorf("%s: [[rules.required]] has no id", r.ID)
		}
		r.required = append(r.required, requirement{id: q.ID, lines: q.WithinLines, columns: q.WithinColumns})
	}
	b.rules[r.ID] = r
	b.order = append(b.order, r.ID)
	return nil
}

func (b *building) allowlists(form fileForm) error {
	lists := form.AllowLists
	if form.AllowList != nil {
		if len(lists) > 0 {
			return errors.New("[allowlist] and [[allowlists]] do not go together")
		}
		lists = []allowForm{*form.AllowList}
	}
	for _, a := range lists {
		list, err := newAllowlist(a, b.preset)
		if err != nil {
			return fmt.Errorf("[[allowlists]]: %w", err)
		}
		if len(a.TargetRules) == 0 {
			b.allow = append(b.allow, list)
		}
		for _, id := range a.TargetRules {
			b.targeted = append(b.targeted, targeted{rule: id, allowlist: list})
		}
	}
	return nil
}

// validate says what is wrong with a rule that is complete.
func (r *Rule) validate() error {
	switch {
	case strings.TrimSpace(r.ID) == "":
		return errors.New("a rule has no id")
	case r.pattern == nil && r.path == nil:
		return fmt.Errorf("%s: it has neither regex nor path, so it would find nothing", r.ID)
	case r.pattern != nil && r.SecretGroup > r.pattern.groups:
		return fmt.Errorf("%s: secretGroup is %d, and the regex has %d", r.ID, r.SecretGroup, r.pattern.groups)
	}
	return nil
}
