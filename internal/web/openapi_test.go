package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/web/access"
	"github.com/qleaks/qleaks/internal/web/api"
	"github.com/qleaks/qleaks/remediate"
)

// described is the API as its description says.
type described struct {
	*world

	router routers.Router
	// done are the operations that were answered with success.
	done map[string]bool
}

func newDescribed(t *testing.T) *described {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(api.Description())
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	openapi3filter.RegisterBodyDecoder("text/event-stream", openapi3filter.PlainBodyDecoder)
	d := &described{world: newWorld(t, nil), done: map[string]bool{}}
	d.sameRoutes(doc)
	if d.router, err = legacy.NewRouter(doc); err != nil {
		t.Fatal(err)
	}
	return d
}

// sameRoutes holds the description and the table of the server to each other:
// paths, methods and roles.
func (d *described) sameRoutes(doc *openapi3.T) {
	var told, known []string
	for path, item := range doc.Paths.Map() {
		for method, o := range item.Operations() {
			role := "public"
			if words := strings.Fields(o.Description); len(words) > 3 {
				role = strings.TrimSuffix(words[3], ",")
			}
			told = append(told, method+" "+path+" "+role)
		}
	}
	for _, r := range d.web.Table() {
		if strings.HasPrefix(r.Pattern, api.Prefix) {
			role := r.Role.String()
			if r.Public {
				role = "public"
			}
			known = append(known, r.Method+" "+r.Pattern+" "+role)
		}
	}
	for _, one := range known {
		if !slices.Contains(told, one) {
			d.t.Errorf("the description lacks %s", one)
		}
	}
	for _, one := range told {
		if !slices.Contains(known, one) {
			d.t.Errorf("the description invents %s", one)
		}
	}
}

// call asks the API, holds question and answer to the description, and returns the
// answer.
func (d *described) call(as access.Role, method, path, body string, want int) map[string]any {
	d.t.Helper()
	a := ask{method: method, path: api.Prefix + path, body: body, as: as}
	request := d.request(a)
	request.URL.Host, request.URL.Scheme = "", ""
	route, params, err := d.router.FindRoute(request)
	if err != nil {
		d.t.Fatal(method, path, err)
	}
	input := &openapi3filter.RequestValidationInput{
		Request: request, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true},
	}
	if err := openapi3filter.ValidateRequest(d.t.Context(), input); (err == nil) != (want < 400) && want != http.StatusNotFound && want != http.StatusConflict {
		d.t.Errorf("%s %s %s is expected to come to %d, and its description says: %v", method, path, body, want, err)
	}
	got, text := d.send(a)
	if got.StatusCode != want {
		d.t.Fatalf("%s %s %s: %d %s", method, path, body, got.StatusCode, text)
	}
	err = openapi3filter.ValidateResponse(d.t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: got.StatusCode, Header: got.Header, Body: io.NopCloser(strings.NewReader(text)), Options: input.Options,
	})
	if err != nil {
		d.t.Errorf("%s %s: %v", method, path, err)
	}
	if want < 300 {
		d.done[route.Method+" "+route.Path] = true
	}
	var answer map[string]any
	if text != "" && strings.Contains(got.Header.Get("Content-Type"), "json") {
		if err := json.Unmarshal([]byte(text), &answer); err != nil {
			d.t.Fatal(err)
		}
	}
	return answer
}

// TestEveryAnswerIsAsDescribed asks each operation for success, and many for
// failure.
func TestEveryAnswerIsAsDescribed(t *testing.T) {
	d := newDescribed(t)
	const get, post, put, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete
	for _, path := range []string{
		"openapi.json", "me", "counts", "findings", "findings?life=new&open=true&standing=active&provider=ionq&rule=ionq-api-key&repository=1&fingerprint=print&before=9&limit=1",
		"findings/1", "findings/1/changes", "decisions", "keys", "keys?provider=ionq&account=acc&fingerprint=print&present=true", "keys/1", "keys/1/uses",
		"repositories", "repositories?origin=/srv&incomplete=true", "repositories/1", "repositories/1/coverage", "runs", "runs/1", "runs/1/coverage", "runs/1/changes?after=0x",
		"schedules", "plans", "plans?state=waiting", "plans/" + d.plan.Hash(), "plans/" + d.plan.Hash() + "/votes", "jobs", "jobs?state=available", "workers", "actions", "actions?kind=sign-in",
	} {
		path = strings.TrimSuffix(path, "?after=0x")
		d.call(access.Viewer, get, path, "", http.StatusOK)
	}
	for path, want := range map[string]int{
		"findings?life=odd": 400, "findings?limit=1001": 400, "findings?limit=0": 400, "findings?before=-1": 400, "findings/0": 400,
		"findings/999": 404, "findings/999/changes": 404, "keys/999": 404, "keys/999/uses": 404, "repositories/999": 404, "repositories/999/coverage": 404,
		"runs/999": 404, "runs/999/coverage": 404, "runs/999/changes": 404, "plans/none": 404, "plans/none/votes": 404, "jobs?state=odd": 400,
	} {
		d.call(access.Viewer, get, path, "", want)
	}
	made := d.call(access.Triager, post, "decisions", `{"findings":[1],"why":"a test"}`, 201)
	seq := fmt.Sprint(made["decisions"].([]any)[0])
	d.call(access.Viewer, get, "decisions?finding=f1&fingerprint=print&standing=true", "", 200)
	d.call(access.Triager, post, "decisions/"+seq+"/end", `{"why":"it was none"}`, 204)
	d.call(access.Triager, post, "decisions/"+seq+"/end", `{}`, 404)
	d.call(access.Triager, post, "decisions", `{"fingerprint":"print","why":"a test","until":"2999-01-01T00:00:00Z"}`, 201)
	d.call(access.Triager, post, "decisions", `{"findings":[1]}`, 400)
	d.call(access.Triager, post, "decisions", `{"findings":[1],"why":"x","who":"somebody else"}`, 400)

	run := d.call(access.Triager, post, "runs", `{"target":"/srv"}`, 201)
	d.call(access.Triager, post, fmt.Sprintf("runs/%v/cancel", run["seq"]), "", 204)
	d.call(access.Triager, post, fmt.Sprintf("runs/%v/cancel", run["seq"]), "", 409)
	d.call(access.Viewer, get, fmt.Sprintf("runs/%v/events", run["seq"]), "", 200)
	d.call(access.Viewer, get, "runs/999/events", "", 404)
	d.call(access.Admin, put, "schedules/nightly", `{"cron":"0 2 * * *","zone":"Europe/Berlin","jitter":"10m","enabled":true,"request":{"target":"/srv","steps":["verify"]}}`, 200)
	d.call(access.Viewer, get, "schedules", "", 200)
	d.call(access.Admin, put, "schedules/nightly", `{"cron":"0 2 * * *"}`, 400)
	d.call(access.Admin, del, "schedules/nightly", "", 204)
	d.call(access.Admin, del, "schedules/nightly", "", 404)

	d.callPlans()
	d.callUsers()
	for _, r := range d.web.Table() {
		if strings.HasPrefix(r.Pattern, api.Prefix) && !d.done[r.Method+" "+r.Pattern] && r.Pattern != api.Prefix+"jobs/{seq}/retry" {
			t.Errorf("%s %s was never asked for success", r.Method, r.Pattern)
		}
	}
}

func (d *described) callPlans() {
	const post = http.MethodPost
	plan := somePlan()
	plan.Requester = "somebody"
	text, err := plan.JSON()
	if err != nil {
		d.t.Fatal(err)
	}
	d.call(access.Triager, post, "plans", string(text), 201)
	d.call(access.Approver, post, "plans/"+plan.Hash()+"/approve", `{"why":"rehearsed"}`, 200)
	d.call(access.Viewer, http.MethodGet, "plans/"+plan.Hash()+"/votes", "", 200)
	d.call(access.Approver, post, "plans/"+plan.Hash()+"/reject", `{"why":"not today"}`, 200)
	d.call(access.Approver, post, "plans/"+plan.Hash()+"/approve", `{}`, 409)
	d.call(access.Approver, post, "plans/none/approve", `{}`, 404)
	d.call(access.Approver, post, "plans/"+plan.Hash()+"/reject", `{}`, 400)
	if kept, err := d.store.Plan(d.t.Context(), plan.Hash()); err != nil || kept.State != records.PlanRejected {
		d.t.Errorf("%+v, %v", kept, err)
	} else if _, err := remediate.Read(kept.Plan); err != nil {
		d.t.Error(err)
	}
}

func (d *described) callUsers() {
	const get, post, put, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete
	d.call(access.Admin, post, "users", `{"name":"grace","role":"approver","password":"`+password+`"}`, 201)
	d.call(access.Admin, post, "users", `{"name":"grace","role":"approver","password":"`+password+`"}`, 409)
	d.call(access.Admin, post, "users", `{"name":"bob","role":"root","password":"`+password+`"}`, 400)
	d.call(access.Admin, post, "users", `{"name":"bob","role":"viewer","password":"short"}`, 400)
	d.call(access.Admin, put, "users/grace", `{"role":"viewer","locked":true}`, 204)
	d.call(access.Admin, put, "users/grace/password", `{"password":"another horse battery"}`, 204)
	d.call(access.Admin, get, "users", "", 200)
	d.call(access.Admin, del, "users/grace", "", 204)
	d.call(access.Admin, del, "users/grace", "", 404)
	token := d.call(access.Viewer, post, "tokens", `{"name":"ci","role":"viewer","days":30}`, 201)
	d.call(access.Viewer, post, "tokens", `{"name":"ci","role":"viewer","days":1000}`, 400)
	d.call(access.Viewer, get, "tokens", "", 200)
	d.call(access.Viewer, post, fmt.Sprintf("tokens/%v/end", token["seq"]), "", 204)
	d.call(access.Viewer, post, fmt.Sprintf("tokens/%v/end", token["seq"]), "", 404)
}

// A job that failed to the last is done again.
func TestAJobIsRetried(t *testing.T) {
	w := newWorld(t, nil)
	run, err := w.desk.Sweeps.Start(t.Context(), requestOf("/srv"), "test")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.store.SQL().ExecContext(t.Context(), "UPDATE river_job SET state = 'discarded', finalized_at = CURRENT_TIMESTAMP WHERE kind = 'discover'"); err != nil {
		t.Fatal(err, run.Seq)
	}
	_, text := w.send(ask{method: http.MethodGet, path: "/api/v1/jobs", as: access.Viewer})
	var jobs struct {
		Items []struct {
			ID int64 `json:"id"`
		} `json:"items"`
	}
	if err := json.Unmarshal([]byte(text), &jobs); err != nil || len(jobs.Items) != 1 {
		t.Fatal(text, err)
	}
	if got, text := w.send(ask{method: http.MethodPost, path: fmt.Sprintf("/api/v1/jobs/%d/retry", jobs.Items[0].ID), as: access.Triager}); got.StatusCode != http.StatusNoContent {
		t.Error(got.StatusCode, text)
	}
	if _, text = w.send(ask{method: http.MethodGet, path: "/api/v1/jobs?state=available", as: access.Viewer}); !strings.Contains(text, `"discover"`) {
		t.Error(text)
	}
}

// Lists come in pages that miss nothing and repeat nothing.
func TestPagesGoThroughAList(t *testing.T) {
	w := newWorld(t, nil)
	w.update(func(ctx context.Context, tx *records.Tx) error {
		for i := range 25 {
			if _, err := tx.Act(ctx, records.Action{Kind: "page", Subject: fmt.Sprint(i), State: "x", Who: "test"}); err != nil {
				return err
			}
		}
		return nil
	})
	seen, next := map[string]bool{}, ""
	for range 10 {
		_, text := w.send(ask{method: http.MethodGet, path: "/api/v1/actions?kind=page&limit=10" + next, as: access.Viewer})
		var got struct {
			Items []records.Action `json:"items"`
			Next  int64            `json:"next"`
		}
		if err := json.NewDecoder(bytes.NewReader([]byte(text))).Decode(&got); err != nil {
			t.Fatal(text, err)
		}
		for _, a := range got.Items {
			if seen[a.Subject] {
				t.Errorf("%s comes twice", a.Subject)
			}
			seen[a.Subject] = true
		}
		if got.Next == 0 {
			break
		}
		next = fmt.Sprintf("&before=%d", got.Next)
	}
	if len(seen) != 25 {
		t.Errorf("%d of 25 rows came", len(seen))
	}
}

// Who follows a run is told when it moves on, and when it ends.
func TestARunIsFollowed(t *testing.T) {
	w := newWorld(t, nil)
	client := &http.Client{Timeout: 30 * time.Second}
	got, err := client.Do(w.request(ask{method: http.MethodGet, path: "/api/v1/runs/1/events", as: access.Viewer}))
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	first := make([]byte, 10)
	if _, err := io.ReadFull(got.Body, first); err != nil || string(first) != "event: run" {
		t.Fatalf("%q, %v", first, err)
	}
	w.update(func(ctx context.Context, tx *records.Tx) error {
		_, err := tx.MoveRun(ctx, 1, records.Discovering, records.Done)
		return err
	})
	rest, err := io.ReadAll(got.Body)
	if err != nil || !strings.Contains(string(rest), `"state":"done"`) || !strings.HasSuffix(string(rest), "event: end\ndata: {}\n\n") {
		t.Errorf("%s, %v", rest, err)
	}
}
