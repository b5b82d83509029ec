package remediate_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qleaks/qleaks/internal/provider"
	ibm "github.com/qleaks/qleaks/internal/provider/ibm/sim"
	"github.com/qleaks/qleaks/internal/provider/simhttp"
	"github.com/qleaks/qleaks/remediate"
)

// mutations are the requests by which IBM's keys change.
func mutations() map[string]simhttp.Fault {
	return map[string]simhttp.Fault{
		"issue":   {Method: http.MethodPost, Path: "/v1/apikeys", Times: 1},
		"suspend": {Method: http.MethodPost, Path: "/v1/apikeys/", Times: 1},
		"revoke":  {Method: http.MethodDelete, Path: "/v1/apikeys/", Times: 1},
	}
}

// TestAnAnswerThatIsLostIsFoundOut loses each change's request, its answer, or
// both after effect, and answers it twice.
func TestAnAnswerThatIsLostIsFoundOut(t *testing.T) {
	failing := simhttp.Answer(http.StatusInternalServerError, "application/json", `{}`)
	for name, at := range mutations() {
		for order := range ordersOfTest() {
			for how, fault := range map[string]simhttp.Fault{
				"request lost":     {},
				"answer lost":      {Lost: true},
				"500":              {Handler: failing},
				"500 after effect": {Handler: failing, Lost: true},
				"page of a portal": {Handler: simhttp.Answer(http.StatusOK, "text/html", "<html>")},
			} {
				t.Run(name+", "+how+", "+order, func(t *testing.T) {
					inWorld(t, "ibm", order, func(w *world) {
						fault.Method, fault.Path, fault.Times = at.Method, at.Path, at.Times
						w.server().Break(fault)
						result, err, _ := w.process(0, w.goOn)
						w.done(how, result, err)
					})
				})
			}
		}
	}
}

func TestStoresThatFailAreWrittenInTheEnd(t *testing.T) {
	for _, faults := range [][]string{{"lost"}, {"late"}, {"lost", "late"}, {"lost", "lost", "lost", "lost"}} {
		for order := range ordersOfTest() {
			inWorld(t, "ionq", order, func(w *world) {
				w.stores["ci"].faults = slices.Clone(faults)
				result, err, _ := w.process(0, w.goOn)
				w.done(strings.Join(faults, ", "), result, err)
			})
		}
	}
}

func TestAStoreThatStaysShutBlocksARoutineAndNotAnEnd(t *testing.T) {
	shut := slices.Repeat([]string{"lost"}, 100)
	for order := range ordersOfTest() {
		inWorld(t, "ibm", order, func(w *world) {
			w.stores["ci"].faults = slices.Clone(shut)
			result, err, _ := w.process(0, w.goOn)
			if err != nil || result.Done() || !strings.Contains(result.Rotations[0].Why, "ci could not be written") {
				w.t.Fatalf("%s: %v %v", order, short(result), err)
			}
			if lives := w.works(w.old); lives != (order == "make first") {
				w.t.Errorf("%s: the old key works: %v", order, lives)
			}
			if w.stores["laptop"].now().Equal(w.old) {
				w.t.Errorf("%s: the other store was not tried", order)
			}
			w.stores["ci"].faults = nil
			result, err, _ = w.process(0, w.goOn)
			w.done(order, result, err)
		})
	}
}

func TestWhatIsPastedIsProvedBeforeAnythingIsDoneWithIt(t *testing.T) {
	for _, name := range []string{"ionq", "qbraid"} {
		for _, paste := range []string{"old", "typo"} {
			inWorld(t, name, "make first", func(w *world) {
				w.person.paste = []string{paste}
				w.check = nil // what was pasted wrongly is nowhere but on the page
				result, err, _ := w.process(0, w.goOn)
				if paste == "typo" {
					if err != nil || result.Done() || !w.works(w.old) || !w.stores["ci"].now().Equal(w.old) {
						w.t.Fatalf("%s %s: %v %v", name, paste, short(result), err)
					}
					result, err, _ = w.process(0, w.goOn)
				}
				w.done(name+" "+paste, result, err)
			})
		}
	}
}

func TestIBMDisablesOrAPersonDeletesTheKeyMeanwhile(t *testing.T) {
	for how, meanwhile := range map[string]func(s *ibm.Sim, id string){
		"disabled": func(s *ibm.Sim, id string) { s.Disable(id) },
		"deleted":  func(s *ibm.Sim, id string) { s.Delete(id) },
	} {
		inWorld(t, "ibm", "break first", func(w *world) {
			meanwhile(w.ibm, w.target.ID)
			result, err, _ := w.process(0, w.goOn)
			w.done(how, result, err)
		})
		// In a routine that is a change of facts, and nothing is done.
		inWorld(t, "ibm", "make first", func(w *world) {
			w.plan.Rows[0].Reason = remediate.TooOld
			w.check = nil
			meanwhile(w.ibm, w.target.ID)
			result, err, _ := w.process(0, w.goOn)
			if err != nil || result.Done() || w.ours() != 0 || !strings.Contains(result.Rotations[0].Why, "since the plan was made") {
				w.t.Errorf("%s: %v %v", how, short(result), err)
			}
		})
	}
}

func TestAPlanWhoseFactsHaveChangedIsNotCarriedOut(t *testing.T) {
	inWorld(t, "ibm", "make first", func(w *world) {
		if err := w.client(w.own).(provider.Locker).Lock(w.t.Context(), w.target.ID); err != nil {
			w.t.Fatal(err)
		}
		result, err, _ := w.process(0, w.goOn)
		if err != nil || result.Done() || w.ours() != 0 {
			w.t.Errorf("%v %v", short(result), err)
		}
	})
	inWorld(t, "ibm", "make first", func(w *world) {
		hash := w.plan.Hash()
		w.plan.Rows[0].Stores = nil
		if _, err := w.machine().Apply(w.t.Context(), w.plan, remediate.Consent{Hash: hash, Account: "lab"}); !errors.Is(err, remediate.ErrHash) {
			w.t.Errorf("another plan than the approved one: %v", err)
		}
	})
}

func TestALockedKeyIsUnlocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "ibm", 0)
		defer w.stop()
		w.ibm.Change(w.target.ID, func(k *ibm.Key) { k.Locked = true })
		w.draft(remediate.Public, "")
		w.watch()
		result, err, _ := w.process(0, w.goOn)
		w.done("locked", result, err)
	})
}

func TestEventualConsistencyIsWaitedFor(t *testing.T) {
	for _, name := range providersOfTest() {
		for _, how := range ordersOfTest() {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, name, 90*time.Second)
				defer w.stop()
				time.Sleep(5 * time.Minute)
				w.draft(how.reach, how.order)
				result, err, _ := w.process(0, w.goOn)
				w.done(name, result, err)
			})
		}
	}
}

func TestTheKillSwitchStopsBeforeTheNextChange(t *testing.T) {
	inWorld(t, "ibm", "break first", func(w *world) {
		m := w.machine()
		m.Stop = func() string { return "the file STOP is there" }
		_, err := m.Apply(w.t.Context(), w.plan, remediate.Consent{Hash: w.plan.Hash(), Account: "lab"})
		if !errors.Is(err, remediate.ErrStopped) || !w.works(w.old) {
			w.t.Errorf("%v", err)
		}
		result, err, _ := w.process(0, w.goOn)
		w.done("after that", result, err)
	})
}

func TestARunThatEndsEarlyIsGoneOnWith(t *testing.T) {
	for _, name := range providersOfTest() {
		inWorld(t, name, "make first", func(w *world) {
			ctx, cancel := context.WithTimeout(w.t.Context(), 90*time.Second)
			defer cancel()
			if _, err := w.machine().Apply(ctx, w.plan, remediate.Consent{Hash: w.plan.Hash(), Account: "lab"}); !errors.Is(err, context.DeadlineExceeded) {
				w.t.Fatalf("%s: %v", name, err)
			}
			// Without patience a run ends where something takes time, and says until when.
			m := w.machine()
			m.Patience = 0
			result, err := m.Resume(w.t.Context())
			if err != nil || result.Rotations[0].State != remediate.StateWaiting || result.Rotations[0].Until.IsZero() {
				w.t.Fatalf("%s: %v %v", name, short(result), err)
			}
			result, err, _ = w.process(0, w.goOn)
			w.done(name, result, err)
		})
	}
}

func TestAJournalThatFailsStopsEverything(t *testing.T) {
	for _, name := range providersOfTest() {
		inWorld(t, name, "break first", func(w *world) {
			w.journal.fail = errors.New("no space left on device")
			if _, err, _ := w.process(0, w.goOn); err == nil || !w.works(w.old) || w.ours() != 0 {
				w.t.Errorf("%s: %v", name, err)
			}
			w.journal.fail = nil
			result, err, _ := w.process(0, w.goOn)
			w.done(name, result, err)
		})
	}
}

func TestTwoAnswersThatNobodyExpectsEndARun(t *testing.T) {
	inWorld(t, "ibm", "break first", func(w *world) {
		w.server().Break(simhttp.Fault{Method: http.MethodPost, Path: "/v1/apikeys/", Handler: simhttp.Answer(http.StatusOK, "text/html", "<html>")})
		_, err, _ := w.process(0, w.goOn)
		if !errors.Is(err, remediate.ErrUnexpected) {
			w.t.Errorf("%v", err)
		}
		w.server().Mend()
		result, err, _ := w.process(0, w.goOn)
		w.done("mended", result, err)
	})
}

func TestAnOutageIsNoProof(t *testing.T) {
	inWorld(t, "ionq", "break first", func(w *world) {
		// A proxy refuses everything, in the provider's own words.
		w.server().Break(simhttp.Fault{Path: "/whoami", Handler: simhttp.Answer(http.StatusUnauthorized, "application/json", `{"error":"Unauthorized Error","message":"no","statusCode":401}`)})
		result, err, _ := w.process(0, w.goOn)
		if err != nil || result.Done() || !w.works(w.old) || w.ours() != 0 {
			w.t.Errorf("%v %v", short(result), err)
		}
		w.server().Mend()
		result, err, _ = w.process(0, w.goOn)
		w.done("mended", result, err)
	})
}
