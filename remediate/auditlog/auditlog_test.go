package auditlog_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/durable/durabletest"
	"github.com/qleaks/qleaks/remediate/auditlog"
	"github.com/qleaks/qleaks/remediate/head"
)

const (
	file  = "/state/audit/audit.jsonl"
	heads = "/data/heads"
)

func open(d *durabletest.Disk) (*auditlog.Log, error) {
	return auditlog.Open(auditlog.Place{Dir: "/state/audit", Heads: heads, Disk: d})
}

func mustOpen(t testing.TB, d *durabletest.Disk) *auditlog.Log {
	t.Helper()
	l, err := open(d)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func entry(n int) auditlog.Entry {
	return auditlog.Entry{
		Time: time.Date(2026, 11, 29, 12, 0, n, 0, time.FixedZone("", 3600)), Actor: "alice <é\u2028>", Approvers: []string{"bob"}, Plan: "0123", Rotation: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
		Key: "ApiKey-1", Action: "revoke", Outcome: "done", Answer: auditlog.Answer{Request: fmt.Sprint("r-", n), Status: 204}, Duration: 12,
		Journal: auditlog.Source{Account: fmt.Sprint("ibm/", n%2), Head: head.Head{Chain: strings.Repeat("0a", 16), Sequence: uint64(n)}},
	}
}

func fill(t testing.TB, l *auditlog.Log, from, to int) {
	t.Helper()
	for n := from; n <= to; n++ {
		if _, err := l.Append(entry(n)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestALogTellsWhatItWasTold(t *testing.T) {
	d := durabletest.New(1)
	l := mustOpen(t, d)
	fill(t, l, 1, 5)
	again := mustOpen(t, d)
	if again.Head() != l.Head() || again.Head().Sequence != 5 {
		t.Errorf("opened again, the head is %s, not %s", again.Head(), l.Head())
	}
	for account, want := range map[string]uint64{"ibm/0": 4, "ibm/1": 5} {
		if s, ok, err := again.Last(account); !ok || err != nil || s.Sequence != want {
			t.Errorf("the last of %s: %+v, %t, %v", account, s, ok, err)
		}
	}
	if _, ok, err := again.Last("ibm/2"); ok || err != nil {
		t.Error("an account that nobody told of is known")
	}
	got, err := auditlog.Verify(bytes.NewReader(d.Content()[file]), l.Head())
	if err != nil || got != l.Head() {
		t.Errorf("verified: %v", err)
	}
	if parsed, err := head.Parse(l.Head().String()); err != nil || parsed != l.Head() {
		t.Errorf("a head is read as %s: %v", parsed, err)
	}
}

func TestVerifyFindsEveryChange(t *testing.T) {
	d := durabletest.New(1)
	l := mustOpen(t, d)
	fill(t, l, 1, 6)
	known, whole := l.Head(), d.Content()[file]
	lines := bytes.SplitAfter(whole, []byte("\n"))
	lines = lines[:6]
	check := func(what string, content []byte) {
		t.Helper()
		if _, err := auditlog.Verify(bytes.NewReader(content), known); !errors.Is(err, auditlog.ErrCut) && !errors.Is(err, auditlog.ErrChanged) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for at := range whole {
		changed := bytes.Clone(whole)
		changed[at] ^= 1 << (at % 8)
		check(fmt.Sprint("a bit of byte ", at), changed)
		check(fmt.Sprint("a cut at byte ", at), whole[:at])
	}
	for i := range lines {
		check(fmt.Sprint("without line ", i+1), bytes.Join(slices.Delete(slices.Clone(lines), i, i+1), nil))
		check(fmt.Sprint("with line twice ", i+1), bytes.Join(slices.Insert(slices.Clone(lines), i, lines[i]), nil))
		for k := range i {
			swapped := slices.Clone(lines)
			swapped[i], swapped[k] = swapped[k], swapped[i]
			check(fmt.Sprint("swapped ", k+1, i+1), bytes.Join(swapped, nil))
		}
	}
	other := durabletest.New(2)
	foreign := mustOpen(t, other)
	fill(t, foreign, 1, 6)
	check("another log", other.Content()[file])
	spaced := bytes.Replace(whole, []byte(`"actor":`), []byte(`"actor": `), 1)
	check("the same in other words", spaced)
	if _, err := auditlog.Verify(bytes.NewReader(bytes.Join(lines[:3], nil)), head.Head{}); err != nil {
		t.Errorf("a shorter log, with nothing known: %v", err)
	}
	fill(t, l, 7, 8)
	if now, err := auditlog.Verify(bytes.NewReader(d.Content()[file]), known); err != nil || now.Sequence != 8 {
		t.Errorf("a log that went on: %v", err)
	}
	check("one endless line", bytes.Repeat([]byte("x"), 300<<10))
}

func TestAChangedLogIsNotOpened(t *testing.T) {
	d := durabletest.New(1)
	fill(t, mustOpen(t, d), 1, 4)
	whole, kept := d.Content()[file], d.Content()[heads+"/audit"]
	for at := range whole {
		changed := bytes.Clone(whole)
		changed[at] ^= 1 << (at % 8)
		d.Set(file, changed)
		if _, err := open(d); err == nil {
			t.Fatalf("a bit of byte %d goes unseen", at)
		}
		d.Set(file, bytes.Clone(whole[:at]))
		if _, err := open(d); err == nil {
			t.Fatalf("a cut at byte %d goes unseen", at)
		}
		if got := d.Content()[file]; len(got) != at {
			t.Fatalf("a log that is refused was changed, from %d to %d bytes", at, len(got))
		}
	}
	d.Set(file, whole)
	for at := range kept {
		changed := bytes.Clone(kept)
		changed[at] ^= 1 << (at % 8)
		d.Set(heads+"/audit", changed)
		if _, err := open(d); err == nil {
			t.Fatalf("a bit of byte %d of the head goes unseen", at)
		}
	}
	d.Drop(heads + "/audit")
	if _, err := open(d); !errors.Is(err, auditlog.ErrChanged) {
		t.Errorf("without its head: %v", err)
	}
	d.Set(heads+"/audit", kept)
	d.Drop(file)
	if _, err := open(d); !errors.Is(err, auditlog.ErrCut) {
		t.Errorf("without its file: %v", err)
	}
	d.Set(file, whole)
	mustOpen(t, d)
}

// TestSeveralProcessesTakeTurns appends by three logs that know nothing of each
// other.
func TestSeveralProcessesTakeTurns(t *testing.T) {
	d := durabletest.New(1)
	logs := []*auditlog.Log{mustOpen(t, d), mustOpen(t, d), mustOpen(t, d)}
	for n := 1; n <= 12; n++ {
		fill(t, logs[n*n%3], n, n)
	}
	for i, l := range logs {
		if s, ok, err := l.Last("ibm/0"); !ok || err != nil || s.Sequence != 12 || l.Head().Sequence != 12 {
			t.Errorf("log %d knows of %d lines, %v", i, l.Head().Sequence, err)
		}
	}
	if _, err := auditlog.Verify(bytes.NewReader(d.Content()[file]), logs[0].Head()); err != nil {
		t.Error(err)
	}
}

func TestAnEntryThatCannotBeWrittenStopsNothing(t *testing.T) {
	d := durabletest.New(1)
	l := mustOpen(t, d)
	long := entry(1)
	long.Actor = strings.Repeat("x", 300<<10)
	never := entry(1)
	never.Time = time.Date(10001, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, e := range []auditlog.Entry{long, never} {
		if _, err := l.Append(e); !errors.Is(err, auditlog.ErrEntry) {
			t.Errorf("%v", err)
		}
	}
	odd := entry(1)
	odd.Actor = "\xff\x00\n\u2029\"</script>"
	if _, err := l.Append(odd); err != nil {
		t.Error(err)
	}
	mustOpen(t, d)
}

// TestALogSurvivesEveryFailure stops the machine, or fails a call, at each call
// of a life, and then loses power or kills the process.
func TestALogSurvivesEveryFailure(t *testing.T) {
	life := func(d *durabletest.Disk) (acknowledged uint64, err error) {
		l, err := open(d)
		if err != nil {
			return 0, err
		}
		for n := 1; n <= 4; n++ {
			if _, err := l.Append(entry(n)); err != nil {
				return acknowledged, err
			}
			acknowledged = l.Head().Sequence
		}
		return acknowledged, nil
	}
	trial := durabletest.New(1)
	if _, err := life(trial); err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= trial.Calls(); n++ {
		for way, failure := range map[string]error{"stop": nil, "full": syscall.ENOSPC, "broken": syscall.EIO} {
			d := durabletest.New(uint64(n))
			d.Decide = func(c durabletest.Call) (durabletest.Outcome, error) {
				switch {
				case c.Number != n:
					return durabletest.Work, nil
				case failure == nil:
					return durabletest.Stop, nil
				}
				return durabletest.Work, failure
			}
			safe, err := life(d)
			if failure == nil && !errors.Is(err, durabletest.ErrStopped) {
				t.Fatalf("call %d: %v", n, err)
			}
			for seed := range uint64(8) {
				c := d.Clone(seed)
				if seed == 0 {
					c.Kill()
				} else {
					c.LosePower()
				}
				l, err := open(c)
				if err != nil {
					t.Fatalf("%s at call %d, seed %d: %v", way, n, seed, err)
				}
				if got := l.Head().Sequence; got < safe || got > safe+1 {
					t.Fatalf("%s at call %d, seed %d: %d lines, %d were acknowledged", way, n, seed, got, safe)
				}
				fill(t, l, 1, 2)
				if _, err := auditlog.Verify(bytes.NewReader(c.Content()[file]), l.Head()); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}
