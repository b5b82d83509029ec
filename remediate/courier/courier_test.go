package courier_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/courier"
)

// prints are those of both processes.
var prints secret.Fingerprinter

func found(t *testing.T) courier.Found {
	t.Helper()
	f := courier.Found{Salt: prints.Salt()}
	for i := range 3 {
		v := secret.New(fmt.Appendf(nil, "a value %d", i))
		f.Keys = append(f.Keys, courier.Key{
			Provider: "ibm", Rule: "ibm-api-key", Fingerprint: prints.Of(v), Value: v, Places: 4, Leaked: 3, Reach: "public",
			Since: time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC),
		})
	}
	return f
}

func receiver(t *testing.T) *courier.Receiver {
	t.Helper()
	r, err := courier.NewReceiver()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestWhatIsHandedOverArrives(t *testing.T) {
	r, sent := receiver(t), found(t)
	sent.Keys[1].Told = &courier.Told{Places: []courier.Place{{Finding: "qlabc", Text: "a/b.py:3"}}, By: []string{"ada@example.org"}}
	sent.Gaps = []string{"lab: 1 thing could not be read"}
	sealed, err := courier.Seal(r.Recipient(), sent)
	if err != nil {
		t.Fatal(err)
	}
	var pipe bytes.Buffer
	if err := courier.WriteFrame(&pipe, sealed); err != nil {
		t.Fatal(err)
	}
	for _, k := range sent.Keys {
		if k.Value.In(pipe.String()) {
			t.Fatal("a value goes over the pipe as it is")
		}
	}
	sealed, err = courier.ReadFrame(&pipe)
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.Open(sealed, prints, true)
	if err != nil || len(got.Keys) != 3 || got.More != 0 || len(got.Gaps) != 1 {
		t.Fatalf("%d keys, %v", len(got.Keys), err)
	}
	for i, k := range got.Keys {
		want := sent.Keys[i]
		if !k.Value.Equal(want.Value) || k.Fingerprint != want.Fingerprint || k.Provider != want.Provider || k.Places != 4 || k.Leaked != 3 || k.Reach != "public" || !k.Since.Equal(want.Since) {
			t.Errorf("key %d is another one", i)
		}
	}
	if _, err := r.Open(sealed, prints, false); !errors.Is(err, courier.ErrMessage) {
		t.Errorf("text of a tree arrives where nobody wants any: %v", err)
	}
	if _, err := receiver(t).Open(sealed, prints, true); !errors.Is(err, courier.ErrMessage) {
		t.Errorf("somebody else opens it: %v", err)
	}
	other, err := secret.NewFingerprinter("a salt of sixteen or more")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Open(sealed, other, true); !errors.Is(err, courier.ErrMessage) {
		t.Errorf("fingerprints with another salt are taken: %v", err)
	}
}

// sealText seals what no reader of ours writes.
func sealText(t *testing.T, r *courier.Receiver, text string) []byte {
	t.Helper()
	to, err := age.ParseX25519Recipient(r.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w, err := age.Encrypt(&out, to)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// document is a message as JSON, changed.
func document(t *testing.T, change func(message, first map[string]any)) string {
	t.Helper()
	v := secret.New([]byte("a value"))
	first := map[string]any{
		"provider": "ibm", "rule": "ibm-api-key", "fingerprint": string(prints.Of(v)), "value": []byte("a value"), "places": 2, "leaked": 1, "reach": "public",
	}
	message := map[string]any{"schema": "qleaks.found/1", "salt": prints.Salt(), "keys": []any{first}, "more": 0}
	change(message, first)
	text, err := json.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestHostileMessagesAreRefused(t *testing.T) {
	r := receiver(t)
	good := document(t, func(_, _ map[string]any) {})
	if _, err := r.Open(sealText(t, r, good), prints, false); err != nil {
		t.Fatal(err)
	}
	set := func(name string, value any) func(message, first map[string]any) {
		return func(_, first map[string]any) { first[name] = value }
	}
	top := func(name string, value any) func(message, first map[string]any) {
		return func(message, _ map[string]any) { message[name] = value }
	}
	for name, change := range map[string]func(message, first map[string]any){
		"another version":       top("schema", "qleaks.found/2"),
		"no version":            top("schema", ""),
		"another salt":          top("salt", "private-x"),
		"an unknown field":      top("account", "lab"),
		"an order":              set("order", "break first"),
		"a key id":              set("id", "ApiKey-1"),
		"a verdict":             set("verdict", map[string]any{"status": "active"}),
		"no provider":           set("provider", ""),
		"a provider of names":   set("provider", "../ibm"),
		"a provider of escapes": set("provider", "ibm\x1b[2J"),
		"a long provider":       set("provider", strings.Repeat("a", 200)),
		"a rule of text":        set("rule", "rule with spaces"),
		"no value":              set("value", []byte{}),
		"a huge value":          set("value", bytes.Repeat([]byte("a"), courier.MaxValue+1)),
		"another value":         set("value", []byte("another")),
		"another fingerprint":   set("fingerprint", string(prints.Of(secret.New([]byte("another"))))),
		"no places":             set("places", 0),
		"too many places":       set("places", courier.MaxCount+1),
		"more leaks than there": set("leaked", 3),
		"fewer than none":       set("leaked", -1),
		"a number of text":      set("places", "2"),
		"a huge number":         set("places", 1e30),
		"no reach":              set("reach", ""),
		"another reach":         set("reach", "everywhere"),
		"a time long ago":       set("since", "0001-02-01T00:00:00Z"),
		"a time of nobody":      set("since", "yesterday"),
		"texts":                 set("told", map[string]any{"places": []any{}}),
		"gaps":                  top("gaps", []string{"x"}),
		"more without many":     top("more", 5),
		"fewer than no more":    top("more", -1),
		"keys that are no list": top("keys", map[string]any{}),
		"one key twice": func(message, first map[string]any) {
			message["keys"] = []any{first, first}
		},
		"too many keys": func(message, _ map[string]any) {
			var list []any
			for i := range courier.MaxKeys + 1 {
				text := fmt.Appendf(nil, "value %d", i)
				list = append(list, map[string]any{"provider": "ibm", "rule": "r", "fingerprint": string(prints.Of(secret.New(text))), "value": text, "places": 1, "leaked": 1, "reach": "local"})
			}
			message["keys"] = list
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := r.Open(sealText(t, r, document(t, change)), prints, false)
			if !errors.Is(err, courier.ErrMessage) {
				t.Fatalf("it is taken: %v", err)
			}
			if text := err.Error(); len(text) > 200 || strings.ContainsAny(text, "\x1b\n") || strings.Contains(text, "another value") {
				t.Errorf("the error tells of the message: %q", text)
			}
		})
	}
	for name, text := range map[string]string{
		"nothing": "", "no JSON": "x", "two": good + good, "a list": "[]", "cut": good[:len(good)-1], "deep": strings.Repeat("[", 100_000),
	} {
		if _, err := r.Open(sealText(t, r, text), prints, false); !errors.Is(err, courier.ErrMessage) {
			t.Errorf("%s: it is taken: %v", name, err)
		}
	}
	sealed := sealText(t, r, good)
	for i := 0; i < len(sealed); i += 7 {
		broken := bytes.Clone(sealed)
		broken[i] ^= 1
		if _, err := r.Open(broken, prints, false); !errors.Is(err, courier.ErrMessage) {
			t.Errorf("byte %d flipped: it is taken: %v", i, err)
		}
		if _, err := r.Open(sealed[:i], prints, false); !errors.Is(err, courier.ErrMessage) {
			t.Errorf("cut at byte %d: it is taken: %v", i, err)
		}
	}
}

func TestTextsForPeopleAreLines(t *testing.T) {
	r := receiver(t)
	for text, ok := range map[string]bool{
		"a/b.py:3": true, "": false, "a\nb": false, "a\x1b[2Jb": false, "\xff": false, strings.Repeat("a", 1000): false,
		courier.Line("a\x1b[2J\xff" + strings.Repeat("é", 1000)): true,
	} {
		f := found(t)
		f.Keys[0].Told = &courier.Told{Places: []courier.Place{{Finding: "qlabc", Text: text}}}
		sealed, err := courier.Seal(r.Recipient(), f)
		if err != nil {
			t.Fatal(err)
		}
		// JSON itself makes valid UTF-8 of what is not.
		if _, err := r.Open(sealed, prints, true); (err == nil) != ok && text != "\xff" {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

func TestKeysThatDoNotFitAreCounted(t *testing.T) {
	f := courier.Found{Salt: prints.Salt()}
	for i := range courier.MaxKeys + 3 {
		v := secret.New(fmt.Appendf(nil, "value %d", i))
		f.Keys = append(f.Keys, courier.Key{Provider: "ionq", Rule: "r", Fingerprint: prints.Of(v), Value: v, Places: 1, Reach: "nowhere"})
	}
	r := receiver(t)
	sealed, err := courier.Seal(r.Recipient(), f)
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.Open(sealed, prints, false)
	if err != nil || len(got.Keys) != courier.MaxKeys || got.More != 3 {
		t.Errorf("%d keys and %d more, %v", len(got.Keys), got.More, err)
	}
}

func TestFrames(t *testing.T) {
	for name, text := range map[string]string{
		"too large": "\xff\xff\xff\xff", "cut in its length": "\x00\x00", "cut": "\x00\x00\x00\x05abc",
	} {
		if _, err := courier.ReadFrame(strings.NewReader(text)); !errors.Is(err, courier.ErrMessage) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := courier.ReadFrame(strings.NewReader("")); !errors.Is(err, io.EOF) {
		t.Errorf("the end is %v", err)
	}
	if text, err := courier.ReadFrame(strings.NewReader("\x00\x00\x00\x00report")); err != nil || len(text) != 0 {
		t.Errorf("nothing is %q, %v", text, err)
	}
}

func TestAnswersAreAboutWhatWasHandedOver(t *testing.T) {
	f := found(t)
	said := []courier.Check{{Fingerprint: f.Keys[0].Fingerprint, Provider: "ibm", Verdict: key.Verdict{Status: key.Active}}}
	for name, c := range map[string]struct {
		said []courier.Check
		ok   bool
	}{
		"one": {said, true}, "none": {[]courier.Check{}, true}, "twice": {append(said, said...), false},
		"another": {[]courier.Check{{Fingerprint: "x"}}, false},
	} {
		var pipe bytes.Buffer
		if err := courier.WriteChecks(&pipe, c.said); err != nil {
			t.Fatal(err)
		}
		if _, err := courier.ReadChecks(&pipe, f.Keys); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	var pipe bytes.Buffer
	if err := courier.WriteOutcome(&pipe, courier.Outcome{Schema: "another"}); err != nil {
		t.Fatal(err)
	}
	if _, err := courier.ReadOutcome(&pipe); !errors.Is(err, courier.ErrMessage) {
		t.Errorf("another version is taken: %v", err)
	}
}
