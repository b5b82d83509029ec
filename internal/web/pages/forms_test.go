package pages_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/sweep"
	"github.com/qleaks/qleaks/internal/sweep/sweeptest"
	"github.com/qleaks/qleaks/internal/web/access"
	"github.com/qleaks/qleaks/internal/web/pages"
)

// post sends a form. It returns the answer, and the page that it holds.
func (w *world) post(path string, form url.Values, cookies ...*http.Cookie) (*httptest.ResponseRecorder, string) {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, c := range cookies {
		r.AddCookie(c)
	}
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, r)
	return rec, rec.Body.String()
}

// cookies are those that an answer sets.
func cookies(t *testing.T, rec *httptest.ResponseRecorder) (all []*http.Cookie) {
	t.Helper()
	for _, line := range rec.Header()["Set-Cookie"] {
		c, err := http.ParseSetCookie(line)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	return all
}

// sent sends a form that leads on to a page, and returns its address.
func (w *world) sent(path string, form url.Values) string {
	w.t.Helper()
	got, page := w.post(path, form)
	if got.Code != http.StatusSeeOther {
		w.t.Fatalf("POST %s: %d: %s", path, got.Code, page)
	}
	return got.Header().Get("Location")
}

// refused sends a form that is not taken: the page says why.
func (w *world) refused(path string, form url.Values, status int, words string) string {
	w.t.Helper()
	got, page := w.post(path, form)
	if got.Code != status || !strings.Contains(page, words) {
		w.t.Errorf("POST %s: %d, want %d with %q: %s", path, got.Code, status, words, page)
	}
	checkPage(w.t, path, page)
	return page
}

func (w *world) life(seq int64) records.Life {
	w.t.Helper()
	f, err := w.store.Finding(w.t.Context(), seq)
	if err != nil {
		w.t.Fatal(err)
	}
	return f.Life
}

func TestFindingsAreDecidedAbout(t *testing.T) {
	w := newWorld(t)
	w.fill(plainNames())
	w.role = access.Triager
	found, err := w.store.Findings(t.Context(), records.Filter{Open: true, Standing: records.Unknown}, records.Page{})
	if err != nil || len(found) < 4 {
		t.Fatal(found, err)
	}
	other := slices.IndexFunc(found, func(f records.Finding) bool {
		return f.Fingerprint != found[0].Fingerprint && f.Fingerprint != found[1].Fingerprint
	})
	if other < 0 {
		t.Fatal("all findings are of two keys")
	}
	one, two, three := decimal(found[0].Seq), decimal(found[1].Seq), decimal(found[other].Seq)

	page := w.refused("/findings/ignore", url.Values{"finding": {one}, "one": {"1"}, "why": {" "}, "until": {"2999-01-31"}}, http.StatusUnprocessableEntity, "reason is missing")
	if !strings.Contains(page, `value="2999-01-31"`) {
		t.Error("what was typed is lost")
	}
	w.refused("/findings/ignore", url.Values{"finding": {one}, "one": {"1"}, "why": {"x"}, "until": {"31.1."}}, http.StatusUnprocessableEntity, "2027-01-31")
	w.refused("/findings/ignore", url.Values{"finding": {one, two}, "why": {"x"}, "until": {"2001-01-31"}}, http.StatusUnprocessableEntity, "is over")
	w.refused("/findings/ignore", url.Values{"finding": {"-1"}, "why": {"x"}}, http.StatusUnprocessableEntity, "cannot exist")
	if to := w.sent("/findings/ignore", url.Values{"why": {"x"}, "back": {"/findings?state=new"}}); !strings.Contains(to, "done=nothing") || !strings.Contains(to, "state=new") {
		t.Errorf("nothing chosen leads to %s", to)
	}
	if w.life(found[0].Seq) == records.Ignored {
		t.Fatal("what was refused was done")
	}

	to := w.sent("/findings/ignore", url.Values{"finding": {one, two}, "why": {"of a simulator"}, "until": {"2999-01-31"}, "back": {"/findings"}})
	if w.life(found[0].Seq) != records.Ignored || w.life(found[1].Seq) != records.Ignored || !strings.Contains(textOf(t, w.get(to, http.StatusOK)), "2 decisions noted") {
		t.Errorf("two are ignored: %s", to)
	}
	w.sent("/findings/ignore", url.Values{"finding": {three}, "scope": {"key"}, "why": {"of a simulator"}})
	for _, f := range found {
		if f.Fingerprint == found[other].Fingerprint && w.life(f.Seq) != records.Ignored {
			t.Errorf("the same key in %s is still open", f.Path)
		}
	}
	decisions, err := w.store.Decisions(t.Context(), records.DecisionFilter{Finding: found[0].ID}, records.Page{})
	if err != nil || len(decisions) != 1 || decisions[0].Who != "ada" || decisions[0].Until.Format(time.DateOnly) != "2999-01-31" {
		t.Fatal(decisions, err)
	}
	w.sent("/decisions/"+decimal(decisions[0].Seq)+"/end", url.Values{"back": {"/findings/" + one}})
	if w.life(found[0].Seq) == records.Ignored {
		t.Error("a decision that was taken back still holds")
	}
	w.refused("/decisions/"+decimal(decisions[0].Seq)+"/end", nil, http.StatusNotFound, "no such page")
}

func TestNobodyIsSentElsewhere(t *testing.T) {
	w := newWorld(t)
	w.fill(plainNames())
	for _, to := range []string{"https://evil.example", "//evil.example", `/\evil.example`, "javascript:evil()", "\t//evil.example", "/\n/evil.example", ""} {
		for path, field := range map[string]string{"/theme": "back", "/findings/ignore": "back"} {
			if got := w.sent(path, url.Values{field: {to}, "theme": {"dark"}}); !strings.HasPrefix(got, "/") || strings.HasPrefix(got, "//") || strings.Contains(got, "evil") {
				t.Errorf("%s with %q leads to %q", path, to, got)
			}
		}
	}
}

func TestSweepsAreStartedAndCancelled(t *testing.T) {
	w := newWorld(t)
	w.fill(plainNames())
	w.refused("/runs", url.Values{"target": {"nowhere"}}, http.StatusUnprocessableEntity, "names no owner")
	to := w.sent("/runs", url.Values{"target": {"github:other"}, "step": {"verify"}})
	path, _, _ := strings.Cut(to, "?")
	if text := textOf(t, w.get(to, http.StatusOK)); !strings.Contains(text, "github:other") || !strings.Contains(text, "was started") {
		t.Errorf("%s says %s", to, text)
	}
	w.sent(path+"/cancel", nil)
	if text := textOf(t, w.get(path, http.StatusOK)); !strings.Contains(text, "cancelled") {
		t.Errorf("%s says %s", path, text)
	}
	if again := w.sent(path+"/cancel", nil); strings.Contains(again, "done=") {
		t.Errorf("it was cancelled again: %s", again)
	}
	w.role = access.Triager
	w.refused("/runs", url.Values{"target": {"github:third"}}, http.StatusForbidden, "An administrator starts")
	w.sent("/runs", url.Values{"target": {"github:acme"}})
}

func TestThePartThatRenewsItselfIsAPart(t *testing.T) {
	w := newWorld(t)
	w.fill(plainNames())
	runs, err := w.store.Runs(t.Context(), records.Page{Most: 1})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(run int64) string {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/runs/"+decimal(run), nil)
		r.Header.Set("Hx-Request", "true")
		rec := httptest.NewRecorder()
		w.ServeHTTP(rec, r)
		return rec.Body.String()
	}
	if got := ask(runs[0].Seq); !strings.HasPrefix(got, `<div class="card stack" id="run-`) || !strings.Contains(got, `hx-trigger="every 2s"`) || !strings.Contains(got, "<progress") {
		t.Errorf("it is %s", got)
	}
	if got := ask(w.run); strings.Contains(got, "hx-") || strings.Contains(got, "<html") {
		t.Errorf("of a run that is over it is %s", got)
	}
}

func TestSchedulesAreWritten(t *testing.T) {
	w := newWorld(t)
	form := url.Values{"name": {"each night/of all?"}, "target": {"github:acme"}, "cron": {"0 2 * *"}, "zone": {"UTC"}}
	if page := w.refused("/schedules", form, http.StatusUnprocessableEntity, "five fields"); !strings.Contains(page, "github:acme") {
		t.Error("what was typed is lost")
	}
	form.Set("cron", "0 2 * * *")
	form.Set("zone", "Mars/Olympus")
	w.refused("/schedules", form, http.StatusUnprocessableEntity, "time zone")
	form.Set("zone", "UTC")
	w.sent("/schedules", form)
	enabled := func() bool {
		known, err := w.store.Schedules(t.Context())
		return err == nil && len(known) == 1 && known[0].Enabled
	}
	page := w.get("/schedules", http.StatusOK)
	action := "/schedules/" + url.PathEscape("each night/of all?")
	if !strings.Contains(page, action+"/pause") || !enabled() {
		t.Fatalf("the schedule cannot be paused: %s", page)
	}
	w.sent(action+"/pause", nil)
	if enabled() {
		t.Error("it is not paused")
	}
	w.sent(action+"/resume", nil)
	if !enabled() {
		t.Error("it does not go on")
	}
	w.sent(action+"/delete", nil)
	w.refused(action+"/delete", nil, http.StatusNotFound, "no such page")
}

func TestPlansAreApproved(t *testing.T) {
	w := newWorld(t)
	w.fill(plainNames())
	path := "/plans/" + w.plan
	state := func() records.PlanState {
		p, err := w.store.Plan(t.Context(), w.plan)
		if err != nil {
			t.Fatal(err)
		}
		return p.State
	}
	w.role, w.name = access.Approver, "tim"
	if page := w.get(path, http.StatusOK); strings.Contains(page, path+"/approve") {
		t.Error("who asked for it may approve it")
	}
	w.refused(path+"/approve", url.Values{"confirm": {w.plan[:8]}}, http.StatusUnprocessableEntity, "somebody else approves it")
	w.name = "grace"
	for _, typed := range []string{"", "yes", w.plan[:7], w.plan[1:9]} {
		w.refused(path+"/approve", url.Values{"confirm": {typed}}, http.StatusUnprocessableEntity, "Nothing was approved")
	}
	w.refused(path+"/reject", nil, http.StatusUnprocessableEntity, "reason is missing")
	if state() != records.PlanWaiting {
		t.Fatal("what was refused was done")
	}
	to := w.sent(path+"/approve", url.Values{"confirm": {strings.ToUpper(w.plan[:8])}, "why": {"rehearsed"}})
	if text := textOf(t, w.get(to, http.StatusOK)); state() != records.PlanApproved || !strings.Contains(text, "You approved the plan") || !strings.Contains(text, "rehearsed") {
		t.Errorf("%s: %s", state(), text)
	}
	w.sent(path+"/reject", url.Values{"why": {"too early"}})
	if state() != records.PlanRejected {
		t.Error("it is not rejected")
	}
	w.refused(path+"/approve", url.Values{"confirm": {w.plan[:8]}}, http.StatusUnprocessableEntity, "was rejected")
	w.refused("/plans/nothing/approve", url.Values{"confirm": {"nothing"}}, http.StatusNotFound, "no such page")
}

func TestAPlanThatWasChangedCannotBeApproved(t *testing.T) {
	w := newWorld(t)
	w.fill(plainNames())
	if _, err := w.store.SQL().ExecContext(t.Context(), "UPDATE plans SET plan = REPLACE(plan, 'ApiKey-1', 'ApiKey-2')"); err != nil {
		t.Fatal(err)
	}
	page := w.get("/plans/"+w.plan, http.StatusOK)
	if !strings.Contains(page, "somebody changed it in the database") || strings.Contains(page, "/approve") {
		t.Errorf("it can be approved: %s", page)
	}
}

func TestUsersAreChanged(t *testing.T) {
	w := newWorld(t)
	w.people()
	password := "correct horse battery"
	w.refused("/users", url.Values{"name": {"eve"}, "role": {"root"}, "password": {password}}, http.StatusUnprocessableEntity, "Choose a role")
	w.refused("/users", url.Values{"name": {"eve"}, "role": {"viewer"}, "password": {"short"}}, http.StatusUnprocessableEntity, "less than 12")
	w.sent("/users", url.Values{"name": {"eve"}, "role": {"viewer"}, "password": {password}})
	w.refused("/users", url.Values{"name": {"eve"}, "role": {"viewer"}, "password": {password}}, http.StatusUnprocessableEntity, "already")
	w.sent("/users/eve", url.Values{"role": {"triager"}, "locked": {"1"}})
	user, _, err := w.store.UserNamed(t.Context(), "eve")
	if err != nil || user.Role != "triager" || user.Locked.IsZero() {
		t.Errorf("eve is %+v, %v", user, err)
	}
	w.sent("/users/eve/password", url.Values{"password": {password + "!"}})
	w.refused("/users/eve/delete", url.Values{"confirm": {"ada"}}, http.StatusUnprocessableEntity, "Nothing was deleted")
	w.sent("/users/eve/delete", url.Values{"confirm": {"eve"}})
	w.refused("/users/ada", url.Values{"role": {"viewer"}}, http.StatusUnprocessableEntity, "admin")
}

func TestATokenIsShownOnce(t *testing.T) {
	w := newWorld(t)
	w.people()
	got, page := w.post("/account/tokens", url.Values{"token": {"ci"}, "role": {"viewer"}, "days": {"30"}})
	if got.Code != http.StatusOK || !strings.Contains(page, "qleaks_") || got.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("%d: %s", got.Code, page)
	}
	again := w.get("/account", http.StatusOK)
	if strings.Contains(again, "qleaks_") || !strings.Contains(textOf(t, again), "ci") {
		t.Error("it is shown again, or not listed")
	}
	w.refused("/account/tokens", url.Values{"token": {"ci"}, "role": {"viewer"}, "days": {"9999"}}, http.StatusUnprocessableEntity, "at most a year")
	w.sent("/account/tokens/1/end", nil)
}

func TestJobsAreTriedAgain(t *testing.T) {
	w := newWorld(t)
	w.fill(plainNames())
	if _, err := w.store.SQL().ExecContext(t.Context(), "UPDATE river_job SET state = 'discarded', finalized_at = datetime('now')"); err != nil {
		t.Fatal(err)
	}
	if text := textOf(t, w.get("/", http.StatusOK)); !strings.Contains(text, "1 job failed to the last") {
		t.Error("the overview does not tell of a job that failed to the last")
	}
	if to := w.sent("/jobs/retry", nil); !strings.Contains(to, "n=1") {
		t.Errorf("it leads to %s", to)
	}
	sweeps := sweeptest.Desk(t, w.store)
	if dead, err := sweeps.Jobs(t.Context(), sweep.JobsDead, 10); err != nil || len(dead) != 0 {
		t.Errorf("still dead are %v, %v", dead, err)
	}
	w.refused("/jobs/999/retry", nil, http.StatusNotFound, "no such page")
}

// Signing in: with a link the first time, then with name and password.
func TestSigningIn(t *testing.T) {
	w := newWorld(t)
	w.doors = true
	if page := w.get("/sign-in", http.StatusOK); !strings.Contains(page, "qleaks serve user add") {
		t.Error("nobody is told how to begin")
	}
	w.get("/set-up?token=guessed", http.StatusForbidden)
	token, err := w.gate.OpenSetUp(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	checkPage(t, "/set-up", w.get(pages.SetUpAddress(token), http.StatusOK))
	password := "correct horse battery"
	form := url.Values{"token": {token}, "name": {"Ada"}, "password": {password}, "again": {password}}
	w.refused("/set-up", url.Values{"token": {token}, "name": {"ada"}, "password": {password}, "again": {"other"}}, http.StatusUnprocessableEntity, "not the same")
	w.refused("/set-up", url.Values{"token": {token}, "name": {"ada"}, "password": {"short"}, "again": {"short"}}, http.StatusUnprocessableEntity, "12 characters")
	w.sent("/set-up", form)
	w.refused("/set-up", form, http.StatusForbidden, "does not count")

	w.refused("/sign-in", url.Values{"name": {"ada"}, "password": {"wrong"}}, http.StatusUnauthorized, "name or the password is wrong")
	w.refused("/sign-in", url.Values{"name": {"nobody"}, "password": {"wrong"}}, http.StatusUnauthorized, "name or the password is wrong")
	if to := w.sent("/sign-in", url.Values{"name": {"ada"}, "password": {password}, "next": {"//evil.example"}}); to != "/" {
		t.Errorf("signing in leads to %s", to)
	}
	got, _ := w.post("/sign-in", url.Values{"name": {"ada"}, "password": {password}, "next": {"/findings?state=new"}})
	if to := got.Header().Get("Location"); to != "/findings?state=new" {
		t.Errorf("signing in leads to %s", to)
	}
	signedIn := cookies(t, got)
	changed := url.Values{"old": {password}, "password": {password + "!"}, "again": {password + "!"}}
	wrongOld := url.Values{"old": {"wrong"}, "password": {password + "!"}, "again": {password + "!"}}
	if got, page := w.post("/account/password", wrongOld, signedIn...); got.Code != http.StatusUnprocessableEntity || !strings.Contains(page, "old password is wrong") {
		t.Errorf("a wrong old password: %d", got.Code)
	}
	got, _ = w.post("/account/password", changed, signedIn...)
	if got.Code != http.StatusSeeOther {
		t.Errorf("the password is not changed: %d", got.Code)
	}
	got, _ = w.post("/sign-out", url.Values{"everywhere": {"1"}}, cookies(t, got)...)
	if to := got.Header().Get("Location"); to != access.SignInPath {
		t.Errorf("signing out leads to %s", to)
	}
	for range 6 {
		w.post("/sign-in", url.Values{"name": {"ada"}, "password": {"wrong"}})
	}
	w.refused("/sign-in", url.Values{"name": {"ada"}, "password": {"wrong"}}, http.StatusTooManyRequests, "too often")
}

// What a form changes needs its role, whoever forgot the table of the server.
func TestFormsAskForTheRole(t *testing.T) {
	w := newWorld(t)
	w.fill(plainNames())
	for _, path := range []string{
		"/findings/ignore", "/decisions/" + decimal(w.decision) + "/end", "/runs/" + decimal(w.run+1) + "/cancel", "/schedules/nightly-calibration/delete",
		"/schedules/nightly-calibration/pause", "/jobs/1/retry", "/jobs/retry", "/plans/" + w.plan + "/approve", "/plans/" + w.plan + "/reject", "/users", "/users/ada/password",
	} {
		r := httptest.NewRequestWithContext(access.With(t.Context(), access.Identity{Name: "eve", Role: access.Viewer}), http.MethodPost, path,
			strings.NewReader(url.Values{"finding": {"2"}, "why": {"x"}, "confirm": {w.plan[:8]}, "role": {"admin"}, "name": {"eve"}, "password": {"correct horse battery"}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		rec := httptest.NewRecorder()
		w.bare().ServeHTTP(rec, r)
		if rec.Code != http.StatusForbidden {
			t.Errorf("a viewer may %s: %d", path, rec.Code)
		}
	}
}

func TestColoursAreRemembered(t *testing.T) {
	w := newWorld(t)
	got, _ := w.post("/theme", url.Values{"theme": {"dark"}, "back": {"/findings?state=all"}})
	if to := got.Header().Get("Location"); to != "/findings?state=all" {
		t.Errorf("it leads to %s", to)
	}
	r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/", nil)
	for _, c := range cookies(t, got) {
		r.AddCookie(c)
	}
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, r)
	if !strings.Contains(rec.Body.String(), `data-theme="dark"`) {
		t.Error("the colours are forgotten")
	}
	w.refused("/theme", url.Values{"theme": {"pink"}}, http.StatusUnprocessableEntity, "no such colours")
}
