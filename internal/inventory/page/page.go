// Package page reads lists of keys that people export from a provider's
// console, or copy from its pages as text. Columns are known by their names; a
// line that is not understood is refused with its number, and so is a date that
// could be two. No cell is ever repeated in an error: it may be a key.
package page

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/secret"
)

// Options say how a list is read.
type Options struct {
	Provider string
	// AsOf is when the list was true: "3 days ago" counts from there.
	AsOf time.Time
	// Days says what 01/02/2026 means.
	Days Order
	// Fingerprints names values that stand in the list.
	Fingerprints secret.Fingerprinter
}

// Order is the order of numbers in a date.
type Order string

// The orders; without one, a date that could be two is refused.
const (
	NoOrder    Order = ""
	DayFirst   Order = "dmy"
	MonthFirst Order = "mdy"
)

// Page is what a list says.
type Page struct {
	Keys []key.Key
	// Values are whole keys that stood in the list, reduced to fingerprints.
	Values []Value
	// LeftOut names columns that nobody knows, Ended counts keys that the list
	// calls revoked, which are left out, too.
	LeftOut []string
	Ended   int
	// Total is how many keys there are by what the page says; 0 if it does not.
	Total int
	// Approximate says that some dates were told as "3 days ago".
	Approximate bool
}

// Value is a whole key that stood in a list.
type Value struct {
	Line        int
	Fingerprint secret.Fingerprint
	// Key is the number of the key in Keys that it stood with, -1 if with none.
	Key int
}

// LineError is what is wrong in a line; line 0 means the whole.
type LineError struct {
	Line int
	What string
}

// Error implements error.
func (e *LineError) Error() string {
	if e.Line == 0 {
		return e.What
	}
	return fmt.Sprintf("line %d: %s", e.Line, e.What)
}

func wrong(line int, format string, args ...any) error {
	return &LineError{Line: line, What: fmt.Sprintf(format, args...)}
}

// Read reads a list: JSON, comma- or semicolon-separated values, or a page that
// was copied as text.
func Read(data []byte, o Options) (Page, error) {
	text := string(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))
	if !utf8.ValidString(text) {
		return Page{}, wrong(0, "it is not text in UTF-8")
	}
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u00a0", " ", "\u202f", " ").Replace(text)
	r := &reader{options: o}
	var rows []row
	var err error
	if begin := strings.TrimLeft(text, " \t\n"); strings.HasPrefix(begin, "{") || strings.HasPrefix(begin, "[") {
		rows, err = r.fromJSON(text)
	} else {
		rows, err = r.fromText(text)
	}
	if err != nil {
		return Page{}, err
	}
	for _, one := range rows {
		if err := r.add(one); err != nil {
			return Page{}, err
		}
	}
	slices.Sort(r.page.LeftOut)
	r.page.LeftOut = slices.Compact(r.page.LeftOut)
	return r.page, nil
}

// reader collects a Page.
type reader struct {
	options Options
	page    Page
	ids     map[string]int
}

// row is one key: texts by field, and where they stand.
type row struct {
	line  int
	cells map[field]string
	lines map[field]int
}

func (r *row) set(f field, text string, line int) {
	if r.cells == nil {
		r.cells, r.lines = map[field]string{}, map[field]int{}
	}
	r.cells[f], r.lines[f] = strings.TrimSpace(text), line
}

func (r *row) lineOf(f field) int {
	if n := r.lines[f]; n > 0 {
		return n
	}
	return r.line
}

// add makes a key of a row.
func (r *reader) add(one row) error {
	found, err := r.takeValues(&one)
	if err != nil {
		return err
	}
	k, ended, err := r.keyOf(one)
	if err != nil {
		return err
	}
	if ended {
		r.page.Ended++
		return nil
	}
	if k.ID == "" && k.Name == "" {
		return wrong(one.line, "a key has neither a name nor an id")
	}
	if r.ids == nil {
		r.ids = map[string]int{}
	}
	if before, ok := r.ids[k.ID]; ok && k.ID != "" {
		return wrong(one.line, "the id stands in line %d, too", before)
	}
	r.ids[k.ID] = one.line
	for _, v := range found {
		v.Key = len(r.page.Keys)
		r.page.Values = append(r.page.Values, v)
	}
	r.page.Keys = append(r.page.Keys, k)
	return nil
}

// takeValues takes whole keys out of a row. In the column for them they become
// fingerprints; anywhere else the row is refused, for what is left of it would
// say something that nobody meant.
func (r *reader) takeValues(one *row) ([]Value, error) {
	var found []Value
	for _, f := range slices.Sorted(maps.Keys(one.cells)) {
		text := one.cells[f]
		material := inventory.Material(text)
		if f == fieldValue && len(material) == 0 && !masked(text) {
			material = []secret.Value{secret.New([]byte(text))}
		}
		switch {
		case f == fieldValue && len(material) > 0:
			if len(material) > 1 {
				return nil, wrong(one.lineOf(f), "it holds several whole keys")
			}
			found = append(found, Value{Line: one.lineOf(f), Fingerprint: r.options.Fingerprints.Of(material[0])})
		case len(material) > 0:
			return nil, wrong(one.lineOf(f), "the %s holds what looks like a whole key", f)
		}
	}
	delete(one.cells, fieldValue)
	return found, nil
}

// shortestValue is what a value has at least, in bytes.
const shortestValue = 16

// masked reports whether a text is no whole value: what consoles show is short,
// or has dots and stars.
func masked(text string) bool {
	return len(text) < shortestValue || strings.ContainsAny(text, "*•…·● ") || strings.Contains(text, "...")
}

// stray notes a whole key in a line that is no row.
func (r *reader) stray(line int, text string) {
	for _, v := range inventory.Material(text) {
		r.page.Values = append(r.page.Values, Value{Line: line, Fingerprint: r.options.Fingerprints.Of(v), Key: -1})
	}
}
