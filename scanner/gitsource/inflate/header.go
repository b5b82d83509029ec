package inflate

const (
	firstBits  = 7 // of the longest code of a length
	lengthBits = firstBits + 7
	repeatLast = 16
	zeros3     = 17
	firstCodes = 19
)

// order is how the lengths of the code of the lengths are stored.
var order = [firstCodes]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// firstSymbols are the entries of the code of the lengths: the number of extra
// bits from bit 20 on, the symbol from bit 16 on.
var firstSymbols = [firstCodes]uint32{
	0, 1 << 16, 2 << 16, 3 << 16, 4 << 16, 5 << 16, 6 << 16, 7 << 16, 8 << 16, 9 << 16, 10 << 16, 11 << 16,
	12 << 16, 13 << 16, 14 << 16, 15 << 16, 16<<16 | 2, 17<<16 | 3, 18<<16 | 7,
}

// readTables reads the header of a dynamic block and builds its tables.
func (r *Reader) readTables(s *stream) error {
	if s.refill(); s.count < headerCodeBits {
		return ErrTruncated
	}
	litlens, dists := int(s.take(5))+endSymbol+1, int(s.take(5))+1
	if litlens > maxLitlen || dists > maxDistance {
		return ErrCorrupt
	}
	if err := r.readFirst(s, int(s.take(4))+4); err != nil {
		return err
	}
	used, err := r.readLengths(s, litlens+dists)
	if err != nil {
		return err
	}
	split := len(used)
	for split > 0 && int(used[split-1]&511) >= litlens {
		split--
		used[split] -= uint16(litlens)
	}
	l := &r.lengths
	if !l.build(r.dynamic.litlen[:], used[:split], l.litlen[:], litlenBits) ||
		!l.build(r.dynamic.dist[:], used[split:], l.dist[:], distBits) {
		return ErrCorrupt
	}
	return nil
}

// readFirst reads the code of the lengths, which has n lengths of its own.
func (r *Reader) readFirst(s *stream, n int) error {
	var lengths [firstCodes]uint16
	for _, symbol := range order[:n] {
		if s.count < 3 {
			if s.refill(); s.count < 3 {
				return ErrTruncated
			}
		}
		lengths[symbol] = uint16(s.take(3))
	}
	var list [firstCodes]uint16
	used := list[:0]
	for symbol, length := range lengths {
		if length != 0 {
			used = append(used, length<<9|uint16(symbol))
		}
	}
	if !r.lengths.build(r.lengths.first[:], used, firstSymbols[:], firstBits) {
		return ErrCorrupt
	}
	return nil
}

// readLengths reads the lengths of n codes and returns those that are not zero,
// each with its number.
func (r *Reader) readLengths(s *stream, n int) ([]uint16, error) {
	used := r.lengths.used[:0]
	last := uint16(0)
	for i := 0; i < n; {
		if s.count < lengthBits {
			s.refill()
		}
		e := r.lengths.first[s.bits&(1<<firstBits-1)]
		if e&special != 0 {
			return nil, ErrCorrupt
		}
		width := uint64(e & 63)
		if width > s.count {
			return nil, ErrTruncated
		}
		extra := int(s.bits & (1<<width - 1) >> (e >> 8 & 15))
		s.bits, s.count = s.bits>>width, s.count-width
		symbol := uint16(e >> 16)
		if symbol < repeatLast {
			if last = symbol << 9; last != 0 {
				used = append(used, last|uint16(i))
			}
			i++
			continue
		}
		times := 3 + extra
		switch {
		case symbol == repeatLast && i == 0:
			return nil, ErrCorrupt
		case symbol > zeros3:
			times += 8
		}
		if i+times > n {
			return nil, ErrCorrupt
		}
		if symbol != repeatLast || last == 0 {
			last = 0
			i += times
			continue
		}
		for end := i + times; i < end; i++ {
			used = append(used, last|uint16(i))
		}
	}
	return used, nil
}
