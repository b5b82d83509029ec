package accuracy_test

import (
	"testing"

	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/rules/accuracy"
)

const corpus = "../../testdata/corpus"

func load(t *testing.T, part string) []accuracy.Context {
	t.Helper()
	list, err := accuracy.Load(corpus, part)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func measure(t *testing.T, list []accuracy.Context) *accuracy.Score {
	t.Helper()
	set, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	score, err := accuracy.Measure(t.Context(), set, list)
	if err != nil {
		t.Fatal(err)
	}
	return score
}

// known lists false reports that no rule can tell from a leak, each with its
// reason.
func known() map[string]string {
	return map[string]string{
		"N095": "another scanner's report of a key says key and has its shape: a person must ignore it",
	}
}

// least is what recall and precision must reach on the tuned part.
const least = 0.99

func TestTunedContextsAreToldApart(t *testing.T) {
	list := load(t, accuracy.Tuned)
	score := measure(t, list)
	missed := map[string]bool{}
	for _, lapse := range score.Missed {
		missed[lapse.Context.ID] = true
		if lapse.Context.Needs == "" {
			t.Errorf("%s (%s): %s is missed: %s", lapse.Context.ID, lapse.Context.Path, lapse.What, lapse.Context.Note)
		}
	}
	for _, lapse := range score.False {
		if known()[lapse.Context.ID] == "" {
			t.Errorf("%s (%s): false report: %s", lapse.Context.ID, lapse.Context.Path, lapse.What)
		}
	}
	for _, c := range list {
		if c.Needs != "" && !missed[c.ID] {
			t.Errorf("%s is found now: it needs no %q any more", c.ID, c.Needs)
		}
	}
}

func TestRecallAndPrecisionOfTheTunedPart(t *testing.T) {
	var reachable []accuracy.Context
	for _, c := range load(t, accuracy.Tuned) {
		if c.Needs == "" {
			reachable = append(reachable, c)
		}
	}
	all := measure(t, reachable).All
	if all.Keys < 130 || all.Recall().Value < least || all.Precision().Value < least {
		t.Errorf("recall %.4f of %d keys, precision %.4f", all.Recall().Value, all.Keys, all.Precision().Value)
	}
}
