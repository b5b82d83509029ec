package inventory

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"

	"github.com/qleaks/qleaks/internal/key"
)

// Store is a directory with the lists of any number of accounts, and with the
// register of values whose keys are known. It is safe for use by several
// processes at once. The zero Store holds nothing and keeps nothing.
type Store struct {
	// Dir is the directory, absolute. It is made when something is written.
	Dir string
	// Remark is told, for people, what is wrong in the store; optional.
	Remark func(text string)
}

const (
	listsDir  = "lists"
	listEnd   = ".json"
	asideEnd  = ".aside"
	timeOfDay = "20060102T150405.000000000Z"
	// maxFile is the largest file that is read, in bytes: a hundred thousand
	// keys.
	maxFile = 128 << 20
)

// ErrOthers says that a store could have been written by somebody else.
var ErrOthers = errors.New("others can write the directory")

// Keep adds a snapshot. Of old ones, one a day is kept.
func (s *Store) Keep(list Snapshot) error {
	if err := list.Validate(); err != nil {
		return fmt.Errorf("keep a list of keys: %w", err)
	}
	list.Keys = slices.Clone(list.Keys)
	Sort(list.Keys)
	data, err := seal(listFormat, list)
	if err != nil {
		return fmt.Errorf("keep a list of keys: %w", err)
	}
	dir := filepath.Join(s.Dir, listsDir, list.Account.Name)
	err = s.locked(func() error {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
		if err := writeWhole(filepath.Join(dir, fileName(list, data)), data); err != nil {
			return err
		}
		return s.thin(dir, list.Taken)
	})
	if err != nil {
		return fmt.Errorf("keep a list of keys: %w", err)
	}
	return nil
}

// fileName sorts by the time when a list was true, then by when it was taken.
// At its end it says how much the list tells, so that a list that a newer one
// replaces need not be read.
func fileName(list Snapshot, data []byte) string {
	code := "p"
	if list.Whole {
		code = "w"
	}
	code += traitCode(list.Extent.Everybody) + traitCode(list.Extent.Services)
	return strings.Join([]string{list.AsOf.UTC().Format(timeOfDay), list.Taken.UTC().Format(timeOfDay), sum(data)[:8], code}, "-") + listEnd
}

func traitCode(t key.Trait) string {
	switch t {
	case key.Yes:
		return "y"
	case key.No:
		return "n"
	case key.Untold:
	}
	return "u"
}

// extentOf is the extent that a file name tells.
func extentOf(name string) (e Extent, ok bool) {
	code := strings.TrimSuffix(name, listEnd)
	if len(code) < 3 {
		return e, false
	}
	traits := map[byte]key.Trait{'y': key.Yes, 'n': key.No, 'u': key.Untold}
	everybody, first := traits[code[len(code)-2]]
	services, second := traits[code[len(code)-1]]
	return Extent{Everybody: everybody, Services: services}, first && second
}

// Accounts names the accounts of which there are lists.
func (s *Store) Accounts() ([]string, error) {
	if s.Dir == "" {
		return nil, nil
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("read lists of keys: %w", err)
	}
	entries, err := os.ReadDir(filepath.Join(s.Dir, listsDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read lists of keys: %w", err)
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() && CheckName(e.Name()) == nil {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// Snapshots returns all lists of an account, the newest first. Files that are
// broken, or are no lists of that account, are set aside and told.
func (s *Store) Snapshots(account string) ([]Snapshot, error) {
	return s.some(account, func(string, []Snapshot) verdict { return take })
}

// Latest returns the newest lists of an account, at most so many.
func (s *Store) Latest(account string, most int) ([]Snapshot, error) {
	return s.some(account, func(_ string, taken []Snapshot) verdict {
		if len(taken) == most {
			return enough
		}
		return take
	})
}

// counting returns the lists of an account that no newer one replaces.
func (s *Store) counting(account string) ([]Snapshot, error) {
	return s.some(account, func(name string, taken []Snapshot) verdict {
		e, ok := extentOf(name)
		if ok && slices.ContainsFunc(taken, func(l Snapshot) bool { return l.Whole && l.Extent.includes(e) }) {
			return leave
		}
		return take
	})
}

// verdict says what to do with a file, by its name.
type verdict int

const (
	take verdict = iota
	leave
	enough
)

// some reads lists of an account, the newest first.
func (s *Store) some(account string, judge func(name string, taken []Snapshot) verdict) ([]Snapshot, error) {
	if s.Dir == "" || CheckName(account) != nil {
		return nil, nil
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("read lists of keys: %w", err)
	}
	dir := filepath.Join(s.Dir, listsDir, account)
	names, err := listNames(dir)
	if err != nil {
		return nil, fmt.Errorf("read lists of keys: %w", err)
	}
	var all []Snapshot
	for _, name := range slices.Backward(names) {
		switch judge(name, all) {
		case enough:
			return all, nil
		case leave:
			continue
		case take:
		}
		list, err := s.read(filepath.Join(dir, name), account)
		if err != nil {
			return nil, fmt.Errorf("read lists of keys: %w", err)
		}
		if list != nil {
			all = append(all, *list)
		}
	}
	return all, nil
}

// listNames are the files of an account, oldest first.
func listNames(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), listEnd) {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// read reads one list; nil means that the file is set aside, or gone.
func (s *Store) read(file, account string) (*Snapshot, error) {
	data, err := readPlain(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list Snapshot
	err = unseal(data, listFormat, &list)
	if err == nil {
		err = list.Validate()
	}
	if err == nil && list.Account.Name != account {
		err = errors.New("a list of another account")
	}
	switch {
	case err == nil:
		return &list, nil
	case errors.Is(err, errNewer):
		return nil, fmt.Errorf("%s: %w", filepath.Base(file), err)
	}
	return nil, s.setAside(file, err)
}

// setAside takes a file out of the way, for whoever wants to look at it.
func (s *Store) setAside(file string, why error) error {
	if err := os.Rename(file, file+asideEnd); err != nil {
		return err
	}
	s.remark(fmt.Sprintf("%s was set aside as %s: %v", file, filepath.Base(file)+asideEnd, why))
	return nil
}

func (s *Store) remark(text string) {
	if s.Remark != nil {
		s.Remark(text)
	}
}

// Load puts the lists of all accounts together.
func (s *Store) Load() (Inventory, error) {
	names, err := s.Accounts()
	if err != nil {
		return Inventory{}, err
	}
	var all []Snapshot
	for _, name := range names {
		lists, err := s.counting(name)
		if err != nil {
			return Inventory{}, err
		}
		all = append(all, lists...)
	}
	known, err := s.Registered()
	if err != nil {
		return Inventory{}, err
	}
	return Merge(all, known), nil
}

// check refuses a directory that is not its owner's alone.
func (s *Store) check() error {
	info, err := os.Stat(s.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	// Windows has no such bits, and a user's directories are the user's there.
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("%s: %w", s.Dir, ErrOthers)
	}
	return nil
}

// locked does something to the store while no other process does.
func (s *Store) locked(do func() error) error {
	if s.Dir == "" {
		return errors.New("there is no directory to keep it in")
	}
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return err
	}
	if err := s.check(); err != nil {
		return err
	}
	unlock, err := lockedfile.MutexAt(filepath.Join(s.Dir, "lock")).Lock()
	if err != nil {
		return err
	}
	defer unlock()
	return do()
}

const (
	// keptAlways is how many of the newest lists are kept, whatever their age.
	keptAlways = 20
	// keptFor is how long the last list of a day is kept.
	keptFor = 400 * 24 * time.Hour
)

// thin removes lists that nobody will miss: of those that are not among the
// newest, all but the last of each day, and the very old. What cannot be
// removed stays.
func (s *Store) thin(dir string, now time.Time) error {
	names, err := listNames(dir)
	if err != nil {
		return err
	}
	old := names[:max(0, len(names)-keptAlways)]
	oldest := now.Add(-keptFor).UTC().Format(timeOfDay)
	for i, name := range old {
		sameDay := i+1 < len(names) && len(name) > 8 && strings.HasPrefix(names[i+1], name[:8])
		if !sameDay && name >= oldest {
			continue
		}
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			s.remark(fmt.Sprintf("an old list of keys could not be removed: %v", err))
		}
	}
	return nil
}
