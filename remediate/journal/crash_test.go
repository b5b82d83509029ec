package journal_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"syscall"
	"testing"

	"github.com/qleaks/qleaks/internal/durable/durabletest"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/auditlog"
	"github.com/qleaks/qleaks/remediate/head"
	"github.com/qleaks/qleaks/remediate/journal"
)

// memory is what a program was told is safe, over any number of lives.
type memory struct {
	// records are the digests of records that were acknowledged, by number.
	records map[uint64]head.Digest
	// sealed are the values whose Seal returned, released those of which Release
	// was called, and values all that there were.
	sealed   map[journal.SealedFile]secret.Value
	released map[journal.SealedFile]bool
	values   []secret.Value
}

func newMemory() *memory {
	return &memory{records: map[uint64]head.Digest{}, sealed: map[journal.SealedFile]secret.Value{}, released: map[journal.SealedFile]bool{}}
}

func (m *memory) clone() *memory {
	return &memory{records: maps.Clone(m.records), sealed: maps.Clone(m.sealed), released: maps.Clone(m.released), values: slices.Clone(m.values)}
}

func (m *memory) last() uint64 {
	last := uint64(0)
	for n := range m.records {
		last = max(last, n)
	}
	return last
}

// saw remembers the head that a journal has after a call that succeeded.
func (m *memory) saw(j *journal.Journal) { m.records[j.Head().Sequence] = j.Head().Digest }

// without is a released file as it was sealed.
func without(s journal.SealedFile) journal.SealedFile {
	s.Until = journal.SealedFile{}.Until
	return s
}

// live is one life of a program: it resumes what is open, does two rotations
// more and leaves one open.
func live(w world, m *memory, seed uint64) error {
	j, err := w.open()
	if err != nil {
		return err
	}
	m.saw(j)
	for _, r := range j.OpenRotations() {
		if err := m.resume(j, r); err != nil {
			return errors.Join(err, j.Close())
		}
	}
	for n := range uint64(2) {
		if err := m.rotate(j, value(seed*10+n), n == 0); err != nil {
			return errors.Join(err, j.Close())
		}
	}
	return j.Close()
}

func (m *memory) resume(j *journal.Journal, r journal.Rotation) error {
	for _, s := range r.Unsettled() {
		if err := j.Settle(r.ID, s.Name, journal.Unknown, journal.Answer{Intent: s.Intent}, nil); err != nil {
			return err
		}
		m.saw(j)
		if err := j.Settle(r.ID, s.Name, journal.Done, journal.Answer{Intent: s.Intent}, nil); err != nil {
			return err
		}
		m.saw(j)
	}
	return m.finish(j, r.ID)
}

// finish opens what is sealed, releases it, and ends the rotation.
func (m *memory) finish(j *journal.Journal, id journal.ID) error {
	r, _ := j.Rotation(id)
	for _, s := range r.Unreleased() {
		if _, err := j.Unseal(s); err != nil {
			return err
		}
		m.released[without(s)] = true
		if err := j.Release(s, 0); err != nil {
			return err
		}
		m.saw(j)
	}
	if err := j.End(id, "done"); err != nil {
		return err
	}
	m.saw(j)
	return nil
}

func (m *memory) rotate(j *journal.Journal, v secret.Value, whole bool) error {
	m.values = append(m.values, v)
	id, err := j.Begin(journal.Subject{Logical: fmt.Sprint("key ", len(m.values)), Key: "ApiKey-1"})
	if err != nil {
		return err
	}
	m.saw(j)
	sealed, err := j.Seal(id, "lab--qleaks-"+string(id), v)
	if err != nil {
		return err
	}
	m.sealed[sealed] = v
	m.saw(j)
	intent, err := j.Intend(id, "create", journal.Target{Key: "ApiKey-1"}, map[string]string{"why": string(bytes.Repeat([]byte("leaked "), 100))})
	if err != nil {
		return err
	}
	m.saw(j)
	if !whole {
		return nil
	}
	if err := j.Settle(id, "create", journal.Done, journal.Answer{Intent: intent}, nil); err != nil {
		return err
	}
	m.saw(j)
	return m.finish(j, id)
}

// wrong says what a disk does not hold that it should after the machine was
// started again. It opens the journal.
func (m *memory) wrong(w world) error {
	place, err := w.place()
	if err != nil {
		return fmt.Errorf("the audit log: %w", err)
	}
	v, err := journal.Look(place, lab())
	if err != nil {
		return fmt.Errorf("looking: %w", err)
	}
	// Release and Open write several records before they return, every other
	// call one.
	surplus := 0
	for _, r := range v.Records {
		if r.Sequence > m.last() && r.Kind != journal.Released && r.Kind != journal.Erased && r.Kind != journal.Sealed && r.Kind != journal.Started {
			surplus++
		}
	}
	if surplus > 1 {
		return fmt.Errorf("there are %d records, and %d were acknowledged", v.Head.Sequence, m.last())
	}
	j, err := journal.Open(place, lab())
	if err != nil {
		return fmt.Errorf("opening: %w", err)
	}
	defer j.Close()
	found := map[uint64]journal.Record{}
	for r, err := range j.Replay(1) {
		if err != nil {
			return err
		}
		found[r.Sequence] = r
	}
	for n, digest := range m.records {
		if found[n].Digest != digest {
			return fmt.Errorf("record %d was acknowledged and is not there", n)
		}
	}
	if err := m.valuesWrong(j, w); err != nil {
		return err
	}
	return auditWrong(w, found)
}

func (m *memory) valuesWrong(j *journal.Journal, w world) error {
	for s, v := range m.sealed {
		if m.released[s] {
			continue
		}
		if got, err := j.Unseal(s); err != nil || !got.Equal(v) {
			return fmt.Errorf("a sealed value is lost: %w", err)
		}
	}
	if len(m.values) == 0 {
		return nil
	}
	return leaks(w.disk, m.values[len(m.values)-1])
}

// auditWrong holds the audit log to the journal: each record is in it, once and
// in order.
func auditWrong(w world, found map[uint64]journal.Record) error {
	content := w.disk.Content()[auditDir+"/audit.jsonl"]
	if _, err := auditlog.Verify(bytes.NewReader(content), head.Head{}); err != nil {
		return err
	}
	lines := bytes.Split(bytes.TrimSuffix(content, []byte("\n")), []byte("\n"))
	if len(lines) != len(found) {
		return fmt.Errorf("%d lines in the audit log for %d records", len(lines), len(found))
	}
	for n, line := range lines {
		if digest := found[uint64(n+1)].Digest; !bytes.Contains(line, []byte(digest.String())) {
			return fmt.Errorf("line %d of the audit log is not about record %d", n+1, n+1)
		}
	}
	return nil
}

// scaled multiplies a number of runs by QLEAKS_TEST_RUNS, for those who have
// the time.
func scaled(runs uint64) uint64 {
	times, err := strconv.ParseUint(os.Getenv("QLEAKS_TEST_RUNS"), 10, 32)
	if err != nil || times == 0 {
		return runs
	}
	return runs * times
}

// every is how far apart the calls are at which something fails: -short is for
// the race detector, and leaves out four in five.
func every() int {
	if testing.Short() {
		return 5
	}
	return 1
}

// stopAt stops the machine at a call.
func stopAt(n int) func(durabletest.Call) (durabletest.Outcome, error) {
	return func(c durabletest.Call) (durabletest.Outcome, error) {
		if c.Number == n {
			return durabletest.Stop, nil
		}
		return durabletest.Work, nil
	}
}

// callsOf returns how many calls a life takes.
func callsOf(t *testing.T, s *journal.Sealer) int {
	t.Helper()
	w := world{disk: durabletest.New(1), sealer: s}
	if err := live(w, newMemory(), 1); err != nil {
		t.Fatal(err)
	}
	return w.disk.Calls()
}

// TestPowerMayFailAtAnyCall lets the power fail at each call of a life, with a
// part of what was not safe that chance decides, and again while what was left
// is repaired, up to four times.
func TestPowerMayFailAtAnyCall(t *testing.T) {
	s := sealer(t, newIdentities(t))
	calls := callsOf(t, s)
	runs := 0
	for n := 1; n <= calls; n += every() {
		w := world{disk: durabletest.New(uint64(n)), sealer: s}
		w.disk.Decide = stopAt(n)
		m := newMemory()
		if err := live(w, m, 1); err == nil {
			t.Fatalf("call %d does not stop the program", n)
		}
		for seed := range scaled(1) {
			runs += m.clone().fails(t, world{disk: w.disk.Clone(seed), sealer: s}, n, seed, (*durabletest.Disk).LosePower)
		}
	}
	t.Logf("%d runs over %d calls", runs, calls)
}

// TestAProcessMayBeKilledAtAnyCall is the same for a process: what it wrote
// stays.
func TestAProcessMayBeKilledAtAnyCall(t *testing.T) {
	s := sealer(t, newIdentities(t))
	calls := callsOf(t, s)
	for n := 1; n <= calls; n += every() {
		w := world{disk: durabletest.New(uint64(n)), sealer: s}
		w.disk.Decide = stopAt(n)
		m := newMemory()
		if err := live(w, m, 1); err == nil {
			t.Fatalf("call %d does not stop the program", n)
		}
		for seed := range scaled(1) {
			m.clone().fails(t, world{disk: w.disk.Clone(seed), sealer: s}, n, seed, (*durabletest.Disk).Kill)
		}
	}
}

// fails lets a disk fail, start again and fail while the program goes on, and
// complains about what is wrong after each. After the first failure chance says
// which one it is. It returns how often it failed.
func (m *memory) fails(t *testing.T, w world, call int, seed uint64, fail func(*durabletest.Disk)) int {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, uint64(call)))
	for depth := 1; ; depth++ {
		fail(w.disk)
		if err := m.wrong(world{disk: w.disk.Clone(seed), sealer: w.sealer}); err != nil {
			t.Fatalf("failure %d, the first at call %d, seed %d: %v", depth, call, seed, err)
		}
		if depth > 4 {
			return depth
		}
		w.disk.Decide = stopAt(w.disk.Calls() + 1 + random.IntN(200))
		if fail = (*durabletest.Disk).Kill; random.IntN(2) == 0 {
			fail = (*durabletest.Disk).LosePower
		}
		if err := live(w, m, seed*100+uint64(depth)+2); err == nil {
			return depth
		} else if !errors.Is(err, durabletest.ErrStopped) {
			t.Fatalf("life %d after call %d, seed %d: %v", depth+1, call, seed, err)
		}
	}
}

// TestTheDiskMayFailAtAnyCall returns an error at each call, once or from then
// on, with a part of the call done; then the process ends, or the power fails.
func TestTheDiskMayFailAtAnyCall(t *testing.T) {
	s := sealer(t, newIdentities(t))
	calls := callsOf(t, s)
	for n := 1; n <= calls; n += every() {
		for i, failure := range []error{syscall.ENOSPC, syscall.EIO} {
			for f, forever := range []bool{false, true} {
				if scaled(1) == 1 && (n+i+2*f)%4 != 0 {
					continue // each call fails in one way; in all ways where time was given
				}
				w := world{disk: durabletest.New(uint64(n)), sealer: s}
				w.disk.Decide = func(c durabletest.Call) (durabletest.Outcome, error) {
					if c.Number == n || forever && c.Number > n {
						return durabletest.Work, failure
					}
					return durabletest.Work, nil
				}
				m := newMemory()
				err := live(w, m, 1)
				if err != nil && !errors.Is(err, failure) && !errors.Is(err, journal.ErrStopped) {
					t.Errorf("call %d, %v: another error comes out: %v", n, failure, err)
				}
				ends := []func(*durabletest.Disk){(*durabletest.Disk).Kill, (*durabletest.Disk).LosePower, (*durabletest.Disk).LosePower}
				if scaled(1) == 1 {
					ends = ends[n%2 : n%2+1]
				}
				for seed, fail := range ends {
					m.clone().fails(t, world{disk: w.disk.Clone(uint64(seed)), sealer: s}, n, uint64(seed), fail)
				}
			}
		}
	}
}
