package pack

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
)

var (
	// errFault says that a mapped file is not there any more.
	errFault = errors.New("the file was cut off while it was read")
	// errBug says that our own code went wrong, which hostile input must not
	// achieve; it ends a walk.
	errBug = errors.New("internal error")
)

// region is the content of a file, mapped if possible, else read piece by
// piece.
type region struct {
	file   *os.File
	mapped []byte
	size   int64
}

// reasonOf leaves out the path that package os puts before errors.
func reasonOf(err error) error {
	if in, ok := errors.AsType[*fs.PathError](err); ok {
		return in.Err
	}
	return err
}

// openRegion opens a file of a directory and, if mapping is wanted and
// possible, maps it.
func openRegion(d *directory, name string, mapping bool) (*region, error) {
	f, size, err := d.open(name)
	if err != nil {
		return nil, err
	}
	r := &region{file: f, size: size}
	if mapping && size > 0 && int64(int(size)) == size {
		if m, err := mapFile(f, int(size)); err == nil {
			r.mapped = m
		}
	}
	return r, nil
}

func (r *region) close() error {
	err := r.file.Close()
	if r.mapped != nil {
		err = errors.Join(err, unmapFile(r.mapped))
		r.mapped = nil
	}
	return err
}

// view returns the bytes from from to to, or up to the end of the file. Where
// nothing is mapped they are read into scratch, which must be large enough.
// Reading what is mapped may fault: see fault.
func (r *region) view(from, to int64, scratch []byte) ([]byte, error) {
	to = min(to, r.size)
	if from < 0 || from >= to {
		return nil, nil
	}
	if r.mapped != nil {
		return r.mapped[from:to], nil
	}
	n, err := r.file.ReadAt(scratch[:to-from], from)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read: %w", reasonOf(err))
	}
	return scratch[:n], nil
}

// fault turns what was recovered into an error: to read a mapped file that was
// cut off is a fault, which debug.SetPanicOnFault makes recoverable.
func fault(recovered any) error {
	if recovered == nil {
		return nil
	}
	var at interface{ Addr() uintptr }
	if err, ok := recovered.(runtime.Error); ok && errors.As(err, &at) {
		return errFault
	}
	return fmt.Errorf("%w: %v", errBug, recovered)
}
