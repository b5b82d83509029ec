package notify

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/qleaks/qleaks/internal/expression"
	"github.com/qleaks/qleaks/internal/httpx"
	"github.com/qleaks/qleaks/internal/secret"
)

// Reach is how a server is reached.
type Reach struct {
	// Private says that the operator wrote down that the server is on this machine
	// or in a private network; others are never connected to there.
	Private bool
	// Proxy is what requests go through; "" is none. Mail goes through none.
	Proxy string
	// Roots are the certificate authorities to trust; nil is the system's.
	Roots *x509.CertPool
	// Patience is how long one message is sent again where the server asks to wait;
	// 0 is half a minute.
	Patience time.Duration
}

const defaultPatience = 30 * time.Second

func (r Reach) patience() time.Duration {
	if r.Patience > 0 {
		return r.Patience
	}
	return defaultPatience
}

// ErrAddress says that a text is no address of a webhook. It does not repeat it.
var ErrAddress = errors.New("it is no address of a webhook: https://, a host and a path")

// hook is a webhook: who has its address may write to people.
type hook struct {
	title    string
	client   *httpx.Client
	query    url.Values
	patience time.Duration
}

// newHook makes the way to a webhook. Its address is material.
func newHook(title string, address secret.Value, r Reach) (*hook, error) {
	u, err := url.Parse(address.Reveal())
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, ErrAddress
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, ErrAddress
	}
	u.RawQuery, u.ForceQuery = "", false
	if u.Scheme == "http" && !(r.Private && httpx.Loopback(u.String())) {
		return nil, fmt.Errorf("%w; plain HTTP is for this machine only, with private = true", ErrAddress)
	}
	client, err := httpx.New(httpx.Options{Origin: u.String(), Named: r.Private, Proxy: r.Proxy, Roots: r.Roots})
	if err != nil {
		return nil, ErrAddress
	}
	// Who says 429 did nothing, so that asking again is no second time.
	client.Adopt(httpx.Habits{Limited: func(a httpx.Response) (time.Duration, bool) { return 0, a.Status == http.StatusTooManyRequests }})
	return &hook{title: title, client: client, query: query, patience: r.patience()}, nil
}

// post sends a body of JSON. Where again is true, the receiver knows a second copy
// by its id, and what failed for a moment is sent again.
func (h *hook) post(ctx context.Context, body any, header http.Header, again bool) error {
	text, ok := body.([]byte)
	if !ok {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return fmt.Errorf("write the message: %w: %w", err, ErrNotTaken)
		}
	}
	if header == nil {
		header = http.Header{}
	}
	header.Set("Content-Type", "application/json")
	answer, err := h.client.Do(ctx, httpx.Request{
		Method: http.MethodPost, Header: header, Query: h.query, Body: text, Patience: h.patience, Again: again,
	})
	switch {
	case err != nil:
		return h.unanswered(err)
	case answer.Status >= 200 && answer.Status < 300:
		return nil
	case answer.Status < http.StatusInternalServerError:
		return fmt.Errorf("%s refused the message: %s: %w", h.title, h.words(answer), ErrNotTaken)
	}
	return fmt.Errorf("%s failed with status %d; whether it took the message is not known", h.title, answer.Status)
}

// word is what servers say in one word, such as invalid_blocks.
var word = expression.Lazy(`^[a-z][a-z_]{1,40}$`)

// words say why a message was refused.
func (h *hook) words(answer httpx.Response) string {
	text := fmt.Sprintf("status %d", answer.Status)
	if word().Match(answer.Body) {
		text += ", " + string(answer.Body)
	}
	switch answer.Status {
	case http.StatusNotFound, http.StatusGone:
		text += "; the webhook is not there any more: make another"
	case http.StatusForbidden, http.StatusUnauthorized:
		text += "; it does not take messages from here"
	case http.StatusTooManyRequests:
		text += "; it was sent too much"
	}
	return text
}

// unanswered says why there was no answer, without the address.
func (h *hook) unanswered(err error) error {
	kind := err
	if e, ok := errors.AsType[*httpx.Error](err); ok {
		kind = e.Kind
	}
	for _, surely := range []error{httpx.ErrRedirected, httpx.ErrAddress, httpx.ErrUnresolved, httpx.ErrUntrusted, httpx.ErrUnreachable, httpx.ErrForeignHost, httpx.ErrAskedToWait} {
		if errors.Is(kind, surely) {
			return fmt.Errorf("%s: %w: %w", h.title, surely, ErrNotTaken)
		}
	}
	return fmt.Errorf("%s: whether it took the message is not known: %w", h.title, kind)
}
