package sim

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/provider/simhttp"
)

// Install installs an app with a public key at an owner; its tokens end after a
// time. It is called before the first request.
func (s *Sim) Install(id string, public *rsa.PublicKey, owner string, life time.Duration) {
	signed := func(h http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if !s.signed(r, id, public) {
				refuse(w, http.StatusUnauthorized)
				return
			}
			h(w, r)
		}
	}
	s.Handle(http.MethodGet, "/orgs/"+owner+"/installation", signed(func(w http.ResponseWriter, _ *http.Request) {
		simhttp.JSON(w, http.StatusOK, map[string]any{"id": 4711})
	}))
	s.Handle(http.MethodPost, "/app/installations/4711/access_tokens", signed(func(w http.ResponseWriter, _ *http.Request) {
		simhttp.JSON(w, http.StatusCreated, map[string]any{"token": s.newToken(owner), "expires_at": s.Now().Add(life).Format(time.RFC3339)})
	}))
}

// signed reports whether a request carries the word of an app, as RFC 7519 has it.
func (s *Sim) signed(r *http.Request, id string, public *rsa.PublicKey) bool {
	ticket, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	parts := strings.Split(ticket, ".")
	if len(parts) != 3 {
		return false
	}
	var header struct{ Alg string }
	var claims struct {
		Iat, Exp int64
		Iss      string
	}
	texts := make([][]byte, 3)
	for i, part := range parts {
		text, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil {
			return false
		}
		texts[i] = text
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	now := s.Now().Unix()
	return json.Unmarshal(texts[0], &header) == nil && header.Alg == "RS256" && json.Unmarshal(texts[1], &claims) == nil && claims.Iss == id &&
		claims.Iat <= now && claims.Exp > now && claims.Exp-claims.Iat <= 600 &&
		rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], texts[2]) == nil
}
