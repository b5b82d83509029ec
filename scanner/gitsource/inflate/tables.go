package inflate

import "math/bits"

const (
	maxLitlen   = 286 // symbols that a dynamic block may use
	maxDistance = 30
	allLitlen   = 288 // symbols that have a code in a fixed block
	allDistance = 32
	endSymbol   = 256
	maxCode     = 15 // bits of the longest code

	litlenBits = 11
	distBits   = 8
	litlenMask = 1<<litlenBits - 1
	distMask   = 1<<distBits - 1
	// What complete codes of this many symbols need at most with their second
	// tables, as the program enough of zlib computes it.
	litlenSize = 2342
	distSize   = 402
)

// An entry of a table tells what the next bits of the stream are:
//
//	literal   literal, the byte from bit 16 on
//	match     the smallest length or distance from bit 16 on, the length of the
//	          code from bit 8 on
//	else      special, with subtable (its start from bit 16 on, its width from
//	          bit 8 on), blockEnd, or nothing: no code begins like this
//
// The lowest byte is how many bits the entry takes, the extra bits of a match
// included. In a second table, the bits of the first do not count any more.
const (
	literal  = 1 << 31
	special  = 1 << 15
	subtable = 1 << 14
	blockEnd = 1 << 13
)

// tables decode the symbols of a block. A first table is indexed by the next
// litlenBits or distBits bits; longer codes go on in a second table behind it.
type tables struct {
	litlen [litlenSize]uint32
	dist   [distSize]uint32
}

// lengthTables is what the building of tables needs.
type lengthTables struct {
	// litlen and dist are the entries of the symbols, but for their code.
	litlen [allLitlen]uint32
	dist   [allDistance]uint32
	// first decodes the code of the lengths of codes.
	first [1 << firstBits]uint32
	// used are the symbols that have a code, ascending: length << 9 | symbol.
	used [allLitlen + allDistance]uint16
	// count says how many codes have each length, sorted are the symbols in the
	// order of their codes.
	count  [maxCode + 1]uint16
	sorted [allLitlen]uint16
}

// prepare makes what is the same for all streams.
func (r *Reader) prepare() {
	l := &r.lengths
	for i := range endSymbol {
		l.litlen[i] = literal | uint32(i)<<16
	}
	l.litlen[endSymbol] = special | blockEnd
	for i := endSymbol + 1; i < allLitlen; i++ {
		l.litlen[i] = special
	}
	length := uint32(3)
	for i := range uint32(28) {
		extra := max(i/4, 1) - 1
		l.litlen[endSymbol+1+i] = length<<16 | extra
		length += 1 << extra
	}
	l.litlen[maxLitlen-1] = 258 << 16
	distance := uint32(1)
	for i := range uint32(allDistance) {
		extra := max(i/2, 1) - 1
		l.dist[i] = distance<<16 | extra
		if i >= maxDistance {
			l.dist[i] = special
		}
		distance += 1 << extra
	}
	used := l.used[:0]
	for i, n := range [...]uint16{144, 112, 24, 8} {
		for range n {
			used = append(used, [...]uint16{8, 9, 7, 8}[i]<<9|uint16(len(used)))
		}
	}
	l.build(r.fixed.litlen[:], used, l.litlen[:], litlenBits)
	used = used[:0]
	for i := range uint16(allDistance) {
		used = append(used, 5<<9|i)
	}
	l.build(r.fixed.dist[:], used, l.dist[:], distBits)
	r.ready = true
}

// build fills a table of 1<<width entries, and second tables behind them, with
// the code whose lengths are in used. It reports false if the code is
// over-subscribed, or if it is incomplete and not one of the two that zlib
// takes: no code at all, and a single code of one bit.
func (l *lengthTables) build(table []uint32, used []uint16, symbols []uint32, width int) bool {
	l.count = [maxCode + 1]uint16{}
	for _, u := range used {
		l.count[u>>9&maxCode]++
	}
	var place [maxCode + 2]uint16
	space := 0
	for n := 1; n <= maxCode; n++ {
		place[n+1] = place[n] + l.count[n]
		space += int(l.count[n]) << (maxCode - n)
	}
	if space != 1<<maxCode {
		return incomplete(table[:1<<width], used, symbols)
	}
	for _, u := range used {
		n := u >> 9 & maxCode
		l.sorted[place[n]] = u & 511
		place[n]++
	}
	f := filler{table: table, symbols: symbols, sorted: l.sorted[:len(used)], count: &l.count, width: width}
	if f.short() {
		return true
	}
	f.long()
	return true
}

// incomplete fills a table for a code that leaves bits without a meaning.
func incomplete(table []uint32, used []uint16, symbols []uint32) bool {
	if len(used) > 1 || len(used) == 1 && used[0]>>9 != 1 {
		return false
	}
	for i := range table {
		table[i] = special
	}
	if len(used) == 1 {
		for i := 0; i < len(table); i += 2 {
			table[i] = symbols[used[0]&511] + (1<<8 | 1)
		}
	}
	return true
}

// filler fills a table in the order of the codes.
type filler struct {
	table   []uint32
	symbols []uint32
	sorted  []uint16 // symbols in the order of their codes
	count   *[maxCode + 1]uint16
	width   int
	code    uint32 // the next one, reversed: its first bit is the lowest
}

// short enters the codes that fit the first table and reports whether these are
// all. The table begins with the size that the shortest codes need and is
// doubled on the way, so that each code is entered once.
func (f *filler) short() bool {
	size := 1
	code, sorted, symbols := f.code, f.sorted, f.symbols
	for n := 1; n <= f.width; n++ {
		copy(f.table[size:2*size], f.table[:size])
		size *= 2
		all := uint32(size - 1)
		table := f.table[:size]
		add := uint32(n<<8 | n)
		k := int(f.count[n])
		for _, symbol := range sorted[:k] {
			table[code] = symbols[symbol] + add
			if code == all {
				for size < 1<<f.width {
					copy(f.table[size:2*size], f.table[:size])
					size *= 2
				}
				return true
			}
			bit := uint32(1) << ((bits.Len32(code^all) - 1) & 31)
			code = code&(bit-1) | bit
		}
		sorted = sorted[k:]
	}
	f.code, f.sorted = code, sorted
	return false
}

// long enters the other codes, in second tables.
func (f *filler) long() {
	n := f.width + 1
	left := int(f.count[n])
	prefix, start, end := ^uint32(0), 0, 1<<f.width
	for _, symbol := range f.sorted {
		for left == 0 {
			n++
			left = int(f.count[n])
		}
		if head := f.code & (1<<f.width - 1); head != prefix {
			prefix, start = head, end
			second := n - f.width
			for space := left; space < 1<<second; {
				second++
				space = space<<1 + int(f.count[f.width+second])
			}
			end = start + 1<<second
			f.table[head] = uint32(start<<16|second<<8|f.width) | special | subtable
		}
		rest := n - f.width
		entry := f.symbols[symbol] + uint32(rest<<8|rest)
		for i := start + int(f.code>>f.width); i < end; i += 1 << rest {
			f.table[i] = entry
		}
		all := uint32(1)<<n - 1
		if f.code == all {
			return
		}
		bit := uint32(1) << ((bits.Len32(f.code^all) - 1) & 31)
		f.code = f.code&(bit-1) | bit
		left--
	}
}
