package github

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/qleaks/qleaks/internal/expression"
	"github.com/qleaks/qleaks/internal/httpx"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/secret"
)

const (
	// ticketLife is how long what an app signs counts; GitHub takes ten minutes.
	ticketLife = 5 * time.Minute
	// renewal is how long before its end a token is replaced, and clockError by how
	// much clocks may differ.
	renewal    = 5 * time.Minute
	clockError = time.Minute
)

// ErrAppKey says that something is no private key of an app.
var ErrAppKey = errors.New("it is no private key of a GitHub App: a file of GitHub's, -----BEGIN RSA PRIVATE KEY-----")

var appShape = expression.Lazy(`^[A-Za-z0-9._-]{1,60}$`)

// App is a GitHub App, which gets a token for each owner that installed it. A
// token ends after an hour, and is replaced before.
type App struct {
	id   string
	key  *rsa.PrivateKey
	wire provider.Wire
	now  func() time.Time

	mu     sync.Mutex
	token  secret.Value
	until  time.Time
	number int64
}

// NewApp makes an App of its id, or client id, and of the file with its private
// key. The config has no credential.
func NewApp(c provider.Config, id string, file []byte, now func() time.Time) (*App, error) {
	if !appShape().MatchString(id) {
		return nil, errors.New("an app has an id, a number, or a client id")
	}
	block, _ := pem.Decode(file)
	if block == nil {
		return nil, ErrAppKey
	}
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		parsed, failed := x509.ParsePKCS8PrivateKey(block.Bytes)
		known, ok := parsed.(*rsa.PrivateKey)
		if failed != nil || !ok {
			return nil, ErrAppKey
		}
		key = known
	}
	wire, err := Kit().Wire(c, service)
	return &App{id: id, key: key, wire: wire, now: now}, err
}

// Install finds the installation of the app at an owner; what it may do there is
// what the owner granted.
func (a *App) Install(ctx context.Context, owner string) error {
	if !isName(owner) {
		return ErrName
	}
	var told struct {
		ID int64 `json:"id"`
	}
	err := a.ask(ctx, http.MethodGet, []string{"orgs", owner, "installation"}, http.StatusOK, &told)
	if errors.Is(err, provider.ErrNotFound) {
		err = a.ask(ctx, http.MethodGet, []string{"users", owner, "installation"}, http.StatusOK, &told)
	}
	if err == nil && told.ID <= 0 {
		err = provider.ErrUnexpected
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.number, a.token = told.ID, secret.Value{}
	return err
}

// Token is one that counts for some minutes yet.
func (a *App) Token(ctx context.Context) (secret.Value, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.token.IsZero() && a.now().Add(renewal).Before(a.until) {
		return a.token, nil
	}
	var told struct {
		Token string    `json:"token"`
		Until time.Time `json:"expires_at"`
	}
	if err := a.ask(ctx, http.MethodPost, []string{"app", "installations", id(a.number), "access_tokens"}, http.StatusCreated, &told); err != nil {
		return secret.Value{}, err
	}
	token := secret.New([]byte(told.Token))
	if told.Token == "" || told.Until.IsZero() || a.wire.Carries(token) != nil {
		return secret.Value{}, provider.ErrUnexpected
	}
	a.token, a.until = token, told.Until
	return token, nil
}

// ask asks as the app itself.
func (a *App) ask(ctx context.Context, method string, path []string, status int, into any) error {
	ticket, err := a.ticket()
	if err != nil {
		return err
	}
	answer, err := a.wire.Do(ctx, httpx.Request{Method: method, Path: path, Header: http.Header{"Authorization": {"Bearer " + ticket}, "Accept": {"application/vnd.github+json"}}, Patience: time.Minute})
	switch {
	case err != nil:
		return provider.Failed(err)
	case answer.Status != status:
		return declined(a.wire.Line(method, path...), answer)
	case json.Unmarshal(answer.Body, into) != nil:
		return &provider.CallError{Request: a.wire.Line(method, path...), Status: answer.Status, Kind: provider.ErrUnexpected}
	}
	return nil
}

// ticket is the signed word of the app that it is itself (RFC 7519, RS256).
func (a *App) ticket() (string, error) {
	encode := base64.RawURLEncoding.EncodeToString
	now := a.now()
	claims := `{"iat":` + strconv.FormatInt(now.Add(-clockError).Unix(), 10) + `,"exp":` + strconv.FormatInt(now.Add(ticketLife).Unix(), 10) + `,"iss":"` + a.id + `"}`
	text := encode([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + encode([]byte(claims))
	sum := sha256.Sum256([]byte(text))
	signed, err := rsa.SignPKCS1v15(rand.Reader, a.key, crypto.SHA256, sum[:])
	if err != nil {
		return "", ErrAppKey
	}
	return text + "." + encode(signed), nil
}
