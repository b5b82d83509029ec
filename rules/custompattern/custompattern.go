// Package custompattern makes custom patterns for GitHub's secret scanning of
// rules. GitHub looks for them with Hyperscan: it knows no look-around, no
// options inside an expression, no back references, and takes no expression whose
// automaton is large.
//
// What a custom pattern cannot say is left out, so that it finds less and asks
// less: only evidence of high confidence counts that stands directly before the
// key and needs nothing else of the file.
package custompattern

import (
	"regexp/syntax"
	"strings"

	"github.com/qleaks/qleaks/rules"
)

// Pattern is a custom pattern, in GitHub's words.
type Pattern struct {
	// Rule is the one that it was made of, Name what people see in an alert.
	Rule, Name string
	// Format is what the secret is, Before and After what stands beside it.
	Format, Before, After string
	// Match and NotMatch are the additional requirements: expressions that the
	// secret must, or must not, hold.
	Match, NotMatch []string
}

// mark is how the patterns of this program are known again among others: by the
// end of their names.
const mark = " (qleaks "

// RuleOf is the rule that a pattern of this program was made of, by its name; ""
// if somebody else made it.
func RuleOf(name string) string {
	_, id, found := strings.Cut(name, mark)
	id, closed := strings.CutSuffix(id, ")")
	if !found || !closed || strings.ContainsAny(id, " ()") {
		return ""
	}
	return id
}

// Of makes the patterns of a rule, one for each way to tell its keys, in the
// order of its evidence. Some rules have none: they need more than what stands
// before a key.
func Of(r *rules.Rule) []Pattern {
	const way = "[\\s\"'`:=>,(\\[{\\])]+"
	m := maker{r, strings.NewReplacer(
		rules.Fragment("glue"), way,
		`[^\w]{1,12}`, way,
		rules.Fragment("open"), "[\"'`]",
		rules.Fragment("arguments"), `[^()]*`,
		rules.Fragment("quote"), "[\"'`]",
	)}
	var all []Pattern
	for _, e := range r.Evidence {
		p, ok := m.pattern(e)
		if !ok {
			continue
		}
		all = append(all, p)
		if e.Before == "" { // no other evidence tells more keys
			return []Pattern{p}
		}
	}
	return all
}

// maker makes the patterns of a rule.
type maker struct {
	rule *rules.Rule
	// shorter puts less between a name and its value: of all that rules take for
	// a way from one to the other, Hyperscan says that the pattern is too large.
	shorter *strings.Replacer
}

// shortestPrefix is how much all keys of a rule must begin with to be known by
// that alone.
const shortestPrefix = 4

func (m maker) pattern(e rules.Evidence) (Pattern, bool) {
	t := m.rule.Token
	prefixed := e.Before == "" && len(t.Public) >= shortestPrefix
	if !alone(e) || e.Confidence < rules.High && !(prefixed && e.Confidence == rules.Medium) {
		return Pattern{}, false
	}
	edge := t.Edge
	if edge == "" {
		edge = "A-Za-z0-9_+/-"
	}
	p := Pattern{Rule: m.rule.ID, Name: m.rule.Title + ", " + e.Name + mark + m.rule.ID + ")", After: `\z|` + unlike(edge)}
	p.Match, p.NotMatch = m.requirements(e.Form)
	var lead *syntax.Regexp
	if t.Pattern == "" {
		n := len(t.Public)
		p.Format = written(&syntax.Regexp{Op: syntax.OpLiteral, Rune: []rune(t.Public)}) + class(t.Alphabet) + times(t.Min-n, t.Max-n)
	} else {
		var key *syntax.Regexp
		if lead, key = m.split(); key == nil {
			return Pattern{}, false
		}
		p.Format = written(key)
	}
	if before, err := m.parse(e.Before); e.Before != "" && err == nil {
		lead = before
	}
	switch {
	case lead != nil:
		p.Before = written(lead)
	case prefixed:
		p.Before = `\A|` + unlike(edge)
	}
	// What leads to a key must not be able to be its begin, and must say something.
	mixes := p.Format[0] == '[' && strings.Contains(p.Format[:strings.IndexByte(p.Format, ']')+1], "=")
	return p, p.Before != "" && !mixes && !strings.Contains(p.Before, `[^\x00]*`)
}

func (m maker) parse(text string) (*syntax.Regexp, error) {
	return syntax.Parse(m.shorter.Replace(text), syntax.Perl)
}

// alone reports whether evidence needs nothing but what stands before the key,
// and the key.
func alone(e rules.Evidence) bool {
	return len(e.Near.Words)+len(e.File)+len(e.Path)+len(e.Part)+len(e.Issuers) == 0 && e.After == "" && e.Beside.Pattern == ""
}

// split takes the rule's own pattern apart: what leads to its key, and the key;
// nil if there is none, or anything behind it.
func (m maker) split() (lead, key *syntax.Regexp) {
	parsed, err := m.parse(m.rule.Token.Pattern)
	if err != nil {
		return nil, nil
	}
	parts := []*syntax.Regexp{parsed}
	if parsed.Op == syntax.OpConcat {
		parts = parsed.Sub
	}
	last := parts[len(parts)-1]
	if last.Op != syntax.OpCapture {
		return nil, nil
	}
	if len(parts) > 1 {
		lead = &syntax.Regexp{Op: syntax.OpConcat, Sub: parts[:len(parts)-1]}
	}
	return lead, last.Sub[0]
}

// requirements are what a value must hold, and must not. How random it is cannot
// be said.
func (m maker) requirements(form string) (match, not []string) {
	// A key without a digit changes its case as often as no name does.
	const changing = `(?:[A-Z][a-z_-]{0,3}){8}`
	for _, need := range m.rule.Token.Needs {
		switch need {
		case "upper":
			match = append(match, `[A-Z]`)
		case "lower":
			match = append(match, `[a-z]`)
		case "digit":
			match = append(match, `[0-9]`)
		case "mixed":
			match = append(match, `[A-Z]`, `[a-z]`, `[0-9]|`+changing)
		case "random":
			match = append(match, `[A-Za-z]`, `[0-9][^0-9]*[0-9]|`+changing)
		}
	}
	for _, text := range m.rule.Token.Reject {
		not = appendWhole(not, text)
	}
	match = appendWhole(appendWhole(match, m.rule.Token.Form), form)
	var words []string
	for _, word := range rules.PlaceholderWords() {
		words = append(words, written(&syntax.Regexp{Op: syntax.OpLiteral, Rune: []rune(word), Flags: syntax.FoldCase}))
	}
	return match, append(not, strings.Join(words, "|"), `[xX]{4}|0{6}|1{6}|2{6}|3{6}|4{6}|5{6}|6{6}|7{6}|8{6}|9{6}`)
}

// appendWhole adds an expression for the whole value, if there is one.
func appendWhole(all []string, text string) []string {
	parsed, err := syntax.Parse(text, syntax.Perl)
	if text == "" || err != nil {
		return all
	}
	return append(all, `\A(?:`+written(parsed)+`)\z`)
}
