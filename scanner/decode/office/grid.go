package office

import (
	"bytes"
	"strings"

	"github.com/qleaks/qleaks/scanner/runs"
)

const (
	// maxColumns bounds the columns whose heads are remembered.
	maxColumns = 1024
	// longestHead is the longest cell that can name others, in bytes.
	longestHead = 64
)

// grid writes the lines of a document and the rows of its tables, cells with
// tabs between. What a column's head or the cell before calls a key is written
// like an assignment, since the name stands far from it otherwise.
type grid struct {
	out  []byte
	cell []byte
	// depth counts the tables around the current place, column the cells of
	// the row.
	depth, column int
	// sheet says that tables are those of a spreadsheet.
	sheet bool
	// heads are those of the first row that has any text.
	heads  []string
	headed bool
	begun  bool
	before string
}

func (g *grid) write(s string) {
	if g.depth > 0 {
		g.cell = append(g.cell, s...)
		return
	}
	g.out = append(g.out, s...)
}

// line ends a line, which in a table is none.
func (g *grid) line() {
	if g.depth > 0 {
		g.cell = append(g.cell, ' ')
		return
	}
	g.out = append(g.out, '\n')
}

// table begins or ends one.
func (g *grid) table(begins bool) {
	switch {
	case begins:
		if g.depth++; g.depth == 1 {
			g.heads, g.headed, g.begun = g.heads[:0], false, false
			g.cell, g.column, g.before = g.cell[:0], 0, ""
		}
	case g.depth > 0:
		if len(g.cell) > 0 {
			g.next(1)
		}
		g.depth--
	}
}

// next ends a cell, which stands for so many.
func (g *grid) next(columns int) {
	text := strings.TrimSpace(string(g.cell))
	g.cell = g.cell[:0]
	if !g.headed && g.column < maxColumns {
		g.heads = append(g.heads, text)
	}
	g.begun = g.begun || text != ""
	switch {
	case !isLong(text):
		g.out = append(g.out, text...)
	case g.sheet && g.headed && g.column < len(g.heads) && names(g.heads[g.column]):
		g.assign(g.heads[g.column], text)
	case names(g.before):
		g.out = bytes.TrimRight(g.out, "\t")
		g.assign("", text)
	default:
		g.out = append(g.out, text...)
	}
	for range columns {
		g.out = append(g.out, '\t')
	}
	g.before, g.column = text, g.column+columns
}

// skip passes over empty cells up to a column.
func (g *grid) skip(column int) {
	if column <= g.column {
		return
	}
	for !g.headed && len(g.heads) < min(column, maxColumns) {
		g.heads = append(g.heads, "")
	}
	g.before, g.column = "", column
}

func (g *grid) assign(name, value string) {
	g.out = append(append(g.out, name...), `: "`...)
	g.out = append(append(g.out, value...), '"')
}

// row ends one.
func (g *grid) row() {
	if len(g.cell) > 0 {
		g.next(1)
	}
	g.headed = g.headed || g.begun
	if !g.headed {
		g.heads = g.heads[:0]
	}
	g.column, g.before = 0, ""
	if g.depth > 0 {
		g.out = append(g.out, '\n')
	}
}

func (g *grid) finish() []byte {
	if len(g.cell) > 0 {
		g.depth = 1
		g.row()
	}
	return g.out
}

// isLong reports whether a cell could hold a key.
func isLong(text string) bool {
	from, _ := runs.Next([]byte(text), 0, longRun)
	return from >= 0
}

// names reports whether a cell says that another one is a key.
func names(text string) bool {
	if text == "" || len(text) > longestHead {
		return false
	}
	lower := strings.ToLower(text)
	for _, word := range []string{"key", "token", "secret", "credential", "passw"} {
		if strings.Contains(lower, word) {
			from, to := runs.Next([]byte(text), 0, longRun)
			return from < 0 || !runs.Mixed([]byte(text)[from:to])
		}
	}
	return false
}
