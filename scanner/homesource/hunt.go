package homesource

import (
	"context"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/qleaks/qleaks/scanner/source"
)

const (
	// anywhere begins the name of a place that may be in any directory.
	anywhere = "~/**/"
	// deepest is how many directories down is looked: ~/code/team/project/src
	// is four.
	deepest = 6
	// maxEntries bounds how many names the search looks at.
	maxEntries = 1_000_000
)

// passedOver are directories, by their paths, in which a search would only find
// what installers and caches put there.
func passedOver(name string) bool {
	switch name {
	case "Library", "AppData", ".npm", ".cargo", ".rustup", ".conda", ".vscode", ".vscode-server":
		return true
	}
	switch path.Base(name) {
	case ".git", "node_modules", "site-packages", "dist-packages", "__pycache__", ".cache", "Caches":
		return true
	}
	return false
}

// search is one walk over the home for files that may be anywhere.
type search struct {
	*walk

	tree   *tree
	wanted map[string]Place
	// patterns are the names of wanted, in order.
	patterns []string
	entries  int
	// deeper is true if there were directories too far down.
	deeper bool
}

// hunt searches the home for the places that may be anywhere in it, and reports
// whether to go on.
func (w *walk) hunt(wanted map[string]Place) bool {
	s := &search{walk: w, tree: w.enter(w.real), wanted: wanted}
	if s.tree == nil {
		return w.yield(source.Item{}, &source.ItemError{Path: "~", Outcome: source.Unread, Reason: "cannot be opened"})
	}
	for pattern := range wanted {
		s.patterns = append(s.patterns, pattern)
	}
	slices.Sort(s.patterns)
	if !s.directory("", 0) {
		return false
	}
	if s.entries > maxEntries {
		return w.yield(source.Item{}, &source.ItemError{Path: "~", Outcome: source.Unread, Reason: "more than 1,000,000 names: the search for .env files and checkpoints stopped"})
	}
	if s.deeper {
		return w.yield(source.Item{}, &source.ItemError{Path: "~", Outcome: source.Excluded, Reason: "directories more than 6 levels down were not searched for .env files and checkpoints"})
	}
	return true
}

// directory searches one directory and those below it.
func (s *search) directory(dir string, depth int) bool {
	if s.ctx.Err() != nil {
		s.yield(source.Item{}, context.Cause(s.ctx))
		return false
	}
	names, err := s.tree.list(dir)
	if err != nil && !s.yield(source.Item{}, source.Failed(path.Join("~", dir), err)) {
		return false
	}
	for _, entry := range names {
		if s.entries++; s.entries > maxEntries {
			return true
		}
		name := path.Join(dir, entry)
		if p, ok := s.matches(name); ok && !s.file(spot{Place: p, tree: s.tree}, name) {
			return false
		}
		if !s.enters(name) {
			continue
		}
		if depth == deepest {
			s.deeper = true
			continue
		}
		if !s.directory(name, depth+1) {
			return false
		}
	}
	return true
}

// enters reports whether a name is a directory to search. Links are not
// followed: what they lead to in the home is met where it is.
func (s *search) enters(name string) bool {
	if passedOver(name) {
		return false
	}
	info, err := s.tree.Lstat(name)
	return err == nil && info.Mode()&(fs.ModeDir|fs.ModeSymlink) == fs.ModeDir
}

// matches finds the place that a path ends like.
func (s *search) matches(name string) (Place, bool) {
	elements := strings.Split(name, "/")
	for _, pattern := range s.patterns {
		n := strings.Count(pattern, "/") + 1
		if n <= len(elements) && doublestar.MatchUnvalidated(pattern, strings.Join(elements[len(elements)-n:], "/")) {
			return s.wanted[pattern], true
		}
	}
	return Place{}, false
}
