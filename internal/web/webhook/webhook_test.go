package webhook_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/records/recordstest"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/internal/sweep/sweeptest"
	"github.com/qleaks/qleaks/internal/web/webhook"
)

// post is a receiver with the secret that GitHub has.
type post struct {
	*webhook.Receiver

	t      *testing.T
	store  *records.Store
	secret string
	log    bytes.Buffer
	fails  error
}

func newPost(t *testing.T) *post {
	t.Helper()
	store := recordstest.Open(t)
	sweeps := sweeptest.Desk(t, store)
	p := &post{t: t, store: store, secret: rand.Text()}
	p.Receiver = webhook.New(webhook.Options{Store: store, Sweeps: sweeps, Log: slog.New(slog.NewTextHandler(&p.log, nil)), Secret: func(context.Context) (secret.Value, error) {
		return secret.New([]byte(p.secret)), p.fails
	}})
	return p
}

// letter is a message before it is sent.
type letter struct {
	event, body string
	delivery    string
	kind        string
	// sign changes the signature.
	sign func(right string) string
}

func (p *post) send(l letter) int {
	p.t.Helper()
	mac := hmac.New(sha256.New, []byte(p.secret))
	mac.Write([]byte(l.body))
	signature := "sha256=" + hex.EncodeToString(mac.Sum(nil))
	if l.sign != nil {
		signature = l.sign(signature)
	}
	if l.delivery == "" {
		l.delivery = rand.Text()
	}
	if l.kind == "" {
		l.kind = "application/json"
	}
	r := httptest.NewRequestWithContext(p.t.Context(), http.MethodPost, webhook.Path, strings.NewReader(l.body))
	r.Header.Set("X-Github-Event", l.event)
	r.Header.Set("X-Github-Delivery", l.delivery)
	r.Header.Set("X-Hub-Signature-256", signature)
	r.Header.Set("Content-Type", l.kind)
	w := httptest.NewRecorder()
	route := p.Routes()[0]
	r.Body = http.MaxBytesReader(w, r.Body, route.Body)
	route.Handler.ServeHTTP(w, r)
	return w.Code
}

// swept are the targets of the sweeps that were begun, oldest first.
func (p *post) swept() []string {
	p.t.Helper()
	runs, err := p.store.Runs(p.t.Context(), records.Page{})
	if err != nil {
		p.t.Fatal(err)
	}
	targets := []string{}
	for i := range runs {
		targets = append(targets, runs[len(runs)-1-i].Target)
	}
	return targets
}

func TestEachEventSweepsWhatItIsAbout(t *testing.T) {
	many := make([]map[string]string, 30)
	for i := range many {
		many[i] = map[string]string{"full_name": fmt.Sprintf("acme/r%d", i)}
	}
	list, err := json.Marshal(many)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		event, body string
		want        []string
	}{
		"a push":                  {"push", `{"ref":"refs/heads/main","repository":{"full_name":"acme/vqe"}}`, []string{"github:acme/vqe"}},
		"a new repository":        {"repository", `{"action":"created","repository":{"full_name":"acme/vqe"}}`, []string{"github:acme/vqe"}},
		"a public one":            {"repository", `{"action":"publicized","repository":{"full_name":"acme/vqe"}}`, []string{"github:acme/vqe"}},
		"a description":           {"repository", `{"action":"edited","repository":{"full_name":"acme/vqe"}}`, nil},
		"an alert":                {"secret_scanning_alert", `{"action":"created","alert":{"number":7},"repository":{"full_name":"acme/vqe"}}`, []string{"github:acme/vqe"}},
		"an installation":         {"installation", `{"action":"created","installation":{"account":{"login":"acme"}},"repositories":[{"full_name":"acme/a"},{"full_name":"acme/b"}]}`, []string{"github:acme/a", "github:acme/b"}},
		"one with many":           {"installation", `{"action":"created","installation":{"account":{"login":"acme"}},"repositories":` + string(list) + `}`, []string{"github:acme"}},
		"one that is gone":        {"installation", `{"action":"deleted","repositories":[{"full_name":"acme/a"}]}`, nil},
		"more repositories":       {"installation_repositories", `{"action":"added","repositories_added":[{"full_name":"acme/a"}]}`, []string{"github:acme/a"}},
		"a ping":                  {"ping", `{"zen":"x","repository":{"full_name":"acme/vqe"}}`, nil},
		"what nobody knows":       {"meteor", `{"repository":{"full_name":"acme/vqe"}}`, nil},
		"a name that is none":     {"push", `{"repository":{"full_name":"../../etc"}}`, nil},
		"a name with a spell":     {"push", `{"repository":{"full_name":"acme/vqe'; DROP TABLE runs; --"}}`, nil},
		"a name that is an owner": {"push", `{"repository":{"full_name":"acme"}}`, nil},
		"no repository":           {"push", `{}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPost(t)
			if got := p.send(letter{event: c.event, body: c.body}); got != http.StatusAccepted {
				t.Fatalf("it is answered with %d", got)
			}
			if diff := cmp.Diff(append([]string{}, c.want...), p.swept()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestForgedMessagesDoNothing(t *testing.T) {
	p := newPost(t)
	const body = `{"repository":{"full_name":"acme/vqe"}}`
	other := hmac.New(sha256.New, []byte("another secret"))
	other.Write([]byte(body))
	for what, sign := range map[string]func(string) string{
		"without a signature": func(string) string { return "" },
		"by another secret":   func(string) string { return "sha256=" + hex.EncodeToString(other.Sum(nil)) },
		"by a shorter code":   func(right string) string { return right[:len(right)-2] },
		"by SHA-1":            func(right string) string { return "sha1=" + right[7:47] },
		"without its name":    func(right string) string { return right[7:] },
		"that is no code":     func(string) string { return "sha256=" + strings.Repeat("z", 64) },
		"of another body": func(string) string {
			mac := hmac.New(sha256.New, []byte(p.secret))
			mac.Write([]byte(body + " "))
			return "sha256=" + hex.EncodeToString(mac.Sum(nil))
		},
	} {
		if got := p.send(letter{event: "push", body: body, sign: sign}); got != http.StatusUnauthorized {
			t.Errorf("%s: %d", what, got)
		}
	}
	if swept := p.swept(); len(swept) > 0 {
		t.Errorf("%v was swept", swept)
	}
	if strings.Contains(p.log.String(), p.secret) {
		t.Error("the log has the secret")
	}
}

func TestAMessageCountsOnce(t *testing.T) {
	p := newPost(t)
	l := letter{event: "secret_scanning_alert", delivery: "72d3162e-cc78-11e3-81ab-4c9367dc0958", body: `{"action":"publicly_leaked","alert":{"number":7},"repository":{"full_name":"acme/vqe"}}`}
	for i, want := range []int{http.StatusAccepted, http.StatusConflict, http.StatusConflict} {
		if got := p.send(l); got != want {
			t.Errorf("delivery %d: %d", i+1, got)
		}
	}
	actions, err := p.store.Actions(t.Context(), records.ActionFilter{Kind: "github alert"}, records.Page{})
	if err != nil || len(actions) != 1 || actions[0].State != "publicly_leaked" || string(actions[0].Detail) != `{"alert":7}` {
		t.Errorf("%+v, %v", actions, err)
	}
	if swept := p.swept(); len(swept) != 1 {
		t.Errorf("%v was swept", swept)
	}
}

func TestWrongMessagesAreRefused(t *testing.T) {
	p := newPost(t)
	for what, c := range map[string]struct {
		letter
		want int
	}{
		"a form":              {letter{event: "push", body: "payload=%7B%7D", kind: "application/x-www-form-urlencoded"}, http.StatusBadRequest},
		"no JSON":             {letter{event: "push", body: "nothing"}, http.StatusBadRequest},
		"a list":              {letter{event: "push", body: "[]"}, http.StatusBadRequest},
		"a spell as delivery": {letter{event: "push", body: "{}", delivery: "x' OR '1'='1"}, http.StatusBadRequest},
		"too large":           {letter{event: "push", body: strings.Repeat(" ", 26<<20)}, http.StatusRequestEntityTooLarge},
	} {
		if got := p.send(c.letter); got != c.want {
			t.Errorf("%s: %d", what, got)
		}
	}
	if got := newEmpty(t).send(letter{event: "push", body: "{}"}); got != http.StatusServiceUnavailable {
		t.Errorf("with an empty secret everybody may sign: %d", got)
	}
	broken := newPost(t)
	broken.fails = errors.New("the keychain is locked")
	if got := broken.send(letter{event: "push", body: "{}"}); got != http.StatusServiceUnavailable {
		t.Errorf("without its secret: %d", got)
	}
}

func newEmpty(t *testing.T) *post {
	t.Helper()
	p := newPost(t)
	p.secret = ""
	return p
}

// What is pushed at once is swept now, and once more together; a server that ends
// leaves nothing that waits.
func TestPushesAreSweptTogether(t *testing.T) {
	p := newPost(t)
	for range 5 {
		if got := p.send(letter{event: "push", body: `{"repository":{"full_name":"acme/vqe"}}`}); got != http.StatusAccepted {
			t.Fatal(got)
		}
	}
	if swept := p.swept(); len(swept) != 1 {
		t.Errorf("five pushes began %v", swept)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	p.Run(ctx)
	if swept := p.swept(); len(swept) != 2 {
		t.Errorf("when the server ended there were %v", swept)
	}
}

// A push is followed by what the schedule of its owner does.
func TestAPushHasTheStepsOfItsOwner(t *testing.T) {
	p := newPost(t)
	err := p.store.Update(t.Context(), func(tx *records.Tx) error {
		return tx.PutSchedule(t.Context(), records.Schedule{Name: "nightly", Cron: "@daily", Zone: "UTC", Request: json.RawMessage(`{"target":"github:Acme","steps":["verify","notify"]}`)})
	})
	if err != nil {
		t.Fatal(err)
	}
	p.send(letter{event: "push", body: `{"repository":{"full_name":"acme/vqe"}}`})
	var args string
	if err := p.store.SQL().QueryRowContext(t.Context(), "SELECT json(args) FROM river_job").Scan(&args); err != nil || !strings.Contains(args, `"steps":["verify","notify"]`) {
		t.Errorf("the job is %s, %v", args, err)
	}
}
