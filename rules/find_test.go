package rules

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// runsByHand finds maximal runs of token bytes the slow way.
func runsByHand(data []byte, from, to, step int) []Span {
	var out []Span
	for p := 0; p < len(data); {
		q := p
		for q < len(data) && strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-", data[q]) >= 0 {
			q++
		}
		if q-p >= step && p < to && q > from {
			out = append(out, Span{p, q})
		}
		p = q + 1
	}
	return out
}

func FuzzTheSkipScanFindsEveryRun(f *testing.F) {
	f.Add([]byte("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbb"), 3, 20, uint8(5))
	f.Add([]byte("=aaaaaaaaaaaaaaaa="), 0, 18, uint8(16))
	f.Add([]byte{}, 0, 0, uint8(1))
	f.Fuzz(func(t *testing.T, data []byte, from, to int, step8 uint8) {
		step := int(step8)%40 + 1
		from = min(max(from, 0), len(data))
		to = min(max(to, from), len(data))
		var got []Span
		eachRun(data, from, to, step, func(start, end int) { got = append(got, Span{start, end}) })
		if want := runsByHand(data, from, to, step); !slices.Equal(got, want) {
			t.Errorf("step %d, [%d,%d): got %v, want %v", step, from, to, got, want)
		}
	})
}

func TestLeadsFindEveryOccurrenceOfTheirKeywords(t *testing.T) {
	words := []string{"ionq", "qbr_", "api_key", "api key", "eyJ", "refresh_token", "kq"}
	set := &Set{}
	for _, w := range words {
		set.add(&matcher{rule: &Rule{Token: Token{Keywords: []string{w}, Max: 40}}, pattern: newPattern("", "x", "")})
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		text := randomText(random, words)
		got := map[string]int{}
		for _, g := range set.leads {
			g.each(text, 0, len(text), func(to *matcher, _ int) {
				got[to.rule.Token.Keywords[0]]++
			})
		}
		for _, w := range words {
			haystack := text
			if w == strings.ToLower(w) {
				haystack = bytes.ToLower(text)
			}
			if want := overlapping(haystack, w); got[w] != want {
				t.Fatalf("%q in %q: got %d, want %d", w, text, got[w], want)
			}
		}
	}
}

func overlapping(text []byte, word string) int {
	n := 0
	for i := range text {
		if bytes.HasPrefix(text[i:], []byte(word)) {
			n++
		}
	}
	return n
}

func randomText(random *rand.Rand, words []string) []byte {
	var out []byte
	for range random.IntN(30) {
		w := words[random.IntN(len(words))]
		if random.IntN(3) == 0 {
			w = strings.ToUpper(w)
		}
		out = append(out, w[:random.IntN(len(w)+1)]...)
		out = append(out, " kqJ_="[random.IntN(6)])
		out = append(out, w...)
	}
	return out
}
