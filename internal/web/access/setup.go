package access

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/qleaks/qleaks/internal/records"
)

// setUpLife is how long the link counts with which the first admin is made.
const setUpLife = time.Hour

// ErrSetUp says that the link of the first set-up does not count.
var ErrSetUp = errors.New("this link does not count, or not any more: begin qleaks serve again, or use qleaks serve user add")

// setUp is the link with which the first admin is made: known to this process
// only, once.
type setUp struct {
	now func() time.Time

	lock   sync.Mutex
	digest string
	ends   time.Time
}

// OpenSetUp returns the token of a link with which the first admin is made, within
// an hour; "" if there are users.
func (g *Gate) OpenSetUp(ctx context.Context) (string, error) {
	has, err := g.Store.HasUsers(ctx)
	if has || err != nil {
		return "", err
	}
	token := newToken()
	g.setUp.lock.Lock()
	defer g.setUp.lock.Unlock()
	g.setUp.digest, g.setUp.ends = digest(token), g.Now().Add(setUpLife)
	return token, nil
}

// SetUpCounts reports whether a token is that of the link.
func (g *Gate) SetUpCounts(token string) bool {
	g.setUp.lock.Lock()
	defer g.setUp.lock.Unlock()
	return g.setUp.digest != "" && g.setUp.now().Before(g.setUp.ends) && subtle.ConstantTimeCompare([]byte(g.setUp.digest), []byte(digest(token))) == 1
}

// SetUp makes the first admin, who is signed in then. The link does not count any
// more. The error is ErrSetUp, ErrName, ErrPassword, or one of the database.
func (g *Gate) SetUp(w http.ResponseWriter, r *http.Request, token, name, password string) error {
	if !g.SetUpCounts(token) {
		return ErrSetUp
	}
	name = CleanName(name)
	if err := CheckName(name); err != nil {
		return err
	}
	hash, err := HashPassword(password)
	if err != nil {
		return err
	}
	var user records.User
	err = g.Store.Locked(r.Context(), func(ctx context.Context) error {
		if has, err := g.Store.HasUsers(ctx); has || err != nil {
			return errors.Join(err, ErrSetUp)
		}
		return g.Store.Update(ctx, func(tx *records.Tx) error {
			if user, err = tx.AddUser(ctx, records.User{Name: name, Role: Admin.String()}, hash); err != nil {
				return err
			}
			_, err = tx.Act(ctx, records.Action{Kind: "user", Subject: name, State: "added as " + Admin.String(), Who: name})
			return err
		})
	})
	if err != nil {
		return err
	}
	g.setUp.lock.Lock()
	g.setUp.digest = ""
	g.setUp.lock.Unlock()
	return g.begin(w, r, user)
}
