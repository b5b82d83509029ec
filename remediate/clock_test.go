package remediate_test

import (
	"strings"
	"testing"
	"time"

	"github.com/qleaks/qleaks/remediate"
)

// blockedByClock holds that a run stopped for the clock, with nothing changed.
func (w *world) blockedByClock(result remediate.Result, err error) {
	w.t.Helper()
	if err != nil || len(result.Rotations) != 1 || result.Rotations[0].State != remediate.StateBlocked || !strings.Contains(result.Rotations[0].Why, "clock") {
		w.t.Fatalf("it was not stopped: %v, %v", err, short(result))
	}
	if !w.works(w.old) || w.ours() != 0 {
		w.t.Error("something was changed")
	}
}

func TestAWrongClockStopsWhatRestsOnIt(t *testing.T) {
	for _, name := range providersOfTest() {
		for _, ahead := range []time.Duration{-6 * time.Minute, 6 * time.Minute, 300 * days} {
			inWorld(t, name, "make first", func(w *world) {
				w.ahead = ahead
				result, err, _ := w.process(0, w.goOn)
				w.blockedByClock(result, err)
				w.ahead = 3 * time.Minute
				result, err, _ = w.process(0, w.goOn)
				w.done("after the clock was set", result, err)
			})
		}
	}
}

func TestNoClockKeepsALeakedKeyAlive(t *testing.T) {
	for _, order := range []string{"break first", "overlap"} {
		inWorld(t, "ibm", order, func(w *world) {
			w.ahead = 300 * days
			result, err, _ := w.process(0, w.goOn)
			w.done(order, result, err)
		})
	}
}

func TestAJournalOfTheFutureStopsWhatRestsOnTheClock(t *testing.T) {
	inWorld(t, "ibm", "make first", func(w *world) {
		w.ahead = 6 * time.Minute
		result, err, _ := w.process(0, w.goOn)
		w.blockedByClock(result, err)
		w.ahead = 0
		for i := range w.journal.records {
			w.journal.records[i].Time = w.journal.records[i].Time.Add(time.Hour)
		}
		result, err, _ = w.process(0, w.goOn)
		w.blockedByClock(result, err)
		time.Sleep(time.Hour)
		result, err, _ = w.process(0, w.goOn)
		w.done("an hour later", result, err)
	})
}

func TestAPlanOfTheFutureIsNotBegun(t *testing.T) {
	for order, refused := range map[string]bool{"make first": true, "overlap": true, "break first": false} {
		inWorld(t, "ibm", order, func(w *world) {
			w.plan.Made = time.Now().Add(10 * time.Minute)
			result, err, _ := w.process(0, w.goOn)
			if !refused {
				w.done(order, result, err)
				return
			}
			if err != nil || len(result.Refused) != 1 || !strings.Contains(result.Refused[0].Why, "future") || len(w.journal.records) > 0 {
				t.Errorf("%s: %v, %v", order, err, short(result))
			}
			time.Sleep(10 * time.Minute)
			result, err, _ = w.process(0, w.goOn)
			w.done(order, result, err)
		})
	}
}
