package console

import (
	"slices"
	"strings"
)

// Table is the list of keys, as a person reads it.
type Table struct {
	// Header are the names of the columns.
	Header []string
	// Rows have a text for each column.
	Rows [][]string
	// Empty says that the console told that there are no keys.
	Empty bool
}

// Text is the list as text with tabs, as a person copies it.
func (t Table) Text() string {
	var out strings.Builder
	out.WriteString(strings.Join(t.Header, "\t") + "\n")
	for _, r := range t.Rows {
		out.WriteString(strings.Join(r, "\t") + "\n")
	}
	return out.String()
}

// Target is the key that is meant: what its row says. Name is compared exactly;
// the other cells as far as they are given.
type Target struct {
	Name string
	// Cells are texts of other columns, by the names of the columns.
	Cells map[string]string
}

// line is a row of the page, with its texts.
type line struct {
	row   *node
	cells []string
}

// list is what one page of the list shows.
type list struct {
	header []string
	lines  []line
}

// listed reads the table of a page; false where there is none.
func listed(page *node) (list, bool) {
	var l list
	for _, row := range page.all(func(n *node) bool { return n.has("row") }) {
		heads := row.all(func(n *node) bool { return n.has("columnheader") })
		cells := row.all(func(n *node) bool { return n.has("cell", "gridcell", "rowheader") })
		switch {
		case len(heads) > 1 && len(l.header) == 0:
			for _, h := range heads {
				l.header = append(l.header, h.text())
			}
		case len(heads) <= 1 && len(cells) > 1:
			one := line{row: row}
			for _, c := range cells {
				one.cells = append(one.cells, c.text())
			}
			l.lines = append(l.lines, one)
		}
	}
	return l, len(l.header) > 0
}

// nameColumn finds the column with the names of keys.
func (l list) nameColumn() int {
	return slices.IndexFunc(l.header, func(h string) bool {
		return is(h, []string{"Name", "Key name", "API key name", "API key", "Label"})
	})
}

// table leaves out the columns that only hold controls.
func (l list) table() Table {
	t := Table{}
	for i, h := range l.header {
		if i < len(l.header)-1 || h != "" && !is(h, []string{"Actions", "Action"}) {
			t.Header = append(t.Header, h)
		}
	}
	for _, one := range l.lines {
		row := make([]string, len(t.Header))
		copy(row, one.cells)
		t.Rows = append(t.Rows, row)
	}
	return t
}

// matches reports whether a line is that of the target.
func (l list) matches(one line, t Target) bool {
	at := l.nameColumn()
	if at < 0 || at >= len(one.cells) || one.cells[at] != strings.Join(strings.Fields(t.Name), " ") {
		return false
	}
	for i, h := range l.header {
		if want, ok := t.Cells[h]; ok && (i >= len(one.cells) || one.cells[i] != want) {
			return false
		}
	}
	return true
}
