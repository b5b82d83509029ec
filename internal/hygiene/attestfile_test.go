package hygiene_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qleaks/qleaks/internal/hygiene"
	"github.com/qleaks/qleaks/internal/inventory"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/rules/sample"
)

func seen(duty string, at time.Time) hygiene.Attestation {
	return hygiene.Attestation{Duty: duty, Account: "lab", Yes: true, By: "Grace", At: at, Gone: []string{"ada@lab.example"}, Note: "by telephone"}
}

func TestAttestationsAreKeptOldestFirst(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "inventory")
	for _, a := range []hygiene.Attestation{seen("sso", noon), seen("mfa", noon.Add(-day)), seen("sso", noon.Add(day))} {
		if err := hygiene.Attest(dir, a); err != nil {
			t.Fatal(err)
		}
	}
	got, err := hygiene.Attested(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]hygiene.Attestation{seen("mfa", noon.Add(-day)), seen("sso", noon), seen("sso", noon.Add(day))}, got); diff != "" {
		t.Error(diff)
	}
	info, err := os.Stat(filepath.Join(dir, hygiene.AttestFile))
	if err != nil || runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestWhatIsNoAttestationIsRefused(t *testing.T) {
	set, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	material := sample.Key(set.Rule("ionq-api-key"), sample.NewValues(7))
	for name, change := range map[string]func(a *hygiene.Attestation){
		"no duty":      func(a *hygiene.Attestation) { a.Duty = "weather" },
		"no account":   func(a *hygiene.Attestation) { a.Account = "../x" },
		"nobody":       func(a *hygiene.Attestation) { a.By = "" },
		"never":        func(a *hygiene.Attestation) { a.At = time.Time{} },
		"a key":        func(a *hygiene.Attestation) { a.Note = "the key is " + material },
		"a key's name": func(a *hygiene.Attestation) { a.Gone = []string{material} },
	} {
		a := seen("mfa", noon)
		change(&a)
		dir := t.TempDir()
		if err := hygiene.Attest(dir, a); err == nil {
			t.Errorf("%s is taken", name)
		} else if secret.New([]byte(material)).IsZero() || errors.Is(err, inventory.ErrMaterial) != (name == "a key" || name == "a key's name") {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(filepath.Join(dir, hygiene.AttestFile)); err == nil {
			t.Errorf("%s: something was written", name)
		}
	}
}

func TestABrokenFileIsNoEmptyOne(t *testing.T) {
	for _, text := range []string{"", "{", `{"format":"qleaks attestations/2"}`, `{"format":"qleaks attestations/1","other":1}`} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, hygiene.AttestFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := hygiene.Attested(dir); err == nil {
			t.Errorf("%q is taken", text)
		}
		if err := hygiene.Attest(dir, seen("mfa", noon)); err == nil {
			t.Errorf("%q is overwritten", text)
		}
	}
	if got, err := hygiene.Attested(t.TempDir()); err != nil || got != nil {
		t.Errorf("without a file: %v, %v", got, err)
	}
}
