package linediff_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/scanner/gitsource/linediff"
)

func text(words string) []byte {
	if words == "" {
		return nil
	}
	return []byte(strings.ReplaceAll(words, " ", "\n") + "\n")
}

func TestAdded(t *testing.T) {
	for _, c := range []struct{ before, after, want string }{
		{"", "a b", "1:a b"},
		{"a b", "", ""},
		{"a b c", "a b c", ""},
		{"a c", "a b c", "2:b"},
		{"a b c", "a c", ""},
		{"a b c", "x b y", "1:x 3:y"},
		{"a b", "b a", "2:a"},
		{"a x b", "a x b x", "4:x"},
		{"{ } z", "{ } { } z", "3:{ }"},
	} {
		var got []string
		for _, h := range linediff.Added(text(c.before), text(c.after)) {
			got = append(got, fmt.Sprintf("%d:%s", h.Line, strings.ReplaceAll(strings.TrimSuffix(string(h.Text), "\n"), "\n", " ")))
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%q to %q: %s, want %s", c.before, c.after, s, c.want)
		}
	}
}

func TestALastLineWithoutAnEnd(t *testing.T) {
	got := linediff.Added([]byte("a\nb"), []byte("a\nb\nc"))
	if len(got) != 1 || got[0].Line != 2 || string(got[0].Text) != "b\nc" {
		t.Errorf("%v", got)
	}
}

// The lines that are not added must be in the old text, in their order; and as
// few must be added as possible.
func TestWhatIsNotAddedIsALongestCommonRow(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 3000 {
		list := func() []string {
			out := make([]string, r.IntN(14))
			for i := range out {
				out[i] = string(rune('a' + r.IntN(5)))
			}
			return out
		}
		a, b := list(), list()
		added := map[int]bool{}
		for _, h := range linediff.Added(text(strings.Join(a, " ")), text(strings.Join(b, " "))) {
			for i := range strings.Count(string(h.Text), "\n") {
				added[h.Line-1+i] = true
			}
		}
		var kept []string
		for i, l := range b {
			if !added[i] {
				kept = append(kept, l)
			}
		}
		if !isRowOf(kept, a) || len(kept) != longestCommon(a, b) {
			t.Fatalf("%v to %v keeps %v", a, b, kept)
		}
	}
}

func isRowOf(part, all []string) bool {
	for _, l := range all {
		if len(part) > 0 && part[0] == l {
			part = part[1:]
		}
	}
	return len(part) == 0
}

func longestCommon(a, b []string) int {
	table := make([][]int, len(a)+1)
	for i := range table {
		table[i] = make([]int, len(b)+1)
	}
	for i := range a {
		for j := range b {
			table[i+1][j+1] = max(table[i][j+1], table[i+1][j])
			if a[i] == b[j] {
				table[i+1][j+1] = table[i][j] + 1
			}
		}
	}
	return table[len(a)][len(b)]
}

func TestTextsThatHaveNothingInOrderEndInTime(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	shuffled := func() []byte {
		var out strings.Builder
		for _, n := range r.Perm(20000) {
			fmt.Fprintln(&out, n)
		}
		return []byte(out.String())
	}
	if got := linediff.Added(shuffled(), shuffled()); len(got) == 0 {
		t.Error("nothing is added")
	}
}
