package records

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/qleaks/qleaks/internal/filelock"
)

// sqlite is a file. One connection writes, others read beside it.
type sqlite struct {
	path          string
	writer, reads *sql.DB
}

// readers is how many connections read at once.
const readers = 4

func openSQLite(ctx context.Context, name string) (engine, error) {
	path, err := filepath.Abs(strings.TrimPrefix(name, "sqlite:"))
	if err != nil {
		return nil, doing("open", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, doing("open", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, doing("open", err)
	}
	if err := f.Close(); err != nil {
		return nil, doing("open", err)
	}
	e := &sqlite{path: path}
	if e.writer, err = connect(ctx, path, 1, "&_txlock=immediate"); err != nil {
		return nil, err
	}
	if e.reads, err = connect(ctx, path, readers, "&_pragma=query_only(1)"); err != nil {
		return nil, errors.Join(err, e.writer.Close())
	}
	return e, nil
}

func connect(ctx context.Context, path string, most int, more string) (*sql.DB, error) {
	name := "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath() +
		"?_pragma=busy_timeout(60000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_pragma=foreign_keys(1)" + more
	db, err := sql.Open("sqlite", name)
	if err != nil {
		return nil, doing("open", err)
	}
	db.SetMaxOpenConns(most)
	db.SetMaxIdleConns(most)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("records: open %s: %w", path, err), db.Close())
	}
	return db, nil
}

func (e *sqlite) close() error { return errors.Join(e.reads.Close(), e.writer.Close()) }

func (e *sqlite) words() dialect {
	return dialect{serial: "INTEGER PRIMARY KEY AUTOINCREMENT", now: "CAST(unixepoch('subsec') * 1000000 AS INTEGER)"}
}

func (e *sqlite) exec(ctx context.Context, statement string, args ...any) (int64, error) {
	return sqlExec(ctx, e.writer, statement, args)
}

func (e *sqlite) query(ctx context.Context, statement string, each func(scan func(to ...any) error) error, args ...any) error {
	return sqlQuery(ctx, e.reads, statement, each, args)
}

func (e *sqlite) update(ctx context.Context, do func(tx *Tx) error) error {
	tx, err := e.writer.BeginTx(ctx, nil)
	if err != nil {
		return doing("begin", err)
	}
	defer tx.Rollback() //nolint:errcheck // after a commit there is nothing to undo
	if err := do(&Tx{conn: sqlTx{tx: tx, dialect: e.words()}, Native: tx}); err != nil {
		return err
	}
	return doing("commit", tx.Commit())
}

// lockPause is how long a process waits before it asks for the lock again.
const lockPause = 50 * time.Millisecond

func (e *sqlite) locked(ctx context.Context, do func(ctx context.Context) error) error {
	f, err := os.OpenFile(e.path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return doing("lock", err)
	}
	defer f.Close() // which unlocks
	for {
		err := filelock.Try(f)
		if err == nil {
			return do(ctx)
		}
		if !errors.Is(err, filelock.ErrHeld) {
			return doing("lock", err)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(lockPause):
		}
	}
}

// sqlTx is a transaction of database/sql.
type sqlTx struct {
	tx      *sql.Tx
	dialect dialect
}

func (t sqlTx) words() dialect { return t.dialect }

func (t sqlTx) exec(ctx context.Context, statement string, args ...any) (int64, error) {
	return sqlExec(ctx, t.tx, statement, args)
}

func (t sqlTx) query(ctx context.Context, statement string, each func(scan func(to ...any) error) error, args ...any) error {
	return sqlQuery(ctx, t.tx, statement, each, args)
}

// sqlRunner is a *sql.DB or a *sql.Tx.
type sqlRunner interface {
	ExecContext(ctx context.Context, statement string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, statement string, args ...any) (*sql.Rows, error)
}

func sqlExec(ctx context.Context, on sqlRunner, statement string, args []any) (int64, error) {
	result, err := on.ExecContext(ctx, statement, plain(args)...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func sqlQuery(ctx context.Context, on sqlRunner, statement string, each func(scan func(to ...any) error) error, args []any) error {
	rows, err := on.QueryContext(ctx, statement, plain(args)...)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // Err tells
	for rows.Next() {
		if err := each(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// SQL returns the connection that writes to a file, nil if the database is a
// server: for the job engine, whose tables lie beside the records.
func (s *Store) SQL() *sql.DB {
	if e, ok := s.engine.(*sqlite); ok {
		return e.writer
	}
	return nil
}
