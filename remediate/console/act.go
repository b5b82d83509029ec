package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// within bounds what a browser does by ctx.
func (b *Browser) within(ctx context.Context) (context.Context, context.CancelFunc) {
	bound, cancel := context.WithCancel(b.ctx)
	stop := context.AfterFunc(ctx, cancel)
	return bound, func() { stop(); cancel() }
}

// open goes to an address.
func (b *Browser) open(ctx context.Context, address string) error {
	bound, cancel := b.within(ctx)
	defer cancel()
	for try := 0; ; try++ {
		_, err := chromedp.Run(bound, chromedp.Navigate(address))
		switch {
		case err == nil:
			return nil
		case try == 3 || !strings.Contains(err.Error(), "net::ERR_ABORTED"):
			return fmt.Errorf("open the console: %w", told(ctx, err))
		}
		// What was pressed before goes to a page of its own, at the same time.
		if err := sleep(ctx, glance); err != nil {
			return err
		}
	}
}

// told is the cause of an error of the browser: that the context ended, or a
// text without the page's own words.
func told(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if errors.Is(err, chromedp.ErrInvalidContext) || errors.Is(err, context.Canceled) {
		return errors.New("the browser was closed")
	}
	return err
}

// address is where the browser is.
func (b *Browser) address(ctx context.Context) (*url.URL, error) {
	bound, cancel := b.within(ctx)
	defer cancel()
	at, err := chromedp.Run(bound, chromedp.Location())
	if err != nil {
		return nil, told(ctx, err)
	}
	return url.Parse(at)
}

// look reads the page.
func (b *Browser) look(ctx context.Context) (*node, error) {
	bound, cancel := b.within(ctx)
	defer cancel()
	tree, err := chromedp.Call(bound, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	if err != nil {
		return nil, told(ctx, err)
	}
	return treeOf(tree.Nodes), nil
}

// call runs a function of JavaScript on a node.
func (b *Browser) call(ctx context.Context, n *node, function string, arguments ...string) (json.RawMessage, error) {
	bound, cancel := b.within(ctx)
	defer cancel()
	object, err := chromedp.Call(bound, dom.ResolveNode, dom.ResolveNodeParams{BackendNodeID: n.dom})
	if err != nil {
		return nil, told(ctx, err)
	}
	params := runtime.CallFunctionOnParams{FunctionDeclaration: function, ObjectID: object.Object.ObjectID, ReturnByValue: new(true)}
	for _, a := range arguments {
		text, err := json.Marshal(a)
		if err != nil {
			return nil, err
		}
		params.Arguments = append(params.Arguments, &runtime.CallArgument{Value: text})
	}
	answer, err := chromedp.Call(bound, runtime.CallFunctionOn, params)
	switch {
	case err != nil:
		return nil, told(ctx, err)
	case answer.ExceptionDetails != nil:
		return nil, errors.New("the page did not let itself be read")
	}
	return json.RawMessage(answer.Result.Value), nil
}

// middle finds the middle of an element, if nothing lies over it.
const middle = `function() {
  const r = this.getBoundingClientRect(), x = r.x + r.width / 2, y = r.y + r.height / 2;
  const top = (this.getRootNode().elementFromPoint || document.elementFromPoint).call(this.getRootNode().elementFromPoint ? this.getRootNode() : document, x, y);
  return {x, y, free: r.width > 0 && r.height > 0 && !!top && (this === top || this.contains(top))};
}`

var errCovered = errors.New("something lies over the control")

// press clicks a control in its middle, as a person does.
func (b *Browser) press(ctx context.Context, n *node) error {
	bound, cancel := b.within(ctx)
	defer cancel()
	if _, err := chromedp.Call(bound, dom.ScrollIntoViewIfNeeded, dom.ScrollIntoViewIfNeededParams{BackendNodeID: n.dom}); err != nil {
		return told(ctx, err)
	}
	where, err := b.call(ctx, n, middle)
	if err != nil {
		return err
	}
	var at struct {
		X, Y float64
		Free bool
	}
	if err := json.Unmarshal(where, &at); err != nil || !at.Free {
		return errCovered
	}
	for _, kind := range []input.DispatchMouseEventType{input.DispatchMouseEventTypeMouseMoved, input.DispatchMouseEventTypeMousePressed, input.DispatchMouseEventTypeMouseReleased} {
		event := input.DispatchMouseEventParams{Type: kind, X: at.X, Y: at.Y}
		if kind != input.DispatchMouseEventTypeMouseMoved {
			event.Button, event.ClickCount = input.MouseButtonLeft, 1
		}
		if _, err := chromedp.Call(bound, input.DispatchMouseEvent, event); err != nil {
			return told(ctx, err)
		}
	}
	return nil
}

// fill types a text into a box, in place of what is there.
func (b *Browser) fill(ctx context.Context, n *node, text string) error {
	if err := b.press(ctx, n); err != nil {
		return err
	}
	if _, err := b.call(ctx, n, `function() { this.focus(); if (this.select) this.select(); }`); err != nil {
		return err
	}
	bound, cancel := b.within(ctx)
	defer cancel()
	if _, err := chromedp.Call(bound, input.InsertText, input.InsertTextParams{Text: text}); err != nil {
		return told(ctx, err)
	}
	is, err := b.call(ctx, n, `function() { return "value" in this ? this.value : this.textContent; }`)
	var now string
	if err != nil || json.Unmarshal(is, &now) != nil || now != text {
		return errors.New("the text could not be filled in")
	}
	return nil
}

// choose takes an option of a list of the page's own kind.
func (b *Browser) choose(ctx context.Context, n *node, option string) error {
	done, err := b.call(ctx, n, `function(text) {
  const o = [...(this.options || [])].find((o) => o.text.trim() === text);
  if (!o) return false;
  this.value = o.value;
  this.dispatchEvent(new Event("input", {bubbles: true}));
  this.dispatchEvent(new Event("change", {bubbles: true}));
  return true;
}`, option)
	if err != nil {
		return err
	}
	if string(done) != "true" {
		return fmt.Errorf("the list has no %q", option)
	}
	return nil
}

// sleep waits, or returns why the context ended.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// shot is a picture of the page as it is.
func (b *Browser) shot(ctx context.Context) ([]byte, error) {
	bound, cancel := b.within(ctx)
	defer cancel()
	picture, err := chromedp.Call(bound, page.CaptureScreenshot, page.CaptureScreenshotParams{})
	if err != nil {
		return nil, told(ctx, err)
	}
	return picture.Data, nil
}
