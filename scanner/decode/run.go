package decode

import "unicode/utf8"

// minRun is the length from which a row of key characters could be a key, or
// the larger part of one. The shortest keys have 32 characters.
const minRun = 20

// keyBytes has a 1 for every key character: A-Z a-z 0-9 _ and -.
const keyBytes = "" +
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x00\x00\x00\x00\x00\x00" +
	"\x00\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x00\x00\x00\x00\x01" +
	"\x00\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x00\x00\x00\x00\x00" +
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"

func isKeyByte(c byte) bool { return keyBytes[c] != 0 }

func isKeyRune(r rune) bool { return r >= 0 && r < utf8.RuneSelf && isKeyByte(byte(r)) }

// isTextByte reports whether c is printable ASCII or white space.
func isTextByte(c byte) bool {
	return c >= ' ' && c < 0x7f || c == '\n' || c == '\r' || c == '\t'
}

func appendRune(b []byte, r rune) []byte { return utf8.AppendRune(b, r) }

// runBlock is how many bytes of a text share a bit of a runMap.
const runBlock = 128

// runMap says where in a text runs stand, by blocks.
type runMap []uint64

// mapRuns finds the runs. It looks at the last byte first of where a run could
// stand, so most bytes of prose and source are passed over.
func mapRuns(text []byte) runMap {
	m := make(runMap, len(text)/(64*runBlock)+1)
	for i := 0; i+minRun <= len(text); {
		k := i + minRun - 1
		for k >= i && isKeyByte(text[k]) {
			k--
		}
		if k >= i {
			i = k + 1
			continue
		}
		end := i + minRun
		for end < len(text) && isKeyByte(text[end]) {
			end++
		}
		if mixed(text[i:end]) {
			for block := i / runBlock; block <= (end-1)/runBlock; block++ {
				m[block/64] |= 1 << (block % 64)
			}
		}
		i = end + 1
	}
	return m
}

func (m runMap) has(block int) bool {
	return block >= 0 && block/64 < len(m) && m[block/64]&(1<<(block%64)) != 0
}

// stretch returns the bytes of the next neighbouring blocks with runs at or
// after i; start is -1 if there are none.
func (m runMap) stretch(i int) (start, stop int) {
	block := i / runBlock
	for !m.has(block) {
		// Skip words of 64 blocks without runs.
		if block/64 >= len(m) {
			return -1, -1
		}
		if m[block/64]>>(block%64) == 0 {
			block = (block/64 + 1) * 64
			continue
		}
		block++
	}
	start = block * runBlock
	for m.has(block) {
		block++
	}
	return start, block * runBlock
}

// near reports whether a run stands in the blocks of [from, to), and where the
// blocks end into which the last of those reaches.
func (m runMap) near(from, to int) (end int, ok bool) {
	for block := max(from, 0) / runBlock; block <= to/runBlock; block++ {
		if m.has(block) {
			end, ok = (block+1)*runBlock, true
		}
	}
	for ok && end-to < windowBytes/2 && m.has(end/runBlock) {
		end += runBlock
	}
	return end, ok
}

// mixed tells keys from words: they have a digit, or both cases.
func mixed(run []byte) bool {
	upper, lower := false, false
	for _, c := range run {
		switch {
		case c >= '0' && c <= '9':
			return true
		case c >= 'a' && c <= 'z':
			lower = true
		case c >= 'A' && c <= 'Z':
			upper = true
		}
		if upper && lower {
			return true
		}
	}
	return false
}
