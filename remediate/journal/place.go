package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/durable"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/auditlog"
)

// Place says where the journals of all accounts are, and who works with them.
type Place struct {
	// Dir holds the journals and the sealed files, Heads the head of each journal.
	// Both are absolute, neither is in the other, and neither is in a repository.
	// They are made for their owner alone.
	Dir, Heads string
	// Disk is the file system; nil is the machine's.
	Disk durable.Disk
	// Audit is told every record; without it, a journal that was replaced by an
	// old copy together with its head is taken for the newest one.
	Audit *auditlog.Log
	// Sealer seals values; without it there can be none.
	Sealer *Sealer
	// Actor is who runs the program, for the records.
	Actor string
	// Now is the clock, for the records; nil is the machine's.
	Now func() time.Time
	// Fingerprints makes the fingerprints of sealed values.
	Fingerprints secret.Fingerprinter
}

// Names of files and directories.
const (
	journalName = "journal"
	lockName    = "lock"
	sealedDir   = "sealed"
	sealedEnd   = ".age"
	asideMark   = ".aside-"
)

func (p Place) withDefaults() Place {
	if p.Disk == nil {
		p.Disk = durable.OS{}
	}
	if p.Now == nil {
		p.Now = time.Now
	}
	return p
}

// Validate says what is wrong with a place.
func (p Place) Validate() error {
	switch {
	case !filepath.IsAbs(p.Dir) || !filepath.IsAbs(p.Heads):
		return errors.New("a journal needs an absolute Dir and absolute Heads")
	case inside(p.Dir, p.Heads) || inside(p.Heads, p.Dir):
		return errors.New("the Heads of journals must lie outside of their Dir, and Dir outside of Heads: who plays back an old copy of the one must not play back the other with it")
	}
	return nil
}

// inside reports whether a path is another, or below it.
func inside(path, above string) bool {
	relative, err := filepath.Rel(above, path)
	return err == nil && relative != ".." && !strings.HasPrefix(relative, ".."+string(filepath.Separator))
}

func (p Place) account(a Account) string { return filepath.Join(p.Dir, a.folder()) }
func (p Place) file(a Account) string    { return filepath.Join(p.account(a), journalName) }
func (p Place) head(a Account) string    { return filepath.Join(p.Heads, a.folder()) }
func (p Place) sealed(a Account) string  { return filepath.Join(p.account(a), sealedDir) }

// prepare makes the directories of an account.
func (p Place) prepare(a Account) error {
	if err := errors.Join(p.Validate(), a.Validate()); err != nil {
		return err
	}
	for _, dir := range []string{p.Dir, p.Heads} {
		if err := p.outsideRepositories(dir); err != nil {
			return err
		}
	}
	for _, dir := range []string{p.sealed(a), p.Heads} {
		if err := durable.MakeDirs(p.Disk, dir); err != nil {
			return err
		}
	}
	private, ok := p.Disk.(interface{ Private(dir string) error })
	if !ok {
		return nil
	}
	for _, dir := range []string{p.Dir, p.account(a), p.sealed(a), p.Heads} {
		if err := private.Private(dir); err != nil {
			return err
		}
	}
	return nil
}

// outsideRepositories returns ErrInRepository for a directory in the working
// tree of a repository.
func (p Place) outsideRepositories(dir string) error {
	for ; ; dir = filepath.Dir(dir) {
		git := filepath.Join(dir, ".git")
		f, err := p.Disk.Open(git, durable.Read)
		if err == nil {
			err = f.Close()
		}
		if err == nil || errors.Is(err, durable.ErrNotRegular) {
			return fmt.Errorf("%w: %s", ErrInRepository, git)
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
	}
}

// lock takes the lock of an account, and returns what a holder left there that
// did not give it back.
func (p Place) lock(a Account) (durable.Lock, Holder, error) {
	me := Holder{Process: os.Getpid(), Boot: durable.Boot(), Since: p.Now().UTC(), Actor: p.Actor}
	me.Host, _ = os.Hostname() // for people: without it they see the process
	note, err := json.Marshal(me)
	if err != nil {
		return nil, Holder{}, err
	}
	held, err := p.Disk.Lock(filepath.Join(p.account(a), lockName), string(note))
	if other, ok := errors.AsType[*durable.HeldError](err); ok {
		return nil, Holder{}, &HeldError{readHolder(other.Note)}
	}
	if err != nil {
		return nil, Holder{}, err
	}
	return held, readHolder(held.Before()), nil
}

// readHolder reads a note; what is no note tells of nobody.
func readHolder(note string) Holder {
	var h Holder
	if json.Unmarshal([]byte(note), &h) != nil {
		return Holder{}
	}
	return h
}
