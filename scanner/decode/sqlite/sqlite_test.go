package sqlite_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/scanner/decode/sqlite"
)

// file writes databases of one table, as SQLite lays them out.
type file struct {
	pageSize int
	pages    [][]byte
}

func varint(v int) []byte {
	if v < 0x80 {
		return []byte{byte(v)}
	}
	if v < 0x4000 {
		return []byte{byte(v>>7) | 0x80, byte(v & 0x7f)}
	}
	return []byte{byte(v>>14) | 0x80, byte(v>>7) | 0x80, byte(v & 0x7f)}
}

// record makes a record of texts, numbers, blobs and nil.
func record(values ...any) []byte {
	var head, body []byte
	for _, v := range values {
		switch v := v.(type) {
		case nil:
			head = append(head, 0)
		case int:
			head, body = append(head, 1), append(body, byte(v))
		case []byte:
			head, body = append(head, varint(12+2*len(v))...), append(body, v...)
		case string:
			head, body = append(head, varint(13+2*len(v))...), append(body, v...)
		}
	}
	return slices.Concat(varint(len(head)+1), head, body)
}

// cell makes the cell of a leaf, with overflow pages where they are due.
func (f *file) cell(rowid int, payload []byte) []byte {
	u := f.pageSize
	local := len(payload)
	if local > u-35 {
		least := (u-12)*32/255 - 23
		if local = least + (len(payload)-least)%(u-4); local > u-35 {
			local = least
		}
	}
	cell := slices.Concat(varint(len(payload)), varint(rowid), payload[:local])
	if rest := payload[local:]; len(rest) > 0 {
		cell = binary.BigEndian.AppendUint32(cell, uint32(len(f.pages)+1))
		for len(rest) > 0 {
			page := make([]byte, f.pageSize)
			rest = rest[copy(page[4:], rest):]
			f.pages = append(f.pages, page)
			if len(rest) > 0 {
				binary.BigEndian.PutUint32(page, uint32(len(f.pages)+1))
			}
		}
	}
	return cell
}

// leaf fills a page with cells.
func leaf(page []byte, begin int, cells ...[]byte) {
	page[begin] = 13
	binary.BigEndian.PutUint16(page[begin+3:], uint16(len(cells)))
	end := len(page)
	for i, c := range cells {
		end -= copy(page[end-len(c):], c)
		binary.BigEndian.PutUint16(page[begin+8+2*i:], uint16(end))
	}
	binary.BigEndian.PutUint16(page[begin+5:], uint16(end))
}

// database makes one with a table and its rows in one leaf.
func database(sql string, rows ...[]byte) []byte {
	f := &file{pageSize: 1024, pages: [][]byte{make([]byte, 1024), make([]byte, 1024)}}
	var cells [][]byte
	for i, r := range rows {
		cells = append(cells, f.cell(i+1, r))
	}
	leaf(f.pages[1], 0, cells...)
	leaf(f.pages[0], 100, f.cell(1, record("table", "t", "t", 2, sql)))
	head := f.pages[0]
	copy(head, sqlite.Magic)
	binary.BigEndian.PutUint16(head[16:], 1024)
	head[18], head[19], head[59] = 1, 1, 1
	binary.BigEndian.PutUint32(head[28:], uint32(len(f.pages)))
	return slices.Concat(f.pages...)
}

// read tells the rows of all tables.
func read(t testing.TB, content []byte) (rows []string, db *sqlite.DB) {
	t.Helper()
	db, ok := sqlite.Open(content)
	if !ok {
		t.Fatal("not opened")
	}
	tell := func(values []sqlite.Value) string {
		var words []string
		for _, v := range values {
			switch v.Kind {
			case sqlite.Int:
				words = append(words, fmt.Sprint(v.Int))
			case sqlite.Float:
				words = append(words, fmt.Sprint(v.Float))
			case sqlite.Null:
				words = append(words, "null")
			default:
				words = append(words, string(v.Bytes))
			}
		}
		return strings.Join(words, "|")
	}
	for _, table := range db.Tables() {
		db.Rows(table, func(rowid int64, values []sqlite.Value) bool {
			rows = append(rows, fmt.Sprintf("%s(%s) %d: %s", table.Name, strings.Join(table.Columns, ","), rowid, tell(values)))
			return true
		})
	}
	db.Loose(func(values []sqlite.Value) bool {
		rows = append(rows, "loose: "+tell(values))
		return true
	})
	return rows, db
}

func TestRowsAreRead(t *testing.T) {
	long := strings.Repeat("0123456789", 500)
	content := database("CREATE TABLE t(name TEXT, value)", record("a", "b"), record(nil, 7), record([]byte("x\x00y"), long))
	rows, db := read(t, content)
	want := []string{"t(name,value) 1: a|b", "t(name,value) 2: null|7", "t(name,value) 3: x\x00y|" + long}
	if !slices.Equal(rows, want) || db.Broken() {
		t.Errorf("%q, broken %t", rows, db.Broken())
	}
	if unused := db.Unused(); len(unused) > 2 {
		t.Errorf("unused: %v", unused)
	}
}

func TestColumnsAreNamedAsTheyAreStored(t *testing.T) {
	for sql, want := range map[string]string{
		"CREATE TABLE t(a, b TEXT NOT NULL DEFAULT 'x,y)', \"c d\" INT, [e], `f` NUMERIC(1,2))": "a,b,c d,e,f",
		"CREATE TABLE t(id INTEGER PRIMARY KEY, x, PRIMARY KEY(x), UNIQUE (id, x))":             "id,x",
		"CREATE TABLE t(a /* , z */ TEXT, -- , y\n b INT CHECK (b IN (1, 2)))":                  "a,b",
		"CREATE TABLE t(a, v INT GENERATED ALWAYS AS (a + 1) VIRTUAL, s AS (a) STORED)":         "a,s",
		"CREATE TABLE t": "", "": "", "CREATE TABLE t((((": "(", "CREATE TABLE t(\"": "\"",
	} {
		rows, _ := read(t, database(sql, record("v")))
		if got := fmt.Sprintf("t(%s) 1: v", want); len(rows) != 1 || rows[0] != got {
			t.Errorf("%s: %q, want %q", sql, rows, got)
		}
	}
}

func TestPagesOfNoTableAreRead(t *testing.T) {
	content := database("CREATE TABLE t(a)", record("x"))
	page := make([]byte, 1024)
	f := &file{pageSize: 1024}
	leaf(page, 0, f.cell(1, record("dropped", "row")))
	content = append(content, page...)
	binary.BigEndian.PutUint32(content[28:], 3)
	rows, db := read(t, content)
	if want := []string{"t(a) 1: x", "loose: dropped|row"}; !slices.Equal(rows, want) || db.Broken() {
		t.Errorf("%q", rows)
	}
}

func TestWhatNoRowHoldsIsUnused(t *testing.T) {
	content := database("CREATE TABLE t(a)", record("x"))
	const left = "what a deleted row left behind"
	copy(content[1024+500:], left)
	_, db := read(t, content)
	for _, s := range db.Unused() {
		if strings.Contains(string(content[s.From:s.To]), left) {
			return
		}
	}
	t.Errorf("not in %v", db.Unused())
}

func TestRowsInTheSpaceBetweenAreRead(t *testing.T) {
	content := database("CREATE TABLE t(a)", record("x"))
	copy(content[1024+300:], record("a name that is long enough", "and its value", 7))
	rows, db := read(t, content)
	if want := []string{"t(a) 1: x", "loose: a name that is long enough|and its value|7"}; !slices.Equal(rows, want) {
		t.Errorf("%q", rows)
	}
	for _, s := range db.Unused() {
		if strings.Contains(string(content[s.From:s.To]), "its value") {
			t.Error("it is unused as well")
		}
	}
}

func TestDamageIsTold(t *testing.T) {
	whole := database("CREATE TABLE t(a)", record(strings.Repeat("v", 5000)))
	for name, content := range map[string][]byte{
		"cut":           whole[:len(whole)-1024],
		"odd size":      append(slices.Clone(whole), 1),
		"lost overflow": slices.Concat(whole[:1024], whole[1024:2048-len("vvv")-60], make([]byte, 63), whole[2048:]),
	} {
		if _, db := read(t, content); !db.Broken() {
			t.Errorf("%s: nothing is told", name)
		}
	}
}

func TestNoPageIsReadTwice(t *testing.T) {
	content := database("CREATE TABLE t(a)", record(strings.Repeat("v", 3000)))
	// Every cell of the leaf is the one with the overflow pages.
	page := content[1024:2048]
	start := binary.BigEndian.Uint16(page[8:])
	count := (int(start) - 8) / 2
	binary.BigEndian.PutUint16(page[3:], uint16(count))
	for i := range count {
		binary.BigEndian.PutUint16(page[8+2*i:], start)
	}
	rows, db := read(t, content)
	total := 0
	for _, r := range rows {
		total += len(r)
	}
	if total > count*1024+4096 || !db.Broken() {
		t.Errorf("%d bytes of %d", total, len(content))
	}
}

// FuzzOpen holds the reader to its bounds on damaged databases.
func FuzzOpen(f *testing.F) {
	f.Add(database("CREATE TABLE t(a, b)", record("x", 1), record(strings.Repeat("v", 3000), nil)))
	f.Add(database("CREATE TABLE t(a PRIMARY KEY, \"b\") WITHOUT ROWID", record([]byte("x"), "y")))
	f.Fuzz(func(t *testing.T, content []byte) {
		db, ok := sqlite.Open(content)
		if !ok {
			return
		}
		hold(t, db, content)
	})
}

func hold(t *testing.T, db *sqlite.DB, content []byte) {
	t.Helper()
	largest := 0
	for _, table := range db.Tables() {
		db.Rows(table, func(_ int64, row []sqlite.Value) bool {
			size := 0
			for _, v := range row {
				size += len(v.Bytes)
			}
			largest = max(largest, size)
			return true
		})
	}
	db.Loose(func([]sqlite.Value) bool { return true })
	if largest > 2*len(content) {
		t.Fatalf("a row of %d bytes in %d", largest, len(content))
	}
	for _, s := range db.Unused() {
		if s.From < 0 || s.From >= s.To || s.To > len(content) {
			t.Fatalf("unused: %v of %d", s, len(content))
		}
	}
}

func TestDamageAnywhereIsSurvived(t *testing.T) {
	whole := database("CREATE TABLE t(a, b)", record("x", "y"), record(strings.Repeat("v", 3000), nil))
	r := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		content := slices.Clone(whole[:len(whole)-r.IntN(2)*r.IntN(2000)])
		for range 1 + r.IntN(8) {
			at := r.IntN(len(content))
			if r.IntN(3) > 0 {
				at = []int{16, 20, 56, 100, 103, 108, 1024, 1027, 1032, 1033}[r.IntN(10)]
			}
			content[at] = byte(r.Uint32())
		}
		if db, ok := sqlite.Open(content); ok {
			hold(t, db, content)
		}
	}
}
