package sweep_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/sourcegraph/conc"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/sweep"
)

// beside runs a function beside the test.
func beside(do func()) {
	var g conc.WaitGroup
	g.Go(do)
}

// The variables that make this program a worker of its own.
const (
	workerDatabase = "QLEAKS_TEST_SWEEP_DATABASE"
	workerShop     = "QLEAKS_TEST_SWEEP_SHOP"
	workerLog      = "QLEAKS_TEST_SWEEP_LOG"
)

func TestMain(m *testing.M) {
	if os.Getenv(workerDatabase) == "" {
		os.Exit(m.Run())
	}
	if err := workAlone(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// workAlone works until it is killed.
func workAlone(ctx context.Context) error {
	s, err := records.Open(ctx, os.Getenv(workerDatabase))
	if err != nil {
		return err
	}
	if err := sweep.Migrate(ctx, s); err != nil {
		return err
	}
	at := shop{dir: os.Getenv(workerShop), log: os.Getenv(workerLog), slow: 30 * time.Millisecond}
	w, err := sweep.NewWorker(sweep.Options{
		Store: s, Source: at, Reader: at, Workers: 3, Patience: patience, Steps: []sweep.NamedStep{step("verify", false), step("judge", false)},
	})
	if err != nil {
		return err
	}
	return w.Run(ctx)
}

// patience is how long a worker of a test may be silent. A busy machine makes it
// lose work, which must then be done again, and no more.
const patience = 3 * time.Second
