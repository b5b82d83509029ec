package inflate_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// levels are those of compress/flate that work differently: Huffman only, stored, fast and thorough ones.
func levels() []int { return []int{-2, 0, 1, 2, 4, 6, 9} }

// noise returns n bytes that do not compress.
func noise(seed uint64, n int) []byte {
	random := rand.New(rand.NewPCG(seed, 1))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return b
}

// goSource returns the source text of this package's neighbours.
func goSource(t testing.TB) []byte {
	t.Helper()
	var all []byte
	for _, pattern := range []string{"*.go", "../*.go", "../../*/*.go"} {
		names, err := filepath.Glob(filepath.FromSlash(pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, text...)
		}
	}
	return all[:min(len(all), 300_000)]
}

// notebook returns text like a notebook's: code, outputs and an image.
func notebook() []byte {
	var b strings.Builder
	random := rand.New(rand.NewPCG(3, 4))
	for i := range 60 {
		fmt.Fprintf(&b, "  {\n   \"cell_type\": \"code\",\n   \"execution_count\": %d,\n   \"metadata\": {},\n   \"outputs\": [\n", i)
		for range random.IntN(12) {
			fmt.Fprintf(&b, "    \"q_%d: ┤ H ├──■── counts %d, energy %.12f\\n\",\n", random.IntN(20), random.IntN(1024), random.NormFloat64())
		}
		if i%6 == 0 {
			fmt.Fprintf(&b, "    \"image/png\": \"%s\\n\"\n", base64.StdEncoding.EncodeToString(noise(uint64(i), 9000)))
		}
		b.WriteString("   ]\n  },\n")
	}
	return []byte(b.String())
}

// texts are contents of every kind: no compression, long and short repeats, far
// and near ones, few and many symbols.
func texts(t testing.TB) map[string][]byte {
	t.Helper()
	random := rand.New(rand.NewPCG(5, 6))
	all := map[string][]byte{
		"nothing":   {},
		"a byte":    {'x'},
		"two":       []byte("ab"),
		"zeros":     make([]byte, 100_000),
		"noise":     noise(7, 70_000),
		"tree":      treeLike(200),
		"notebook":  notebook(),
		"all bytes": bytes.Repeat(noise(8, 256), 9),
	}
	for distance := 2; distance < 40; distance += 1 + distance/18*3 {
		all[fmt.Sprintf("repeat at %d", distance)] = bytes.Repeat(noise(uint64(distance), distance), 700/distance)
	}
	skewed := make([]byte, 60_000) // rare symbols get long codes
	for i := range skewed {
		skewed[i] = byte(random.ExpFloat64() * 9)
	}
	all["skewed"] = skewed
	far := noise(9, 32_768+500)
	all["far"] = append(far, far[:500]...)
	mixed := noise(10, 3000)
	for len(mixed) < 80_000 {
		from := random.IntN(len(mixed))
		mixed = append(mixed, mixed[from:min(len(mixed), from+3+random.IntN(300))]...)
		mixed = append(mixed, noise(uint64(len(mixed)), random.IntN(9))...)
	}
	all["mixed"] = mixed
	return all
}

// treeLike returns n entries of a Git tree.
func treeLike(n int) []byte {
	var b []byte
	for i := range n {
		b = fmt.Appendf(b, "100644 test_file_%03d.py\x00%s", i, noise(uint64(i), 20))
	}
	return b
}
