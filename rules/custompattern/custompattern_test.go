package custompattern_test

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/rules/custompattern"
	"github.com/qleaks/qleaks/rules/sample"
)

// all are the patterns of the built-in rules.
func all(t *testing.T) []custompattern.Pattern {
	t.Helper()
	set, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	var list []custompattern.Pattern
	for _, r := range set.Rules() {
		list = append(list, custompattern.Of(r)...)
	}
	return list
}

// whole is the expression that GitHub looks for, with the secret as a group.
func whole(p custompattern.Pattern) string {
	return `(?:` + p.Before + `)(` + p.Format + `)(?:` + p.After + `)`
}

// finds reports whether GitHub would find a key in a text. It tries all places,
// as Hyperscan does.
func finds(t *testing.T, p custompattern.Pattern, text, key string) bool {
	t.Helper()
	for _, e := range p.Match {
		if !regexp.MustCompile(e).MatchString(key) {
			return false
		}
	}
	for _, e := range p.NotMatch {
		if regexp.MustCompile(e).MatchString(key) {
			return false
		}
	}
	before := regexp.MustCompile(`(?:` + p.Before + `)\z`)
	format := regexp.MustCompile(`\A(?:` + p.Format + `)\z`)
	after := regexp.MustCompile(`\A(?:` + p.After + `)`)
	for at := 0; ; at++ {
		next := strings.Index(text[at:], key)
		if next < 0 {
			return false
		}
		at += next
		if before.MatchString(text[:at]) && format.MatchString(key) && after.MatchString(text[at+len(key):]) {
			return true
		}
	}
}

func filled(r *rules.Rule, e rules.Example) (text, key string) {
	v := sample.NewValues(uint64(len(e.Text))<<8 + uint64(len(e.Path)))
	key = sample.Key(r, v)
	return sample.Expand(e.Text, key, v), key
}

func TestExamplesThatStandForThemselvesAreFound(t *testing.T) {
	set, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	tried, found := 0, 0
	for _, r := range set.Rules() {
		patterns := custompattern.Of(r)
		for _, e := range r.Examples {
			text, key := filled(r, e)
			if !told(r, text, key) {
				continue
			}
			tried++
			if slices.ContainsFunc(patterns, func(p custompattern.Pattern) bool { return finds(t, p, text, key) }) {
				found++
			} else {
				t.Logf("%s: not found in %q", r.ID, strings.ReplaceAll(e.Text, "\n", "⏎"))
			}
		}
	}
	t.Logf("%d of %d", found, tried)
	if tried < 40 || found*100 < tried*85 {
		t.Errorf("of %d examples whose evidence stands before the key, %d are found", tried, found)
	}
}

// told reports whether evidence of a rule that needs nothing else stands before a
// key.
func told(r *rules.Rule, text, key string) bool {
	at := strings.Index(text, key)
	if at < 0 {
		return false
	}
	return slices.ContainsFunc(r.Evidence, func(e rules.Evidence) bool {
		more := len(e.Near.Words) + len(e.File) + len(e.Path) + len(e.Part) + len(e.Issuers) + len(e.Form) + len(e.After) + len(e.Beside.Pattern)
		return e.Before != "" && more == 0 && e.Confidence == rules.High && regexp.MustCompile(`(?:`+e.Before+`)\z`).MatchString(text[max(0, at-160):at])
	})
}

func TestCounterexamplesAreNotFound(t *testing.T) {
	set, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	patterns := all(t)
	for _, r := range set.Rules() {
		for _, e := range r.Counterexamples {
			text, _ := filled(r, e)
			for _, p := range patterns {
				if p.Rule != r.ID {
					continue
				}
				for _, m := range regexp.MustCompile(whole(p)).FindAllStringSubmatch(text, -1) {
					if finds(t, p, text, m[1]) {
						t.Errorf("%s finds something in %q", p.Name, strings.ReplaceAll(e.Text, "\n", "⏎"))
					}
				}
			}
		}
	}
}

func TestPatternsUseWhatHyperscanKnows(t *testing.T) {
	patterns := all(t)
	// GitHub takes 100 of a repository, 500 of an organisation.
	if len(patterns) < 20 || len(patterns) > 100 {
		t.Errorf("there are %d patterns", len(patterns))
	}
	names := map[string]bool{}
	bounds := regexp.MustCompile(`\{(\d+)(?:,(\d*))?\}`)
	for _, p := range patterns {
		if names[p.Name] || custompattern.RuleOf(p.Name) != p.Rule || len(p.Name) > 200 {
			t.Errorf("the name %q is taken, or does not lead back", p.Name)
		}
		names[p.Name] = true
		for _, e := range slices.Concat([]string{p.Before, p.Format, p.After}, p.Match, p.NotMatch) {
			if strings.Contains(strings.ReplaceAll(e, "(?:", ""), "(?") || len(e) > 8000 {
				t.Errorf("%s has options, names or look-around, or is too long: %s", p.Name, e)
			}
			for _, r := range e {
				if r > 0x7e && r != '’' {
					t.Errorf("%s: %q is not ASCII", p.Name, r)
				}
			}
			for _, b := range bounds.FindAllStringSubmatch(e, -1) {
				for _, n := range b[1:] {
					if times, err := strconv.Atoi(n); err == nil && times > 2000 {
						t.Errorf("%s repeats something %d times", p.Name, times)
					}
				}
			}
		}
	}
	if custompattern.RuleOf("Acme key (old)") != "" || custompattern.RuleOf("x (qleaks )") != "" || custompattern.RuleOf("Acme key") != "" {
		t.Error("patterns of others are taken for ours")
	}
}

func TestEveryProviderOfTheFirstThreeHasPatterns(t *testing.T) {
	for _, id := range []string{"ionq-api-key", "ibm-cloud-api-key", "ibm-quantum-token-retired", "qbraid-api-key", "qbraid-legacy-key"} {
		if !slices.ContainsFunc(all(t), func(p custompattern.Pattern) bool { return p.Rule == id }) {
			t.Errorf("there is no pattern of %s", id)
		}
	}
}
