package pages_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/qleaks/qleaks/internal/records"
)

// Everything that people do most is done in a browser with the keyboard alone: the
// first user is made, findings are decided about, a plan is approved, and somebody
// signs out and in again.
func (b *browser) keyboard(t *testing.T) {
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
	v := b.window(t, w)
	v.look(1280, "light")
	v.watch()
	password := "correct horse battery"

	v.open("/sign-in")
	v.focusShows()
	v.open("/set-up?token=" + token)
	v.focusShows()
	v.open("/set-up?token=" + token)
	v.tabTo("name")
	do(v, chromedp.KeyEvent("ada"))
	v.tabTo("password")
	do(v, chromedp.KeyEvent(password))
	v.tabTo("again")
	do(v, chromedp.KeyEvent(password+kb.Enter))
	v.until(`document.title.startsWith("Overview")`)
	v.whole()

	// The first stop leads past the list of pages.
	do(v, chromedp.KeyEvent(kb.Tab))
	if got := v.focused(); got != "Skip to the content" {
		t.Errorf("the first stop is %q", got)
	}
	do(v, chromedp.KeyEvent(kb.Enter))
	v.until(`location.hash === "#content"`)
	do(v, chromedp.KeyEvent(kb.Tab))
	if !do(v, chromedp.Evaluate[bool](`document.querySelector("main").contains(document.activeElement)`)) {
		t.Errorf("from there the tab key leads to %q", v.focused())
	}

	v.open("/findings")
	found, err := w.store.Findings(t.Context(), records.Filter{Open: true}, records.Page{Most: 1})
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	v.tabTo("Choose " + found[0].Path + " in " + found[0].Name)
	do(v, chromedp.KeyEvent(" "))
	v.tabTo("why")
	do(v, chromedp.KeyEvent("the key of a simulator"+kb.Enter))
	v.until(`document.querySelector("[role=status]")`)
	if w.life(found[0].Seq) != records.Ignored {
		t.Error("the finding is not ignored")
	}
	v.whole()

	v.open("/plans")
	v.tabTo(w.plan[:8])
	do(v, chromedp.KeyEvent(kb.Enter))
	v.until(`document.title.startsWith("Plan ")`)
	v.tabTo("confirm")
	do(v, chromedp.KeyEvent(w.plan[:8]+kb.Enter))
	v.until(`document.querySelector("[role=status]")`)
	if p, err := w.store.Plan(t.Context(), w.plan); err != nil || p.State != records.PlanApproved {
		t.Errorf("the plan is %s, %v", p.State, err)
	}
	v.whole()

	v.tabTo("Sign out")
	do(v, chromedp.KeyEvent(kb.Enter))
	v.until(`document.title.startsWith("Sign in")`)
	v.open("/findings?state=all")
	v.until(`location.pathname === "/sign-in"`)
	v.tabTo("name")
	do(v, chromedp.KeyEvent("ada"))
	v.tabTo("password")
	do(v, chromedp.KeyEvent(password+kb.Enter))
	v.until(`location.pathname === "/findings"`)
	v.whole()
}

// A run that goes on renews itself, and stops when it is over.
func (b *browser) renewal(t *testing.T) {
	w := newWorld(t)
	w.fill(plainNames())
	runs, err := w.store.Runs(t.Context(), records.Page{Most: 1})
	if err != nil {
		t.Fatal(err)
	}
	seq := runs[0].Seq
	v := b.window(t, w)
	v.look(1280, "dark")
	v.watch()
	v.open("/runs/" + decimal(seq))
	v.until(`document.querySelector("progress").value === 1`)
	change := func(statement string) {
		if _, err := w.store.SQL().ExecContext(t.Context(), statement, seq); err != nil {
			t.Fatal(err)
		}
	}
	change("UPDATE runs SET covered = 3 WHERE seq = ?")
	v.until(`document.querySelector("progress").value === 3`)
	change("UPDATE runs SET state = 'done', ended = started + 1000000 WHERE seq = ?")
	v.until(`!document.querySelector("progress") && !document.querySelector("[hx-get]")`)
	v.whole()
}

// Every page is whole in a browser, in both colours, on a desk and on phones, and the
// focus is seen wherever it can be.
func (b *browser) fit(t *testing.T) {
	w := newWorld(t)
	long := plainNames()
	long.path += strings.Repeat("/a-directory-with-a-long-name", 6)
	long.repository += strings.Repeat("-of-the-group", 6)
	w.fill(long)
	v := b.window(t, w)
	v.watch()
	for _, path := range append(w.paths(), noPage) {
		v.open(path)
		for _, width := range []int64{1280, 390, 320} {
			v.look(width, map[bool]string{true: "light", false: "dark"}[width > 500])
			v.whole()
			if width != 320 { // what scrolls there is what scrolls on the other phone
				v.focusShows()
			}
		}
	}
}

// noPage is the address of a page that says that there is none.
const noPage = "/findings/999999"
