package gitleaks

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// expressions have the shapes of rules that people write.
var expressions = []string{
	`(?i)[\w.-]{0,5}?(?:acme|(?-i:Key|KEY))(?:[ \t\w.-]{0,4})[\s'"]{0,3}(?:=|>|:{1,3}=|=>)[\s'"]{0,2}([a-z0-9]{3,6})(?:['"\s;]|\\[nr]|$)`,
	`\bacme_[a-z]{3}\b`,
	`\b(ke[a-z]{1,}\.ke[a-z]{2,})(?:\s|$)`,
	`(?i)-----key[ A-Z]{0,4}-----[\s\S]{2,}?-----end`,
	`key`,
	`(?m)^key=(\w+)$`,
	`(?:acme|key)[^\n]*(?i:sk)`,
	`\b((?:ac\.[\w-]{3,5}|k\.(?i:[a-z0-9]{3})))(?:[\s;]|$)`,
	`a(?:cme|b)k|key_(?:a|b){2}`,
	`[a-z]+acme`,
	`é?acmeé{0,2}`,
	`^acme|key$`,
	`(?i)acme.{0,3}sk`,
}

func randomText(r *rand.Rand) string {
	pieces := []string{
		"acme", "ACME", "Key", "key", "KEY", "_", "=", " ", "\n", "'", ".", "-----", "end", "a", "b", "sk", "abc", "k.", "ac.",
		"é", "\u017f", "\u212a", "\u0130", ";", "=>", "z9", "\xff", "ke", "acme_abc", "-----key-----", "-----end", "key=abc\n", "kea.keabc ", "ac\u212aey", "\u017f\u212a",
	}
	var out strings.Builder
	for range r.IntN(40) {
		out.WriteString(pieces[r.IntN(len(pieces))])
	}
	return out.String()
}

func TestAroundTheLiteralsTheSameIsFound(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, text := range expressions {
		config := fmt.Sprintf("[[rules]]\nid = \"x\"\nregex = '''%s'''\n", text)
		c, err := Parse([]byte(config), Files{})
		if err != nil {
			t.Fatal(err)
		}
		s, err := c.Compile(nil)
		if err != nil {
			t.Fatal(err)
		}
		p, hits := c.Rules[0].pattern, 0
		for range 8000 {
			text := []byte(randomText(r))
			want := p.get().FindAllIndex(text, -1)
			seen := s.look(text)
			got := p.find(text, seen.spots[0], seen.odd)
			hits += len(want)
			if len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
				t.Fatalf("%s in %q: %v, want %v", p.text, text, got, want)
			}
		}
		if hits < 20 {
			t.Errorf("%s: only %d matches were tried", p.text, hits)
		}
	}
}

func TestWordsAreFoundAsByContains(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	list := []string{"acme", "cme", "Key", "ey", "e", "", "k.", "ac", "é"}
	w := newWords(list)
	for range 5000 {
		text := randomText(r)
		plain, _ := folded([]byte(text))
		got := map[uint32]bool{}
		w.each(plain, func(numbers []uint32, _ int) bool {
			for _, n := range numbers {
				got[n] = true
			}
			return true
		})
		for i, word := range list {
			want := word != "" && strings.Contains(asciiLower(string(plain)), strings.ToLower(word))
			if got[uint32(i)] != want {
				t.Fatalf("%q in %q: %t", word, text, got[uint32(i)])
			}
		}
	}
}

func asciiLower(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

func TestMostExpressionsAreTriedAroundLiterals(t *testing.T) {
	for text, want := range map[string]string{
		`(?i)x{1,2}(?:acme)[ \t]{0,3}=([a-z]{4})`: "acme",
		`\b((?:ac\.[\w-]{3}|k\.[a-z]{3}))(?:;|$)`: "ac. k.",
		`[a-z]{40}`:                        "",
		`(?:A3T[A-Z0-9]|AKIA)[A-Z2-7]{16}`: "3t0",
	} {
		p, err := newPattern(text)
		if err != nil || !strings.HasPrefix(strings.Join(p.literals, " "), want) || want == "" && len(p.literals) > 0 {
			t.Errorf("%s: %v, %v", text, p.literals, err)
		}
	}
}
