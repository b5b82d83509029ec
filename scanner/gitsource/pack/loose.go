package pack

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/qleaks/qleaks/scanner/gitsource/inflate"
)

var errLooseHeader = errors.New("broken header of a loose object")

// maxLooseHeader is the longest header of a loose object, in bytes: a type, a
// size, a zero.
const maxLooseHeader = 32

// readLoose reads a loose object, if it is of one of the wanted types; else
// only its type. The buffer is the caller's.
func (w *worker) readLoose(l *layer, rank uint32, want Types) (Type, []byte, error) {
	f, size, err := l.directory.open(looseName(l.id(rank)))
	if err != nil {
		return Unknown, nil, err
	}
	defer f.Close()
	if size > w.store.options.MaxObject+w.store.options.MaxObject/64+4096 {
		return Unknown, nil, errOversize
	}
	if err := w.spend(size); err != nil {
		return Unknown, nil, err
	}
	src, err := w.arena.get(w.ctx, int(size))
	if err != nil {
		return Unknown, nil, err
	}
	defer w.arena.put(src)
	if _, err := io.ReadFull(f, src); err != nil {
		return Unknown, nil, fmt.Errorf("read: %w", reasonOf(err))
	}
	return w.parseLoose(src, want)
}

// parseLoose unpacks a loose object.
func (w *worker) parseLoose(src []byte, want Types) (Type, []byte, error) {
	var head [maxLooseHeader]byte
	n, _, err := w.inflater.Zlib(head[:], src, false)
	if err != nil && !errors.Is(err, inflate.ErrSize) {
		return Unknown, nil, err
	}
	t, size, length, ok := parseLooseHeader(head[:n])
	switch {
	case !ok:
		return Unknown, nil, errLooseHeader
	case !want.Has(t):
		return t, nil, nil
	case size > w.store.options.MaxObject:
		return t, nil, errOversize
	case !plausible(size, int64(len(src))):
		return t, nil, inflate.ErrTruncated
	}
	if err := w.spend(size); err != nil {
		return t, nil, err
	}
	data, err := w.arena.get(w.ctx, length+int(size))
	if err != nil {
		return t, nil, err
	}
	if err := w.zlib(data, src); err != nil {
		w.arena.put(data)
		return t, nil, err
	}
	copy(data, data[length:])
	return t, data[:size], nil
}

// parseLooseHeader reads "blob 12\x00"; length is how long that is.
func parseLooseHeader(b []byte) (t Type, size int64, length int, ok bool) {
	end := bytes.IndexByte(b, 0)
	if end < 0 {
		return Unknown, 0, 0, false
	}
	name, digits, _ := bytes.Cut(b[:end], []byte(" "))
	t = typeByName(string(name))
	n, err := strconv.ParseUint(string(digits), 10, 62)
	// Git writes a size in one way.
	if err != nil || t == Unknown || strconv.FormatUint(n, 10) != string(digits) {
		return Unknown, 0, 0, false
	}
	return t, int64(n), end + 1, true
}
