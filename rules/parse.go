package rules

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/BurntSushi/toml"
)

// File is the form of a rule file, and a part of a configuration.
type File struct {
	// Let names fragments that patterns of the file may use as {name}.
	Let  map[string]string `toml:"let"`
	Rule []*Rule           `toml:"rule"`
}

// Error is what is wrong in a rule file.
type Error struct {
	// Line is 0 where it is not known.
	Line int
	Err  error
}

// Error implements error.
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Err.Error()
	}
	return fmt.Sprintf("line %d: %v", e.Line, e.Err)
}

// Unwrap returns what is wrong.
func (e *Error) Unwrap() error { return e.Err }

// Parse reads a rule file and checks its rules. It is strict: an unknown key is
// an error that names the file, the line and the key. Fragments of the built-in
// files may be used as {name}.
func Parse(name string, data []byte) ([]*Rule, error) {
	doc, err := decodeDocument(name, data)
	if err != nil {
		return nil, err
	}
	list, err := doc.Rules(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return list, nil
}

// Rules returns the rules of a file, its fragments filled in and its rules
// checked. Data is the text of the file, which tells the lines of what is
// wrong.
func (f File) Rules(data []byte) ([]*Rule, error) {
	fragments, err := builtinFragments()
	if err != nil {
		return nil, err
	}
	let := maps.Clone(fragments)
	maps.Copy(let, f.Let)
	seen := map[string]bool{}
	for i, r := range f.Rule {
		if r.ID == "" {
			return nil, &Error{lineOfRule(data, i), errors.New("id is missing")}
		}
		if seen[r.ID] {
			return nil, &Error{lineOfRule(data, i), fmt.Errorf("two rules are named %s", r.ID)}
		}
		seen[r.ID] = true
		err := r.expand(let)
		if err != nil {
			err = fmt.Errorf("rule %s: %w", r.ID, err)
		} else {
			_, err = NewSet([]*Rule{r})
		}
		if err != nil {
			return nil, &Error{lineOfRule(data, i), err}
		}
	}
	return f.Rule, nil
}

// lineOfRule returns the line where the rule of a number begins, 0 if rules are
// written in an unusual way.
func lineOfRule(data []byte, number int) int {
	line := 0
	for text := range bytes.Lines(data) {
		line++
		if bytes.HasPrefix(bytes.ReplaceAll(text, []byte(" "), nil), []byte("[[rule]]")) {
			if number--; number < 0 {
				return line
			}
		}
	}
	return 0
}

// LineOf returns the line of a TOML text on which a key is, such as
// rule.token.alphabet: the first line that says its last word below a heading
// that says the rest; 0 if there is none.
func LineOf(data []byte, key string) int {
	line, heading := 0, ""
	for text := range bytes.Lines(data) {
		line++
		trimmed := strings.TrimSpace(string(text))
		if strings.HasPrefix(trimmed, "[") && strings.HasSuffix(trimmed, "]") {
			if heading = strings.Trim(trimmed, "[] "); heading == key {
				return line
			}
			continue
		}
		word, _, found := strings.Cut(trimmed, "=")
		if found && strings.TrimPrefix(heading+"."+strings.TrimSpace(word), ".") == key {
			return line
		}
	}
	return 0
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

func decodeDocument(name string, data []byte) (File, error) {
	var doc File
	meta, err := toml.NewDecoder(bytes.NewReader(data)).Decode(&doc)
	if err != nil {
		return File{}, fmt.Errorf("%s: %w", name, err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		key := unknown[0].String()
		return File{}, fmt.Errorf("%s: %w", name, &Error{LineOf(data, key), fmt.Errorf("unknown key %q", key)})
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
