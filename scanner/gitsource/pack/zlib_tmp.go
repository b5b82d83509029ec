package pack

import (
	"bytes"
	"io"

	"github.com/klauspost/compress/zlib"
	"github.com/qleaks/qleaks/scanner/gitsource/inflate"
)

type zlibTmp struct {
	src bytes.Reader
	z   io.ReadCloser
}

func (t *zlibTmp) Zlib(dst, src []byte, verify bool) (int, int, error) {
	t.src.Reset(src)
	var err error
	if t.z == nil {
		t.z, err = zlib.NewReader(&t.src)
	} else {
		err = t.z.(zlib.Resetter).Reset(&t.src, nil)
	}
	if err != nil {
		return 0, 0, inflate.ErrCorrupt
	}
	n := 0
	for n < len(dst) && err == nil {
		var m int
		m, err = t.z.Read(dst[n:])
		n += m
	}
	if err == io.EOF && n < len(dst) {
		return n, 0, inflate.ErrSize
	}
	if err == io.ErrUnexpectedEOF {
		return n, 0, inflate.ErrTruncated
	}
	if err == io.EOF {
		return n, 0, nil
	}
	if err != nil {
		return n, 0, inflate.ErrCorrupt
	}
	var one [1]byte
	if m, err := t.z.Read(one[:]); m > 0 {
		return n, 0, inflate.ErrSize
	} else if err != io.EOF {
		if err == io.ErrUnexpectedEOF {
			return n, 0, inflate.ErrTruncated
		}
		return n, 0, inflate.ErrCorrupt
	}
	return n, 0, nil
}
