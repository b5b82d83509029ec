package trace

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"
)

// The messages of OTLP 1.x in JSON: opentelemetry/proto/trace/v1/trace.proto, with
// ids in hexadecimal and whole numbers as text.
type (
	attribute struct {
		Key   string `json:"key"`
		Value value  `json:"value"`
	}
	value struct {
		Text   string `json:"stringValue,omitempty"`
		Number string `json:"intValue,omitempty"`
	}
	exported struct {
		Resources []ofResource `json:"resourceSpans"`
	}
	ofResource struct {
		Resource struct {
			Attributes []attribute `json:"attributes"`
		} `json:"resource"`
		Scopes []ofScope `json:"scopeSpans"`
	}
	ofScope struct {
		Scope struct {
			Name string `json:"name"`
		} `json:"scope"`
		Spans []message `json:"spans"`
	}
	message struct {
		Trace      string      `json:"traceId"`
		ID         string      `json:"spanId"`
		Parent     string      `json:"parentSpanId,omitempty"`
		Name       string      `json:"name"`
		Kind       int         `json:"kind"`
		Begun      string      `json:"startTimeUnixNano"`
		Ended      string      `json:"endTimeUnixNano"`
		Attributes []attribute `json:"attributes"`
		Status     state       `json:"status"`
	}
	state struct {
		Code int `json:"code,omitempty"`
	}
)

const (
	kindServer  = 2
	statusError = 2
)

func texts(of map[string]string) []attribute {
	var list []attribute
	for _, name := range slices.Sorted(maps.Keys(of)) {
		list = append(list, attribute{name, value{Text: of[name]}})
	}
	return list
}

func nanos(t time.Time) string { return strconv.FormatInt(t.UnixNano(), 10) }

// encode writes spans as one message.
func (t *Tracer) encode(spans []span) ([]byte, error) {
	var of ofResource
	of.Resource.Attributes = t.resource
	var scope ofScope
	scope.Scope.Name = "github.com/qleaks/qleaks/internal/web"
	for _, s := range spans {
		m := message{
			Trace: s.trace, ID: s.id, Parent: s.parent, Name: s.method + " " + s.route, Kind: kindServer, Begun: nanos(s.begun), Ended: nanos(s.ended),
			Attributes: append(texts(map[string]string{"http.request.method": s.method, "http.route": s.route}),
				attribute{"http.response.status_code", value{Number: strconv.Itoa(s.status)}}),
		}
		if s.status >= 500 {
			m.Status.Code = statusError
		}
		scope.Spans = append(scope.Spans, m)
	}
	of.Scopes = []ofScope{scope}
	return json.Marshal(exported{Resources: []ofResource{of}})
}
