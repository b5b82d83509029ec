package httpx_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/httpx"
)

// marker stands for a key: it must not come back in anything.
const marker = "marker-of-a-key"

func header() http.Header { return http.Header{"X-Key": {marker}} }

func open(t *testing.T, o httpx.Options) *httpx.Client {
	t.Helper()
	c, err := httpx.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server
}

func ask(t *testing.T, c *httpx.Client) (httpx.Response, error) {
	t.Helper()
	answer, err := c.Do(t.Context(), httpx.Request{Method: http.MethodGet, Path: []string{"who"}, Header: header(), Limit: 1000})
	if err != nil && strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), marker) {
		t.Errorf("the error tells the key: %v", err)
	}
	return answer, err
}

func TestAWholeAnswerOfAnyStatusIsReturned(t *testing.T) {
	for _, status := range []int{200, 201, 401, 403, 404, 429, 500, 520} {
		server := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/base/who" || r.Header.Get("X-Key") != marker || r.UserAgent() != "qleaks" || r.Header.Get("Accept") != "application/json" {
				t.Errorf("asked %s with %v", r.URL.Path, r.Header)
			}
			w.Header().Set("Content-Type", "Application/JSON; charset=UTF-8")
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "{}")
		})
		answer, err := ask(t, open(t, httpx.Options{Origin: server.URL + "/base/", Named: true}))
		if err != nil || answer.Status != status || answer.Type != "application/json" || string(answer.Body) != "{}" || answer.RetryAfter != 7*time.Second {
			t.Errorf("%d: %+v, %v", status, answer, err)
		}
	}
}

func TestARedirectIsNotFollowedAndNobodyElseSeesTheKey(t *testing.T) {
	elsewhere := serve(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("%s was asked with %v", r.Host, r.Header) })
	for _, status := range []int{300, 301, 302, 303, 304, 307, 308} {
		for _, to := range []string{elsewhere.URL, "http://127.0.0.1:1/", "file:///etc/passwd", "//" + elsewhere.Listener.Addr().String() + "/", "/base/who", "", "javascript:1"} {
			server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", to)
				w.WriteHeader(status)
			})
			c := open(t, httpx.Options{Origin: server.URL + "/base", Named: true})
			if _, err := ask(t, c); !errors.Is(err, httpx.ErrRedirected) {
				t.Errorf("%d to %q: %v", status, to, err)
			}
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/base/who", http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			request.Header = header()
			if answer, err := c.HTTP(1000, 0).Do(request); !errors.Is(err, httpx.ErrRedirected) {
				answer.Body.Close()
				t.Errorf("%d to %q through net/http: %v", status, to, err)
			}
		}
	}
}

func TestAnotherHostIsNeverAsked(t *testing.T) {
	elsewhere := serve(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("%s was asked", r.URL) })
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("%s was asked", r.URL) })
	c := open(t, httpx.Options{Origin: server.URL + "/base", Named: true})
	host := strings.TrimPrefix(server.URL, "http://")
	for _, url := range []string{
		elsewhere.URL + "/base/who", "https://" + host + "/base/who", server.URL + "/other", server.URL + "/base2", server.URL,
		server.URL + "/base/../other", server.URL + "/base/%2e%2e/other", server.URL + "/base/..", "http://user:pw@" + host + "/base/who",
		"http://evil.test/base/who", "http://localhost:1/base/who",
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := c.HTTP(1000, 0).Do(request)
		if !errors.Is(err, httpx.ErrForeignHost) {
			answer.Body.Close()
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestPathsAreEscapedAndDoNotLeadUpwards(t *testing.T) {
	var got string
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) { got = r.RequestURI })
	c := open(t, httpx.Options{Origin: server.URL + "/base", Named: true})
	for segment, want := range map[string]string{
		"a b": "/base/a%20b", "a/b": "/base/a%2Fb", "a?b=c#d": "/base/a%3Fb=c%23d", "crn:v1:a/b::": "/base/crn:v1:a%2Fb::",
		"%2e%2e": "/base/%252e%252e", "日本": "/base/%E6%97%A5%E6%9C%AC",
	} {
		if _, err := c.Do(t.Context(), httpx.Request{Method: http.MethodGet, Path: []string{segment}}); err != nil || got != want {
			t.Errorf("%q went to %s, %v; want %s", segment, got, err, want)
		}
		if line := c.Line(http.MethodGet, segment); !strings.HasSuffix(line, want) {
			t.Errorf("%q is shown as %s", segment, line)
		}
	}
	for _, segment := range []string{"", ".", "..", "...", "../x", "x/../../y", "x/.."} {
		if _, err := c.Do(t.Context(), httpx.Request{Method: http.MethodGet, Path: []string{segment, "x"}}); err == nil {
			t.Errorf("%q is taken", segment)
		}
	}
}

func TestOriginsAreChecked(t *testing.T) {
	for origin, named := range map[string]bool{
		"": true, "provider.test": true, "ftp://provider.test": true, "file:///x": true, "https://": true, "https://:443": true, "//provider.test": true,
		"https://user:pw@provider.test": true, "https://provider.test?x": true, "https://provider.test#x": true, "http://provider.test": false,
		"https:provider.test": true, "https://provider.test/%zz": true,
	} {
		_, err := httpx.New(httpx.Options{Origin: origin, Named: named})
		if err == nil {
			t.Errorf("%q is taken", origin)
		} else if strings.Contains(err.Error(), "pw") {
			t.Errorf("the error tells the password: %v", err)
		}
	}
	for _, origin := range []string{"https://provider.test", "https://provider.test:8443/a/b/", "https://[2001:db8::1]/a"} {
		open(t, httpx.Options{Origin: origin})
	}
	for _, proxy := range []string{"proxy.test", "socks5://proxy.test", "http://", "%"} {
		if _, err := httpx.New(httpx.Options{Origin: "https://provider.test", Proxy: proxy}); err == nil {
			t.Errorf("proxy %q is taken", proxy)
		}
	}
	for origin, want := range map[string]bool{"http://127.0.0.1:80/x": true, "http://[::1]:80": true, "https://localhost": true, "http://127.9.9.9": true, "http://10.0.0.1": false, "http://localhost.evil.test": false, "%": false} {
		if httpx.Loopback(origin) != want {
			t.Errorf("loopback %q: %v", origin, !want)
		}
	}
}

func TestOneRequestTakesBoundedTime(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"nothing comes": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"only headers come": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusOK)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		},
		"a byte comes now and then": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := io.WriteString(w, " "); err != nil || http.NewResponseController(w).Flush() != nil {
					return
				}
				<-time.After(10 * time.Millisecond)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, h)
			_, err := ask(t, open(t, httpx.Options{Origin: server.URL, Named: true, Timeout: 100 * time.Millisecond}))
			if !errors.Is(err, httpx.ErrTimeout) {
				t.Error(err)
			}
		})
	}
}

func TestAnEndOfTheContextIsNoTimeout(t *testing.T) {
	cause := errors.New("the user has gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel(cause)
		<-r.Context().Done()
	})
	_, err := open(t, httpx.Options{Origin: server.URL, Named: true}).Do(ctx, httpx.Request{Method: http.MethodGet})
	if !errors.Is(err, cause) {
		t.Error(err)
	}
}

func TestTooMuchIsAnErrorAndNotAPart(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"declared": func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "1073741824") },
		"endless": func(w http.ResponseWriter, _ *http.Request) {
			for {
				if _, err := io.WriteString(w, strings.Repeat("x", 1000)); err != nil {
					return
				}
			}
		},
		"one byte over": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("x", 1001)) },
	} {
		server := serve(t, h)
		answer, err := ask(t, open(t, httpx.Options{Origin: server.URL, Named: true}))
		if !errors.Is(err, httpx.ErrTooLarge) || answer.Body != nil {
			t.Errorf("%s: %d bytes, %v", name, len(answer.Body), err)
		}
		var e *httpx.Error
		if errors.As(err, &e) && e.Status != http.StatusOK {
			t.Errorf("%s: status %d", name, e.Status)
		}
	}
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("x", 1000)) })
	if answer, err := ask(t, open(t, httpx.Options{Origin: server.URL, Named: true})); err != nil || len(answer.Body) != 1000 {
		t.Errorf("as much as is allowed: %d bytes, %v", len(answer.Body), err)
	}
}

func TestWhatIsCutShortIsAnError(t *testing.T) {
	for name, raw := range map[string]string{
		"before the end of a declared length": "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}",
		"inside a chunk":                      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n{}",
		"before the last chunk":               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
	} {
		server := serve(t, hijacked(raw))
		if _, err := ask(t, open(t, httpx.Options{Origin: server.URL, Named: true})); !errors.Is(err, httpx.ErrTruncated) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// hijacked answers with raw bytes and hangs up.
func hijacked(raw string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		connection, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		_, _ = io.WriteString(connection, raw)
		_ = connection.Close()
	}
}

func TestWhatAServerSaysIsNotInErrors(t *testing.T) {
	for _, raw := range []string{
		marker + "\r\n\r\n", "HTTP/1.1 " + marker + "\r\n\r\n", "HTTP/1.1 200 OK\r\n" + marker + "\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: " + marker + "\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + marker + "\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + marker + "\r\n", "",
		"HTTP/1.1 302 Found\r\nLocation: http://x/" + marker + "\r\n\r\n", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 100_000) + "\r\n\r\n",
	} {
		server := serve(t, hijacked(raw))
		var lines bytes.Buffer
		log := slog.New(slog.NewTextHandler(&lines, &slog.HandlerOptions{Level: slog.LevelDebug}))
		if _, err := ask(t, open(t, httpx.Options{Origin: server.URL, Named: true, Log: log})); err == nil {
			t.Errorf("%.40q is an answer", raw)
		}
		if strings.Contains(lines.String(), marker) {
			t.Errorf("logged: %s", lines.String())
		}
	}
}

func TestCertificatesAreChecked(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.TLS.Version < 0x0303 || r.Header.Get("X-Key") != marker {
			t.Errorf("asked with version %x and %v", r.TLS.Version, r.Header)
		}
	}))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	t.Cleanup(server.Close)
	trusted := x509.NewCertPool()
	trusted.AddCert(server.Certificate())
	if _, err := ask(t, open(t, httpx.Options{Origin: server.URL, Named: true, Roots: trusted})); err != nil {
		t.Error(err)
	}
	if _, err := ask(t, open(t, httpx.Options{Origin: server.URL, Named: true})); !errors.Is(err, httpx.ErrUntrusted) {
		t.Errorf("a certificate that nobody vouches for: %v", err)
	}
}
