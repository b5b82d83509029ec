package report_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/report"
	"github.com/qleaks/qleaks/scanner/source"
)

// checked is a check in which every text is one of those that text gives.
func checked(status key.Status, text func() string) *finding.Check {
	party := func() key.Party { return key.Party{ID: text(), Name: text(), Email: text()} }
	moment := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	k := key.Key{
		Provider: text() + "p", ID: text(), Name: text(), Description: text(), Kind: text(), Owner: party(), Account: party(), Project: party(),
		Dates: key.Dates{Created: moment, Modified: moment, Expires: moment}, Use: key.Use{Known: true, Last: moment, Count: 3},
		State: key.State{Disabled: key.Yes, Locked: key.No, Retrievable: key.Yes, Expiring: key.Yes, OnLeak: text(), Tag: text()}, Roles: []string{text(), text()},
	}
	return &finding.Check{
		Provider: text(), Account: text(),
		Verdict: key.Verdict{
			Status: status, Reason: text(), RetryAfter: 90 * time.Second, Key: k,
			Evidence: key.Evidence{Request: text(), HTTPStatus: 200, Code: text(), Asked: moment, Control: key.BothControls}, Record: key.Shown,
		},
		Known: &key.Description{Key: k, Reach: key.Reach{
			Organisation: party(), Balances: []key.Amount{{Value: 1.5, Unit: text()}}, Spent: []key.Amount{{Value: 2, Unit: text()}}, Since: moment, Jobs: 4,
			Instances: []key.Instance{{ID: text(), Name: text(), Region: text(), Plan: text(), Backends: []string{text()}, Remaining: &key.Amount{Value: 3, Unit: text()}}},
			Untold:    []string{text()},
		}},
	}
}

// known is what a provider may tell of a key that works.
func known() *finding.Check {
	moment := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	k := key.Key{
		Provider: "qbraid", ID: "key-1", Name: "laptop", Owner: key.Party{ID: "u1", Name: "ada", Email: "ada@example.org"}, Account: key.Party{ID: "o1"},
		Dates: key.Dates{Created: moment}, Use: key.Use{Known: true}, State: key.State{Locked: key.Yes, Expiring: key.No}, Roles: []string{"admin", "user"},
	}
	return &finding.Check{
		Provider: "qbraid",
		Verdict: key.Verdict{
			Status: key.Active, Reason: "the provider accepts the key", Key: k,
			Evidence: key.Evidence{Request: "GET api-v2.qbraid.com/api/v1/users/verify", HTTPStatus: 200, Asked: moment, Control: key.MadeUpRefused},
		},
		Known: &key.Description{Key: k, Reach: key.Reach{
			Organisation: key.Party{ID: "o1", Name: "Bell lab"}, Balances: []key.Amount{{Value: 1200, Unit: "credits"}}, Jobs: 7, Since: moment,
			Instances: []key.Instance{{ID: "crn", Name: "open", Region: "us-east", Plan: "open", Backends: []string{"ibm_torino"}, Remaining: &key.Amount{Value: 588, Unit: "seconds"}}},
			Untold:    []string{"usage: the provider does not allow this with the credential"},
		}},
	}
}

func unanswered(f finding.Finding) finding.Finding {
	verdict := key.Doubt("the provider asks for fewer questions", key.Evidence{Request: "GET iam.cloud.ibm.com/v1/apikeys/details", HTTPStatus: 429, Code: "E1"})
	verdict.RetryAfter = 30 * time.Second
	f.Check = &finding.Check{Provider: "ibm", Verdict: verdict}
	return f
}

func withheld(f finding.Finding) finding.Finding {
	f.Check = &finding.Check{Withheld: true, Verdict: key.Doubt("it may be a key of IBM or of IonQ, and no value goes to more than one provider", key.Evidence{})}
	return f
}

func TestEveryTextOfACheckIsMasked(t *testing.T) {
	// What is told of keys grows; no member may be forgotten.
	value := material(79, "qbr_", 40)
	check := checked(key.Active, func() string { return value })
	if n := texts(t, reflect.ValueOf(check)); n < 30 {
		t.Fatalf("only %d texts", n)
	}
	f := planted(qbraidRule(), value, "a", rules.High, spot(source.File, 1, 1))
	f.Standing = finding.Standing{Status: key.Active, Check: check}
	out := written(t, "json", finding.Result{Findings: []finding.Finding{f}}, report.Options{})
	isQuiet(t, "json", out, value)
	if check.Verdict.Reason != value || check.Known.Reach.Instances[0].Remaining.Unit != value {
		t.Error("the writer changed the check")
	}
}

// texts counts the texts of a value, and complains of those that nobody set.
func texts(t *testing.T, v reflect.Value) (n int) {
	t.Helper()
	switch v.Kind() {
	case reflect.Pointer:
		return texts(t, v.Elem())
	case reflect.Slice:
		for i := range v.Len() {
			n += texts(t, v.Index(i))
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return 0
		}
		for i := range v.NumField() {
			if v.Field(i).IsZero() && v.Field(i).Kind() == reflect.String {
				t.Errorf("%s.%s is not set, so that nothing is shown about it", v.Type(), v.Type().Field(i).Name)
			}
			n += texts(t, v.Field(i))
		}
	case reflect.String:
		n++
	default:
	}
	return n
}

func TestTextSaysWhatAVerdictRestsOn(t *testing.T) {
	out := written(t, "text", sample(t), report.Options{Width: 100})
	for _, want := range []string{
		"still accepted by the provider", "verdict: the provider accepts the key",
		"asked: GET api-v2.qbraid.com/api/v1/users/verify answered 200, control: made-up value refused",
		"key: laptop (key-1) · owner ada (u1) <ada@example.org> · account o1 · locked",
		"dates: created 2026-05-04 · never used · never expires", "may: admin, user",
		"reach: organisation Bell lab (o1) · 1200 credits left · 7 jobs · since 2026-05-04",
		"reach: instance open · us-east · open · ibm_torino · 588 seconds left", "not told: usage:",
		"unknown whether it works", "and asks to be left alone for 30.0 s",
		"sent to nobody", "1 still accepted, 1 unknown whether they work, 1 sent to nobody",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the text does not say %q", want)
		}
	}
}

func TestAKeyThatWasNotVerifiedIsNotASuccessfulRun(t *testing.T) {
	f := unanswered(planted(ibmRule(), material(1, "", 44), "a.py", rules.High, spot(source.File, 1, 1)))
	r := finding.Result{Findings: []finding.Finding{f}, Coverage: finding.Coverage{Complete: true}}
	var log struct {
		Runs []struct {
			Invocations []struct {
				ExecutionSuccessful bool
			}
		}
	}
	if err := json.Unmarshal([]byte(written(t, "sarif", r, report.Options{})), &log); err != nil {
		t.Fatal(err)
	}
	if log.Runs[0].Invocations[0].ExecutionSuccessful {
		t.Error("sarif: the run is successful")
	}
	if out := written(t, "junit", r, report.Options{}); !strings.Contains(out, `errors="1"`) || !strings.Contains(out, "every key was verified") {
		t.Errorf("junit:\n%s", out)
	}
}
