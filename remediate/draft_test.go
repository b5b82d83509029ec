package remediate_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/hygiene"
	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate"
	"github.com/qleaks/qleaks/scanner/finding"
)

// asOf is when the facts of these tests are true.
func asOf() time.Time { return time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC) }

const days = 24 * time.Hour

// entry is a key of Ada's that was made 100 days ago and used yesterday.
func entry(name string, change ...func(*inventory.Entry)) *inventory.Entry {
	e := &inventory.Entry{
		Key: key.Key{
			Provider: "ibm", ID: "ApiKey-" + name, Name: name, Kind: "user", Owner: key.Party{ID: "IBMid-ada", Name: "Ada"}, Account: key.Party{ID: "acc"},
			Dates: key.Dates{Created: asOf().Add(-10 * days)}, Use: key.Use{Known: true, Last: asOf().Add(-days)},
			State: key.State{Disabled: key.No, Locked: key.No, Tag: "1"},
		},
		Accounts: []string{"lab"}, AsOf: asOf().Add(-time.Hour), Origin: inventory.Origin{Way: inventory.ByAPI},
	}
	for _, c := range change {
		c(e)
	}
	return e
}

// leaked is a case of a value that stands in a file and was asked about.
func leaked(e *inventory.Entry, status key.Status) remediate.Candidate {
	c := &hygiene.Case{
		Provider: "ibm", Entry: e, Standing: inventory.Listed, Basis: inventory.ByID,
		Fingerprints: []secret.Fingerprint{secret.Fingerprinter{}.Of(secret.New([]byte("a value of " + e.Key.Name)))},
		Places:       []hygiene.Place{{Path: "bell.py", Line: 3}},
		Check:        &finding.Check{Provider: "ibm", Verdict: key.Verdict{Status: status, Evidence: key.Evidence{Asked: asOf().Add(-time.Minute)}}},
	}
	return remediate.Candidate{Case: c, Salt: "public", Others: true, Exposure: remediate.Exposure{Reach: remediate.Public, Since: asOf().Add(-2 * days), Places: []string{"bell.py:3"}}}
}

func listed(e *inventory.Entry) remediate.Candidate {
	return remediate.Candidate{Case: &hygiene.Case{Provider: e.Key.Provider, Entry: e}}
}

// allAPI can do everything by API, and knows one store.
func allAPI() remediate.Means {
	return remediate.Means{
		Hands:  func(remediate.Target, remediate.Deed) remediate.Hands { return remediate.ByAPI },
		Stores: func(remediate.Target) []string { return []string{"ci"} },
	}
}

// guided has a person, who can make and revoke keys and nothing else.
func guided() remediate.Means {
	return remediate.Means{
		Hands:  handsOf(remediate.ByPerson),
		Stores: func(remediate.Target) []string { return []string{"ci", "laptop"} },
	}
}

// handsOf are somebody who can make, revoke and list keys, and nothing else.
func handsOf(by remediate.Hands) func(remediate.Target, remediate.Deed) remediate.Hands {
	return func(_ remediate.Target, d remediate.Deed) remediate.Hands {
		if d == remediate.Issuing || d == remediate.Revoking || d == remediate.Seeking {
			return by
		}
		return ""
	}
}

func gathered(cases ...remediate.Candidate) remediate.Gathered {
	g := remediate.Gathered{Now: asOf(), Requester: "grace", Cases: cases}
	for _, c := range cases {
		if c.Case.Entry != nil {
			g.Entries = append(g.Entries, c.Case.Entry)
		}
	}
	return g
}

func actions(r remediate.Row) string {
	var words []string
	for _, s := range r.Steps {
		words = append(words, strings.TrimSpace(string(s.Do)+" "+s.Store))
	}
	return strings.Join(words, ", ")
}

// only drafts a plan of one row.
func only(t *testing.T, g remediate.Gathered, p remediate.Policy, m remediate.Means) remediate.Row {
	t.Helper()
	plan := remediate.Draft(g, p, m)
	if len(plan.Rows) != 1 {
		t.Fatalf("%d rows; left: %+v", len(plan.Rows), plan.Left)
	}
	if err := plan.Validate(); err != nil {
		t.Fatal(err)
	}
	return plan.Rows[0]
}

func TestAPublicLeakIsContainedBeforeAnythingElse(t *testing.T) {
	c := leaked(entry("laptop"), key.Active)
	r := only(t, gathered(c), remediate.DefaultPolicy(), allAPI())
	want := "evidence, suspend, prove refused, look for persistence, check, seal, issue, test, distribute ci, confirm ci, revoke, prove, forget"
	if got := actions(r); r.Order != remediate.BreakFirst || got != want {
		t.Errorf("%s: %s\nwant %s", r.Order, got, want)
	}
	c.Case.Provider, c.Case.Entry.Key.Provider = "ionq", "ionq"
	r = only(t, gathered(c), remediate.DefaultPolicy(), guided())
	want = "evidence, revoke, prove refused, look for persistence, check, issue, test, distribute ci, confirm ci, distribute laptop, confirm laptop, prove, forget"
	if got := actions(r); got != want {
		t.Errorf("IonQ: %s\nwant %s", got, want)
	}
}

func TestNothingBreaksBeforeEveryStoreConfirmed(t *testing.T) {
	old := entry("laptop", func(e *inventory.Entry) {
		e.Key.Dates.Created, e.Key.State.Locked = asOf().Add(-200*days), key.Yes
	})
	r := only(t, gathered(listed(old)), remediate.DefaultPolicy(), allAPI())
	want := "evidence, check, seal, issue, test, distribute ci, confirm ci, quiet, drain, unlock, suspend, prove refused, soak, revoke, prove, forget"
	if got := actions(r); r.Order != remediate.MakeFirst || r.Reason != remediate.TooOld || got != want {
		t.Errorf("%s (%s): %s\nwant %s", r.Order, r.Reason, got, want)
	}
	old.Key.Provider, old.Key.State.Locked = "qbraid", key.Untold
	r = only(t, gathered(listed(old)), remediate.DefaultPolicy(), guided())
	want = "evidence, check, issue, test, distribute ci, confirm ci, distribute laptop, confirm laptop, quiet, drain, revoke, prove refused, prove, forget"
	if got := actions(r); got != want {
		t.Errorf("qBraid: %s\nwant %s", got, want)
	}
}

func TestTheExposureChoosesTheOrder(t *testing.T) {
	p := remediate.DefaultPolicy()
	p.Production = []string{"prod-*"}
	for _, c := range []struct {
		reach  remediate.Reach
		name   string
		demand remediate.Order
		want   remediate.Order
	}{
		{remediate.Public, "laptop", "", remediate.BreakFirst},
		{remediate.Public, "prod-a", "", remediate.BreakFirst},
		{remediate.Private, "laptop", "", remediate.MakeFirst},
		{remediate.Private, "prod-a", "", remediate.FastOverlap},
		{remediate.Unclear, "laptop", "", remediate.FastOverlap},
		{remediate.Local, "laptop", "", remediate.MakeFirst},
		{remediate.Private, "laptop", remediate.BreakFirst, remediate.BreakFirst},
		{remediate.Public, "laptop", remediate.MakeFirst, remediate.MakeFirst},
	} {
		candidate := leaked(entry(c.name), key.Active)
		candidate.Exposure.Reach, candidate.Order = c.reach, c.demand
		if r := only(t, gathered(candidate), p, allAPI()); r.Order != c.want {
			t.Errorf("%s, %s, demanded %q: %s", c.reach, c.name, c.demand, r.Order)
		}
	}
}

// TestKeysThatAreNotPlanned is the list of everything that must never become a
// row.
func TestKeysThatAreNotPlanned(t *testing.T) {
	idle := func(e *inventory.Entry) {
		e.Key.Dates.Created, e.Key.Use.Last = asOf().Add(-300*days), asOf().Add(-140*days)
	}
	foreign := leaked(entry("x"), key.Active)
	foreign.Case.Entry, foreign.Case.Standing = nil, inventory.Unlisted
	guess := leaked(entry("x"), key.Active)
	guess.Case.Perhaps, guess.Case.Entry, guess.Case.Standing = guess.Case.Entry, nil, inventory.Unsettled
	protected := remediate.DefaultPolicy()
	protected.Protected = []string{"ibm/lap*"}
	for name, c := range map[string]struct {
		candidate remediate.Candidate
		policy    remediate.Policy
		acting    remediate.Acting
		why       string
	}{
		"unknown status":   {candidate: leaked(entry("a"), key.Unknown), why: "nothing is revoked on that"},
		"somebody else's":  {candidate: foreign, why: "on no list of your keys"},
		"a guess":          {candidate: guess, why: "nobody told for sure"},
		"protected":        {candidate: leaked(entry("laptop"), key.Active), policy: protected, why: "protected"},
		"acting, by id":    {candidate: leaked(entry("a"), key.Active), acting: remediate.Acting{Provider: "ibm", ID: "ApiKey-a"}, why: "you act with it"},
		"acting, by value": {candidate: leaked(entry("a"), key.Active), acting: remediate.Acting{Provider: "ibm", Fingerprint: leaked(entry("a"), key.Active).Case.Fingerprints[0]}, why: "you act with it"},
		"old facts":        {candidate: listed(entry("a", idle, func(e *inventory.Entry) { e.AsOf = asOf().Add(-25 * time.Hour) })), why: "too old"},
		"future facts":     {candidate: listed(entry("a", idle, func(e *inventory.Entry) { e.AsOf = asOf().Add(time.Hour) })), why: "clock"},
		"no owner":         {candidate: listed(entry("a", idle, func(e *inventory.Entry) { e.Key.Owner = key.Party{} })), why: "whose it is"},
		"dead and gone":    {candidate: func() remediate.Candidate { c := leaked(entry("a"), key.Inactive); c.Case.Entry = nil; return c }(), why: "nothing to revoke"},
	} {
		p := c.policy
		if p.Mode == "" {
			p = remediate.DefaultPolicy()
		}
		g := gathered(c.candidate)
		g.Acting = []remediate.Acting{c.acting}
		plan := remediate.Draft(g, p, allAPI())
		if len(plan.Rows) != 0 || len(plan.Left) != 1 || !strings.Contains(plan.Left[0].Why, c.why) {
			t.Errorf("%s: %d rows, left %+v", name, len(plan.Rows), plan.Left)
		}
	}
	if plan := remediate.Draft(gathered(listed(entry("in use"))), remediate.DefaultPolicy(), allAPI()); len(plan.Rows)+len(plan.Left) != 0 {
		t.Errorf("a key that is as it should be: %+v", plan)
	}
}

func TestAnUnusedKeyGoesWithoutASuccessor(t *testing.T) {
	idle := entry("poster", func(e *inventory.Entry) {
		e.Key.Dates.Created, e.Key.Use.Last = asOf().Add(-300*days), asOf().Add(-140*days)
	})
	p := remediate.DefaultPolicy()
	r := only(t, gathered(listed(idle)), p, allAPI())
	if got := actions(r); r.Order != remediate.RevokeOnly || got != "evidence, tell, drain, suspend, prove refused, soak, revoke, prove" {
		t.Errorf("%s: %s", r.Order, got)
	}
	if i := slices.IndexFunc(r.Steps, func(s remediate.Step) bool { return s.Do == remediate.Soak }); time.Duration(r.Steps[i].Wait) != 14*days {
		t.Errorf("grace: %v", r.Steps[i].Wait)
	}
	p.ReplaceUnused = true
	if r := only(t, gathered(listed(idle)), p, allAPI()); r.Order != remediate.MakeFirst {
		t.Errorf("with replacement: %s", r.Order)
	}
	// A use of which only "later than" is known, or nothing, is no proof of idleness.
	for _, use := range []key.Use{{}, {Known: true, After: asOf().Add(-200 * days)}} {
		idle.Key.Use, idle.Key.Dates.Created = use, asOf().Add(-50*days)
		if plan := remediate.Draft(gathered(listed(idle)), p, allAPI()); len(plan.Rows) != 0 {
			t.Errorf("%+v: %+v", use, plan.Rows)
		}
	}
}

func TestTheTwentiethKeyLeavesNoRoom(t *testing.T) {
	g := gathered(leaked(entry("leaked"), key.Active))
	for i := range 19 {
		g.Entries = append(g.Entries, entry(fmt.Sprint(i)))
	}
	g.Cases[0].Exposure.Reach = remediate.Private
	r := only(t, g, remediate.DefaultPolicy(), allAPI())
	if got := actions(r); r.Order != remediate.BreakFirst || got != "evidence, suspend, prove refused, look for persistence, revoke, check, seal, issue, test, distribute ci, confirm ci, prove, forget" {
		t.Errorf("%s: %s", r.Order, got)
	}
	old := listed(entry("old", func(e *inventory.Entry) { e.Key.Dates.Created = asOf().Add(-200 * days) }))
	g.Cases = []remediate.Candidate{old}
	if plan := remediate.Draft(g, remediate.DefaultPolicy(), allAPI()); len(plan.Rows) != 0 || !strings.Contains(plan.Left[0].Why, "may not have one more") {
		t.Errorf("%+v", plan)
	}
}

func TestAPlanTouchesAShareOfAnAccount(t *testing.T) {
	var g remediate.Gathered
	for i := range 10 {
		g.Cases = append(g.Cases, listed(entry(fmt.Sprint("old", i), func(e *inventory.Entry) { e.Key.Dates.Created = asOf().Add(-200 * days) })))
	}
	g = gathered(g.Cases...)
	if plan := remediate.Draft(g, remediate.DefaultPolicy(), allAPI()); len(plan.Rows) != 3 || len(plan.Left) != 7 {
		t.Errorf("%d rows, %d left", len(plan.Rows), len(plan.Left))
	}
	one := gathered(g.Cases[0])
	if plan := remediate.Draft(one, remediate.DefaultPolicy(), allAPI()); len(plan.Rows) != 1 {
		t.Error("one key is always allowed")
	}
	for i := range g.Cases {
		g.Cases[i] = leaked(g.Cases[i].Case.Entry, key.Active)
	}
	if plan := remediate.Draft(g, remediate.DefaultPolicy(), allAPI()); len(plan.Rows) != 10 {
		t.Errorf("a cap refused the containment of %d public leaks", len(plan.Left))
	}
}

func TestNamedJobsAreCancelledAndNoOthers(t *testing.T) {
	c := leaked(entry("laptop"), key.Active)
	c.Running = remediate.Running{Asked: true, Jobs: []provider.Job{{ID: "j1", Status: "Queued", Pending: true}, {ID: "j2", Status: "Queued", Pending: true}}, Cancel: []string{"j2"}}
	r := only(t, gathered(c), remediate.DefaultPolicy(), allAPI())
	if got := actions(r); !strings.Contains(got, "look for persistence, cancel jobs, check") || !strings.Contains(got, "confirm ci, cancel jobs again, revoke") {
		t.Error(got)
	}
	// Without another credential the leaked key cancels, right before it dies.
	c.Others = false
	r = only(t, gathered(c), remediate.DefaultPolicy(), allAPI())
	if got := actions(r); !strings.HasPrefix(got, "evidence, cancel jobs with the leaked key, suspend") {
		t.Error(got)
	}
	c.Running.Cancel = nil
	if got := actions(only(t, gathered(c), remediate.DefaultPolicy(), allAPI())); strings.Contains(got, "cancel") {
		t.Error(got)
	}
}

func TestNamedJobsAreCancelledInEveryOrder(t *testing.T) {
	for _, order := range []remediate.Order{remediate.BreakFirst, remediate.MakeFirst, remediate.FastOverlap, remediate.RevokeOnly} {
		for _, others := range []bool{true, false} {
			c := leaked(entry("laptop"), key.Active)
			c.Order, c.Others = order, others
			c.Running = remediate.Running{Asked: true, Jobs: []provider.Job{{ID: "j1", Status: "Queued", Pending: true}}, Cancel: []string{"j1"}}
			got := actions(only(t, gathered(c), remediate.DefaultPolicy(), allAPI()))
			want := "cancel jobs"
			if !others {
				want = "cancel jobs with the leaked key, suspend"
			}
			if !strings.Contains(got, want) {
				t.Errorf("%s, others %t: %s", order, others, got)
			}
		}
	}
}

func TestTheProjectOfACopiedListIsWhatTheProviderTold(t *testing.T) {
	c := leaked(entry("laptop", func(e *inventory.Entry) { e.Key.ID, e.Key.Project = "", key.Party{Name: "bell"} }), key.Active)
	c.Case.Check.Verdict.Key = key.Key{Provider: "ibm", ID: "k-1", Name: "laptop", Project: key.Party{ID: "p-1"}}
	if got := only(t, gathered(c), remediate.DefaultPolicy(), allAPI()).Key; got.ID != "k-1" || got.Project != (key.Party{ID: "p-1", Name: "bell"}) {
		t.Errorf("%+v", got)
	}
	c.Case.Check.Verdict.Key.Name = "another"
	if got := only(t, gathered(c), remediate.DefaultPolicy(), allAPI()).Key; got.ID != "" || got.Project.ID != "" {
		t.Errorf("another key's project: %+v", got)
	}
}
