package decode

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"

	"github.com/qleaks/qleaks/scanner/source"
)

// maxName is the length at which the name of a member is cut.
const maxName = 1024

var (
	errBudget  = errors.New("budget")
	errTooLong = errors.New("time")
)

// container yields what a container holds. It reports whether it was one.
func (w *walk) container(n *node, k kind) (handled, more bool) {
	if n.nesting >= w.o.Depth {
		return true, w.tooNested(n)
	}
	if w.full {
		return true, true
	}
	switch k {
	case kindZip:
		return w.zip(n)
	case kindSevenZip:
		return true, w.sevenZip(n)
	case kindPDF:
		return true, w.pdf(n)
	case kindOLE:
		return true, w.ole(n)
	case kindWAL:
		return true, w.writeAhead(n)
	case kindTar:
		return true, w.tar(n, w.guard(bytes.NewReader(n.text)))
	default:
		return w.stream(n, k)
	}
}

func (w *walk) tooNested(n *node) bool {
	return w.note(n.member, source.Unread, fmt.Sprintf("archives are nested deeper than %d", w.o.Depth), nil)
}

// stream yields what one compressed stream holds: the members of a tar, or
// one thing.
func (w *walk) stream(n *node, k kind) (handled, more bool) {
	opened, err := open(k, n.text)
	if err != nil {
		return false, !n.raw || w.note(n.member, source.Unread, fmt.Sprintf("broken %s", k), err)
	}
	if c, ok := opened.(io.Closer); ok {
		defer func() { _ = c.Close() }()
	}
	in := bufio.NewReaderSize(w.guard(opened), 32<<10)
	if head, _ := in.Peek(tarBlock); isTar(head) {
		inner := *n
		inner.nesting++
		return true, w.tar(&inner, in)
	}
	data, cause := w.read(in)
	if len(data) > 0 && !w.content(w.single(n, k, opened, data)) {
		return true, false
	}
	if len(data) == 0 && !n.raw {
		return false, !w.stopped // what an encoding hid was no stream after all
	}
	if k == kindZlib && !n.raw && !errors.Is(cause, errBudget) && !errors.Is(cause, errTooLong) {
		return len(data) > 0, true // too weak a sign to say that something is missing
	}
	return len(data) > 0, cause == nil || w.unread(n.member, k, cause)
}

// single makes the node of what a compressed stream holds: a member of a base,
// or one more way to decode text that is encoded itself.
func (w *walk) single(n *node, k kind, opened io.Reader, data []byte) *node {
	if !n.raw {
		child := n.inner(data, n.all(), k.String())
		child.nesting++
		return child
	}
	name := ""
	if z, ok := opened.(*gzip.Reader); ok {
		name = saneName(z.Name)
	}
	if name == "" && n.member != "" {
		inner := path.Base(strings.ReplaceAll(n.member, "!", "/"))
		if name = strings.TrimSuffix(inner, path.Ext(inner)); name == inner {
			name = ""
		}
	}
	return w.member(n, name, data)
}

// member makes the node of a member of n.
func (w *walk) member(n *node, name string, data []byte) *node {
	return &node{layer: layer{text: data}, base: data, raw: true, member: n.join(name), nesting: n.nesting + 1}
}

// join names a member of n. Of text that is encoded itself, the outermost
// encoding stands for the container.
func (n *node) join(name string) string {
	if name == "" {
		name = "data"
	}
	name = strings.ToValidUTF8(name[:min(len(name), maxName)], "\ufffd")
	if !n.raw && len(n.way) > 0 {
		name = n.way[0] + "!" + name
	}
	if n.member == "" {
		return name
	}
	return n.member + "!" + name
}

// saneName returns the last element of a name if it is fit for people.
func saneName(name string) string {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	if name == "." || name == "/" || len(name) > 255 || !utf8.ValidString(name) {
		return ""
	}
	for _, r := range name {
		if !unicode.IsPrint(r) {
			return ""
		}
	}
	return name
}

// unread notes why a member was not read, or not in full.
func (w *walk) unread(member string, k kind, cause error) bool {
	switch {
	case errors.Is(cause, errTooLong):
		return w.inTime()
	case errors.Is(cause, errBudget):
		if w.full {
			return true // told before
		}
		if w.left <= 0 {
			w.full = true
			reason := "it unfolds to more than " + bytesText(w.o.TotalBytes)
			if w.byRatio {
				reason = fmt.Sprintf("it unfolds to more than %d times its size", w.o.Ratio)
			}
			return w.note(member, source.Unread, reason, nil)
		}
		return w.note(member, source.Unread, fmt.Sprintf("only the first %s were read", bytesText(w.o.MemberBytes)), nil)
	}
	return w.note(member, source.Unread, fmt.Sprintf("broken %s", k), cause)
}

// read reads a member within the budgets. What could be read is returned with
// the error.
func (w *walk) read(in io.Reader) ([]byte, error) {
	data := make([]byte, 0, 4<<10)
	limit := min(w.o.MemberBytes, w.left)
	for {
		if len(data) == cap(data) {
			data = append(data, 0)[:len(data)]
		}
		n, err := in.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		w.left -= int64(n)
		if int64(len(data)) > limit {
			return data[:limit], errBudget
		}
		if errors.Is(err, io.EOF) {
			return data, nil
		}
		if err != nil {
			return data, err
		}
	}
}

// open is decompress for hostile streams.
func open(k kind, text []byte) (r io.Reader, err error) {
	defer recovered(&err)
	return decompress(k, text)
}

// recovered turns a panic of a decompressor into an error: hostile content may
// meet a fault in one, which must not end the scan.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("decompress: %v", r)
	}
}

// guard returns a reader that holds the time budget and survives faults of
// decompressors.
func (w *walk) guard(in io.Reader) io.Reader { return &guarded{w: w, in: in} }

type guarded struct {
	w  *walk
	in io.Reader
}

func (g *guarded) Read(p []byte) (n int, err error) {
	if time.Now().After(g.w.deadline) {
		return 0, errTooLong
	}
	defer recovered(&err)
	return g.in.Read(p[:min(len(p), 1<<20)])
}
