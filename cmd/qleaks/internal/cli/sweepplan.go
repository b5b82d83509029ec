package cli

import (
	"context"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/web/desk"
)

// keepPlan brings a plan to the records, where people approve it. The file was named
// by a process that reads a tree: what is no plan, or holds a key, is refused.
func (s steps) keepPlan(ctx context.Context, run records.Run, file string) error {
	plan, err := readPlan(file)
	if err != nil {
		return err
	}
	return s.store.Update(ctx, func(tx *records.Tx) error {
		_, err := desk.KeepPlan(ctx, tx, plan, "sweep", run.Seq)
		return err
	})
}
