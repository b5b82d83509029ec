// Package auditlog is the log of everything that remediation did or was about
// to do: JSON lines, each with the digest of the line before, so that whoever
// kept a head (printed at the end of each run) finds out whether lines were cut
// off, changed, reordered or put in. It holds no material.
//
// Several processes may write one log: they take turns. A line is safe when
// Append returns. What stands behind the last safe line after a crash is
// dropped if it is no whole line; the journal has what it told, and tells it
// again.
package auditlog

import (
	"bufio"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"sync"
	"time"

	"github.com/qleaks/qleaks/internal/durable"
	"github.com/qleaks/qleaks/remediate/head"
)

// Log is an open log. Open makes one.
type Log struct {
	mu   sync.Mutex
	disk durable.Disk
	// name is the file, heads where its head is kept.
	name, heads string
	chain       chain
	size        int64
	last        map[string]Source
	stopped     error
}

// Place says where a log is.
type Place struct {
	// Dir holds the log, Heads its head; neither is in the other. Both are made.
	Dir, Heads string
	// Disk is the file system; nil is the machine's.
	Disk durable.Disk
}

// Names of files.
const (
	fileName = "audit.jsonl"
	headName = "audit"
	lockName = "audit.lock"
	// largest is the largest log that is read, in bytes.
	largest = 4 << 30
)

// How long the lock is waited for: an entry is written within a fraction of a
// second.
const (
	patience = 500
	pause    = 10 * time.Millisecond
)

// ErrStopped says that a log failed to write and writes nothing any more: what
// it holds is not known before it is opened again.
var ErrStopped = errors.New("the audit log stopped after an error of the disk")

// Open opens a log, or makes one, and verifies all of it against the head that
// is kept beside it.
func Open(p Place) (*Log, error) {
	if p.Disk == nil {
		p.Disk = durable.OS{}
	}
	l := &Log{disk: p.Disk, name: filepath.Join(p.Dir, fileName), heads: filepath.Join(p.Heads, headName), last: map[string]Source{}}
	for _, dir := range []string{p.Dir, p.Heads} {
		if err := durable.MakeDirs(p.Disk, dir); err != nil {
			return nil, fmt.Errorf("open the audit log: %w", err)
		}
	}
	err := l.locked(func() error {
		if err := l.create(); err != nil {
			return err
		}
		return l.catchUp(true)
	})
	if err != nil {
		return nil, fmt.Errorf("open the audit log %s: %w", l.name, err)
	}
	return l, nil
}

// File is the name of the log's file.
func (l *Log) File() string { return l.name }

// Head returns the head of the log as this process knows it.
func (l *Log) Head() head.Head {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.chain.at
}

// Last returns the last record of an account's journal that the log tells of,
// whoever wrote it.
func (l *Log) Last(account string) (Source, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := l.working(func() error { return l.catchUp(false) })
	if err != nil {
		return Source{}, false, fmt.Errorf("read the audit log %s: %w", l.name, err)
	}
	s, ok := l.last[account]
	return s, ok, nil
}

// Append writes an entry. When it returns without an error, the entry is safe.
func (l *Log) Append(e Entry) (head.Head, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := l.working(func() error {
		if err := l.catchUp(false); err != nil {
			return err
		}
		return l.write(e)
	})
	if err != nil {
		return head.Head{}, fmt.Errorf("write to the audit log %s: %w", l.name, err)
	}
	return l.chain.at, nil
}

// working does something with the file, unless an earlier error stopped the
// log. An entry that cannot be written down stops nothing, for nothing was
// written.
func (l *Log) working(do func() error) error {
	if l.stopped != nil {
		return fmt.Errorf("%w: %w", ErrStopped, l.stopped)
	}
	err := l.locked(do)
	if !errors.Is(err, ErrEntry) {
		l.stopped = err
	}
	return err
}

// locked does something while no other process writes.
func (l *Log) locked(do func() error) error {
	var held durable.Lock
	var err error
	for range patience {
		held, err = l.disk.Lock(filepath.Join(filepath.Dir(l.name), lockName), "")
		if _, other := errors.AsType[*durable.HeldError](err); !other {
			break
		}
		time.Sleep(pause)
	}
	if err != nil {
		return err
	}
	return errors.Join(do(), held.Close())
}

// create makes the file of a log that has none, or that is as empty as if its
// maker had been cut short. A log that lost its file is not begun anew.
func (l *Log) create() error {
	text, err := durable.ReadWhole(l.disk, l.name, largest)
	if err != nil && !errors.Is(err, fs.ErrNotExist) || len(text) > 0 {
		return err
	}
	switch _, kept := head.Read(l.disk, l.heads); {
	case errors.Is(kept, fs.ErrNotExist):
		return durable.WriteWhole(l.disk, l.name, nil)
	case kept != nil:
		return kept
	case err != nil:
		return fmt.Errorf("%w: the file is gone, its head is not", ErrCut)
	}
	return nil
}

// catchUp reads what was written since this process last looked, or everything.
func (l *Log) catchUp(all bool) error {
	kept, err := head.Read(l.disk, l.heads)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := l.disk.Open(l.name, durable.Write)
	if err != nil {
		return err
	}
	size, err := f.Size()
	switch {
	case err != nil:
	case size > largest:
		err = fmt.Errorf("it has %d bytes: put it away and begin a new one", size)
	case size < l.size:
		err = l.chain.cut(l.chain.at.Sequence)
	case all || size > l.size || kept != l.chain.at:
		err = l.read(f, size, kept, all)
	}
	return errors.Join(err, f.Close())
}

// read reads on to the end. It may leave at most one line that the kept head
// does not name: one whose writer was cut short.
func (l *Log) read(f durable.File, size int64, kept head.Head, all bool) error {
	rest := bufio.NewReaderSize(io.NewSectionReader(f, l.size, size-l.size), 64<<10)
	for l.size < size && l.chain.at.Sequence < kept.Sequence {
		text, err := readLine(rest)
		if errors.Is(err, io.EOF) {
			return l.chain.wrong(ErrCut, "it has no end")
		}
		if err != nil {
			return err
		}
		if err := l.take(text); err != nil {
			return err
		}
	}
	if err := errors.Join(l.chain.has(kept), l.chain.meets(kept)); err != nil {
		return err
	}
	if l.size == size {
		if all {
			return l.keep(f)
		}
		return nil
	}
	return l.unnamed(f, rest, size)
}

// unnamed looks at what stands behind the line that the kept head names. One
// whole line is taken: its Append was cut short after it was written. It is
// written again, for whether it is safe is not known. One broken line is
// dropped. More than one line cannot be.
func (l *Log) unnamed(f durable.File, rest *bufio.Reader, size int64) error {
	at := l.size
	text, err := readLine(rest)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if at+int64(len(text)) < size-1 {
		return l.chain.wrong(ErrChanged, "the kept head is older than the log: one of the two is an old copy")
	}
	if err == nil {
		err = l.take(text)
	}
	if err != nil {
		err = f.Truncate(at)
	} else {
		_, err = f.WriteAt(append(text, '\n'), at)
	}
	if err != nil {
		return err
	}
	return l.keep(f)
}

// take takes one line.
func (l *Log) take(text []byte) error {
	line, err := l.chain.add(text)
	if err != nil {
		return err
	}
	l.size += int64(len(text)) + 1
	l.remember(line.Entry)
	return nil
}

func (l *Log) remember(e Entry) {
	if e.Journal.Account != "" {
		l.last[e.Journal.Account] = e.Journal
	}
}

// keep makes safe what the file holds, then its head.
func (l *Log) keep(f durable.File) error {
	if err := f.Sync(); err != nil {
		return err
	}
	if l.chain.at.Sequence == 0 {
		return nil
	}
	return head.Write(l.disk, l.heads, l.chain.at)
}

// write adds a line.
func (l *Log) write(e Entry) error {
	line := Line{Log: l.chain.at.Chain, Sequence: l.chain.at.Sequence + 1, Previous: l.chain.at.Digest, Entry: e}
	if line.Log == "" {
		var name [16]byte
		_, _ = rand.Read(name[:]) // never fails
		line.Log = hex.EncodeToString(name[:])
	}
	text, err := line.encode()
	if err != nil {
		return err
	}
	f, err := l.disk.Open(l.name, durable.Write)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(append(text, '\n'), l.size)
	if err == nil {
		err = l.take(text)
	}
	if err == nil {
		err = l.keep(f)
	}
	return errors.Join(err, f.Close())
}
