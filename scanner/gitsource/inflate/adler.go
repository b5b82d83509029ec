package inflate

import "encoding/binary"

const (
	adlerModulus = 65521
	// So many bytes may be added before the sums in lanes of 16 bits, or the
	// sums in 64 bits, could overflow.
	adlerBlock = 22 * lengthOfWord
	adlerRun   = 32 * adlerBlock

	evenBytes = 0x00ff00ff00ff00ff
	lowLanes  = 0x0000ffff0000ffff
)

// adler returns the Adler-32 checksum of text.
func adler(text []byte) uint32 {
	a, b := uint64(1), uint64(0)
	for len(text) >= adlerBlock {
		run := text[:min(len(text)/adlerBlock*adlerBlock, adlerRun)]
		text = text[len(run):]
		for len(run) >= adlerBlock {
			a, b = adlerWords(a, b, (*[adlerBlock]byte)(run))
			run = run[adlerBlock:]
		}
		a, b = a%adlerModulus, b%adlerModulus
	}
	for _, c := range text {
		a += uint64(c)
		b += a
	}
	return uint32(b%adlerModulus<<16 | a%adlerModulus)
}

// adlerWords adds a block, eight bytes at a time. Each lane of 16 bits sums one
// byte out of eight; what stood in the lanes before each word is summed as well,
// since that is how often these bytes count in b.
func adlerWords(a, b uint64, block *[adlerBlock]byte) (uint64, uint64) {
	var even, odd, evenBefore, oddBefore uint64
	for i := 0; i <= adlerBlock-lengthOfWord; i += lengthOfWord {
		word := binary.LittleEndian.Uint64(block[i : i+lengthOfWord])
		evenBefore += even
		oddBefore += odd
		even += word & evenBytes
		odd += word >> 8 & evenBytes
	}
	b += adlerBlock*a + 8*(lanes(evenBefore)+lanes(oddBefore))
	b += 8*(even&0xffff) + 7*(odd&0xffff)
	b += 6*(even>>16&0xffff) + 5*(odd>>16&0xffff)
	b += 4*(even>>32&0xffff) + 3*(odd>>32&0xffff)
	b += 2*(even>>48) + odd>>48
	return a + lanes(even) + lanes(odd), b
}

// lanes returns the sum of the four lanes of 16 bits.
func lanes(x uint64) uint64 {
	x = x&lowLanes + x>>16&lowLanes
	return x&0xffffffff + x>>32
}
