package rules

import (
	"slices"
	"testing"
)

func TestAGateHoldsWordsOfEveryMatch(t *testing.T) {
	for pattern, want := range map[string][]string{
		`(?i)IonQ\w*key`:                  {"ionq"},
		`(?i)(?:alpha|beta)\s{0,4}=`:      {"alpha", "beta"},
		`(?i)(?:IonQProvider|IonQClient)`: {"provider", "client"},
		`a(?:bc)?`:                        {"a"},
		`(?:abc|d*)`:                      nil,
		`\s*["']`:                         nil,
		`(?:token){1,3}x`:                 {"token"},
		`(?:token){0,3}`:                  nil,
	} {
		if got := newGate(pattern); !slices.Equal(got, gate(want)) {
			t.Errorf("%s: %q, want %q", pattern, got, want)
		}
	}
}

// Gates must never change what is found.
func FuzzGatesChangeNothing(f *testing.F) {
	f.Add([]byte(`provider = IonQProvider(token="` + "\u212aey"))
	f.Add([]byte("QISKIT_IBM_TOKEN=\"\xff"))
	f.Add([]byte("Authorization: apiKey "))
	set, err := Builtin()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, before []byte) {
		for _, m := range set.runs {
			for i := range m.evidence {
				e := m.evidence[i]
				gated := e.holds(before, len(before), len(before), &lowered{})
				if e.before != nil {
					e.before = &pattern{prefix: e.before.prefix, text: e.before.text, suffix: e.before.suffix}
					e.before.regexp()
					e.before.words = nil
				}
				if open := e.holds(before, len(before), len(before), &lowered{}); open != gated {
					t.Errorf("%s, %q: %t with the gate, %t without", m.rule.ID, m.rule.Evidence[i].Name, gated, open)
				}
			}
		}
	})
}
