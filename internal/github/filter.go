package github

import (
	"slices"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"
)

// Filter chooses among an owner's repositories; the zero Filter takes all, forks
// and archived ones too.
type Filter struct {
	// Topics takes those that have one of these; none takes all.
	Topics []string
	// NoArchived and NoForks leave these out.
	NoArchived, NoForks bool
	// Since takes those that were pushed to at this time or later.
	Since time.Time
	// Include and Exclude are patterns of names, as "vqe-*": those that one of
	// Include takes, or all where there is none, without those of Exclude.
	Include, Exclude []string
}

// Validate returns a pattern that is none, or "".
func (f Filter) Validate() string {
	for _, p := range slices.Concat(f.Include, f.Exclude) {
		if !doublestar.ValidatePattern(p) {
			return p
		}
	}
	return ""
}

// Takes reports whether a repository is chosen.
func (f Filter) Takes(r Repository) bool {
	matches := func(pattern string) bool {
		ok, err := doublestar.Match(strings.ToLower(pattern), strings.ToLower(r.Name))
		return ok && err == nil
	}
	switch {
	case f.NoArchived && r.Archived, f.NoForks && r.Fork, r.Pushed.Before(f.Since):
		return false
	case len(f.Topics) > 0 && !slices.ContainsFunc(f.Topics, func(t string) bool { return slices.Contains(r.Topics, strings.ToLower(t)) }):
		return false
	case len(f.Include) > 0 && !slices.ContainsFunc(f.Include, matches):
		return false
	}
	return !slices.ContainsFunc(f.Exclude, matches)
}
