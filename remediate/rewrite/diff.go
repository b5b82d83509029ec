package rewrite

import (
	"bytes"
	"slices"

	"github.com/rogpeppe/go-internal/diff"
)

// Diff shows what a rewrite changes in a file, in the unified form, with every
// key replaced by the name of its variable in brackets. Of the veiled lines of the
// old text, which hold a key that is encoded, nothing is shown.
func Diff(f File, r Result, keys []Key, veiled []int) []byte {
	hidden := map[string]bool{}
	number := 0
	for line := range bytes.Lines(f.Content) {
		if number++; slices.Contains(veiled, number) {
			hidden[string(line)] = true
		}
	}
	return diff.Diff("a/"+f.Path, masked(veil(f.Content, hidden), keys), "b/"+f.Path, masked(veil(r.Content, hidden), keys))
}

// veil shows nothing of some lines.
func veil(text []byte, hidden map[string]bool) []byte {
	if len(hidden) == 0 {
		return text
	}
	var out []byte
	for line := range bytes.Lines(text) {
		if hidden[string(line)] {
			line = []byte("[a line with a key that is encoded]\n")
		}
		out = append(out, line...)
	}
	return out
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
