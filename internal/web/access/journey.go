package access

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"

	"golang.org/x/oauth2"

	"github.com/qleaks/qleaks/internal/records"
)

// journeyLife is how long somebody may be at the provider's, in seconds.
const journeyLife = 600

func (g *Gate) journeyName() string { return g.cookieName() + "-journey" }

func (g *Gate) journeyCookie(value string, seconds int) *http.Cookie {
	c := g.newCookie(value, seconds) //nolint:gosec // as newCookie says
	c.Name = g.journeyName()
	return c
}

// ToProvider sends a browser to the identity provider; next is where it goes when
// it comes back.
func (g *Gate) ToProvider(w http.ResponseWriter, r *http.Request, next string) error {
	if g.Provider == nil {
		return records.ErrNotFound
	}
	j := journey{state: newToken(), nonce: newToken(), verifier: oauth2.GenerateVerifier(), next: LocalPath(next)}
	to, err := g.Provider.leave(r.Context(), j)
	if err != nil {
		return err
	}
	kept, err := json.Marshal([]string{j.state, j.nonce, j.verifier, j.next})
	if err != nil {
		return err
	}
	http.SetCookie(w, g.journeyCookie(base64.RawURLEncoding.EncodeToString(kept), journeyLife))
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// errJourney says that a browser did not come back from where this server sent it.
var errJourney = errors.New("this sign-in was not begun in this browser, or took longer than ten minutes")

// FromProvider lets somebody in who came back from the identity provider, and
// returns where to go. Who comes for the first time becomes a user; each time the
// role is the one that the groups have then.
func (g *Gate) FromProvider(w http.ResponseWriter, r *http.Request) (next string, err error) {
	if g.Provider == nil {
		return "", records.ErrNotFound
	}
	j, ok := g.journey(r)
	http.SetCookie(w, g.journeyCookie("", -1))
	q := r.URL.Query()
	if !ok || subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(j.state)) != 1 {
		return "", errJourney
	}
	if q.Get("code") == "" {
		return "", errProvider
	}
	s, err := g.Provider.arrive(r.Context(), q.Get("code"), j)
	if err != nil {
		g.Log.Warn("a sign-in by the identity provider was refused", "error", err)
		return "", err
	}
	user, err := g.welcome(r.Context(), s)
	if err != nil {
		return "", err
	}
	return LocalPath(j.next), g.begin(w, r, user)
}

func (g *Gate) journey(r *http.Request) (journey, bool) {
	c, err := r.Cookie(g.journeyName())
	if err != nil || len(c.Value) > 4000 {
		return journey{}, false
	}
	text, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err != nil {
		return journey{}, false
	}
	var kept []string
	if err := json.Unmarshal(text, &kept); err != nil || len(kept) != 4 || kept[0] == "" {
		return journey{}, false
	}
	return journey{state: kept[0], nonce: kept[1], verifier: kept[2], next: kept[3]}, true
}

// welcome makes or changes the user whom the provider means. A name that another
// user has is not taken over.
func (g *Gate) welcome(ctx context.Context, s stranger) (records.User, error) {
	user, err := g.Store.UserOf(ctx, s.issuer, s.subject)
	switch {
	case errors.Is(err, records.ErrNotFound):
		err = g.Store.Update(ctx, func(tx *records.Tx) (err error) {
			user, err = tx.AddUser(ctx, records.User{Name: s.name, Role: s.role.String(), Issuer: s.issuer, Subject: s.subject}, "")
			if err == nil {
				_, err = tx.Act(ctx, records.Action{Kind: "user", Subject: s.name, State: "added as " + s.role.String(), Who: "identity provider"})
			}
			return err
		})
	case err == nil:
		err = g.Store.Update(ctx, func(tx *records.Tx) error {
			now, err := tx.User(ctx, user.Seq)
			switch {
			case err != nil:
				return err
			case !now.Locked.IsZero():
				return ErrDenied
			case now.Role == s.role.String():
				return nil
			}
			if err := tx.ChangeUser(ctx, user.Seq, s.role.String(), false); err != nil {
				return err
			}
			_, err = tx.Act(ctx, records.Action{Kind: "user", Subject: user.Name, State: "became " + s.role.String(), Who: "identity provider"})
			return err
		})
	}
	return user, err
}
