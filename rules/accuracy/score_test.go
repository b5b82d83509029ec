package accuracy_test

import (
	"math"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/rules/accuracy"
)

func TestTheIntervalIsWilsons(t *testing.T) {
	// The example of Newcombe (1998), Statistics in Medicine 17:857: 81 of 263.
	s := accuracy.Tally{Keys: 263, Found: 81}.Recall()
	if math.Abs(s.Low-0.2553) > 0.0001 || math.Abs(s.High-0.3662) > 0.0001 || s.Of != 263 {
		t.Errorf("81 of 263 is %.4f to %.4f of %d", s.Low, s.High, s.Of)
	}
	if all := (accuracy.Tally{Keys: 10, Found: 10}).Recall(); math.Abs(all.High-1) > 1e-9 || math.Abs(all.Low-0.7225) > 0.0001 {
		t.Errorf("10 of 10 is %.4f to %.4f", all.Low, all.High)
	}
	if none := (accuracy.Tally{}).Precision(); !math.IsNaN(none.Value) {
		t.Errorf("nothing of nothing is %v", none.Value)
	}
}

// leak is a context with two keys of two providers.
func leak() accuracy.Context {
	return accuracy.Context{
		ID: "T1", Provider: "ionq", Class: "name", Label: accuracy.Leak, Path: "a.py",
		Text: `IONQ_API_KEY = "{{IONQ}}"` + "\n" + `IBM_TOKEN = "{{IBM_A}}{{IBM_B}}"` + "\n",
	}
}

func report(provider, value string) accuracy.Found {
	return accuracy.Found{Provider: provider, Value: secret.New([]byte(value)), Why: "a rule"}
}

func TestAKeyCountsUnderItsOwnProviderAndInEveryDraw(t *testing.T) {
	c := leak()
	draws := []accuracy.File{accuracy.Fill(&c, 0), accuracy.Fill(&c, 1)}
	ionq := func(d int) string { return draws[d].Keys[0].Value }
	ibm := func(d int) string { return draws[d].Keys[1].Value }
	if len(draws[0].Keys) != 2 || ionq(0) == ionq(1) || !strings.Contains(string(draws[0].Content), ibm(0)) {
		t.Fatalf("%d keys, in different draws or not", len(draws[0].Keys))
	}
	for name, c := range map[string]struct {
		found       [][]accuracy.Found
		keys, false int
	}{
		"both":                      {[][]accuracy.Found{{report("ionq", ionq(0)), report("ibm", ibm(0))}, {report("ionq", ionq(1)), report("ibm", ibm(1))}}, 2, 0},
		"one of them in one draw":   {[][]accuracy.Found{{report("ionq", ionq(0)), report("ibm", ibm(0))}, {report("ionq", ionq(1))}}, 1, 0},
		"under another provider":    {[][]accuracy.Found{{report("ibm", ionq(0))}, {report("ibm", ionq(1))}}, 0, 1},
		"without a provider":        {[][]accuracy.Found{{report("", ionq(0))}, {report("", ionq(1))}}, 1, 0},
		"a part of it":              {[][]accuracy.Found{{report("ionq", ionq(0)[1:])}, {report("ionq", ionq(1)[1:])}}, 0, 1},
		"something else, and twice": {[][]accuracy.Found{{}, {report("ionq", "x"), report("ionq", "y")}}, 0, 2},
	} {
		s := accuracy.NewScore()
		s.Add(draws, c.found)
		if s.All.Keys != 2 || s.All.Found != c.keys || s.All.False != c.false {
			t.Errorf("%s: %+v", name, s.All)
		}
		if s.ByProvider["ionq"] != s.All || s.ByClass["name"] != s.All || len(s.Missed) != 2-c.keys || (len(s.False) > 0) != (c.false > 0) {
			t.Errorf("%s: groups and lists differ from %+v", name, s.All)
		}
	}
}

func TestScoresAreWrittenWithWhatWasMissed(t *testing.T) {
	c := leak()
	c.Note, c.Needs = "two keys", "joins"
	draws := []accuracy.File{accuracy.Fill(&c, 0)}
	s := accuracy.NewScore()
	s.Add(draws, [][]accuracy.Found{{report("ionq", draws[0].Keys[0].Value), report("ibm", "x")}})
	var out strings.Builder
	if err := accuracy.Write(&out, "Part", []accuracy.Context{c}, []accuracy.Scored{{Scanner: "one", Score: s}}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"## Part: 1 contexts, 1 with keys, 0 with look-alikes", "| one | 2 | 0.500 (0.09–0.91) | 0.500 (0.09–0.91) |",
		"| ionq | 2 | 0.500 (0.09–0.91) | 1 |", "- T1 `a.py` (ionq, name): IBM; needs joins; two keys", "1 by a rule",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not written in:\n%s", want, out.String())
		}
	}
	for _, k := range draws[0].Keys {
		if strings.Contains(out.String(), k.Value) {
			t.Errorf("the value of %s is written", k.Kind)
		}
	}
}

func TestAWrongContextIsRefused(t *testing.T) {
	good := `{"id":"X","provider":"ionq","class":"name","language":"python","path":"a.py","from":"here","label":"leak","text":"{{IONQ}}"}`
	if list, err := accuracy.Read(strings.NewReader(good + "\n")); err != nil || len(list) != 1 {
		t.Fatalf("%d contexts, %v", len(list), err)
	}
	for change, want := range map[[2]string]string{
		{`"id":"X"`, `"id":"X","colour":"red"`}:                    "colour",
		{`"from":"here",`, ``}:                                     "from is missing",
		{`{{IONQ}}`, `{{UUID}}`}:                                   "a leak needs a key",
		{`"leak"`, `"clean"`}:                                      "clean contexts have no class",
		{`"leak"`, `"perhaps"`}:                                    "neither",
		{`"name"`, `"nowhere"`}:                                    "no class",
		{`"text":"{{IONQ}}"}`, `"text":"{{IONQ}}"}` + "\n" + good}: "twice",
		{`"class":"name"`, `"class":"hash"`}:                       "no class",
	} {
		_, err := accuracy.Read(strings.NewReader(strings.Replace(good, change[0], change[1], 1)))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", change[1], err, want)
		}
	}
	clean := strings.NewReplacer(`"leak"`, `"clean"`, `"name"`, `"hash"`).Replace(good)
	if _, err := accuracy.Read(strings.NewReader(clean)); err == nil || !strings.Contains(err.Error(), "has no key") {
		t.Errorf("a key in a clean context: %v", err)
	}
}

// The parts of the corpus have no place in common: who tunes on one does not
// tune on the other.
func TestPartsShareNoPlaceAndNoName(t *testing.T) {
	places, ids := map[string]bool{}, map[string]bool{}
	for _, c := range load(t, accuracy.Tuned) {
		places[c.From], ids[c.ID] = true, true
	}
	held := load(t, accuracy.Held)
	for _, c := range held {
		if places[c.From] || ids[c.ID] {
			t.Errorf("%s from %s is in both parts", c.ID, c.From)
		}
	}
	if len(held) < 100 {
		t.Errorf("only %d contexts are held out", len(held))
	}
}
