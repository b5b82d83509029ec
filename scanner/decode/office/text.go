// Package office reads the text of documents as Word, PowerPoint, Excel and
// LibreOffice write it: XML in which one word may be spread over many elements,
// and a cell of a sheet may be a number that points to its text.
package office

import (
	"strconv"
	"strings"

	"github.com/qleaks/qleaks/scanner/runs"
)

// longRun is the length from which a row of key characters could be a key.
const longRun = 20

// Text returns the text of a part of a document, a paragraph or a row of a table
// in each line, and then the attributes that could hold a key. It returns false
// for a part in which no text is marked as such.
func Text(part []byte) (text []byte, ok bool) {
	var r reader
	m := markup{src: part}
	for t, more := m.next(); more; t, more = m.next() {
		r.read(t)
	}
	if !r.found {
		return nil, false
	}
	return append(r.grid.finish(), r.rest...), true
}

// reader makes the text of a document.
type reader struct {
	grid grid
	rest []byte
	// found says that there is text; inside counts the elements around the
	// current place whose text is that of the document.
	found  bool
	inside int
	// deleted is what changes took out of the paragraph, deleting says that
	// the current place is in such a change.
	deleted  []byte
	deleting bool
}

func (r *reader) read(t token) {
	switch {
	case t.name == "":
		if r.inside > 0 {
			r.found = true
			r.write(t.said())
		}
		return
	case !t.end:
		r.attributes(t)
	}
	if holdsText(t) && !t.alone {
		if t.end {
			r.inside = max(0, r.inside-1)
		} else {
			r.inside++
		}
	}
	ends := t.end || t.alone
	switch t.name {
	case "p", "h":
		if ends {
			r.paragraph()
		}
	case "del", "moveFrom":
		if !t.alone {
			r.deleting = !t.end
		}
	case "br", "cr", "line-break":
		if !t.end {
			r.grid.line()
		}
	case "tab":
		if !t.end && t.attribute("pos") == "" {
			r.write("\t")
		}
	case "s":
		if t.prefix == "text" && !t.end {
			r.grid.write(strings.Repeat(" ", count(t, "c", 100)))
		}
	default:
		r.table(t, ends)
	}
}

// write adds text where it belongs: what was deleted follows its paragraph.
func (r *reader) write(text string) {
	if r.deleting {
		r.deleted = append(r.deleted, text...)
		return
	}
	r.grid.write(text)
}

// paragraph ends one.
func (r *reader) paragraph() {
	if len(r.deleted) > 0 {
		r.grid.write("\t" + string(r.deleted))
		r.deleted = r.deleted[:0]
	}
	r.grid.line()
}

// holdsText reports whether what stands in an element is text of the document:
// in OpenDocument in paragraphs, in the others only in runs.
func holdsText(t token) bool {
	switch t.name {
	case "t", "delText", "instrText":
		return true
	case "p", "h":
		return t.prefix == "text"
	}
	return false
}

// table follows the tables of a document.
func (r *reader) table(t token, ends bool) {
	switch t.name {
	case "spreadsheet":
		r.grid.sheet = !t.end
	case "tbl", "table":
		if !t.alone {
			r.grid.table(!t.end)
		}
	case "tc", "table-cell":
		if ends {
			r.grid.next(count(t, "number-columns-repeated", 64))
		}
	case "tr", "table-row":
		if ends {
			r.grid.row()
		}
	}
}

// attributes keeps those that could hold a key.
func (r *reader) attributes(t token) {
	t.each(func(name, value []byte) {
		if len(value) < longRun || strings.HasPrefix(string(name), "xmlns") {
			return
		}
		text := unescaped(value)
		if from, _ := runs.Next([]byte(text), 0, longRun); from >= 0 {
			r.rest = append(r.rest, name...)
			r.rest = append(r.rest, `="`...)
			r.rest = append(append(r.rest, text...), "\"\n"...)
		}
	})
}

// count reads a number of repetitions: at least one, at most a bound.
func count(t token, attribute string, most int) int {
	n, err := strconv.Atoi(t.attribute(attribute))
	if err != nil {
		return 1
	}
	return min(max(n, 1), most)
}
