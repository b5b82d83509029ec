package decode

// minHex is the shortest run of hexadecimal digits that is decoded.
const minHex = 2 * minDecoded

// hex yields what the runs of hexadecimal digits in text[from:end] decode to,
// as far as that is text, whichever digit it begins with.
func (w *walk) hex(n *node, from, end int) bool {
	for i := from; ; {
		from, to := nextHex(n.text[:end], i)
		if from < 0 {
			return true
		}
		i = to
		for shift := range 2 {
			s := nextHexText(n.text[:to], from+shift)
			for ; s.from >= 0; s = nextHexText(n.text[:to], s.to) {
				if !w.hexText(n, s) {
					return false
				}
			}
		}
	}
}

func (w *walk) hexText(n *node, s stretch) bool {
	if !w.inTime() {
		return false
	}
	out := w.builder()
	defer w.giveBack(out)
	for i := s.from; i < s.to; i += 2 {
		out.text = append(out.text, byte(hexDigit(n.text[i])<<4|hexDigit(n.text[i+1])))
	}
	child := n.inner(out.text, []span{{from: s.from, size: s.to - s.from}}, "hex")
	return w.showInPlace(n, out.text, s.from, s.to, "hex") && w.unfold(child)
}

// nextHex finds the next run of at least minHex digits at or after i.
func nextHex(text []byte, i int) (from, to int) {
	floor := i
	for p := i; p < len(text); {
		if hexDigit(text[p]) < 0 {
			p += minHex
			continue
		}
		from, to = p, p+1
		for from > floor && hexDigit(text[from-1]) >= 0 {
			from--
		}
		for to < len(text) && hexDigit(text[to]) >= 0 {
			to++
		}
		if to-from >= minHex {
			return from, to
		}
		p = to + minHex
	}
	return -1, -1
}

// nextHexText finds the next digits that decode to text, in pairs from i on.
func nextHexText(run []byte, i int) stretch {
	from := i
	for ; i+1 < len(run); i += 2 {
		if isTextByte(byte(hexDigit(run[i])<<4 | hexDigit(run[i+1]))) {
			continue
		}
		if i-from >= minHex {
			return stretch{from, i}
		}
		from = i + 2
	}
	if i-from >= minHex {
		return stretch{from, i}
	}
	return stretch{-1, -1}
}
