package console_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/remediate/console"
	"github.com/qleaks/qleaks/remediate/console/sim"
	"github.com/qleaks/qleaks/rules/sample"
)

// chromium returns a browser. Where QLEAKS_REQUIRE names chromium its absence
// fails the test, elsewhere it is skipped.
func chromium(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser takes its time")
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if slices.Contains(strings.Split(os.Getenv("QLEAKS_REQUIRE"), ","), "chromium") {
		t.Fatal("QLEAKS_REQUIRE names chromium, and there is none")
	}
	t.Skip("no Chromium here; QLEAKS_REQUIRE=chromium demands one")
	return ""
}

// one is the browser that all tests share: to start one takes its time.
var one struct {
	sync.Once

	profile string
	browser *console.Browser
	err     error
}

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "qleaks-console")
	if err != nil {
		panic(err)
	}
	one.profile = filepath.Join(dir, "profile")
	m.Run()
	if one.browser != nil {
		one.browser.Close()
	}
	if err := os.RemoveAll(dir); err != nil {
		panic(err)
	}
}

// shared is a page of its own in the one browser.
func shared(t *testing.T, program string) *console.Browser {
	t.Helper()
	one.Do(func() {
		one.browser, one.err = console.Start(context.Background(), console.Options{Profile: one.profile, Program: program})
	})
	if one.err != nil {
		t.Fatal(one.err)
	}
	b, err := one.browser.Apart()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// account is what a console manages.
type account struct {
	mu     sync.Mutex
	keys   []sim.Key
	values *sample.Values
	form   string
	// given are the values that were shown.
	given []string
}

func (a *account) add(name, project string) sim.Key {
	k := sim.Key{ID: fmt.Sprintf("id-%d", len(a.keys)+1), Name: name, Project: project, Created: time.Date(2026, 5, 1+len(a.keys)%28, 9, 0, 0, 0, time.UTC)}
	a.keys = append(a.keys, k)
	return k
}

func (a *account) value() secret.Value {
	v := a.values.From(sample.Alphabet("A-Za-z0-9"), 32)
	if a.form == "qbraid" {
		v = "qbr" + "_" + v
	}
	a.given = append(a.given, v)
	return secret.New([]byte(v))
}

func (a *account) of() sim.Account {
	out := sim.Account{
		Keys: func() []sim.Key { a.mu.Lock(); defer a.mu.Unlock(); return slices.Clone(a.keys) },
		Create: func(name, project string) (sim.Key, secret.Value) {
			a.mu.Lock()
			defer a.mu.Unlock()
			return a.add(name, project), a.value()
		},
		Revoke: func(id string) bool {
			a.mu.Lock()
			defer a.mu.Unlock()
			before := len(a.keys)
			a.keys = slices.DeleteFunc(a.keys, func(k sim.Key) bool { return k.ID == id })
			return len(a.keys) < before
		},
	}
	if a.form == "qbraid" {
		out.Regenerate = func(string) (secret.Value, bool) { a.mu.Lock(); defer a.mu.Unlock(); return a.value(), true }
	} else {
		out.Projects = []string{"default", "chemistry"}
	}
	return out
}

// desk is a console with a driver in front of it.
type desk struct {
	*account

	console *sim.Console
	driver  *console.Driver
	browser *console.Browser
	server  *httptest.Server
}

// sit opens a console with a browser in which somebody is signed in.
func sit(t *testing.T, o sim.Options, signedIn bool, names ...string) *desk {
	t.Helper()
	program := chromium(t)
	d := &desk{account: &account{values: sample.NewValues(11), form: o.Provider}}
	for i, n := range names {
		d.add(n, []string{"default", "chemistry"}[i%2])
	}
	o.Account = d.of()
	d.console = sim.New(o)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /test/sign-in", func(w http.ResponseWriter, _ *http.Request) { d.console.Session(w) })
	mux.Handle("/", d.console)
	d.server = httptest.NewServer(mux)
	t.Cleanup(d.server.Close)
	m, err := console.BuiltIn(o.Provider)
	if err != nil {
		t.Fatal(err)
	}
	m.Origin = d.server.URL
	d.browser = shared(t, program)
	t.Cleanup(d.browser.Close)
	d.driver = &console.Driver{Map: m, Browser: d.browser, Patience: 15 * time.Second}
	if signedIn {
		in := *d.driver
		in.Map.Page, in.Patience = "/test/sign-in", time.Millisecond
		_ = in.SignedIn(t.Context()) // the page holds no list; it sets the session
	}
	return d
}

// each runs a test with both providers in both looks.
func each(t *testing.T, o sim.Options, f func(t *testing.T, o sim.Options)) {
	for _, provider := range console.Providers() {
		for _, look := range []sim.Look{sim.Plain, sim.App} {
			with(t, o, provider, look, f)
		}
	}
}

// both runs a test with both providers and both looks, each once: a browser
// takes its time.
func both(t *testing.T, o sim.Options, f func(t *testing.T, o sim.Options)) {
	with(t, o, "ionq", sim.Plain, f)
	with(t, o, "qbraid", sim.App, f)
}

func with(t *testing.T, o sim.Options, provider string, look sim.Look, f func(t *testing.T, o sim.Options)) {
	t.Run(provider+"/"+string(look), func(t *testing.T) {
		t.Parallel() // most of it is waiting
		o.Provider, o.Look = provider, look
		f(t, o)
	})
}

func target(t console.Table, row int) console.Target {
	out := console.Target{Name: t.Rows[row][0], Cells: map[string]string{}}
	for i, h := range t.Header {
		if h != "Last used" {
			out.Cells[h] = t.Rows[row][i]
		}
	}
	return out
}

func TestKeysAreListedMadeAndRevoked(t *testing.T) {
	t.Parallel()
	each(t, sim.Options{PerPage: 2, Faults: sim.Faults{Banner: true}}, func(t *testing.T, o sim.Options) {
		d := sit(t, o, true, "laptop", "ci", "twin", "other", "twin")
		table, err := d.driver.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, r := range table.Rows {
			names = append(names, r[0])
		}
		if want := []string{"laptop", "ci", "twin", "other", "twin"}; !slices.Equal(names, want) {
			t.Fatalf("listed %v", names)
		}
		made, err := d.driver.Create(t.Context(), console.Order{Name: "laptop--qleaks-01J8ZQ3N5T7V9X", Project: "chemistry"})
		if err != nil {
			t.Fatal(err)
		}
		if len(d.given) != 1 || made.Reveal() != d.given[0] {
			t.Error("the value that was taken is not the one that was shown")
		}
		if last := d.keys[len(d.keys)-1]; last.Name != "laptop--qleaks-01J8ZQ3N5T7V9X" || o.Provider == "ionq" && last.Project != "chemistry" {
			t.Errorf("made %+v", last)
		}
		if err := d.driver.Revoke(t.Context(), console.Target{Name: "twin"}); !errors.Is(err, console.ErrSeveral) {
			t.Errorf("two keys of one name: %v", err)
		}
		if err := d.driver.Revoke(t.Context(), console.Target{Name: "tw"}); !errors.Is(err, console.ErrNoKey) {
			t.Errorf("a part of a name: %v", err)
		}
		if d.console.Pressed("revoke") != 0 {
			t.Fatal("something was revoked")
		}
		if err := d.driver.Revoke(t.Context(), target(table, 3)); err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(d.keys, func(k sim.Key) bool { return k.Name == "other" }) || len(d.keys) != 5 || d.console.Pressed("revoke") != 1 {
			t.Errorf("the keys are now %+v", d.keys)
		}
		if d.console.Pressed("regenerate") != 0 {
			t.Error("a key was given a new value")
		}
	})
}

func TestAFailureStopsWithAPictureAndWithoutAKey(t *testing.T) {
	t.Parallel()
	both(t, sim.Options{Faults: sim.Faults{FailCreate: true, Silent: true}, Slow: 30 * time.Millisecond}, func(t *testing.T, o sim.Options) {
		d := sit(t, o, true, "laptop")
		d.driver.Patience = 2 * time.Second
		_, err := d.driver.Create(t.Context(), console.Order{Name: "new"})
		var stop *console.StopError
		if !errors.As(err, &stop) || !stop.Sent {
			t.Fatalf("a failing server: %v", err)
		}
		if _, err := png.Decode(bytes.NewReader(stop.Picture)); err != nil {
			t.Errorf("no picture: %v", err)
		}
		if d.console.Pressed("create") != 1 {
			t.Errorf("it was sent %d times", d.console.Pressed("create"))
		}
		err = d.driver.Revoke(t.Context(), console.Target{Name: "laptop"})
		if !errors.As(err, &stop) || !stop.Sent || d.console.Pressed("revoke") != 1 {
			t.Errorf("a console that says done and does nothing: %v", err)
		}
	})
}

func TestTheMapIsComparedWithThePage(t *testing.T) {
	t.Parallel()
	both(t, sim.Options{}, func(t *testing.T, o sim.Options) {
		d := sit(t, o, true, "laptop")
		if err := d.driver.Await(t.Context(), time.Minute); err != nil {
			t.Fatal(err)
		}
		found, err := d.driver.Check(t.Context())
		if err != nil || !slices.ContainsFunc(found, func(l string) bool { return strings.HasPrefix(l, "columns: Name, ") }) {
			t.Errorf("%q, %v", found, err)
		}
		d.driver.Map.Revoke[0].Text = []string{"Annihilate"}
		var stop *console.StopError
		if _, err := d.driver.Check(t.Context()); !errors.As(err, &stop) || stop.Sent {
			t.Errorf("a control that is not there: %v", err)
		}
	})
}

func TestNobodyIsSignedIn(t *testing.T) {
	t.Parallel()
	for _, o := range []sim.Options{{Provider: "ionq"}, {Provider: "qbraid", SSO: true, MFA: true}} {
		d := sit(t, o, false, "laptop")
		if err := d.driver.SignedIn(t.Context()); !errors.Is(err, console.ErrSignedOut) {
			t.Errorf("%+v: %v", o, err)
		}
		if err := d.driver.Await(t.Context(), time.Second); !errors.Is(err, console.ErrSignedOut) {
			t.Errorf("%+v: nobody signs in: %v", o, err)
		}
	}
}

func TestASessionThatEndsIsToldAndNothingIsDone(t *testing.T) {
	t.Parallel()
	both(t, sim.Options{Idle: 30 * time.Minute}, func(t *testing.T, o sim.Options) {
		now := time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)
		var mu sync.Mutex
		o.Now = func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
		d := sit(t, o, true, "laptop")
		if err := d.driver.SignedIn(t.Context()); err != nil {
			t.Fatal(err)
		}
		mu.Lock()
		now = now.Add(31 * time.Minute)
		mu.Unlock()
		if err := d.driver.Revoke(t.Context(), console.Target{Name: "laptop"}); !errors.Is(err, console.ErrSignedOut) || d.console.Pressed("revoke") != 0 {
			t.Errorf("%v", err)
		}
	})
}

func TestAnEmptyListIsOneAndManyPagesAreRead(t *testing.T) {
	t.Parallel()
	both(t, sim.Options{PerPage: 50}, func(t *testing.T, o sim.Options) {
		d := sit(t, o, true)
		if table, err := d.driver.List(t.Context()); err != nil || !table.Empty {
			t.Errorf("an empty list: %+v, %v", table, err)
		}
		d.mu.Lock()
		for i := range 200 {
			d.add(fmt.Sprintf("key %d", i), "default")
		}
		d.mu.Unlock()
		if table, err := d.driver.List(t.Context()); err != nil || len(table.Rows) != 200 || table.Empty {
			t.Errorf("%d rows, %v", len(table.Rows), err)
		}
	})
}

func TestAPictureShowsNoKey(t *testing.T) {
	t.Parallel()
	both(t, sim.Options{}, func(t *testing.T, o sim.Options) {
		d := sit(t, o, true)
		if _, err := d.driver.Create(t.Context(), console.Order{Name: "new"}); err != nil {
			t.Fatal(err)
		}
		picture, err := d.browser.Picture(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		decoded, err := png.Decode(bytes.NewReader(picture))
		if err != nil {
			t.Fatal(err)
		}
		black := 0
		for y := decoded.Bounds().Min.Y; y < decoded.Bounds().Max.Y; y++ {
			run := 0
			for x := decoded.Bounds().Min.X; x < decoded.Bounds().Max.X; x++ {
				if r, g, b, _ := decoded.At(x, y).RGBA(); r+g+b == 0 {
					run++
				} else {
					run = 0
				}
				black = max(black, run)
			}
		}
		if black < 200 {
			t.Errorf("the longest black bar is %d points wide", black)
		}
		if dir := os.Getenv("QLEAKS_PICTURES"); dir != "" {
			name := filepath.Join(dir, o.Provider+"-"+string(o.Look)+".png")
			if err := os.WriteFile(name, picture, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestMapsThatWouldActBlindlyAreRefused(t *testing.T) {
	good := `provider="ionq"
origin="https://a.test"
page="/k"
value="^x$"
signed-out=["Log in"]
[[revoke]]
do="press"
role=["button"]
text=["Revoke"]
row=true
[[revoke]]
do="press"
role=["button"]
text=["Revoke"]
sure=true
sends=true
`
	if _, err := console.Read(strings.NewReader(good)); err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]string{
		"not sure of the key":    strings.Replace(good, "sure=true\n", "", 1),
		"nothing sends":          strings.Replace(good, "sends=true\n", "", 1),
		"sends twice":            strings.Replace(good, "row=true", "row=true\nsure=true\nsends=true", 1),
		"optional":               strings.Replace(good, "sure=true", "sure=true\noptional=true", 1),
		"in the clear":           strings.Replace(good, "https", "http", 1),
		"a path in the origin":   strings.Replace(good, "a.test", "a.test/b", 1),
		"a word that is not one": good + "colour=\"red\"\n",
		"no expression":          strings.Replace(good, "^x$", "(", 1),
		"an unknown act":         strings.Replace(good, `do="press"`, `do="drop"`, 1),
		"no role":                strings.Replace(good, `role=["button"]`, `role=[]`, 1),
	} {
		if _, err := console.Read(strings.NewReader(bad)); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestAContextThatEndsStopsTheDriver(t *testing.T) {
	t.Parallel()
	d := sit(t, sim.Options{Provider: "ionq", Slow: 3 * time.Second}, false)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := d.driver.SignedIn(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

func TestMapsSayWhenTheyWereCompared(t *testing.T) {
	for _, name := range console.Providers() {
		m, err := console.BuiltIn(name)
		if err != nil {
			t.Fatal(err)
		}
		if m.Checked.Year() < 2026 || m.Checked.After(time.Now().AddDate(0, 0, 1)) {
			t.Errorf("%s was compared with the guide on %s", name, m.Checked)
		}
	}
}
