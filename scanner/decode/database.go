package decode

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/qleaks/qleaks/scanner/decode/sqlite"
	"github.com/qleaks/qleaks/scanner/source"
)

const (
	// tableBytes is where the text of a table is handed out in pieces.
	tableBytes = 4 << 20
	// longValue is the length from which a value is a member of its own.
	longValue = 64 << 10
	// rowsInTime is after how many rows the time is looked at.
	rowsInTime = 256
	// unusedSpace names what rows that were deleted left behind.
	unusedSpace = "unused space"
)

// database yields the rows of a database, each table as a member in which a row
// is a line of JSON, and then what no row holds. The raw bytes are no text to
// match, since values touch each other in them; whole says that they need not
// be looked at.
func (w *walk) database(n *node) (whole, more bool) {
	if w.full || !w.inTime() {
		return false, !w.stopped
	}
	if n.nesting >= w.o.Depth {
		return false, w.tooNested(n)
	}
	db, ok := sqlite.Open(n.text)
	if !ok {
		return false, w.note(n.member, source.Unread, "broken "+kindSQLite.String(), sqlite.ErrBroken)
	}
	for _, table := range db.Tables() {
		t := tableText{w: w, n: n, name: table.Name, columns: table.Columns}
		db.Rows(table, t.row)
		if !t.flush() {
			return false, false
		}
	}
	t := tableText{w: w, n: n, name: "deleted rows"}
	db.Loose(func(row []sqlite.Value) bool { return t.row(0, row) })
	if !t.flush() || !w.unusedSpace(n, db.Unused()) {
		return false, false
	}
	if db.Broken() && !w.full {
		return false, w.note(n.member, source.Unread, "broken "+kindSQLite.String(), sqlite.ErrBroken)
	}
	return !w.full, true
}

// unusedSpace yields the stretches that no row holds as one view.
func (w *walk) unusedSpace(n *node, spans []sqlite.Span) bool {
	b := w.builder()
	defer w.giveBack(b)
	for _, s := range spans {
		if len(listRuns(n.text[s.From:s.To])) == 0 && bytes.IndexByte(n.text[s.From:s.To], 0) < 0 {
			continue
		}
		b.copy(n.text, s.From, s.To)
		b.str("\n", s.To, s.To)
	}
	if len(b.text) == 0 {
		return true
	}
	child := n.inner(b.text, b.spans, unusedSpace)
	return w.show(child) && w.text(child)
}

// tableText gathers the rows of a table.
type tableText struct {
	w       *walk
	n       *node
	name    string
	columns []string
	// rows counts the rows so far, first is the one that the text begins with.
	rows, first int
	text        []byte
	stopped     bool
	// named says that the value before is a name, lastName.
	named    bool
	lastName []byte
}

// row adds a row, and returns false when the walk is over.
func (t *tableText) row(rowid int64, row []sqlite.Value) bool {
	if t.rows%rowsInTime == 0 && !t.w.inTime() || t.w.full {
		return false
	}
	before := len(t.text)
	t.rows++
	t.text = append(t.text, '{')
	for i := range row {
		if !t.value(i, &row[i]) {
			return false
		}
		t.named = row[i].Kind == sqlite.Text && isName(row[i].Bytes)
		if t.named {
			t.lastName = append(t.lastName[:0], row[i].Bytes...)
		}
	}
	t.named = false
	if t.text[len(t.text)-1] == '{' {
		t.text = strconv.AppendInt(append(t.text, `"id":`...), rowid, 10)
	}
	t.text = append(t.text, "}\n"...)
	if !t.w.take(t.n.member, len(t.text)-before) {
		return false
	}
	return len(t.text) < tableBytes || t.flush()
}

// value adds a value that may matter, by the name of its column.
func (t *tableText) value(i int, v *sqlite.Value) bool {
	if v.Kind == sqlite.Null || v.Kind == sqlite.Float {
		return true
	}
	column := t.column(i)
	if v.Kind != sqlite.Int && t.apart(v) {
		name := fmt.Sprintf("%s row %d %s", t.name, t.rows, t.columnName(i))
		if !t.w.take(t.n.member, len(v.Bytes)) {
			return false
		}
		t.stopped = !t.w.content(t.w.member(t.n, name, bytes.Clone(v.Bytes)))
		return !t.stopped
	}
	if t.text[len(t.text)-1] != '{' {
		t.text = append(t.text, ',')
	}
	t.text = append(appendJSON(t.text, []byte(column)), ':')
	if v.Kind == sqlite.Int {
		t.text = strconv.AppendInt(t.text, v.Int, 10)
	} else {
		t.text = appendJSON(t.text, v.Bytes)
	}
	return true
}

// column names a value: by its column or, where that says nothing, by the name
// that stands in the row before it.
func (t *tableText) column(i int) string {
	column, known := t.columnName(i), i < len(t.columns)
	switch strings.ToLower(column) {
	case "val", "data", "content", "text", "setting":
		known = false
	}
	if t.named && (!known || len(column) < 3) {
		return string(t.lastName)
	}
	return column
}

func (t *tableText) columnName(i int) string {
	if i < len(t.columns) {
		return t.columns[i]
	}
	return fmt.Sprintf("column %d", i+1)
}

// isName reports whether a text can be the name of a value.
func isName(text []byte) bool {
	if len(text) < 3 || len(text) > 64 || !isLetter(text[0]) {
		return false
	}
	for _, c := range text {
		if !isKeyByte(c) && c != '.' {
			return false
		}
	}
	return true
}

// apart reports whether a value is content by itself: a long one, a notebook,
// an archive, a pickle.
func (t *tableText) apart(v *sqlite.Value) bool {
	return len(v.Bytes) >= longValue || SortOf(v.Bytes) != Text || v.Kind == sqlite.Blob && len(v.Bytes) >= minRun && !utf8.Valid(v.Bytes)
}

// flush yields the rows that were gathered. It returns false when the walk is
// over.
func (t *tableText) flush() bool {
	if t.w.stopped || t.stopped {
		return false
	}
	if len(t.text) == 0 {
		return true
	}
	name := t.name
	if t.first > 0 {
		name = fmt.Sprintf("%s from row %d", name, t.first+1)
	}
	child := t.w.member(t.n, name, t.text)
	ok := t.w.show(child) && t.w.text(child)
	t.text, t.first = t.text[:0], t.rows
	return ok
}

// appendJSON appends a string as JSON, so that a row stays one line.
func appendJSON(out, text []byte) []byte {
	out = append(out, '"')
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			out = append(out, '\\', c)
		case c == '\n':
			out = append(out, `\n`...)
		case c == '\r':
			out = append(out, `\r`...)
		case c == '\t':
			out = append(out, `\t`...)
		case c < ' ':
			out = fmt.Appendf(out, `\u%04x`, c)
		default:
			out = append(out, c)
		}
	}
	return append(out, '"')
}

// take counts bytes that were unfolded. It returns false, and notes it, when
// they are more than may be.
func (w *walk) take(member string, n int) bool {
	w.left -= int64(n)
	if w.left > 0 {
		return true
	}
	w.unread(member, kindNone, errBudget)
	return false
}
