package remediate_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/qleaks/qleaks/remediate"
)

func mustJSON(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// undone holds what must be true after a rollback.
func (w *world) undone(what string) {
	w.t.Helper()
	if !w.works(w.old) || w.ours() != 0 || len(w.vault.sealed) != 0 {
		w.t.Errorf("%s: the old key works: %v, %d successors, %d sealed\n%v", what, w.works(w.old), w.ours(), len(w.vault.sealed), w.trace)
	}
	for name, s := range w.stores {
		if !s.now().Equal(w.old) {
			w.t.Errorf("%s: %s does not hold the old value", what, name)
		}
	}
}

// TestWhatIsRolledBackIsAsItWas stops a routine at every event, rolls it back,
// and kills the rollback at events of its own. After the old key was revoked
// there is no way back, and the rotation goes on.
func TestWhatIsRolledBackIsAsItWas(t *testing.T) {
	for _, name := range providersOfTest() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			undone, refused := 0, 0
			for point, more := 1, true; more; point += 2 {
				inWorld(t, name, "make first", func(w *world) {
					_, _, died := w.process(point, w.goOn)
					more = died
					if !died || len(w.journal.records) == 0 {
						return
					}
					id := w.plan.Rows[0].ID
					back := func(m *remediate.Machine) (remediate.Result, error) { return m.Rollback(w.t.Context(), id) }
					what := fmt.Sprintf("killed at event %d", point)
					for n := range 6 {
						if _, _, died = w.process(3+n*(point%5+2), back); !died {
							break
						}
					}
					result, err, _ := w.process(0, back)
					standing, failed := remediate.Status(w.journal)
					if failed != nil {
						w.t.Fatal(failed)
					}
					if standing[0].State == remediate.StateAbandoned {
						undone++
						w.undone(what)
						return
					}
					if err == nil {
						w.t.Fatalf("%s: not rolled back: %v", what, short(result))
					}
					refused++
					result, err, _ = w.process(0, w.goOn)
					if standing[0].State != remediate.StateDone {
						w.done(what, result, err)
					}
				})
				if t.Failed() {
					return
				}
			}
			if undone < 10 || refused < 3 {
				t.Errorf("%d undone, %d refused", undone, refused)
			}
		})
	}
}
