package sweep_test

import (
	"context"
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/sweep"
)

func TestOfASweepThatFailsPeopleHear(t *testing.T) {
	s := opened(t, filepath.Join(t.TempDir(), "records.db"))
	at := newShop(t)
	heard := make(chan records.Run, 2)
	tell := sweep.NamedStep{Name: sweep.NotifyStep, Do: func(_ context.Context, run records.Run) (json.RawMessage, error) {
		heard <- run
		return nil, nil
	}}
	working(t, sweep.Options{Store: s, Source: at, Reader: at, Workers: 1, Steps: []sweep.NamedStep{step("verify", false), tell}})
	desk, err := sweep.NewDesk(s)
	if err != nil {
		t.Fatal(err)
	}
	request := sweep.Request{Target: filepath.Join(at.dir, "nowhere"), Steps: []string{"verify", sweep.NotifyStep}}
	run, err := desk.Start(t.Context(), request, "test")
	if err != nil {
		t.Fatal(err)
	}
	select {
	case got := <-heard:
		if got.Seq != run.Seq || got.State != records.Broken {
			t.Errorf("heard of %+v", got)
		}
	case <-time.After(time.Minute):
		t.Fatal("nobody heard of it")
	}
	if got := await(t, s, run.Seq); got.State != records.Broken || got.Error == "" {
		t.Errorf("it ended as %+v", got)
	}
}
