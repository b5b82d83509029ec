package store_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/store"
	"github.com/qleaks/qleaks/remediate/store/storetest"
)

func kinds() []store.Kind {
	return []store.Kind{{
		Name: "box", Traits: store.Traits{Runs: true},
		Settings: []store.Setting{
			store.Variable(), {Name: "credential", Reference: true}, {Name: "command", List: true}, {Name: "shape", Values: []string{"round", "square"}},
		},
	}}
}

func TestADeclarationIsReadStrictly(t *testing.T) {
	good := map[string]any{"kind": "box", "variable": "K", "keys": []any{"ionq-*", "ibm/ci"}, "credential": "env:TOKEN", "command": []any{"put", "it"}, "shape": "round"}
	d, err := store.Declare("here", good, kinds())
	if err != nil || d.Text("variable") != "K" || d.Or("none", "x") != "x" || !slices.Equal(d.List("command"), []string{"put", "it"}) || d.Reference("credential").String() != "env:TOKEN" {
		t.Errorf("%+v, %v", d, err)
	}
	if !d.RunsPrograms() || !d.Holds("ionq", "ionq-lab") || !d.Holds("ibm", "", "ci") || d.Holds("ionq", "ci") || d.Holds("ibm", "") {
		t.Error("what it holds")
	}
	value := storetest.Value().Reveal()
	for field, bad := range map[string]any{
		"kind": "chest", "var": "K", "variable": "A B", "keys": "ionq", "credential": value, "command": "put", "shape": "flat",
		value: "x",
	} {
		said := map[string]any{"kind": "box", "variable": "K", field: bad}
		_, err := store.Declare("here", said, kinds())
		e, ok := errors.AsType[*store.FieldError](err)
		if !ok || e.Field != field || strings.Contains(e.What, value) {
			t.Errorf("%.8s: %v", field, err)
		}
	}
	for name, bad := range map[string]any{"keys": []any{"["}, "command": []any{}, "variable": 1, "shape": "", "credential": "env:A\nB"} {
		if _, err := store.Declare("here", map[string]any{"kind": "box", "variable": "K", name: bad}, kinds()); err == nil {
			t.Errorf("%s: %v is taken", name, bad)
		}
	}
	if _, err := store.Declare("here", map[string]any{"kind": "box"}, kinds()); err == nil || !strings.Contains(err.Error(), "variable is missing") {
		t.Errorf("without what is required: %v", err)
	}
}

func TestAValueIsWhatKeysAreMadeOf(t *testing.T) {
	if err := store.CheckValue(storetest.Value()); err != nil {
		t.Error(err)
	}
	for _, text := range []string{"", " ", "a b", "a\n", "\x7f", "é", strings.Repeat("x", 10_000)} {
		if store.CheckValue(secret.New([]byte(text))) == nil {
			t.Errorf("%.10q is taken", text)
		}
	}
}

func TestTheOldValueIsKnownByItsFingerprint(t *testing.T) {
	v := storetest.Value()
	u := store.Use{Old: []secret.Fingerprint{secret.Fingerprinter{}.Of(v)}}
	if !u.Held(v) || u.Held(storetest.Value()) || u.Held(secret.Value{}) || u.Mark(secret.Value{}) != store.Absent || v.In(u.Mark(v)) {
		t.Error("marks and fingerprints")
	}
}
