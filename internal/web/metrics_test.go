package web_test

import (
	"bufio"
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/qleaks/qleaks/internal/web/access"
)

// httptestTLS is the certificate with which net/http's own test servers come.
func httptestTLS(t *testing.T) tls.Certificate {
	t.Helper()
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.StartTLS()
	defer s.Close()
	return s.TLS.Certificates[0]
}

// TestMetricsAreReadByPrometheus reads the text as the format says: every line is a
// sample of a family that was announced, buckets grow, and the last one is all.
func TestMetricsAreReadByPrometheus(t *testing.T) {
	w := newWorld(t, nil)
	for range 3 {
		w.send(ask{method: http.MethodGet, path: "/api/v1/findings/1", as: access.Viewer})
	}
	w.send(ask{method: "ODD", path: "/nowhere%22%0A", as: access.Nobody})
	got, text := w.send(ask{method: http.MethodGet, path: "/metrics", as: access.Viewer, token: true})
	if got.Header.Get("Content-Type") != "text/plain; version=0.0.4; charset=utf-8" {
		t.Errorf("it is %s", got.Header.Get("Content-Type"))
	}
	sample := regexp.MustCompile(`^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*",?)*\})? ([-+0-9.eE]+|NaN|[+-]Inf)$`)
	kinds := map[string]string{}
	last := map[string]float64{}
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		line := lines.Text()
		if words := strings.Fields(line); len(words) > 3 && words[0] == "#" && words[1] == "TYPE" {
			if kinds[words[2]] != "" {
				t.Errorf("%s is announced twice", words[2])
			}
			kinds[words[2]] = words[3]
		}
		if strings.HasPrefix(line, "#") {
			continue
		}
		parts := sample.FindStringSubmatch(line)
		if parts == nil {
			t.Errorf("no sample: %q", line)
			continue
		}
		family := parts[1]
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			if base := strings.TrimSuffix(family, suffix); kinds[base] == "histogram" {
				family = base
			}
		}
		if kinds[family] == "" {
			t.Errorf("%s is not announced", parts[1])
		}
		value, err := strconv.ParseFloat(parts[3], 64)
		if err != nil {
			t.Error(err)
		}
		series := regexp.MustCompile(`,le="[^"]*"`).ReplaceAllString(parts[2], "")
		if strings.HasSuffix(parts[1], "_bucket") {
			if value < last[series] {
				t.Errorf("a bucket shrinks: %s", line)
			}
			last[series] = value
		}
		if strings.HasSuffix(parts[1], "_count") && value != last[series] {
			t.Errorf("the last bucket is not all: %s", line)
		}
	}
	for _, want := range []string{
		`qleaks_http_request_duration_seconds_count{route="/api/v1/findings/{seq}",method="GET",status="200"} 3`,
		`qleaks_findings{life="new",standing="active"} 1`, "qleaks_workers 1", "qleaks_sweeps_going 1", "qleaks_records_up 1", `qleaks_build_info{version="1.2.3"`, `method="other"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %s in\n%s", want, text)
		}
	}
}

func TestHealthIsToldToEverybody(t *testing.T) {
	w := newWorld(t, nil)
	for _, path := range []string{"/healthz", "/readyz"} {
		if got, text := w.send(ask{method: http.MethodGet, path: path}); got.StatusCode != http.StatusOK || text != "ok\n" {
			t.Errorf("%s: %d %q", path, got.StatusCode, text)
		}
	}
	if err := w.store.Close(); err != nil {
		t.Fatal(err)
	}
	if got, _ := w.send(ask{method: http.MethodGet, path: "/readyz"}); got.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("without records: %d", got.StatusCode)
	}
	if got, _ := w.send(ask{method: http.MethodGet, path: "/healthz"}); got.StatusCode != http.StatusOK {
		t.Errorf("without records it does not live: %d", got.StatusCode)
	}
	if got, _ := w.send(ask{method: http.MethodGet, path: "/metrics", as: access.Viewer}); got.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("who asks is believed without records: %d", got.StatusCode)
	}
}
