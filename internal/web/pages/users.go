package pages

import (
	"errors"
	"net/http"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/web/access"
	"github.com/qleaks/qleaks/internal/web/desk"
)

// usersView is the list of users.
type usersView struct {
	Users    []records.User
	Pager    pager
	Roles    []access.Role
	Name     string
	Problem  string
	Shortest int
}

// users lists users.
func (p *Pages) users(w http.ResponseWriter, r *http.Request) error {
	return p.showUsers(w, r, http.StatusOK, "", "")
}

func (p *Pages) showUsers(w http.ResponseWriter, r *http.Request, status int, name, problem string) error {
	v := usersView{Roles: access.Roles(), Name: name, Problem: problem, Shortest: access.ShortestPassword}
	found, err := p.Store.Users(r.Context(), records.Page{Before: before(r), Most: rows + 1})
	if err != nil {
		return err
	}
	v.Users = found[:min(len(found), rows)]
	if v.Pager = newPager(r, false, 0); len(found) > rows {
		v.Pager = newPager(r, true, v.Users[rows-1].Seq)
	}
	return p.showAs(w, r, status, "users", frame{Title: "Users", Section: "/users", View: v})
}

// addUser adds somebody.
func (p *Pages) addUser(w http.ResponseWriter, r *http.Request) error {
	role, err := access.ParseRole(r.PostFormValue("role"))
	if err == nil {
		_, err = p.Desk.AddUser(r.Context(), r.PostFormValue("name"), role, r.PostFormValue("password"))
	} else {
		err = wrong("Choose a role.")
	}
	return p.afterUser(w, r, doneSaved, err)
}

// changeUser gives somebody a role, and locks or unlocks.
func (p *Pages) changeUser(w http.ResponseWriter, r *http.Request) error {
	role, err := access.ParseRole(r.PostFormValue("role"))
	if err == nil {
		err = p.Desk.ChangeUser(r.Context(), r.PathValue("name"), role, r.PostFormValue("locked") != "")
	} else {
		err = wrong("Choose a role.")
	}
	return p.afterUser(w, r, doneSaved, err)
}

// resetPassword gives somebody another password.
func (p *Pages) resetPassword(w http.ResponseWriter, r *http.Request) error {
	return p.afterUser(w, r, doneSaved, p.Desk.SetPassword(r.Context(), r.PathValue("name"), r.PostFormValue("password")))
}

// deleteUser deletes somebody; the name is typed once more.
func (p *Pages) deleteUser(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("name")
	if access.CleanName(r.PostFormValue("confirm")) != name {
		return p.afterUser(w, r, "", wrong("To delete a user, type the name as it stands there. Nothing was deleted."))
	}
	return p.afterUser(w, r, doneDeleted, p.Desk.DeleteUser(r.Context(), name))
}

// afterUser shows the list again, with what went wrong if something did.
func (p *Pages) afterUser(w http.ResponseWriter, r *http.Request, done string, err error) error {
	if text, ok := told(err); ok {
		return p.showUsers(w, r, http.StatusUnprocessableEntity, r.PostFormValue("name"), text)
	}
	if err != nil {
		return err
	}
	return back(w, r, "/users", done, 0)
}

// told returns what may be said to people of an error, if anything may.
func told(err error) (string, bool) {
	if said, ok := errors.AsType[*sentence](err); ok {
		return said.text, true
	}
	if errors.Is(err, desk.ErrInput) || errors.Is(err, desk.ErrConflict) {
		return begun(err.Error()) + ".", true
	}
	return "", false
}
