package pages

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/web/access"
)

// accountView is the page of who looks.
type accountView struct {
	Tokens []records.Token
	Roles  []access.Role
	// Token is one that was made just now, and is shown this once.
	Token, Made       string
	Problem           string
	Shortest, Longest int
	// Foreign says that an identity provider says who it is, so that there is no
	// password.
	Foreign string
}

// account shows one's own account.
func (p *Pages) account(w http.ResponseWriter, r *http.Request) error {
	return p.showAccount(w, r, http.StatusOK, accountView{})
}

func (p *Pages) showAccount(w http.ResponseWriter, r *http.Request, status int, v accountView) error {
	who := access.From(r.Context())
	var err error
	if v.Tokens, err = p.Store.Tokens(r.Context(), who.User, records.Page{Most: rows}); err != nil {
		return err
	}
	for _, role := range access.Roles() {
		if who.Role.May(role) {
			v.Roles = append(v.Roles, role)
		}
	}
	user, _, err := p.Store.UserNamed(r.Context(), who.Name)
	if err != nil && !errors.Is(err, records.ErrNotFound) {
		return err
	}
	v.Foreign, v.Shortest, v.Longest = user.Issuer, access.ShortestPassword, int(access.LongestToken/(24*time.Hour))
	return p.showAs(w, r, status, "account", frame{Title: "Your account", Section: "/account", View: v})
}

// changePassword gives who asks another password.
func (p *Pages) changePassword(w http.ResponseWriter, r *http.Request) error {
	var v accountView
	password := r.PostFormValue("password")
	if password != r.PostFormValue("again") {
		v.Problem = "The two new passwords are not the same."
		return p.showAccount(w, r, http.StatusUnprocessableEntity, v)
	}
	err := p.Gate.ChangePassword(w, r, r.PostFormValue("old"), password)
	throttled, tooOften := errors.AsType[*access.ThrottledError](err)
	switch {
	case tooOften:
		v.Problem = "That failed too often. Try again in " + span(throttled.After) + "."
	case errors.Is(err, access.ErrDenied):
		v.Problem = "The old password is wrong."
	case errors.Is(err, access.ErrPassword):
		v.Problem = begun(err.Error()) + "."
	case err != nil:
		return err
	default:
		return back(w, r, "/account", doneSaved, 0)
	}
	return p.showAccount(w, r, http.StatusUnprocessableEntity, v)
}

// makeToken makes an API token, and shows it this once.
func (p *Pages) makeToken(w http.ResponseWriter, r *http.Request) error {
	role, err := access.ParseRole(r.PostFormValue("role"))
	if err != nil {
		return wrong("Choose a role for the token.")
	}
	days, err := strconv.Atoi(r.PostFormValue("days"))
	if err != nil {
		days = 0
	}
	made, token, err := access.NewToken(r.Context(), p.Store, r.PostFormValue("token"), role, time.Duration(days)*24*time.Hour)
	switch {
	case errors.Is(err, access.ErrToken):
		return p.showAccount(w, r, http.StatusUnprocessableEntity, accountView{Problem: begun(err.Error()) + "."})
	case err != nil:
		return err
	}
	return p.showAccount(w, r, http.StatusOK, accountView{Token: token, Made: made.Name})
}

// endToken ends a token.
func (p *Pages) endToken(w http.ResponseWriter, r *http.Request) error {
	seq, err := number(r)
	if err == nil {
		err = p.Desk.EndToken(r.Context(), seq)
	}
	if err != nil {
		return err
	}
	return back(w, r, "/account", doneDeleted, 0)
}
