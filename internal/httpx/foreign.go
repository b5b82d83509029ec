package httpx

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"time"
)

// HTTP is the Client in the form that other people's libraries take, with all
// of its rules; limit and patience are those of each Request.
func (c *Client) HTTP(limit int64, patience time.Duration) *http.Client {
	return &http.Client{
		Transport:     roundTripper{c, limit, patience},
		CheckRedirect: func(*http.Request, []*http.Request) error { return ErrRedirected },
	}
}

// Outcome is what came of the last request under a context, before a library
// made something of it.
type Outcome struct {
	Response Response
	Err      error
}

type outcomeKey struct{}

// Watch returns a context under which the requests of HTTP leave their outcome.
// It is for one request at a time.
func Watch(ctx context.Context) (context.Context, *Outcome) {
	outcome := &Outcome{}
	return context.WithValue(ctx, outcomeKey{}, outcome), outcome
}

type roundTripper struct {
	client   *Client
	limit    int64
	patience time.Duration
}

// RoundTrip implements http.RoundTripper.
func (t roundTripper) RoundTrip(question *http.Request) (*http.Response, error) {
	if question.Body != nil {
		defer question.Body.Close()
	}
	got, err := t.client.exchange(question, terms{t.limit, t.patience, question.Method == http.MethodGet})
	if outcome, ok := question.Context().Value(outcomeKey{}).(*Outcome); ok {
		*outcome = Outcome{got, err}
	}
	if err != nil {
		return nil, err
	}
	return &http.Response{
		Status: strconv.Itoa(got.Status) + " " + http.StatusText(got.Status), StatusCode: got.Status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: got.header, Body: io.NopCloser(bytes.NewReader(got.Body)), ContentLength: int64(len(got.Body)),
		Request: question,
	}, nil
}
