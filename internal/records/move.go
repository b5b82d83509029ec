package records

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Why records are not moved.
var (
	// ErrBusy says that a sweep goes on, or a worker works.
	ErrBusy = errors.New("a sweep goes on, or a worker works on the database")
	// ErrNotEmpty says that there are records already where they are to go.
	ErrNotEmpty = errors.New("there are records in that database already")
)

// Moved is how many rows of a table were copied.
type Moved struct {
	Table string `json:"table"`
	Rows  int64  `json:"rows"`
}

// MoveTo copies all records into another database, which has none, in one
// transaction: a file's to a server, or back. Jobs are not copied, so that no sweep
// may go on; ErrBusy says that one does. The records here stay as they are.
func (s *Store) MoveTo(ctx context.Context, to *Store) (moved []Moved, err error) {
	going, err := number(ctx, s.engine, "SELECT (SELECT COUNT(*) FROM runs WHERE ended = 0) + (SELECT COUNT(*) FROM workers WHERE beat > "+s.engine.words().now+" - 60000000)")
	if err != nil {
		return nil, doing("move", err)
	}
	if going > 0 {
		return nil, ErrBusy
	}
	tables, err := s.tables(ctx)
	if err != nil {
		return nil, doing("move", err)
	}
	for _, t := range tables {
		n, err := number(ctx, to.engine, "SELECT COUNT(*) FROM "+t.name)
		if err != nil {
			return nil, doing("move", err)
		}
		if n > 0 {
			return nil, ErrNotEmpty
		}
	}
	err = to.Update(ctx, func(tx *Tx) error {
		for _, t := range tables {
			n, err := s.copyTo(ctx, tx, t)
			if err != nil {
				return fmt.Errorf("table %s: %w", t.name, err)
			}
			moved = append(moved, Moved{t.name, n})
		}
		return nil
	})
	if err != nil {
		return nil, doing("move", err)
	}
	return moved, nil
}

// table is one of ours, with its columns in their order.
type table struct {
	name    string
	columns []string
	// truths are the columns of truth values, which a file has as numbers.
	truths map[int]bool
}

// counted reports whether the database numbers the rows.
func (t table) counted() bool { return slices.Contains(t.columns, "seq") }

// tables returns those of the records. Workers are of the moment, migrations are
// the other database's own, and the tables of the job engine begin with river.
func (s *Store) tables(ctx context.Context) (all []table, err error) {
	statement := "SELECT m.name, c.name, c.type = 'BOOLEAN' FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY m.name, c.cid"
	if s.Pool() != nil {
		statement = "SELECT table_name::text, column_name::text, data_type = 'boolean' FROM information_schema.columns WHERE table_schema = current_schema() ORDER BY table_name, ordinal_position"
	}
	err = s.engine.query(ctx, statement, func(scan func(to ...any) error) error {
		var name, column string
		var truth bool
		if err := scan(&name, &column, &truth); err != nil {
			return err
		}
		if name == "workers" || name == "migrations" || strings.HasPrefix(name, "river") || strings.HasPrefix(name, "sqlite") {
			return nil
		}
		if n := len(all); n == 0 || all[n-1].name != name {
			all = append(all, table{name: name, truths: map[int]bool{}})
		}
		t := &all[len(all)-1]
		t.truths[len(t.columns)] = truth
		t.columns = append(t.columns, column)
		return nil
	})
	return all, err
}

// copiedAtOnce is how many rows one statement writes.
const copiedAtOnce = 200

func (s *Store) copyTo(ctx context.Context, tx *Tx, t table) (rows int64, err error) {
	columns := strings.Join(t.columns, ", ")
	var values []any
	write := func() error {
		if len(values) == 0 {
			return nil
		}
		n, err := tx.exec(ctx, t.insert(tx, len(values)/len(t.columns)), values...)
		rows, values = rows+n, nil
		return err
	}
	err = s.engine.query(ctx, "SELECT "+columns+" FROM "+t.name, func(scan func(to ...any) error) error {
		row, to := make([]any, len(t.columns)), make([]any, len(t.columns))
		for i := range row {
			to[i] = &row[i]
		}
		if err := scan(to...); err != nil {
			return err
		}
		for i, v := range row {
			if n, ok := v.(int64); ok && t.truths[i] {
				row[i] = n != 0
			}
		}
		values = append(values, row...)
		if len(values) < copiedAtOnce*len(t.columns) {
			return nil
		}
		return write()
	})
	if err == nil {
		err = write()
	}
	if err != nil {
		return rows, err
	}
	if t.counted() && tx.words().lock != "" {
		// The next number is behind those that were copied.
		_, err = number(ctx, tx, "SELECT setval(pg_get_serial_sequence('"+t.name+"', 'seq'), COALESCE(MAX(seq), 0) + 1, false) FROM "+t.name)
	}
	return rows, err
}

// insert is the statement that writes some rows with the numbers that they had.
func (t table) insert(tx *Tx, rows int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "INSERT INTO %s (%s) ", t.name, strings.Join(t.columns, ", "))
	if t.counted() && tx.words().lock != "" {
		b.WriteString("OVERRIDING SYSTEM VALUE ")
	}
	b.WriteString("VALUES ")
	n := 0
	for i := range rows {
		if i > 0 {
			b.WriteString(", ")
		}
		for j := range t.columns {
			b.WriteString([]string{"(", ", "}[min(j, 1)])
			n++
			fmt.Fprintf(&b, "$%d", n)
		}
		b.WriteString(")")
	}
	return b.String()
}
