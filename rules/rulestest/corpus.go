package rulestest

import (
	"strings"

	"github.com/qleaks/qleaks/internal/expression"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/rules/sample"
)

// Planted is an expectation of a corpus file: {{rule-id confidence}} stands
// where the key goes, so that the expectation is on the line it concerns.
type Planted struct {
	Rule       string
	Confidence rules.Confidence
	Key        string
}

var planted = expression.Lazy(`\{\{([a-z][a-z0-9]*(?:-[a-z0-9]+)+) (high|medium|low)\}\}`)

// Plant fills a corpus file with keys and values, and returns what must be
// found in it. A rule that the set does not have is left as it stands.
func Plant(set *rules.Set, text string, v *sample.Values) (string, []Planted) {
	var wanted []Planted
	filled := planted().ReplaceAllStringFunc(text, func(m string) string {
		parts := planted().FindStringSubmatch(m)
		r := set.Rule(parts[1])
		if r == nil {
			return m
		}
		p := Planted{Rule: r.ID, Key: sample.Key(r, v)}
		// The pattern above allows the three words only.
		_ = p.Confidence.UnmarshalText([]byte(parts[2]))
		wanted = append(wanted, p)
		return p.Key
	})
	return sample.Expand(strings.ReplaceAll(filled, "\r\n", "\n"), "", v), wanted
}
