package remediate_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/remediate"
)

func TestPlansAreCarriedOutOnlyWhereThePolicySaysSo(t *testing.T) {
	inWorld(t, "ibm", "break first", func(w *world) {
		m := w.machine()
		c := remediate.Consent{Hash: w.plan.Hash(), Account: "lab"}
		for _, mode := range remediate.Modes() {
			for _, alone := range []bool{false, true} {
				m.Policy.Mode = mode
				m.Site.Person = w.person
				if alone {
					m.Site.Person = nil
				}
				allowed := mode == remediate.ModeAuto || mode == remediate.ModeGuided && !alone
				if allowed {
					continue
				}
				if _, err := m.Apply(w.t.Context(), w.plan, c); err == nil {
					w.t.Errorf("mode %s, alone %v: applied", mode, alone)
				}
				if _, err := m.Resume(w.t.Context()); err == nil {
					w.t.Errorf("mode %s, alone %v: resumed", mode, alone)
				}
			}
		}
		if len(w.journal.records) > 0 || !w.works(w.old) {
			w.t.Error("something was done")
		}
		m.Policy.Mode, m.Site.Person = remediate.ModeAuto, nil
		result, err := m.Apply(w.t.Context(), w.plan, c)
		w.done("alone", result, err)
	})
}

func TestAPersonIsNotMissedSilently(t *testing.T) {
	inWorld(t, "ionq", "make first", func(w *world) {
		m := w.machine()
		m.Site.Person = nil
		result, err := m.Apply(w.t.Context(), w.plan, remediate.Consent{Hash: w.plan.Hash(), Account: "lab"})
		if err != nil || result.Done() || len(result.Refused) != 1 || !strings.Contains(result.Refused[0].Why, "nobody is there") {
			w.t.Errorf("%v %v", short(result), err)
		}
	})
}

func TestProtectedAndActingKeysAreNeverTouched(t *testing.T) {
	for name, change := range map[string]func(m *remediate.Machine, w *world){
		"protected since": func(m *remediate.Machine, _ *world) { m.Policy.Protected = []string{"laptop"} },
		"acting by value": func(m *remediate.Machine, w *world) {
			m.Site.Acting = []remediate.Acting{{Provider: "ibm", Fingerprint: m.Site.Fingerprints.Of(w.old)}}
		},
		"acting by id": func(m *remediate.Machine, w *world) {
			m.Site.Acting = []remediate.Acting{{Provider: "ibm", ID: w.target.ID}}
		},
	} {
		inWorld(t, "ibm", "break first", func(w *world) {
			m := w.machine()
			change(m, w)
			result, err := m.Apply(w.t.Context(), w.plan, remediate.Consent{Hash: w.plan.Hash(), Account: "lab"})
			if err != nil || result.Done() || !w.works(w.old) {
				w.t.Errorf("%s: %v %v", name, short(result), err)
			}
		})
	}
}

// spent fills a journal with what other rotations of today ended.
func (w *world) spent(n int, do remediate.Action) {
	for i := range n {
		id := fmt.Sprintf("%026d", i)
		row := w.plan.Rows[0]
		row.ID, row.Key.Name, row.Key.ID = id, fmt.Sprint("spent", i), fmt.Sprint("spent", i)
		text := mustJSON(w.t, row)
		step := 0
		for j, s := range row.Steps {
			if s.Do == do {
				step = j
			}
		}
		for _, r := range []remediate.Record{
			{Step: -1, Kind: remediate.Opened, Facts: map[string]string{"row": text, "plan": "x"}},
			{Step: step, Do: do, Kind: remediate.Intent},
			{Step: -1, Kind: remediate.Abandoned},
		} {
			r.Time, r.Rotation = time.Now().Add(-time.Hour), id
			w.journal.records = append(w.journal.records, r)
		}
	}
}

func TestTheCapsOfADayHold(t *testing.T) {
	apply := func(w *world) (remediate.Result, error) {
		m := w.machine()
		return m.Apply(w.t.Context(), w.plan, remediate.Consent{Hash: w.plan.Hash(), Account: "lab"})
	}
	inWorld(t, "ibm", "make first", func(w *world) {
		w.spent(20, remediate.Suspend)
		result, err := apply(w)
		if err != nil || result.Done() || !w.works(w.old) || !strings.Contains(result.Rotations[0].Why, "20 keys were ended in 24 hours") {
			w.t.Errorf("%v %v", short(result), err)
		}
		time.Sleep(24 * time.Hour)
		result, err = w.machine().Resume(w.t.Context())
		w.done("a day later", result, err)
	})
	inWorld(t, "ionq", "make first", func(w *world) {
		w.spent(5, remediate.Revoke)
		result, err := apply(w)
		if err != nil || result.Done() || !w.works(w.old) || !strings.Contains(result.Rotations[0].Why, "5 keys were revoked for good") {
			w.t.Errorf("%v %v", short(result), err)
		}
	})
	// The containment of a proved public leak is never refused.
	inWorld(t, "ibm", "break first", func(w *world) {
		w.spent(20, remediate.Revoke)
		result, err := apply(w)
		w.done("public", result, err)
	})
	inWorld(t, "ibm", "make first", func(w *world) {
		m := w.machine()
		m.Elsewhere = func(time.Time) (int, int, error) { return 20, 0, nil }
		result, err := m.Apply(w.t.Context(), w.plan, remediate.Consent{Hash: w.plan.Hash(), Account: "lab"})
		if err != nil || result.Done() || !w.works(w.old) {
			w.t.Errorf("elsewhere: %v %v", short(result), err)
		}
	})
}

func TestAFreezeHoldsAllButAnEmergency(t *testing.T) {
	for order, goes := range map[string]bool{"make first": false, "break first": true} {
		inWorld(t, "ibm", order, func(w *world) {
			m := w.machine()
			m.Patience = time.Hour
			m.Policy.Freeze = []remediate.Freeze{{From: time.Now().Add(-time.Hour), To: time.Now().Add(100 * time.Hour), Reason: "the demonstration"}}
			result, err := m.Apply(w.t.Context(), w.plan, remediate.Consent{Hash: w.plan.Hash(), Account: "lab"})
			if goes {
				w.done(order, result, err)
				return
			}
			if err != nil || result.Done() || w.ours() != 0 || !strings.Contains(result.Rotations[0].Why, "the demonstration") || result.Rotations[0].State != remediate.StateWaiting {
				w.t.Errorf("%v %v", short(result), err)
			}
			time.Sleep(100 * time.Hour)
			result, err, _ = w.process(0, w.goOn)
			w.done("after it", result, err)
		})
	}
}

func TestOneRotationOfAKeyIsOpenAtATime(t *testing.T) {
	inWorld(t, "ibm", "make first", func(w *world) {
		_, _, _ = w.process(30, w.goOn)
		first := w.plan
		time.Sleep(time.Hour)
		w.check = nil
		w.draft(remediate.Public, remediate.BreakFirst)
		result, err := w.machine().Apply(w.t.Context(), w.plan, remediate.Consent{Hash: w.plan.Hash(), Account: "lab"})
		if err != nil || len(result.Refused) != 1 || !strings.Contains(result.Refused[0].Why, first.Rows[0].ID) {
			w.t.Errorf("%v %v", short(result), err)
		}
		w.plan.Rows[0] = first.Rows[0]
	})
}

func TestOneKeyARunUnlessSeveralWereAllowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "ibm", 0)
		defer w.stop()
		w.draft(remediate.Private, remediate.MakeFirst)
		second := w.plan.Rows[0]
		second.ID, second.Key.ID, second.Key.Name = strings.Repeat("0", 26), "ApiKey-second", "second"
		w.plan.Rows = append(w.plan.Rows, second)
		m := w.machine()
		m.Patience = 0
		result, err := m.Apply(t.Context(), w.plan, remediate.Consent{Hash: w.plan.Hash(), Account: "lab"})
		if err != nil || len(result.Refused) != 1 || result.Refused[0].Key != "ibm/second" {
			t.Errorf("%v %v", short(result), err)
		}
		if n := len(result.Rotations); n != 1 {
			t.Errorf("%d rotations", n)
		}
	})
}

func TestUnusedKeysThatWereUsedSinceStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "ibm", 0)
		defer w.stop()
		w.ibm.Age(w.target.ID, time.Now().Add(-300*days), time.Now().Add(-140*days), 3)
		w.draft(remediate.Nowhere, remediate.RevokeOnly)
		w.plan.Rows[0].Reason, w.plan.Rows[0].Key.Facts.Status = remediate.Unused, key.Unknown
		w.ibm.Login(w.old)
		result, err, _ := w.process(0, w.goOn)
		if err != nil || result.Done() || !w.works(w.old) || !strings.Contains(result.Rotations[0].Why, "the key was used") {
			t.Errorf("%v %v", short(result), err)
		}
	})
}
