package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/expression"
	"github.com/qleaks/qleaks/internal/records"
)

// ErrDenied says that name and password do not belong together, or that the user
// may not sign in; it does not say which.
var ErrDenied = errors.New("the name or the password is wrong")

// ErrNobody says that a request has no session and no token that counts.
var ErrNobody = errors.New("sign in first")

// Options are what a Gate works with.
type Options struct {
	Store *records.Store
	// Secure says that browsers come by TLS: cookies are for nothing else then.
	Secure bool
	// Idle is after how long without a request a session ends, Longest after how
	// long in any case; 0 means an hour, and twelve.
	Idle, Longest time.Duration
	// Provider is who else says who somebody is; nil for nobody.
	Provider *Provider
	// Now is the clock; nil for that of the machine.
	Now func() time.Time
	// Log gets names of users and what became of them; nil for none.
	Log *slog.Logger
}

// Gate lets people and programs in. It is safe for concurrent use.
type Gate struct {
	Options

	tries    *tries
	throttle *throttle
	setUp    *setUp
}

// NewGate makes a Gate.
func NewGate(o Options) (*Gate, error) {
	if o.Idle <= 0 {
		o.Idle = time.Hour
	}
	if o.Longest <= 0 {
		o.Longest = 12 * time.Hour
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Gate{Options: o, tries: newTries(), throttle: &throttle{now: o.Now}, setUp: &setUp{now: o.Now}}, nil
}

// digest is what is kept of a token.
func digest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// newToken makes a token of 260 random bits.
func newToken() string { return rand.Text() + rand.Text() }

// touchPause is how exactly it is known when a session was last used.
const touchPause = time.Minute

// Identify says who asks: by an API token in the header Authorization, else by the
// cookie of a session. ErrNobody if neither counts; other errors are of the
// database.
func (g *Gate) Identify(r *http.Request) (Identity, error) {
	if r.Header.Get("Authorization") != "" {
		return g.identifyToken(r)
	}
	token := g.cookie(r)
	if token == "" {
		return Identity{}, ErrNobody
	}
	session, user, err := g.Store.Session(r.Context(), digest(token), g.Idle)
	if errors.Is(err, records.ErrNotFound) {
		return Identity{}, ErrNobody
	}
	if err != nil {
		return Identity{}, err
	}
	role, err := ParseRole(user.Role)
	if err != nil {
		return Identity{}, ErrNobody
	}
	// A page that renews itself is nobody at work.
	renews := r.Method == http.MethodGet && r.Header.Get("Hx-Request") != ""
	if g.Now().Sub(session.Seen) > touchPause && !renews {
		err = g.Store.TouchSession(r.Context(), session.Digest)
	}
	return Identity{Name: user.Name, Role: role, User: user.Seq, Session: session.Digest}, err
}

// SignIn lets a user in who has a password: a session begins, with a new token,
// and the one of before ends. The error is ErrDenied, a ThrottledError, or one of
// the database.
func (g *Gate) SignIn(w http.ResponseWriter, r *http.Request, name, password string) error {
	name = CleanName(name)
	where := address(r)
	if err := g.throttle.check(name, where); err != nil {
		return err
	}
	user, is, err := g.Store.UserNamed(r.Context(), name)
	if err != nil && !errors.Is(err, records.ErrNotFound) {
		return err
	}
	known := err == nil
	ok, err := g.tries.matches(r.Context(), is, password)
	if err != nil {
		return err
	}
	if !ok || !user.Locked.IsZero() {
		g.throttle.failed(name, where)
		g.Log.Warn("a sign-in was refused", "known", known)
		if known {
			return errors.Join(ErrDenied, g.note(r.Context(), user.Name, "refused"))
		}
		return ErrDenied
	}
	g.throttle.succeeded(name, where)
	return g.begin(w, r, user)
}

// begin begins a session in place of the one that the browser has.
func (g *Gate) begin(w http.ResponseWriter, r *http.Request, user records.User) error {
	token := newToken()
	ctx := r.Context()
	err := g.Store.Update(ctx, func(tx *records.Tx) error {
		if old := g.cookie(r); old != "" {
			if err := tx.EndSession(ctx, digest(old)); err != nil {
				return err
			}
		}
		if err := tx.BeginSession(ctx, digest(token), user.Seq, g.Longest); err != nil {
			return err
		}
		_, err := tx.Act(ctx, records.Action{Kind: "sign-in", Subject: user.Name, State: "done", Who: user.Name})
		return err
	})
	if err == nil {
		http.SetCookie(w, g.newCookie(token, int(g.Longest.Seconds())))
	}
	return err
}

func (g *Gate) note(ctx context.Context, name, state string) error {
	return g.Store.Update(ctx, func(tx *records.Tx) error {
		_, err := tx.Act(ctx, records.Action{Kind: "sign-in", Subject: name, State: state, Who: name})
		return err
	})
}

// SignOut ends the session of a request, or with everywhere all of its user. Who
// comes with a token has no session.
func (g *Gate) SignOut(w http.ResponseWriter, r *http.Request, everywhere bool) error {
	who := From(r.Context())
	http.SetCookie(w, g.newCookie("", -1))
	return g.Store.Update(r.Context(), func(tx *records.Tx) error {
		if everywhere && who.User > 0 {
			return tx.EndSessions(r.Context(), who.User)
		}
		if token := g.cookie(r); token != "" {
			return tx.EndSession(r.Context(), digest(token))
		}
		return nil
	})
}

// ChangePassword gives who asks another password. All sessions of the user end, and
// a new one begins. The error is ErrDenied if the old one is wrong, or ErrPassword
// with what is wrong with the new one.
func (g *Gate) ChangePassword(w http.ResponseWriter, r *http.Request, old, password string) error {
	who := From(r.Context())
	if who.Session == "" {
		return ErrForbidden
	}
	if err := g.throttle.check(who.Name, address(r)); err != nil {
		return err
	}
	user, is, err := g.Store.UserNamed(r.Context(), who.Name)
	if err != nil {
		return err
	}
	if ok, err := g.tries.matches(r.Context(), is, old); err != nil || !ok {
		g.throttle.failed(who.Name, address(r))
		return errors.Join(err, ErrDenied)
	}
	hash, err := HashPassword(password)
	if err != nil {
		return err
	}
	err = g.Store.Update(r.Context(), func(tx *records.Tx) error {
		if err := tx.SetPassword(r.Context(), user.Seq, hash); err != nil {
			return err
		}
		_, err := tx.Act(r.Context(), records.Action{Kind: "user", Subject: user.Name, State: "password changed", Who: user.Name})
		return err
	})
	if err != nil {
		return err
	}
	return g.begin(w, r, user)
}

// cookieName is that of the cookie. With the prefix, no other host and no page that
// came without TLS can set it.
func (g *Gate) cookieName() string {
	if g.Secure {
		return "__Host-qleaks"
	}
	return "qleaks"
}

func (g *Gate) cookie(r *http.Request) string {
	c, err := r.Cookie(g.cookieName())
	if err != nil || len(c.Value) > 200 {
		return ""
	}
	return c.Value
}

func (g *Gate) newCookie(value string, seconds int) *http.Cookie {
	//nolint:gosec // without TLS, on loopback, a browser would not send a secure one
	return &http.Cookie{Name: g.cookieName(), Value: value, Path: "/", MaxAge: seconds, Secure: g.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode}
}

// address is where a request came from, without the port.
func address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

var nameForm = expression.Lazy(`^[a-z0-9][a-z0-9._@+-]{0,63}$`)

// CleanName is a name of a user as it is kept: in lower case, without spaces
// around it.
func CleanName(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

// ErrName says that a user cannot be called so.
var ErrName = errors.New("a name has 1 to 64 of the characters a to z, 0 to 9, . _ @ + -, and begins with a letter or a digit")

// CheckName returns ErrName for what no user can be called.
func CheckName(name string) error {
	if !nameForm().MatchString(name) {
		return ErrName
	}
	return nil
}
