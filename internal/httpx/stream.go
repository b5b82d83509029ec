package httpx

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"time"
)

// Stream is an answer of any status whose content comes as it is read.
type Stream struct {
	Status int
	// Type is that of Response.
	Type       string
	RetryAfter time.Duration
	// Location is where a redirection leads. It was not followed: what was sent to
	// this origin is not for another.
	Location string
	// Size is how many bytes will come, -1 if the server does not tell.
	Size int64
	// Body ends with ErrTooLarge where more comes than the Request's Limit. The
	// caller closes it.
	Body io.ReadCloser

	header http.Header
}

// Header is one header of the answer, "" where it has none.
func (s *Stream) Header(name string) string { return s.header.Get(name) }

// Open asks once and returns an answer before its content has come. The context
// bounds the time of both, not the client's timeout; the request's patience is for
// a server that asked to be left alone. Every error is an *Error.
func (c *Client) Open(ctx context.Context, r Request) (*Stream, error) {
	u, err := c.locate(r.Path)
	if err != nil {
		return nil, &Error{Request: r.Method + " " + c.origin.Host, Kind: err}
	}
	u.RawQuery = r.Query.Encode()
	question, err := http.NewRequestWithContext(ctx, r.Method, u.String(), bytes.NewReader(r.Body))
	if err != nil || !c.ours(question.URL) {
		return nil, &Error{Request: r.Method + " " + c.origin.Host, Kind: ErrForeignHost}
	}
	name := line(r.Method, question.URL)
	if r.Header != nil {
		question.Header = r.Header.Clone()
	}
	question.Header.Set("User-Agent", "qleaks")
	if left, err := c.gate.enter(ctx, r.Patience); err != nil {
		return nil, &Error{Request: name, Kind: err, RetryAfter: left}
	}
	answer, err := c.transport.RoundTrip(question) //nolint:bodyclose // the caller does
	if err != nil {
		return nil, &Error{Request: name, Kind: kindOf(ctx, err)}
	}
	limit := r.Limit
	if limit <= 0 {
		limit = DefaultLimit
	}
	s := &Stream{
		Status: answer.StatusCode, RetryAfter: retryAfter(answer.Header, time.Now()), Location: answer.Header.Get("Location"),
		Size: answer.ContentLength, Body: &bounded{of: answer.Body, left: limit, ctx: ctx, name: name}, header: answer.Header,
	}
	if media, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type")); err == nil {
		s.Type = media
	}
	if s.RetryAfter > 0 && busy(s.Status) {
		c.gate.close(s.RetryAfter)
	}
	c.log.DebugContext(ctx, "answer begins", slog.String("request", name), slog.Int("status", s.Status))
	return s, nil
}

// bounded reads so much of a body, and its errors hold nothing of the network.
type bounded struct {
	of   io.ReadCloser
	left int64
	ctx  context.Context //nolint:containedctx // one answer, one context
	name string
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, &Error{Request: b.name, Kind: ErrTooLarge}
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.of.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return n - 1, &Error{Request: b.name, Kind: ErrTooLarge}
	}
	if err != nil && err != io.EOF {
		err = &Error{Request: b.name, Kind: kindOf(b.ctx, err)}
	}
	return n, err
}

// Close implements io.Closer.
func (b *bounded) Close() error { return b.of.Close() }
