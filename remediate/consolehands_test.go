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
	"github.com/qleaks/qleaks/remediate/console"
)

// fakeDesk is a console with a driver in front of it, as far as a machine sees
// them. A test with a real browser is in cmd/qleaks.
type fakeDesk struct {
	w *world
	// signedOut says that nobody is signed in; fails are what goes wrong, one after
	// the other: "before", "after" a change was sent, or "" for nothing.
	signedOut bool
	fails     []string
	// opened counts drivers that were opened and not shut, stopped what the driver
	// told.
	opened, stopped int
	// second is another key of the name of the target: its project, or its date.
	second []string
}

func (f *fakeDesk) hands() remediate.Performer {
	atConsole := remediate.Console{
		Open: func(context.Context) (remediate.ConsoleDriver, func(), error) {
			f.opened++
			return f, func() { f.opened-- }, nil
		},
		Stopped: func(*console.StopError) { f.stopped++ },
	}
	return remediate.FirstOf(nil, atConsole, remediate.Guided(f.w.person))
}

func (f *fakeDesk) stop(sent bool, why error) error {
	return &console.StopError{Step: "work the console", Why: why, Sent: sent}
}

func (f *fakeDesk) fault() string {
	if len(f.fails) == 0 {
		return ""
	}
	how := f.fails[0]
	f.fails = f.fails[1:]
	return how
}

func shownDay(at time.Time) string { return at.UTC().Format("Jan 2, 2006") }

func (f *fakeDesk) List(context.Context) (console.Table, error) {
	if f.signedOut {
		return console.Table{}, f.stop(false, console.ErrSignedOut)
	}
	t := console.Table{Header: []string{"Name", "Project", "Last used"}}
	switch f.w.provider {
	case "ionq":
		for _, k := range f.w.ionq.Keys() {
			t.Rows = append(t.Rows, []string{k.Name, "The project " + k.Project, "Never"})
		}
	case "qbraid":
		t.Header = []string{"Name", "Created", "Last used", "Status"}
		for _, k := range f.w.qbraid.Keys() {
			t.Rows = append(t.Rows, []string{k.Name, shownDay(k.Created), "Never", "Active"})
		}
	}
	if f.second != nil {
		t.Rows = append(t.Rows, f.second)
	}
	t.Empty = len(t.Rows) == 0
	return t, nil
}

func (f *fakeDesk) Create(_ context.Context, o console.Order) (secret.Value, error) {
	if f.signedOut {
		return secret.Value{}, f.stop(false, console.ErrSignedOut)
	}
	how := f.fault()
	if how == "before" {
		return secret.Value{}, f.stop(false, errors.New("there is no such button"))
	}
	v := f.w.createAtConsole(o.Name, strings.TrimPrefix(o.Project, "The project "))
	if how == "after" {
		return secret.Value{}, f.stop(true, errors.New("the page does not come to rest"))
	}
	return v, nil
}

func (f *fakeDesk) Revoke(ctx context.Context, t console.Target) error {
	how := f.fault()
	if how == "before" {
		return f.stop(false, errors.New("there is no such button"))
	}
	table, err := f.List(ctx)
	if err != nil {
		return err
	}
	found := 0
	for _, row := range table.Rows {
		same := row[0] == t.Name
		for i, h := range table.Header {
			if want, ok := t.Cells[h]; ok && row[i] != want {
				same = false
			}
		}
		if same {
			found++
		}
	}
	if found != 1 {
		f.w.t.Errorf("%d rows are those of %+v", found, t)
		return console.ErrSeveral
	}
	f.w.revokeAtConsole(t.Name)
	if how == "after" {
		return f.stop(true, errors.New("the page does not come to rest"))
	}
	return nil
}

// atConsole runs a test of a provider whose keys a driver changes.
func atConsole(t *testing.T, name, order string, do func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, name, 0)
		defer w.stop()
		w.desk = &fakeDesk{w: w}
		how := ordersOfTest()[order]
		w.draft(how.reach, how.order)
		w.watch()
		do(w)
		if w.desk.opened != 0 {
			t.Errorf("%d browsers stay open", w.desk.opened)
		}
	})
}

func TestAConsoleReplacesAKey(t *testing.T) {
	for _, name := range []string{"ionq", "qbraid"} {
		for order := range ordersOfTest() {
			atConsole(t, name, order, func(w *world) {
				if by := w.plan.Rows[0].Steps; !slices.ContainsFunc(by, func(s remediate.Step) bool { return s.Do == remediate.Issue && s.By == remediate.ByConsole }) {
					w.t.Fatalf("the console makes no key: %+v", by)
				}
				result, err, _ := w.process(0, w.goOn)
				w.done(name+" "+order, result, err)
				if len(w.person.asked) > 0 {
					w.t.Errorf("a person was asked: %q", w.person.asked)
				}
			})
		}
	}
}

func TestNoCrashAtTheConsoleLosesAnything(t *testing.T) {
	for name, order := range map[string]string{"ionq": "make first", "qbraid": "break first"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for point, more := 1, true; more; point++ {
				random := rand.New(rand.NewPCG(uint64(point), 7))
				atConsole(t, name, order, func(w *world) {
					_, _, more = w.process(point, w.goOn)
					w.desk.opened = 0 // the browser dies with its process
					if more {
						w.process(1+random.IntN(40), w.goOn)
						w.desk.opened = 0
					}
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

func TestWhatAConsoleSentIsFoundOut(t *testing.T) {
	for _, fails := range [][]string{{"after"}, {"", "after"}, {"after", "after"}} {
		for order := range ordersOfTest() {
			atConsole(t, "ionq", order, func(w *world) {
				w.desk.fails = slices.Clone(fails)
				result, err, _ := w.process(0, w.goOn)
				if len(fails) == 2 && fails[0] != "" && err == nil && !result.Done() {
					// The end of the lost key was not known either: the next run asks.
					result, err, _ = w.process(0, w.goOn)
				}
				w.done(strings.Join(fails, ", "), result, err)
				if w.desk.stopped == 0 {
					w.t.Error("nobody was told where the driver stopped")
				}
			})
		}
	}
}

func TestAConsoleThatIsNotAsItWasStopsBeforeAnythingIsSent(t *testing.T) {
	atConsole(t, "qbraid", "make first", func(w *world) {
		w.desk.fails = []string{"before"}
		result, err, _ := w.process(0, w.goOn)
		if err != nil || result.Done() || !strings.Contains(result.Rotations[0].Why, "there is no such button") {
			w.t.Fatalf("%v %v", short(result), err)
		}
		if len(w.person.asked) > 0 {
			w.t.Errorf("a person was asked: %q", w.person.asked)
		}
		result, err, _ = w.process(0, w.goOn)
		w.done("mended", result, err)
	})
}

func TestWithoutASessionThePersonTakesOver(t *testing.T) {
	for _, name := range []string{"ionq", "qbraid"} {
		atConsole(t, name, "break first", func(w *world) {
			w.desk.signedOut = true
			result, err, _ := w.process(0, w.goOn)
			w.done(name, result, err)
			for _, title := range []string{"Revoke the key ", "Make a new key"} {
				if !slices.ContainsFunc(w.person.asked, func(s string) bool { return strings.HasPrefix(s, title) }) {
					w.t.Errorf("the person was not asked to %q: %q", title, w.person.asked)
				}
			}
		})
	}
}

func TestOnlyTheRowThatAgreesIsRevoked(t *testing.T) {
	for how, c := range map[string]struct {
		name, order string
		change      func(w *world)
		why         string
	}{
		"another project": {"ionq", "break first", func(w *world) { w.plan.Rows[0].Key.Project.Name = "The project q" }, "another project or another date"},
		"another date":    {"qbraid", "break first", func(w *world) { w.plan.Rows[0].Key.Facts.Created = time.Now().Add(-20 * days) }, "another project or another date"},
		"a second one":    {"ionq", "break first", func(w *world) { w.desk.second = []string{"laptop", "The project p", "Never"} }, "several keys"},
	} {
		atConsole(t, c.name, c.order, func(w *world) {
			c.change(w)
			result, err, _ := w.process(0, w.goOn)
			if err != nil || result.Done() || !strings.Contains(result.Rotations[0].Why, c.why) || !w.works(w.old) {
				w.t.Errorf("%s: %v %v", how, short(result), err)
			}
		})
	}
	// One that is told apart by what else its row says is no hindrance.
	for name, second := range map[string][]string{"ionq": {"laptop", "The project q", "Never"}, "qbraid": {"laptop", "Jan 1, 1998", "Never", "Active"}} {
		atConsole(t, name, "break first", func(w *world) {
			w.desk.second = second
			w.plan.Rows[0].Key.Project.Name = map[string]string{"ionq": "The project p"}[name]
			result, err, _ := w.process(0, w.goOn)
			w.done(name+", told apart", result, err)
		})
	}
}

func TestOtherHandsTakeOverOnlyWhereNothingWasDone(t *testing.T) {
	told := 0
	count := &counting{}
	none := remediate.Console{Open: func(context.Context) (remediate.ConsoleDriver, func(), error) {
		return nil, nil, errors.New("there is no browser")
	}}
	p := remediate.FirstOf(func(string) { told++ }, none, count)
	if _, err := p.Do(t.Context(), remediate.Task{Deed: remediate.Revoking}); err != nil || count.n != 1 || told != 1 {
		t.Errorf("%v, %d, %d", err, count.n, told)
	}
	if _, err := remediate.FirstOf(nil, none).Do(t.Context(), remediate.Task{Deed: remediate.Revoking}); !errors.Is(err, remediate.ErrNotDone) || !errors.Is(err, remediate.ErrNoConsole) {
		t.Errorf("nobody else is there: %v", err)
	}
	count.err = errors.New("no answer")
	last := &counting{}
	if _, err := remediate.FirstOf(nil, count, last).Do(t.Context(), remediate.Task{Deed: remediate.Revoking}); !errors.Is(err, count.err) || last.n != 0 {
		t.Errorf("a deed of which nobody knows was done again: %v, %d", err, last.n)
	}
}

// counting counts what it is asked to do.
type counting struct {
	n   int
	err error
}

func (c *counting) Can(remediate.Deed) bool { return true }

func (c *counting) Do(context.Context, remediate.Task) (remediate.Done, error) {
	c.n++
	return remediate.Done{}, c.err
}

func (c *counting) Seek(context.Context, remediate.Task) ([]key.Key, error) { return nil, nil }
