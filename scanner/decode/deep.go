package decode

import (
	"fmt"

	"github.com/qleaks/qleaks/scanner/source"
)

// tooDeep notes text that is encoded still where the depth ends.
func (w *walk) tooDeep(n *node) bool {
	from, to := nextBase64(n.text, 0)
	if from < 0 {
		return true
	}
	if _, ok := nextText64(n.text[from:to], 0); !ok {
		return true
	}
	return w.note(n.member, source.Unread, fmt.Sprintf("encodings are nested deeper than %d", w.o.Depth), nil)
}
