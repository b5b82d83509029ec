package rulestest_test

import (
	"testing"

	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/rules/rulestest"
	"github.com/qleaks/qleaks/rules/sample"
)

func builtin(t *testing.T) *rules.Set {
	t.Helper()
	set, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestEveryExampleIsFoundHoweverItIsWritten(t *testing.T) {
	set := builtin(t)
	for _, r := range set.Rules() {
		t.Run(r.ID, func(t *testing.T) {
			t.Parallel()
			if len(r.Examples) == 0 {
				t.Error("the rule has no example")
			}
			for _, e := range r.Examples {
				rulestest.Accept(t, set, r, e)
			}
		})
	}
}

func TestNoCounterexampleIsReported(t *testing.T) {
	set := builtin(t)
	for _, r := range set.Rules() {
		t.Run(r.ID, func(t *testing.T) {
			for i, e := range r.Counterexamples {
				v := sample.NewValues(uint64(i))
				text := sample.Expand(e.Text, sample.Key(r, v), v)
				for _, f := range rulestest.Scan(t.Context(), set, e.Path, []byte(text)) {
					if f.Confidence >= rules.Medium {
						t.Errorf("counterexample %d (%s): %s reports %s: %s", i, e.Path, f.Rule.ID, f.Confidence, f.Evidence)
					}
				}
			}
		})
	}
}
