package notify_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/httpx"
	"github.com/qleaks/qleaks/internal/notify"
	"github.com/qleaks/qleaks/internal/records"
)

// full is a digest of everything that a repository and a provider can name, as
// hostile as they can be, gathered from records.
func full(t *testing.T) notify.Message {
	t.Helper()
	l := newLab(t)
	r := &recorder{}
	n := l.notifier(notify.Channel{Name: "all", Kind: notify.Slack, Sender: r})
	run := l.begin()
	for i, name := range hostile() {
		l.found(run, fmt.Sprintf("%s%d", name, i), "", fmt.Sprintf("live%d %s", i, name), fmt.Sprintf("new%d %s", i, sample()))
		l.answered(run, fmt.Sprintf("live%d", i), records.Active)
		l.listed(name+fmt.Sprint(i), 400)
	}
	if _, err := n.After(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	return r.sent[0]
}

func TestMediaTakeWhatHostileNamesAreIn(t *testing.T) {
	m := full(t)
	for kind, b := range boxes(t) {
		if err := b.sender.Send(t.Context(), m); err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		took := string(b.Took()[0])
		for _, never := range []string{"https://evil", "www.evil", "mailto:", `\u001b`, "\x1b", "\\u202e", "\u202e"} {
			if strings.Contains(took, never) {
				t.Errorf("%s: %q is in it", kind, never)
			}
		}
		if !strings.Contains(took, "[redacted]") {
			t.Errorf("%s: a path that holds a key is told", kind)
		}
	}
}

func TestLongDigestsFitAndCountWhatTheyLeaveOut(t *testing.T) {
	m := notify.Message{ID: "qleaks_1", At: time.Now(), Title: strings.Repeat("t", 400), Lead: strings.Repeat("l", 5000), Link: "https://qleaks.example"}
	for _, e := range notify.Events() {
		s := notify.Section{Event: e, Title: string(e), Total: 1000, Told: 3}
		for g := range 20 {
			lines := []string{}
			for i := range 20 {
				lines = append(lines, fmt.Sprint(g, i, strings.Repeat(" 界", 200)))
			}
			s.Groups = append(s.Groups, notify.Group{Name: fmt.Sprint("acme/", g), Lines: lines})
		}
		m.Sections = append(m.Sections, s)
	}
	for kind, b := range boxes(t) {
		if err := b.sender.Send(t.Context(), m); err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		took := string(b.Took()[0])
		if kind != notify.Webhook && !strings.Contains(took, "more that are new here, 3 that were told before") {
			t.Errorf("%s: what is left out is not told", kind)
		}
		if len(m.Sections[0].Groups) != 20 || len(m.Sections[0].Groups[0].Lines) != 20 {
			t.Fatalf("%s changed the message", kind)
		}
	}
}

func TestWhatServersSayOfAMessage(t *testing.T) {
	m := notify.Message{ID: "qleaks_1", At: time.Now(), Title: "Sweep 1"}
	for status, notTaken := range map[int]bool{400: true, 401: true, 403: true, 404: true, 410: true, 413: true, 307: true, 500: false, 503: false, 0: false} {
		for kind, b := range boxes(t) {
			b.Fail(status)
			err := b.sender.Send(t.Context(), m)
			retried := kind == notify.Webhook && (status >= 500 || status == 0)
			if retried {
				if err != nil || len(b.Took()) != 1 {
					t.Errorf("%s, %d: %v, taken %d times", kind, status, err, len(b.Took()))
				}
				continue
			}
			if err == nil || errors.Is(err, notify.ErrNotTaken) != notTaken {
				t.Errorf("%s, %d: %v", kind, status, err)
			}
			if err != nil && strings.Contains(fmt.Sprintf("%v %+v", err, err), "never-told") {
				t.Errorf("the error tells the address: %v", err)
			}
			if b.Calls() != 1 {
				t.Errorf("%s, %d: sent %d times", kind, status, b.Calls())
			}
		}
	}
}

func TestWhoIsAskedToWaitWaits(t *testing.T) {
	for kind, b := range boxes(t) {
		b.Fail(http.StatusTooManyRequests)
		if err := b.sender.Send(t.Context(), notify.Message{ID: "qleaks_1", At: time.Now(), Title: "Sweep 1"}); err != nil || len(b.Took()) != 1 || b.Calls() != 2 {
			t.Errorf("%s: %v, %d requests", kind, err, b.Calls())
		}
	}
}

func TestNobodyElseGetsTheMessage(t *testing.T) {
	elsewhere := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("somebody else was asked") }))
	moved := serve(t, http.RedirectHandler(elsewhere, http.StatusTemporaryRedirect))
	m := notify.Message{ID: "qleaks_1", At: time.Now(), Title: "Sweep 1"}
	sender, err := notify.NewSlack(material(moved+"/never-told"), notify.Reach{Private: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := sender.Send(t.Context(), m); !errors.Is(err, httpx.ErrRedirected) || strings.Contains(err.Error(), "never-told") {
		t.Error(err)
	}
	// Without private = true, this machine is not asked.
	sender, err = notify.NewSlack(material(strings.Replace(elsewhere, "http://", "https://", 1)), notify.Reach{})
	if err != nil {
		t.Fatal(err)
	}
	if err := sender.Send(t.Context(), m); !errors.Is(err, httpx.ErrAddress) || !errors.Is(err, notify.ErrNotTaken) {
		t.Error(err)
	}
}

func TestAddressesAndSecretsAreChecked(t *testing.T) {
	for _, address := range []string{"", "never-told", "ftp://never-told.test/x", "https://", "https://u:never-told@h.test/", "https://h.test/#never-told", "http://h.test/never-told", "https://h.test/?%zz=never-told", "::never-told"} {
		_, err := notify.NewTeams(material(address), notify.Reach{Private: true})
		if !errors.Is(err, notify.ErrAddress) || strings.Contains(err.Error(), "never-told") {
			t.Errorf("%q: %v", address, err)
		}
	}
	for _, key := range []string{"", "never-told", "whsec_", "whsec_AAAA", "whsec_!", strings.TrimPrefix(newSigning(), "whsec_")} {
		if _, err := notify.NewWebhook(material("https://h.test/"), material(key), notify.Reach{}); !errors.Is(err, notify.ErrSecret) || strings.Contains(err.Error(), "never-told") {
			t.Errorf("%q: %v", key, err)
		}
	}
}

func TestNoAddressAndNoKeyIsInTheRecords(t *testing.T) {
	l := newLab(t)
	var channels []notify.Channel
	for kind, b := range boxes(t) {
		b.Fail(404)
		channels = append(channels, notify.Channel{Name: string(kind), Kind: kind, Sender: b.sender})
	}
	run := l.begin()
	planted := sample()
	l.found(run, "acme/one", "", "live "+planted)
	n := l.notifier(channels...)
	if _, err := n.After(t.Context(), run); err == nil || strings.Contains(err.Error(), "never-told") || strings.Contains(err.Error(), planted) {
		t.Error(err)
	}
	actions, err := l.store.Actions(t.Context(), records.ActionFilter{}, records.Page{})
	if err != nil || len(actions) != 6 {
		t.Fatalf("%d actions, %v", len(actions), err)
	}
	text, err := json.Marshal(actions)
	if err != nil || strings.Contains(string(text), "never-told") || strings.Contains(string(text), planted) {
		t.Errorf("%v: %s", err, text)
	}
}

func TestAnInterruptionIsNoRefusal(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	address := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then the server sees that nobody waits
		cancel()
		<-r.Context().Done()
	}))
	sender, err := notify.NewSlack(material(address), notify.Reach{Private: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := sender.Send(ctx, notify.Message{ID: "qleaks_1", Title: "Sweep 1"}); err == nil || errors.Is(err, notify.ErrNotTaken) {
		t.Error(err)
	}
}
