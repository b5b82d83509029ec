package decode

import (
	"archive/zip"
	"bytes"
	"compress/bzip2"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/qleaks/qleaks/scanner/source"
)

const (
	zipLocal   = "PK\x03\x04"
	zipCentral = "PK\x01\x02"
	zipEnd     = "PK\x05\x06"
	zipEndSize = 22
	// localSize is the size of a member's own header without its name.
	localSize = 30

	encryptedFlag  = 1 << 0
	sizeBehindFlag = 1 << 3
	methodBzip2    = 12
	methodZstd     = 93
)

// zip yields the members of a zip, by its directory or, if that is missing,
// by the members' own headers.
func (w *walk) zip(n *node) (handled, more bool) {
	if bytes.Count(n.text, []byte(zipCentral)) > w.o.Members {
		return true, w.zipMembers(n) && w.note(n.member, source.Unread, fmt.Sprintf("it has more than %d members", w.o.Members), nil)
	}
	archive, err := openZip(n.text)
	if err != nil {
		if !bytes.HasPrefix(n.text, []byte(zipLocal)) {
			return false, w.note(n.member, source.Unread, "broken zip", err)
		}
		return true, w.zipMembers(n) && w.note(n.member, source.Unread, "broken zip", err)
	}
	doc := w.document(archive)
	for _, f := range archive.File {
		if !w.inTime() || !w.zipFile(n, f, doc) {
			return true, false
		}
		if w.full {
			break
		}
	}
	return true, w.restOfDocument(n, doc)
}

func openZip(text []byte) (archive *zip.Reader, err error) {
	defer recovered(&err)
	archive, err = zip.NewReader(bytes.NewReader(text), int64(len(text)))
	if errors.Is(err, zip.ErrInsecurePath) {
		err = nil // names are labels here
	}
	if err == nil {
		archive.RegisterDecompressor(methodBzip2, func(r io.Reader) io.ReadCloser { return io.NopCloser(bzip2.NewReader(r)) })
		archive.RegisterDecompressor(methodZstd, zstdDecompressor)
	}
	return archive, err
}

func zstdDecompressor(r io.Reader) io.ReadCloser {
	z, err := openZstd(r)
	if err != nil {
		return io.NopCloser(failing{err})
	}
	if c, ok := z.(io.ReadCloser); ok {
		return c
	}
	return io.NopCloser(z)
}

// failing is a reader that only fails.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// zipFile yields what a member of the directory holds.
func (w *walk) zipFile(n *node, f *zip.File, doc *document) bool {
	if f.Name != "" && f.Name[len(f.Name)-1] == '/' {
		return true
	}
	if f.Flags&encryptedFlag != 0 {
		return w.note(n.join(f.Name), source.Excluded, "encrypted", nil)
	}
	in, err := openZipFile(f)
	if err != nil {
		return w.zipFailure(n.join(f.Name), f.Method, err)
	}
	defer func() { _ = in.Close() }()
	return w.zipMember(n, doc, member{f.Name, f.Method}, w.guard(in))
}

func openZipFile(f *zip.File) (in io.ReadCloser, err error) {
	defer recovered(&err)
	return f.Open()
}

// member is one by its name and how it is compressed.
type member struct {
	name   string
	method uint16
}

func (w *walk) zipMember(n *node, doc *document, m member, in io.Reader) bool {
	data, cause := w.read(in)
	child := w.member(n, m.name, data)
	done, more := w.documentPart(n, doc, m.name, data)
	if !more || !done && len(data) > 0 && !w.content(child) {
		return false
	}
	return cause == nil || w.zipFailure(child.member, m.method, cause)
}

func (w *walk) zipFailure(member string, method uint16, err error) bool {
	if errors.Is(err, zip.ErrAlgorithm) {
		return w.note(member, source.Unread, fmt.Sprintf("compression method %d of zip is not known", method), nil)
	}
	return w.unread(member, kindZip, err)
}

// zipMembers yields the members of a zip without a directory that can be used.
func (w *walk) zipMembers(n *node) bool {
	rest := n.text
	for range w.o.Members {
		i := bytes.Index(rest, []byte(zipLocal))
		if i < 0 || w.full {
			break
		}
		if !w.inTime() {
			return false
		}
		m, ok := readLocal(rest[i:])
		if !ok {
			rest = rest[i+len(zipLocal):]
			continue
		}
		if !w.localMember(n, &m) {
			return false
		}
		rest = m.rest
	}
	return true
}

// local is a member as its own header tells it. The rest is what may hold the
// next member.
type local struct {
	name   string
	flags  uint16
	method uint16
	data   []byte
	rest   []byte
}

func readLocal(b []byte) (local, bool) {
	if len(b) < localSize {
		return local{}, false
	}
	name := int(binary.LittleEndian.Uint16(b[26:]))
	start := localSize + name + int(binary.LittleEndian.Uint16(b[28:]))
	if len(b) < start {
		return local{}, false
	}
	m := local{
		name:   string(b[localSize : localSize+name]),
		flags:  binary.LittleEndian.Uint16(b[6:]),
		method: binary.LittleEndian.Uint16(b[8:]),
		data:   b[start:],
		rest:   b[start:],
	}
	// The size is missing where it stands behind the data.
	known := m.flags&sizeBehindFlag == 0
	if size := int64(binary.LittleEndian.Uint32(b[18:])); (known || size > 0) && size <= int64(len(m.data)) {
		m.data, m.rest = m.data[:size], m.data[size:]
	}
	return m, true
}

// localMember yields what a member holds, and moves its rest behind what was
// read.
func (w *walk) localMember(n *node, m *local) bool {
	if m.flags&encryptedFlag != 0 {
		return w.note(n.join(m.name), source.Excluded, "encrypted", nil)
	}
	if m.name != "" && m.name[len(m.name)-1] == '/' {
		return true
	}
	in := bytes.NewReader(m.data)
	switch m.method {
	case zip.Store:
		if i := bytes.Index(m.data, []byte(zipLocal)); i >= 0 && len(m.data) == len(m.rest) {
			in = bytes.NewReader(m.data[:i])
		}
		return w.zipMember(n, nil, member{m.name, m.method}, w.guard(in))
	case zip.Deflate:
		ok := w.zipMember(n, nil, member{m.name, m.method}, w.guard(flate.NewReader(in)))
		if read := len(m.data) - in.Len(); len(m.data) == len(m.rest) {
			m.rest = m.rest[read:]
		}
		return ok
	default:
		return w.zipFailure(n.join(m.name), m.method, zip.ErrAlgorithm)
	}
}
