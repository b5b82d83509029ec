package pages

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/web/access"
)

// The addresses of those who have not signed in.
const (
	setUpPath = "/set-up"
	// ownProvider begins a sign-in by the identity provider.
	ownProvider = "/sign-in/provider"
)

// SetUpAddress is the path of the link with which the first admin is made.
func SetUpAddress(token string) string {
	return setUpPath + "?" + url.Values{"token": {token}}.Encode()
}

// doorView is a page before signing in.
type doorView struct {
	Next, Name, Problem string
	// Provider is the host of the identity provider, "" for none.
	Provider, ProviderAddress string
	// Empty says that there is no user yet.
	Empty bool
	// Token is that of the first set-up.
	Token    string
	Shortest int
}

func (p *Pages) door(r *http.Request, v doorView) (doorView, error) {
	v.Shortest = access.ShortestPassword
	if p.Gate.Provider != nil {
		v.Provider = p.Gate.Provider.Host()
		v.ProviderAddress = ownProvider + "?" + url.Values{"next": {v.Next}}.Encode()
	}
	has, err := p.Store.HasUsers(r.Context())
	v.Empty = !has
	return v, err
}

// signIn shows the form; who has signed in goes on.
func (p *Pages) signIn(w http.ResponseWriter, r *http.Request) error {
	next := access.LocalPath(r.URL.Query().Get("next"))
	if access.From(r.Context()).Name != "" {
		return lead(w, r, next)
	}
	return p.showSignIn(w, r, http.StatusOK, doorView{Next: next})
}

func (p *Pages) showSignIn(w http.ResponseWriter, r *http.Request, status int, v doorView) error {
	v, err := p.door(r, v)
	if err != nil {
		return err
	}
	return p.showAs(w, r, status, "signin", frame{Title: "Sign in", View: v})
}

// enter lets somebody in.
func (p *Pages) enter(w http.ResponseWriter, r *http.Request) error {
	v := doorView{Next: access.LocalPath(r.PostFormValue("next")), Name: r.PostFormValue("name")}
	err := p.Gate.SignIn(w, r, v.Name, r.PostFormValue("password"))
	throttled, tooOften := errors.AsType[*access.ThrottledError](err)
	switch {
	case tooOften:
		v.Problem = "That failed too often. Try again in " + span(throttled.After) + "."
		return p.showSignIn(w, r, http.StatusTooManyRequests, v)
	case errors.Is(err, access.ErrDenied):
		v.Problem = "The name or the password is wrong."
		return p.showSignIn(w, r, http.StatusUnauthorized, v)
	case err != nil:
		return err
	}
	return lead(w, r, v.Next)
}

// toProvider sends a browser to the identity provider.
func (p *Pages) toProvider(w http.ResponseWriter, r *http.Request) error {
	err := p.Gate.ToProvider(w, r, r.URL.Query().Get("next"))
	if err == nil || errors.Is(err, records.ErrNotFound) {
		return err
	}
	p.Log.Warn("the identity provider cannot be reached", "error", err)
	return p.showSignIn(w, r, http.StatusBadGateway, doorView{Next: "/", Problem: "The identity provider does not answer. Try again, or sign in with a password if you have one."})
}

// fromProvider lets somebody in who comes back from there.
func (p *Pages) fromProvider(w http.ResponseWriter, r *http.Request) error {
	next, err := p.Gate.FromProvider(w, r)
	if errors.Is(err, records.ErrNotFound) {
		return err
	}
	if err != nil {
		p.Log.Warn("a sign-in by the identity provider failed", "error", err)
		return p.showSignIn(w, r, http.StatusForbidden, doorView{Next: "/", Problem: "That did not let you in: it took too long, was begun in another browser, or you are in no group that has a role here. Try once more, then ask an administrator of this server."})
	}
	return lead(w, r, next)
}

// leave ends the session, or all of them.
func (p *Pages) leave(w http.ResponseWriter, r *http.Request) error {
	if err := p.Gate.SignOut(w, r, r.PostFormValue("everywhere") != ""); err != nil {
		return err
	}
	return lead(w, r, access.SignInPath)
}

// setUp shows the form of the first admin to who has the link.
func (p *Pages) setUp(w http.ResponseWriter, r *http.Request) error {
	token := r.URL.Query().Get("token")
	if !p.Gate.SetUpCounts(token) {
		return &sentence{http.StatusForbidden, "This link does not count, or not any more. Start “qleaks serve” again for another one, or add a user on the server: qleaks serve user add NAME --role admin"}
	}
	return p.showSetUp(w, r, http.StatusOK, doorView{Token: token})
}

func (p *Pages) showSetUp(w http.ResponseWriter, r *http.Request, status int, v doorView) error {
	v, err := p.door(r, v)
	if err != nil {
		return err
	}
	// The link is not told to others.
	w.Header().Set("Referrer-Policy", "no-referrer")
	return p.showAs(w, r, status, "setup", frame{Title: "Set up", View: v})
}

// makeFirst makes the first admin.
func (p *Pages) makeFirst(w http.ResponseWriter, r *http.Request) error {
	v := doorView{Token: r.PostFormValue("token"), Name: r.PostFormValue("name")}
	password := r.PostFormValue("password")
	if password != r.PostFormValue("again") {
		v.Problem = "The two passwords are not the same."
		return p.showSetUp(w, r, http.StatusUnprocessableEntity, v)
	}
	err := p.Gate.SetUp(w, r, v.Token, v.Name, password)
	switch {
	case errors.Is(err, access.ErrSetUp):
		return &sentence{http.StatusForbidden, "This link does not count any more. Start “qleaks serve” again for another one."}
	case errors.Is(err, access.ErrName), errors.Is(err, access.ErrPassword):
		v.Problem = begun(err.Error()) + "."
		return p.showSetUp(w, r, http.StatusUnprocessableEntity, v)
	case err != nil:
		return err
	}
	return lead(w, r, "/")
}
