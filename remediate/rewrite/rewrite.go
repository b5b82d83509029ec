// Package rewrite takes keys out of code: it replaces the literal that holds a
// key by the look-up with which the language reads a variable of the
// environment, and leaves every other byte as it is.
//
// It works on text, knows just enough of each language to find where a literal
// or a comment begins and ends, and refuses what it does not understand: a key
// that it cannot replace with certainty is left, and named with the reason.
package rewrite

import (
	"bytes"
	"cmp"
	"encoding/json"
	"go/format"
	"slices"
	"strings"

	"github.com/qleaks/qleaks/internal/secret"
)

// Key is a key to be taken out of a file.
type Key struct {
	Value secret.Value
	// Variable is the name of the environment variable that will hold it.
	Variable string
}

// Result is a file without its keys.
type Result struct {
	// Content is the new text; the old one where nothing could be done.
	Content []byte
	// Taken are the places from which a key was taken, by their order in the
	// old text.
	Taken []Place
	// Left are the places that somebody has to mend by hand.
	Left []Place
	// Variables are the variables that the new text looks up, sorted. They are
	// not always those of the keys: a file that asks for a variable and has the
	// key as default keeps its name.
	Variables []Variable
}

// Variable is a name under which the value of a key is looked up.
type Variable struct {
	Name string
	// Key is the index of the key.
	Key int
}

// Place is where a key stood in the old text.
type Place struct {
	// Cell counts from 1 in a notebook; 0 elsewhere, and for its metadata.
	Cell int
	// Line counts from 1, in a cell within its source; 0 for an output of a
	// cell.
	Line int
	// Key is the index of the key.
	Key int
	// What says what was put there, or why nothing was: "looked up in the
	// environment", "a constant cannot be looked up".
	What string
}

// edit replaces text[start:end].
type edit struct {
	start, end int
	with       string
}

// File is a file with keys in it.
type File struct {
	// Path tells the language by its name.
	Path    string
	Content []byte
	// Outputs are cells of a notebook whose outputs show a key in a way that
	// its text does not: encoded, or torn apart. They are cleared.
	Outputs []int
}

// Without takes keys out of a file. It changes nothing but the text around the
// keys, and never writes.
func (f File) Without(keys []Key) Result {
	w := writing{text: f.Content, keys: keys}
	if isNotebook(f.Path) {
		w.notebook(f.Outputs)
	} else {
		w.language(languageOf(f.Path, f.Content))
	}
	return w.result(f)
}

// writing is the text of one language in work.
type writing struct {
	text []byte
	keys []Key
	// from is how many lines of the file stand before the text.
	from int
	// cell is the number of the cell that the text is.
	cell int

	edits     []edit
	taken     []Place
	left      []Place
	variables []Variable
	// looks is true when some look-up was written that needs an import.
	looks bool
}

// occurrence is a key in the text.
type occurrence struct {
	start, end int
	key        int
}

// occurrences finds the keys, none inside another one, in the order of the
// text.
func (w *writing) occurrences() []occurrence {
	var all []occurrence
	for i, k := range w.keys {
		value := []byte(k.Value.Reveal())
		if len(value) == 0 {
			continue
		}
		for at := 0; ; {
			next := bytes.Index(w.text[at:], value)
			if next < 0 {
				break
			}
			all = append(all, occurrence{at + next, at + next + len(value), i})
			at += next + len(value)
		}
	}
	slices.SortFunc(all, func(a, b occurrence) int {
		if a.start != b.start {
			return a.start - b.start
		}
		return b.end - a.end
	})
	var apart []occurrence
	end := 0
	for _, o := range all {
		if o.start >= end {
			apart = append(apart, o)
			end = o.end
		}
	}
	return apart
}

func (w *writing) line(at int) int {
	return w.from + 1 + bytes.Count(w.text[:at], []byte("\n"))
}

// newline is how lines end in the text.
func (w *writing) newline() string {
	if bytes.Contains(w.text, []byte("\r\n")) {
		return "\r\n"
	}
	return "\n"
}

// take notes that a key is replaced.
func (w *writing) take(o occurrence, variable, what string, edits ...edit) {
	w.taken = append(w.taken, Place{Cell: w.cell, Line: w.line(o.start), Key: o.key, What: what})
	w.edits = append(w.edits, edits...)
	if variable != "" {
		w.use(variable, o.key)
	}
}

func (w *writing) use(variable string, key int) {
	if v := (Variable{Name: variable, Key: key}); !slices.Contains(w.variables, v) {
		w.variables = append(w.variables, v)
	}
}

func (w *writing) leave(o occurrence, why string) {
	w.left = append(w.left, Place{Cell: w.cell, Line: w.line(o.start), Key: o.key, What: why})
}

// apply returns the text with all edits, and false where two of them want the
// same bytes.
func (w *writing) apply() ([]byte, bool) {
	slices.SortStableFunc(w.edits, func(a, b edit) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end)) })
	w.edits = slices.Compact(w.edits)
	var out []byte
	at := 0
	for _, e := range w.edits {
		if e.start < at {
			return w.text, false
		}
		out = append(out, w.text[at:e.start]...)
		out = append(out, e.with...)
		at = e.end
	}
	return append(out, w.text[at:]...), true
}

// result returns what came of it. Text that can be checked is: a change that
// makes a file worse than it was is taken back.
func (w *writing) result(f File) Result {
	r := Result{Content: f.Content, Taken: w.taken, Left: w.left, Variables: w.variables}
	ok := true
	if len(w.edits) > 0 {
		r.Content, ok = w.apply()
	}
	if !ok || sound(f.Path, f.Content) && !sound(f.Path, r.Content) {
		r = Result{Content: f.Content, Left: slices.Concat(w.left, w.taken)}
		for i := range r.Left {
			r.Left[i].What = "the file would no longer be valid"
		}
	}
	inOrder := func(a, b Place) int { return cmp.Or(cmp.Compare(a.Cell, b.Cell), cmp.Compare(a.Line, b.Line)) }
	slices.SortStableFunc(r.Taken, inOrder)
	slices.SortStableFunc(r.Left, inOrder)
	slices.SortFunc(r.Variables, func(a, b Variable) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Key, b.Key))
	})
	return r
}

// sound reports whether text is valid, where Go has a parser for it.
func sound(name string, content []byte) bool {
	switch {
	case isNotebook(name) || strings.HasSuffix(name, ".json") && special(name) == nil:
		return json.Valid(content)
	case strings.HasSuffix(name, ".go"):
		_, err := format.Source(content)
		return err == nil
	}
	return true
}
