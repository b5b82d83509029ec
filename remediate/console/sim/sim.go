// Package sim simulates the web consoles in which people manage the keys of IonQ
// and qBraid. The pages are built from what the providers' guides say: which
// controls there are, what they are called, in which order they come. How the
// real pages are marked up is not known, so each console comes in two mark-ups
// that have nothing in common but what a person sees.
package sim

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/qleaks/qleaks/internal/secret"
)

// Key is a key, as a console shows it.
type Key struct {
	ID      string
	Name    string
	Project string
	Created time.Time
	Used    time.Time
	Status  string
	Scopes  []string
}

// Account is what a console shows and changes: the simulator of an API, or a
// list of a test. Regenerate is nil where the console has no such control.
type Account struct {
	Keys       func() []Key
	Create     func(name, project string) (Key, secret.Value)
	Revoke     func(id string) bool
	Regenerate func(id string) (secret.Value, bool)
	Projects   []string
}

// Look is a way to mark up the same console.
type Look string

// The looks: pages that a server makes, with tables, forms and a page for each
// step; and one page that a script fills, with roles instead of tables, and
// dialogs.
const (
	Plain Look = "plain"
	App   Look = "app"
)

// Options are how a console behaves; the zero value behaves well.
type Options struct {
	// Provider is "ionq" or "qbraid".
	Provider string
	Look     Look
	Account  Account
	// PerPage is how many keys a page lists; 0 is 25.
	PerPage int
	// Slow is how long each answer takes.
	Slow   time.Duration
	Faults Faults
	// Open lets everybody in, as if they had signed in.
	Open bool
	// SSO and MFA add steps to signing in.
	SSO, MFA bool
	// Idle is after how long without a request a session ends; 0 is never.
	Idle time.Duration
	Now  func() time.Time
}

// Faults are what a console does wrong, or puts in the way.
type Faults struct {
	// FailCreate and FailRevoke let the server fail; Silent lets a revocation do
	// nothing and say that it did.
	FailCreate, FailRevoke, Silent bool
	// Banner lays a notice over the page, which has to be closed first.
	Banner bool
}

// Console is a simulated console.
type Console struct {
	options Options
	mux     *http.ServeMux

	mu       sync.Mutex
	sessions map[string]time.Time
	// pressed counts what was asked for, by the name of the control.
	pressed map[string]int
}

// New makes a console.
func New(o Options) *Console {
	if o.PerPage == 0 {
		o.PerPage = 25
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	c := &Console{options: o, mux: http.NewServeMux(), sessions: map[string]time.Time{}, pressed: map[string]int{}}
	c.mux.HandleFunc("GET /login", c.login)
	c.mux.HandleFunc("POST /login", c.signIn)
	c.mux.HandleFunc("GET /", c.signedIn(c.home))
	if o.Look == App {
		c.app()
	} else {
		c.pages()
	}
	return c
}

// ServeHTTP implements http.Handler.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if c.options.Slow > 0 {
		time.Sleep(c.options.Slow)
	}
	w.Header().Set("Cache-Control", "no-store")
	c.mux.ServeHTTP(w, r)
}

// Pressed tells how often a control was used, as far as the server noticed.
func (c *Console) Pressed(control string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pressed[control]
}

func (c *Console) press(control string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pressed[control]++
}

const cookie = "console_session"

// signedIn lets only sessions through that are alive.
func (c *Console) signedIn(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id, err := r.Cookie(cookie)
		c.mu.Lock()
		last, ok := time.Time{}, false
		if err == nil {
			last, ok = c.sessions[id.Value]
		}
		now := c.options.Now()
		if ok && c.options.Idle > 0 && now.Sub(last) > c.options.Idle {
			delete(c.sessions, id.Value)
			ok = false
		}
		if ok {
			c.sessions[id.Value] = now
		}
		c.mu.Unlock()
		if ok || c.options.Open {
			h(w, r)
			return
		}
		if strings.HasPrefix(r.URL.Path, "/-/") {
			http.Error(w, "signed out", http.StatusUnauthorized)
			return
		}
		http.Redirect(w, r, "/login", http.StatusFound)
	}
}

// login shows what a person who signs in sees, step by step.
func (c *Console) login(w http.ResponseWriter, r *http.Request) {
	step := r.URL.Query().Get("step")
	title, body := "Sign in", `<label>Email <input name="email" type="email"></label><label>Password <input name="password" type="password"></label><button>Log in</button>`
	switch {
	case c.options.SSO && step == "":
		body = `<input type="hidden" name="step" value="sso"><button>Continue with single sign-on</button>`
	case c.options.SSO && step == "sso":
		title, body = "Example University", `<input type="hidden" name="step" value="mfa"><label>User <input name="user"></label><button>Continue</button>`
	case step == "mfa":
		title, body = "Two-step verification", `<label>Authentication code <input name="code" inputmode="numeric"></label><button>Verify</button>`
	}
	page(w, title, `<main><h1>`+title+`</h1><form method="post" action="/login">`+body+`</form></main>`)
}

// signIn goes to the next step of signing in, or begins a session.
func (c *Console) signIn(w http.ResponseWriter, r *http.Request) {
	next := r.FormValue("step")
	if next == "" && c.options.MFA && r.FormValue("code") == "" {
		next = "mfa"
	}
	if next == "mfa" && !c.options.MFA {
		next = ""
	}
	if next != "" {
		http.Redirect(w, r, "/login?step="+next, http.StatusSeeOther)
		return
	}
	c.Session(w)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// Session begins a session, as if somebody had signed in.
func (c *Console) Session(w http.ResponseWriter) {
	c.mu.Lock()
	id := fmt.Sprintf("s%d", len(c.sessions)+1)
	c.sessions[id] = c.options.Now()
	c.mu.Unlock()
	//nolint:gosec // the simulator speaks in the clear, with this machine only
	http.SetCookie(w, &http.Cookie{Name: cookie, Value: id, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: 86400})
}

// listed returns one page of keys, and how many pages there are.
func (c *Console) listed(number int) (keys []Key, pages int) {
	all := c.options.Account.Keys()
	pages = max(1, (len(all)+c.options.PerPage-1)/c.options.PerPage)
	number = min(max(number, 1), pages)
	from := (number - 1) * c.options.PerPage
	return slices.Clone(all[from:min(len(all), from+c.options.PerPage)]), pages
}

func (c *Console) find(id string) (Key, bool) {
	for _, k := range c.options.Account.Keys() {
		if k.ID == id {
			return k, true
		}
	}
	return Key{}, false
}

// shown is a time as consoles show it.
func shown(t time.Time) string {
	if t.IsZero() {
		return "Never"
	}
	return t.UTC().Format("Jan 2, 2006")
}
