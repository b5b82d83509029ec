package rewrite

import (
	"bytes"

	"github.com/rogpeppe/go-internal/diff"
)

// Diff shows what a rewrite changes in a file, in the unified form, with every
// key replaced by the name of its variable in brackets.
func Diff(f File, r Result, keys []Key) []byte {
	return diff.Diff("a/"+f.Path, masked(f.Content, keys), "b/"+f.Path, masked(r.Content, keys))
}

// masked shows no key.
func masked(text []byte, keys []Key) []byte {
	for _, k := range keys {
		if value := []byte(k.Value.Reveal()); len(value) > 0 {
			text = bytes.ReplaceAll(text, value, []byte("[the key "+k.Variable+"]"))
		}
	}
	return text
}
