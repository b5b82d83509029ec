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

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// window is a window of a browser, before a server.
type window struct {
	t      *testing.T
	ctx    context.Context //nolint:containedctx // chromedp keeps a page in a context
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
