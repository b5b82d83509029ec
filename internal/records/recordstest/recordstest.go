// Package recordstest opens databases of records, for tests.
package recordstest

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/qleaks/qleaks/internal/records"
)

// Open opens an empty database, which is closed when the test ends.
func Open(t testing.TB) *records.Store {
	t.Helper()
	s, err := records.Open(t.Context(), filepath.Join(t.TempDir(), "records.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Update is Store.Update; the test ends if it fails.
func Update(t testing.TB, s *records.Store, do func(ctx context.Context, tx *records.Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), func(tx *records.Tx) error { return do(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}
