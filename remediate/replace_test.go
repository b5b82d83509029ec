package remediate_test

import (
	"strings"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/remediate"
)

// nobodyMakes can do everything by API but make a key.
func nobodyMakes() remediate.Means {
	m := allAPI()
	m.Hands = func(_ remediate.Target, d remediate.Deed) remediate.Hands {
		if d == remediate.Issuing {
			return ""
		}
		return remediate.ByAPI
	}
	return m
}

func noStores(m remediate.Means) remediate.Means {
	m.Stores = func(remediate.Target) []string { return nil }
	return m
}

func TestALeakedKeyThatNobodyCanReplaceIsRevokedAllTheSame(t *testing.T) {
	const want = "evidence, suspend, prove refused, look for persistence, revoke, prove"
	for name, c := range map[string]struct {
		means  remediate.Means
		reach  remediate.Reach
		demand remediate.Order
		why    string
		after  int
	}{
		"nobody makes one":         {nobodyMakes(), remediate.Public, "", "nobody here can make another one", 1},
		"in private":               {nobodyMakes(), remediate.Private, "", "nobody here can make another one", 1},
		"nobody knows who sees it": {nobodyMakes(), remediate.Unclear, "", "nobody here can make another one", 1},
		"no store":                 {noStores(allAPI()), remediate.Public, "", "no store of yours", 2},
		"no store, in private":     {noStores(allAPI()), remediate.Private, "", "no store of yours", 2},
		"no store, make first":     {noStores(allAPI()), remediate.Private, remediate.MakeFirst, "no store of yours", 2},
	} {
		candidate := leaked(entry("laptop"), key.Active)
		candidate.Exposure.Reach, candidate.Order = c.reach, c.demand
		r := only(t, gathered(candidate), remediate.DefaultPolicy(), c.means)
		if got := actions(r); r.Order != remediate.RevokeOnly || got != want {
			t.Errorf("%s: %s: %s", name, r.Order, got)
		}
		if !strings.Contains(r.OrderWhy, c.why) || len(r.After) != c.after || !strings.Contains(r.After[0], "Ada (IBMid-ada) makes another one") {
			t.Errorf("%s: %s; %q", name, r.OrderWhy, r.After)
		}
		var text strings.Builder
		plan := remediate.Draft(gathered(candidate), remediate.DefaultPolicy(), c.means)
		if err := plan.Text(&text, remediate.TextOptions{}); err != nil || !strings.Contains(strings.Join(strings.Fields(text.String()), " "), "makes another one") {
			t.Errorf("%s: the text does not say what is left to people: %v", name, err)
		}
	}
	// A person who makes a key in a console has its value, and takes it over.
	m := noStores(guided())
	c := leaked(entry("laptop"), key.Active)
	c.Case.Provider, c.Case.Entry.Key.Provider = "ionq", "ionq"
	if r := only(t, gathered(c), remediate.DefaultPolicy(), m); r.Order != remediate.BreakFirst || !strings.Contains(actions(r), "issue, test, confirm,") {
		t.Errorf("a person: %s: %s", r.Order, actions(r))
	}
	// Jobs are cancelled with the leaked key, where no other is known.
	c = leaked(entry("laptop"), key.Active)
	c.Others, c.Running.Cancel = false, []string{"j1"}
	if got := actions(only(t, gathered(c), remediate.DefaultPolicy(), nobodyMakes())); !strings.HasPrefix(got, "evidence, cancel jobs with the leaked key, suspend,") {
		t.Error(got)
	}
	// It is the containment of a public leak as any other: no cap refuses it.
	var many []remediate.Candidate
	for _, name := range []string{"a", "b", "c", "d"} {
		many = append(many, leaked(entry(name), key.Active))
	}
	if plan := remediate.Draft(gathered(many...), remediate.DefaultPolicy(), nobodyMakes()); len(plan.Rows) != 4 {
		t.Errorf("%d rows, left %+v", len(plan.Rows), plan.Left)
	}
}

func TestWhatDidNotLeakIsNotEndedWithoutASuccessor(t *testing.T) {
	old := listed(entry("old", func(e *inventory.Entry) { e.Key.Dates.Created = asOf().Add(-200 * days) }))
	wanted := listed(entry("wanted"))
	wanted.Wanted = true
	for name, c := range map[string]struct {
		candidate remediate.Candidate
		means     remediate.Means
		why       string
	}{
		"old, no store":           {old, noStores(allAPI()), "no store of yours"},
		"old, nobody makes one":   {old, nobodyMakes(), "nobody here can make another one"},
		"asked for, nobody makes": {wanted, nobodyMakes(), "nobody here can make another one"},
		"nobody revokes":          {leaked(entry("x"), key.Active), remediate.Means{Hands: func(remediate.Target, remediate.Deed) remediate.Hands { return "" }, Stores: allAPI().Stores}, "nobody here can revoke"},
		"nobody revokes, old":     {old, remediate.Means{Hands: func(remediate.Target, remediate.Deed) remediate.Hands { return "" }, Stores: allAPI().Stores}, "nobody here can revoke"},
	} {
		plan := remediate.Draft(gathered(c.candidate), remediate.DefaultPolicy(), c.means)
		if len(plan.Rows) != 0 || len(plan.Left) != 1 || !strings.Contains(plan.Left[0].Why, c.why) {
			t.Errorf("%s: %+v", name, plan)
		}
	}
	wanted.Order = remediate.RevokeOnly
	if r := only(t, gathered(wanted), remediate.DefaultPolicy(), noStores(nobodyMakes())); r.Order != remediate.RevokeOnly || len(r.After) != 0 {
		t.Errorf("%s", actions(r))
	}
	idle := entry("idle", func(e *inventory.Entry) {
		e.Key.Dates.Created, e.Key.Use = asOf().Add(-300*days), key.Use{Known: true, Last: asOf().Add(-140 * days)}
	})
	if r := only(t, gathered(listed(idle)), remediate.DefaultPolicy(), noStores(nobodyMakes())); r.Order != remediate.RevokeOnly || time.Duration(r.Steps[5].Wait) != 14*days {
		t.Errorf("%s", actions(r))
	}
}
