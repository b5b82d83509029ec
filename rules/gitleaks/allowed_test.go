package gitleaks_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/rules/gitleaks"
)

const allowing = `
[[rules]]
id = "acme"
regex = '''acme_([a-z]{6}[0-9]{2})'''
%s
[[rules]]
id = "generic-word"
regex = '''[a-z]{6}[0-9]{2}'''
%s
[[rules]]
id = "pair"
regex = '''pair-[0-9]'''
%s
`

const requiring = "[[rules.required]]\nid = \"acme\"\nwithinLines = 3\n"

// places lists findings by rule and place; of generic ones none, since what a
// better rule finds beside them decides.
func places(found []gitleaks.Finding) (shown, hidden []string) {
	for _, f := range found {
		p := fmt.Sprintf("%s %d:%d", f.Rule.ID, f.StartLine, f.StartColumn)
		switch {
		case strings.HasPrefix(p, "generic"):
		case f.Allowed:
			hidden = append(hidden, p)
		default:
			shown = append(shown, p)
		}
	}
	return shown, hidden
}

// allowlist draws one, or none.
func allowlist(r *rand.Rand) string {
	if r.IntN(3) == 0 {
		return ""
	}
	conditions := []string{
		"regexes = ['''b''']", "stopwords = [\"cc\"]", "paths = ['''^src''']", "regexTarget = \"line\"\nregexes = ['''# ok''']",
		"condition = \"AND\"\npaths = ['''^src''']\nstopwords = [\"b\"]", "commits = [\"abc\"]",
		"condition = \"AND\"\ncommits = [\"abc\"]\npaths = ['''^src''']\nregexes = ['''c''']",
	}
	return "[[rules.allowlists]]\n" + conditions[r.IntN(len(conditions))]
}

// fragment draws a text that the rules find something in.
func fragment(r *rand.Rand) gitleaks.Fragment {
	var text strings.Builder
	for range 12 {
		fmt.Fprintf(&text, "x%s acme_%s%d pair-%d%s\n", strings.Repeat("y", r.IntN(3)),
			[]string{"aaaaaa", "bbbbbb", "aaccaa"}[r.IntN(3)], 10+r.IntN(90), r.IntN(9), []string{"", " # ok"}[r.IntN(2)])
	}
	return gitleaks.Fragment{
		Text: []byte(text.String()), Line: 1, Path: []string{"src/a", "lib/a", ""}[r.IntN(3)], Commit: []string{"abc", "def", ""}[r.IntN(3)],
	}
}

// TestWhatAllowlistsLeaveOutIsTold draws texts and allowlists: what is shown is
// the same whether or not the rest is asked for, and with what is hidden it is
// what would be found without allowlists.
func TestWhatAllowlistsLeaveOutIsTold(t *testing.T) {
	hiddenOnes := 0
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 5))
		// A rule that another one requires has no allowlist here: what that
		// hides decides about the other.
		acme, required := allowlist(r), ""
		if r.IntN(2) == 0 {
			acme, required = "", requiring
		}
		set := compile(t, fmt.Sprintf(allowing, acme, allowlist(r), required+allowlist(r)))
		bare := compile(t, fmt.Sprintf(allowing, "", "", required))
		f := fragment(r)
		usual, none := places(set.Detect(t.Context(), f, gitleaks.Options{}))
		shown, hidden := places(set.Detect(t.Context(), f, gitleaks.Options{Allowed: true}))
		all, _ := places(bare.Detect(t.Context(), f, gitleaks.Options{}))
		both := slices.Concat(shown, hidden)
		slices.Sort(both)
		slices.Sort(all)
		if !slices.Equal(usual, shown) || len(none) > 0 || !slices.Equal(both, all) {
			t.Fatalf("seed %d: usual %v, shown %v, hidden %v, all %v", seed, usual, shown, hidden, all)
		}
		hiddenOnes += len(hidden)
	}
	if hiddenOnes < 100 {
		t.Errorf("only %d were hidden: that proves little", hiddenOnes)
	}
}

func TestWhatAnAllowedFindingWouldProveIsNotProved(t *testing.T) {
	set := compile(t, fmt.Sprintf(allowing, "[[rules.allowlists]]\nstopwords = [\"bb\"]", "", requiring))
	f := gitleaks.Fragment{Text: []byte("acme_bbbbbb12 pair-1"), Line: 1}
	shown, hidden := places(set.Detect(t.Context(), f, gitleaks.Options{Allowed: true}))
	if len(shown) != 0 || !slices.Equal(hidden, []string{"acme 1:1"}) {
		t.Errorf("shown %v, hidden %v", shown, hidden)
	}
}

func TestWhatGitleaksItselfLeavesOutIsNotTold(t *testing.T) {
	preset := fmt.Sprintf(allowing, "[[rules.allowlists]]\nstopwords = [\"bb\"]", "", "") + "[allowlist]\npaths = ['''^lock''']\n"
	own := "[extend]\nuseDefault = true\n[[allowlists]]\nstopwords = [\"cc\"]\n[[allowlists]]\npaths = ['''^src''']\n"
	c, err := gitleaks.Parse([]byte(own), gitleaks.Files{Default: func() ([]byte, error) { return []byte(preset), nil }})
	if err != nil {
		t.Fatal(err)
	}
	set, err := c.Compile([]string{"acme"})
	if err != nil {
		t.Fatal(err)
	}
	f := gitleaks.Fragment{Text: []byte("acme_bbbbbb12 acme_aaccaa12 acme_bbccbb12 acme_aaaaaa12"), Line: 1}
	shown, hidden := places(set.Detect(t.Context(), f, gitleaks.Options{Allowed: true}))
	if !slices.Equal(shown, []string{"acme 1:43"}) || !slices.Equal(hidden, []string{"acme 1:15"}) {
		t.Errorf("shown %v, hidden %v", shown, hidden)
	}
	for path, want := range map[string][2]bool{"lock": {true, false}, "src": {true, true}, "lib": {false, false}} {
		skips, told := set.Skips(path)
		if skips != want[0] || told != want[1] || set.PassesOver(path, "") != want[1] {
			t.Errorf("%s: skips %v, told %v", path, skips, told)
		}
	}
}

func TestAMarkThatDoesNotCountIsTold(t *testing.T) {
	set := compile(t, plain)
	found := set.Detect(t.Context(), gitleaks.Fragment{Text: []byte("acme_abcdef12 # gitleaks:allow")}, gitleaks.Options{IgnoreMarks: true})
	if len(found) != 1 || found[0].Marked || !found[0].Unheard {
		t.Errorf("%+v", found)
	}
}
