package rules_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/rules/sample"
)

func builtin(t testing.TB) *rules.Set {
	t.Helper()
	set, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// place is a match without what cannot be compared.
type place struct {
	rule       string
	start, end int
	verdict    rules.Verdict
}

func places(set *rules.Set, view []byte, spans []rules.Span, shift int) []place {
	mentions := set.Mentions([]byte("IonQProvider QiskitRuntimeService qbraid ibmq"))
	var out []place
	for _, m := range set.Match(view, spans) {
		v, _ := set.Judge(m, mentions, rules.Place{Path: ".env"})
		out = append(out, place{m.Rule.ID, m.Start + shift, m.End + shift, v})
	}
	return out
}

// haystack mixes examples of all rules with text that nearly is one.
func haystack(set *rules.Set, seed uint64) []byte {
	v := sample.NewValues(seed)
	random := rand.New(rand.NewPCG(seed, 9))
	var out strings.Builder
	list := set.Rules()
	for range 6 {
		r := list[random.IntN(len(list))]
		examples := slices.Concat(r.Examples, r.Counterexamples)
		e := examples[random.IntN(len(examples))]
		out.WriteString(sample.Expand(e.Text, sample.Key(r, v), v))
		out.WriteString(strings.Repeat("x = y # qiskit ", random.IntN(80)))
	}
	return []byte(out.String())
}

// The history engine scans only what changed, so a match may depend on nothing
// that is further away than the set's width.
func TestAMatchDependsOnNothingBeyondTheWidth(t *testing.T) {
	set := builtin(t)
	for seed := range uint64(60) {
		view := haystack(set, seed)
		for _, want := range places(set, view, nil, 0) {
			from := max(0, want.start-set.Width())
			to := min(len(view), want.end+set.Width())
			// Beyond the width stands something else, with token bytes at the
			// border; "\x00" is where the view itself ends.
			around := strings.Repeat("Zz9_ionq=", 40)
			var inside []byte
			if from > 0 {
				inside = append(inside, around...)
			}
			shift := from - len(inside)
			inside = append(inside, view[from:to]...)
			if to < len(view) {
				inside = append(inside, around...)
			}
			if !slices.Contains(places(set, inside, nil, shift), want) {
				t.Fatalf("seed %d: %+v is not found in its window", seed, want)
			}
		}
	}
}

func TestMatchingSpansFindsWhatTouchesThem(t *testing.T) {
	set := builtin(t)
	random := rand.New(rand.NewPCG(3, 4))
	for seed := range uint64(60) {
		view := haystack(set, seed)
		all := places(set, view, nil, 0)
		from := random.IntN(len(view))
		to := from + random.IntN(len(view)-from) + 1
		got := places(set, view, []rules.Span{{Start: from, End: to}}, 0)
		for _, p := range all {
			if p.start < to && p.end > from && !slices.Contains(got, p) {
				t.Fatalf("seed %d, [%d,%d): %+v is missing", seed, from, to, p)
			}
		}
		for _, p := range got {
			if !slices.Contains(all, p) {
				t.Fatalf("seed %d, [%d,%d): %+v is found in the span only", seed, from, to, p)
			}
		}
	}
}

// A rule must not lose real keys to its own filters: at most one in a thousand.
func TestFiltersLoseNextToNoRandomKeys(t *testing.T) {
	n := 2_000
	if testing.Short() {
		n = 200 // the race detector takes its time, and there is nothing to race
	}
	set := builtin(t)
	for _, r := range set.Rules() {
		i := slices.IndexFunc(r.Examples, func(e rules.Example) bool { return strings.Contains(e.Text, "{{KEY}}") })
		if i < 0 {
			continue
		}
		e := r.Examples[i]
		v := sample.NewValues(11)
		missed := 0
		for range n {
			view := []byte(sample.Expand(e.Text, sample.Random(r, v), v))
			found := func(m rules.Match) bool { return m.Rule == r }
			if !slices.ContainsFunc(set.Match(view, nil), found) {
				missed++
			}
		}
		if missed > max(1, n/1000) {
			t.Errorf("%s loses %d of %d random keys", r.ID, missed, n)
		}
		t.Logf("%s loses %d of %d", r.ID, missed, n)
	}
}

func TestAKeyInALongerRunIsNoKey(t *testing.T) {
	set := builtin(t)
	v := sample.NewValues(5)
	r := set.Rule("ionq-api-key")
	key := sample.Key(r, v)
	for _, text := range []string{"x" + key, key + "x", key + "_x", "_" + key, key + "/", "+" + key} {
		for _, m := range set.Match([]byte("provider = IonQProvider(\""+text+"\")"), nil) {
			if m.Rule == r {
				t.Errorf("%d characters are taken for a key", len(text))
			}
		}
	}
}
