package records_test

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/sourcegraph/conc/pool"

	"github.com/qleaks/qleaks/internal/records"
)

// tamper changes a database that nobody has open.
func tamper(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func TestOtherTablesAreRefused(t *testing.T) {
	for statement, want := range map[string]error{
		"UPDATE migrations SET digest = 'other'":                 records.ErrChanged,
		"INSERT INTO migrations VALUES ('9999_later', 'new', 1)": records.ErrNewer,
	} {
		path := filepath.Join(t.TempDir(), "r.db")
		if err := opened(t, path).Close(); err != nil {
			t.Fatal(err)
		}
		if err := opened(t, path).Close(); err != nil {
			t.Fatal(err)
		}
		tamper(t, path, statement)
		if _, err := records.Open(t.Context(), path); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", statement, err, want)
		}
	}
}

func TestADatabaseIsItsOwners(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such modes")
	}
	dir := filepath.Join(t.TempDir(), "a", "b")
	opened(t, filepath.Join(dir, "r.db"))
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) == 0 {
		t.Fatal(entries, err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has the mode %v, %v", e.Name(), info.Mode(), err)
		}
	}
}

func TestManyOpenAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.db")
	p := pool.New().WithErrors()
	for range 8 {
		p.Go(func() error {
			s, err := records.Open(t.Context(), path)
			if err != nil {
				return err
			}
			return s.Close()
		})
	}
	if err := p.Wait(); err != nil {
		t.Error(err)
	}
}

func TestAnAddressIsNotRepeated(t *testing.T) {
	for _, address := range []string{
		"postgres://someone:marker-pass@127.0.0.1:1/db", "postgres://someone:marker-pass@[::1/db", "postgresql://someone:marker-pass@127.0.0.1:1/db?sslmode=marker-pass",
	} {
		_, err := records.Open(t.Context(), address)
		if err == nil || strings.Contains(err.Error(), "marker-pass") {
			t.Errorf("the error is %v", err)
		}
	}
}
