// Package recordstest opens databases of records, for tests.
package recordstest

import (
	"context"
	"path/filepath"
	"strings"
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
		Sound(t, s)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Sound holds a database, unless the test closed it, to what Check looks for.
func Sound(t testing.TB, s *records.Store) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	if err := s.Ping(ctx); err != nil && strings.Contains(err.Error(), "closed") {
		return
	}
	wrong, err := s.Check(ctx)
	if err != nil || len(wrong) > 0 {
		t.Errorf("the records are not sound: %q, %v", wrong, err)
	}
}

// Update is Store.Update; the test ends if it fails.
func Update(t testing.TB, s *records.Store, do func(ctx context.Context, tx *records.Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), func(tx *records.Tx) error { return do(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}
