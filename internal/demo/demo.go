// Package demo makes a small organisation to try qleaks on, without any
// account: simulated providers on this machine, and a repository whose history
// holds their keys.
//
// The keys in it are made anew every time and open nothing outside of it.
package demo

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/sourcegraph/conc"

	ibm "github.com/qleaks/qleaks/internal/provider/ibm/sim"
	ionq "github.com/qleaks/qleaks/internal/provider/ionq/sim"
	qbraid "github.com/qleaks/qleaks/internal/provider/qbraid/sim"
	"github.com/qleaks/qleaks/internal/secret"
)

// World is the organisation. Close it when it is done with.
type World struct {
	// Repository is the working tree of the leaky repository, absolute.
	Repository string
	// Consoles are files with the key pages of the providers that have no call
	// for listing keys, copied as a person copies them, by provider.
	Consoles map[string]string
	// Origins are where the simulated services answer, by provider and service.
	Origins map[string]map[string]string
	// Credentials are the operator's own keys, by provider.
	Credentials map[string]secret.Value

	IonQ   *ionq.Sim
	IBM    *ibm.Sim
	QBraid *qbraid.Sim

	leaked  map[string]secret.Value
	serving conc.WaitGroup
	close   []func() error
}

// Build makes a world below dir, which must be empty or not exist, as of a
// moment. It needs git on the path, and listens on loopback only.
func Build(ctx context.Context, dir string, now time.Time) (*World, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	w := newWorld(dir)
	w.populate(now)
	for _, step := range []func() error{
		func() error { return w.serve(ctx) },
		func() error { return w.writeRepository(ctx, now) },
		func() error { return w.writeConsoles(dir) },
	} {
		if err := step(); err != nil {
			w.Close()
			return nil, fmt.Errorf("demo: %w", err)
		}
	}
	return w, nil
}

func newWorld(dir string) *World {
	return &World{
		Repository: filepath.Join(dir, "bell-lab"), Consoles: map[string]string{}, Origins: map[string]map[string]string{},
		Credentials: map[string]secret.Value{}, leaked: map[string]secret.Value{},
	}
}

// Leaked is the key of a provider that the repository holds or held.
func (w *World) Leaked(provider string) secret.Value { return w.leaked[provider] }

// Close stops the simulated providers. The files stay.
func (w *World) Close() {
	for _, stop := range w.close {
		_ = stop() // nothing of a demonstration is lost by it
	}
	w.close = nil
	w.serving.Wait()
}
