package httpx

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// longestWait is the most that a Retry-After is taken for.
	longestWait = 24 * time.Hour
	firstPause  = time.Second
	mostPause   = time.Minute
)

// gate lets requests to one origin through: so many a second, and none while
// the server has asked to be left alone.
type gate struct {
	interval time.Duration

	mu     sync.Mutex
	next   time.Time // when the next request may go
	closed time.Time // until when the server asked to be left alone
}

func newGate(perSecond float64) *gate {
	g := &gate{}
	if perSecond > 0 {
		g.interval = time.Duration(float64(time.Second) / perSecond)
	}
	return g
}

// enter waits for a request's turn. Where the server's own wait is longer than
// the patience, it returns what is left of that wait instead.
func (g *gate) enter(ctx context.Context, patience time.Duration) (left time.Duration, err error) {
	for {
		g.mu.Lock()
		now := time.Now()
		if left := g.closed.Sub(now); left > 0 {
			g.mu.Unlock()
			if left > patience {
				return left, ErrAskedToWait
			}
			if err := Sleep(ctx, left); err != nil {
				return 0, err
			}
			continue
		}
		turn := g.next
		if turn.Before(now) {
			turn = now
		}
		g.next = turn.Add(g.interval)
		g.mu.Unlock()
		return 0, Sleep(ctx, turn.Sub(now))
	}
}

// close keeps requests back because the server asked for it.
func (g *gate) close(wait time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if until := time.Now().Add(wait); until.After(g.closed) {
		g.closed = until
	}
}

// Sleep waits, at most until the context ends.
func Sleep(ctx context.Context, d time.Duration) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// pause is the wait before a repetition: a random part of a span that doubles,
// so that clients that failed together do not come back together.
func pause(attempt int) time.Duration {
	span := mostPause
	if attempt < 6 {
		span = min(mostPause, firstPause<<attempt)
	}
	return time.Duration(rand.Int64N(int64(span))) + 1
}

// date is the server's clock; zero where it does not tell.
func date(h http.Header) time.Time {
	theirs, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return time.Time{}
	}
	return theirs
}

// retryAfter reads what a server asks for, in seconds or as a date. A date is
// taken against the server's own clock where it tells it, so that ours may be
// wrong. What is neither, or lies in the past, asks for nothing.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if text == "" {
		return 0
	}
	if strings.Trim(text, "0123456789") == "" {
		seconds, err := strconv.ParseInt(text, 10, 64)
		if err != nil || seconds > int64(longestWait/time.Second) {
			return longestWait
		}
		return time.Duration(seconds) * time.Second
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	if theirs, err := http.ParseTime(h.Get("Date")); err == nil {
		now = theirs
	}
	return min(max(at.Sub(now), 0), longestWait)
}
