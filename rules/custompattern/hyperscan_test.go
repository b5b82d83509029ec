package custompattern_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/rules/custompattern"
)

// TestHyperscanTakesThePatterns has Hyperscan itself compile them, and find the
// examples: GitHub scans with it.
func TestHyperscanTakesThePatterns(t *testing.T) {
	if !slices.Contains(strings.Split(os.Getenv("QLEAKS_REQUIRE"), ","), "hyperscan") {
		t.Skip("QLEAKS_REQUIRE does not name hyperscan")
	}
	set, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	var asked struct {
		Patterns map[string]string `json:"patterns"`
		Texts    [][2]string       `json:"texts"`
	}
	asked.Patterns = map[string]string{}
	var ends [][]int
	for _, r := range set.Rules() {
		for _, p := range custompattern.Of(r) {
			asked.Patterns[p.Name] = whole(p)
			for _, e := range slices.Concat(p.Match, p.NotMatch) {
				asked.Patterns[e] = e
			}
			for _, example := range r.Examples {
				if text, key := filled(r, example); finds(t, p, text, key) {
					asked.Texts = append(asked.Texts, [2]string{p.Name, text})
					ends = append(ends, endsOf(text, key))
				}
			}
		}
	}
	question, err := json.Marshal(asked)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "python3", "testdata/hyperscan.py")
	cmd.Stdin = bytes.NewReader(question)
	answer, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var told struct {
		Wrong map[string]string `json:"wrong"`
		Found [][][2]int        `json:"found"`
	}
	if err := json.Unmarshal(answer, &told); err != nil || len(told.Found) != len(asked.Texts) {
		t.Fatalf("Hyperscan told %d of %d: %v", len(told.Found), len(asked.Texts), err)
	}
	for name, why := range told.Wrong {
		t.Errorf("Hyperscan does not take %s: %s", name, why)
	}
	for i, places := range told.Found {
		if !slices.ContainsFunc(places, func(p [2]int) bool { return slices.Contains(ends[i], p[1]) }) {
			t.Errorf("%s: Hyperscan does not find the key of an example that it should", asked.Texts[i][0])
		}
	}
	t.Logf("%d expressions, %d examples", len(asked.Patterns), len(asked.Texts))
}

// endsOf are where a match may end that has the key: behind it, or behind the
// character that follows.
func endsOf(text, key string) (ends []int) {
	for at := 0; ; {
		next := strings.Index(text[at:], key)
		if next < 0 {
			return ends
		}
		at += next + len(key)
		ends = append(ends, at, at+1)
	}
}
