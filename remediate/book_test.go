package remediate_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/qleaks/qleaks/internal/durable/durabletest"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate"
	"github.com/qleaks/qleaks/remediate/auditlog"
	"github.com/qleaks/qleaks/remediate/journal"
)

// diskOfTest is a disk with a journal, an audit log and sealed values, which
// outlives processes.
type diskOfTest struct {
	disk    *durabletest.Disk
	sealer  *journal.Sealer
	journal *journal.Journal
	// power says that a death of a process is one of the whole machine.
	power bool
}

func newDisk(w *world, seed uint64) *diskOfTest {
	w.t.Helper()
	d := &diskOfTest{disk: durabletest.New(seed)}
	made, err := d.place(w).NewIdentities()
	if err != nil {
		w.t.Fatal(err)
	}
	if d.sealer, err = made.Keep(w.t.Context(), journal.KeeperFile{Name: "/config/identity", Disk: d.disk}); err != nil {
		w.t.Fatal(err)
	}
	return d
}

func (d *diskOfTest) place(w *world) journal.Place {
	w.t.Helper()
	log, err := auditlog.Open(auditlog.Place{Dir: "/state/audit", Heads: "/heads", Disk: d.disk})
	if err != nil {
		w.t.Fatal(err)
	}
	return journal.Place{Dir: "/state/remediate", Heads: "/heads", Disk: d.disk, Audit: log, Sealer: d.sealer, Actor: "grace"}
}

func (d *diskOfTest) open(w *world) {
	w.t.Helper()
	j, err := journal.Open(d.place(w), journal.Account{Provider: w.provider, ID: "lab"})
	if err != nil {
		w.t.Fatalf("%v\n%v", err, w.trace)
	}
	d.journal = j
	if w.book, err = remediate.NewBook(j); err != nil {
		w.t.Fatalf("%v\n%v", err, w.trace)
	}
	told, err := w.book.Records()
	if err != nil {
		w.t.Fatal(err)
	}
	// What was written in memory is safe on the disk; the disk may know one record
	// more, of which the process died before it heard.
	same := cmp.Options{cmpopts.IgnoreFields(remediate.Record{}, "Time"), cmpopts.EquateEmpty()}
	n := len(w.journal.records)
	if len(told) < n || len(told) > n+1 {
		w.t.Fatalf("%d records on the disk, %d in memory\n%v", len(told), n, w.trace)
	}
	if diff := cmp.Diff(w.journal.records, told[:n], same); diff != "" {
		w.t.Fatal(diff)
	}
	w.journal.records = told
}

func (d *diskOfTest) end(w *world, died bool) {
	w.book = nil
	switch {
	case !died:
		if err := d.journal.Close(); err != nil && !errors.Is(err, durabletest.ErrStopped) {
			w.t.Error(err)
		}
	case d.power:
		d.disk.LosePower()
	default:
		d.disk.Kill()
	}
}

// TestTheJournalOnDiskLosesNothing kills runs, and the whole machine, with the
// real journal, the audit log and sealed values.
func TestTheJournalOnDiskLosesNothing(t *testing.T) {
	for _, name := range providersOfTest() {
		for order := range ordersOfTest() {
			t.Run(name+", "+order, func(t *testing.T) {
				t.Parallel()
				step := 9 / min(9, 1+seeds())
				for point, more := 1, true; more; point += step + 3 {
					inWorld(t, name, order, func(w *world) {
						w.disk = newDisk(w, uint64(point))
						w.disk.power = point%2 == 0
						w.vault = &memoryVault{w: w, sealed: map[string]secret.Value{}}
						_, _, more = w.process(point, w.goOn)
						_, _, _ = w.process(point%7+3, w.goOn)
						result, err, _ := w.process(0, w.goOn)
						w.done(fmt.Sprintf("killed at event %d", point), result, err)
					})
					if t.Failed() {
						return
					}
				}
			})
		}
	}
}

func TestARollbackOnDisk(t *testing.T) {
	for _, name := range providersOfTest() {
		inWorld(t, name, "make first", func(w *world) {
			w.disk = newDisk(w, 1)
			w.vault = &memoryVault{w: w, sealed: map[string]secret.Value{}}
			_, _, _ = w.process(45, w.goOn)
			back := func(m *remediate.Machine) (remediate.Result, error) {
				return m.Rollback(w.t.Context(), w.plan.Rows[0].ID)
			}
			_, _, _ = w.process(5, back)
			result, err, _ := w.process(0, back)
			if err != nil || result.Rotations[0].State != remediate.StateAbandoned {
				w.t.Fatalf("%v %v", short(result), err)
			}
			w.undone(name)
		})
	}
}
