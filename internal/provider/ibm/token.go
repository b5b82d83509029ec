package ibm

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/expression"
	"github.com/qleaks/qleaks/internal/httpx"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/secret"
)

// The codes with which the token service says that a key does not log in.
const (
	codeNoSuchKey = "BXNIM0415E"
	codeDisabled  = "BXNIM0462E"
)

// renewal is how long before its end a token is replaced.
const renewal = 5 * time.Minute

// codeShape is what IBM's codes look like; nothing else is repeated.
var codeShape = expression.Lazy(`^BX[A-Z]{3}[0-9]{4}[A-Z]$`)

// exchange logs in with a value. It is safe to repeat.
func (c *client) exchange(ctx context.Context, v secret.Value, patience time.Duration) (httpx.Response, error) {
	form := url.Values{"grant_type": {"urn:ibm:params:oauth:grant-type:apikey"}, "apikey": {v.Reveal()}}
	return c.wires[serviceIAM].Do(ctx, httpx.Request{
		Method: http.MethodPost, Path: []string{"identity", "token"}, Body: []byte(form.Encode()), Patience: patience, Again: true,
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
	})
}

// loginLine is how a login is shown.
func (c *client) loginLine() string {
	return c.wires[serviceIAM].Line(http.MethodPost, "identity", "token")
}

// loginCode reads the code of a refused login; "" where the envelope is not
// that of the token service.
func loginCode(answer httpx.Response) string {
	members, err := provider.Object(answer)
	if err != nil || !provider.Has(members, "errorCode", "errorMessage") {
		return ""
	}
	code, _ := provider.Text(members, "errorCode")
	if !codeShape().MatchString(code) {
		return ""
	}
	return code
}

// token reads a token out of an answer.
func token(answer httpx.Response) (session, bool) {
	members, err := provider.Object(answer)
	if err != nil || answer.Status != http.StatusOK {
		return session{}, false
	}
	text, ok := provider.Text(members, "access_token")
	seconds, hasEnd := provider.Number(members, "expires_in")
	kind, _ := provider.Text(members, "token_type")
	if !ok || !hasEnd || text == "" || seconds <= 0 || !strings.EqualFold(kind, "Bearer") {
		return session{}, false
	}
	return session{token: secret.New([]byte(text)), expires: time.Now().Add(time.Duration(seconds) * time.Second)}, true
}

// bearer returns the header with which the operator asks, after a login where
// that is needed. One login at a time.
func (c *client) bearer(ctx context.Context, patience time.Duration) (string, error) {
	if c.own.IsZero() {
		return "", provider.ErrNoCredential
	}
	select {
	case <-c.turn:
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
	defer func() { c.turn <- struct{}{} }()
	c.mu.Lock()
	current := c.session
	c.mu.Unlock()
	if current.token.IsZero() || time.Until(current.expires) < renewal {
		answer, err := c.exchange(ctx, c.own, patience)
		if err != nil {
			return "", provider.Failed(err)
		}
		fresh, ok := token(answer)
		if !ok {
			return "", c.refusedLogin(answer)
		}
		current = fresh
		c.mu.Lock()
		c.session = fresh
		c.mu.Unlock()
	}
	if err := c.wires[serviceIAM].Carries(current.token); err != nil {
		return "", err
	}
	return "Bearer " + current.token.Reveal(), nil
}

func (c *client) refusedLogin(answer httpx.Response) error {
	code := loginCode(answer)
	failure := provider.Declined(c.loginLine(), code, answer)
	if code == codeNoSuchKey || code == codeDisabled {
		return &provider.CallError{Request: c.loginLine(), Status: answer.Status, Code: code, Kind: provider.ErrRefused}
	}
	return failure
}

// holder reads whose token it is. The token is not checked: it came from the
// token service itself.
func holder(v secret.Value, t secret.Value) key.Key {
	known := key.Key{Provider: "ibm"}
	parts := strings.Split(t.Reveal(), ".")
	if len(parts) != 3 {
		return known
	}
	text, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return known
	}
	var claims struct {
		ID      string `json:"iam_id"`
		Name    string `json:"name"`
		Email   string `json:"email"`
		Account struct {
			BSS string `json:"bss"`
		} `json:"account"`
	}
	if json.Unmarshal(text, &claims) != nil {
		return known
	}
	known.Owner = key.Party{ID: provider.Told(v, claims.ID), Name: provider.Told(v, claims.Name), Email: provider.Told(v, claims.Email)}
	known.Account.ID = provider.Told(v, claims.Account.BSS)
	known.Kind = kind(claims.ID)
	return known
}

// kind tells users from service IDs.
func kind(iamID string) string {
	if strings.HasPrefix(iamID, "iam-ServiceId-") {
		return "serviceid"
	}
	return "user"
}
