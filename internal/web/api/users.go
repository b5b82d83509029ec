package api

import (
	"net/http"
	"time"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/web/access"
)

func (a *API) users(r *http.Request) (any, error) {
	q := ask(r, "before", "limit")
	p := q.page()
	if q.err != nil {
		return nil, q.err
	}
	users, err := a.Store.Users(r.Context(), p)
	return paged(users, p, func(u records.User) int64 { return u.Seq }, err)
}

// role reads a role of a body.
func role(word string) (access.Role, error) {
	r, err := access.ParseRole(word)
	if err != nil {
		return r, requestError(err.Error())
	}
	return r, nil
}

func (a *API) addUser(r *http.Request) (any, error) {
	var asked struct{ Name, Role, Password string }
	if err := read(r, &asked); err != nil {
		return nil, err
	}
	as, err := role(asked.Role)
	if err != nil {
		return nil, err
	}
	added, err := a.AddUser(r.Context(), asked.Name, as, asked.Password)
	if err != nil {
		return nil, err
	}
	return created{added}, nil
}

func (a *API) changeUser(r *http.Request) (any, error) {
	var asked struct {
		Role   string
		Locked bool
	}
	if err := read(r, &asked); err != nil {
		return nil, err
	}
	as, err := role(asked.Role)
	if err != nil {
		return nil, err
	}
	return nil, a.ChangeUser(r.Context(), r.PathValue("name"), as, asked.Locked)
}

func (a *API) setPassword(r *http.Request) (any, error) {
	var asked struct{ Password string }
	if err := read(r, &asked); err != nil {
		return nil, err
	}
	return nil, a.SetPassword(r.Context(), r.PathValue("name"), asked.Password)
}

func (a *API) deleteUser(r *http.Request) (any, error) {
	return nil, a.DeleteUser(r.Context(), r.PathValue("name"))
}

// tokens are one's own; an admin sees those of all.
func (a *API) tokens(r *http.Request) (any, error) {
	q := ask(r, "before", "limit")
	p := q.page()
	if q.err != nil {
		return nil, q.err
	}
	who := access.From(r.Context())
	of := who.User
	if who.Role.May(access.Admin) {
		of = 0
	}
	tokens, err := a.Store.Tokens(r.Context(), of, p)
	return paged(tokens, p, func(t records.Token) int64 { return t.Seq }, err)
}

// usualToken is how long a token counts, if nothing else is asked for.
const usualToken = 90 * 24 * time.Hour

func (a *API) newToken(r *http.Request) (any, error) {
	var asked struct {
		Name, Role string
		Days       int
	}
	if err := read(r, &asked); err != nil {
		return nil, err
	}
	as, err := role(asked.Role)
	if err != nil {
		return nil, err
	}
	howLong := usualToken
	if asked.Days != 0 {
		if asked.Days < 1 || asked.Days > 366 {
			return nil, requestError("a token counts for 1 to 366 days")
		}
		howLong = time.Duration(asked.Days) * 24 * time.Hour
	}
	made, token, err := access.NewToken(r.Context(), a.Store, asked.Name, as, howLong)
	if err != nil {
		return nil, err
	}
	// This is the only time that the token is told.
	return created{struct {
		records.Token

		Secret string `json:"secret"`
	}{made, token}}, nil
}

func (a *API) endToken(r *http.Request) (any, error) {
	seq, err := numbered(r)
	if err != nil {
		return nil, err
	}
	return nil, a.EndToken(r.Context(), seq)
}
