package remediate_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qleaks/qleaks/internal/provider"
	ibm "github.com/qleaks/qleaks/internal/provider/ibm/sim"
	ionq "github.com/qleaks/qleaks/internal/provider/ionq/sim"
	"github.com/qleaks/qleaks/internal/provider/simhttp"
	"github.com/qleaks/qleaks/remediate"
)

// queue puts three jobs into the queue of a world; the plan names the second one.
func (w *world) queue() (named string, others []string) {
	w.t.Helper()
	var ids []string
	var at ibm.Instance
	for range 3 {
		switch w.provider {
		case "ibm":
			if len(ids) == 0 {
				at = w.ibm.Provide(ibm.Instance{Name: "bell-lab", Backends: []string{"ibm_torino"}})
			}
			ids = append(ids, w.ibm.Submit(ibm.Job{Instance: at.CRN, User: w.owner, Backend: "ibm_torino"}).ID)
		case "ionq":
			ids = append(ids, w.ionq.Submit(ionq.Job{Project: "p"}).ID)
		}
	}
	w.running = remediate.Running{Asked: true, Cancel: ids[1:2]}
	for j, err := range w.client(w.own).(provider.JobLister).Jobs(w.t.Context(), provider.Window{Pending: true}) {
		if err != nil {
			w.t.Fatal(err)
		}
		w.running.Jobs = append(w.running.Jobs, j)
	}
	if len(w.running.Jobs) != 3 {
		w.t.Fatalf("%d jobs wait", len(w.running.Jobs))
	}
	return ids[1], []string{ids[0], ids[2]}
}

// waiting are the ids of the jobs that wait.
func (w *world) waiting() map[string]bool {
	w.t.Helper()
	wait := map[string]bool{}
	for j, err := range w.client(w.own).(provider.JobLister).Jobs(w.t.Context(), provider.Window{Pending: true}) {
		if err != nil {
			w.t.Fatal(err)
		}
		wait[j.ID] = true
	}
	return wait
}

// inQueue is inWorld with jobs.
func inQueue(t *testing.T, name string, reach remediate.Reach, alone bool, do func(w *world, named string)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, name, 0)
		defer w.stop()
		w.alone = alone
		named, others := w.queue()
		w.draft(reach, "")
		w.watch()
		do(w, named)
		wait := w.waiting()
		if wait[named] {
			t.Error("the named job still waits")
		}
		for _, id := range others {
			if !wait[id] {
				t.Error("a job that nobody named was cancelled")
			}
		}
	})
}

// when is when a step was done; zero if it was not.
func (w *world) when(do remediate.Action) time.Time {
	for _, r := range slices.Backward(w.journal.records) {
		if r.Do == do && r.Kind == remediate.IsDone {
			return r.Time
		}
	}
	return time.Time{}
}

func TestNamedJobsAreCancelledUntilNothingOfTheKeyLives(t *testing.T) {
	inQueue(t, "ibm", remediate.Public, false, func(w *world, _ string) {
		// A thief submits with a token that lives on; the plan names the job that it
		// knew, and that one is sought again when no token can live.
		result, err, _ := w.process(0, w.goOn)
		w.done("ibm", result, err)
		dead, again := w.when(remediate.Suspend), w.when(remediate.CancelAgain)
		if again.Sub(dead) < time.Hour {
			t.Errorf("cancelled for the last time %v after the end", again.Sub(dead))
		}
		if w.when(remediate.Distribute).After(dead.Add(time.Hour)) {
			t.Error("the new key waited for the tail")
		}
	})
	inQueue(t, "ionq", remediate.Public, false, func(w *world, _ string) {
		result, err, _ := w.process(0, w.goOn)
		w.done("ionq", result, err)
		if !w.when(remediate.CancelAgain).IsZero() {
			t.Error("IonQ has no tail")
		}
	})
}

func TestALeakedKeyCancelsWhereNoOtherCan(t *testing.T) {
	for _, name := range []string{"ibm", "ionq"} {
		inQueue(t, name, remediate.Public, true, func(w *world, _ string) {
			result, err, _ := w.process(0, w.goOn)
			w.done(name, result, err)
			if w.when(remediate.CancelLeaked).IsZero() || w.when(remediate.CancelLeaked).After(w.when(remediate.Refused)) {
				t.Error("it did not cancel before its end")
			}
		})
	}
}

func TestACancellationThatIsLostIsRepeated(t *testing.T) {
	for name, fault := range map[string]simhttp.Fault{
		"request lost": {Times: 1}, "answer lost": {Times: 1, Lost: true}, "500 after effect": {Times: 1, Lost: true, Handler: simhttp.Answer(http.StatusInternalServerError, "application/json", `{}`)},
		"500": {Times: 1, Handler: simhttp.Answer(http.StatusInternalServerError, "application/json", `{}`)},
	} {
		inQueue(t, "ibm", remediate.Public, false, func(w *world, named string) {
			fault.Path = "/jobs/" + named + "/cancel"
			for _, s := range w.ibm.Servers() {
				s.Break(fault)
			}
			result, err, _ := w.process(0, w.goOn)
			for !result.Done() && err == nil && w.when(remediate.Prove).IsZero() && strings.Contains(strings.Join(short(result), ""), "cancel") {
				result, err, _ = w.process(0, w.goOn)
			}
			w.done(name, result, err)
		})
	}
}

func TestJobsOutliveKillsWhileTheyAreCancelled(t *testing.T) {
	points := 0
	for at, more := 1, true; more && !t.Failed(); at += step(7) {
		inQueue(t, "ibm", remediate.Public, at%2 == 0, func(w *world, _ string) {
			_, _, more = w.process(at, w.goOn)
			result, err, _ := w.process(0, w.goOn)
			w.done("killed", result, err)
		})
		points++
	}
	if points < 10 {
		t.Errorf("only %d points", points)
	}
}

func TestAnUnattendedRunCancelsOnlyByPolicy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "ibm", 0)
		defer w.stop()
		named, _ := w.queue()
		w.draft(remediate.Public, "")
		m := w.machine()
		m.Site.Person = nil
		delete(m.Site.Hands, remediate.ByPerson)
		result, err := m.Apply(t.Context(), w.plan, remediate.Consent{Hash: w.plan.Hash(), Account: "lab"})
		if err != nil || result.Done() || !strings.Contains(result.Rotations[0].Why, "does not allow to cancel jobs") || w.works(w.old) || !w.waiting()[named] {
			t.Fatalf("%v %v", short(result), err)
		}
		m = w.machine()
		m.Site.Person, m.Policy.CancelJobs = nil, true
		result, err = m.Resume(t.Context())
		w.done("allowed", result, err)
		if slices.Contains(slices.Collect(maps.Keys(w.waiting())), named) {
			t.Error("the named job still waits")
		}
	})
}
