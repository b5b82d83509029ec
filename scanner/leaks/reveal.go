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

// values returns the secret and the match as a report shows them.
func (s Showing) values(l Leak) (value, match string) {
	value, match = l.Secret.Reveal(), l.Match.Reveal()
	if s.Secrets && s.Redact == 0 || value == "" {
		return value, match
	}
	shown := redacted
	if s.Secrets && s.Redact < 100 {
		rest := math.RoundToEven(float64(len(value)) * float64(100-s.Redact) / 100)
		shown = value[:int(rest)] + "..."
	}
	return shown, strings.ReplaceAll(match, value, shown)
}
