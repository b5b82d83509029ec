package notify_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/sourcegraph/conc/pool"

	"github.com/qleaks/qleaks/internal/notify"
	"github.com/qleaks/qleaks/internal/records"
)

// said is a message as lines of event, group and text.
func said(m notify.Message) (lines []string) {
	for _, s := range m.Sections {
		lines = append(lines, fmt.Sprintf("%s %d (%d)", s.Event, s.Total, s.Told))
		for _, g := range s.Groups {
			for range g.Lines {
				lines = append(lines, "  "+g.Name)
			}
		}
	}
	return lines
}

func TestADigestBeginsWithWhatWorksAndIsSentOnce(t *testing.T) {
	l := newLab(t)
	r := &recorder{}
	n := l.notifier(notify.Channel{Name: "security", Kind: notify.Slack, Sender: r})
	run := l.begin()
	l.found(run, "acme/two", "", "live", "fresh")
	l.found(run, "acme/one", "", "live other.py")
	l.answered(run, "live", records.Active)
	l.listed("idle", 91)
	l.listed("busy", 3)
	for range 3 {
		if _, err := n.After(t.Context(), run); err != nil {
			t.Fatal(err)
		}
	}
	if len(r.sent) != 1 {
		t.Fatalf("%d messages", len(r.sent))
	}
	want := []string{"active 1 (0)", "  acme/one", "new 3 (0)", "  acme/one", "  acme/two", "  acme/two", "unused 1 (0)", "  ibm lab"}
	if diff := cmp.Diff(want, said(r.sent[0])); diff != "" {
		t.Error(diff)
	}
	l.end(run)

	// Nothing new, nothing said; then only what is new is listed.
	run = l.begin()
	l.found(run, "acme/one", "", "live other.py")
	if o, err := n.After(t.Context(), run); err != nil || o.Nothing != 1 || len(r.sent) != 1 {
		t.Errorf("%+v, %v, %d messages", o, err, len(r.sent))
	}
	l.end(run)
	run = l.begin()
	l.found(run, "acme/one", "", "live other.py", "second")
	l.answered(run, "second", records.Active)
	if _, err := n.After(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	want = []string{"active 2 (1)", "  acme/one", "new 1 (0)", "  acme/one", "unused 1 (1)"}
	if diff := cmp.Diff(want, said(r.sent[len(r.sent)-1])); diff != "" || len(r.sent) != 2 {
		t.Error(diff)
	}
}

func TestAChannelHearsOnlyWhatItWants(t *testing.T) {
	l := newLab(t)
	r := &recorder{}
	n := l.notifier(notify.Channel{Name: "keys", Kind: notify.Slack, When: []notify.Event{notify.Unused, notify.Failed}, Sender: r})
	run := l.begin()
	l.found(run, "acme/one", "", "live")
	if o, err := n.After(t.Context(), run); err != nil || o.Nothing != 1 {
		t.Errorf("%+v, %v", o, err)
	}
	l.end(run)
	run = l.begin()
	l.store.Update(t.Context(), func(tx *records.Tx) error {
		_, err := tx.Act(t.Context(), records.Action{Kind: "verify", Subject: run.Target, State: "failed", Run: run.Seq, Detail: []byte(`{"error":"no token"}`)})
		return err
	})
	if _, err := n.After(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	if len(r.sent) != 1 || !strings.Contains(r.sent[0].Sections[0].Groups[0].Lines[0], "the step verify failed: no token") {
		t.Errorf("%+v", r.sent)
	}
}

func TestWhatWasNotReadAndSweepsThatFailedAreTold(t *testing.T) {
	l := newLab(t)
	r := &recorder{}
	n := l.notifier(notify.Channel{Name: "security", Kind: notify.Slack, Sender: r})
	run := l.begin()
	cover := func(run records.Run, complete bool) {
		if err := l.store.Update(t.Context(), func(tx *records.Tx) error {
			repository, err := tx.PutRepository(t.Context(), records.Repository{Name: "acme/odd", Origin: run.Target, Location: "acme/odd"})
			if err != nil {
				return err
			}
			return tx.Cover(t.Context(), records.Report{Coverage: records.Coverage{
				Run: run.Seq, Repository: repository.Seq, Outcome: records.Read, Complete: complete,
				Extent: records.Extent{Skipped: []byte(`[{"path":"big.zip","outcome":"excluded","reason":"x"},{"path":"a.pack","outcome":"unread","reason":"it is damaged"}]`)},
			}})
		}); err != nil {
			t.Fatal(err)
		}
	}
	tell := func(run records.Run, messages int) {
		t.Helper()
		if _, err := n.After(t.Context(), run); err != nil || len(r.sent) != messages {
			t.Errorf("%d messages, %v", len(r.sent), err)
		}
		l.end(run)
	}
	cover(run, false)
	tell(run, 1)
	if got := r.sent[0].Sections[0].Groups[0].Lines[0]; got != "part of it could not be read: a.pack: it is damaged" {
		t.Error(got)
	}
	run = l.begin()
	cover(run, false)
	tell(run, 1) // known
	run = l.begin()
	cover(run, true)
	tell(run, 1)
	run = l.begin()
	cover(run, false)
	tell(run, 2) // once more
	broken := l.begin()
	if err := l.store.Update(t.Context(), func(tx *records.Tx) error {
		_, err := tx.MoveRun(t.Context(), broken.Seq, records.Discovering, records.Broken)
		return errors.Join(err, tx.Total(t.Context(), broken.Seq, nil, "nobody answers"))
	}); err != nil {
		t.Fatal(err)
	}
	run = l.begin()
	tell(run, 3)
	if got := r.sent[2].Sections[0].Groups[0].Lines[0]; got != "it failed: nobody answers" || r.sent[2].Title != "2 sweeps" {
		t.Errorf("%q: %s", r.sent[2].Title, got)
	}
}

func TestADailyDigestHasAllSweepsOfItsTime(t *testing.T) {
	l := newLab(t)
	r := &recorder{}
	n := l.notifier(notify.Channel{Name: "daily", Kind: notify.Slack, Daily: true, Sender: r})
	for i := range 3 {
		run := l.begin()
		l.found(run, fmt.Sprintf("acme/r%d", i), "", fmt.Sprintf("key%d", i))
		if _, err := n.After(t.Context(), run); err != nil {
			t.Fatal(err)
		}
		l.end(run)
	}
	if len(r.sent) != 1 {
		t.Fatalf("%d messages on the first day", len(r.sent))
	}
	l.now = l.now.Add(24 * time.Hour)
	run := l.begin()
	if _, err := n.After(t.Context(), run); err != nil || len(r.sent) != 2 {
		t.Fatalf("%d messages, %v", len(r.sent), err)
	}
	if diff := cmp.Diff([]string{"new 2 (0)", "  acme/r1", "  acme/r2"}, said(r.sent[1])); diff != "" {
		t.Error(diff)
	}
}

func TestAMessageOfWhichNothingIsKnownIsSentAgainAndSaysSo(t *testing.T) {
	l := newLab(t)
	r := &recorder{fail: []error{errors.New("the connection broke")}}
	n := l.notifier(notify.Channel{Name: "security", Kind: notify.Slack, Sender: r})
	run := l.begin()
	l.found(run, "acme/one", "", "live")
	if _, err := n.After(t.Context(), run); err == nil {
		t.Error("no error")
	}
	_, err := n.After(t.Context(), run)
	var later *notify.LaterError
	if !errors.As(err, &later) || len(r.sent) != 0 {
		t.Fatalf("another worker may be sending, and this one sends, too: %v", err)
	}
	l.now = l.now.Add(later.After + time.Second)
	if _, err := n.After(t.Context(), run); err != nil || len(r.sent) != 1 || !r.sent[0].Again {
		t.Fatalf("%v, %+v", err, r.sent)
	}
	if _, err := n.After(t.Context(), run); err != nil || len(r.sent) != 1 {
		t.Errorf("sent twice: %v", err)
	}
}

func TestAMessageThatWasRefusedIsNoSecondCopyNextTime(t *testing.T) {
	l := newLab(t)
	r := &recorder{fail: []error{fmt.Errorf("no: %w", notify.ErrNotTaken)}}
	other := &recorder{}
	n := l.notifier(notify.Channel{Name: "bad", Kind: notify.Slack, Sender: r}, notify.Channel{Name: "good", Kind: notify.Slack, Sender: other})
	run := l.begin()
	l.found(run, "acme/one", "", "live")
	if _, err := n.After(t.Context(), run); !errors.Is(err, notify.ErrNotTaken) || len(other.sent) != 1 {
		t.Errorf("%v; the other channel has %d", err, len(other.sent))
	}
	if _, err := n.After(t.Context(), run); err != nil || len(r.sent) != 1 || r.sent[0].Again || len(other.sent) != 1 {
		t.Errorf("%v, %+v, %d", err, r.sent, len(other.sent))
	}
}

func TestManyWorkersSendOneMessage(t *testing.T) {
	l := newLab(t)
	r := &recorder{}
	n := l.notifier(notify.Channel{Name: "security", Kind: notify.Slack, Sender: r})
	run := l.begin()
	l.found(run, "acme/one", "", "live")
	workers := pool.New().WithErrors()
	for range 8 {
		workers.Go(func() error {
			_, err := n.After(t.Context(), run)
			if _, later := errors.AsType[*notify.LaterError](err); later {
				return nil // somebody else is sending
			}
			return err
		})
	}
	if err := workers.Wait(); err != nil || len(r.sent) != 1 {
		t.Errorf("%d messages, %v", len(r.sent), err)
	}
}

func TestWhatStaysOpenIsEscalatedOnce(t *testing.T) {
	l := newLab(t)
	first, second := &recorder{}, &recorder{}
	n := l.notifier(
		notify.Channel{Name: "team", Kind: notify.Slack, After: 24 * time.Hour, To: "oncall", Sender: first},
		notify.Channel{Name: "oncall", Kind: notify.Slack, When: []notify.Event{notify.Failed}, Sender: second},
	)
	run := l.begin()
	l.found(run, "acme/one", "", "live", "decided")
	sweep := func(later time.Duration, messages int) {
		t.Helper()
		l.now = l.now.Add(later)
		if _, err := n.After(t.Context(), run); err != nil || len(second.sent) != messages {
			t.Fatalf("%d messages, %v", len(second.sent), err)
		}
		l.end(run)
		run = l.begin()
	}
	sweep(0, 0)
	if err := l.store.Update(t.Context(), func(tx *records.Tx) error {
		_, err := tx.Ignore(t.Context(), records.Decision{Fingerprint: "decided", Who: "ada", Why: "revoked by hand"})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	sweep(23*time.Hour, 0)
	sweep(2*time.Hour, 1)
	sweep(24*time.Hour, 1)
	if diff := cmp.Diff([]string{"new 1 (0)", "  acme/one"}, said(second.sent[0])); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsOverdueBetweenSweepsIsEscalatedOnce(t *testing.T) {
	l := newLab(t)
	first, second := &recorder{}, &recorder{}
	n := l.notifier(
		notify.Channel{Name: "team", Kind: notify.Slack, After: 24 * time.Hour, To: "oncall", Sender: first},
		notify.Channel{Name: "oncall", Kind: notify.Slack, Sender: second, When: []notify.Event{notify.Failed}},
	)
	overdue := func(later time.Duration, told, messages int) {
		t.Helper()
		l.now = l.now.Add(later)
		if got, err := n.Overdue(t.Context()); err != nil || got != told || len(second.sent) != messages {
			t.Fatalf("%d told, %d messages, %v", got, len(second.sent), err)
		}
	}
	run := l.begin()
	l.found(run, "acme/one", "", "live")
	overdue(25*time.Hour, 0, 0) // nobody was told of it
	l.now = l.now.Add(-25 * time.Hour)
	if _, err := n.After(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	overdue(23*time.Hour, 0, 0)
	second.fail = []error{errors.New("it broke off")}
	l.now = l.now.Add(2 * time.Hour)
	if _, err := n.Overdue(t.Context()); err == nil {
		t.Fatal("what broke off was told")
	}
	overdue(time.Minute, 1, 1)
	overdue(time.Minute, 0, 1)
	if m := second.sent[0]; !m.Again || m.ID == first.sent[0].ID {
		t.Errorf("%s after %s, again: %t", m.ID, first.sent[0].ID, m.Again)
	}
	l.end(run)
	if _, err := n.After(t.Context(), l.begin()); err != nil || len(second.sent) != 1 {
		t.Errorf("the next sweep: %d messages, %v", len(second.sent), err)
	}
}

func TestChannelsAreChecked(t *testing.T) {
	good := notify.Channel{Name: "x", Kind: notify.Teams, When: []notify.Event{notify.New}, After: time.Hour, To: "y"}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for name, c := range map[string]notify.Channel{
		"no name": {Kind: notify.Slack}, "kind": {Name: "x", Kind: "pager"}, "event": {Name: "x", Kind: notify.Slack, When: []notify.Event{"old"}},
		"only after": {Name: "x", Kind: notify.Slack, After: time.Hour}, "only to": {Name: "x", Kind: notify.Slack, To: "y"}, "itself": {Name: "x", Kind: notify.Slack, After: time.Hour, To: "x"},
	} {
		if c.Validate() == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
