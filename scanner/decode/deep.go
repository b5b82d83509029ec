package decode

import (
	"fmt"

	"github.com/qleaks/qleaks/scanner/source"
)

// minNoted is how long decoded text must be, in bytes, to be missed where the
// depth ends: a few words in a row decode to text by chance.
const minNoted = 48

// tooDeep notes text that is encoded still where the depth ends.
func (w *walk) tooDeep(n *node) bool {
	for _, run := range listRuns(n.text) {
		from, to := around64(n.text, run, 0)
		if s, ok := nextText64(n.text[from:to], 0); ok && bytesOf64(s) >= minNoted {
			return w.note(n.member, source.Unread, fmt.Sprintf("encodings are nested deeper than %d", w.o.Depth), nil)
		}
	}
	return true
}
