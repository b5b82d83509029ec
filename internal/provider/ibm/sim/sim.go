// Package sim simulates IBM Cloud as far as quantum keys are concerned: the
// identity service (keys, tokens, activity), the resource controller
// (instances) and the quantum service (jobs, sessions, usage), after IBM's Go
// SDK and its published OpenAPI documents.
package sim

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/qleaks/qleaks/internal/provider/simhttp"
	"github.com/qleaks/qleaks/internal/secret"
)

// Options are what a Sim is made of; the zero value is a quiet provider.
type Options struct {
	// Now, Limit, Span and Delay are those of simhttp.Options, for each service.
	Now   func() time.Time
	Limit int
	Span  time.Duration
	Delay time.Duration
	// Lag is how long changes of keys take to be seen: the identity service is
	// eventually consistent.
	Lag time.Duration
	// KeysPerIdentity is how many keys somebody may have; zero is IBM's 20.
	KeysPerIdentity int
}

// Identity is a user or a service ID of the account.
type Identity struct {
	// ID is IBMid-… for users and iam-ServiceId-… for service IDs.
	ID    string
	Name  string
	Email string
	// Administrator may see and change the keys of others.
	Administrator bool
}

// Sim is one account at IBM Cloud.
type Sim struct {
	// IAM, Resources and the Quantum services by region are its servers.
	IAM       *simhttp.Server
	Resources *simhttp.Server
	Quantum   map[string]*simhttp.Server
	// Account is its id.
	Account string

	options Options

	mu sync.Mutex
	account
}

// account is what there is in an account.
type account struct {
	identities map[string]*Identity
	keys       []*Key            // in the order of creation
	byID       map[string]*Key   // among them, those that are not gone
	values     map[string]*Key   // by value
	tokens     map[string]*token // by value
	reports    []*report
	instances  []*Instance
	jobs       []*Job
	sessions   []*Session
}

// token is an access token.
type token struct {
	identity *Identity
	expires  time.Time
}

const tokenLife = time.Hour

// New makes an account in which nobody is yet.
func New(o Options) *Sim {
	if o.KeysPerIdentity == 0 {
		o.KeysPerIdentity = 20
	}
	s := &Sim{
		Account: simhttp.Random(32, simhttp.Hexadecimal), Quantum: map[string]*simhttp.Server{}, options: o,
		account: account{identities: map[string]*Identity{}, byID: map[string]*Key{}, values: map[string]*Key{}, tokens: map[string]*token{}},
	}
	server := func(base string, refuse func(http.ResponseWriter, int)) *simhttp.Server {
		return simhttp.New(simhttp.Options{Base: base, Now: o.Now, Limit: o.Limit, Span: o.Span, Delay: o.Delay, Refuse: refuse})
	}
	s.IAM = server("/ibm/iam", fail)
	s.routeIAM()
	s.Resources = server("/ibm/resource-controller", refuseResource)
	s.Resources.Handle(http.MethodGet, "/v2/resource_instances", s.bearing(refuseResource, s.listInstances))
	s.Resources.Handle(http.MethodGet, "/v2/resource_instances/{id}", s.bearing(refuseResource, s.getInstance))
	for _, region := range []string{"us-east", "eu-de"} {
		q := server("/ibm/quantum/"+region+"/api/v1", refuseQuantum)
		s.routeQuantum(q, region)
		s.Quantum[region] = q
	}
	return s
}

// now is the clock of all services.
func (s *Sim) now() time.Time { return s.IAM.Now() }

// Join adds a user.
func (s *Sim) Join(i Identity) Identity {
	if i.ID == "" {
		i.ID = "IBMid-" + simhttp.Random(10, "0123456789ABCDEF")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.identities[i.ID] = &i
	return i
}

// Service adds a service ID.
func (s *Sim) Service(name string) Identity {
	return s.Join(Identity{ID: "iam-ServiceId-" + simhttp.UUID(), Name: name})
}

// caller finds whose token a request bears.
func (s *Sim) caller(r *http.Request) *Identity {
	scheme, value, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	t := s.tokens[value]
	if !strings.EqualFold(scheme, "Bearer") || t == nil || s.now().After(t.expires) {
		return nil
	}
	return t.identity
}

// handler answers a request with a good token. The Sim is locked.
type handler func(w http.ResponseWriter, r *http.Request, who *Identity)

func (s *Sim) bearing(refuse func(http.ResponseWriter, int), h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		who := s.caller(r)
		if who == nil {
			refuse(w, http.StatusUnauthorized)
			return
		}
		h(w, r, who)
	}
}

// issueToken makes an access token: a JSON web token, as IBM's are.
func (s *Sim) issueToken(who *Identity) (string, time.Time) {
	now := s.now()
	expires := now.Add(tokenLife)
	part := func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			return ""
		}
		return base64.RawURLEncoding.EncodeToString(text)
	}
	value := strings.Join([]string{
		part(map[string]string{"kid": now.Format("200601021504"), "alg": "RS256"}),
		part(map[string]any{
			"iam_id": who.ID, "id": who.ID, "sub": who.Email, "email": who.Email, "name": who.Name, "account": map[string]any{"valid": true, "bss": s.Account},
			"iat": now.Unix(), "exp": expires.Unix(), "iss": "https://iam.cloud.ibm.com/identity", "grant_type": "urn:ibm:params:oauth:grant-type:apikey",
			"scope": "ibm openid", "jti": simhttp.UUID(),
		}),
		simhttp.Random(342, simhttp.URLSafe),
	}, ".")
	s.tokens[value] = &token{identity: who, expires: expires}
	return value, expires
}

// exchange is POST /identity/token.
func (s *Sim) exchange(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := r.ParseForm(); err != nil || r.PostForm.Get("grant_type") != "urn:ibm:params:oauth:grant-type:apikey" {
		failToken(w, http.StatusBadRequest, "BXNIM0106E", "Property missing or empty.")
		return
	}
	k := s.values[r.PostForm.Get("apikey")]
	switch {
	// What is said of a key that expired is not documented.
	case k == nil, !s.seen(k), s.now().After(k.expiry()):
		failToken(w, http.StatusBadRequest, "BXNIM0415E", "Provided API key could not be found.")
		return
	case s.disabled(k):
		failToken(w, http.StatusBadRequest, "BXNIM0462E", "Provided API key is disabled.")
		return
	}
	k.lastLogin, k.logins = s.now(), k.logins+1
	value, expires := s.issueToken(s.identities[k.Owner])
	simhttp.JSON(w, http.StatusOK, map[string]any{
		"access_token": value, "refresh_token": "not_supported", "token_type": "Bearer", "scope": "ibm openid",
		"expires_in": int(tokenLife / time.Second), "expiration": expires.Unix(),
	})
}

// failToken writes the envelope of the token service.
func failToken(w http.ResponseWriter, status int, code, message string) {
	simhttp.JSON(w, status, map[string]any{
		"errorCode": code, "errorMessage": message, "errorDetails": message,
		"context": map[string]string{"requestId": simhttp.UUID(), "requestType": "incoming.Identity_Token"},
	})
}

// fail writes the envelope of the rest of the identity service.
func fail(w http.ResponseWriter, status int) {
	message, code := http.StatusText(status), "BXNIM0100E"
	switch status {
	case http.StatusUnauthorized:
		code = "BXNIM0407E"
	case http.StatusForbidden:
		code = "BXNIM0513E"
	case http.StatusNotFound:
		message, code = "Unable to find object", "BXNIM0102E"
	}
	kind := strings.ReplaceAll(strings.ToLower(http.StatusText(status)), " ", "_")
	simhttp.JSON(w, status, map[string]any{
		"status_code": status, "trace": simhttp.UUID(),
		"errors": []any{map[string]string{"code": kind, "message_code": code, "message": message, "details": message}},
	})
}

// Login exchanges a key for a token without a request, as somebody else's
// program would; the key's activity moves.
func (s *Sim) Login(v secret.Value) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.values[v.Reveal()]
	if k == nil || !s.seen(k) || s.disabled(k) {
		return "", false
	}
	k.lastLogin, k.logins = s.now(), k.logins+1
	value, _ := s.issueToken(s.identities[k.Owner])
	return value, true
}
