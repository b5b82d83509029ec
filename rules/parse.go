package rules

import (
	"bytes"
	"fmt"
	"maps"
	"strings"

	"github.com/BurntSushi/toml"
)

// document is the form of a rule file.
type document struct {
	// Let names fragments that patterns of the file may use as {name}.
	Let  map[string]string `toml:"let"`
	Rule []*Rule           `toml:"rule"`
}

// Parse reads a rule file. It is strict: an unknown key is an error that names
// the file and the key. Fragments of the built-in files may be used as {name}.
func Parse(name string, data []byte) ([]*Rule, error) {
	fragments, err := builtinFragments()
	if err != nil {
		return nil, err
	}
	return parse(name, data, fragments)
}

func parse(name string, data []byte, fragments map[string]string) ([]*Rule, error) {
	doc, err := decodeDocument(name, data)
	if err != nil {
		return nil, err
	}
	let := maps.Clone(fragments)
	maps.Copy(let, doc.Let)
	for _, r := range doc.Rule {
		if err := r.expand(let); err != nil {
			return nil, fmt.Errorf("%s: rule %s: %w", name, r.ID, err)
		}
	}
	return doc.Rule, nil
}

func decodeDocument(name string, data []byte) (document, error) {
	var doc document
	meta, err := toml.NewDecoder(bytes.NewReader(data)).Decode(&doc)
	if err != nil {
		return document{}, fmt.Errorf("%s: %w", name, err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return document{}, fmt.Errorf("%s: unknown key %q", name, unknown[0].String())
	}
	return doc, nil
}

// expand replaces {name} in every pattern of the rule.
func (r *Rule) expand(let map[string]string) error {
	patterns := []*string{&r.Token.Pattern, &r.Token.Form}
	for i := range r.Evidence {
		e := &r.Evidence[i]
		patterns = append(patterns, &e.Before, &e.After, &e.Beside.Pattern, &e.Form)
	}
	for _, p := range patterns {
		expanded, err := expandFragments(*p, let, 0)
		if err != nil {
			return err
		}
		*p = expanded
	}
	return nil
}

const maxFragmentDepth = 8

func expandFragments(pattern string, let map[string]string, depth int) (string, error) {
	if depth > maxFragmentDepth {
		return "", fmt.Errorf("fragments are nested deeper than %d, or a fragment uses itself", maxFragmentDepth)
	}
	var out strings.Builder
	for {
		start, end := findFragment(pattern)
		if start < 0 {
			out.WriteString(pattern)
			return out.String(), nil
		}
		name := pattern[start+1 : end-1]
		value, ok := let[name]
		if !ok {
			return "", fmt.Errorf("no fragment is named {%s}", name)
		}
		value, err := expandFragments(value, let, depth+1)
		if err != nil {
			return "", err
		}
		out.WriteString(pattern[:start])
		out.WriteString("(?:" + value + ")")
		pattern = pattern[end:]
	}
}

// findFragment finds the first {name}, -1 if there is none. A brace of the
// pattern language itself, such as {2,4} or \x{41}, begins with a digit or
// follows \x, \p or \P.
func findFragment(pattern string) (start, end int) {
	for at := 0; ; at = start + 1 {
		next := strings.IndexByte(pattern[at:], '{')
		if next < 0 {
			return -1, -1
		}
		start = at + next
		name := pattern[start+1:]
		n := 0
		for n < len(name) && (name[n] >= 'a' && name[n] <= 'z' || n > 0 && name[n] == '_') {
			n++
		}
		escaped := start > 1 && pattern[start-2] == '\\' && strings.IndexByte("xpP", pattern[start-1]) >= 0
		if n > 0 && n < len(name) && name[n] == '}' && !escaped {
			return start, start + n + 2
		}
	}
}
