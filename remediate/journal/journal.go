// Package journal remembers what remediation is about to do and what it did, so
// that a run that was cut short anywhere can be resumed without losing a value,
// and without doing anything twice.
//
// An account of a provider has one journal, and one run at a time has it open.
// A rotation is what is done about one key: it begins, each of its steps is
// intended before it is done and answered after, and it ends. A record is safe
// when the call that writes it returns; only then may be done what it intends.
// Each record holds the digest of the one before, and the head of the chain is
// kept in another directory and told to the audit log.
//
// The value of a new key lies in a sealed file of its own, encrypted to the
// operator and to a second identity that is kept offline, before anything else
// happens to it.
//
// After an error of the disk a journal stops: what the disk holds is not known
// any more. The next Open finds out.
package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"sync"

	"github.com/qleaks/qleaks/internal/durable"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/head"
)

// Journal is an open journal. Open makes one; Close gives its account free.
type Journal struct {
	mu      sync.Mutex
	place   Place
	account Account
	lock    durable.Lock
	before  Holder
	file    durable.File
	size    int64
	head    head.Head
	book    *book
	stopped error
	// known are the values that passed through: no record may hold one.
	known []secret.Value
}

// Open opens the journal of an account, or makes one, and keeps every other
// process from it until Close. It verifies all of it, cuts off what a writer
// left unfinished, tells the audit log what that lacks, and finishes what was
// being erased. An error means that nothing may be done with the account's keys
// before a person looked: a *HeldError, a *DamageError, ErrOldCopy.
func Open(p Place, a Account) (*Journal, error) {
	p = p.withDefaults()
	if err := p.prepare(a); err != nil {
		return nil, fmt.Errorf("open the journal of %s: %w", a, err)
	}
	lock, before, err := p.lock(a)
	if err != nil {
		return nil, fmt.Errorf("open the journal of %s: %w", a, err)
	}
	j := &Journal{place: p, account: a, lock: lock, before: before, book: newBook()}
	if err := j.load(); err != nil {
		return nil, fmt.Errorf("open the journal of %s: %w", a, errors.Join(err, j.Close()))
	}
	return j, nil
}

func (j *Journal) load() error {
	kept, err := j.create()
	if err != nil {
		return err
	}
	if j.file, err = j.place.Disk.Open(j.place.file(j.account), durable.Write); err != nil {
		return gone(err)
	}
	data, err := content(j.file)
	if err != nil {
		return err
	}
	read, err := scan(data, j.account, kept, false, j.book.take)
	if err != nil {
		return err
	}
	if err := j.agree(data, kept); err != nil {
		return err
	}
	if err := j.mend(data, read); err != nil {
		return err
	}
	if !j.book.started {
		if err := j.start(""); err != nil {
			return err
		}
	}
	if err := j.tell(); err != nil {
		return err
	}
	return j.tidy()
}

// create makes a journal where there is none, or one as empty as if its maker
// had been cut short. It returns the kept head.
func (j *Journal) create() (head.Head, error) {
	file, at := j.place.file(j.account), j.place.head(j.account)
	kept, err := head.Read(j.place.Disk, at)
	if !errors.Is(err, fs.ErrNotExist) {
		return kept, err
	}
	switch data, err := durable.ReadWhole(j.place.Disk, file, maxFile); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return kept, err
	case len(data) != fileHeader:
		return kept, fmt.Errorf("%w: its head is missing at %s", ErrOldCopy, at)
	default:
		if err := checkHeader(data, j.account); err != nil {
			return kept, err
		}
	}
	if told, err := j.told(); err != nil {
		return kept, err
	} else if told.Account != "" {
		return kept, fmt.Errorf("%w: the audit log tells of record %d, and there is no journal", ErrOldCopy, told.Sequence)
	}
	h := newHeader(j.account)
	if err := durable.WriteWhole(j.place.Disk, file, h); err != nil {
		return kept, err
	}
	kept = headOfHeader(h)
	return kept, head.Write(j.place.Disk, at, kept)
}

// gone says of a journal that is not there that its head is.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: the journal is gone and its head is not: %w", ErrOldCopy, err)
	}
	return err
}

// start writes the first record, which says whose journal it is.
func (j *Journal) start(reason string) error {
	of, err := facts(j.account)
	if err == nil {
		_, err = j.append(Record{Kind: Started, Answer: Answer{Reason: reason}, Facts: of})
	}
	return err
}

// content reads all of a file.
func content(f durable.File) ([]byte, error) {
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	if size > maxFile {
		return nil, fmt.Errorf("%w: %d bytes", ErrFull, size)
	}
	data := make([]byte, size)
	for at := 0; at < len(data); {
		n, err := f.ReadAt(data[at:], int64(at))
		if at += n; at < len(data) && err != nil {
			return nil, err
		}
	}
	return data, nil
}

// mend leaves the file as if nobody had been cut short. Whether the last record
// is safe is not known if the kept head does not name it, even if it can be
// read: it is written again.
func (j *Journal) mend(data []byte, read scanned) error {
	j.size, j.head = read.size, read.head
	if read.torn {
		if err := j.file.Truncate(read.size); err != nil {
			return err
		}
	}
	if from := read.size - read.unnamed; read.unnamed > 0 {
		if _, err := j.file.WriteAt(data[from:read.size], from); err != nil {
			return err
		}
	}
	if err := j.file.Sync(); err != nil {
		return err
	}
	return head.Write(j.place.Disk, j.place.head(j.account), j.head)
}

// Close gives the account free. Rotations stay open.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.lock == nil {
		return nil
	}
	var err error
	if j.file != nil {
		err = j.file.Close()
	}
	err = errors.Join(err, j.lock.Close())
	j.lock, j.known = nil, nil
	if j.stopped == nil {
		j.stopped = errors.New("it is closed")
	}
	return err
}

// Account returns whose keys the journal is about.
func (j *Journal) Account() Account { return j.account }

// Head returns the head of the journal, for whoever keeps it elsewhere.
func (j *Journal) Head() head.Head {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.head
}

// Interrupted returns the process that had the journal open before and did not
// close it: it died.
func (j *Journal) Interrupted() (Holder, bool) { return j.before, j.before.Process != 0 }

// Rotations returns all rotations, in the order in which they began.
func (j *Journal) Rotations() []Rotation {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.book.rotations(func(*Rotation) bool { return true })
}

// OpenRotations returns the rotations that have not ended.
func (j *Journal) OpenRotations() []Rotation {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.book.rotations(func(r *Rotation) bool { return r.Open() })
}

// Rotation returns one rotation.
func (j *Journal) Rotation(id ID) (Rotation, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	r := j.book.byID[id]
	if r == nil {
		return Rotation{}, false
	}
	return r.clone(), true
}

// OpenFor returns the open rotation of a logical key.
func (j *Journal) OpenFor(logical string) (Rotation, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	r := j.book.open[logical]
	if r == nil {
		return Rotation{}, false
	}
	return r.clone(), true
}

// Replay reads the records again from the disk, from a sequence number on. An
// error is the last element.
func (j *Journal) Replay(from uint64) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		j.mu.Lock()
		file, size, end, account := j.file, j.size, j.head, j.account
		j.mu.Unlock()
		data := make([]byte, size)
		if n, err := file.ReadAt(data, 0); int64(n) < size {
			yield(Record{}, err)
			return
		}
		var all []Record
		_, err := scan(data, account, end, false, func(r Record) error {
			if r.Sequence >= from {
				all = append(all, r)
			}
			return nil
		})
		for _, r := range all {
			if !yield(r, nil) {
				return
			}
		}
		if err != nil {
			yield(Record{}, err)
		}
	}
}

func (b *book) rotations(which func(*Rotation) bool) []Rotation {
	all := []Rotation{}
	for _, r := range b.all {
		if which(r) {
			all = append(all, r.clone())
		}
	}
	return all
}

// facts writes down what a caller wants to find again.
func facts(of any) (json.RawMessage, error) {
	if of == nil {
		return nil, nil
	}
	return json.Marshal(of)
}
