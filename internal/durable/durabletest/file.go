package durabletest

import (
	"errors"
	"io"
	"slices"

	"github.com/qleaks/qleaks/internal/durable"
)

// handle is an open file.
type handle struct {
	disk     *Disk
	node     *node
	name     string
	life     int
	readOnly bool
	closed   bool
}

var errClosed = errors.New("durabletest: the file is closed, or open for reading only")

func (h *handle) begin(op string, writes bool) (Outcome, error) {
	outcome, err := h.disk.begin(h.life, op, h.name)
	if h.closed || writes && h.readOnly {
		return outcome, pathError(op, h.name, errClosed)
	}
	if err != nil {
		err = pathError(op, h.name, err)
	}
	return outcome, err
}

// ReadAt implements io.ReaderAt.
func (h *handle) ReadAt(p []byte, at int64) (int, error) {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	if _, err := h.begin("read", false); err != nil {
		return 0, err
	}
	if at >= int64(len(h.node.now)) {
		return 0, io.EOF
	}
	n := copy(p, h.node.now[at:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// WriteAt implements io.WriterAt. A write that fails has written its beginning.
func (h *handle) WriteAt(p []byte, at int64) (int, error) {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	_, err := h.begin("write", true)
	n := len(p)
	if errors.Is(err, errDead) || h.closed || h.readOnly {
		n = 0
	} else if err != nil {
		n = h.disk.random.IntN(len(p) + 1)
	}
	if n > 0 {
		h.node.change(change{at, slices.Clone(p[:n])})
	}
	return n, err
}

// Size implements durable.Content.
func (h *handle) Size() (int64, error) {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	_, err := h.begin("size", false)
	return int64(len(h.node.now)), err
}

// Truncate implements durable.Keeping.
func (h *handle) Truncate(size int64) error {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	_, err := h.begin("truncate", true)
	if !h.closed && !h.readOnly && h.disk.perhaps(err) {
		h.node.change(change{at: size})
	}
	return err
}

// Sync implements durable.Keeping.
func (h *handle) Sync() error {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	outcome, err := h.begin("sync", false)
	switch {
	case errors.Is(err, errDead) || h.closed || outcome == Lie:
	case err != nil:
		h.node.come(h.disk.random)
	default:
		h.node.settle()
	}
	return err
}

// Close implements io.Closer.
func (h *handle) Close() error {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	_, err := h.begin("close", false)
	h.closed = true
	return err
}

// lock is the lock of a file; it is held while its life is the disk's.
type lock struct {
	disk   *Disk
	name   string
	life   int
	held   bool
	note   string
	before string
}

// Lock implements durable.Disk.
func (d *Disk) Lock(name, note string) (durable.Lock, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, err := d.begin(d.life, "lock", name); err != nil {
		return nil, pathError("lock", name, err)
	}
	dir, base, err := d.directory(name)
	if err != nil {
		return nil, pathError("lock", name, err)
	}
	if dir.names[base] == nil {
		dir.put(base, &node{})
	}
	was := d.locks[name]
	if was != nil && was.held && was.life == d.life {
		return nil, &durable.HeldError{Note: was.note}
	}
	l := &lock{disk: d, name: name, life: d.life, held: true, note: note}
	if was != nil {
		l.before = was.note
	}
	d.locks[name] = l
	return l, nil
}

// Before implements durable.Lock.
func (l *lock) Before() string { return l.before }

// Close implements durable.Lock.
func (l *lock) Close() error {
	l.disk.mu.Lock()
	defer l.disk.mu.Unlock()
	if _, err := l.disk.begin(l.life, "unlock", l.name); err != nil {
		return pathError("unlock", l.name, err)
	}
	l.held, l.note = false, ""
	return nil
}
