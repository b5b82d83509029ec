package github

import (
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/qleaks/qleaks/internal/expression"
	"github.com/qleaks/qleaks/internal/httpx"
	"github.com/qleaks/qleaks/internal/provider"
)

const (
	// secondaryWait is how long GitHub asks to wait where it does not say how long.
	secondaryWait = time.Minute
	// afterReset is for clocks that do not agree.
	afterReset = time.Second
)

// Budget is what GitHub's limit leaves of the requests of an hour, as its last
// answer told.
type Budget struct {
	Limit, Remaining int
	Reset            time.Time
}

// Budget tells what is left; false if no answer told.
func (c *Client) Budget() (Budget, bool) {
	if b := c.budget.Load(); b != nil {
		return *b, true
	}
	return Budget{}, false
}

// Remember makes the Client ask whether answers still hold that it knows; those
// that do cost nothing of the limit. It is called before the first request.
func (c *Client) Remember(m httpx.Memory) {
	c.habits.Memory = m
	c.wire.Adopt(c.habits)
}

// OnWait is told whenever GitHub asks to be left alone for a while, and how long
// that is. It is called before the first request.
func (c *Client) OnWait(told func(time.Duration)) {
	c.habits.Waiting = told
	c.wire.Adopt(c.habits)
}

// limited reports whether an answer is GitHub's limit, which it says with 403 as
// well as with 429: the one of an hour, by its headers; or the one of the
// moment, by Retry-After or in words.
func limited(answer httpx.Response) (time.Duration, bool) {
	return limitOf(refusal{answer.Status, answer.RetryAfter, answer.Date, answer.Body, answer.Header})
}

// refusal is an answer that may be the limit.
type refusal struct {
	status     int
	retryAfter time.Duration
	date       time.Time
	body       []byte
	header     func(name string) string
}

func limitOf(r refusal) (time.Duration, bool) {
	if r.status != http.StatusForbidden && r.status != http.StatusTooManyRequests {
		return 0, false
	}
	text := strings.ToLower(string(r.body[:min(len(r.body), longestRefusal)]))
	words := strings.Contains(text, "rate limit") || strings.Contains(text, "abuse detection")
	spent := r.header("X-Ratelimit-Remaining") == "0" && (words || r.status == http.StatusTooManyRequests)
	switch {
	case r.retryAfter > 0:
		return r.retryAfter, true
	case spent:
		return r.untilReset(), true
	case words || r.status == http.StatusTooManyRequests:
		return secondaryWait, true
	}
	return 0, false
}

// untilReset is the time until the hour begins anew, by the server's own clock.
func (r refusal) untilReset() time.Duration {
	seconds, err := strconv.ParseInt(r.header("X-Ratelimit-Reset"), 10, 64)
	if err != nil {
		return secondaryWait
	}
	now := r.date
	if now.IsZero() {
		now = time.Now()
	}
	return max(time.Unix(seconds, 0).Sub(now), 0) + afterReset
}

// heard notes what an answer tells of the limit.
func (c *Client) heard(answer httpx.Response) {
	number := func(name string) (int, bool) {
		n, err := strconv.Atoi(answer.Header(name))
		return n, err == nil && n >= 0
	}
	if answer.Status == 0 || answer.Header("X-Ratelimit-Resource") != "" && answer.Header("X-Ratelimit-Resource") != "core" {
		return
	}
	limit, ok := number("X-Ratelimit-Limit")
	left, also := number("X-Ratelimit-Remaining")
	reset, too := number("X-Ratelimit-Reset")
	if ok && also && too {
		c.budget.Store(&Budget{limit, left, time.Unix(int64(reset), 0).UTC()})
	}
}

// spending is what a Client knows of limits.
type spending struct {
	budget atomic.Pointer[Budget]
	habits httpx.Habits
}

// permissionShape is how GitHub says which permissions a request needs.
var permissionShape = expression.Lazy(`^[a-z_]+=[a-z]+([,;] ?[a-z_]+=[a-z]+)*$`)

// PermissionError is a request that the token may not make.
type PermissionError struct {
	// Needs are the permissions with which a fine-grained token or an app may, in
	// GitHub's words: "issues=read; pull_requests=read".
	Needs string
	Err   error
}

// Error implements error.
func (e *PermissionError) Error() string {
	return e.Err.Error() + "; the token needs " + e.Needs
}

// Unwrap gives the reason to errors.Is.
func (e *PermissionError) Unwrap() error { return e.Err }

// declined is provider.Declined, with what is particular about GitHub.
func declined(line string, answer httpx.Response) error {
	if answer.Limited {
		return &provider.CallError{Request: line, Status: answer.Status, RetryAfter: answer.RetryAfter, Kind: provider.ErrBusy}
	}
	err := provider.Declined(line, "", answer)
	needs := answer.Header("X-Accepted-Github-Permissions")
	if answer.Status == http.StatusForbidden && len(needs) <= 200 && permissionShape().MatchString(needs) {
		return &PermissionError{needs, err}
	}
	return err
}

// unlimited hides from the library what is left of the limit: where nothing is,
// it would make no request before the hour is over, and would take a refusal for
// the limit.
type unlimited struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (u unlimited) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := u.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	answer.Header = answer.Header.Clone()
	for _, name := range []string{"X-Ratelimit-Remaining", "X-Ratelimit-Limit", "X-Ratelimit-Reset"} {
		answer.Header.Del(name)
	}
	return answer, nil
}
