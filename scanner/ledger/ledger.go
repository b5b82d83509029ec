// Package ledger keeps, outside of a repository, what a scan learned of it, so
// that the next one reads only what is new.
//
// Of each repository there are up to three files: *objects* says of every object
// whether it was read and what it counts for in a report; the *graph* is the
// history without its contents; the *answer* says what the report of one exact
// state of the repository was made of, and what was new since the other two were
// written. None holds material: of a key there is the object it is in, the place
// in it and the rule, and whoever wants the key reads the object again.
//
// What a ledger says is believed: who can write it can hide a key. So it lies
// in a directory that only its owner can write, never in what is scanned, and
// each file says for which repository and which rules it was made, with a
// checksum. A file that is broken or of something else is set aside, told, and
// made anew.
package ledger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/qleaks/qleaks/internal/filelock"
)

// Ledger is a directory with the files of any number of repositories. It is
// safe for use by several processes at once.
type Ledger struct {
	// Dir is the directory, absolute. It is made when something is written.
	Dir string
	// Build names the program: what one build remembers, no other believes.
	Build string
	// Remark is told, for people, what is wrong with a ledger; optional.
	Remark func(text string)
}

// Scope says what a file is made for. Files of another scope are foreign.
type Scope struct {
	// Repository names the repository on this machine.
	Repository string
	// Conditions names everything else that what is remembered depends on.
	Conditions string
}

// The files of a repository, by the ending of their names.
const (
	objectsFile = ".objects"
	graphFile   = ".graph"
	answerFile  = ".answer"
)

// errOthers says that a directory is not its owner's alone.
var errOthers = errors.New("others can write the directory")

// Objects returns what is known of the objects, empty if nothing is.
func (l *Ledger) Objects(scope Scope) Objects {
	var o Objects
	l.read(scope, objectsFile, o.decode)
	return o
}

// Answer returns what the last report was made of, false if nothing is known.
func (l *Ledger) Answer(scope Scope) (Answer, bool) {
	var a Answer
	ok := l.read(scope, answerFile, a.decode)
	return a, ok
}

// Graph returns the history, false if none is known.
func (l *Ledger) Graph(scope Scope) (Graph, bool) {
	var g Graph
	ok := l.read(scope, graphFile, g.decode)
	return g, ok
}

// KeepGraph replaces what is known of the history.
func (l *Ledger) KeepGraph(scope Scope, g Graph) { l.write(scope, graphFile, g.encode()) }

// KeepObjects replaces what is known of the objects.
func (l *Ledger) KeepObjects(scope Scope, o Objects) { l.write(scope, objectsFile, o.encode()) }

// KeepAnswer replaces what the last report was made of.
func (l *Ledger) KeepAnswer(scope Scope, a Answer) { l.write(scope, answerFile, a.encode()) }

// read decodes a file. Of one that is not there nothing is told.
func (l *Ledger) read(scope Scope, kind string, decode func(*decoder)) bool {
	path := l.path(scope, kind)
	data, err := l.load(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false
	}
	var payload []byte
	if err == nil {
		payload, err = unseal(data, scope, kind)
	}
	if err == nil {
		d := &decoder{rest: payload}
		if decode(d); d.broken || len(d.rest) > 0 {
			err = errBroken
		}
	}
	switch {
	case err == nil:
		return true
	case errors.Is(err, errBroken) || errors.Is(err, errForeign):
		l.setAside(path, err)
	default:
		l.remark("the ledger is not used: %v", err)
	}
	return false
}

// load reads a file of a directory that is its owner's alone.
func (l *Ledger) load(path string) ([]byte, error) {
	info, err := os.Stat(l.Dir)
	if err != nil {
		return nil, err
	}
	if writableByOthers(info) {
		return nil, errOthers
	}
	if info, err = os.Lstat(path); err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	return os.ReadFile(path)
}

func writableByOthers(info fs.FileInfo) bool {
	// Windows has no such bits, and a user's directories are the user's there.
	return runtime.GOOS != "windows" && info.Mode().Perm()&0o022 != 0
}

// setAside takes a file out of the way, for whoever wants to look at it. There
// is one of each name: a second one replaces the first.
func (l *Ledger) setAside(path string, why error) {
	unlock, err := lock(l.Dir)
	if err != nil {
		return // another run writes, and sees the same
	}
	defer unlock()
	aside := path + ".aside"
	if err := os.Rename(path, aside); err != nil {
		l.remark("the ledger is not used: it is %v and cannot be set aside", why)
		return
	}
	l.remark("the ledger was set aside as %s and is made anew: it is %v", aside, why)
}

// write replaces a file in one step. What cannot be written is told, and costs
// no more than the time of the next scan.
func (l *Ledger) write(scope Scope, kind string, payload [][]byte) {
	err := l.replace(l.path(scope, kind), seal(payload, scope, kind))
	switch {
	case errors.Is(err, filelock.ErrHeld):
		l.remark("the ledger was not written: another run is writing it")
	case err != nil:
		l.remark("the ledger was not written: %v", err)
	}
}

func (l *Ledger) replace(path string, parts [][]byte) error {
	if err := os.MkdirAll(l.Dir, 0o700); err != nil {
		return err
	}
	info, err := os.Stat(l.Dir)
	if err != nil {
		return err
	}
	if writableByOthers(info) {
		return errOthers
	}
	unlock, err := lock(l.Dir)
	if err != nil {
		return err
	}
	defer unlock()
	// Only its owner may read it. Nothing waits for the disk: what a loss of power
	// leaves half written has another checksum.
	f, err := os.CreateTemp(l.Dir, "new-*")
	if err != nil {
		return err
	}
	for _, part := range parts {
		if err == nil {
			_, err = f.Write(part)
		}
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// path names a repository's file, so that the names tell nothing of it.
func (l *Ledger) path(scope Scope, kind string) string {
	return filepath.Join(l.Dir, fmt.Sprintf("%x%s", scope.repository(), kind))
}

func (l *Ledger) remark(format string, args ...any) {
	if l.Remark != nil {
		l.Remark(fmt.Sprintf(format, args...))
	}
}
