package secret

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"
)

// PublicSalt is the documented HMAC key of default fingerprints. It is no
// secret: provider keys are random enough that guessing one from its
// fingerprint is hopeless, and a salt that everybody knows makes identities,
// baselines and SARIF agree on every machine.
const PublicSalt = "qleaks fingerprint v1"

// minPrivateSalt is the shortest private salt, in bytes, that is accepted.
const minPrivateSalt = 16

// Fingerprint names a key without holding it: 128 bits of HMAC-SHA-256 over
// the material, as 26 lower-case base32 characters. The length is no length of
// any provider's key, so that a report is never found by its own scanner.
type Fingerprint string

// Fingerprinter computes fingerprints under one salt. The zero Fingerprinter
// uses PublicSalt.
type Fingerprinter struct {
	salt string
}

// NewFingerprinter returns a Fingerprinter under a private salt, which every
// machine of an organisation must share for its identities to agree. An empty
// salt means PublicSalt; a short one is refused.
func NewFingerprinter(privateSalt string) (Fingerprinter, error) {
	if privateSalt != "" && len(privateSalt) < minPrivateSalt {
		return Fingerprinter{}, fmt.Errorf("secret: a private fingerprint salt needs at least %d characters, this one has %d", minPrivateSalt, len(privateSalt))
	}
	return Fingerprinter{salt: privateSalt}, nil
}

// Salt names the salt without telling it: two Fingerprinters agree if these do.
func (f Fingerprinter) Salt() string {
	if f.salt == "" || f.salt == PublicSalt {
		return "public"
	}
	return "private-" + f.Sum("salt")[:8]
}

// Of returns the fingerprint of a Value.
func (f Fingerprinter) Of(v Value) Fingerprint {
	return Fingerprint(f.Sum("key", v.Reveal()))
}

// Sum is the keyed hash behind every identity of qleaks: a label, then parts,
// each with its length so that no two lists of parts collide.
func (f Fingerprinter) Sum(label string, parts ...string) string {
	salt := f.salt
	if salt == "" {
		salt = PublicSalt
	}
	mac := hmac.New(sha256.New, []byte(salt))
	_, _ = fmt.Fprintf(mac, "%s\x00", label) // a hash never fails
	for _, p := range parts {
		_, _ = fmt.Fprintf(mac, "%d:%s", len(p), p)
	}
	unpadded := base32.StdEncoding.WithPadding(base32.NoPadding)
	return strings.ToLower(unpadded.EncodeToString(mac.Sum(nil)[:16]))
}
