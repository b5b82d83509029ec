package pages_test

import (
	"context"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/qleaks/qleaks/remediate/console"
)

// TestInABrowser does in a browser what needs one. There is one browser for all of it,
// since its start costs more than most of what is done in it.
func TestInABrowser(t *testing.T) {
	b := newBrowser(t)
	t.Run("the keyboard is enough", b.keyboard)
	t.Run("a run renews itself", b.renewal)
	t.Run("pages fit their window", b.fit)
	t.Run("no page has barriers", b.barriers)
	t.Run("pictures", b.pictures)
}

// browser is a Chromium.
type browser struct{ ctx context.Context }

// newBrowser starts a browser. Where QLEAKS_REQUIRE names chromium its absence fails
// the test, elsewhere it is skipped.
func newBrowser(t *testing.T) *browser {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser takes its time")
	}
	program := console.Program()
	if program == "" {
		if required("chromium") {
			t.Fatal("QLEAKS_REQUIRE names chromium, and there is none")
		}
		t.Skip("no Chromium here; QLEAKS_REQUIRE=chromium demands one")
	}
	flags := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1280, 900),
		chromedp.Flag("disable-dev-shm-usage", false))
	if runtime.GOOS == "linux" && os.Geteuid() == 0 {
		flags = append(flags, chromedp.NoSandbox) // Chromium refuses a sandbox to root
	}
	allocated, stop := chromedp.NewExecAllocator(t.Context(), flags...)
	ctx, closeTab := chromedp.NewContext(allocated)
	t.Cleanup(func() { closeTab(); stop() })
	if _, err := chromedp.Run(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	return &browser{ctx}
}

// required reports whether QLEAKS_REQUIRE names something.
func required(name string) bool {
	return slices.Contains(strings.Split(os.Getenv("QLEAKS_REQUIRE"), ","), name)
}

// window is a window of a browser before a server, with cookies of its own.
type window struct {
	t      *testing.T
	ctx    context.Context
	server *httptest.Server
}

// window opens one, before a world.
func (b *browser) window(t *testing.T, w *world) *window {
	t.Helper()
	server := httptest.NewServer(w)
	ctx, closeWindow := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(func() { closeWindow(); server.Close() })
	if _, err := chromedp.Call(ctx, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}); err != nil {
		t.Fatal(err)
	}
	return &window{t: t, ctx: ctx, server: server}
}

// look sets the width in pixels, and the colours that the system is said to want.
func (w *window) look(width int64, scheme string) {
	w.t.Helper()
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
	if _, err := chromedp.Call(w.ctx, emulation.SetEmulatedMedia, media); err != nil {
		w.t.Fatal(err)
	}
	size := emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 1, Mobile: width < 500}
	if _, err := chromedp.Call(w.ctx, emulation.SetDeviceMetricsOverride, size); err != nil {
		w.t.Fatal(err)
	}
	w.until("document.documentElement.clientWidth === " + decimal(width) + ` && matchMedia("(prefers-color-scheme: ` + scheme + `)").matches`)
}

func (w *window) open(path string) {
	w.t.Helper()
	do(w, chromedp.Navigate(w.server.URL+path))
}

// do does something in the window.
func do[T any](w *window, a chromedp.Action[T]) T {
	w.t.Helper()
	got, err := chromedp.Run(w.ctx, a)
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

// until waits for something to be true of the page, also of the next one.
func (w *window) until(expression string) {
	w.t.Helper()
	for range 1200 {
		// While a page is replaced there is nothing to ask.
		if is, err := chromedp.Run(w.ctx, chromedp.Evaluate[bool]("Boolean("+expression+")")); err == nil && is {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	w.t.Fatalf("%s does not become true at %s: %s", expression, do(w, chromedp.Location()), do(w, chromedp.Evaluate[string]("document.body.innerText")))
}

// watch notes what a page does that it should not: breaks of the content security
// policy, and errors of scripts. The page tells them as window.broken.
func (w *window) watch() {
	w.t.Helper()
	const source = `window.broken = [];
		addEventListener("securitypolicyviolation", (e) => broken.push(e.violatedDirective + " " + e.blockedURI + " " + e.sample));
		addEventListener("error", (e) => broken.push(String(e.message)));`
	params := page.AddScriptToEvaluateOnNewDocumentParams{Source: source}
	if _, err := chromedp.Call(w.ctx, page.AddScriptToEvaluateOnNewDocument, params); err != nil {
		w.t.Fatal(err)
	}
}

// whole checks that the page broke nothing, and needs no more than its width.
func (w *window) whole() {
	w.t.Helper()
	if broken := do(w, chromedp.Evaluate[[]string]("window.broken")); len(broken) > 0 {
		w.t.Errorf("%s: %q", do(w, chromedp.Location()), broken)
	}
	if over := do(w, chromedp.Evaluate[float64]("document.documentElement.scrollWidth - document.documentElement.clientWidth")); over > 0 {
		w.t.Errorf("%s is %v px too wide", do(w, chromedp.Location()), over)
	}
}

// focused says what has the focus: its text or its name.
func (w *window) focused() string {
	w.t.Helper()
	return do(w, chromedp.Evaluate[string](`(() => { const e = document.activeElement; return (e.getAttribute("aria-label") || e.name || e.innerText || e.tagName).trim(); })()`))
}

// tabTo presses the tab key until something has the focus.
func (w *window) tabTo(what string) {
	w.t.Helper()
	for range 200 {
		do(w, chromedp.KeyEvent(kb.Tab))
		if w.focused() == what {
			return
		}
	}
	w.t.Fatalf("the tab key does not lead to %q at %s", what, do(w, chromedp.Location()))
}

// focusShows checks that people see the focus on whatever can have it: its outline is
// there, thick enough, and neither cut off by what it scrolls in nor covered.
func (w *window) focusShows() {
	w.t.Helper()
	do(w, chromedp.KeyEvent(kb.Tab)) // from here on the focus shows
	unseen := do(w, chromedp.Evaluate[[]string](`[...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']")].filter((e) => e.checkVisibility({visibilityProperty: true})).flatMap((e) => {
		e.focus({focusVisible: true});
		if (document.activeElement !== e) return [];
		const name = e.outerHTML.slice(0, 120), style = getComputedStyle(e), width = parseFloat(style.outlineWidth);
		if (style.outlineStyle === "none" || width < 2) return ["no outline: " + name];
		const box = e.getClientRects()[0], inside = (n, most) => Math.min(Math.max(n, 1), most - 1);
		const hit = document.elementFromPoint(inside(box.left + box.width / 2, innerWidth), inside(box.top + box.height / 2, innerHeight));
		if (box.height < innerHeight / 2 && !(e.contains(hit) || hit?.contains(e) || e.labels?.[0]?.contains(hit))) return ["covered: " + name + " by " + hit?.outerHTML.slice(0, 80)];
		const need = parseFloat(style.outlineOffset) + width / 2;
		for (let up = e.parentElement; up && up !== document.body; up = up.parentElement) {
			const {overflowX, display} = getComputedStyle(up);
			if (overflowX === "visible" || display === "contents") continue;
			const around = up.getBoundingClientRect();
			if (box.left - need < around.left || box.right + need > around.right || box.top - need < around.top || box.bottom + need > around.bottom) return ["cut off: " + name];
		}
		return [];
	})`))
	if len(unseen) > 0 {
		w.t.Errorf("%s: nobody sees the focus on %q", do(w, chromedp.Location()), unseen)
	}
}
