package homesource

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/qleaks/qleaks/scanner/source"
)

// maxFile is the largest file that is read, in bytes: key stores and histories
// are far smaller, and a person's home may hold anything.
const maxFile = 256 << 20

// Home is a Source of the files of Places, and of the variables that the system
// keeps elsewhere. Paths begin with "~" where they are in the home.
type Home struct {
	// Dir is the person's home directory.
	Dir string
	// Getenv reads the variables that move places elsewhere.
	Getenv func(name string) string
	// System is where the places of the system are, "" for the root; tests have
	// one of their own.
	System string
	// Elsewhere are variables that the system keeps in no file.
	Elsewhere []Environment
}

// Items implements source.Source.
func (h Home) Items(ctx context.Context) iter.Seq2[source.Item, error] {
	return func(yield func(source.Item, error) bool) {
		real, err := filepath.EvalSymlinks(h.Dir)
		if err != nil {
			yield(source.Item{}, fmt.Errorf("open the home directory: %w", rootCause(err)))
			return
		}
		w := &walk{Home: h, ctx: ctx, yield: yield, real: real, roots: map[string]*tree{}, seen: map[string]bool{}}
		defer w.close()
		w.variables = h.variables(real)
		w.all()
	}
}

// walk is one walk over all places.
type walk struct {
	Home

	ctx       context.Context //nolint:containedctx // one walk, one context
	yield     func(source.Item, error) bool
	real      string
	variables func(name string) string
	roots     map[string]*tree
	// seen are the files that were yielded, by their real paths.
	seen map[string]bool
}

// tree is a directory that is entered, and how its files are called.
type tree struct {
	*os.Root

	dir, label string
}

func (w *walk) close() {
	for _, t := range w.roots {
		if t != nil {
			_ = t.Close()
		}
	}
}

func (w *walk) all() {
	hunted := map[string]Place{}
	for _, p := range Places() {
		if w.ctx.Err() != nil {
			w.yield(source.Item{}, context.Cause(w.ctx))
			return
		}
		if name, ok := strings.CutPrefix(p.Name, anywhere); ok {
			hunted[name] = p
			continue
		}
		if at, ok := w.resolve(p); ok && !w.place(at) {
			return
		}
	}
	if w.hunt(hunted) {
		w.elsewhere()
	}
}

// spot is a place as it is on this computer: below a directory, first a path,
// then a pattern.
type spot struct {
	Place

	tree    *tree
	literal string
	pattern string
}

// resolve finds out where a place is. It reports false if it is nowhere.
func (w *walk) resolve(p Place) (spot, bool) {
	head, rest, _ := strings.Cut(p.Name, "/")
	var dir string
	switch {
	case head == "~":
		dir = w.real
	case head == "":
		dir = filepath.Join(string(filepath.Separator), w.System)
	default:
		dir = w.variables(strings.TrimPrefix(head, "$"))
	}
	if !filepath.IsAbs(dir) {
		return spot{}, false
	}
	if rest == "" { // the variable names a file
		dir, rest = filepath.Dir(dir), escaped(filepath.Base(dir))
	}
	at := spot{Place: p, pattern: rest}
	if literal, ok := inside(w.real, dir); ok {
		at.literal, dir = literal, w.real
	}
	at.tree = w.enter(dir)
	return at, at.tree != nil
}

// enter opens a directory, once. It is nil where there is none.
func (w *walk) enter(dir string) *tree {
	if t, ok := w.roots[dir]; ok {
		return t
	}
	w.roots[dir] = nil
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil
	}
	label := filepath.ToSlash(dir)
	switch dir {
	case w.real:
		label = "~"
	case filepath.Join(string(filepath.Separator), w.System):
		label = "/"
	}
	w.roots[dir] = &tree{Root: root, dir: dir, label: label}
	return w.roots[dir]
}

// place yields the files of a place and reports whether to go on.
func (w *walk) place(at spot) bool {
	names, err := at.tree.expand(at.literal, at.pattern)
	for _, name := range names {
		if !w.file(at, name) {
			return false
		}
	}
	if err != nil {
		return w.yield(source.Item{}, err)
	}
	return true
}

// file yields one file, unless it was met before.
func (w *walk) file(at spot, name string) bool {
	label := path.Join(at.tree.label, name)
	info, err := at.tree.Lstat(name)
	if err == nil && info.Mode()&fs.ModeSymlink != 0 || err != nil && !absent(err) {
		if name, err = at.tree.follow(name); errors.Is(err, errLeadsOut) {
			return w.yield(source.Item{}, &source.ItemError{Path: label, Outcome: source.Excluded, Reason: "a link leads out of " + at.tree.label})
		}
		if err == nil {
			info, err = at.tree.Lstat(name)
		}
	}
	real := filepath.Join(at.tree.dir, filepath.FromSlash(name))
	switch {
	case absent(err):
		return true
	case err != nil:
		return w.yield(source.Item{}, source.Failed(label, err))
	case info.IsDir() || w.seen[real]:
		return true
	}
	w.seen[real] = true
	switch {
	case !info.Mode().IsRegular():
		return w.yield(source.Item{}, &source.ItemError{Path: label, Outcome: source.Excluded, Reason: "not a regular file"})
	case info.Size() > maxFile:
		return w.yield(source.Item{}, &source.ItemError{Path: label, Outcome: source.Unread, Reason: fmt.Sprintf("larger than %d MiB", maxFile>>20)})
	}
	return w.yield(at.item(label, name, info.Size(), source.AccessOf(real)), nil)
}

func (at spot) item(label, name string, size int64, access source.Access) source.Item {
	dir := at.tree.dir
	access.Store = at.Kind.keeps()
	origin := source.Origin{Path: label, Place: source.File, Home: true, Kept: at.Kind.keeps() && !access.Exposed()}
	if at.Kind == System {
		origin.Place = source.SystemEnvironment
	}
	return source.Item{
		Origin: origin,
		Size:   size,
		Open:   func() (io.ReadCloser, error) { return source.OpenBelow(dir, name) },
		Access: func() source.Access { return access },
	}
}

// elsewhere yields the variables that the system keeps in no file.
func (w *walk) elsewhere() {
	for _, e := range w.Elsewhere {
		item := source.Item{
			Origin: source.Origin{Path: e.Name, Place: e.Place, Home: true, Kept: e.Place == source.UserEnvironment},
			Size:   -1,
			Open: func() (io.ReadCloser, error) {
				text, err := e.Text()
				return io.NopCloser(strings.NewReader(text)), err
			},
		}
		if !w.yield(item, nil) {
			return
		}
	}
}

// Environment is a set of variables that is not a file.
type Environment struct {
	Name  string
	Place source.Place
	// Text reads it, as lines NAME="value".
	Text func() (string, error)
}

// absent reports whether an error says that something is not there.
func absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// inside returns the slash-separated path of a file within a directory, "" for
// the directory itself.
func inside(dir, file string) (string, bool) {
	rel, err := filepath.Rel(dir, file)
	switch {
	case err != nil || !filepath.IsLocal(rel):
		return "", false
	case rel == ".":
		return "", true
	}
	return filepath.ToSlash(rel), true
}

// rootCause is an error without the path that package os puts around it.
func rootCause(err error) error {
	if of, ok := errors.AsType[*fs.PathError](err); ok {
		return of.Err
	}
	return err
}
