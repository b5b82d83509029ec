package remediate_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate"
)

// borrower gets lent keys.
type borrower struct {
	w      *world
	values []secret.Value
	// over says that they end at once, as a program does.
	over bool
}

func (b *borrower) hand(_ context.Context, _ remediate.Row, v secret.Value, until time.Time) (bool, error) {
	b.w.event("before the borrower has it")
	if !b.w.works(v) {
		b.w.t.Error("what is handed over does not work")
	}
	if !b.w.journal.intended(remediate.Hand) || until.Before(time.Now()) {
		b.w.t.Error("a key is handed over without an intent, or too late")
	}
	b.values = append(b.values, v)
	b.w.event("after the borrower has it")
	return b.over, nil
}

// inLoan runs a test of a loan in a bubble.
func inLoan(t *testing.T, name string, do func(w *world, b *borrower, row remediate.Row)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, name, 0)
		defer w.stop()
		l := remediate.Loan{Provider: name, Account: "lab", Name: "cluster", For: 2 * time.Hour}
		by := remediate.ByPerson
		switch name {
		case "ibm":
			l.Owner, l.AccountID, by = w.target.Owner, w.ibm.Account, remediate.ByAPI
		case "ionq":
			l.Project = key.Party{ID: "p"}
		}
		row, err := l.Row(time.Now(), handsOf(by))
		if err != nil {
			t.Fatal(err)
		}
		do(w, &borrower{w: w}, row)
		if !w.works(w.own) || !w.works(w.old) || !w.works(w.bystander) {
			t.Error("another key died")
		}
	})
}

// lend begins a loan, or goes on with what was begun.
func (b *borrower) lend(row remediate.Row) func(m *remediate.Machine) (remediate.Result, error) {
	return func(m *remediate.Machine) (remediate.Result, error) {
		m.Patience = time.Minute
		if len(b.w.journal.records) > 0 {
			return m.Resume(b.w.t.Context())
		}
		m.Site.Hand = b.hand
		return m.Lend(b.w.t.Context(), row)
	}
}

// over holds what is true when a loan is over.
func (b *borrower) isOver(what string, result remediate.Result, err error) {
	b.w.t.Helper()
	if err != nil || len(result.Rotations) != 1 || result.Rotations[0].State != remediate.StateDone && result.Rotations[0].State != remediate.StateAbandoned {
		b.w.t.Fatalf("%s: %v; %v\n%v", what, err, short(result), b.w.trace)
	}
	if n := b.w.ours(); n != 0 {
		b.w.t.Errorf("%s: %d lent keys live", what, n)
	}
	for _, v := range b.values {
		if b.w.works(v) {
			b.w.t.Errorf("%s: what was handed over works", what)
		}
	}
	if len(b.w.vault.sealed) > 0 {
		b.w.t.Errorf("%s: %d values stay sealed", what, len(b.w.vault.sealed))
	}
}

func TestALentKeyEndsWhenItsTimeIsOver(t *testing.T) {
	for _, name := range providersOfTest() {
		inLoan(t, name, func(w *world, b *borrower, row remediate.Row) {
			result, err, _ := w.process(0, b.lend(row))
			if err != nil || !result.Done() || result.Rotations[0].State != remediate.StateWaiting || len(b.values) != 1 || !w.works(b.values[0]) {
				t.Fatalf("%s: %v %v", name, short(result), err)
			}
			time.Sleep(time.Hour)
			result, err, _ = w.process(0, b.lend(row))
			if err != nil || !result.Done() || !w.works(b.values[0]) || len(b.values) != 1 {
				t.Fatalf("%s: too early: %v %v", name, short(result), err)
			}
			time.Sleep(time.Hour)
			result, err, _ = w.process(0, b.lend(row))
			b.isOver(name, result, err)
		})
	}
}

func TestALentKeyIsTakenBack(t *testing.T) {
	for _, name := range providersOfTest() {
		inLoan(t, name, func(w *world, b *borrower, row remediate.Row) {
			if _, err, _ := w.process(0, b.lend(row)); err != nil {
				t.Fatal(err)
			}
			back := func(m *remediate.Machine) (remediate.Result, error) { return m.TakeBack(w.t.Context(), row.ID) }
			result, err, _ := w.process(0, back)
			b.isOver(name, result, err)
			if _, err, _ := w.process(0, back); !errors.Is(err, remediate.ErrNoLoan) {
				t.Errorf("%s: taken back twice: %v", name, err)
			}
		})
		inLoan(t, name, func(w *world, b *borrower, row remediate.Row) {
			b.over = true
			result, err, _ := w.process(0, b.lend(row))
			b.isOver(name+", a program that ended", result, err)
		})
	}
}

func TestNoCrashLeavesALentKeyBehind(t *testing.T) {
	for _, name := range providersOfTest() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for point, more := 1, true; more; point++ {
				random := rand.New(rand.NewPCG(uint64(point), 3))
				inLoan(t, name, func(w *world, b *borrower, row remediate.Row) {
					b.over = point%2 == 0
					what := fmt.Sprintf("killed at event %d", point)
					_, _, more = w.process(point, b.lend(row))
					if more {
						w.process(1+random.IntN(20), b.lend(row))
					}
					time.Sleep(3 * time.Hour)
					for range 3 {
						if result, err, _ := w.process(0, b.lend(row)); len(result.Rotations) > 0 && result.Rotations[0].State == remediate.StateWaiting {
							time.Sleep(3 * time.Hour) // nothing was begun before
							continue
						} else if len(result.Rotations) > 0 {
							b.isOver(what, result, err)
						} else if err != nil || w.ours() != 0 {
							t.Fatalf("%s: %v, %d keys", what, err, w.ours())
						}
						break
					}
					if len(b.values) > 1 {
						t.Errorf("%s: handed over %d times", what, len(b.values))
					}
				})
				if t.Failed() {
					return
				}
			}
		})
	}
}

func TestIBMRefusesALentKeyByItself(t *testing.T) {
	inLoan(t, "ibm", func(w *world, b *borrower, row remediate.Row) {
		if _, err, _ := w.process(0, b.lend(row)); err != nil {
			t.Fatal(err)
		}
		if time.Sleep(2*time.Hour + 3*time.Minute); w.works(b.values[0]) {
			t.Error("IBM was not told when it ends")
		}
		result, err, _ := w.process(0, b.lend(row))
		b.isOver("expired", result, err)
	})
}

func TestALoanStandsInNobodysWay(t *testing.T) {
	inLoan(t, "ibm", func(w *world, b *borrower, row remediate.Row) {
		if _, err, _ := w.process(0, b.lend(row)); err != nil {
			t.Fatal(err)
		}
		w.draft(remediate.Private, remediate.MakeFirst)
		result, err := w.machine().Apply(w.t.Context(), w.plan, remediate.Consent{Hash: w.plan.Hash(), Account: "lab"})
		if err != nil || !result.Done() || w.works(w.old) {
			t.Errorf("%v %v", short(result), err)
		}
		w.old = w.stores["ci"].now()
		if r, err, _ := w.process(0, func(m *remediate.Machine) (remediate.Result, error) { return m.TakeBack(w.t.Context(), row.ID) }); err != nil || !r.Done() {
			t.Errorf("%v %v", short(r), err)
		}
	})
}

func TestLoansThatAreNoneAreRefused(t *testing.T) {
	inLoan(t, "ibm", func(w *world, _ *borrower, row remediate.Row) {
		for what, wrong := range map[string]remediate.Loan{
			"for ever":       {Provider: "ibm", Account: "lab", Name: "a", For: 40 * days},
			"for no time":    {Provider: "ibm", Account: "lab", Name: "a"},
			"without a name": {Provider: "ibm", Account: "lab", For: time.Hour},
		} {
			if _, err := wrong.Row(time.Now(), handsOf(remediate.ByAPI)); err == nil {
				t.Errorf("%s is accepted", what)
			}
		}
		for i := range row.Steps {
			cut := row
			if cut.Steps = slices.Delete(slices.Clone(row.Steps), i, i+1); row.Steps[i].Do == remediate.Seal {
				continue
			}
			if _, err := w.machine().Lend(w.t.Context(), cut); err == nil {
				t.Errorf("a loan without the step %s is begun", row.Steps[i].Do)
			}
		}
		p := remediate.Plan{Schema: "qleaks.plan/1", Made: time.Now(), Rows: []remediate.Row{row}}
		if err := p.Validate(); err == nil || !strings.Contains(err.Error(), "qleaks lend") {
			t.Errorf("a loan in a plan: %v", err)
		}
	})
}
