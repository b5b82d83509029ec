package httpx

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// DefaultLimit is how many bytes of an answer are read where a Request does
// not say.
const DefaultLimit = 64 << 10

// Request is one question. Material belongs into Header or Body, never into
// Path or Query.
type Request struct {
	Method string
	// Path are the parts of the path below the client's origin; each is escaped.
	Path   []string
	Query  url.Values
	Header http.Header
	Body   []byte
	// Limit is how many bytes of the answer are read; zero is DefaultLimit. A
	// longer answer is an error, not a part of one.
	Limit int64
	// Patience is how long to go on in all, where the server asks to wait or
	// fails for a moment; zero asks once. Only GET is repeated, and what Again
	// says may be.
	Patience time.Duration
	Again    bool
}

// Response is a whole answer, whatever its status.
type Response struct {
	Status int
	// Type is the media type, in lower case and without parameters; empty where
	// the answer has none or one that cannot be read.
	Type string
	Body []byte
	// RetryAfter is how long the server asks to be left alone.
	RetryAfter time.Duration
	// Date is the server's clock; zero where it does not tell.
	Date time.Time
	// Limited says that the server did not answer because too much was asked.
	Limited bool

	header http.Header
}

// Do asks, again if there is patience for it, and returns an answer of any
// status. Every error is an *Error.
func (c *Client) Do(ctx context.Context, r Request) (Response, error) {
	u, err := c.locate(r.Path)
	if err != nil {
		return Response{}, &Error{Request: r.Method + " " + c.origin.Host, Kind: err}
	}
	u.RawQuery = r.Query.Encode()
	var body io.Reader = http.NoBody
	if r.Body != nil {
		body = bytes.NewReader(r.Body)
	}
	question, err := http.NewRequestWithContext(ctx, r.Method, u.String(), body)
	if err != nil {
		return Response{}, &Error{Request: r.Method + " " + c.origin.Host, Kind: ErrForeignHost}
	}
	if r.Header != nil {
		question.Header = r.Header.Clone()
	}
	if question.Header.Get("Accept") == "" {
		question.Header.Set("Accept", "application/json")
	}
	return c.exchange(question, terms{r.Limit, r.Patience, r.Again || r.Method == http.MethodGet})
}

// terms are how much of an answer is read, for how long it is asked for, and
// whether it may be asked for twice.
type terms struct {
	limit    int64
	patience time.Duration
	again    bool
}

// Line is method, host and path of a request, as errors and evidence show it.
func (c *Client) Line(method string, path ...string) string {
	u, err := c.locate(path)
	if err != nil {
		return method + " " + c.origin.Host
	}
	return line(method, u)
}

func line(method string, u *url.URL) string { return method + " " + u.Host + u.EscapedPath() }

func (c *Client) locate(path []string) (*url.URL, error) {
	escaped := make([]string, len(path))
	for i, segment := range path {
		if strings.Trim(segment, ".") == "" || strings.Contains("/"+segment+"/", "/../") {
			return nil, errBadSegment
		}
		escaped[i] = url.PathEscape(segment)
	}
	return c.origin.JoinPath(escaped...), nil
}

// ours reports whether a request stays below the client's origin.
func (c *Client) ours(u *url.URL) bool {
	below := u.Path == c.origin.Path || strings.HasPrefix(u.Path, c.origin.Path+"/")
	return u.Scheme == c.origin.Scheme && strings.EqualFold(u.Host, c.origin.Host) && u.User == nil &&
		below && !strings.Contains(u.Path, "/../") && !strings.HasSuffix(u.Path, "/..")
}

// exchange asks until there is an answer worth having, or no more patience.
func (c *Client) exchange(question *http.Request, by terms) (Response, error) {
	ctx := question.Context()
	name := line(question.Method, question.URL)
	if !c.ours(question.URL) {
		return Response{}, &Error{Request: question.Method + " " + question.URL.Host, Kind: ErrForeignHost}
	}
	if by.limit <= 0 {
		by.limit = DefaultLimit
	}
	deadline := time.Now().Add(by.patience)
	for attempt := 0; ; attempt++ {
		if left, err := c.gate.enter(ctx, time.Until(deadline)); err != nil {
			return Response{}, &Error{Request: name, Kind: err, RetryAfter: left}
		}
		answer, err := c.once(question, by.limit, name)
		late := busy(answer.Status) || answer.Limited
		if answer.RetryAfter > 0 && late {
			c.gate.close(answer.RetryAfter)
		}
		wait := max(answer.RetryAfter, pause(attempt))
		// What was limited was not done.
		repeat := by.again && (err != nil && passing(err) || err == nil && late) || err == nil && answer.Limited
		if !repeat || wait > time.Until(deadline) {
			return answer, err
		}
		if answer.RetryAfter > 0 && c.habits.Waiting != nil {
			c.habits.Waiting(wait)
		}
		if err := Sleep(ctx, wait); err != nil {
			return Response{}, &Error{Request: name, Kind: err}
		}
		if question.GetBody != nil {
			if question.Body, err = question.GetBody(); err != nil {
				return Response{}, &Error{Request: name, Kind: ErrBroken}
			}
		}
	}
}

// once sends one request and reads its whole answer.
func (c *Client) once(question *http.Request, limit int64, name string) (Response, error) {
	parent := question.Context()
	ctx, cancel := context.WithTimeout(parent, c.timeout)
	defer cancel()
	begun := time.Now()
	asked, kept := c.recall(question)
	sent := asked.Clone(ctx)
	sent.Header.Set("User-Agent", "qleaks")
	answer, err := c.transport.RoundTrip(sent)
	if err != nil {
		kind := kindOf(parent, err)
		c.log.DebugContext(parent, "no answer", slog.String("request", name), slog.String("why", kind.Error()), slog.Duration("after", time.Since(begun)))
		return Response{}, &Error{Request: name, Kind: kind}
	}
	defer answer.Body.Close()
	got := Response{Status: answer.StatusCode, RetryAfter: retryAfter(answer.Header, time.Now()), Date: date(answer.Header), header: answer.Header}
	c.compare(got.Date, answer.Header.Get("Age"))
	if media, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type")); err == nil {
		got.Type = media
	}
	got.Body, err = read(answer, limit, kept != nil)
	c.log.DebugContext(parent, "answer", slog.String("request", name), slog.Int("status", got.Status), slog.Int("bytes", len(got.Body)), slog.Duration("after", time.Since(begun)))
	if err != nil {
		return Response{RetryAfter: got.RetryAfter}, &Error{Request: name, Kind: kindOf(parent, err), Status: got.Status, RetryAfter: got.RetryAfter}
	}
	c.renew(question, &got, kept)
	if c.habits.Limited != nil {
		var wait time.Duration
		if wait, got.Limited = c.habits.Limited(got); got.Limited {
			got.RetryAfter = min(max(got.RetryAfter, wait), longestWait)
		}
	}
	return got, nil
}

// read reads a body to its end. That an answer still holds is expected only where
// one was known.
func read(answer *http.Response, limit int64, known bool) ([]byte, error) {
	if answer.StatusCode == http.StatusNotModified && known {
		return nil, nil
	}
	if answer.StatusCode >= 300 && answer.StatusCode < 400 {
		return nil, ErrRedirected
	}
	if answer.ContentLength > limit {
		return nil, ErrTooLarge
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(body)) > limit {
		return nil, ErrTooLarge
	}
	return body, nil
}
