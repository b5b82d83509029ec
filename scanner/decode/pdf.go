package decode

import (
	"fmt"
	"io"

	"github.com/qleaks/qleaks/scanner/decode/pdf"
	"github.com/qleaks/qleaks/scanner/source"
)

// pdf yields the text of the pages of a PDF, of what is drawn on pages, and of
// the strings in its objects, each as a member, and what its streams hold.
func (w *walk) pdf(n *node) bool {
	f := pdf.Open(n.text, func(in io.Reader) ([]byte, error) { return w.read(w.guard(in)) })
	if f.Encrypted() {
		return w.note(n.member, source.Excluded, "encrypted", nil)
	}
	f.Pages(func(number int, text []byte) bool {
		return w.pdfText(n, fmt.Sprintf("page %d", number), text)
	})
	if w.stopped {
		return false
	}
	f.Streams(func(name string, data []byte, text bool) bool {
		if text {
			return w.pdfText(n, name, data)
		}
		return w.inTime() && w.content(w.member(n, name, data)) && !w.full
	})
	if w.stopped || !w.pdfText(n, "strings", f.Strings()) && w.stopped {
		return false
	}
	if w.full || f.Err() == nil {
		return true
	}
	return w.unread(n.member, kindPDF, f.Err())
}

func (w *walk) pdfText(n *node, name string, text []byte) bool {
	if len(text) == 0 {
		return true
	}
	if !w.inTime() || !w.take(n.member, len(text)) {
		return false
	}
	child := w.member(n, name, text)
	return w.showText(child)
}
