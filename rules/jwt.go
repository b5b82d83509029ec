package rules

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// claims are what qleaks reads of a JWT's payload. The signature cannot be
// checked offline.
type claims struct {
	Issuer   any      `json:"iss"`
	Audience any      `json:"aud"`
	Expires  *float64 `json:"exp"`
}

// jwtBegins is how the header of every JWT begins: base64 of {".
const jwtBegins = "eyJ"

// claimsOf reads the claims of a value that is a JWT, or holds one behind a
// prefix of its provider.
func claimsOf(value []byte) (claims, bool) {
	var c claims
	if bytes.IndexByte(value, '.') < 0 {
		return c, false
	}
	parts := bytes.Split(value, []byte("."))
	if len(parts) != 3 || !bytes.Contains(parts[0], []byte(jwtBegins)) || !bytes.HasPrefix(parts[1], []byte(jwtBegins)) {
		return c, false
	}
	payload := make([]byte, base64.RawURLEncoding.DecodedLen(len(parts[1])))
	n, err := base64.RawURLEncoding.Decode(payload, parts[1])
	if err != nil {
		return c, false
	}
	return c, json.Unmarshal(payload[:n], &c) == nil
}

// Expiry returns the time after which a JWT is worth nothing, by its own exp
// claim; false if the value is no JWT or does not say.
func Expiry(value []byte) (time.Time, bool) {
	c, ok := claimsOf(value)
	if !ok || c.Expires == nil || *c.Expires < 0 || *c.Expires > maxExpiry {
		return time.Time{}, false
	}
	return time.Unix(int64(*c.Expires), 0).UTC(), true
}

// maxExpiry is the last second of the year 9999, after which a time has no
// usual form.
const maxExpiry = 253402300799

// hasIssuer reports whether the value's claims name one of the issuers that the
// evidence asks for, if it does.
func (e *evidence) hasIssuer(value []byte) bool {
	if len(e.issuers) == 0 {
		return true
	}
	c, ok := claimsOf(value)
	return ok && slices.ContainsFunc(e.issuers, func(issuer string) bool {
		return claimContains(c.Issuer, issuer) || claimContains(c.Audience, issuer)
	})
}

// claimContains looks into a claim that is a string or a list of strings.
func claimContains(claim any, part string) bool {
	switch c := claim.(type) {
	case string:
		return strings.Contains(c, part)
	case []any:
		return slices.ContainsFunc(c, func(one any) bool { return claimContains(one, part) })
	}
	return false
}
