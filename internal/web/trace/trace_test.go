package trace_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qleaks/qleaks/internal/web/trace"
)

func environment(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

// request makes a request, and the span that it is.
func request(t *testing.T, tracer *trace.Tracer, traceparent, pattern string, status int) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/v1/findings/42?marker=1", nil)
	r.Header.Set("Traceparent", traceparent)
	_, end := tracer.Request(r)
	end(pattern, status)
}

// run sends what waits, and returns what a collector got.
func run(t *testing.T, pairs []string, do func(tracer *trace.Tracer)) (got []map[string]any, header http.Header, path string) {
	t.Helper()
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header, path = r.Header, r.URL.Path
		text, err := io.ReadAll(r.Body)
		if !strings.Contains(string(text), `{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"qleaks"}},{"key":"service.version","value":{"stringValue":"1.2.3"}}]}`) {
			t.Errorf("nobody says who sends: %s", text)
		}
		if err != nil || strings.Contains(string(text), "marker") {
			t.Errorf("%v: %s", err, text)
		}
		var body struct {
			ResourceSpans []struct {
				ScopeSpans []struct {
					Spans []map[string]any `json:"spans"`
				} `json:"scopeSpans"`
			} `json:"resourceSpans"`
		}
		if err := json.Unmarshal(text, &body); err != nil {
			t.Error(err)
		}
		got = append(got, body.ResourceSpans[0].ScopeSpans[0].Spans...)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte("{}"))
	}))
	defer collector.Close()
	tracer, err := trace.New(environment(append(pairs, "OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL+"/base")...), "1.2.3", nil)
	if err != nil {
		t.Fatal(err)
	}
	do(tracer)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	tracer.Run(ctx)
	return got, header, path
}

const (
	theTrace = "4bf92f3577b34da6a3ce929d0e0e4736"
	theSpan  = "00f067aa0ba902b7"
)

func TestRequestsAreSpans(t *testing.T) {
	got, header, path := run(t, []string{"OTEL_EXPORTER_OTLP_HEADERS", "x-team=quantum%20lab"}, func(tracer *trace.Tracer) {
		request(t, tracer, "00-"+theTrace+"-"+theSpan+"-01", "/api/v1/findings/{seq}", 503)
	})
	if path != "/base/v1/traces" || header.Get("X-Team") != "quantum lab" || header.Get("Content-Type") != "application/json" {
		t.Errorf("sent to %s with %v", path, header)
	}
	if len(got) != 1 {
		t.Fatalf("%v came", got)
	}
	for name, want := range map[string]any{"traceId": theTrace, "parentSpanId": theSpan, "name": "GET /api/v1/findings/{seq}", "kind": 2.0, "status": map[string]any{"code": 2.0}} {
		if diff := cmp.Diff(want, got[0][name]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if id, _ := got[0]["spanId"].(string); len(id) != 16 || id == theSpan {
		t.Errorf("the span is %q", id)
	}
	want := []any{
		map[string]any{"key": "http.request.method", "value": map[string]any{"stringValue": "GET"}},
		map[string]any{"key": "http.route", "value": map[string]any{"stringValue": "/api/v1/findings/{seq}"}},
		map[string]any{"key": "http.response.status_code", "value": map[string]any{"intValue": "503"}},
	}
	if diff := cmp.Diff(want, got[0]["attributes"]); diff != "" {
		t.Error(diff)
	}
}

func TestCallersAreBelievedOnlyWhatTheyMaySay(t *testing.T) {
	for header, follows := range map[string]bool{
		"00-" + theTrace + "-" + theSpan + "-01": true, "01-" + theTrace + "-" + theSpan + "-01-more": true,
		"": false, "00-" + theTrace + "-" + theSpan: false, "ff-" + theTrace + "-" + theSpan + "-01": false, "00-" + strings.ToUpper(theTrace) + "-" + theSpan + "-01": false,
		"00-00000000000000000000000000000000-" + theSpan + "-01": false, "00-" + theTrace + "-0000000000000000-01": false, "00-" + theTrace + "-" + theSpan + "-01-more": false,
		"00-<script>-" + theSpan + "-01": false,
	} {
		got, _, _ := run(t, nil, func(tracer *trace.Tracer) { request(t, tracer, header, "/", 200) })
		if len(got) != 1 || (got[0]["traceId"] == theTrace) != follows {
			t.Errorf("%q: %v", header, got)
		}
	}
}

func TestSamplersDecide(t *testing.T) {
	yes, no := "00-"+theTrace+"-"+theSpan+"-01", "00-"+theTrace+"-"+theSpan+"-00"
	for sampler, want := range map[string][3]int{
		"": {1, 1, 0}, "always_on": {1, 1, 1}, "always_off": {0, 0, 0}, "parentbased_always_off": {0, 1, 0}, "traceidratio": {0, 0, 0},
	} {
		for i, header := range []string{"", yes, no} {
			got, _, _ := run(t, []string{"OTEL_TRACES_SAMPLER", sampler, "OTEL_TRACES_SAMPLER_ARG", "0"}, func(tracer *trace.Tracer) { request(t, tracer, header, "/", 200) })
			if len(got) != want[i] {
				t.Errorf("%q with %q: %d spans", sampler, header, len(got))
			}
		}
	}
}

func TestVariablesDecide(t *testing.T) {
	const endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT"
	for _, off := range [][]string{{}, {endpoint, ""}, {endpoint, "http://127.0.0.1:4318", "OTEL_SDK_DISABLED", "true"}, {endpoint, "http://127.0.0.1:4318", "OTEL_TRACES_EXPORTER", "none"}} {
		if tracer, err := trace.New(environment(off...), "1", nil); tracer != nil || err != nil {
			t.Errorf("%v: %v, %v", off, tracer, err)
		}
	}
	for _, wrong := range [][]string{
		{endpoint, "collector"}, {endpoint, "ftp://collector"}, {endpoint, "http://a:b@collector"}, {endpoint, "http://c", "OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"},
		{endpoint, "http://c", "OTEL_EXPORTER_OTLP_TIMEOUT", "soon"}, {endpoint, "http://c", "OTEL_EXPORTER_OTLP_HEADERS", "nothing"}, {endpoint, "http://c", "OTEL_TRACES_SAMPLER", "odd"},
		{endpoint, "http://c", "OTEL_TRACES_SAMPLER", "traceidratio", "OTEL_TRACES_SAMPLER_ARG", "NaN"}, {endpoint, "http://c", "OTEL_RESOURCE_ATTRIBUTES", "x"},
	} {
		if _, err := trace.New(environment(wrong...), "1", nil); err == nil || !strings.Contains(err.Error(), "OTEL_") {
			t.Errorf("%v: %v", wrong, err)
		}
	}
}

func TestSpansThatNobodyTakesAreDropped(t *testing.T) {
	got, _, _ := run(t, nil, func(tracer *trace.Tracer) {
		for range 5000 {
			request(t, tracer, "", "/", 200)
		}
	})
	if len(got) != 2048 {
		t.Errorf("%d spans came", len(got))
	}
}
