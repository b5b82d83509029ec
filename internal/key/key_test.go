package key_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qleaks/qleaks/internal/key"
)

func TestWhatNobodyToldIsNotWritten(t *testing.T) {
	text, err := json.Marshal(key.Key{Provider: "ionq", ID: "k"})
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"provider":"ionq","id":"k"}`; string(text) != want {
		t.Errorf("wrote %s, want %s", text, want)
	}
}

func TestNeverUsedIsWrittenAndIsNotTheSameAsUntold(t *testing.T) {
	never := key.Key{Provider: "ibm", ID: "k", Use: key.Use{Known: true}}
	text, err := json.Marshal(never)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"provider":"ibm","id":"k","use":{"known":true}}`; string(text) != want {
		t.Errorf("wrote %s, want %s", text, want)
	}
	var back key.Key
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(never, back); diff != "" {
		t.Error(diff)
	}
}

func TestADoubtIsUnknown(t *testing.T) {
	v := key.Doubt("no answer", key.Evidence{Request: "GET host/path"})
	if v.Status != key.Unknown || v.Reason != "no answer" || v.Evidence.Request != "GET host/path" {
		t.Errorf("%+v", v)
	}
	if key.Is(true) != key.Yes || key.Is(false) != key.No || key.Untold == key.No {
		t.Error("a trait that was not told reads as told")
	}
}
