package runs

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// TestNextFindsEveryRun compares with a search byte by byte, in random text
// with runs of all lengths.
func TestNextFindsEveryRun(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		text := randomText(random, random.IntN(200))
		n := 1 + random.IntN(24)
		at := 0
		if len(text) > 0 {
			at = random.IntN(len(text))
		}
		var got, want [][2]int
		for i := at; ; {
			start, end := Next(text, i, n)
			if start < 0 {
				break
			}
			got = append(got, [2]int{start, end})
			i = end
		}
		for start := 0; start < len(text); {
			end := start
			for end < len(text) && isKey(text[end]) {
				end++
			}
			if end-start >= n && end > at {
				want = append(want, [2]int{start, end})
			}
			start = end + 1
		}
		if len(got) != len(want) {
			t.Fatalf("%q from %d, length %d: got %v, want %v", text, at, n, got, want)
		}
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("%q from %d, length %d: got %v, want %v", text, at, n, got, want)
			}
		}
	}
}

func isKey(c byte) bool {
	return strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-", c) >= 0
}

func randomText(random *rand.Rand, n int) []byte {
	text := make([]byte, n)
	for i := range text {
		// Both neighbours of every range of key characters are there, too.
		text[i] = "aAzZ09_-mM5"[random.IntN(11)]
		if random.IntN(12) == 0 {
			text[i] = "\x00 `{@[/:,.^\x7f\x80\xe1\xdf\xad"[random.IntN(16)]
		}
	}
	return text
}

func TestIsKey(t *testing.T) {
	for c := range 256 {
		if IsKey(byte(c)) != isKey(byte(c)) {
			t.Errorf("IsKey(%d) = %v", c, IsKey(byte(c)))
		}
	}
}

func TestMixed(t *testing.T) {
	for text, want := range map[string]bool{
		"": false, "a_name_of_words": false, "A_CONSTANT": false, "with-1": true, "camelCase": true, "_-_": false, "0123456789-0123456789": false,
	} {
		if got := Mixed([]byte(text)); got != want {
			t.Errorf("Mixed(%q) = %v", text, got)
		}
	}
}
