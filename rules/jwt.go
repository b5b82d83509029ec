package rules

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
)

// issuedBy reports whether value is a JWT whose iss or aud claim contains
// issuer. Only the payload is read; the signature cannot be checked offline.
func issuedBy(value []byte, issuer string) bool {
	parts := bytes.Split(value, []byte("."))
	if len(parts) != 3 {
		return false
	}
	payload := make([]byte, base64.RawURLEncoding.DecodedLen(len(parts[1])))
	n, err := base64.RawURLEncoding.Decode(payload, parts[1])
	if err != nil {
		return false
	}
	var claims struct {
		Iss any `json:"iss"`
		Aud any `json:"aud"`
	}
	if err := json.Unmarshal(payload[:n], &claims); err != nil {
		return false
	}
	return claimContains(claims.Iss, issuer) || claimContains(claims.Aud, issuer)
}

// claimContains looks into a claim that is a string or a list of strings.
func claimContains(claim any, part string) bool {
	switch c := claim.(type) {
	case string:
		return strings.Contains(c, part)
	case []any:
		for _, one := range c {
			if claimContains(one, part) {
				return true
			}
		}
	}
	return false
}
