package leaks

import (
	"math"
	"strings"
)

// This file is the only one of the package that sees material.

// redacted stands for a value that is not shown.
const redacted = "REDACTED"

// Showing says how much of the values a report shows. The zero Showing shows
// nothing.
type Showing struct {
	Secrets bool
	// Redact is the share of each value, from its end, that is left out even
	// so, in percent.
	Redact uint
}

// shownValues are what a report shows of a leak.
type shownValues struct{ secret, match, line string }

// values hides what is not to be shown. Other keys may stand beside the one of
// the leak, so of the line only the match is left.
func (s Showing) values(l Leak) shownValues {
	v := shownValues{l.Secret.Reveal(), l.Match.Reveal(), l.Line.Reveal()}
	if s.Secrets && s.Redact == 0 || l.Rule.OnlyPath() {
		return v
	}
	if v.secret == "" { // an empty group: the material is around it
		if !s.Secrets {
			v.match, v.line = redacted, redacted
		}
		return v
	}
	shown := redacted
	if s.Secrets && s.Redact < 100 {
		rest := math.RoundToEven(float64(len(v.secret)) * float64(100-s.Redact) / 100)
		shown = v.secret[:int(rest)] + "..."
	}
	v.match = strings.ReplaceAll(v.match, v.secret, shown)
	v.line = strings.ReplaceAll(v.line, v.secret, shown)
	if !s.Secrets {
		v.line = v.match
	}
	v.secret = shown
	return v
}

// minQuoted is how long a secret must be to be sought in messages: shorter ones
// are words.
const minQuoted = 8

// messages hides in the messages of commits the secrets that were found.
func (s Showing) messages(all []Leak) func(string) string {
	if s.Secrets {
		return func(message string) string { return message }
	}
	var pairs []string
	for _, l := range all {
		if value := l.Secret.Reveal(); len(value) >= minQuoted && l.Commit.Message != "" {
			pairs = append(pairs, value, redacted)
		}
	}
	return strings.NewReplacer(pairs...).Replace
}

// couldBe reports whether a message of a report is another one with parts
// hidden.
func couldBe(told, message string) bool {
	first, rest, hidden := strings.Cut(told, redacted)
	if !hidden {
		return told == message
	}
	message, ok := strings.CutPrefix(message, first)
	for ok && rest != "" {
		var part string
		if part, rest, hidden = strings.Cut(rest, redacted); !hidden {
			return strings.HasSuffix(message, part)
		}
		_, message, ok = strings.Cut(message, part)
	}
	return ok
}
