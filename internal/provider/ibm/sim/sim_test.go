package sim_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/provider/ibm/sim"
	"github.com/qleaks/qleaks/internal/provider/simhttp"
	"github.com/qleaks/qleaks/internal/secret"
)

// clock is a time that moves when it is told to.
type clock struct{ at time.Time }

func (c *clock) now() time.Time       { return c.at }
func (c *clock) pass(d time.Duration) { c.at = c.at.Add(d) }

func newClock() *clock { return &clock{at: time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)} }

// asks sends a request without a network, and returns status and object.
func (c cloud) asks(method, path, body string, header ...string) (int, map[string]any) {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	c.ServeHTTP(w, r)
	told := map[string]any{}
	if text, err := io.ReadAll(w.Result().Body); err == nil && len(text) > 0 {
		_ = json.Unmarshal(text, &told) // an empty map fails the test that looks
	}
	return w.Code, told
}

// logsIn exchanges a value for a token by a request.
func (c cloud) logsIn(v secret.Value) (token string, code string) {
	form := url.Values{"grant_type": {"urn:ibm:params:oauth:grant-type:apikey"}, "apikey": {v.Reveal()}}
	_, told := c.asks(http.MethodPost, c.IAM.Base()+"/identity/token", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	token, _ = told["access_token"].(string)
	code, _ = told["errorCode"].(string)
	return token, code
}

func (c cloud) statusOfKey(token, id string) int {
	status, _ := c.asks(http.MethodGet, c.IAM.Base()+"/v1/apikeys/"+id, "", "Authorization", "Bearer "+token)
	return status
}

func TestTokensOutliveTheirKeyByAnHour(t *testing.T) {
	watch := newClock()
	c := open(t, sim.Options{Now: watch.now})
	thief, value := c.Create(sim.Key{Name: "leaked", Owner: c.ada.ID})
	token, _ := c.logsIn(value)
	c.Delete(thief.ID)
	if _, code := c.logsIn(value); code != "BXNIM0415E" {
		t.Errorf("a login with a key that is gone: %q", code)
	}
	watch.pass(59 * time.Minute)
	if got := c.statusOfKey(token, c.key.ID); got != http.StatusOK {
		t.Errorf("59 minutes after the end of its key the token gets %d", got)
	}
	watch.pass(2 * time.Minute)
	if got := c.statusOfKey(token, c.key.ID); got != http.StatusUnauthorized {
		t.Errorf("61 minutes after its making the token gets %d", got)
	}
}

func TestChangesAreSeenLate(t *testing.T) {
	watch := newClock()
	c := open(t, sim.Options{Now: watch.now, Lag: 2 * time.Minute})
	watch.pass(3 * time.Minute)
	admin, _ := c.logsIn(c.value)
	young, value := c.Create(sim.Key{Name: "young", Owner: c.ada.ID})
	is := func(when string, status int, code string) {
		t.Helper()
		if got := c.statusOfKey(admin, young.ID); got != status {
			t.Errorf("%s: status %d, want %d", when, got, status)
		}
		if _, got := c.logsIn(value); got != code {
			t.Errorf("%s: a login gets %q, want %q", when, got, code)
		}
	}
	const unknown, disabled = "BXNIM0415E", "BXNIM0462E"
	is("just made", http.StatusNotFound, unknown)
	watch.pass(3 * time.Minute)
	is("made a while ago", http.StatusOK, "")
	c.Disable(young.ID)
	is("just disabled", http.StatusOK, "")
	watch.pass(3 * time.Minute)
	is("disabled a while ago", http.StatusOK, disabled)
	c.Delete(young.ID)
	is("just deleted", http.StatusOK, disabled)
	watch.pass(3 * time.Minute)
	is("deleted a while ago", http.StatusNotFound, unknown)
}

func TestKeysThatExpiredLongAgoAreGone(t *testing.T) {
	watch := newClock()
	c := open(t, sim.Options{Now: watch.now})
	old, value := c.Create(sim.Key{Name: "old", Owner: c.ada.ID, Expires: watch.now().Add(time.Minute)})
	watch.pass(2 * time.Minute)
	if _, code := c.logsIn(value); code != "BXNIM0415E" {
		t.Errorf("a login after the end: %q", code)
	}
	watch.pass(89 * 24 * time.Hour)
	if admin, _ := c.logsIn(c.value); c.statusOfKey(admin, old.ID) != http.StatusOK {
		t.Error("its record is gone before 90 days are over")
	}
	watch.pass(2 * 24 * time.Hour)
	if admin, _ := c.logsIn(c.value); c.statusOfKey(admin, old.ID) != http.StatusNotFound {
		t.Error("its record is still there after 91 days")
	}
}

func TestIBMActsOnWhatIsPublished(t *testing.T) {
	c := open(t, sim.Options{})
	admin, _ := c.logsIn(c.value)
	for onLeak, want := range map[string]string{"": "BXNIM0462E", "disable": "BXNIM0462E", "delete": "BXNIM0415E", "none": ""} {
		k, value := c.Create(sim.Key{Name: "leaked", Owner: c.ada.ID, OnLeak: onLeak})
		c.Publish(value)
		if _, code := c.logsIn(value); code != want {
			t.Errorf("marked %q: a login gets %q, want %q", onLeak, code, want)
		}
		if gone := c.statusOfKey(admin, k.ID) == http.StatusNotFound; gone != (onLeak == "delete") {
			t.Errorf("marked %q: gone: %v", onLeak, gone)
		}
	}
}

func TestNobodySeesTheKeysOfOthers(t *testing.T) {
	c := open(t, sim.Options{})
	bob := c.Join(sim.Identity{Name: "Bob"})
	_, bobs := c.Create(sim.Key{Name: "bob's", Owner: bob.ID})
	token, _ := c.logsIn(bobs)
	base := c.IAM.Base()
	for _, q := range []struct {
		method, path string
		want         int
		header       []string
	}{
		{http.MethodGet, "/v1/apikeys", http.StatusOK, nil},
		{http.MethodGet, "/v1/apikeys?scope=account", http.StatusForbidden, nil},
		{http.MethodGet, "/v1/apikeys?iam_id=" + c.ada.ID, http.StatusForbidden, nil},
		{http.MethodGet, "/v1/apikeys/" + c.key.ID, http.StatusForbidden, nil},
		{http.MethodDelete, "/v1/apikeys/" + c.key.ID, http.StatusForbidden, nil},
		{http.MethodGet, "/v1/apikeys/details", http.StatusNotFound, []string{"IAM-ApiKey", c.value.Reveal()}},
		{http.MethodPost, "/v1/activity/accounts/" + c.Account + "/report", http.StatusForbidden, nil},
	} {
		if got, _ := c.asks(q.method, base+q.path, "", append(q.header, "Authorization", "Bearer "+token)...); got != q.want {
			t.Errorf("%s %s: %d, want %d", q.method, q.path, got, q.want)
		}
		if got, _ := c.asks(q.method, base+q.path, "", q.header...); got != http.StatusUnauthorized {
			t.Errorf("%s %s without a token: %d", q.method, q.path, got)
		}
	}
}

func TestTooManyRequestsAndFaultsOnDemand(t *testing.T) {
	watch := newClock()
	c := open(t, sim.Options{Now: watch.now, Limit: 3, Span: time.Minute})
	token, _ := c.logsIn(c.value)
	for _, want := range []int{http.StatusOK, http.StatusOK, http.StatusTooManyRequests} {
		if got := c.statusOfKey(token, c.key.ID); got != want {
			t.Errorf("status %d, want %d", got, want)
		}
	}
	watch.pass(time.Minute)
	c.IAM.Break(simhttp.Fault{Method: http.MethodGet, Times: 1, Handler: simhttp.Answer(http.StatusBadGateway, "text/html", "<html>")})
	for _, want := range []int{http.StatusBadGateway, http.StatusOK} {
		if got := c.statusOfKey(token, c.key.ID); got != want {
			t.Errorf("with a fault: status %d, want %d", got, want)
		}
	}
}
