package pages_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/internal/records"
)

// What a run takes is told by the repositories that it works on: those known to be
// unchanged are covered at once, and would promise that it is over in a moment.
func TestTheTimeThatIsLeftIsOfWhatIsWorkedOn(t *testing.T) {
	w := newWorld(t)
	w.fill(plainNames())
	runs, err := w.store.Runs(t.Context(), records.Page{Most: 1})
	if err != nil {
		t.Fatal(err)
	}
	going := runs[0].Seq
	page := func() string { return textOf(t, w.get("/runs/"+decimal(going), http.StatusOK)) }
	if got := page(); !strings.Contains(got, "1 of 4 repositories") || strings.Contains(got, " left") {
		t.Errorf("one of four is unchanged, and no other was worked on: %s", got)
	}
	w.update(func(ctx context.Context, tx *records.Tx) error {
		return tx.Cover(ctx, records.Report{Coverage: records.Coverage{
			Run: going, Repository: w.repository + 1, Outcome: records.Read, Complete: true, Extent: records.Extent{Millis: 600_000},
		}})
	})
	if got := page(); !strings.Contains(got, "2 of 4 repositories") || !strings.Contains(got, "6 an hour") || !strings.Contains(got, "about 20 minutes left") {
		t.Errorf("one took ten minutes, and two are left: %s", got)
	}
}
