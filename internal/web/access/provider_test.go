package access_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/web/access"
)

// issuer is an identity provider as OpenID Connect Core 1.0 and Discovery 1.0
// describe one, with PKCE of RFC 7636. Its person has already signed in.
type issuer struct {
	*httptest.Server

	t   *testing.T
	key *ecdsa.PrivateKey
	// claims are told of the person.
	claims map[string]any
	// twist changes a statement before it is signed; forge signs with another key.
	twist func(claims map[string]any)
	forge bool
	// codes are what was asked with them, until they are exchanged.
	codes map[string]url.Values
}

const issuerClient = "qleaks-server"

func newIssuer(t *testing.T) *issuer {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{t: t, key: key, codes: map[string]url.Values{}, claims: map[string]any{
		"sub": "248289761001", "preferred_username": "Grace", "realm": map[string]any{"groups": []string{"staff", "quantum-security"}},
	}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		i.write(w, http.StatusOK, map[string]any{
			"issuer": i.URL, "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token", "jwks_uri": i.URL + "/keys",
			"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"ES256"},
		})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		public, err := i.key.PublicKey.ECDH()
		if err != nil {
			t.Error(err)
			return
		}
		point := public.Bytes()
		i.write(w, http.StatusOK, map[string]any{"keys": []any{map[string]any{
			"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "1", "x": encode(point[1:33]), "y": encode(point[33:]),
		}}})
	})
	mux.HandleFunc("GET /authorize", i.authorize)
	mux.HandleFunc("POST /token", i.token)
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	return i
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (i *issuer) write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		i.t.Error(err)
	}
}

func (i *issuer) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("response_type") != "code" || q.Get("client_id") != issuerClient || !strings.Contains(q.Get("scope"), "openid") ||
		q.Get("code_challenge_method") != "S256" || q.Get("nonce") == "" || q.Get("state") == "" {
		i.t.Errorf("the browser was sent with %v", q)
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	code := rand.Text()
	i.codes[code] = q
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+url.Values{"code": {code}, "state": {q.Get("state")}}.Encode(), http.StatusFound)
}

func (i *issuer) token(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	asked, ok := i.codes[r.Form.Get("code")]
	delete(i.codes, r.Form.Get("code"))
	sum := sha256.Sum256([]byte(r.Form.Get("code_verifier")))
	if !ok || encode(sum[:]) != asked.Get("code_challenge") || r.Form.Get("redirect_uri") != asked.Get("redirect_uri") {
		i.write(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
		return
	}
	claims := map[string]any{"iss": i.URL, "aud": issuerClient, "iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(), "nonce": asked.Get("nonce")}
	maps.Copy(claims, i.claims)
	if i.twist != nil {
		i.twist(claims)
	}
	i.write(w, http.StatusOK, map[string]any{"access_token": "opaque", "token_type": "Bearer", "expires_in": 60, "id_token": i.sign(claims)})
}

// sign makes a JSON Web Token.
func (i *issuer) sign(claims map[string]any) string {
	text, err := json.Marshal(claims)
	if err != nil {
		i.t.Error(err)
	}
	head := encode([]byte(`{"alg":"ES256","typ":"JWT","kid":"1"}`)) + "." + encode(text)
	sum := sha256.Sum256([]byte(head))
	key := i.key
	if i.forge {
		if key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
			i.t.Error(err)
		}
	}
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	if err != nil {
		i.t.Error(err)
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return head + "." + encode(signature)
}

// visit is a sign-in by a browser: to the provider, and back.
type visit struct {
	back    *url.URL
	journey *http.Cookie
}

func (g *gate) visit(next string) visit {
	g.t.Helper()
	w := httptest.NewRecorder()
	if err := g.ToProvider(w, request(g.t), next); err != nil {
		g.t.Fatal(err)
	}
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	ask, err := http.NewRequestWithContext(g.t.Context(), http.MethodGet, w.Header().Get("Location"), nil)
	if err != nil {
		g.t.Fatal(err)
	}
	got, err := browser.Do(ask)
	if err != nil {
		g.t.Fatal(err)
	}
	_ = got.Body.Close()
	back, err := got.Location()
	if err != nil {
		g.t.Fatal(err)
	}
	return visit{back: back, journey: w.Result().Cookies()[0]}
}

// arrive comes back, and returns who that is then.
func (g *gate) arrive(v visit, cookies ...*http.Cookie) (next string, who access.Identity, err error) {
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(g.t.Context(), http.MethodGet, v.back.RequestURI(), nil)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	if next, err = g.FromProvider(w, r); err != nil {
		return next, who, err
	}
	for _, c := range w.Result().Cookies() {
		if c.Name == "qleaks" {
			who, err = g.identity(c)
		}
	}
	return next, who, err
}

func newProviderGate(t *testing.T) (*gate, *issuer) {
	i := newIssuer(t)
	p, err := access.NewProvider(access.ProviderOptions{
		Issuer: i.URL, ClientID: issuerClient, Server: "http://127.0.0.1:7475", Claim: "realm.groups",
		Roles: map[string]access.Role{"staff": access.Viewer, "quantum-security": access.Approver},
	})
	if err != nil {
		t.Fatal(err)
	}
	return newGate(t, access.Options{Provider: p}), i
}

func TestAProviderSaysWhoSomebodyIs(t *testing.T) {
	g, i := newProviderGate(t)
	v := g.visit("/findings?life=new")
	next, who, err := g.arrive(v, v.journey)
	if err != nil || next != "/findings?life=new" || who.Name != "grace" || who.Role != access.Approver {
		t.Fatalf("%q %+v %v", next, who, err)
	}
	// The role follows the groups.
	i.claims["realm"] = map[string]any{"groups": []string{"staff"}}
	v = g.visit("https://evil.example")
	if next, who, err = g.arrive(v, v.journey); err != nil || next != "/" || who.Role != access.Viewer {
		t.Errorf("with fewer groups: %q %+v %v", next, who, err)
	}
	users, err := g.Store.Users(t.Context(), records.Page{})
	if err != nil || len(users) != 1 {
		t.Errorf("users are %v, %v", users, err)
	}
	// Who has no password does not sign in with one.
	if _, err := g.signIn("grace", ""); !errors.Is(err, access.ErrDenied) {
		t.Errorf("with an empty password: %v", err)
	}
}

func TestASignInByAProviderIsRefused(t *testing.T) {
	for what, spoil := range map[string]func(g *gate, i *issuer, v *visit){
		"in another browser":          func(_ *gate, _ *issuer, v *visit) { v.journey = &http.Cookie{Name: "other", Value: "x"} },
		"with the journey of another": func(g *gate, _ *issuer, v *visit) { v.journey = g.visit("/").journey },
		"with another state":          func(_ *gate, _ *issuer, v *visit) { change(v, "state", "x") },
		"without a state":             func(_ *gate, _ *issuer, v *visit) { change(v, "state", "") },
		"with another code":           func(_ *gate, _ *issuer, v *visit) { change(v, "code", "x") },
		"with the code of another":    func(g *gate, _ *issuer, v *visit) { change(v, "code", g.visit("/").back.Query().Get("code")) },
		"twice":                       func(g *gate, _ *issuer, v *visit) { _, _, _ = g.arrive(*v, v.journey) },
		"by a forged statement":       func(_ *gate, i *issuer, _ *visit) { i.forge = true },
		"by a statement for others":   twisted("aud", "other-client"),
		"by another issuer":           twisted("iss", "https://id.example"),
		"by an old statement":         twisted("exp", time.Now().Add(-time.Hour).Unix()),
		"by a replayed statement":     twisted("nonce", "x"),
		"without groups":              twisted("realm", "nothing"),
		"of a group without a role":   twisted("realm", map[string]any{"groups": []string{"visitors"}}),
		"by the name of a user": func(g *gate, _ *issuer, _ *visit) {
			g.add("grace", access.Admin, password)
		},
	} {
		t.Run(what, func(t *testing.T) {
			g, i := newProviderGate(t)
			v := g.visit("/")
			spoil(g, i, &v)
			if _, who, err := g.arrive(v, v.journey); err == nil || who.Name != "" {
				t.Errorf("%+v is let in", who)
			}
		})
	}
}

func change(v *visit, name, value string) {
	q := v.back.Query()
	q.Set(name, value)
	v.back.RawQuery = q.Encode()
}

func twisted(name string, value any) func(*gate, *issuer, *visit) {
	return func(_ *gate, i *issuer, _ *visit) { i.twist = func(claims map[string]any) { claims[name] = value } }
}

func TestWhoIsLockedIsRefusedByProviderToo(t *testing.T) {
	g, _ := newProviderGate(t)
	v := g.visit("/")
	_, who, err := g.arrive(v, v.journey)
	if err != nil {
		t.Fatal(err)
	}
	err = g.Store.Update(t.Context(), func(tx *records.Tx) error { return tx.ChangeUser(t.Context(), who.User, "viewer", true) })
	if err != nil {
		t.Fatal(err)
	}
	v = g.visit("/")
	if _, who, err = g.arrive(v, v.journey); !errors.Is(err, access.ErrDenied) || who.Name != "" {
		t.Errorf("%+v, %v", who, err)
	}
}

func TestAProviderMustBeSafe(t *testing.T) {
	good := access.ProviderOptions{Issuer: "https://id.example", ClientID: "x", Server: "https://qleaks.example", Claim: "groups", Roles: map[string]access.Role{"a": access.Viewer}}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for what, spoil := range map[string]func(o *access.ProviderOptions){
		"plain issuer": func(o *access.ProviderOptions) { o.Issuer = "http://id.example" }, "no issuer": func(o *access.ProviderOptions) { o.Issuer = "" },
		"plain server": func(o *access.ProviderOptions) { o.Server = "http://qleaks.example" }, "no roles": func(o *access.ProviderOptions) { o.Roles = nil },
		"no client": func(o *access.ProviderOptions) { o.ClientID = "" }, "password": func(o *access.ProviderOptions) { o.Issuer = "https://a:b@id.example" },
	} {
		o := good
		spoil(&o)
		if o.Validate() == nil {
			t.Errorf("%s is taken", what)
		}
	}
}
