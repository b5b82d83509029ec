package console

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
)

// Options are how a browser is started.
type Options struct {
	// Profile is the directory of the browser's profile. It holds the session of
	// the operator, which is worth more than any key: it is made with 0700, and
	// lies outside of repositories.
	Profile string
	// Program is the browser; "" looks for one.
	Program string
	// Visible shows the window, for signing in.
	Visible bool
}

// Browser is a running Chromium with one page. Close it.
type Browser struct {
	ctx    context.Context //nolint:containedctx // chromedp keeps a page in a context
	cancel context.CancelFunc
}

// Start starts a browser. It speaks with it through pipes: no port is open to
// others on the machine.
func Start(ctx context.Context, o Options) (*Browser, error) {
	if err := os.MkdirAll(o.Profile, 0o700); err != nil {
		return nil, fmt.Errorf("the browser's profile: %w", err)
	}
	if err := os.Chmod(o.Profile, 0o700); err != nil { //nolint:gosec // a directory must be entered
		return nil, fmt.Errorf("the browser's profile: %w", err)
	}
	for dir := filepath.Dir(o.Profile); dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			return nil, errors.New("the browser's profile would lie in a Git repository: choose another directory")
		}
	}
	flags := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.UserDataDir(o.Profile), chromedp.WindowSize(1280, 900),
		chromedp.Flag("disable-dev-shm-usage", false))
	if program := cmp.Or(o.Program, Program()); program != "" {
		flags = append(flags, chromedp.ExecPath(program))
	}
	if o.Visible {
		flags = append(flags, chromedp.VisibleWindow)
	}
	if runtime.GOOS == "linux" && os.Geteuid() == 0 {
		flags = append(flags, chromedp.NoSandbox) // Chromium refuses a sandbox to root
	}
	allocated, stop := chromedp.NewExecAllocator(ctx, flags...)
	tab, closeTab := chromedp.NewContext(allocated)
	b := &Browser{ctx: tab, cancel: func() { closeTab(); stop() }}
	if _, err := chromedp.Call(b.ctx, accessibility.Enable, cdp.Empty{}); err != nil {
		b.Close()
		return nil, fmt.Errorf("start Chromium: %w", err)
	}
	deny := browser.SetDownloadBehaviorParams{Behavior: browser.SetDownloadBehaviorBehaviorDeny}
	if _, err := chromedp.CallBrowser(b.ctx, browser.SetDownloadBehavior, deny); err != nil {
		b.Close()
		return nil, fmt.Errorf("start Chromium: %w", err)
	}
	return b, nil
}

// Close ends the browser; its profile stays.
func (b *Browser) Close() { b.cancel() }
