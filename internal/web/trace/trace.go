// Package trace tells an OpenTelemetry collector of requests: OTLP over HTTP, in
// JSON, set up by OpenTelemetry's own variables, and off without them. The SDK is
// not used, since this program also starts before every commit, and its libraries
// would make each of those starts longer.
//
// A span has the route of a request, its method and its status: no address, no
// name and nothing of its body.
package trace

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/qleaks/qleaks/internal/httpx"
)

// Tracer keeps spans until they are sent. It is safe for concurrent use.
type Tracer struct {
	settings

	client *httpx.Client
	log    *slog.Logger

	lock    sync.Mutex
	spans   []span
	dropped int
}

// span is one request.
type span struct {
	trace, id, parent string
	method, route     string
	status            int
	begun, ended      time.Time
}

// mostSpans is how many spans wait to be sent; beyond it they are dropped, and
// counted.
const mostSpans = 2048

// New makes a Tracer as the variables say; nil if they ask for none.
func New(getenv func(name string) string, version string, log *slog.Logger) (*Tracer, error) {
	s, on, err := read(getenv, version)
	if !on || err != nil {
		return nil, err
	}
	client, err := httpx.New(httpx.Options{Origin: s.endpoint, Named: true, Timeout: s.timeout, Log: log})
	if err != nil {
		return nil, err
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Tracer{settings: s, client: client, log: log}, nil
}

// parent is what the header traceparent says (W3C Trace Context).
type parent struct {
	trace, id string
	sampled   bool
}

func readParent(header string) (parent, bool) {
	parts := strings.Split(header, "-")
	if len(parts) < 4 || len(parts[0]) != 2 || parts[0] == "ff" || parts[0] == "00" && len(parts) != 4 {
		return parent{}, false
	}
	flags, ok := hexOf(parts[3], 1)
	_, ok0 := hexOf(parts[0], 1)
	trace, ok1 := hexOf(parts[1], 16)
	id, ok2 := hexOf(parts[2], 8)
	if !ok || !ok0 || !ok1 || !ok2 || zero(trace) || zero(id) {
		return parent{}, false
	}
	return parent{trace: parts[1], id: parts[2], sampled: flags[0]&1 == 1}, true
}

// hexOf reads so many bytes of small hexadecimal digits.
func hexOf(text string, size int) ([]byte, bool) {
	b, err := hex.DecodeString(text)
	return b, err == nil && len(b) == size && text == strings.ToLower(text)
}

func zero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

func newID(size int) string {
	b := make([]byte, size)
	_, _ = rand.Read(b) // it never fails
	return hex.EncodeToString(b)
}

// Request implements the Tracer of package web.
func (t *Tracer) Request(r *http.Request) (context.Context, func(pattern string, status int)) {
	s := span{id: newID(8), method: r.Method, begun: time.Now()}
	from, ok := readParent(r.Header.Get("Traceparent"))
	if ok {
		s.trace, s.parent = from.trace, from.id
	} else {
		s.trace = newID(16)
	}
	if !t.samples(s.trace, from, ok) {
		return r.Context(), func(string, int) {}
	}
	return r.Context(), func(pattern string, status int) {
		s.route, s.status, s.ended = pattern, status, time.Now()
		t.keep(s)
	}
}

func (t *Tracer) keep(s span) {
	t.lock.Lock()
	defer t.lock.Unlock()
	if len(t.spans) >= mostSpans {
		t.dropped++
		return
	}
	t.spans = append(t.spans, s)
}

// samples decides about a request, as OpenTelemetry's samplers do.
func (t *Tracer) samples(trace string, from parent, hasParent bool) bool {
	if t.byParent && hasParent {
		return from.sampled
	}
	if t.ratio >= 1 {
		return true
	}
	b, err := hex.DecodeString(trace)
	if err != nil || len(b) != 16 {
		return false
	}
	// As the SDKs do, so that all services of a trace decide alike.
	return float64(binary.BigEndian.Uint64(b[8:])>>1) < t.ratio*(1<<63)
}

// sendPause is how often spans are sent.
const sendPause = 5 * time.Second

// Run sends spans until the context ends, and then what is left.
func (t *Tracer) Run(ctx context.Context) {
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-time.After(sendPause):
			t.send(ctx)
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendPause)
	defer cancel()
	t.send(last)
}

// send sends what waits. What a collector does not take is dropped, and told.
func (t *Tracer) send(ctx context.Context) {
	t.lock.Lock()
	spans, dropped := t.spans, t.dropped
	t.spans, t.dropped = nil, 0
	t.lock.Unlock()
	if dropped > 0 {
		t.log.Warn("traces were dropped: the collector is too slow", "spans", dropped)
	}
	if len(spans) == 0 {
		return
	}
	body, err := t.encode(spans)
	if err != nil {
		t.log.Warn("traces could not be written", "error", err)
		return
	}
	header := http.Header{"Content-Type": {"application/json"}}
	for name, value := range t.headers {
		header.Set(name, value)
	}
	got, err := t.client.Do(ctx, httpx.Request{Method: http.MethodPost, Path: t.path, Header: header, Body: body, Patience: t.timeout, Again: true})
	switch {
	case err != nil:
		t.log.Warn("the collector of traces cannot be reached", "error", err, "spans", len(spans))
	case got.Status/100 != 2:
		t.log.Warn("the collector refused traces", "status", got.Status, "spans", len(spans))
	}
}
