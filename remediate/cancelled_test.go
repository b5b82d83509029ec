package remediate_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
)

// cancelled runs until the run is cancelled, and reports whether it was.
func (w *world) cancelled() bool {
	w.t.Helper()
	w.ctx, w.cancel = context.WithCancel(w.t.Context())
	defer func() { w.cancel(); w.ctx, w.cancelAt, w.cutAt = nil, 0, 0 }()
	result, err, _ := w.process(0, w.goOn)
	if w.ctx.Err() == nil {
		w.done("without a break", result, err)
		return false
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		w.t.Fatalf("cancelled, and it says %v; %v", err, w.trace)
	}
	if err == nil && !result.Done() {
		w.t.Fatalf("cancelled, and it says %v; %v", short(result), w.trace)
	}
	return true
}

// step is how far apart the places are at which runs are cut short: a sample,
// unless the full run is asked for.
func step(full int) int {
	if seeds() > 1 {
		return 1
	}
	return full
}

// TestARunThatIsCancelledAnywhereIsGoneOnWith ends the context at every event.
func TestARunThatIsCancelledAnywhereIsGoneOnWith(t *testing.T) {
	for _, name := range providersOfTest() {
		for order := range ordersOfTest() {
			t.Run(name+", "+order, func(t *testing.T) {
				t.Parallel()
				for at, more := 1, true; more && !t.Failed(); at += step(3) {
					inWorld(t, name, order, func(w *world) {
						w.cancelAt = at
						if more = w.cancelled(); more {
							result, err, _ := w.process(0, w.goOn)
							w.done(fmt.Sprintf("cancelled at event %d", at), result, err)
						}
					})
				}
			})
		}
	}
}

// TestARequestThatIsCutIsFoundOut ends the context while a provider answers: before
// the request has its effect, or after that.
func TestARequestThatIsCutIsFoundOut(t *testing.T) {
	for _, name := range providersOfTest() {
		for order := range ordersOfTest() {
			for _, late := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, %s, late %v", name, order, late), func(t *testing.T) {
					t.Parallel()
					for at, more := 1, true; more && !t.Failed(); at += step(2) {
						inWorld(t, name, order, func(w *world) {
							w.requests, w.cutAt, w.late = 0, at, late
							if more = w.cancelled(); more {
								result, err, _ := w.process(0, w.goOn)
								w.done(fmt.Sprintf("cut at request %d", at), result, err)
							}
						})
					}
				})
			}
		}
	}
}
