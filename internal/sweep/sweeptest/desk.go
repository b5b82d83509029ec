// Package sweeptest makes desks for sweeps, for tests.
package sweeptest

import (
	"testing"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/sweep"
)

// Desk gives a database the tables of sweeps, if it has none, and returns a desk.
func Desk(t testing.TB, s *records.Store) *sweep.Desk {
	t.Helper()
	if err := sweep.Migrate(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	d, err := sweep.NewDesk(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
