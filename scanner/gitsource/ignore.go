package gitsource

import (
	"bytes"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/go-git/go-git/v5/plumbing/format/gitignore"
)

// maxPatterns is how many ignore patterns of one file are taken; more only
// make a scan slow.
const maxPatterns = 10_000

// ignoreRules are loaded when first asked for, directory by directory.
type ignoreRules struct {
	sync.Mutex
	loaded bool
	// tracked holds the paths in the index, trackedDirs what leads to them.
	tracked, trackedDirs map[string]bool
	// outer are the patterns outside the working tree, the weakest ones.
	outer []gitignore.Pattern
	// perDir are the patterns of each directory's own .gitignore; decided are
	// the verdicts on directories.
	perDir  map[string][]gitignore.Pattern
	decided map[string]bool
}

// Ignored reports whether Git ignores a path of the working tree, given
// slash-separated and relative to Root. What is tracked is never ignored, nor
// is a directory with something tracked in it.
func (r *Repository) Ignored(name string, dir bool) bool {
	name = path.Clean(name)
	x := &r.ignore
	x.Lock()
	defer x.Unlock()
	if !x.loaded {
		r.loadIgnore()
	}
	if x.tracked[name] || x.trackedDirs[name] || name == "." {
		return false
	}
	return r.ignored(name, dir)
}

func (r *Repository) loadIgnore() {
	x := &r.ignore
	x.loaded = true
	x.tracked, x.trackedDirs = map[string]bool{}, map[string]bool{}
	x.perDir, x.decided = map[string][]gitignore.Pattern{}, map[string]bool{}
	for _, tree := range r.trackedTrees() {
		if tree.root != r.places.root {
			continue
		}
		for _, e := range tree.entries {
			x.tracked[e.path] = true
			x.trackDirs(path.Dir(e.path))
		}
		for _, e := range tree.sparse {
			x.trackDirs(path.Clean(e.path))
		}
	}
	if file := r.options.GlobalExcludes; file != "" {
		data, err := readRegular(filepath.Dir(file), filepath.Base(file), false)
		if err == nil {
			x.outer = append(x.outer, parseIgnore(data, nil)...)
		}
	}
	if data, err := r.readFile(r.places.commonDir, "info/exclude"); err == nil {
		x.outer = append(x.outer, parseIgnore(data, nil)...)
	}
}

// trackDirs takes note of a directory that holds something tracked.
func (x *ignoreRules) trackDirs(dir string) {
	for ; dir != "." && dir != "/" && !x.trackedDirs[dir]; dir = path.Dir(dir) {
		x.trackedDirs[dir] = true
	}
}

// ignored asks for the directories on the way first: what lies in an ignored
// one cannot be brought back by a pattern.
func (r *Repository) ignored(name string, dir bool) bool {
	x := &r.ignore
	if dir {
		if verdict, ok := x.decided[name]; ok {
			return verdict
		}
	}
	parent := path.Dir(name)
	verdict := parent != "." && r.ignored(parent, true)
	if !verdict {
		verdict = r.matches(name, dir)
	}
	if dir {
		x.decided[name] = verdict
	}
	return verdict
}

// matches asks the patterns, the nearest file's and in it the last one first.
func (r *Repository) matches(name string, dir bool) bool {
	elements := strings.Split(name, "/")
	for depth := range slices.Backward(elements) {
		if verdict := lastMatch(r.patternsOf(elements[:depth]), elements, dir); verdict != gitignore.NoMatch {
			return verdict == gitignore.Exclude
		}
	}
	return lastMatch(r.ignore.outer, elements, dir) == gitignore.Exclude
}

func lastMatch(patterns []gitignore.Pattern, elements []string, dir bool) gitignore.MatchResult {
	for _, pattern := range slices.Backward(patterns) {
		if verdict := pattern.Match(elements, dir); verdict != gitignore.NoMatch {
			return verdict
		}
	}
	return gitignore.NoMatch
}

func (r *Repository) patternsOf(dir []string) []gitignore.Pattern {
	name := path.Join(dir...)
	patterns, ok := r.ignore.perDir[name]
	if !ok && r.places.root != "" {
		// Git takes no .gitignore through a link, so neither do we.
		data, err := readRegular(r.places.root, path.Join(name, ".gitignore"), true)
		if err == nil {
			patterns = parseIgnore(data, dir)
		}
		r.ignore.perDir[name] = patterns
	}
	return patterns
}

func parseIgnore(data []byte, dir []string) []gitignore.Pattern {
	var out []gitignore.Pattern
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	for line := range bytes.Lines(data) {
		text := string(bytes.TrimRight(line, "\r\n"))
		if strings.TrimSpace(text) == "" || text[0] == '#' {
			continue
		}
		if len(out) == maxPatterns {
			break
		}
		// Directories are asked before what they hold, so "all that is in it"
		// and "each that is directly in it" say the same, and the library takes
		// the first for the directory too.
		if inside, ok := strings.CutSuffix(text, "/**"); ok {
			text = inside + "/*"
		}
		out = append(out, gitignore.ParsePattern(text, dir))
	}
	return out
}
