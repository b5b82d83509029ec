// Package accuracy measures how many keys a scanner finds in a labelled corpus
// of contexts, and how much else it takes for keys. The corpus is public and
// holds no key: a context is a template, and its keys are made when it is used.
package accuracy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/internal/expression"
)

// Context is a place in which a key was seen to leak, or something that looks
// like a key and is none: one line of a corpus file.
type Context struct {
	ID string `json:"id"`
	// Provider is whose key stands here; of a look-alike, whose it looks like,
	// or "none".
	Provider string `json:"provider"`
	// Class is one of Classes.
	Class    string `json:"class"`
	Language string `json:"language"`
	// Path is the file's, relative to the scanned directory.
	Path string `json:"path"`
	// From is the place that the context came from: a client, a document, a
	// tool. Contexts are held out by place.
	From string `json:"from"`
	// Label is "leak", if the text holds a key, or "clean".
	Label string `json:"label"`
	// Needs names what a scanner must be able to do that is more than to match
	// the text, such as "joins"; mostly empty.
	Needs string `json:"needs,omitempty"`
	Note  string `json:"note,omitempty"`
	// Text is a template in the language of package sample; the keys are
	// placeholders with the name of a kind.
	Text string `json:"text"`
}

// Labels of a context.
const (
	Leak  = "leak"
	Clean = "clean"
)

// Classes are the kinds of places: first those of leaks, then what look-alikes
// are.
func Classes() (leaks, lookAlikes []string) {
	leaks = []string{
		"call", "name", "environment", "header", "command", "key file", "configuration", "deployment",
		"notebook", "log", "document", "data", "encoded", "split",
	}
	lookAlikes = []string{
		"placeholder", "reference", "identifier", "hash", "blob", "encrypted", "other secret", "code", "prose", "numbers", "fixture",
	}
	return leaks, lookAlikes
}

// Read reads a corpus file. The error names every line that is wrong.
func Read(r io.Reader) ([]Context, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("accuracy: read contexts: %w", err)
	}
	var list []Context
	var errs []error
	seen := map[string]bool{}
	n := 0
	for line := range bytes.Lines(data) {
		n++
		c, err := parse(line)
		if err == nil && seen[c.ID] {
			err = fmt.Errorf("%s is there twice", c.ID)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("accuracy: line %d: %w", n, err))
			continue
		}
		seen[c.ID] = true
		list = append(list, c)
	}
	return list, errors.Join(errs...)
}

func parse(line []byte) (Context, error) {
	var c Context
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return c, fmt.Errorf("context: %w", err)
	}
	return c, c.validate()
}

func (c Context) validate() error {
	for field, value := range map[string]string{
		"id": c.ID, "provider": c.Provider, "language": c.Language, "path": c.Path, "from": c.From, "text": c.Text,
	} {
		if value == "" {
			return fmt.Errorf("%s: %s is missing", c.ID, field)
		}
	}
	leaks, lookAlikes := Classes()
	keys := c.kinds()
	switch {
	case c.Label == Leak && len(keys) == 0:
		return fmt.Errorf("%s: a leak needs a key", c.ID)
	case c.Label == Leak && !slices.Contains(leaks, c.Class), c.Label == Clean && !slices.Contains(lookAlikes, c.Class):
		return fmt.Errorf("%s: %s contexts have no class %q", c.ID, c.Label, c.Class)
	case c.Label == Clean && len(keys) > 0:
		return fmt.Errorf("%s: a clean context has no key, this has %s", c.ID, keys[0])
	case c.Label != Leak && c.Label != Clean:
		return fmt.Errorf("%s: label %q is neither %s nor %s", c.ID, c.Label, Leak, Clean)
	}
	return nil
}

var keyPlace = expression.Lazy(`\{\{([A-Z][A-Z_]*[0-9]?)(?:\|[a-z0-9]+)?\}\}`)

// kinds returns the names of the keys in the text, each once, in their order:
// those of kinds, with a digit for a second one.
func (c Context) kinds() []string {
	var names []string
	for _, m := range keyPlace().FindAllStringSubmatch(c.Text, -1) {
		name := strings.TrimSuffix(strings.TrimSuffix(m[1], "_A"), "_B")
		if _, ok := kindOf(name); ok && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
