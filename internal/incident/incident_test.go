package incident_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qleaks/qleaks/internal/hygiene"
	"github.com/qleaks/qleaks/internal/incident"
	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/schematest"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/gitsource"
	"github.com/qleaks/qleaks/scanner/source"
)

var update = flag.Bool("update", false, "write the golden files anew")

const day = 24 * time.Hour

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// job is one of Ada's: on the simulator, in the morning, with a thousand shots.
func job(id string, at time.Time) provider.Job {
	return provider.Job{
		ID: id, Status: "completed", Backend: "simulator", Owner: "Ada", Shots: 1000, Cost: key.Amount{Value: 3, Unit: "USD"},
		Times: provider.JobTimes{Submitted: at, Ran: 2 * time.Second},
	}
}

// theft is a key that leaked three days ago, and was used by two people since.
func theft() incident.Facts {
	leak := noon.Add(-3 * day)
	c := &hygiene.Case{
		Provider: "ionq", Fingerprints: []secret.Fingerprint{"fp"},
		Entry: &inventory.Entry{Key: key.Key{
			Provider: "ionq", ID: "k-laptop", Name: "ada-laptop", Owner: key.Party{Name: "Ada"}, Dates: key.Dates{Created: noon.Add(-60 * day)}, Use: key.Use{Known: true, Last: noon.Add(-time.Hour)},
		}, Accounts: []string{"lab"}},
		Places: []hygiene.Place{{Finding: "ql1", Path: "src/submit.py", Line: 3, Repository: "github.com/lab/bell", Kind: source.Blob, Since: leak, By: "ada@lab.example", Commit: "992c7f4aa"}},
		Check: &finding.Check{Verdict: key.Verdict{Status: key.Active, Reason: "the provider accepted it", Evidence: key.Evidence{Asked: noon}}, Known: &key.Description{Reach: key.Reach{
			Organisation: key.Party{ID: "bell-lab"}, Spent: []key.Amount{{Value: 985, Unit: "usd"}}, Jobs: 3, Untold: []string{"sessions: the provider does not allow this"},
		}}},
	}
	f := incident.Facts{Now: noon, Case: c, Exposure: incident.Exposed(c), Asked: true, Before: leak.Add(-90 * day)}
	for i := range 24 {
		at := leak.Add(-time.Duration(i+1) * day)
		f.Jobs = append(f.Jobs, job(fmt.Sprintf("before-%02d", i), time.Date(at.Year(), at.Month(), at.Day(), 8+i%3, 0, 0, 0, time.UTC)))
	}
	hers := job("hers", time.Date(2026, 11, 19, 9, 0, 0, 0, time.UTC))
	stolen := job("stolen", time.Date(2026, 11, 19, 23, 30, 0, 0, time.UTC))
	stolen.Backend, stolen.Shots, stolen.Owner, stolen.Name = "qpu.aria-1", 100_000, "nobody-we-know", "job"
	stolen.Cost.Value = 970
	queued := job("queued", noon.Add(-time.Hour))
	queued.Pending, queued.Status, queued.Cost, queued.Times.Ran = true, "ready", key.Amount{}, 0
	queued.Backend = "qpu.aria-1"
	f.Jobs = append(f.Jobs, stolen, queued, hers)
	f.Sessions = []provider.Session{{ID: "s-1", Backend: "qpu.aria-1", Begun: noon.Add(-2 * time.Hour)}}
	spare := func(name, owner string, made time.Time, account string) *inventory.Entry {
		return &inventory.Entry{Key: key.Key{Provider: "ionq", ID: "id-" + name, Name: name, Owner: key.Party{Name: owner}, Account: key.Party{ID: account}, Dates: key.Dates{Created: made}}}
	}
	f.Others = []*inventory.Entry{c.Entry, spare("spare", "nobody-we-know", noon.Add(-time.Hour), ""), spare("older", "Ada", leak.Add(-day), ""), spare("unknown", "Ada", time.Time{}, "")}
	f.Gaps = []string{"IonQ tells no cost of jobs that wait"}
	return f
}

func written(t *testing.T, format string, told incident.Told) string {
	t.Helper()
	var b bytes.Buffer
	if err := incident.Write(&b, format, told, incident.Options{Width: 100}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestAnIncidentIsToldAsInTheGoldenFiles(t *testing.T) {
	f := theft()
	if gap := f.Exposure.Published(gitsource.Publication{Ref: "refs/remotes/origin/main", At: noon.Add(-3*day + time.Hour), Pushed: true}, true); gap != "" {
		t.Error(gap)
	}
	if err := f.Exposure.GitHub([]byte(`{"full_name":"lab/bell","private":false,"created_at":"2026-01-01T00:00:00Z"}`), nobody); err != nil {
		t.Fatal(err)
	}
	for _, format := range incident.Formats() {
		name := filepath.Join("testdata", "theft."+format+".golden")
		got := written(t, format, incident.Tell(f))
		if *update {
			if err := os.WriteFile(name, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got; run with -update if it should change):\n%s", name, diff)
		}
	}
}

func TestWhatIsUnlikeTheOwnerIsSaid(t *testing.T) {
	told := incident.Tell(theft())
	var ids []string
	for _, j := range told.Window {
		ids = append(ids, fmt.Sprintf("%s %d", j.ID, len(j.Unlike)))
	}
	if want := []string{"hers 0", "stolen 4", "queued 1"}; !slices.Equal(ids, want) {
		t.Errorf("got %q, want %q", ids, want)
	}
	if s := told.Sum; s.Jobs != 3 || s.Shots != 102_000 || s.Ran != 4*time.Second || s.Unlike != 2 || s.NoCost != 1 || len(s.Costs) != 1 || s.Costs[0].Value != 973 {
		t.Errorf("%+v", s)
	}
	if len(told.Queued) != 1 || told.Queued[0].ID != "queued" {
		t.Errorf("queued: %+v", told.Queued)
	}
}

func TestKeysThatWereMadeSinceAreTold(t *testing.T) {
	f := theft()
	told := incident.Tell(f)
	if len(told.Made) != 1 || told.Made[0].Key.Name != "spare" {
		t.Errorf("%+v", told.Made)
	}
	// A key of another account is not in reach of the leaked one.
	f.Case.Entry.Key.Account.ID, f.Others[1].Key.Account.ID = "a", "b"
	if told := incident.Tell(f); len(told.Made) != 0 {
		t.Errorf("%+v", told.Made)
	}
	f.Exposure = incident.Exposure{}
	if told := incident.Tell(f); len(told.Made) != 0 {
		t.Error("since nobody knows when, nothing is younger")
	}
}

func TestAHabitThatRestsOnLittleSaysNothing(t *testing.T) {
	f := theft()
	f.Jobs = f.Jobs[20:] // four before the leak
	told := incident.Tell(f)
	if told.Habit.Jobs != 4 || told.Sum.Unlike != 0 || told.Habit.Known() {
		t.Errorf("%+v", told.Habit)
	}
	if text := written(t, "text", told); !strings.Contains(text, "too few to say what is usual") {
		t.Error(text)
	}
}

func TestNotAskingIsNotTheSameAsNoJobs(t *testing.T) {
	f := theft()
	f.Asked, f.Jobs, f.Sessions = false, nil, nil
	text := written(t, "text", incident.Tell(f))
	if !strings.Contains(text, "that no job is shown says nothing") || strings.Contains(text, "0 jobs wait") || !strings.Contains(text, "Cancel the jobs that wait") {
		t.Error(text)
	}
	f.Asked = true
	if text := written(t, "text", incident.Tell(f)); !strings.Contains(text, "No job was submitted since then") {
		t.Error(text)
	}
}

func TestWithoutATimeEveryJobIsShown(t *testing.T) {
	f := theft()
	f.Exposure = incident.Exposure{}
	told := incident.Tell(f)
	if len(told.Window) != len(f.Jobs) || told.Habit.Jobs != 0 {
		t.Errorf("%d of %d jobs", len(told.Window), len(f.Jobs))
	}
	// A job whose time nobody tells may be of the window.
	f = theft()
	f.Jobs[0].Times.Submitted = time.Time{}
	if told := incident.Tell(f); len(told.Window) != 4 {
		t.Errorf("%d jobs", len(told.Window))
	}
}

// nobody knows any commit.
func nobody(string) (holds, known bool) { return false, false }

func TestWhatIsNotKnownOfAPushIsSaid(t *testing.T) {
	const ref = "refs/remotes/origin/main"
	for name, q := range map[string]struct {
		published    gitsource.Publication
		remotes      bool
		gap, told    string
		remote, sure bool
	}{
		"pushed from here":    {gitsource.Publication{Ref: ref, At: noon.Add(time.Hour), Pushed: true}, true, "", "first push that brought it", false, true},
		"fetched":             {gitsource.Publication{Ref: ref, At: noon.Add(time.Hour)}, true, "origin/main held it by 2026-11-20 13:00 UTC", "on a remote at the latest", true, false},
		"a ref without a log": {gitsource.Publication{Ref: ref}, true, "origin/main holds it, and no log tells since when", "first commit", false, false},
		"pushed nowhere":      {gitsource.Publication{}, true, "", "no branch of a remote", false, false},
		"no remote":           {gitsource.Publication{}, false, "", "first commit", false, false},
	} {
		f := theft()
		f.Exposure = incident.Exposure{Committed: noon, Commit: "abc", Path: "bell.py"}
		gap := f.Exposure.Published(q.published, q.remotes)
		if q.gap == "" && gap != "" || !strings.Contains(gap, q.gap) {
			t.Errorf("%s: gap %q", name, gap)
		}
		if text := written(t, "text", incident.Tell(f)); !strings.Contains(text, q.told) {
			t.Errorf("%s: %s", name, text)
		}
		// Until the push is known, what ran counts from the commit.
		if want := map[bool]time.Time{true: noon.Add(time.Hour), false: noon}[q.sure]; !f.Exposure.Since().Equal(want) || f.Exposure.Remote.IsZero() == q.remote || f.Exposure.PushedSure != q.sure {
			t.Errorf("%s: %+v", name, f.Exposure)
		}
	}
}

func TestTheEarliestExposureCounts(t *testing.T) {
	e := incident.Exposure{Committed: noon}
	activity := func(holds incident.Holds, text string) {
		t.Helper()
		if err := e.GitHub([]byte(text), holds); err != nil {
			t.Fatal(err)
		}
	}
	if activity(nobody, `[{"activity_type":"push","timestamp":"2026-11-20T11:00:00Z"}]`); !e.Pushed.IsZero() {
		t.Error("a push before the commit cannot have brought it")
	}
	pushed := func(at time.Time) gitsource.Publication {
		return gitsource.Publication{Ref: "refs/remotes/origin/main", At: at, Pushed: true}
	}
	e.Published(pushed(noon.Add(3*time.Hour)), true)
	e.Published(pushed(noon.Add(2*time.Hour)), true)
	if !e.Since().Equal(noon.Add(2*time.Hour)) || !e.PushedSure {
		t.Errorf("since %s", e.Since())
	}
	// A push that is known not to hold the commit is none of it.
	activity(func(string) (bool, bool) { return false, true }, `[{"activity_type":"push","timestamp":"2026-11-20T13:00:00Z","after":"a"}]`)
	if !e.Since().Equal(noon.Add(2 * time.Hour)) {
		t.Errorf("since %s", e.Since())
	}
	activity(nobody, `[{"activity_type":"push","timestamp":"2026-11-20T13:00:00Z"},{"activity_type":"branch_deletion","timestamp":"2026-11-20T12:30:00Z"}]`)
	if !e.Since().Equal(noon.Add(time.Hour)) || !strings.Contains(e.PushedHow, "GitHub") || e.PushedSure {
		t.Errorf("since %s, %s", e.Since(), e.PushedHow)
	}
	activity(func(commit string) (bool, bool) { return commit == "b", true }, `[{"activity_type":"push","timestamp":"2026-11-20T12:10:00Z","after":"a"},{"activity_type":"push","timestamp":"2026-11-20T12:20:00Z","after":"b"}]`)
	if !e.Since().Equal(noon.Add(20*time.Minute)) || !e.PushedSure {
		t.Errorf("since %s, %s", e.Since(), e.PushedHow)
	}
	if err := e.GitHub([]byte(`{"full_name":"lab/bell","private":true,"created_at":"2020-01-01T00:00:00Z"}`), nobody); err != nil || !e.Private || !e.Public.IsZero() {
		t.Errorf("%+v, %v", e, err)
	}
	for _, text := range []string{"", "[]", "{}", `[{"x":1}]`, `{"private":false}`} {
		if err := e.GitHub([]byte(text), nobody); !errors.Is(err, incident.ErrNotGitHub) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestJSONKeepsItsSchema(t *testing.T) {
	schema := schematest.Compile(t, incident.Schema())
	bare := incident.Facts{Now: noon, Case: &hygiene.Case{Provider: "ionq"}}
	for name, f := range map[string]incident.Facts{"theft": theft(), "bare": bare} {
		if err := schema.Check(written(t, "json", incident.Tell(f))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNothingOfOthersIsObeyed(t *testing.T) {
	for _, bad := range []string{"\x1b[2J", "a\n::error::b", "::x", "##[error]", "<script>alert(1)</script>", "\"><img src=x>", "\u202ex"} {
		f := theft()
		for i := range f.Jobs {
			j := &f.Jobs[i]
			j.Name, j.Owner, j.Status, j.ID, j.Cost.Unit = bad, bad, bad, bad, bad
			if i > 20 {
				j.Backend = bad
			}
		}
		f.Case.Places[0].Path, f.Case.Places[0].By, f.Case.Places[0].Commit, f.Exposure.Path, f.Exposure.By = bad, bad, bad, bad, bad
		f.Case.Entry.Key.Name, f.Case.Entry.Key.Owner.Name, f.Sessions[0].ID, f.Gaps[0] = bad, bad, bad, bad
		f.Case.Check.Verdict.Reason = bad
		for _, format := range []string{"text", "html"} {
			got := written(t, format, incident.Tell(f))
			if strings.ContainsAny(got, "\x1b") || strings.Contains(got, "\u202e") || format == "html" && (strings.Contains(got, "<script>") || strings.Contains(got, "<img")) {
				t.Errorf("%q is live in %s", bad, format)
			}
			for line := range strings.Lines(got) {
				if format == "text" && (strings.HasPrefix(strings.TrimLeft(line, " "), "::") || strings.Contains(line, "##[")) {
					t.Errorf("a runner obeys %q", line)
				}
			}
		}
	}
}

func TestThePageAsksForNothing(t *testing.T) {
	got := written(t, "html", incident.Tell(theft()))
	if m := regexp.MustCompile(`(?i)(\ssrc\s*=|href\s*=|url\(|@import|<script|<link|<iframe|<form)`).FindString(got); m != "" {
		t.Errorf("the page may ask: %q", m)
	}
}
