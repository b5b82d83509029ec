package inflate

import "encoding/binary"

const (
	// The fast loop refills twice a round: each time it reads a word, and the
	// first moves on by up to seven bytes.
	inputMargin = 15
	// It writes up to three literals, then a fourth or a match, which has a
	// check of its own. Three literals and the length of a match take at most
	// 3*11 + 20 bits, less than a refill brings.
	outputMargin = 4
	// Matches are copied by this many bytes.
	step = 16
	// A distance takes at most 15 bits of code and 13 more.
	distanceBits = 28
)

// ending is why the fast loop stopped.
type ending int

const (
	nearTheEnd ending = iota // of the source or the output; or nothing is wrong
	endOfBlock
	corrupt
	tooLarge
)

func (e ending) problem() error {
	switch e {
	case corrupt:
		return ErrCorrupt
	case tooLarge:
		return ErrSize
	case nearTheEnd, endOfBlock:
	}
	return nil
}

// decode decodes the symbols of a block up to its end.
func (t *tables) decode(s *stream) error {
	if why := t.fast(s); why != nearTheEnd {
		return why.problem()
	}
	return t.careful(s)
}

// fast decodes symbols as long as neither end is near. The names are short
// because each is a register; see tables for the entries. Of nb only the lowest
// byte counts: what else an entry holds may be subtracted with its length.
func (t *tables) fast(s *stream) (why ending) {
	src, dst, in, out, b, nb := s.src, s.dst, s.in, s.out, s.bits, s.count
	for in <= len(src)-inputMargin && out <= len(dst)-outputMargin {
		b |= binary.LittleEndian.Uint64(src[in:]) << (nb & 63)
		in, nb = in+7-int(nb>>3&7), nb|fullBits
		e := t.litlen[b&litlenMask]
		if e >= literal {
			dst[out], out, b, nb = byte(e>>16), out+1, b>>(e&63), nb-uint64(e)
			if e = t.litlen[b&litlenMask]; e >= literal {
				dst[out], out, b, nb = byte(e>>16), out+1, b>>(e&63), nb-uint64(e)
				if e = t.litlen[b&litlenMask]; e >= literal {
					dst[out], out, b, nb = byte(e>>16), out+1, b>>(e&63), nb-uint64(e)
					if e = t.litlen[b&litlenMask]; e >= literal {
						dst[out], out, b, nb = byte(e>>16), out+1, b>>(e&63), nb-uint64(e)
						continue
					}
				}
			}
		}
		if e&special != 0 {
			if e&subtable != 0 {
				b, nb = b>>litlenBits, nb-litlenBits
				e = t.litlen[uint64(e>>16)+b&(1<<(e>>8&15)-1)]
			}
			if e >= literal {
				dst[out], out, b, nb = byte(e>>16), out+1, b>>(e&63), nb-uint64(e)
				continue
			}
			if e&special != 0 {
				why, b, nb = lastOf(e), b>>(e&63), nb-uint64(e)
				break
			}
		}
		length := int(e>>16) + int(b&(1<<(e&63)-1)>>(e>>8&15))
		b, nb = b>>(e&63), nb-uint64(e)
		if byte(nb) < distanceBits {
			b |= binary.LittleEndian.Uint64(src[in:]) << (nb & 63)
			in, nb = in+7-int(nb>>3&7), nb|fullBits
		}
		d := t.dist[b&distMask]
		if d&subtable != 0 {
			b, nb = b>>distBits, nb-distBits
			d = t.dist[uint64(d>>16)+b&(1<<(d>>8&15)-1)]
		}
		distance := int(d>>16) + int(b&(1<<(d&63)-1)>>(d>>8&15))
		b, nb = b>>(d&63), nb-uint64(d)
		end := out + length
		if distance > out || end > len(dst)-2*step || distance < step {
			if why = repeat(dst, out, distance, length); why != nearTheEnd {
				break
			}
			out = end
			continue
		}
		stride(dst, out, out-distance, length)
		out = end
	}
	s.in, s.out, s.bits, s.count = in, out, b, nb&63
	return why
}

// lastOf says what it means that e is neither a literal nor a match.
func lastOf(e uint32) ending {
	if e&blockEnd != 0 {
		return endOfBlock
	}
	return corrupt
}

// stride copies a match in steps: at least two, since few matches are longer
// and a loop that ends now here, now there costs more. It may write up to two
// steps behind the match.
func stride(dst []byte, out, from, length int) {
	copy(dst[out:out+step], dst[from:from+step])
	copy(dst[out+step:out+2*step], dst[from+step:from+2*step])
	for ; length > 2*step; length -= step {
		out, from = out+step, from+step
		copy(dst[out+step:out+2*step], dst[from+step:from+2*step])
	}
}

// repeat writes a match at out: length bytes, each of which stands distance
// bytes before as well. A distance of 0 comes from bits that mean nothing.
func repeat(dst []byte, out, distance, length int) ending {
	if distance == 0 || distance > out {
		return corrupt
	}
	if length > len(dst)-out {
		return tooLarge
	}
	text := dst[out-distance : out+length]
	if distance == 1 {
		for i, first := 1, text[0]; i < len(text); i++ {
			text[i] = first
		}
		return nearTheEnd
	}
	for done := distance; done < len(text); {
		done += copy(text[done:], text[:done])
	}
	return nearTheEnd
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
		if e, ok = s.symbol(t.dist[:], distBits); !ok {
			return ErrTruncated
		}
		if why := repeat(s.dst, s.out, int(e>>16), length); why != nearTheEnd {
			return why.problem()
		}
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
