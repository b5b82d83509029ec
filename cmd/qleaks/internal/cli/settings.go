package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/finding"
)

const (
	defaultConfidence = "medium"
	defaultFailOn     = "medium"
)

// failOn is the line from which on findings make exit code 1.
type failOn string

const (
	failOnActive failOn = "active"
	failOnNone   failOn = "none"
)

func failOnWords() []string {
	return []string{"high", "medium", "low", string(failOnActive), string(failOnNone)}
}

func parseFailOn(word string) (failOn, error) {
	if !slices.Contains(failOnWords(), word) {
		return "", fmt.Errorf("%q is not one of %s", word, strings.Join(failOnWords(), ", "))
	}
	return failOn(word), nil
}

// least is the lowest confidence that fails; None if confidence does not decide.
func (f failOn) least() rules.Confidence {
	c, err := parseConfidence(string(f))
	if err != nil {
		return rules.None
	}
	return c
}

// fails reports whether a finding is reason for exit code 1. A key in a key
// store that Git ignores is where it belongs. A key that works is a key,
// however little else told so.
func (f failOn) fails(x finding.Finding) bool {
	switch {
	case x.Stored || f == failOnNone:
		return false
	case f == failOnActive, x.Status == key.Active:
		return x.Status == key.Active
	}
	return x.Confidence >= f.least()
}

func parseConfidence(word string) (rules.Confidence, error) {
	for _, c := range []rules.Confidence{rules.High, rules.Medium, rules.Low} {
		if c.String() == word {
			return c, nil
		}
	}
	return rules.None, fmt.Errorf("%q is not one of high, medium, low", word)
}

// settings are the values that a configuration file may set, too.
type settings struct {
	Confidence rules.Confidence
	FailOn     failOn
	Strict     bool
	// Origins holds where confidence, fail-on and strict come from.
	Origins map[string]origin
}

// resolve puts flags, variables (which are in the flags already), file and
// defaults together. A nil file sets nothing.
func resolve(o judgeOptions, origins map[string]origin, file *fileConfig) (settings, error) {
	s := settings{Strict: o.Strict, Origins: map[string]origin{}}
	for _, name := range []string{"confidence", "fail-on", "strict"} {
		s.Origins[name] = origins[name]
	}
	if file != nil {
		fill := func(name string, set bool, apply func()) {
			if set && s.Origins[name] == "" {
				s.Origins[name] = fromFile
				apply()
			}
		}
		fill("confidence", file.Scan.Confidence != nil, func() { o.Confidence = *file.Scan.Confidence })
		fill("fail-on", file.Scan.FailOn != nil, func() { o.FailOn = *file.Scan.FailOn })
		fill("strict", file.Scan.Strict != nil, func() { s.Strict = *file.Scan.Strict })
	}
	var err error
	if s.Confidence, err = parseConfidence(o.Confidence); err != nil {
		return settings{}, wrongSetting("confidence", s.Origins, err)
	}
	if s.FailOn, err = parseFailOn(o.FailOn); err != nil {
		return settings{}, wrongSetting("fail-on", s.Origins, err)
	}
	err = s.agree()
	return s, err
}

func wrongSetting(name string, origins map[string]origin, err error) error {
	if origins[name] == fromEnvironment {
		return wrongUsage(fmt.Sprintf("%s: %v", variable(name), err))
	}
	return wrongUsage(fmt.Sprintf("--%s: %v", name, err))
}

// agree keeps the scan from failing for findings that it does not show: of
// confidence and fail-on, the one that was said less clearly gives way.
func (s *settings) agree() error {
	least := s.FailOn.least()
	if least == rules.None || least >= s.Confidence {
		return nil
	}
	shown, failing := s.Origins["confidence"].rank(), s.Origins["fail-on"].rank()
	switch {
	case failing > shown:
		s.Confidence = least
	case shown > failing:
		s.FailOn = failOn(s.Confidence.String())
	default:
		return wrongUsage(
			fmt.Sprintf("--fail-on %s would fail for findings that --confidence %s does not show", s.FailOn, s.Confidence),
			fmt.Sprintf("use --confidence %s as well, or --fail-on %s", s.FailOn, s.Confidence))
	}
	return nil
}
