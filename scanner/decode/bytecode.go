package decode

import (
	"github.com/qleaks/qleaks/scanner/decode/pyc"
)

// isBytecode reports whether text is a compiled Python module.
func isBytecode(text []byte) bool { return pyc.Is(text) }

// bytecode yields the strings of a compiled module as literals, with the names
// that they are given to; nothing is run.
func (w *walk) bytecode(n *node) bool {
	if n.depth >= w.o.Depth {
		return w.tooDeep(n)
	}
	t := literals{w: w, n: n, b: w.builder(), way: kindBytecode.String()}
	defer w.giveBack(t.b)
	pyc.Read(n.text, func(c pyc.Constant) bool {
		at := c.From
		t.b.str("\n", at, at)
		if c.Name.To > c.Name.From {
			t.b.copy(n.text, c.Name.From, c.Name.To)
			t.b.str(" = ", at, at)
		}
		t.b.str("\"", at, at)
		t.b.copy(n.text, c.From, c.To)
		t.b.str("\"\n", c.To, c.To)
		return len(t.b.text) < partBytes || t.flush(true) && !w.full
	})
	return t.flush(false)
}
