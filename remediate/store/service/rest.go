package service

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/qleaks/qleaks/internal/httpx"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/remediate/store"
)

// rest is the way to a service that speaks JSON.
type rest struct{ *httpx.Client }

func newREST(address string, u store.Use) (rest, error) {
	client, err := httpx.New(httpx.Options{Origin: address, Named: true, Proxy: u.Proxy, Rate: u.Rate, Log: u.Log})
	return rest{client}, err
}

// question is a request, and which statuses are the ones hoped for.
type question struct {
	method string
	path   []string
	query  url.Values
	header http.Header
	body   any
	good   []int
}

// longAnswer is more than a secret with everything about it has, in bytes.
const longAnswer = 4 << 20

// ask asks, and reads the object that is answered; there is one of any status
// where the service sent one. Errors are those of package provider.
func (r rest) ask(ctx context.Context, q question) (map[string]any, httpx.Response, error) {
	var body []byte
	if text, ok := q.body.([]byte); ok {
		body = text
	} else if q.body != nil {
		var err error
		if body, err = json.Marshal(q.body); err != nil {
			return nil, httpx.Response{}, store.ErrValue
		}
	}
	defer clear(body)
	if q.header.Get("Content-Type") == "" && body != nil {
		q.header = q.header.Clone()
		q.header.Set("Content-Type", "application/json")
	}
	request := httpx.Request{Method: q.method, Path: q.path, Query: q.query, Header: q.header, Body: body, Limit: longAnswer}
	if q.method == http.MethodGet {
		request.Patience = patience
	}
	answer, err := r.Do(ctx, request)
	if err != nil {
		return nil, answer, provider.Failed(err)
	}
	whole := object(answer.Body)
	line := r.Line(q.method, q.path...)
	for _, status := range q.good {
		if answer.Status != status {
			continue
		}
		if whole == nil && len(answer.Body) > 0 || whole == nil && status == http.StatusOK {
			return nil, answer, &provider.CallError{Request: line, Status: status, Kind: provider.ErrUnexpected}
		}
		return whole, answer, nil
	}
	return whole, answer, provider.Declined(line, "", answer)
}

// unexpected is an answer that is none of those that a service documents.
func (r rest) unexpected(q question) error {
	return &provider.CallError{Request: r.Line(q.method, q.path...), Status: http.StatusOK, Kind: provider.ErrUnexpected}
}

// object reads one object, with its numbers as they are; nil if it is none.
func object(text []byte) map[string]any {
	if !json.Valid(text) {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var whole map[string]any
	if d.Decode(&whole) != nil {
		return nil
	}
	return whole
}

// in goes down into objects; nil where there is none.
func in(whole map[string]any, names ...string) map[string]any {
	for _, name := range names {
		whole, _ = whole[name].(map[string]any)
	}
	return whole
}

// text is a member that is a text; "" where it is none.
func text(whole map[string]any, name string) string {
	s, _ := whole[name].(string)
	return s
}
