// Package expression keeps regular expressions from being compiled when the
// program starts: a hook runs before every commit, and needs few of them.
package expression

import (
	"regexp"
	"sync"
)

// Lazy returns a function that compiles pattern when it is called for the first
// time, and may be called from many goroutines. A pattern that is wrong makes
// that call panic; internal/arch compiles all of them.
func Lazy(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}
