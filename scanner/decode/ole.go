package decode

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/richardlehane/mscfb"
)

// oleMagic is what a compound document begins with: Word, Excel and PowerPoint
// up to 2003, Outlook's messages, installers of Windows.
const oleMagic = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

// ole yields the streams of a compound document, in which text stands as bytes
// or as UTF-16.
func (w *walk) ole(n *node) bool {
	doc, err := openOLE(n.text)
	if err != nil {
		return w.unread(n.member, kindOLE, err)
	}
	for members := 0; ; members++ {
		f, err := nextStream(doc)
		if errors.Is(err, io.EOF) {
			return true
		}
		if err != nil {
			return w.unread(n.member, kindOLE, err)
		}
		if members >= w.o.Members || w.full {
			return w.unread(n.member, kindOLE, errBudget)
		}
		if f.Size <= 0 {
			continue
		}
		data, cause := w.read(w.guard(f))
		child := w.member(n, streamName(f), data)
		if !w.content(child) {
			return false
		}
		if cause != nil && !w.unread(child.member, kindOLE, cause) {
			return false
		}
	}
}

// openOLE reads the directory of a compound document.
func openOLE(text []byte) (doc *mscfb.Reader, err error) {
	defer recovered(&err)
	return mscfb.New(bytes.NewReader(text))
}

// nextStream returns the next stream, io.EOF behind the last one.
func nextStream(doc *mscfb.Reader) (f *mscfb.File, err error) {
	defer recovered(&err)
	return doc.Next()
}

// streamName is the path of a stream, without the control characters that some
// begin with.
func streamName(f *mscfb.File) string {
	parts := append(append([]string(nil), f.Path...), f.Name)
	name := strings.Map(func(r rune) rune {
		if r < ' ' {
			return -1
		}
		return r
	}, strings.Join(parts, "/"))
	return strings.TrimPrefix(name, "Root Entry/")
}
