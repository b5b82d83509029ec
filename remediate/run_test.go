package remediate_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"testing/synctest"

	"github.com/qleaks/qleaks/remediate"
)

func providersOfTest() []string { return []string{"ibm", "ionq", "qbraid"} }

// watch holds the invariants at every event.
func (w *world) watch() {
	w.check = func(point string) {
		if !w.works(w.bystander) || !w.works(w.own) {
			w.t.Fatalf("at %q another key died", point)
		}
		if w.order == remediate.MakeFirst {
			for name, s := range w.stores {
				if !w.works(s.now()) {
					w.t.Fatalf("at %q %s holds a value that does not work; %v", point, name, w.trace)
				}
			}
		}
		if n := w.ours(); n > 1 {
			w.t.Fatalf("at %q there are %d successors; %v", point, n, w.trace)
		}
		if w.ours() == 1 && !w.kept() && !w.journal.intended(remediate.Issue, "revoke the new key") {
			w.t.Fatalf("at %q nobody has the value of the new key; %v", point, w.trace)
		}
	}
}

// kept reports whether a value that works, and is ours, is sealed or in a store.
func (w *world) kept() bool {
	for _, v := range w.vault.sealed {
		if !v.Equal(w.old) && w.works(v) {
			return true
		}
	}
	for _, s := range w.stores {
		if !s.now().Equal(w.old) && w.works(s.now()) {
			return true
		}
	}
	return false
}

// done holds what must be true in the end.
func (w *world) done(what string, result remediate.Result, err error) {
	w.t.Helper()
	if err != nil || !result.Done() {
		w.t.Fatalf("%s: %v; %+v\n%v", what, err, short(result), w.trace)
	}
	if w.works(w.old) {
		w.t.Errorf("%s: the old key lives", what)
	}
	for name, s := range w.stores {
		if s.now().Equal(w.old) || !w.works(s.now()) {
			w.t.Errorf("%s: %s does not hold the new key", what, name)
		}
	}
	if n := w.ours(); n != 1 {
		w.t.Errorf("%s: %d successors", what, n)
	}
	if len(w.vault.sealed) > 0 {
		w.t.Errorf("%s: %d values stay sealed", what, len(w.vault.sealed))
	}
}

func short(r remediate.Result) (texts []string) {
	for _, s := range r.Rotations {
		texts = append(texts, fmt.Sprintf("%s %d/%d: %s", s.State, s.Done, len(s.Row.Steps), s.Why))
	}
	for _, l := range r.Refused {
		texts = append(texts, "refused: "+l.Why)
	}
	return texts
}

// orders are the plans that the tests carry out.
func ordersOfTest() map[string]struct {
	reach remediate.Reach
	order remediate.Order
} {
	return map[string]struct {
		reach remediate.Reach
		order remediate.Order
	}{
		"make first":  {remediate.Private, remediate.MakeFirst},
		"break first": {remediate.Public, remediate.BreakFirst},
		"overlap":     {remediate.Unclear, remediate.FastOverlap},
	}
}

// inWorld runs a test of one provider and order in a bubble.
func inWorld(t *testing.T, name, order string, do func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, name, 0)
		defer w.stop()
		how := ordersOfTest()[order]
		w.draft(how.reach, how.order)
		w.watch()
		do(w)
	})
}

func TestAKeyIsReplaced(t *testing.T) {
	for _, name := range providersOfTest() {
		for order := range ordersOfTest() {
			t.Run(name+", "+order, func(t *testing.T) {
				inWorld(t, name, order, func(w *world) {
					result, err, _ := w.process(0, w.goOn)
					w.done("in one go", result, err)
					again, err := w.machine().Apply(w.t.Context(), w.plan, remediate.Consent{Hash: w.plan.Hash(), Account: "lab"})
					w.done("applied again", again, err)
				})
			})
		}
	}
}

// seeds is how many runs are made of each point: QLEAKS_SEEDS for the full run.
func seeds() int {
	if n, err := strconv.Atoi(os.Getenv("QLEAKS_SEEDS")); err == nil {
		return n
	}
	return 1
}

// every is how far apart the events are at which runs are killed: -short is for
// the race detector, and leaves out three in four.
func every() int {
	if testing.Short() {
		return 4
	}
	return 1
}

// TestNoCrashLosesAnything kills a run at every event, then its successors at
// random events, until one comes through.
func TestNoCrashLosesAnything(t *testing.T) {
	for _, name := range providersOfTest() {
		for order := range ordersOfTest() {
			t.Run(name+", "+order, func(t *testing.T) {
				t.Parallel()
				runs := 0
				for point, more := 1, true; more; point += every() {
					for seed := range seeds() {
						random := rand.New(rand.NewPCG(uint64(point), uint64(seed)))
						inWorld(t, name, order, func(w *world) {
							_, _, died := w.process(point, w.goOn)
							more = died
							for range random.IntN(10) {
								if died {
									runs++
									_, _, died = w.process(1+random.IntN(40), w.goOn)
								}
							}
							result, err, _ := w.process(0, w.goOn)
							runs++
							w.done(fmt.Sprintf("killed at event %d, seed %d", point, seed), result, err)
						})
						if t.Failed() {
							return
						}
					}
				}
				t.Logf("%d processes", runs)
			})
		}
	}
}
