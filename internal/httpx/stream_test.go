package httpx_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/internal/httpx"
)

func TestAStreamComesAsItIsRead(t *testing.T) {
	half := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/slow":
			_, _ = io.WriteString(w, "first")
			_ = http.NewResponseController(w).Flush()
			select {
			case <-half:
			case <-r.Context().Done():
			}
			_, _ = io.WriteString(w, " second")
		case "/elsewhere":
			http.Redirect(w, r, "https://elsewhere.test/signed?by=us", http.StatusFound)
		case "/cut":
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "part")
		default:
			_, _ = io.WriteString(w, strings.Repeat("x", 1000))
		}
	}))
	defer server.Close()
	c, err := httpx.New(httpx.Options{Origin: server.URL, Named: true})
	if err != nil {
		t.Fatal(err)
	}
	open := func(ctx context.Context, path string, limit int64) *httpx.Stream {
		t.Helper()
		s, err := c.Open(ctx, httpx.Request{Method: http.MethodGet, Path: []string{path}, Limit: limit})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Body.Close() })
		return s
	}
	s := open(t.Context(), "slow", 0)
	first := make([]byte, 5)
	if _, err := io.ReadFull(s.Body, first); err != nil || string(first) != "first" {
		t.Fatalf("%q, %v", first, err)
	}
	close(half)
	if rest, err := io.ReadAll(s.Body); err != nil || string(rest) != " second" {
		t.Errorf("%q, %v", rest, err)
	}
	if s := open(t.Context(), "elsewhere", 0); s.Status != http.StatusFound || s.Location != "https://elsewhere.test/signed?by=us" {
		t.Errorf("%+v", s)
	}
	for limit, want := range map[int64]error{1000: nil, 999: httpx.ErrTooLarge, 1: httpx.ErrTooLarge} {
		text, err := io.ReadAll(open(t.Context(), "x", limit).Body)
		if !errors.Is(err, want) || int64(len(text)) != limit {
			t.Errorf("limit %d: %d bytes, %v", limit, len(text), err)
		}
	}
	if _, err := io.ReadAll(open(t.Context(), "cut", 1000).Body); !errors.Is(err, httpx.ErrTruncated) {
		t.Errorf("an answer that ends too early: %v", err)
	}
	stopped := errors.New("stopped")
	ctx, cancel := context.WithCancelCause(t.Context())
	half = make(chan struct{})
	s = open(ctx, "slow", 0)
	cancel(stopped)
	if _, err := io.ReadAll(s.Body); !errors.Is(err, stopped) {
		t.Errorf("the end of the context: %v", err)
	}
	if _, err := c.Open(t.Context(), httpx.Request{Method: http.MethodGet, Path: []string{".."}}); err == nil {
		t.Error("a path that leads up was asked for")
	}
}
