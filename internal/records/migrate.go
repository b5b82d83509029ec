package records

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"strings"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the tables up to date: forward only, each step once, and only
// where the steps before are those that this program knows.
func (s *Store) migrate(ctx context.Context) error {
	return s.Locked(ctx, func(ctx context.Context) error {
		return s.Update(ctx, func(tx *Tx) error { return tx.migrate(ctx) })
	})
}

func (tx *Tx) migrate(ctx context.Context) error {
	const table = "CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, digest TEXT NOT NULL, applied BIGINT NOT NULL)"
	if _, err := tx.exec(ctx, table); err != nil {
		return doing("migrate", err)
	}
	type step struct{ name, digest string }
	done, err := list(ctx, tx, "SELECT name, digest FROM migrations ORDER BY name", func(scan func(to ...any) error, s *step) error {
		return scan(&s.name, &s.digest)
	})
	if err != nil {
		return doing("migrate", err)
	}
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return doing("migrate", err)
	}
	if len(done) > len(names) {
		return ErrNewer
	}
	for i, name := range names {
		text, err := migrations.ReadFile(name)
		if err != nil {
			return doing("migrate", err)
		}
		sum := sha256.Sum256(text)
		digest := hex.EncodeToString(sum[:])
		if i < len(done) {
			if done[i].name != name || done[i].digest != digest {
				return fmt.Errorf("%w: %s", ErrChanged, done[i].name)
			}
			continue
		}
		if err := tx.apply(ctx, name, string(text), digest); err != nil {
			return fmt.Errorf("records: migrate by %s: %w", name, err)
		}
	}
	return nil
}

func (tx *Tx) apply(ctx context.Context, name, text, digest string) error {
	text = strings.ReplaceAll(text, "{serial}", tx.words().serial)
	for statement := range strings.SplitSeq(text, ";\n") {
		if _, err := tx.exec(ctx, statement); err != nil {
			return err
		}
	}
	_, err := tx.exec(ctx, "INSERT INTO migrations (name, digest, applied) VALUES ($1, $2, "+tx.words().now+")", name, digest)
	return err
}
