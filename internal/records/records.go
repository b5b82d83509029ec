// Package records is the database of what sweeps of an organisation found out:
// findings and their life, repositories and how far they were read, keys and when
// they were last used, runs, decisions of people, actions, schedules.
//
// It lies in one file (SQLite), or in PostgreSQL, with the same statements. It
// holds no key material: a key is its fingerprint, a place is a path and a line.
// Lists are read in pages that begin behind a number, so that a page costs the
// same however long the list is.
package records

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Errors that callers branch on.
var (
	// ErrNotFound says that there is no such record.
	ErrNotFound = errors.New("there is no such record")
	// ErrNewer says that a newer qleaks wrote the database.
	ErrNewer = errors.New("the database was written by a newer version of qleaks: upgrade this one")
	// ErrChanged says that the tables are not those that this program knows.
	ErrChanged = errors.New("a migration of the database is not the one that this version of qleaks has")
	// ErrLost says that somebody else holds what this worker held.
	ErrLost = errors.New("the repository is not held any more: another worker took it over")
	// errIncomplete says that a record lacks what every one of its kind has.
	errIncomplete = errors.New("something is missing: who, why, or what it is about")
	// ErrCovered says that a run has its coverage of a repository already.
	ErrCovered = errors.New("the run covered the repository already")
)

// Store is the database. It is safe for concurrent use, also by several
// processes.
type Store struct {
	engine engine
}

// Tx is a transaction. It ends with the function that it was given to.
type Tx struct {
	conn

	// Native is the driver's own transaction, a *sql.Tx or a pgx.Tx, for those who
	// write beside the records in one step.
	Native any
	// counted is by how much the counts of findings change.
	counted map[kind]int64
}

// conn runs statements: of a transaction, or of the database at large.
type conn interface {
	// exec returns how many rows it changed.
	exec(ctx context.Context, statement string, args ...any) (int64, error)
	// query calls each for every row; the function must not use the connection.
	query(ctx context.Context, statement string, each func(scan func(to ...any) error) error, args ...any) error
	// words are what the drivers say differently.
	words() dialect
}

// dialect is what the drivers say differently.
type dialect struct {
	// serial is the type of a number that counts rows; lock ends a statement that
	// reads a row to change it.
	serial, lock string
	// now is the time by the database's own clock, in microseconds.
	now string
}

// engine is a driver.
type engine interface {
	conn
	update(ctx context.Context, do func(tx *Tx) error) error
	locked(ctx context.Context, do func(ctx context.Context) error) error
}

// Open opens a database and brings its tables up to date. A name that begins with
// postgres:// or postgresql:// is a server; anything else is a file, which is made
// if it is not there, for its owner alone.
func Open(ctx context.Context, name string) (*Store, error) {
	open := openSQLite
	if IsServer(name) {
		open = openPostgres
	}
	e, err := open(ctx, name)
	if err != nil {
		return nil, err
	}
	s := &Store{engine: e}
	if err := s.migrate(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// IsServer reports whether a name is that of a PostgreSQL server.
func IsServer(name string) bool {
	return strings.HasPrefix(name, "postgres://") || strings.HasPrefix(name, "postgresql://")
}

// Close closes the database.
func (s *Store) Close() error {
	switch e := s.engine.(type) {
	case *sqlite:
		return e.close()
	case *postgres:
		e.pool.Close()
	}
	return nil
}

// Update runs a function in a transaction, which is undone if it returns an error.
func (s *Store) Update(ctx context.Context, do func(tx *Tx) error) error {
	return s.engine.update(ctx, func(tx *Tx) error {
		if err := do(tx); err != nil {
			return err
		}
		return tx.keepCounts(ctx)
	})
}

// Locked runs a function while no other process is in Locked on this database.
func (s *Store) Locked(ctx context.Context, do func(ctx context.Context) error) error {
	return s.engine.locked(ctx, do)
}

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	_, err := number(ctx, s.engine, "SELECT 1")
	return err
}

// number reads one number; ErrNotFound if there is no row.
func number(ctx context.Context, c conn, statement string, args ...any) (int64, error) {
	var n int64
	found := false
	err := c.query(ctx, statement, func(scan func(to ...any) error) error {
		found = true
		return scan(&n)
	}, args...)
	if err == nil && !found {
		err = ErrNotFound
	}
	return n, err
}

// list reads rows.
func list[T any](ctx context.Context, c conn, statement string, read func(scan func(to ...any) error, row *T) error, args ...any) ([]T, error) {
	var rows []T
	err := c.query(ctx, statement, func(scan func(to ...any) error) error {
		var row T
		if err := read(scan, &row); err != nil {
			return err
		}
		rows = append(rows, row)
		return nil
	}, args...)
	return rows, err
}

// one reads one row; ErrNotFound if there is none.
func one[T any](ctx context.Context, c conn, statement string, read func(scan func(to ...any) error, row *T) error, args ...any) (T, error) {
	rows, err := list(ctx, c, statement, read, args...)
	if err == nil && len(rows) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		var none T
		return none, err
	}
	return rows[0], nil
}

// clock reads the time of the database, which all workers share.
func clock(ctx context.Context, c conn) (time.Time, error) {
	n, err := number(ctx, c, "SELECT "+c.words().now)
	return moment(n), err
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func moment(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

// doing says in which operation an error came.
func doing(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("records: %s: %w", what, err)
}

// plain makes texts such that both drivers take them: PostgreSQL takes no NUL, and
// only UTF-8.
func plain(args []any) []any {
	for i, arg := range args {
		if text, ok := arg.(string); ok {
			args[i] = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
		}
	}
	return args
}
