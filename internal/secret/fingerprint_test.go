package secret_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/internal/secret"
)

// TestTheFingerprintIsTheDocumentedOne computes it from the words of the
// documentation, and holds one vector: identities, baselines and SARIF of
// every user break when either changes.
func TestTheFingerprintIsTheDocumentedOne(t *testing.T) {
	if secret.PublicSalt != "qleaks fingerprint v1" {
		t.Fatalf("the documented salt became %q", secret.PublicSalt)
	}
	m := material(t)
	mac := hmac.New(sha256.New, []byte(secret.PublicSalt))
	mac.Write([]byte("key\x00"))
	fmt.Fprintf(mac, "%d:%s", len(m), m)
	want := strings.ToLower(strings.TrimRight(base32.StdEncoding.EncodeToString(mac.Sum(nil)[:16]), "="))
	if got := fingerprint(t, "", m); got != secret.Fingerprint(want) {
		t.Errorf("fingerprint %s, want %s", got, want)
	}
	const vector = "xeqi5tybdorha6ahtgwbu2kupu"
	if got := fingerprint(t, "", "an example, not a key"); got != vector {
		t.Errorf("fingerprint of the example %s, want %s", got, vector)
	}
}

func TestTheZeroFingerprinterUsesThePublicSalt(t *testing.T) {
	v := secret.New([]byte(material(t)))
	public, err := secret.NewFingerprinter(secret.PublicSalt)
	if err != nil {
		t.Fatal(err)
	}
	if zero := (secret.Fingerprinter{}).Of(v); zero != public.Of(v) {
		t.Errorf("zero gives %s, the public salt %s", zero, public.Of(v))
	}
}

func TestAPrivateSaltGivesOtherFingerprints(t *testing.T) {
	m := material(t)
	first, second := strings.Repeat("a", 16), strings.Repeat("b", 16)
	seen := map[secret.Fingerprint]string{}
	for _, salt := range []string{"", first, second} {
		f := fingerprint(t, salt, m)
		if other, ok := seen[f]; ok {
			t.Errorf("salts %q and %q agree", salt, other)
		}
		seen[f] = salt
		if f != fingerprint(t, salt, m) {
			t.Errorf("salt %q does not agree with itself", salt)
		}
	}
}

func TestAShortSaltIsRefused(t *testing.T) {
	for length := 1; length < 16; length++ {
		salt := strings.Repeat("~", length)
		_, err := secret.NewFingerprinter(salt)
		if err == nil {
			t.Fatalf("a salt of %d characters was taken", length)
		}
		if strings.Contains(err.Error(), strings.Repeat("~", length)) {
			t.Errorf("the error tells the salt: %v", err)
		}
	}
	if _, err := secret.NewFingerprinter(strings.Repeat("~", 16)); err != nil {
		t.Errorf("a salt of 16 characters is refused: %v", err)
	}
}

func TestDifferentMaterialHasDifferentFingerprints(t *testing.T) {
	m := material(t)
	seen := map[secret.Fingerprint]bool{}
	for _, other := range []string{m, m[1:], m + " ", strings.ToLower(m), reversed(m), ""} {
		seen[fingerprint(t, "", other)] = true
	}
	if len(seen) != 6 {
		t.Errorf("%d fingerprints for 6 values", len(seen))
	}
}

// TestAFingerprintIsNoKeyToAScanner keeps our reports quiet when they are
// scanned: no provider's key has the length or the alphabet of a fingerprint.
func TestAFingerprintIsNoKeyToAScanner(t *testing.T) {
	for range 200 {
		f := string(fingerprint(t, "", material(t)))
		if slices.Contains([]int{20, 32, 40, 44, 128}, len(f)) || len(f) != 26 {
			t.Fatalf("a fingerprint has %d characters", len(f))
		}
		if strings.Trim(f, "abcdefghijklmnopqrstuvwxyz234567") != "" {
			t.Fatalf("%q is not lower-case base32", f)
		}
	}
}

func TestAFingerprintTellsNothingOfTheMaterial(t *testing.T) {
	m := material(t)
	n := needlesOf(m)
	if form := n.in(string(fingerprint(t, "", m))); form != "" {
		t.Errorf("leaks (%s)", form)
	}
}

func TestNoTwoListsOfPartsCollide(t *testing.T) {
	var f secret.Fingerprinter
	seen := map[string][]string{}
	for _, parts := range [][]string{
		{}, {""}, {"", ""}, {"ab"}, {"a", "b"}, {"ab", ""}, {"", "ab"}, {"1:a"}, {"a1:b"}, {"a", "1:b"}, {"a\x00b"}, {"a", "\x00b"},
	} {
		sum := f.Sum("test", parts...)
		if other, ok := seen[sum]; ok {
			t.Errorf("%q and %q collide", parts, other)
		}
		seen[sum] = parts
	}
	if f.Sum("a", "b") == f.Sum("b", "b") {
		t.Error("two labels collide")
	}
}

func fingerprint(t *testing.T, salt, material string) secret.Fingerprint {
	t.Helper()
	f, err := secret.NewFingerprinter(salt)
	if err != nil {
		t.Fatal(err)
	}
	return f.Of(secret.New([]byte(material)))
}
