package access_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/records/recordstest"
	"github.com/qleaks/qleaks/internal/web/access"
)

// password is long enough, and no key of anything.
const password = "correct horse battery"

// gate is a gate with its own clock, and a user.
type gate struct {
	*access.Gate

	t   *testing.T
	now time.Time
}

func newGate(t *testing.T, o access.Options) *gate {
	t.Helper()
	store := recordstest.Open(t)
	g := &gate{t: t, now: time.Now()}
	o.Store, o.Now = store, func() time.Time { return g.now }
	var err error
	if g.Gate, err = access.NewGate(o); err != nil {
		t.Fatal(err)
	}
	return g
}

func (g *gate) add(name string, role access.Role, password string) (u records.User) {
	g.t.Helper()
	hash, err := access.HashPassword(password)
	if err != nil {
		g.t.Fatal(err)
	}
	err = g.Store.Update(g.t.Context(), func(tx *records.Tx) (err error) {
		u, err = tx.AddUser(g.t.Context(), records.User{Name: name, Role: role.String()}, hash)
		return err
	})
	if err != nil {
		g.t.Fatal(err)
	}
	return u
}

func request(t *testing.T, cookies ...*http.Cookie) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	return r
}

// signIn signs in with a browser that has some cookies, and returns those that it
// gets.
func (g *gate) signIn(name, password string, has ...*http.Cookie) ([]*http.Cookie, error) {
	w := httptest.NewRecorder()
	err := g.SignIn(w, request(g.t, has...), name, password)
	return w.Result().Cookies(), err
}

func (g *gate) identity(has ...*http.Cookie) (access.Identity, error) {
	return g.Identify(request(g.t, has...))
}

func TestSignInBeginsASession(t *testing.T) {
	g := newGate(t, access.Options{Secure: true})
	g.add("ada", access.Triager, password)
	got, err := g.signIn(" Ada ", password)
	if err != nil || len(got) != 1 {
		t.Fatal(got, err)
	}
	c := got[0]
	if c.Name != "__Host-qleaks" || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.MaxAge <= 0 {
		t.Errorf("the cookie is %v", c)
	}
	who, err := g.identity(c)
	if err != nil || who.Name != "ada" || who.Role != access.Triager {
		t.Errorf("who asks is %+v, %v", who, err)
	}
	if who.Session == c.Value || strings.Contains(who.Session, c.Value) {
		t.Error("the token itself is kept")
	}
	for _, none := range [][]*http.Cookie{nil, {{Name: c.Name, Value: c.Value + "x"}}, {{Name: c.Name, Value: who.Session}}, {{Name: "qleaks", Value: c.Value}}} {
		if _, err := g.identity(none...); !errors.Is(err, access.ErrNobody) {
			t.Errorf("with %v: %v", none, err)
		}
	}
}

// A token that somebody put into the browser before sign-in is worth nothing
// after it, nor is the one of a session before.
func TestSessionsCannotBeFixed(t *testing.T) {
	g := newGate(t, access.Options{})
	g.add("ada", access.Admin, password)
	planted := &http.Cookie{Name: "qleaks", Value: "PLANTED"}
	first, err := g.signIn("ada", password, planted)
	if err != nil || first[0].Value == planted.Value {
		t.Fatal(first, err)
	}
	second, err := g.signIn("ada", password, first[0])
	if err != nil || second[0].Value == first[0].Value {
		t.Fatal(second, err)
	}
	for _, old := range []*http.Cookie{planted, first[0]} {
		if _, err := g.identity(old); !errors.Is(err, access.ErrNobody) {
			t.Errorf("%s still counts: %v", old.Value, err)
		}
	}
	if _, err := g.identity(second[0]); err != nil {
		t.Error(err)
	}
}

func TestSessionsEnd(t *testing.T) {
	g := newGate(t, access.Options{})
	ada := g.add("ada", access.Admin, password)
	begin := func() *http.Cookie {
		got, err := g.signIn("ada", password)
		if err != nil {
			t.Fatal(err)
		}
		return got[0]
	}
	one, other := begin(), begin()
	out := func(c *http.Cookie, everywhere bool) {
		who, err := g.identity(c)
		if err != nil {
			t.Fatal(err)
		}
		r := request(t, c)
		w := httptest.NewRecorder()
		if err := g.SignOut(w, r.WithContext(access.With(r.Context(), who)), everywhere); err != nil {
			t.Fatal(err)
		}
		if left := w.Result().Cookies(); len(left) != 1 || left[0].MaxAge >= 0 {
			t.Errorf("the browser keeps %v", left)
		}
	}
	counts := func(c *http.Cookie) bool {
		_, err := g.identity(c)
		return err == nil
	}
	out(one, false)
	if counts(one) || !counts(other) {
		t.Error("signing out ends another session, or not its own")
	}
	third := begin()
	out(other, true)
	if counts(other) || counts(third) {
		t.Error("signing out everywhere leaves a session")
	}
	for what, change := range map[string]func(tx *records.Tx) error{
		"another role":     func(tx *records.Tx) error { return tx.ChangeUser(t.Context(), ada.Seq, "viewer", false) },
		"a lock":           func(tx *records.Tx) error { return tx.ChangeUser(t.Context(), ada.Seq, "viewer", true) },
		"another password": func(tx *records.Tx) error { return tx.SetPassword(t.Context(), ada.Seq, "x") },
	} {
		hash, _ := access.HashPassword(password)
		reset := func(tx *records.Tx) error {
			return errors.Join(tx.SetPassword(t.Context(), ada.Seq, hash), tx.ChangeUser(t.Context(), ada.Seq, "admin", false))
		}
		if err := g.Store.Update(t.Context(), reset); err != nil {
			t.Fatal(err)
		}
		c := begin()
		if err := g.Store.Update(t.Context(), change); err != nil {
			t.Fatal(err)
		}
		if counts(c) {
			t.Errorf("a session goes on after %s", what)
		}
	}
}

func TestWrongPasswordsAreRefusedAndSlowDown(t *testing.T) {
	g := newGate(t, access.Options{})
	g.add("ada", access.Admin, password)
	for _, c := range [][2]string{{"ada", "wrong horse battery"}, {"eve", password}, {"", ""}, {"ada", ""}, {"ada' OR 1=1 --", password}} {
		if got, err := g.signIn(c[0], c[1]); !errors.Is(err, access.ErrDenied) || len(got) > 0 {
			t.Errorf("%q with %q: %v, %v", c[0], c[1], got, err)
		}
	}
	for range 5 {
		_, _ = g.signIn("ada", "wrong horse battery")
	}
	var wait *access.ThrottledError
	if _, err := g.signIn("ada", password); !errors.As(err, &wait) || wait.After <= 0 {
		t.Fatalf("after six failures: %v", err)
	}
	g.now = g.now.Add(wait.After)
	if _, err := g.signIn("ada", password); err != nil {
		t.Errorf("after the pause: %v", err)
	}
	refused, err := g.Store.Actions(t.Context(), records.ActionFilter{Kind: "sign-in", Subject: "ada"}, records.Page{})
	if err != nil || len(refused) < 6 {
		t.Errorf("the audit log has %d sign-ins of ada, %v", len(refused), err)
	}
	for _, a := range refused {
		if strings.Contains(string(a.Detail), "horse") {
			t.Error("a password stands in the audit log")
		}
	}
}

func TestTheFirstAdminIsMadeOnce(t *testing.T) {
	g := newGate(t, access.Options{})
	token, err := g.OpenSetUp(t.Context())
	if err != nil || token == "" {
		t.Fatal(token, err)
	}
	try := func(token, name, password string) error {
		return g.SetUp(httptest.NewRecorder(), request(t), token, name, password)
	}
	for _, c := range []struct {
		token, name, password string
		want                  error
	}{
		{"", "ada", password, access.ErrSetUp},
		{token + "x", "ada", password, access.ErrSetUp},
		{token, "<script>", password, access.ErrName},
		{token, "ada", "short", access.ErrPassword},
		{token, "ada", strings.Repeat("long", 1000), access.ErrPassword},
		{token, "ada", password, nil},
		{token, "eve", password, access.ErrSetUp},
	} {
		if err := try(c.token, c.name, c.password); !errors.Is(err, c.want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if again, err := g.OpenSetUp(t.Context()); again != "" || err != nil {
		t.Errorf("with a user there is a link again: %q, %v", again, err)
	}
}

func TestTheLinkOfTheSetUpExpires(t *testing.T) {
	g := newGate(t, access.Options{})
	token, err := g.OpenSetUp(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	g.now = g.now.Add(61 * time.Minute)
	if g.SetUpCounts(token) {
		t.Error("it counts after an hour")
	}
}

func TestTokensMayNoMoreThanTheirMaker(t *testing.T) {
	g := newGate(t, access.Options{})
	ada := g.add("ada", access.Triager, password)
	as := func(role access.Role, session string) context.Context {
		return access.With(t.Context(), access.Identity{Name: "ada", Role: role, User: ada.Seq, Session: session})
	}
	for _, c := range []struct {
		ctx  context.Context
		name string
		role access.Role
		long time.Duration
		want error
	}{
		{t.Context(), "ci", access.Viewer, time.Hour, access.ErrForbidden},
		{as(access.Triager, ""), "ci", access.Viewer, time.Hour, access.ErrForbidden},
		{as(access.Triager, "s"), "ci", access.Approver, time.Hour, access.ErrToken},
		{as(access.Triager, "s"), "ci", access.Nobody, time.Hour, access.ErrToken},
		{as(access.Triager, "s"), "<b>", access.Viewer, time.Hour, access.ErrToken},
		{as(access.Triager, "s"), "ci", access.Viewer, 2 * access.LongestToken, access.ErrToken},
	} {
		if _, token, err := access.NewToken(c.ctx, g.Store, c.name, c.role, c.long); !errors.Is(err, c.want) || token != "" {
			t.Errorf("%+v: %q, %v", c, token, err)
		}
	}
	_, token, err := access.NewToken(as(access.Triager, "s"), g.Store, "ci", access.Triager, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(header string) (access.Identity, error) {
		r := request(t)
		r.Header.Set("Authorization", header)
		return g.Identify(r)
	}
	if who, err := ask("Bearer " + token); err != nil || who.Name != "ada" || who.Role != access.Triager || who.Session != "" {
		t.Errorf("who asks is %+v, %v", who, err)
	}
	for _, header := range []string{"Bearer", "Bearer ", "Basic " + token, token, "Bearer " + token + "x", "Bearer qleaks_"} {
		if _, err := ask(header); !errors.Is(err, access.ErrNobody) {
			t.Errorf("%.12q…: %v", header, err)
		}
	}
	// A cookie beside a token that does not count does not help.
	got, err := g.signIn("ada", password)
	if err != nil {
		t.Fatal(err)
	}
	r := request(t, got[0])
	r.Header.Set("Authorization", "Bearer qleaks_wrong")
	if _, err := g.Identify(r); !errors.Is(err, access.ErrNobody) {
		t.Errorf("a wrong token with a session: %v", err)
	}
	err = g.Store.Update(t.Context(), func(tx *records.Tx) error { return tx.ChangeUser(t.Context(), ada.Seq, "viewer", false) })
	if err != nil {
		t.Fatal(err)
	}
	if who, err := ask("Bearer " + token); err != nil || who.Role != access.Viewer {
		t.Errorf("after ada became a viewer the token is a %v, %v", who.Role, err)
	}
}

func TestAPasswordIsChangedByWhoKnowsIt(t *testing.T) {
	g := newGate(t, access.Options{})
	g.add("ada", access.Viewer, password)
	got, err := g.signIn("ada", password)
	if err != nil {
		t.Fatal(err)
	}
	who, err := g.identity(got[0])
	if err != nil {
		t.Fatal(err)
	}
	change := func(old, next string) error {
		r := request(t, got[0])
		return g.ChangePassword(httptest.NewRecorder(), r.WithContext(access.With(r.Context(), who)), old, next)
	}
	const another = "another horse battery"
	if err := change("wrong horse battery", another); !errors.Is(err, access.ErrDenied) {
		t.Errorf("without the old one: %v", err)
	}
	if err := change(password, "short"); !errors.Is(err, access.ErrPassword) {
		t.Errorf("a short one: %v", err)
	}
	if err := change(password, another); err != nil {
		t.Fatal(err)
	}
	if _, err := g.identity(got[0]); !errors.Is(err, access.ErrNobody) {
		t.Errorf("the session of before goes on: %v", err)
	}
	if _, err := g.signIn("ada", another); err != nil {
		t.Error(err)
	}
}

func TestLocalPathLeadsNowhereElse(t *testing.T) {
	for next, want := range map[string]string{
		"/findings?life=new": "/findings?life=new", "/": "/", "": "/", "https://evil.example": "/", "//evil.example": "/", "/\\evil.example": "/",
		"/\t/evil.example": "/", "\\\\evil": "/", "javascript:alert(1)": "/", "/a\r\nSet-Cookie: x": "/", " /findings": "/", "/" + strings.Repeat("a", 5000): "/",
	} {
		if got := access.LocalPath(next); got != want {
			t.Errorf("%.30q leads to %.30q", next, got)
		}
	}
}
