package decode

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/qleaks/qleaks/scanner/source"
)

const tarBlock = 512

// isTar reports whether text begins with a tar header: by its magic, or by its
// checksum for archives from before the magic.
func isTar(text []byte) bool {
	if len(text) < tarBlock || text[0] == 0 {
		return false
	}
	if bytes.HasPrefix(text[257:], []byte("ustar")) {
		return true
	}
	if strings.IndexByte(" \x00+-01234567", text[148]) < 0 {
		return false // no number
	}
	field := strings.Trim(string(text[148:156]), " \x00")
	stored, err := strconv.ParseInt(field, 8, 32)
	if err != nil {
		return false
	}
	sum := int64(0)
	for i, c := range text[:tarBlock] {
		if i >= 148 && i < 156 {
			c = ' '
		}
		sum += int64(c)
	}
	return stored == sum
}

// tar yields the members of a tar.
func (w *walk) tar(n *node, in io.Reader) bool {
	end := &zeroTail{in: in}
	archive := tar.NewReader(end)
	for count := 0; ; count++ {
		if !w.inTime() {
			return false
		}
		header, err := nextTar(archive)
		if errors.Is(err, io.EOF) {
			if end.zeros < tarBlock {
				return w.note(n.member, source.Unread, "the tar ends early", nil)
			}
			return true
		}
		if err != nil {
			return w.unread(n.member, kindTar, err)
		}
		if count >= w.o.Members {
			return w.note(n.member, source.Unread, fmt.Sprintf("it has more than %d members", w.o.Members), nil)
		}
		if header.Typeflag != tar.TypeReg && header.Typeflag != tar.TypeGNUSparse {
			continue
		}
		data, cause := w.read(w.guard(archive))
		child := w.member(n, header.Name, data)
		if len(data) > 0 && !w.content(child) {
			return false
		}
		if cause != nil && !w.unread(child.member, kindTar, cause) || w.stopped {
			return false
		}
		if w.full {
			return true
		}
	}
}

func nextTar(archive *tar.Reader) (header *tar.Header, err error) {
	defer recovered(&err)
	return archive.Next()
}

// zeroTail counts the zero bytes at the end of what was read: a whole tar ends
// with blocks of them.
type zeroTail struct {
	in    io.Reader
	zeros int
}

func (z *zeroTail) Read(p []byte) (int, error) {
	n, err := z.in.Read(p)
	last := n
	for last > 0 && p[last-1] == 0 {
		last--
	}
	if last > 0 {
		z.zeros = 0
	}
	z.zeros += n - last
	return n, err
}
