package access

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/qleaks/qleaks/internal/secret"
)

// ProviderOptions are what is known of an identity provider that speaks OpenID
// Connect.
type ProviderOptions struct {
	// Issuer is its address; what else there is to know stands below it.
	Issuer   string
	ClientID string
	// Secret fetches the secret of the client, when it is needed; nil for a client
	// without one.
	Secret func(ctx context.Context) (secret.Value, error)
	// Server is the address of this server, as browsers know it.
	Server string
	// Claim is where the groups of a user stand, such as "groups" or
	// "realm_access.roles"; Roles says which role a group has. Who is in none of
	// them is not let in.
	Claim string
	Roles map[string]Role
	// Client speaks with the provider; nil for one that takes its time, and follows
	// no redirects.
	Client *http.Client
}

// Provider is an identity provider.
type Provider struct {
	ProviderOptions

	lock  sync.Mutex
	found *oidc.Provider
}

// Validate says what is missing, or wrong.
func (o ProviderOptions) Validate() error {
	issuer, err := url.Parse(o.Issuer)
	server, err2 := url.Parse(o.Server)
	switch {
	case err != nil || issuer.Host == "" || issuer.RawQuery != "" || issuer.User != nil || issuer.Scheme != "https" && !isLoopback(issuer):
		return errors.New("the issuer must be an https:// address without a query")
	case o.ClientID == "":
		return errors.New("the id of the client is missing")
	case err2 != nil || server.Host == "" || server.Scheme != "https" && !isLoopback(server):
		return errors.New("the address of this server, to which the provider sends browsers back, must be an https:// address")
	case o.Claim == "" || len(o.Roles) == 0:
		return errors.New("no group has a role: nobody could sign in")
	}
	return nil
}

func isLoopback(u *url.URL) bool {
	host := u.Hostname()
	return u.Scheme == "http" && (host == "localhost" || host == "127.0.0.1" || host == "::1")
}

// providerPatience is how long one answer of a provider may take.
const providerPatience = 15 * time.Second

// NewProvider makes a Provider. It is asked for the first time when somebody signs
// in.
func NewProvider(o ProviderOptions) (*Provider, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if o.Client == nil {
		o.Client = &http.Client{
			Timeout:       providerPatience,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	return &Provider{ProviderOptions: o}, nil
}

// Host is the host of the provider, for people.
func (p *Provider) Host() string {
	u, err := url.Parse(p.Issuer)
	if err != nil {
		return ""
	}
	return u.Host
}

// discover asks the provider where its parts are, once.
func (p *Provider) discover(ctx context.Context) (*oidc.Provider, error) {
	p.lock.Lock()
	defer p.lock.Unlock()
	if p.found != nil {
		return p.found, nil
	}
	found, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), p.Client), p.Issuer)
	if err != nil {
		return nil, errors.New("the identity provider does not answer as OpenID Connect says")
	}
	p.found = found
	return found, nil
}

// config is for one exchange; the address at which somebody is asked needs no
// secret.
func (p *Provider) config(found *oidc.Provider) *oauth2.Config {
	return &oauth2.Config{
		ClientID: p.ClientID, Endpoint: found.Endpoint(), RedirectURL: strings.TrimSuffix(p.Server, "/") + CallbackPath,
		Scopes: []string{oidc.ScopeOpenID, "profile", "email"},
	}
}

// journey is what the browser keeps while it is at the provider's: what only this
// server could have asked.
type journey struct{ state, nonce, verifier, next string }

// leave returns the address at which the provider asks who somebody is.
func (p *Provider) leave(ctx context.Context, j journey) (string, error) {
	found, err := p.discover(ctx)
	if err != nil {
		return "", err
	}
	return p.config(found).AuthCodeURL(j.state, oidc.Nonce(j.nonce), oauth2.S256ChallengeOption(j.verifier)), nil
}

// stranger is who somebody is to the provider.
type stranger struct {
	issuer, subject, name string
	role                  Role
}

// ErrNoRole says that the provider knows somebody who has no role here.
var ErrNoRole = errors.New("none of your groups has a role here: ask an administrator")

var errProvider = errors.New("the identity provider did not say who you are")

// arrive exchanges the code with which somebody came back.
func (p *Provider) arrive(ctx context.Context, code string, j journey) (stranger, error) {
	found, err := p.discover(ctx)
	if err != nil {
		return stranger{}, err
	}
	c := p.config(found)
	if p.Secret != nil {
		value, err := p.Secret(ctx)
		if err != nil {
			return stranger{}, fmt.Errorf("fetch the secret of the client: %w", err)
		}
		c.ClientSecret = value.Reveal()
	}
	with := oidc.ClientContext(ctx, p.Client)
	// What the provider answers may repeat the code, so that it is not told.
	token, err := c.Exchange(with, code, oauth2.VerifierOption(j.verifier))
	if err != nil {
		return stranger{}, fmt.Errorf("%w: it refused the code", errProvider)
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := found.Verifier(&oidc.Config{ClientID: p.ClientID}).Verify(with, raw)
	if err != nil {
		return stranger{}, fmt.Errorf("%w: its statement does not count", errProvider)
	}
	if id.Nonce != j.nonce || j.nonce == "" {
		return stranger{}, fmt.Errorf("%w: its statement is of another sign-in", errProvider)
	}
	var claims map[string]any
	if err := id.Claims(&claims); err != nil || id.Subject == "" {
		return stranger{}, errProvider
	}
	s := stranger{issuer: id.Issuer, subject: id.Subject, name: nameFrom(claims, id.Subject), role: p.roleFrom(claims)}
	if s.role == Nobody {
		return s, ErrNoRole
	}
	return s, nil
}

// nameFrom is what somebody is called: what the provider says, if a user can be
// called so.
func nameFrom(claims map[string]any, subject string) string {
	candidates := []any{claims["preferred_username"]}
	if verified, _ := claims["email_verified"].(bool); verified {
		candidates = append(candidates, claims["email"])
	}
	for _, c := range candidates {
		if name, ok := c.(string); ok && CheckName(CleanName(name)) == nil {
			return CleanName(name)
		}
	}
	return "oidc-" + digest(subject)[:12]
}

// roleFrom is the highest role of somebody's groups.
func (p *Provider) roleFrom(claims map[string]any) Role {
	var at any = claims
	if direct, ok := claims[p.Claim]; ok {
		at = direct
	} else {
		for part := range strings.SplitSeq(p.Claim, ".") {
			object, ok := at.(map[string]any)
			if !ok {
				return Nobody
			}
			at = object[part]
		}
	}
	role := Nobody
	switch groups := at.(type) {
	case string:
		role = p.Roles[groups]
	case []any:
		for _, g := range groups {
			if name, ok := g.(string); ok {
				role = max(role, p.Roles[name])
			}
		}
	}
	return role
}
