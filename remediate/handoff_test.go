package remediate_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	ionq "github.com/qleaks/qleaks/internal/provider/ionq/sim"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate"
)

func handedOver(t *testing.T, reach remediate.Reach) remediate.Handoff {
	t.Helper()
	target := remediate.Target{
		Provider: "ionq", ID: "k-1", Name: "laptop", Owner: key.Party{Name: "Ada"}, Project: key.Party{ID: "p", Name: "chemistry"}, Fingerprint: "mav7iqel",
		Facts: remediate.Facts{Created: asOf().Add(-100 * days), Slots: -1},
	}
	h, err := remediate.NewHandoff(asOf(), "grace", "ada@example.org", target, remediate.Exposure{Reach: reach, Since: asOf().Add(-days), Places: []string{"lab:bell.py:2"}}, 48*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func letter(t *testing.T, h remediate.Handoff) string {
	t.Helper()
	var out strings.Builder
	if err := h.Letter(&out); err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(out.String()), " ")
}

func TestALetterSaysWhatToDoAndInWhichOrder(t *testing.T) {
	text := letter(t, handedOver(t, remediate.Public))
	for _, want := range []string{
		"ada@example.org", "grace", "its name: laptop", "its project: chemistry", "mav7iqel", "lab:bell.py:2", "public, since",
		"https://cloud.ionq.com/settings/keys", "cancel those that are not yours", "https://docs.ionq.com/guides/managing-api-keys",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the letter does not say %q:\n%s", want, text)
		}
	}
	for reach, endFirst := range map[remediate.Reach]bool{remediate.Public: true, remediate.Unclear: true, remediate.Private: false} {
		text := letter(t, handedOver(t, reach))
		if (strings.Index(text, ". revoke it") < strings.Index(text, "make a new key")) != endFirst {
			t.Errorf("%s: the order is wrong:\n%s", reach, text)
		}
	}
}

func TestAHandoffIsReadAsItWasWritten(t *testing.T) {
	h := handedOver(t, remediate.Public)
	text, err := h.JSON()
	if err != nil {
		t.Fatal(err)
	}
	again, err := remediate.ReadHandoff(text)
	if err != nil || letter(t, again) != letter(t, h) || !again.Open() {
		t.Errorf("%v", err)
	}
	for name, bad := range map[string]string{
		"cut":            string(text[:len(text)/2]),
		"more behind it": string(text) + "{}",
		"another form":   strings.Replace(string(text), "handoff/1", "handoff/2", 1),
		"unknown member": strings.Replace(string(text), `"by"`, `"value": "x", "by"`, 1),
		"nothing":        "",
	} {
		if _, err := remediate.ReadHandoff([]byte(bad)); !errors.Is(err, remediate.ErrHandoff) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for within, to := range map[time.Duration]string{time.Minute: "ada", 60 * days: "ada", days: ""} {
		if _, err := remediate.NewHandoff(asOf(), "grace", to, h.Key, h.Exposure, within); err == nil {
			t.Errorf("%s to %q is accepted", within, to)
		}
	}
}

func TestAKeyThatWasHandedOverIsRefusedOnlyByProof(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "ionq", 0)
		defer w.stop()
		ask := func(v secret.Value) (string, string, bool) {
			t.Helper()
			how, why, alive, err := remediate.ProveRefused(t.Context(), w.client(w.own), remediate.Target{Provider: "ionq", ID: "k"}, v)
			if err != nil {
				t.Fatal(err)
			}
			return how, why, alive
		}
		if how, _, alive := ask(w.old); how != "" || !alive {
			t.Errorf("a key that works: %q", how)
		}
		w.ionq.Revoke(w.target.ID)
		if how, why, alive := ask(w.old); how == "" || alive {
			t.Errorf("a key that was revoked: %q", why)
		}
		// An outage refuses everybody, and proves nothing.
		_, other := w.ionq.Create(ionq.Key{Name: "other", Project: "p"})
		for _, k := range w.ionq.Keys() {
			w.ionq.Revoke(k.ID)
		}
		if how, _, _ := ask(other); how != "" {
			t.Errorf("where the operator's own credential is refused, too: %q", how)
		}
	})
}
