package ibm

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"time"

	"github.com/qleaks/qleaks/internal/httpx"
	"github.com/qleaks/qleaks/internal/provider"
)

// question is one call of the identity service.
type question struct {
	method string
	path   []string
	// line is how the call is shown where its path says more than it should;
	// else it is that of the path.
	line   string
	query  url.Values
	header http.Header
	// body, unless nil, is sent as JSON.
	body any
	// patience is how long to go on, see httpx.Request.
	patience time.Duration
}

// ask puts a question, and reads the answer, an object that must have some
// members, into what into points to, unless that is nil or the answer has no
// content. IBM's own SDK is not used for it: see docs/dependencies.md.
func (c *client) ask(ctx context.Context, bearer string, q question, into any, members ...string) (httpx.Response, error) {
	wire := c.wires[serviceIAM]
	line := q.line
	if line == "" {
		line = wire.Line(q.method, q.path...)
	}
	r := httpx.Request{Method: q.method, Path: q.path, Query: q.query, Header: http.Header{"Authorization": {bearer}}, Limit: longList, Patience: q.patience}
	maps.Copy(r.Header, q.header)
	if q.body != nil {
		text, err := json.Marshal(q.body)
		if err != nil {
			return httpx.Response{}, &provider.CallError{Request: line, Kind: provider.ErrMalformed}
		}
		r.Body = text
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := wire.Do(ctx, r)
	switch {
	case err != nil:
		return answer, provider.Failed(err)
	case answer.Status == http.StatusNotFound && !enveloped(answer):
		// Not knowing a key is something that only IBM can say.
		return answer, &provider.CallError{Request: line, Status: answer.Status, Kind: provider.ErrUnexpected}
	case answer.Status < 200 || answer.Status > 299:
		return answer, provider.Declined(line, code(answer), answer)
	case into == nil || answer.Status == http.StatusNoContent:
		return answer, nil
	}
	object, err := provider.Object(answer)
	if err != nil || !provider.Has(object, members...) || json.Unmarshal(answer.Body, into) != nil {
		return answer, &provider.CallError{Request: line, Status: answer.Status, Kind: provider.ErrUnexpected}
	}
	return answer, nil
}

// failure is an entry of an envelope of the identity service.
type failure struct {
	Code        string `json:"code"`
	MessageCode string `json:"message_code"`
	Message     string `json:"message"`
}

// failures reads the envelope of the identity service.
func failures(answer httpx.Response) (list []failure) {
	members, err := provider.Object(answer)
	if err != nil || json.Unmarshal(members["errors"], &list) != nil {
		return nil
	}
	return list
}

// enveloped reports whether an answer is a failure in the identity service's
// own form.
func enveloped(answer httpx.Response) bool {
	list := failures(answer)
	return len(list) > 0 && list[0].Message != "" && (list[0].Code != "" || list[0].MessageCode != "")
}

// code reads the first code of an envelope of the identity service.
func code(answer httpx.Response) string {
	list := failures(answer)
	if len(list) == 0 {
		return ""
	}
	for _, text := range []string{list[0].MessageCode, list[0].Code} {
		if codeShape().MatchString(text) {
			return text
		}
	}
	return ""
}
