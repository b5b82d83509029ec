package source

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"
)

func TestSmallContentIsOneChunk(t *testing.T) {
	for _, size := range []int64{-1, 0, 3, 11, 5_000_000_000} {
		n := 0
		for c, err := range Chunks(bytes.NewReader([]byte("hello world")), size) {
			n++
			if err != nil || string(c.Data) != "hello world" || c.From != 0 || c.To != 11 || c.Advance != 11 {
				t.Errorf("told size %d: %+v, %v", size, c, err)
			}
		}
		if n != 1 {
			t.Errorf("told size %d: %d chunks", size, n)
		}
	}
}

// Windows must hold every byte once between From and To, and enough around it.
func TestWindowsPartitionTheContent(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	c := Chunking{Size: 1 << 20}.withDefaults()
	for _, extra := range []int{0, 1, 100, c.Size - 1, c.Size, c.Size + 1, 2*c.Size + 77} {
		first := randomBytes(random, 2*Overlap)
		rest := randomBytes(random, extra)
		all := append(bytes.Clone(first), rest...)
		var joined []byte
		begin := 0
		c.yieldWindows(first, iotest.HalfReader(bytes.NewReader(rest)), func(c Chunk, err error) bool {
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(c.Data, all[begin:begin+len(c.Data)]) {
				t.Fatalf("extra %d: the chunk at %d holds other bytes", extra, begin)
			}
			if begin > 0 && c.From < Overlap/2 || begin+c.To < len(all) && len(c.Data)-c.To < Overlap/2 {
				t.Errorf("extra %d: the chunk at %d shows too little around [%d,%d) of %d", extra, begin, c.From, c.To, len(c.Data))
			}
			if begin+c.From != len(joined) {
				t.Fatalf("extra %d: [%d,%d) is left out or twice", extra, len(joined), begin+c.From)
			}
			joined = append(joined, c.Data[c.From:c.To]...)
			begin += c.Advance
			return true
		})
		if !bytes.Equal(joined, all) {
			t.Errorf("extra %d: %d of %d bytes", extra, len(joined), len(all))
		}
	}
}

func randomBytes(random *rand.Rand, n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(random.Uint32())
	}
	return out
}

func TestAReadErrorIsTheLastElement(t *testing.T) {
	broken := errors.New("broken disk")
	var got error
	for _, err := range Chunks(io.MultiReader(bytes.NewReader([]byte("x")), iotest.ErrReader(broken)), -1) {
		got = err
	}
	if !errors.Is(got, broken) {
		t.Errorf("got %v", got)
	}
}
