package decode

const (
	// leading and trailing are how many bytes of the outer text stay around
	// what was decoded: the name of the value stands there.
	leading  = 160
	trailing = 64
)

// inPlace returns a node of decoded text where it stood, at n.text[from:to],
// with what is written around it: in a Kubernetes secret only the name outside
// of the base64 says whose key is inside.
func (n *node) inPlace(b *builder, text []byte, from, to int, way string) *node {
	low, high := max(0, from-leading), min(len(n.text), to+trailing)
	// A run of key characters that the border cuts would look like a key.
	for low > 0 && low < from && isKeyByte(n.text[low-1]) && isKeyByte(n.text[low]) {
		low++
	}
	for high < len(n.text) && high > to && isKeyByte(n.text[high]) && isKeyByte(n.text[high-1]) {
		high--
	}
	b.copy(n.text, low, from)
	b.made(from, to)
	b.text = append(b.text, text...)
	b.copy(n.text, to, high)
	return n.inner(b.text, b.spans, way)
}

// showInPlace yields decoded text as a view in its place.
func (w *walk) showInPlace(n *node, text []byte, from, to int, way string) bool {
	b := w.builder()
	defer w.giveBack(b)
	return w.show(n.inPlace(b, text, from, to, way))
}
