package inflate_test

import (
	"math/bits"
	"math/rand/v2"
	"testing"

	"github.com/qleaks/qleaks/scanner/gitsource/inflate"
)

// TestCraftedStreamsAreJudgedAsFlateJudgesThem tries codes that no compressor
// makes: of every shape, with codes up to 15 bits, too full, with holes, with
// one symbol or none, and symbols and distances that must not be.
func TestCraftedStreamsAreJudgedAsFlateJudgesThem(t *testing.T) {
	var r inflate.Reader
	const streams = 2000
	good := 0
	random := rand.New(rand.NewPCG(13, 14))
	for range streams {
		stream := crafted(random)
		if _, _, err := oracle(stream); err == nil {
			good++
		}
		agrees(t, &r, stream)
	}
	if good < streams/10 || good > streams/10*9 {
		t.Errorf("%d of %d streams are good: the mixture shows little", good, streams)
	}
}

// bitWriter writes bits, the first one lowest.
type bitWriter struct {
	out  []byte
	free int // bits of the last byte
}

func (w *bitWriter) write(value uint32, n int) {
	for i := range n {
		if w.free == 0 {
			w.out, w.free = append(w.out, 0), 8
		}
		w.out[len(w.out)-1] |= byte(value>>i&1) << (8 - w.free)
		w.free--
	}
}

// code is a Huffman code by its lengths.
type code struct {
	lengths []int
	words   []uint32
}

// newCode numbers the words as RFC 1951 says, also if they do not fit.
func newCode(lengths []int) code {
	words := make([]uint32, len(lengths))
	next := uint32(0)
	for n := 1; n <= 15; n++ {
		for symbol, length := range lengths {
			if length == n {
				words[symbol] = bits.Reverse32(next) >> (32 - n)
				next++
			}
		}
		next <<= 1
	}
	return code{lengths, words}
}

func (c code) write(w *bitWriter, symbol int) {
	w.write(c.words[symbol], c.lengths[symbol])
}

// anyUsed returns a symbol that has a word.
func (c code) anyUsed(random *rand.Rand) int {
	for range 1000 {
		if symbol := random.IntN(len(c.lengths)); c.lengths[symbol] != 0 {
			return symbol
		}
	}
	return 0
}

// randomLengths divides a space of codes at random among at most n symbols.
// symbol must, if it is not negative, gets one of them.
func randomLengths(random *rand.Rand, n, longest, must int) []int {
	lengths := make([]int, n)
	var leaves []int
	leaves = append(leaves, 1, 1)
	for wanted := random.IntN(n); len(leaves) < wanted; {
		i := random.IntN(len(leaves))
		if random.IntN(3) == 0 {
			i = len(leaves) - 1 // a deep tree
		}
		if leaves[i] < longest {
			leaves[i]++
			leaves = append(leaves, leaves[i])
		} else if random.IntN(50) == 0 {
			break
		}
	}
	places := random.Perm(n)
	if must >= 0 {
		for i, place := range places {
			if place == must {
				places[0], places[i] = places[i], places[0]
			}
		}
	}
	for i, length := range leaves {
		lengths[places[i%n]] = length
	}
	switch random.IntN(40) { // what is not a complete code
	case 0:
		lengths[random.IntN(n)] = random.IntN(longest + 1)
	case 1:
		clear(lengths)
	case 2, 3:
		clear(lengths)
		lengths[max(must, 0)] = 1
	case 4:
		clear(lengths)
		lengths[random.IntN(n)] = 1 + random.IntN(2)
	}
	return lengths
}

// crafted returns a stream of a few blocks, most of them well-formed.
func crafted(random *rand.Rand) []byte {
	var w bitWriter
	written := 0
	for blocks := random.IntN(3); blocks >= 0; blocks-- {
		final := uint32(0)
		if blocks == 0 {
			final = 1
		}
		w.write(final, 1)
		if random.IntN(5) == 0 {
			w.write(1, 2)
			lengths := make([]int, 288)
			for i := range lengths {
				lengths[i] = 8
				if i >= 144 && i < 256 {
					lengths[i] = 9
				} else if i >= 256 && i < 280 {
					lengths[i] = 7
				}
			}
			distances := make([]int, 32)
			for i := range distances {
				distances[i] = 5
			}
			written = tokens(random, &w, newCode(lengths), newCode(distances), written)
			continue
		}
		w.write(2, 2)
		litlens, dists := 257+random.IntN(30), 1+random.IntN(30)
		if random.IntN(100) == 0 {
			litlens, dists = 257+random.IntN(32), 1+random.IntN(32)
		}
		litlen := newCode(randomLengths(random, litlens, 15, 256))
		dist := newCode(randomLengths(random, dists, 15, -1))
		w.write(uint32(litlens-257), 5)
		w.write(uint32(dists-1), 5)
		writeLengths(random, &w, append(append([]int{}, litlen.lengths...), dist.lengths...))
		written = tokens(random, &w, litlen, dist, written)
	}
	if random.IntN(4) == 0 {
		return w.out[:random.IntN(len(w.out)+1)]
	}
	for range random.IntN(30) {
		w.out = append(w.out, byte(random.Uint32()))
	}
	return w.out
}

// writeLengths writes the lengths of both codes, with runs in places.
func writeLengths(random *rand.Rand, w *bitWriter, lengths []int) {
	first := code{lengths: make([]int, 19)}
	for i := range first.lengths { // 13 codes of 4 bits and 6 of 5 are complete
		first.lengths[i] = 4
		if i >= 13 {
			first.lengths[i] = 5
		}
	}
	random.Shuffle(19, func(i, j int) {
		first.lengths[i], first.lengths[j] = first.lengths[j], first.lengths[i]
	})
	if random.IntN(200) == 0 {
		first.lengths[random.IntN(19)] = random.IntN(8)
	}
	first = newCode(first.lengths)
	w.write(15, 4)
	for _, symbol := range []int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15} {
		w.write(uint32(first.lengths[symbol]), 3)
	}
	for i := 0; i < len(lengths); {
		run := 1
		for i+run < len(lengths) && lengths[i+run] == lengths[i] {
			run++
		}
		switch {
		case lengths[i] == 0 && run >= 11 && random.IntN(9) != 0:
			run = min(run, 138)
			first.write(w, 18)
			w.write(uint32(run-11), 7)
		case lengths[i] == 0 && run >= 3:
			run = min(run, 10)
			first.write(w, 17)
			w.write(uint32(run-3), 3)
		case run >= 4:
			run = min(run, 7)
			first.write(w, lengths[i])
			first.write(w, 16)
			w.write(uint32(run-4), 2)
		default:
			run = 1
			first.write(w, lengths[i])
		}
		i += run
	}
	if random.IntN(300) == 0 {
		first.write(w, 16+random.IntN(3))
	}
}

// tokens writes random symbols and the end of the block, and returns how much
// text there is then. Distances that are too far are rare.
func tokens(random *rand.Rand, w *bitWriter, litlen, dist code, written int) int {
	for range random.IntN(400) {
		symbol := litlen.anyUsed(random)
		if symbol < 256 || litlen.lengths[symbol] == 0 {
			litlen.write(w, symbol)
			written++
			continue
		}
		if symbol == 256 {
			continue
		}
		far := dist.anyUsed(random)
		extra := max(far/2, 1) - 1
		distance := 1 + far
		if extra > 0 {
			distance = 1 + (2+far&1)<<extra
		}
		if (distance+1<<extra > written || far >= 30 || symbol > 285) && random.IntN(2000) != 0 {
			continue
		}
		litlen.write(w, symbol)
		length := 3
		if symbol > 264 && symbol < 285 {
			length = 3 + (4+(symbol-265)%4)<<((symbol-261)/4)
			w.write(random.Uint32(), (symbol-261)/4)
		}
		dist.write(w, far)
		w.write(random.Uint32(), extra)
		written += length
	}
	if random.IntN(50) != 0 {
		litlen.write(w, 256)
	}
	return written
}
