package store

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/qleaks/qleaks/internal/credential"
	"github.com/qleaks/qleaks/internal/expression"
)

// FieldError says what is wrong with a declaration. It quotes no value.
type FieldError struct {
	// Field is the setting, "" for the declaration as a whole.
	Field string
	What  string
	// Known are the names that could have been meant.
	Known []string
}

// Error implements error.
func (e *FieldError) Error() string { return e.What }

// Declare reads what a configuration says of one store: texts, and lists of
// texts. What the kind does not know is an error; every error is a *FieldError.
func Declare(name string, said map[string]any, kinds []Kind) (Declaration, error) {
	d := Declaration{Name: name, texts: map[string]string{}, lists: map[string][]string{}}
	var names []string
	for _, k := range kinds {
		names = append(names, k.Name)
	}
	kind, _ := said["kind"].(string)
	at := slices.IndexFunc(kinds, func(k Kind) bool { return k.Name == kind })
	if at < 0 {
		return d, &FieldError{Field: "kind", What: "kind is not one of " + strings.Join(names, ", "), Known: names}
	}
	d.Kind = kinds[at]
	for _, field := range slices.Sorted(maps.Keys(said)) {
		if err := d.take(field, said[field]); err != nil {
			return d, err
		}
	}
	for _, s := range d.Kind.Settings {
		if s.Required && d.texts[s.Name] == "" && len(d.lists[s.Name]) == 0 {
			return d, &FieldError{What: fmt.Sprintf("%s is missing: %s", s.Name, s.Means)}
		}
	}
	return d, nil
}

// take takes one setting.
func (d *Declaration) take(field string, value any) error {
	switch field {
	case "kind":
		return nil
	case "keys":
		return d.takeKeys(value)
	}
	at := slices.IndexFunc(d.Kind.Settings, func(s Setting) bool { return s.Name == field })
	if at < 0 {
		known := []string{"kind", "keys"}
		for _, s := range d.Kind.Settings {
			known = append(known, s.Name)
		}
		return &FieldError{Field: field, What: fmt.Sprintf("a store of the kind %s has no such setting; it has %s", d.Kind.Name, strings.Join(known, ", ")), Known: known}
	}
	s := d.Kind.Settings[at]
	if s.List {
		list, ok := texts(value)
		if !ok || len(list) == 0 || list[0] == "" {
			return &FieldError{Field: field, What: field + " wants a list of texts"}
		}
		d.lists[field] = list
		return nil
	}
	text, ok := value.(string)
	if !ok || text == "" || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return &FieldError{Field: field, What: field + " wants a text in one line"}
	}
	if s.Reference {
		if _, err := credential.Parse(text); err != nil {
			return &FieldError{Field: field, What: fmt.Sprintf("%s: %v; write where it is, not what it is: %s", field, err, credential.Forms)}
		}
	}
	if len(s.Values) > 0 && !slices.Contains(s.Values, text) {
		return &FieldError{Field: field, What: field + " is not one of " + strings.Join(s.Values, ", "), Known: s.Values}
	}
	if s.Valid != nil && !s.Valid(text) {
		return &FieldError{Field: field, What: fmt.Sprintf("%s is not valid; it is %s", field, s.Means)}
	}
	d.texts[field] = text
	return nil
}

func (d *Declaration) takeKeys(value any) error {
	globs, ok := texts(value)
	if !ok {
		return &FieldError{Field: "keys", What: "keys wants a list of patterns"}
	}
	for i, glob := range globs {
		if glob == "" || !doublestar.ValidatePattern(glob) {
			return &FieldError{Field: "keys", What: fmt.Sprintf("keys: pattern number %d is not valid", i+1)}
		}
	}
	d.Keys = globs
	return nil
}

// texts reads a list of texts, as a reader of TOML has it.
func texts(value any) ([]string, bool) {
	items, ok := value.([]any)
	if !ok {
		return nil, false
	}
	list := make([]string, 0, len(items))
	for _, item := range items {
		text, ok := item.(string)
		if !ok || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return nil, false
		}
		list = append(list, text)
	}
	return list, true
}

var variableName = expression.Lazy(`^[A-Za-z_][A-Za-z0-9_]{0,127}$`)

// Variable is a required setting for the name of an environment variable.
func Variable() Setting {
	return Setting{Name: "variable", Means: "the name of the variable, such as IONQ_API_KEY", Required: true, Valid: func(text string) bool { return variableName().MatchString(text) }}
}
