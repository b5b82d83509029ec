package rulestest_test

import (
	"flag"
	"fmt"
	"iter"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/rules/sample"
	"github.com/qleaks/qleaks/scanner/decode"
)

// mutant is a rule with one clause broken.
type mutant struct {
	clause string
	rule   rules.Rule
}

// mutants breaks a rule in each of its clauses, one at a time.
func mutants(r *rules.Rule) []mutant {
	var list []mutant
	add := func(clause string, change func(*rules.Rule)) {
		m := *r
		m.Evidence = slices.Clone(r.Evidence)
		m.Token.Keywords = slices.Clone(r.Token.Keywords)
		change(&m)
		list = append(list, mutant{clause, m})
	}
	mutateToken(&r.Token, add)
	for i := range r.Evidence {
		mutateEvidence(r, i, add)
	}
	return list
}

func mutateToken(t *rules.Token, add func(string, func(*rules.Rule))) {
	for i, k := range t.Keywords {
		if len(t.Keywords) > 1 {
			add("without keyword "+k, func(m *rules.Rule) { m.Token.Keywords = slices.Delete(m.Token.Keywords, i, i+1) })
		}
	}
	if t.Form != "" {
		add("without form", func(m *rules.Rule) { m.Token.Form = "" })
	}
	if len(t.Reject) > 0 {
		add("without reject", func(m *rules.Rule) { m.Token.Reject = nil })
	}
	if t.Alphabet != "" {
		add("one shorter", func(m *rules.Rule) { m.Token.Min, m.Token.Max = t.Min-1, t.Max-1 })
		add("one longer", func(m *rules.Rule) { m.Token.Min, m.Token.Max = t.Max+1, t.Max+1 })
		if t.Edge != "" {
			add("without edge", func(m *rules.Rule) { m.Token.Edge = "\x01" })
		}
	}
}

func mutateEvidence(r *rules.Rule, i int, add func(string, func(*rules.Rule))) {
	e := &r.Evidence[i]
	name := fmt.Sprintf("evidence %q", e.Name)
	if len(r.Evidence) > 1 {
		add("without "+name, func(m *rules.Rule) { m.Evidence = slices.Delete(m.Evidence, i, i+1) })
	}
	for _, c := range []struct {
		clause string
		has    bool
		drop   func(*rules.Evidence)
	}{
		{"before", e.Before != "", func(e *rules.Evidence) { e.Before = "" }},
		{"after", e.After != "", func(e *rules.Evidence) { e.After = "" }},
		{"near", len(e.Near.Words) > 0, func(e *rules.Evidence) { e.Near = rules.Near{} }},
		{"beside", e.Beside.Pattern != "", func(e *rules.Evidence) { e.Beside = rules.Beside{} }},
		{"form", e.Form != "", func(e *rules.Evidence) { e.Form = "" }},
		{"issuers", len(e.Issuers) > 0, func(e *rules.Evidence) { e.Issuers = nil }},
		{"file", len(e.File) > 0, func(e *rules.Evidence) { e.File = nil }},
		{"path", len(e.Path) > 0, func(e *rules.Evidence) { e.Path = nil }},
		{"part", len(e.Part) > 0, func(e *rules.Evidence) { e.Part = nil }},
	} {
		if c.has {
			add(name+" without "+c.clause, func(m *rules.Rule) { c.drop(&m.Evidence[i]) })
		}
	}
}

// told says by what evidence a rule tells the keys of its examples and leaves
// its counterexamples alone, a line each.
func told(t *testing.T, r *rules.Rule) []string {
	t.Helper()
	set, err := rules.NewSet([]*rules.Rule{r})
	if err != nil {
		return []string{err.Error()}
	}
	var lines []string
	for i, e := range slices.Concat(r.Examples, r.Counterexamples) {
		v := sample.NewValues(uint64(i))
		text := []byte(sample.Expand(e.Text, sample.Key(r, v), v))
		line := fmt.Sprintf("%s: %d %s:", r.ID, i+1, e.Path)
		for part, view := range views(e.Path, text) {
			for _, m := range set.Match(view, nil) {
				names := set.Told(m, set.Mentions(text), rules.Place{Path: e.Path, Part: part})
				line += fmt.Sprintf(" %d characters by %q", m.End-m.Start, names)
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// views yields an example's text, or the parts of a notebook with their names.
func views(path string, text []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		if !strings.HasSuffix(path, ".ipynb") {
			yield("", text)
			return
		}
		for view, err := range decode.Views(text, path, decode.Options{}) {
			if err == nil && view.Part.Name != "" && !yield(view.Part.Name, view.Text) {
				return
			}
		}
	}
}

const toldFile = "testdata/told.golden"

var update = flag.Bool("update", false, "write down anew by what evidence the examples are told")

// By what evidence every example is told is written down, so that a change of
// a rule shows what it changes.
func TestExamplesAreToldByTheirEvidence(t *testing.T) {
	var lines []string
	for _, r := range builtin(t).Rules() {
		lines = append(lines, told(t, r)...)
	}
	got := strings.Join(lines, "\n") + "\n"
	if *update {
		if err := os.WriteFile(toldFile, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(toldFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("examples are told by other evidence (-written +now); if that is meant: go generate ./rules\n%s", diff)
	}
}

// A clause of a rule that no example needs is either wrong or not proved:
// breaking any clause of any rule must change by what evidence one of the
// rule's examples or counterexamples is told, which the test above notices.
func TestEveryClauseOfEveryRuleIsProved(t *testing.T) {
	for _, r := range builtin(t).Rules() {
		t.Run(r.ID, func(t *testing.T) {
			t.Parallel()
			whole := told(t, r)
			var survivors []string
			for _, m := range mutants(r) {
				if slices.Equal(told(t, &m.rule), whole) {
					survivors = append(survivors, m.clause)
				}
			}
			if len(survivors) > 0 {
				t.Errorf("no example notices these:\n  %s", strings.Join(survivors, "\n  "))
			}
		})
	}
}
