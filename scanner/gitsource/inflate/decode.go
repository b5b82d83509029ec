package inflate

import "encoding/binary"

const (
	// The fast loop refills twice a round: each time it reads a word, and the
	// first moves on by up to seven bytes.
	inputMargin = 15
	// It writes up to two literals, then a third or a match, which has a check
	// of its own.
	outputMargin = 3
	// Matches are copied by this many bytes.
	step = 16
	// A distance takes at most 15 bits of code and 13 more.
	distanceBits = 28
)

// ending is why the fast loop stopped.
type ending int

const (
	nearTheEnd ending = iota // of the source or the output
	endOfBlock
	corrupt
	tooLarge
)

// decode decodes the symbols of a block up to its end.
func (t *tables) decode(s *stream) error {
	switch t.fast(s) {
	case endOfBlock:
		return nil
	case corrupt:
		return ErrCorrupt
	case tooLarge:
		return ErrSize
	}
	return t.careful(s)
}

// fast decodes symbols as long as neither end is near. The names are short
// because each is one register; see tables for the entries.
func (t *tables) fast(s *stream) (why ending) {
	src, dst := s.src, s.dst
	in, out, b, nb := s.in, s.out, s.bits, s.count
	inEnd, outEnd := len(src)-inputMargin, len(dst)-outputMargin
	for in <= inEnd && out <= outEnd {
		b |= binary.LittleEndian.Uint64(src[in:]) << (nb & 63)
		in += 7 - int(nb>>3&7)
		nb |= fullBits
		e := t.litlen[b&litlenMask]
		if e >= literal {
			dst[out], out = byte(e>>16), out+1
			b, nb = b>>(e&63), nb-uint64(e)
			if e = t.litlen[b&litlenMask]; e >= literal {
				dst[out], out = byte(e>>16), out+1
				b, nb = b>>(e&63), nb-uint64(e)
				if e = t.litlen[b&litlenMask]; e >= literal {
					dst[out], out = byte(e>>16), out+1
					b, nb = b>>(e&63), nb-uint64(e)
					continue
				}
			}
		}
		if e&special != 0 {
			if e&subtable != 0 {
				b, nb = b>>litlenBits, nb-litlenBits
				e = t.litlen[uint64(e>>16)+b&(1<<(e>>8&15)-1)]
			}
			if e >= literal {
				dst[out], out = byte(e>>16), out+1
				b, nb = b>>(e&63), nb-uint64(e)
				continue
			}
			if e&special != 0 {
				why = corrupt
				if e&blockEnd != 0 {
					b, nb, why = b>>(e&63), nb-uint64(e), endOfBlock
				}
				break
			}
		}
		length := int(e>>16) + int(b&(1<<(e&63)-1)>>(e>>8&15))
		b, nb = b>>(e&63), nb-uint64(e)
		if byte(nb) < distanceBits {
			b |= binary.LittleEndian.Uint64(src[in:]) << (nb & 63)
			in += 7 - int(nb>>3&7)
			nb |= fullBits
		}
		d := t.dist[b&distMask]
		if d&special != 0 {
			if d&subtable == 0 {
				why = corrupt
				break
			}
			b, nb = b>>distBits, nb-distBits
			d = t.dist[uint64(d>>16)+b&(1<<(d>>8&15)-1)]
		}
		distance := int(d>>16) + int(b&(1<<(d&63)-1)>>(d>>8&15))
		b, nb = b>>(d&63), nb-uint64(d)
		end := out + length
		if distance > out || end > len(dst)-step || distance < step {
			if distance > out {
				why = corrupt
				break
			}
			if end > len(dst) {
				why = tooLarge
				break
			}
			repeat(dst[out-distance:end], distance)
			out = end
			continue
		}
		for from := out - distance; ; {
			copy(dst[out:out+step], dst[from:from+step])
			if out, from = out+step, from+step; out >= end {
				break
			}
		}
		out = end
	}
	s.in, s.out, s.bits, s.count = in, out, b, nb&63
	return why
}

// repeat fills text behind its first distance bytes with what stands distance
// bytes before.
func repeat(text []byte, distance int) {
	if distance == 1 {
		first := text[0]
		text = text[1:]
		for i := range text {
			text[i] = first
		}
		return
	}
	for done := distance; done < len(text); {
		done += copy(text[done:], text[:done])
	}
}

// careful decodes symbols with a check of everything, for the ends.
func (t *tables) careful(s *stream) error {
	for {
		s.refill()
		e, ok := s.symbol(t.litlen[:], litlenBits)
		switch {
		case !ok:
			return ErrTruncated
		case e >= literal:
			if s.out >= len(s.dst) {
				return ErrSize
			}
			s.dst[s.out] = byte(e >> 16)
			s.out++
			continue
		case e&blockEnd != 0:
			return nil
		case e&special != 0:
			return ErrCorrupt
		}
		length := int(e >> 16)
		d, ok := s.symbol(t.dist[:], distBits)
		distance := int(d >> 16)
		switch {
		case !ok:
			return ErrTruncated
		case d&special != 0 || distance > s.out:
			return ErrCorrupt
		case length > len(s.dst)-s.out:
			return ErrSize
		}
		repeat(s.dst[s.out-distance:s.out+length], distance)
		s.out += length
	}
}

// symbol takes a symbol and its extra bits. The value above bit 16 of the entry
// that it returns has the extra bits added. It reports false if there are too
// few bits.
func (s *stream) symbol(table []uint32, width uint64) (entry uint32, ok bool) {
	b, nb := s.bits, s.count
	e := table[b&(1<<width-1)]
	if e&(special|subtable) == special|subtable && nb >= width {
		b, nb = b>>width, nb-width
		e = table[uint64(e>>16)+b&(1<<(e>>8&15)-1)]
	}
	n := uint64(e & 63)
	if n > nb {
		return 0, false
	}
	if e&(literal|special) == 0 {
		e += uint32(b&(1<<n-1)>>(e>>8&15)) << 16
	}
	s.bits, s.count = b>>n, nb-n
	return e, true
}
