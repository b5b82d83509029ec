package sweep

import (
	"context"
	"encoding/json"
	"time"

	"github.com/qleaks/qleaks/internal/records"
)

const (
	// retainPause is how often a worker looks whether something is to be deleted by
	// its age, and retainEvery how often that is done, by whichever worker.
	retainPause = time.Hour
	retainEvery = 23 * time.Hour
	retainKind  = "retain"
)

// retain deletes what is older than it has to be, once a day for all workers.
func (w *Worker) retain(ctx context.Context) error {
	if w.Retention == (records.Retention{}) {
		return nil
	}
	last, err := w.Store.Actions(ctx, records.ActionFilter{Kind: retainKind}, records.Page{Most: 1})
	if err != nil || len(last) > 0 && time.Since(last[0].At) < retainEvery {
		return err
	}
	deleted, err := w.Store.Retain(ctx, w.Retention)
	if err != nil {
		return err
	}
	w.log().Info("old records were deleted", "rows", deleted.Rows())
	detail, err := json.Marshal(deleted)
	if err != nil {
		return err
	}
	return w.Store.Update(ctx, func(tx *records.Tx) error {
		_, err := tx.Act(ctx, records.Action{Kind: retainKind, Subject: "records", State: "done", Who: "clock", Detail: detail})
		return err
	})
}
