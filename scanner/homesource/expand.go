package homesource

import (
	"errors"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/qleaks/qleaks/scanner/source"
)

var errLeadsOut = errors.New("the link leads out")

// maxMatches bounds how many files one place may be.
const maxMatches = 20_000

// expand returns the paths below a tree that match a pattern within a
// directory, in order. The error, an *source.ItemError, says what could not be
// looked at.
func (t *tree) expand(dir, pattern string) ([]string, error) {
	names := []string{dir}
	var failed error
	for element := range strings.SplitSeq(pattern, "/") {
		var next []string
		for _, name := range names {
			if !strings.ContainsAny(element, `*?[{\`) {
				next = append(next, path.Join(name, element))
				continue
			}
			entries, err := t.list(name)
			if err != nil && failed == nil {
				failed = source.Failed(path.Join(t.label, name), err)
			}
			for _, entry := range entries {
				if doublestar.MatchUnvalidated(element, entry) {
					next = append(next, path.Join(name, entry))
				}
			}
		}
		names = next
	}
	if len(names) > maxMatches {
		names = names[:maxMatches]
		failed = &source.ItemError{Path: path.Join(t.label, dir, pattern), Outcome: source.Unread, Reason: "more than 20,000 files"}
	}
	return names, failed
}

// list returns the names in a directory, in order; none if there is no such
// directory.
func (t *tree) list(dir string) ([]string, error) {
	if dir == "" {
		dir = "."
	}
	f, err := t.Open(dir)
	if err != nil && !absent(err) {
		switch real, problem := t.follow(dir); {
		case errors.Is(problem, errLeadsOut):
			return nil, &source.ItemError{Outcome: source.Excluded, Reason: "a link leads out of " + t.label}
		case problem == nil && real != dir:
			return t.list(real)
		}
		return nil, err
	}
	if err != nil {
		return nil, nil // what is not there holds nothing
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	if absent(err) {
		return nil, nil
	}
	slices.Sort(names)
	return names, err
}

// follow returns where a link leads within the tree. os.Root follows no
// absolute link, even one that stays inside, so the way is found first, and
// then gone through the root.
func (t *tree) follow(name string) (string, error) {
	real, err := filepath.EvalSymlinks(filepath.Join(t.dir, filepath.FromSlash(name)))
	if err != nil {
		return "", err
	}
	rel, ok := inside(t.dir, real)
	if !ok {
		return "", errLeadsOut
	}
	return rel, nil
}

// escaped is a name as a pattern that matches only itself.
func escaped(name string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `{`, `\{`).Replace(name)
}
