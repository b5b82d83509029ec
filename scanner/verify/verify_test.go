package verify_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/provider/all"
	"github.com/qleaks/qleaks/internal/provider/simhttp"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/scanner/finding"
	"github.com/qleaks/qleaks/scanner/verify"
)

// everybody claims the active and the other key of each provider, twice.
func everybody(t *testing.T, c *cloud) (claims []verify.Claim) {
	t.Helper()
	for _, kit := range []string{"qbraid", "ionq", "ibm"} {
		for _, path := range []string{"a.py", "b.py"} {
			claims = append(claims,
				claim(t, keyRules[kit], c.live[kit], rules.High, path),
				claim(t, keyRules[kit], c.dead[kit], rules.High, path))
		}
	}
	return claims
}

func plan(claims []verify.Claim, also ...verify.Also) verify.Plan {
	return verify.NewPlan(all.Kits(), claims, append(also, verify.Also{})[0])
}

func TestKeysAreAskedAboutOnceAndOnlyAtTheirProvider(t *testing.T) {
	c := newCloud(t)
	out, err := c.verifier(t).Ask(t.Context(), plan(everybody(t, c)))
	if err != nil {
		t.Fatal(err)
	}
	for _, kit := range []string{"ibm", "ionq", "qbraid"} {
		for v, want := range map[*secret.Value]key.Status{new(c.live[kit]): key.Active, new(c.dead[kit]): key.Inactive} {
			check := out.Checks[fingerprint(*v)]
			if check == nil || check.Verdict.Status != want || check.Withheld || check.Provider != kit {
				t.Fatalf("%s: %+v, want %s", kit, check, want)
			}
			if e := check.Verdict.Evidence; e.Request == "" || e.HTTPStatus == 0 || e.Asked.IsZero() || e.Control != key.BothControls || check.Verdict.Reason == "" {
				t.Errorf("%s: the evidence is thin: %+v", kit, check.Verdict)
			}
			for other := range c.configs {
				want := 0
				if other == kit {
					want = 1
				}
				if n := c.carrying(other, *v); n != want {
					t.Errorf("%d requests to %s carry a key of %s, want %d", n, other, kit, want)
				}
			}
			keepsTo(t, *v, out, check)
		}
		if k := out.Checks[fingerprint(c.live[kit])].Key(); k.Provider != kit {
			t.Errorf("%s tells nothing of its key: %+v", kit, k)
		}
	}
}

func TestApplyGivesFindingsTheAnswer(t *testing.T) {
	c := newCloud(t)
	claims := everybody(t, c)
	out, err := c.verifier(t).Ask(t.Context(), plan(claims))
	if err != nil {
		t.Fatal(err)
	}
	var found []finding.Finding
	for _, x := range claims {
		found = append(found, x.Finding)
	}
	verify.Apply(found, out.Checks)
	for _, f := range found {
		if f.Check == nil || f.Status != f.Check.Verdict.Status || f.Status == key.Unknown || f.Unanswered() {
			t.Errorf("%s: status %s, check %+v", f.Path, f.Status, f.Check)
		}
	}
}

func TestReachIsAskedForActiveKeysOnly(t *testing.T) {
	c := newCloud(t)
	v := c.verifier(t)
	v.Describe = true
	out, err := v.Ask(t.Context(), plan(everybody(t, c)))
	if err != nil {
		t.Fatal(err)
	}
	for _, kit := range []string{"ibm", "ionq", "qbraid"} {
		if out.Checks[fingerprint(c.dead[kit])].Known != nil {
			t.Errorf("%s: a refused key was described", kit)
		}
		known := out.Checks[fingerprint(c.live[kit])].Known
		if known == nil || len(known.Reach.Untold) > 0 {
			t.Errorf("%s: %+v", kit, known)
			continue
		}
		if known.Reach.Organisation.ID == "" && len(known.Reach.Balances) == 0 && len(known.Reach.Instances) == 0 {
			t.Errorf("%s: nothing is known of what the key can get at: %+v", kit, known.Reach)
		}
	}
}

func TestNoKeyGoesOutWhereControlQuestionsFail(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"a login page":        simhttp.Answer(200, "text/html", "<html>Welcome</html>"),
		"everything forbids":  simhttp.Answer(403, "application/json", `{}`),
		"an outage":           simhttp.Answer(503, "application/json", `{}`),
		"a cut connection":    nil,
		"elsewhere":           simhttp.Answer(302, "", "", "Location", "http://127.0.0.1:1/"),
		"too many questions":  simhttp.Answer(429, "application/json", `{}`, "Retry-After", "86400"),
		"IonQ accepts all":    simhttp.Answer(200, "application/json", `{"key_id":"k","key_name":"n","project_id":"p"}`),
		"qBraid accepts all":  simhttp.Answer(200, "application/json", `{"success":true,"data":{"valid":true,"userId":"u"}}`),
		"refuses all at IonQ": simhttp.Answer(401, "application/json", `{"error":"Unauthorized Error","message":"Invalid key provided.","statusCode":401}`),
	} {
		t.Run(name, func(t *testing.T) {
			c := newCloud(t)
			for _, services := range c.servers {
				for _, s := range services {
					s.Break(simhttp.Fault{Handler: handler})
				}
			}
			out, err := c.verifier(t).Ask(t.Context(), plan(everybody(t, c)))
			if err != nil {
				t.Fatal(err)
			}
			for kit := range c.configs {
				for _, v := range []secret.Value{c.live[kit], c.dead[kit]} {
					check := out.Checks[fingerprint(v)]
					if check == nil || check.Verdict.Status != key.Unknown || check.Verdict.Reason == "" || check.Withheld {
						t.Errorf("%s: %+v", kit, check)
					}
					if c.carrying(kit, v) > 0 {
						t.Errorf("%s got a key before it was clear that its answers are worth something", kit)
					}
				}
			}
		})
	}
}

func TestAKeyIsNotSentWhereAnAnswerLeads(t *testing.T) {
	c := newCloud(t)
	var foreign atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { foreign.Add(1) }))
	t.Cleanup(elsewhere.Close)
	for kit, services := range c.servers {
		for _, s := range services {
			// The control questions are answered; then the way leads elsewhere.
			skip := map[string]int{"ionq": 2, "qbraid": 2, "ibm": 3}[kit]
			s.Break(simhttp.Fault{Skip: skip, Handler: simhttp.Answer(307, "", "", "Location", elsewhere.URL+"/steal")})
		}
	}
	out, err := c.verifier(t).Ask(t.Context(), plan(everybody(t, c)))
	if err != nil {
		t.Fatal(err)
	}
	for kit, v := range c.live {
		if check := out.Checks[fingerprint(v)]; check.Verdict.Status != key.Unknown || c.carrying(kit, v) != 1 {
			t.Errorf("%s: %+v, sent %d times", kit, check.Verdict, c.carrying(kit, v))
		}
	}
	if n := foreign.Load(); n > 0 {
		t.Errorf("%d requests went elsewhere", n)
	}
}

func TestAProviderThatAsksToWaitIsWaitedFor(t *testing.T) {
	c := newCloud(t)
	busy := simhttp.Fault{Path: "/whoami", Skip: 2, Times: 1, Handler: simhttp.Answer(429, "application/json", `{"error":"Too Many Requests Error","message":"m","statusCode":429}`, "Retry-After", "1")}
	c.ionq.Break(busy) // the key's question, after the two control questions
	v := c.verifier(t)
	v.Patience = time.Hour
	begun := time.Now()
	out, err := v.Ask(t.Context(), plan([]verify.Claim{claim(t, "ionq-api-key", c.live["ionq"], rules.High, "a.py")}))
	if err != nil {
		t.Fatal(err)
	}
	if check := out.Checks[fingerprint(c.live["ionq"])]; check.Verdict.Status != key.Active {
		t.Errorf("%+v", check.Verdict)
	}
	if waited := time.Since(begun); waited < time.Second {
		t.Errorf("asked again after %s", waited)
	}
	if n := c.carrying("ionq", c.live["ionq"]); n != 2 {
		t.Errorf("asked %d times", n)
	}
}

func TestAProviderThatAsksForALongWaitIsLeftAlone(t *testing.T) {
	c := newCloud(t)
	c.qbraid.Break(simhttp.Fault{Path: "/users/verify", Skip: 2, Handler: simhttp.Answer(429, "application/json", `{}`, "Retry-After", "3600")})
	claims := []verify.Claim{}
	for range 20 {
		claims = append(claims, claim(t, "qbraid-api-key", all.Kits()[2].Sample(), rules.High, "a.py"))
	}
	v := c.verifier(t)
	v.AtOnce = 1
	out, err := v.Ask(t.Context(), plan(claims))
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range claims {
		if check := out.Checks[x.Fingerprint]; check.Verdict.Status != key.Unknown || check.Verdict.RetryAfter < 59*time.Minute {
			t.Errorf("%+v", check.Verdict)
		}
	}
	// Two control questions and the one that was told to wait.
	if n := len(c.requests()); n != 3 {
		t.Errorf("%d requests", n)
	}
}

func TestAProviderThatFallsSilentIsLeftAlone(t *testing.T) {
	c := newCloud(t)
	c.ionq.Break(simhttp.Fault{Path: "/whoami", Skip: 2})
	claims := []verify.Claim{}
	for range 60 {
		claims = append(claims, claim(t, "ionq-api-key", all.Kits()[1].Sample(), rules.High, "a.py"))
	}
	out, err := c.verifier(t).Ask(t.Context(), plan(claims))
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, x := range claims {
		check := out.Checks[x.Fingerprint]
		if check.Verdict.Status != key.Unknown || check.Withheld {
			t.Errorf("%+v", check.Verdict)
		}
		if check.Verdict.Evidence.Request != "" {
			asked++
		}
	}
	if asked >= len(claims)/2 {
		t.Errorf("%d of %d keys were sent to a silent provider", asked, len(claims))
	}
}

func TestTheEndOfTheContextEndsTheQuestions(t *testing.T) {
	c := newCloud(t)
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	c.ionq.Break(simhttp.Fault{Path: "/whoami", Skip: 2, Handler: func(w http.ResponseWriter, r *http.Request) {
		cancel(cause)
		<-r.Context().Done()
		simhttp.Cut(w)
	}})
	claims := []verify.Claim{}
	for range 30 {
		claims = append(claims, claim(t, "ionq-api-key", all.Kits()[1].Sample(), rules.High, "a.py"))
	}
	v := c.verifier(t)
	out, err := v.Ask(ctx, plan(claims))
	if !errors.Is(err, cause) {
		t.Errorf("error %v", err)
	}
	for _, x := range claims {
		if check := out.Checks[x.Fingerprint]; check == nil || check.Verdict.Status != key.Unknown || check.Verdict.Reason == "" {
			t.Errorf("%+v", check)
		}
	}
	other := claim(t, "qbraid-api-key", c.live["qbraid"], rules.High, "a.py")
	if _, err := v.Ask(ctx, plan([]verify.Claim{other})); !errors.Is(err, cause) || c.carrying("qbraid", c.live["qbraid"]) > 0 {
		t.Errorf("under a context that has ended: error %v, %d requests", err, c.carrying("qbraid", c.live["qbraid"]))
	}
}

type snapshots struct {
	c     *cloud
	early []string
	err   error
}

func (s *snapshots) Snapshot(_ context.Context, name string) error {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	for _, r := range s.c.seen {
		if r.kit == name {
			return errors.New("too late")
		}
	}
	s.early = append(s.early, name)
	return s.err
}

func TestTheListOfKeysIsKeptBeforeTheFirstQuestion(t *testing.T) {
	c := newCloud(t)
	v := c.verifier(t)
	s := &snapshots{c: c}
	v.Snapshot = s
	out, err := v.Ask(t.Context(), plan(everybody(t, c)))
	if err != nil || len(out.Unkept) > 0 || len(s.early) != 3 {
		t.Errorf("kept for %v, not kept for %v, %v", s.early, out.Unkept, err)
	}
	s.err, s.early = errors.New("no list"), nil
	c.seen = nil
	out, err = v.Ask(t.Context(), plan(everybody(t, c)))
	if err != nil || len(out.Unkept) != 3 {
		t.Errorf("not kept for %v, %v", out.Unkept, err)
	}
	if check := out.Checks[fingerprint(c.live["ionq"])]; check.Verdict.Status != key.Active {
		t.Errorf("without the list: %+v", check.Verdict)
	}
}

func TestIBMWithoutACredentialIsUnansweredAndNothingIsSent(t *testing.T) {
	c := newCloud(t)
	v := c.verifier(t, func(_ string, config *provider.Config) { config.Credential = secret.Value{} })
	claims := []verify.Claim{claim(t, "ibm-cloud-api-key", c.live["ibm"], rules.High, "a.py")}
	out, err := v.Ask(t.Context(), plan(claims))
	if err != nil {
		t.Fatal(err)
	}
	check := out.Checks[fingerprint(c.live["ibm"])]
	if check.Verdict.Status != key.Unknown || !strings.Contains(check.Verdict.Reason, "credential") || check.Withheld {
		t.Errorf("%+v", check)
	}
	if n := len(c.requests()); n > 0 {
		t.Errorf("%d requests", n)
	}
	// With a login the key itself may tell.
	v = c.verifier(t, func(_ string, config *provider.Config) { config.Credential, config.LoginCheck = secret.Value{}, true })
	out, err = v.Ask(t.Context(), plan(claims))
	if check := out.Checks[fingerprint(c.live["ibm"])]; err != nil || check.Verdict.Status != key.Active {
		t.Errorf("%+v, %v", check, err)
	}
}

func TestAProviderWithoutAClientIsUnanswered(t *testing.T) {
	c := newCloud(t)
	out, err := (&verify.Verifier{}).Ask(t.Context(), plan(everybody(t, c)))
	if err != nil {
		t.Fatal(err)
	}
	for f, check := range out.Checks {
		if check.Verdict.Status != key.Unknown || check.Withheld || check.Verdict.Reason == "" {
			t.Errorf("%s: %+v", f, check)
		}
	}
}

func TestNothingThatIsWrittenHoldsAKey(t *testing.T) {
	c := newCloud(t)
	// A provider that repeats the key in every text that it tells.
	echo := func(w http.ResponseWriter, r *http.Request) {
		_, value, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if secret.New([]byte(value)).Equal(c.live["ionq"]) {
			simhttp.JSON(w, 200, map[string]string{"key_id": "id-" + value, "key_name": value, "project_id": value + "-p"})
			return
		}
		c.ionq.Pass(w, r)
	}
	c.ionq.Break(simhttp.Fault{Path: "/whoami", Handler: echo})
	out, err := c.verifier(t).Ask(t.Context(), plan(everybody(t, c)))
	if err != nil {
		t.Fatal(err)
	}
	check := out.Checks[fingerprint(c.live["ionq"])]
	if check.Verdict.Status != key.Active {
		t.Fatalf("%+v", check.Verdict)
	}
	text, err := json.Marshal(out.Checks)
	if err != nil {
		t.Fatal(err)
	}
	keepsTo(t, c.live["ionq"], string(text), check)
}
