package inflate_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/qleaks/qleaks/scanner/gitsource/inflate"
)

func FuzzAgainstFlate(f *testing.F) {
	book := notebook()[:600]
	for _, level := range levels() {
		f.Add(deflated(f, book, level))
	}
	random := rand.New(rand.NewPCG(11, 12))
	for range 40 {
		f.Add(crafted(random))
	}
	f.Add(deflated(f, bytes.Repeat([]byte("abc"), 500), 9))
	f.Add([]byte{3, 0})
	f.Add([]byte{1, 2, 0, 0xfd, 0xff, 'o', 'k'})
	f.Fuzz(func(t *testing.T, stream []byte) {
		var r inflate.Reader
		agrees(t, &r, stream)
		// What is left in the tables by one stream must not matter to the next.
		agrees(t, &r, stream)
		agreesWithZlib(t, &r, append([]byte{0x78, 0x9c}, stream...))
	})
}

func FuzzRoundTrip(f *testing.F) {
	for _, level := range levels() {
		f.Add(notebook()[:900], level, uint16(1))
	}
	f.Add([]byte("abcdefghijk"), 6, uint16(300))
	f.Add([]byte{0}, 9, uint16(2000))
	f.Add(treeLike(30), 1, uint16(2))
	f.Fuzz(func(t *testing.T, text []byte, level int, times uint16) {
		if len(text)*int(times) > 1<<20 {
			t.Skip("too large")
		}
		text = bytes.Repeat(text, int(times))
		stream := zlibbed(t, text, (level%12+12)%12-2)
		var r inflate.Reader
		dst := output(len(text))
		n, consumed, err := r.Zlib(dst, stream, true)
		if err != nil || n != len(text) || consumed != len(stream) || !bytes.Equal(dst, text) {
			t.Fatalf("Zlib = %d, %d, %v; want %d, %d", n, consumed, err, len(text), len(stream))
		}
		canaryStands(t, dst)
		agrees(t, &r, stream[2:])
	})
}
