package github

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/httpx"
	"github.com/qleaks/qleaks/internal/provider"
)

// longestRefusal is how much of a refusal is read, in bytes.
const longestRefusal = 4 << 10

// Download opens a file, of at most so many bytes; more is httpx.ErrTooLarge, in
// its place. GitHub keeps files on other hosts and sends there: the token stays
// behind. The caller closes what it gets.
func (c *Client) Download(ctx context.Context, f File, limit int64) (io.ReadCloser, error) {
	header := http.Header{}
	if f.Accept != "" {
		header.Set("Accept", f.Accept)
	}
	if err := c.token.header(ctx, header); err != nil {
		return nil, err
	}
	line := c.wire.Line(http.MethodGet, f.Path...)
	deadline := time.Now().Add(c.patience)
	for {
		s, err := c.wire.Open(ctx, httpx.Request{Method: http.MethodGet, Path: f.Path, Header: header, Limit: limit, Patience: time.Until(deadline)})
		if err != nil {
			return nil, provider.Failed(err)
		}
		switch {
		case s.Status == http.StatusOK:
			return s.Body, nil
		case s.Status >= 300 && s.Status < 400:
			_ = s.Body.Close()
			return c.elsewhere(ctx, line, s.Location, limit)
		}
		wait, busy := c.refused(s)
		if !busy || time.Now().Add(wait).After(deadline) {
			return nil, provider.Declined(line, "", httpx.Response{Status: s.Status, RetryAfter: wait})
		}
		if c.habits.Waiting != nil {
			c.habits.Waiting(wait)
		}
		if err := httpx.Sleep(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// refused reports whether a refusal is the limit, and for how long.
func (c *Client) refused(s *httpx.Stream) (time.Duration, bool) {
	text, _ := io.ReadAll(io.LimitReader(s.Body, longestRefusal)) // what there is
	_ = s.Body.Close()
	return limitOf(refusal{s.Status, s.RetryAfter, time.Time{}, text, s.Header})
}

// elsewhere opens what an address holds that GitHub sent to, with nothing but
// the address.
func (c *Client) elsewhere(ctx context.Context, line, address string, limit int64) (io.ReadCloser, error) {
	failed := &provider.CallError{Request: line, Status: http.StatusFound, Kind: httpx.ErrRedirected}
	u, err := url.Parse(address)
	// Only where GitHub itself is on a private network may its files be there.
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && (u.Scheme != "http" || !c.named || !httpx.Loopback(c.wire.Origin())) {
		return nil, failed
	}
	there, err := httpx.New(httpx.Options{Origin: u.Scheme + "://" + u.Host, Named: c.named, Proxy: c.way.Proxy, Roots: c.way.Roots, Dial: c.way.Dial, Log: c.way.Log})
	if err != nil {
		return nil, failed
	}
	s, err := there.Open(ctx, httpx.Request{Method: http.MethodGet, Path: strings.Split(strings.Trim(u.Path, "/"), "/"), Query: u.Query(), Limit: limit})
	if err != nil {
		there.Close()
		return nil, provider.Failed(err)
	}
	body := &closing{s.Body, there}
	if s.Status != http.StatusOK {
		_ = body.Close()
		if s.Status >= 300 && s.Status < 400 {
			return nil, failed
		}
		return nil, provider.Declined(line, "", httpx.Response{Status: s.Status})
	}
	return body, nil
}

// closing closes the connections with the body.
type closing struct {
	io.ReadCloser

	client *httpx.Client
}

// Close implements io.Closer.
func (c *closing) Close() error {
	err := c.ReadCloser.Close()
	c.client.Close()
	return err
}
