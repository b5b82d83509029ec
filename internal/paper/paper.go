// Package paper prints a page as PDF with a Chromium that is on this computer. The
// page reaches it through a pipe, and it reaches nobody: no name resolves.
package paper

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/qleaks/qleaks/remediate/console"
)

// ErrNoBrowser says that there is no Chromium.
var ErrNoBrowser = errors.New("there is no Chromium or Chrome on this computer")

// patience is how long printing may take.
const patience = 2 * time.Minute

// Print prints a page of HTML. Program is the browser; "" looks for one.
func Print(ctx context.Context, program string, html []byte) (pdf []byte, err error) {
	if program == "" {
		program = console.Program()
	}
	if program == "" {
		return nil, ErrNoBrowser
	}
	profile, err := os.MkdirTemp("", "qleaks-print-")
	if err != nil {
		return nil, fmt.Errorf("print: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(profile)) }()
	bound, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	flags := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.UserDataDir(profile),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND"), chromedp.Flag("disable-dev-shm-usage", false))
	if runtime.GOOS == "linux" && os.Geteuid() == 0 {
		flags = append(flags, chromedp.NoSandbox) // Chromium refuses a sandbox to root
	}
	allocated, stop := chromedp.NewExecAllocator(bound, flags...)
	defer stop()
	tab, closeTab := chromedp.NewContext(allocated)
	defer closeTab()
	frames, err := chromedp.Call(tab, page.GetFrameTree, cdp.Empty{})
	if err != nil {
		return nil, fmt.Errorf("start Chromium: %w", err)
	}
	content := page.SetDocumentContentParams{FrameID: frames.FrameTree.Frame.ID, HTML: string(html)}
	if _, err := chromedp.Call(tab, page.SetDocumentContent, content); err != nil {
		return nil, fmt.Errorf("open the page: %w", err)
	}
	printed, err := chromedp.Call(tab, page.PrintToPDF, page.PrintToPDFParams{PrintBackground: new(true), PreferCSSPageSize: new(true)})
	if err != nil {
		return nil, fmt.Errorf("print the page: %w", err)
	}
	return printed.Data, nil
}
