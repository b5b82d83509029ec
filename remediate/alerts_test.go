package remediate_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/qleaks/qleaks/remediate"
)

func TestAlertsAreClosedAfterTheProofOnlyAndWhereThePolicySaysSo(t *testing.T) {
	g := gathered(leaked(entry("ci"), "active"))
	g.Cases[0].Alerts = []string{"github.com/acme/vqe#7"}
	if r := only(t, g, remediate.DefaultPolicy(), allAPI()); len(r.Alerts) > 0 || strings.Contains(actions(r), "alerts") {
		t.Errorf("without a word of the policy: %s", actions(r))
	}
	p := remediate.DefaultPolicy()
	p.CloseAlerts = true
	r := only(t, g, p, allAPI())
	if !strings.HasSuffix(actions(r), "prove, forget, close alerts") || len(r.Alerts) != 1 {
		t.Errorf("%s", actions(r))
	}
	g.Cases[0].Alerts = nil
	if r := only(t, g, p, allAPI()); strings.Contains(actions(r), "alerts") {
		t.Errorf("without alerts: %s", actions(r))
	}
}

func TestAnAlertThatStaysOpenIsToldAndClosedLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "ibm", 0)
		defer w.stop()
		w.alerts = []string{"github.com/acme/vqe#7", "github.com/acme/vqe#9"}
		var closed []string
		away := true
		w.closed = func(alert, comment string) error {
			if w.works(w.old) {
				t.Error("an alert is closed while its key works")
			}
			if !strings.Contains(comment, "proved on") || strings.Contains(comment, w.old.Reveal()) {
				t.Errorf("the comment is %q", comment)
			}
			if away && alert == w.alerts[1] {
				return errors.New("GitHub is away")
			}
			closed = append(closed, alert)
			return nil
		}
		w.draft(remediate.Public, "")
		w.watch()
		result, err, _ := w.process(0, w.goOn)
		if err != nil || result.Done() || len(closed) != 1 || !strings.Contains(strings.Join(short(result), ""), "vqe#9 stays open: GitHub is away") {
			t.Fatalf("%v, %v, closed %v", short(result), err, closed)
		}
		away = false
		result, err, _ = w.process(0, w.goOn)
		w.done("ibm", result, err)
		if strings.Join(closed, " ") != "github.com/acme/vqe#7 github.com/acme/vqe#7 github.com/acme/vqe#9" {
			t.Errorf("closed %v", closed)
		}
	})
}
