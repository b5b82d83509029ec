// Package durabletest is a disk that fails: it fills up, returns errors, loses
// what was not made safe, and stops at any call.
//
// It keeps of each file and directory what a program sees and what is safe. At a
// power failure any part of what is not safe may have come through: writes by
// sectors of 512 bytes, sizes without content, names without files. A failed
// Sync makes a part safe and forgets the rest, as kernels do: the program goes on
// seeing it, and a second Sync has nothing to do.
package durabletest

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/qleaks/qleaks/internal/durable"
)

// ErrStopped is what every call returns from when the machine stopped.
var ErrStopped = errors.New("durabletest: the machine stopped")

// errDead is what a call returns that came later: not even a part of it is done.
var errDead = fmt.Errorf("%w before", ErrStopped)

// Call is a call of a Disk, for whoever decides what becomes of it.
type Call struct {
	// Number counts from 1.
	Number int
	// Op is "open", "create", "read", "write", "size", "truncate", "sync",
	// "close", "rename", "remove", "make", "syncdir", "list", "lock" or "unlock".
	Op string
	// Name is the file or directory.
	Name string
}

// Outcome is what becomes of a call.
type Outcome int

// What can become of a call.
const (
	// Work does what was asked for.
	Work Outcome = iota
	// Stop does all, nothing or a part of it, and stops the machine.
	Stop
	// Lie does nothing of a Sync or SyncDir and says that it did: for tests of
	// tests.
	Lie
)

// Disk is the disk. New makes one.
type Disk struct {
	mu     sync.Mutex
	random *rand.Rand
	top    *node
	locks  map[string]*lock
	calls  int
	// life counts how often the machine was started; handles of an earlier life
	// are dead.
	life    int
	stopped bool

	// Decide is asked at each call; an error is what the call returns, having
	// done a part of it or nothing. Nil lets all work.
	Decide func(Call) (Outcome, error)
}

var _ durable.Disk = (*Disk)(nil)

// New returns an empty disk with the directory "/". Equal seeds fail equally.
func New(seed uint64) *Disk {
	return &Disk{random: rand.New(rand.NewPCG(seed, 0x6469736b)), top: newDirectory(), locks: map[string]*lock{}}
}

// Calls returns how many calls there have been.
func (d *Disk) Calls() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.calls
}

// begin counts a call and asks what becomes of it. A call with an error must
// leave something half done, or nothing.
func (d *Disk) begin(life int, op, name string) (Outcome, error) {
	if d.stopped || life != d.life {
		return Stop, errDead
	}
	d.calls++
	if d.Decide == nil {
		return Work, nil
	}
	outcome, err := d.Decide(Call{Number: d.calls, Op: op, Name: name})
	if outcome == Stop {
		d.stopped = true
		err = ErrStopped
	}
	return outcome, err
}

// perhaps reports whether a call that fails is done nevertheless: an error says
// that something went wrong, not that nothing happened.
func (d *Disk) perhaps(err error) bool {
	return err == nil || !errors.Is(err, errDead) && d.random.IntN(2) == 0
}

func pathError(op, name string, err error) error { return &fs.PathError{Op: op, Path: name, Err: err} }

// find returns the node of a name as the program sees it.
func (d *Disk) find(name string) (*node, error) {
	at := d.top
	for part := range strings.SplitSeq(strings.Trim(filepath.ToSlash(name), "/"), "/") {
		if part == "" {
			continue
		}
		if at.names == nil {
			return nil, fs.ErrNotExist
		}
		if at = at.names[part]; at == nil {
			return nil, fs.ErrNotExist
		}
	}
	return at, nil
}

// directory returns the directory that a name is in.
func (d *Disk) directory(name string) (*node, string, error) {
	dir, err := d.find(filepath.Dir(name))
	if err == nil && dir.names == nil {
		err = errors.New("it is no directory")
	}
	return dir, filepath.Base(name), err
}

// Open implements durable.Files.
func (d *Disk) Open(name string, mode durable.Mode) (durable.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	op := "open"
	if mode == durable.Create {
		op = "create"
	}
	_, failed := d.begin(d.life, op, name)
	dir, base, err := d.directory(name)
	if err != nil {
		return nil, pathError("open", name, err)
	}
	n := dir.names[base]
	switch {
	case mode == durable.Create && n != nil:
		return nil, pathError("open", name, errors.Join(fs.ErrExist, failed))
	case mode == durable.Create:
		if !d.perhaps(failed) {
			return nil, pathError("open", name, failed)
		}
		n = &node{}
		dir.put(base, n)
	case failed != nil:
		return nil, pathError("open", name, failed)
	case n == nil:
		return nil, pathError("open", name, fs.ErrNotExist)
	case n.names != nil:
		return nil, pathError("open", name, durable.ErrNotRegular)
	}
	if failed != nil {
		return nil, pathError("open", name, failed)
	}
	return &handle{disk: d, node: n, name: name, life: d.life, readOnly: mode == durable.Read}, nil
}

// Rename implements durable.Files.
func (d *Disk) Rename(from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, failed := d.begin(d.life, "rename", from)
	dir, base, err := d.directory(from)
	if err != nil {
		return pathError("rename", from, err)
	}
	if filepath.Dir(from) != filepath.Dir(to) {
		return pathError("rename", from, errors.New("into another directory"))
	}
	if dir.names[base] == nil {
		return pathError("rename", from, fs.ErrNotExist)
	}
	if d.perhaps(failed) {
		dir.rename(base, filepath.Base(to))
	}
	return failed
}

// Remove implements durable.Files.
func (d *Disk) Remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, failed := d.begin(d.life, "remove", name)
	dir, base, err := d.directory(name)
	if err != nil {
		return pathError("remove", name, err)
	}
	if dir.names[base] == nil {
		return pathError("remove", name, fs.ErrNotExist)
	}
	if d.perhaps(failed) {
		dir.put(base, nil)
	}
	return failed
}

// MakeDir implements durable.Directories.
func (d *Disk) MakeDir(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, failed := d.begin(d.life, "make", name)
	dir, base, err := d.directory(name)
	if err != nil {
		return pathError("mkdir", name, err)
	}
	if dir.names[base] != nil {
		return pathError("mkdir", name, errors.Join(fs.ErrExist, failed))
	}
	if d.perhaps(failed) {
		dir.put(base, newDirectory())
	}
	return failed
}

// SyncDir implements durable.Directories.
func (d *Disk) SyncDir(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	outcome, failed := d.begin(d.life, "syncdir", name)
	n, err := d.find(name)
	if err != nil {
		return pathError("sync", name, err)
	}
	if n.names == nil {
		return pathError("sync", name, errors.New("it is no directory"))
	}
	switch {
	case outcome == Lie || errors.Is(failed, errDead):
	case failed != nil:
		n.come(d.random)
	default:
		n.settle()
	}
	return failed
}

// List implements durable.Directories.
func (d *Disk) List(name string) ([]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, failed := d.begin(d.life, "list", name); failed != nil {
		return nil, pathError("list", name, failed)
	}
	n, err := d.find(name)
	if err != nil {
		return nil, pathError("list", name, err)
	}
	if n.names == nil {
		return nil, pathError("list", name, errors.New("it is no directory"))
	}
	return slices.Sorted(maps.Keys(n.names)), nil
}
