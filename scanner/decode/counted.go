package decode

// Lengths is what a view's way says of a value whose end a length tells.
const Lengths = "length"

// countedReach is how far before a value a byte must stand that no text has.
const countedReach = 64

// Counted reports whether the run text[start:end] is longer than the length
// that is written before it, as in compiled programs and packed data, where the
// next field touches a value. Then the value is text[from:to].
func Counted(text []byte, start, end int) (from, to int, ok bool) {
	if start == 0 || end-start < minRun || !isBinary(text[max(0, start-countedReach):start]) {
		return 0, 0, false
	}
	n := int(text[start-1])
	if n == 0 && start >= 4 {
		// Four bytes, or two, the lowest first.
		if n = int(text[start-2]); n == 0 {
			n = int(text[start-4])
		}
	}
	if n >= minRun && n < end-start {
		return start, start + n, true
	}
	// The length itself may be a key character.
	n = int(text[start])
	if n >= minRun && n < end-start-1 || n >= minRun && n == end-start-1 {
		return start + 1, start + 1 + n, true
	}
	return 0, 0, false
}

// isBinary reports whether a byte is in text that people do not write.
func isBinary(text []byte) bool {
	for _, c := range text {
		if c < '\t' || c > '\r' && c < ' ' && c != escapeByte || c >= 0x80 {
			return true
		}
	}
	return false
}

// counted yields a view of each value whose end a length tells, as a literal.
// Formats that are read have better ways.
func (w *walk) counted(n *node, runs runList) bool {
	if n.raw && sniff(n.text) != kindNone {
		return true
	}
	for _, run := range runs {
		from, to, ok := Counted(n.text, run.from, run.to)
		if !ok {
			continue
		}
		if !w.inTime() {
			return false
		}
		b := w.builder()
		b.copy(n.text, max(0, from-leading), from)
		b.str("\"", from, from)
		focus := stretch{len(b.text), len(b.text) + to - from}
		b.copy(n.text, from, to)
		b.str("\"", to, to)
		b.copy(n.text, to, min(len(n.text), to+trailing))
		child := n.inner(b.text, b.spans, Lengths)
		child.focus = focus
		more := w.show(child)
		w.giveBack(b)
		if !more {
			return false
		}
	}
	return true
}
