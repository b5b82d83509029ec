// Package file holds the stores that are files of a person: .env, shell
// profiles, and the files in which Qiskit, qBraid and PennyLane look for keys.
//
// A file is replaced in one step, by one writer at a time, and keeps every byte
// but those of the value. It can be read by its owner only afterwards.
package file

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/qleaks/qleaks/internal/expression"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/store"
)

// place is where in a file a value stands.
type place struct {
	// start and end are offsets of what is replaced.
	start, end int
	value      secret.Value
	// owner is what the value belongs to, where a file has several.
	owner string
}

// format knows where values stand in a kind of files.
type format interface {
	// read finds the places of the value, in their order.
	read(text []byte) ([]place, error)
	// add returns the text with the value in it, where it has no place of it yet.
	add(text []byte, value string) ([]byte, error)
}

// selective formats have places of several values, and say which are meant.
type selective interface {
	// selects reports whether a place is meant; among are all of them.
	selects(p place, among []place) bool
}

// Errors of files.
var (
	// ErrCommitted says that the file would be committed.
	ErrCommitted = errors.New("it lies in a Git repository that does not ignore it: what is written there is committed sooner or later")
	// ErrIndirect says that the file fetches the value from elsewhere.
	ErrIndirect = errors.New("it does not hold the value, but fetches it from elsewhere: declare that as the store")
	// ErrForm says that the file is not in the form that it should have.
	ErrForm = errors.New("it is not in the form that is expected here, so that nothing was changed")
	// ErrSeveral says that a file holds several values, and none is the old one.
	ErrSeveral = errors.New("it holds several keys, and none of them is known to be the one that is replaced")
	// ErrNotRegular says that it is no file.
	ErrNotRegular = errors.New("it is no regular file")
	errTooLarge   = errors.New("it is larger than any such file")
	errReread     = errors.New("it could not be read back in the form that is expected, so that nothing was changed")
)

// largest is more than such a file has, in bytes.
const largest = 4 << 20

// safe are the characters that mean themselves in all of these formats, without
// quotes and within; all keys are made of them.
var safe = expression.Lazy(`^[A-Za-z0-9_.+/=:@,-]+$`)

// file is one value in a file.
type file struct {
	use    store.Use
	path   string
	format format
	// step is asked before each step of a replacement; of tests.
	step func(name string) error
}

func open(u store.Use, path string, f format) *file {
	if rest, ok := strings.CutPrefix(path, "~/"); ok && u.Home != "" {
		path = filepath.Join(u.Home, filepath.FromSlash(rest))
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(u.Dir, filepath.FromSlash(path))
	}
	return &file{use: u, path: path, format: f, step: func(string) error { return nil }}
}

// content is a file as it is now.
type content struct {
	// real is the path behind all links.
	real   string
	exists bool
	info   fs.FileInfo
	text   []byte
	places []place
}

// load reads the file.
func (f *file) load() (content, error) {
	var c content
	var err error
	if c.real, err = realPath(f.path); err != nil {
		return c, err
	}
	info, err := os.Stat(c.real)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Stat(filepath.Dir(c.real)); err != nil {
			return c, reason(err)
		}
		return c, nil
	case err != nil:
		return c, reason(err)
	case !info.Mode().IsRegular():
		return c, ErrNotRegular
	case info.Size() > largest:
		return c, errTooLarge
	}
	c.exists, c.info = true, info
	if c.text, err = os.ReadFile(c.real); err != nil {
		return c, reason(err)
	}
	c.places, err = f.format.read(c.text)
	return c, err
}

// realPath follows links. Where there is no file yet, its directory is followed.
func realPath(path string) (string, error) {
	found, err := filepath.EvalSymlinks(path)
	if err == nil {
		return found, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", reason(err)
	}
	if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		return "", ErrNotRegular // a link to nothing: where it leads is not ours to make
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return "", reason(err)
	}
	return filepath.Join(dir, filepath.Base(path)), nil
}

// reason is the reason of an error without the path, which is told anyway.
func reason(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	if e, ok := errors.AsType[*os.LinkError](err); ok {
		return e.Err
	}
	return err
}

// told puts the path before an error.
func (f *file) told(err error) error { return fmt.Errorf("%s: %w", f.path, err) }

// chosen are the places that are meant.
func (f *file) chosen(c content) []place {
	s, ok := f.format.(selective)
	if !ok {
		return c.places
	}
	var chosen []place
	for _, p := range c.places {
		if s.selects(p, c.places) {
			chosen = append(chosen, p)
		}
	}
	return chosen
}

// mark tells all values of the file: whoever changes one of them is noticed.
func (f *file) mark(places []place) string {
	if len(places) == 0 {
		return store.Absent
	}
	marks := make([]string, len(places))
	for i, p := range places {
		marks[i] = f.use.Mark(p.value)
		if p.owner != "" {
			marks[i] = f.use.Fingerprints.Sum("place", p.owner)[:8] + ": " + marks[i]
		}
	}
	return strings.Join(marks, ", ")
}

// Check implements store.Store.
func (f *file) Check(ctx context.Context) (string, error) {
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	c, err := f.load()
	if err == nil {
		err = f.writable(c)
	}
	if err != nil {
		return "", f.told(err)
	}
	return f.mark(c.places), nil
}

// writable says whether the file may and can be replaced, and has a place.
func (f *file) writable(c content) error {
	if err := f.ignored(c.real); err != nil {
		return err
	}
	if len(f.chosen(c)) == 0 {
		if len(c.places) > 0 {
			return ErrSeveral
		}
		if _, err := f.format.add(c.text, "x"); err != nil {
			return err
		}
	}
	return mayWrite(filepath.Dir(c.real))
}

// Put implements store.Store.
func (f *file) Put(ctx context.Context, v secret.Value, mark string) (string, error) {
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	if store.CheckValue(v) != nil || !safe().MatchString(v.Reveal()) {
		return "", f.told(store.ErrValue)
	}
	after, err := f.locked(func() (string, error) {
		c, err := f.load()
		if err != nil {
			return "", err
		}
		if f.holds(c, v) {
			return f.mark(c.places), f.tidy(c)
		}
		if f.mark(c.places) != mark {
			return "", store.ErrChanged
		}
		if err := f.writable(c); err != nil {
			return "", err
		}
		return f.change(c, v)
	})
	if err != nil {
		return "", f.told(err)
	}
	return after, nil
}

// Value implements store.Lender.
func (f *file) Value(ctx context.Context) (secret.Value, error) {
	if ctx.Err() != nil {
		return secret.Value{}, context.Cause(ctx)
	}
	c, err := f.load()
	if err != nil {
		return secret.Value{}, f.told(err)
	}
	var v secret.Value
	for _, p := range f.chosen(c) {
		if !v.IsZero() && !p.value.Equal(v) {
			return secret.Value{}, f.told(store.ErrDiffers)
		}
		v = p.value
	}
	if v.IsZero() {
		return v, f.told(store.ErrNoPlace)
	}
	return v, nil
}

// holds reports whether the value stands wherever it should, and the old one
// nowhere.
func (f *file) holds(c content, v secret.Value) bool {
	found := false
	for _, p := range c.places {
		found = found || p.value.Equal(v)
		if f.use.Held(p.value) && !p.value.Equal(v) {
			return false
		}
	}
	for _, p := range f.chosen(c) {
		if !p.value.Equal(v) {
			return false
		}
	}
	return found
}

// change writes the value into all places that are meant.
func (f *file) change(c content, v secret.Value) (string, error) {
	chosen := f.chosen(c)
	var text []byte
	if len(chosen) == 0 {
		var err error
		if text, err = f.format.add(bytes.Clone(c.text), v.Reveal()); err != nil {
			return "", err
		}
	} else {
		at := 0
		for _, p := range chosen {
			text = append(append(text, c.text[at:p.start]...), v.Reveal()...)
			at = p.end
		}
		text = append(text, c.text[at:]...)
	}
	places, err := f.format.read(text)
	good := err == nil && changed(c.places, chosen, places, v)
	if len(chosen) == 0 {
		good = err == nil && len(places) == len(c.places)+1 && f.holds(content{places: places}, v)
	}
	if !good {
		return "", errReread
	}
	return f.mark(places), f.replace(c, text)
}

// changed reports whether what was read back is what was there, but for the
// chosen places, which hold the value.
func changed(before, chosen, after []place, v secret.Value) bool {
	if len(before) != len(after) {
		return false
	}
	for i, p := range before {
		want := p.value
		for _, c := range chosen {
			if c.start == p.start {
				want = v
			}
		}
		if !after[i].value.Equal(want) {
			return false
		}
	}
	return true
}

// Confirm implements store.Store.
func (f *file) Confirm(ctx context.Context, v secret.Value) (bool, error) {
	if ctx.Err() != nil {
		return false, context.Cause(ctx)
	}
	c, err := f.load()
	switch {
	case err != nil:
		return false, f.told(err)
	case !f.holds(c, v):
		return false, f.told(store.ErrDiffers)
	}
	return true, nil
}
