package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/internal/durable"
	"github.com/qleaks/qleaks/remediate/head"
)

// View is what a journal told when it was looked at.
type View struct {
	Account   Account
	Head      head.Head
	Rotations []Rotation
	Records   []Record
	// Unfinished says that a record was being written, now or by a process that
	// was cut short.
	Unfinished bool
	// Unrecorded are sealed files, by name, that no record tells of; Missing are
	// values that are still needed and have no file.
	Unrecorded []string
	Missing    []SealedFile
}

// Look reads the journal of an account without its lock and without changing
// anything, also while a run has it open. An account without a journal has an
// empty View. It does not ask the audit log.
func Look(p Place, a Account) (View, error) {
	p = p.withDefaults()
	v, err := p.look(a)
	if err != nil {
		return View{}, fmt.Errorf("read the journal of %s: %w", a, err)
	}
	return v, nil
}

func (p Place) look(a Account) (View, error) {
	v := View{Account: a}
	if err := errors.Join(p.Validate(), a.Validate()); err != nil {
		return v, err
	}
	// The head first: the journal is never older than a head that was read before.
	kept, noHead := head.Read(p.Disk, p.head(a))
	data, err := durable.ReadWhole(p.Disk, p.file(a), maxFile)
	switch {
	case errors.Is(err, fs.ErrNotExist) && errors.Is(noHead, fs.ErrNotExist):
		return v, nil
	case errors.Is(noHead, fs.ErrNotExist) && err == nil && len(data) == fileHeader:
		return v, checkHeader(data, a)
	case err != nil:
		return v, gone(err)
	case noHead != nil:
		return v, fmt.Errorf("%w: %w", ErrOldCopy, noHead)
	}
	b := newBook()
	read, err := scan(data, a, kept, true, func(r Record) error {
		v.Records = append(v.Records, r)
		return b.take(r)
	})
	if err != nil {
		return v, err
	}
	v.Head, v.Unfinished = read.head, read.torn || read.unnamed > 0
	v.Rotations = b.rotations(func(*Rotation) bool { return true })
	err = p.files(&v)
	return v, err
}

// files holds the sealed files to the records.
func (p Place) files(v *View) error {
	names, err := p.Disk.List(p.sealed(v.Account))
	if err != nil {
		return err
	}
	told := map[string]bool{}
	for _, r := range v.Rotations {
		for _, s := range r.Values {
			told[s.fileName()] = true
			if !r.Released[s.Number] && !slices.Contains(names, s.fileName()) {
				v.Missing = append(v.Missing, s)
			}
		}
	}
	for _, name := range names {
		if !told[name] && !durable.Unfinished(name) {
			v.Unrecorded = append(v.Unrecorded, name)
		}
	}
	return nil
}

// Accounts returns the accounts that have a journal. With an error it returns those
// that can be read: of the others it is not known whose they are.
func Accounts(p Place) ([]Account, error) {
	p = p.withDefaults()
	names, err := p.Disk.List(p.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list the journals: %w", err)
	}
	var all []Account
	var failed error
	for _, name := range names {
		// The head first, as Look does. Other files have none, and a journal that was
		// never begun has none of a record.
		kept, noHead := head.Read(p.Disk, filepath.Join(p.Heads, name))
		headless := errors.Is(noHead, fs.ErrNotExist)
		data, err := durable.ReadWhole(p.Disk, filepath.Join(p.Dir, name, journalName), maxFile)
		if err != nil || len(data) <= fileHeader {
			if !headless && (noHead != nil || kept.Sequence > 0) {
				failed = errors.Join(failed, fmt.Errorf("list the journals: %s: %w", name, ErrOldCopy))
			}
			continue
		}
		var a Account
		r, _, err := decode(data[fileHeader:], headOfHeader(data[:fileHeader]))
		if err != nil && noHead == nil && kept.Sequence == 0 {
			continue // its first record is being written, or was cut short
		}
		if err != nil || json.Unmarshal(r.Facts, &a) != nil || a.folder() != name {
			failed = errors.Join(failed, fmt.Errorf("list the journals: %s: %w", name, damaged(1, "it does not say whose journal it is")))
			continue
		}
		all = append(all, a)
	}
	return all, failed
}

// SetAside puts a journal that cannot be opened, or should not be gone on with,
// out of the way, and begins a new one for the account. The old file, its head
// and the sealed files stay; what was open in it a person has to settle. It
// returns the name of the old file.
func SetAside(p Place, a Account, reason string) (string, error) {
	p = p.withDefaults()
	name, err := p.setAside(a, reason)
	if err != nil {
		return "", fmt.Errorf("set the journal of %s aside: %w", a, err)
	}
	return name, nil
}

func (p Place) setAside(a Account, reason string) (string, error) {
	if err := p.prepare(a); err != nil {
		return "", err
	}
	lock, _, err := p.lock(a)
	if err != nil {
		return "", err
	}
	j := &Journal{place: p, account: a, lock: lock, book: newBook()}
	end := asideMark + strings.NewReplacer(":", "", "-", "").Replace(p.Now().UTC().Format("2006-01-02T15:04:05.000"))
	for _, name := range []string{p.file(a), p.head(a)} {
		err := p.Disk.Rename(name, name+end)
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			err = p.Disk.SyncDir(filepath.Dir(name))
		}
		if err != nil {
			return "", errors.Join(err, j.Close())
		}
	}
	return p.file(a) + end, errors.Join(j.anew(reason), j.Close())
}

// anew begins a journal in the place of one that the audit log knows.
func (j *Journal) anew(reason string) error {
	h := newHeader(j.account)
	if err := durable.WriteWhole(j.place.Disk, j.place.file(j.account), h); err != nil {
		return err
	}
	kept := headOfHeader(h)
	if err := head.Write(j.place.Disk, j.place.head(j.account), kept); err != nil {
		return err
	}
	j.head = kept
	if err := j.audit(Record{Kind: Started, Time: j.place.Now().UTC(), Actor: j.place.Actor, Digest: kept.Digest}); err != nil {
		return err
	}
	var err error
	if j.file, err = j.place.Disk.Open(j.place.file(j.account), durable.Write); err != nil {
		return err
	}
	j.size = fileHeader
	return j.start(reason)
}
