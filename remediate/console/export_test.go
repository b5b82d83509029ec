package console

import (
	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
)

// Apart opens a page that has no session of the browser's other pages: tests
// share one browser.
func (b *Browser) Apart() (*Browser, error) {
	page, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	if _, err := chromedp.Call(page, accessibility.Enable, cdp.Empty{}); err != nil {
		cancel()
		return nil, err
	}
	return &Browser{ctx: page, cancel: cancel}, nil
}
