package pages_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/qleaks/qleaks/internal/records"
)

// Everything that people do most is done in a browser with the keyboard alone: the
// first user is made, findings are decided about, a plan is approved, and somebody
// signs out and in again.
func TestTheKeyboardIsEnough(t *testing.T) {
	w := newWorld(t)
	w.fill(plainNames())
	if _, err := w.store.SQL().ExecContext(t.Context(), "DELETE FROM tokens"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.store.SQL().ExecContext(t.Context(), "DELETE FROM users"); err != nil {
		t.Fatal(err)
	}
	w.doors = true
	token, err := w.gate.OpenSetUp(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	b := newWindow(t, server)
	b.look(1280, "light")
	b.watch()
	password := "correct horse battery"

	b.open("/set-up?token=" + token)
	b.tabTo("name")
	do(b, chromedp.KeyEvent("ada"))
	b.tabTo("password")
	do(b, chromedp.KeyEvent(password))
	b.tabTo("again")
	do(b, chromedp.KeyEvent(password+kb.Enter))
	b.until(`document.title.startsWith("Overview")`)
	b.whole()

	// The first stop leads past the list of pages.
	do(b, chromedp.KeyEvent(kb.Tab))
	if got := b.focused(); got != "Skip to the content" {
		t.Errorf("the first stop is %q", got)
	}
	do(b, chromedp.KeyEvent(kb.Enter))
	b.until(`location.hash === "#content"`)
	do(b, chromedp.KeyEvent(kb.Tab))
	if !do(b, chromedp.Evaluate[bool](`document.querySelector("main").contains(document.activeElement)`)) {
		t.Errorf("from there the tab key leads to %q", b.focused())
	}

	b.open("/findings")
	found, err := w.store.Findings(t.Context(), records.Filter{Open: true}, records.Page{Most: 1})
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	b.tabTo("Choose " + found[0].Path + " in " + found[0].Name)
	do(b, chromedp.KeyEvent(" "))
	b.tabTo("why")
	do(b, chromedp.KeyEvent("the key of a simulator"+kb.Enter))
	b.until(`document.querySelector("[role=status]")`)
	if w.life(found[0].Seq) != records.Ignored {
		t.Error("the finding is not ignored")
	}
	b.whole()

	b.open("/plans")
	b.tabTo(w.plan[:8])
	do(b, chromedp.KeyEvent(kb.Enter))
	b.until(`document.title.startsWith("Plan ")`)
	b.tabTo("confirm")
	do(b, chromedp.KeyEvent(w.plan[:8]+kb.Enter))
	b.until(`document.querySelector("[role=status]")`)
	if p, err := w.store.Plan(t.Context(), w.plan); err != nil || p.State != records.PlanApproved {
		t.Errorf("the plan is %s, %v", p.State, err)
	}
	b.whole()

	b.tabTo("Sign out")
	do(b, chromedp.KeyEvent(kb.Enter))
	b.until(`document.title.startsWith("Sign in")`)
	b.open("/findings?state=all")
	b.until(`location.pathname === "/sign-in"`)
	b.tabTo("name")
	do(b, chromedp.KeyEvent("ada"))
	b.tabTo("password")
	do(b, chromedp.KeyEvent(password+kb.Enter))
	b.until(`location.pathname === "/findings"`)
	b.whole()
}

// A run that goes on renews itself, and stops when it is over.
func TestARunRenewsItself(t *testing.T) {
	w := newWorld(t)
	w.fill(plainNames())
	runs, err := w.store.Runs(t.Context(), records.Page{Most: 1})
	if err != nil {
		t.Fatal(err)
	}
	seq := runs[0].Seq
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	b := newWindow(t, server)
	b.look(1280, "dark")
	b.watch()
	b.open("/runs/" + decimal(seq))
	b.until(`document.querySelector("progress").value === 1`)
	change := func(statement string) {
		if _, err := w.store.SQL().ExecContext(t.Context(), statement, seq); err != nil {
			t.Fatal(err)
		}
	}
	change("UPDATE runs SET covered = 3 WHERE seq = ?")
	b.until(`document.querySelector("progress").value === 3`)
	change("UPDATE runs SET state = 'done', ended = started + 1000000 WHERE seq = ?")
	b.until(`!document.querySelector("progress") && !document.querySelector("[hx-get]")`)
	b.whole()
}

// Every page is whole in a browser, in both colours, on a desk and on a phone.
func TestPagesFitTheirWindow(t *testing.T) {
	w := newWorld(t)
	long := plainNames()
	long.path += strings.Repeat("/a-directory-with-a-long-name", 6)
	long.repository += strings.Repeat("-of-the-group", 6)
	w.fill(long)
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	b := newWindow(t, server)
	b.watch()
	for _, width := range []int64{1280, 390, 320} {
		b.look(width, map[bool]string{true: "light", false: "dark"}[width > 500])
		for _, path := range w.paths() {
			b.open(path)
			b.whole()
		}
	}
}
