package pages_test

import (
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// window is a window of a browser, before a server.
type window struct {
	t      *testing.T
	ctx    context.Context
	server *httptest.Server
}

// newWindow starts a browser before a server. Where QLEAKS_REQUIRE names chromium
// its absence fails the test, elsewhere it is skipped.
func newWindow(t *testing.T, server *httptest.Server) *window {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser takes its time")
	}
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			program = path
			break
		}
	}
	if program == "" {
		if slices.Contains(strings.Split(os.Getenv("QLEAKS_REQUIRE"), ","), "chromium") {
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
	for range 600 {
		// While a page is replaced there is nothing to ask.
		if is, err := chromedp.Run(w.ctx, chromedp.Evaluate[bool]("Boolean("+expression+")")); err == nil && is {
			return
		}
		time.Sleep(100 * time.Millisecond)
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

// tabTo presses the tab key until something has the focus, which must show it.
func (w *window) tabTo(what string) {
	w.t.Helper()
	for range 200 {
		do(w, chromedp.KeyEvent(kb.Tab))
		if !do(w, chromedp.Evaluate[bool](`document.activeElement === document.body || getComputedStyle(document.activeElement).outlineStyle !== "none"`)) {
			w.t.Errorf("nobody sees that %q has the focus", w.focused())
		}
		if w.focused() == what {
			return
		}
	}
	w.t.Fatalf("the tab key does not lead to %q at %s", what, do(w, chromedp.Location()))
}
