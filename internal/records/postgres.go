package records

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// postgres is a server.
type postgres struct{ pool *pgxpool.Pool }

// advisory is the number of the lock that keeps migrations apart: "qleaks" in
// ASCII.
const advisory = 0x716c65616b73

func openPostgres(ctx context.Context, name string) (engine, error) {
	config, err := pgxpool.ParseConfig(name)
	if err != nil {
		// The text of the error may repeat the address with its password.
		return nil, errors.New("records: the address of the database is not one that PostgreSQL's drivers read")
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, doing("open", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("records: reach %s: %w", config.ConnConfig.Host, withoutAddress(err))
	}
	return &postgres{pool: pool}, nil
}

// withoutAddress is an error of connecting without what it says of the address.
func withoutAddress(err error) error {
	if of, ok := errors.AsType[*pgconn.PgError](err); ok {
		return of
	}
	if cause := errors.Unwrap(err); cause != nil {
		return cause
	}
	return err
}

func (e *postgres) words() dialect {
	return dialect{
		serial: "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", lock: " FOR UPDATE",
		now: "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
	}
}

func (e *postgres) exec(ctx context.Context, statement string, args ...any) (int64, error) {
	tag, err := e.pool.Exec(ctx, statement, plain(args)...)
	return tag.RowsAffected(), err
}

func (e *postgres) query(ctx context.Context, statement string, each func(scan func(to ...any) error) error, args ...any) error {
	rows, err := e.pool.Query(ctx, statement, plain(args)...)
	return pgRows(rows, err, each)
}

func (e *postgres) update(ctx context.Context, do func(tx *Tx) error) error {
	tx, err := e.pool.Begin(ctx)
	if err != nil {
		return doing("begin", err)
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // after a commit there is nothing to undo
	if err := do(&Tx{conn: pgTx{tx: tx, dialect: e.words()}, Native: tx}); err != nil {
		return err
	}
	return doing("commit", tx.Commit(ctx))
}

func (e *postgres) locked(ctx context.Context, do func(ctx context.Context) error) error {
	held, err := e.pool.Acquire(ctx)
	if err != nil {
		return doing("lock", err)
	}
	defer held.Release()
	if _, err := held.Exec(ctx, "SELECT pg_advisory_lock($1)", int64(advisory)); err != nil {
		return doing("lock", err)
	}
	after := do(ctx)
	_, err = held.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", int64(advisory))
	return errors.Join(after, doing("unlock", err))
}

// pgTx is a transaction of pgx.
type pgTx struct {
	tx      pgx.Tx
	dialect dialect
}

func (t pgTx) words() dialect { return t.dialect }

func (t pgTx) exec(ctx context.Context, statement string, args ...any) (int64, error) {
	tag, err := t.tx.Exec(ctx, statement, plain(args)...)
	return tag.RowsAffected(), err
}

func (t pgTx) query(ctx context.Context, statement string, each func(scan func(to ...any) error) error, args ...any) error {
	rows, err := t.tx.Query(ctx, statement, plain(args)...)
	return pgRows(rows, err, each)
}

func pgRows(rows pgx.Rows, err error, each func(scan func(to ...any) error) error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Pool returns the connections to a server, nil if the database is a file.
func (s *Store) Pool() *pgxpool.Pool {
	if e, ok := s.engine.(*postgres); ok {
		return e.pool
	}
	return nil
}
