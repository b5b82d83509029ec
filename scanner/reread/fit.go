package reread

import (
	"regexp"
	"strings"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/finding"
)

func unverified() finding.Standing { return finding.Standing{Status: key.Unknown} }

// fits reports whether a value has the form of a rule's keys, whatever stands
// around it. A report could say anything; what does not fit goes nowhere.
func fits(rule *rules.Rule, value string) bool {
	t := rule.Token
	if len(value) < max(t.Min, shortestKey) || t.Max > 0 && len(value) > t.Max || !strings.HasPrefix(value, t.Public) {
		return false
	}
	if t.Form != "" && !whole(t.Form, value) {
		return false
	}
	if t.Alphabet != "" {
		return whole("["+t.Alphabet+"]+", value)
	}
	// The pattern of a rule without an alphabet also holds what stands before.
	return whole(`[A-Za-z0-9_+/=.\-]+`, value)
}

// whole matches all of a value; an expression that does not compile fits none.
func whole(expression, value string) bool {
	compiled, err := regexp.Compile(`^(?:` + expression + `)$`)
	return err == nil && compiled.MatchString(value)
}
