package cli

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sourcegraph/conc"
)

// heard is what a process writes, while it writes.
type heard struct {
	lock sync.Mutex
	text bytes.Buffer
	more chan struct{}
}

func (h *heard) Write(p []byte) (int, error) {
	h.lock.Lock()
	defer h.lock.Unlock()
	select {
	case h.more <- struct{}{}:
	default:
	}
	return h.text.Write(p)
}

func (h *heard) String() string {
	h.lock.Lock()
	defer h.lock.Unlock()
	return h.text.String()
}

// await waits until something was written.
func (h *heard) await(t *testing.T, expression string) []string {
	t.Helper()
	for end := time.After(time.Minute); ; {
		if parts := regexp.MustCompile(expression).FindStringSubmatch(h.String()); parts != nil {
			return parts
		}
		select {
		case <-h.more:
		case <-end:
			t.Fatalf("nobody wrote %s, but: %s", expression, h)
		}
	}
}

// TestServeBeginsAndEnds goes the way of a first user: the address that is told,
// the first administrator, the overview, and a sweep by the API.
func TestServeBeginsAndEnds(t *testing.T) {
	b := newBench(t, "serve", "--listen", "127.0.0.1:0", "--log", "json", "--database", t.TempDir()+"/records.db", "--workers", "0")
	said := &heard{more: make(chan struct{}, 1)}
	b.Env.Stderr = said
	ctx, stop := context.WithCancel(t.Context())
	var process conc.WaitGroup
	code := -1
	process.Go(func() { code = Main(ctx, b.Env) })
	link := said.await(t, `(http://127\.0\.0\.1:\d+)(/set-up\?token=(\w+))`)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	browser := &http.Client{Jar: jar, Timeout: time.Minute, Transport: transport}
	visit := func(method, path string, form url.Values, kind, body string) (int, string) {
		t.Helper()
		if form != nil {
			kind, body = "application/x-www-form-urlencoded", form.Encode()
		}
		r, err := http.NewRequestWithContext(ctx, method, link[1]+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("Content-Type", kind)
		got, err := browser.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer got.Body.Close()
		text, err := io.ReadAll(got.Body)
		if err != nil {
			t.Fatal(err)
		}
		return got.StatusCode, string(text)
	}
	if status, text := visit(http.MethodGet, link[2], nil, "", ""); status != http.StatusOK {
		t.Fatalf("the link leads to %d %s", status, text)
	}
	const password = "correct horse battery"
	form := url.Values{"token": {link[3]}, "name": {"ada"}, "password": {password}, "again": {password}}
	if status, text := visit(http.MethodPost, "/set-up", form, "", ""); status != http.StatusOK || !strings.Contains(text, "ada") {
		t.Fatalf("the first administrator: %d %s", status, text)
	}
	for path, want := range map[string]string{"/api/v1/me": `"role":"admin"`, "/findings": "<html", "/metrics": "qleaks_records_up 1", "/about": "<html"} {
		if status, text := visit(http.MethodGet, path, nil, "", ""); status != http.StatusOK || !strings.Contains(text, want) {
			t.Errorf("%s: %d %.300s", path, status, text)
		}
	}
	if status, text := visit(http.MethodPost, "/api/v1/runs", nil, "application/json", `{"target":"`+t.TempDir()+`"}`); status != http.StatusCreated {
		t.Errorf("a sweep: %d %s", status, text)
	}
	if status, text := visit(http.MethodPost, "/api/v1/runs", nil, "application/json", `{"target":"somewhere"}`); status != http.StatusBadRequest || !strings.Contains(text, "directory of this server") {
		t.Errorf("a sweep of nothing: %d %s", status, text)
	}
	stop()
	process.Wait()
	if code != exitClean {
		t.Errorf("it ends with %d: %s", code, said)
	}
	if strings.Contains(said.String(), password) || strings.Count(said.String(), link[3]) != 1 {
		t.Error("the log has the password, or the token of the link")
	}
	said.await(t, `"route":"/api/v1/runs","status":201`)
}
