package trace

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// settings are what OpenTelemetry's variables say.
type settings struct {
	endpoint string
	path     []string
	headers  map[string]string
	timeout  time.Duration
	// resource is what sends spans.
	resource []attribute
	// ratio of the requests is traced; byParent does what the caller decided.
	ratio    float64
	byParent bool
}

// defaultTimeout is how long a collector may take, as the specification says.
const defaultTimeout = 10 * time.Second

// read reads the variables; on is false if nothing is to be traced.
func read(getenv func(name string) string, version string) (s settings, on bool, err error) {
	first := func(names ...string) string {
		for _, name := range names {
			if v := strings.TrimSpace(getenv(name)); v != "" {
				return v
			}
		}
		return ""
	}
	whole, base := first("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"), first("OTEL_EXPORTER_OTLP_ENDPOINT")
	if whole == "" && base == "" || strings.EqualFold(first("OTEL_SDK_DISABLED"), "true") || strings.EqualFold(first("OTEL_TRACES_EXPORTER"), "none") {
		return s, false, nil
	}
	if p := first("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"); p != "" && !strings.HasPrefix(p, "http/") {
		return s, true, fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL=%.20q: traces go by HTTP only, to port 4318 of most collectors: http/json", p)
	}
	address := whole
	if whole == "" {
		address = strings.TrimSuffix(base, "/") + "/v1/traces"
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" {
		return s, true, errors.New("OTEL_EXPORTER_OTLP_ENDPOINT is no http:// or https:// address")
	}
	s.path = strings.Split(strings.Trim(u.Path, "/"), "/")
	s.endpoint = u.Scheme + "://" + u.Host
	if s.headers, err = pairs(first("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS")); err != nil {
		return s, true, errors.New("OTEL_EXPORTER_OTLP_HEADERS is not NAME=VALUE,NAME=VALUE")
	}
	s.timeout = defaultTimeout
	if ms := first("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"); ms != "" {
		n, err := strconv.Atoi(ms)
		if err != nil || n < 1 || n > 600_000 {
			return s, true, errors.New("OTEL_EXPORTER_OTLP_TIMEOUT is no number of milliseconds")
		}
		s.timeout = time.Duration(n) * time.Millisecond
	}
	if err := s.sampler(first("OTEL_TRACES_SAMPLER"), first("OTEL_TRACES_SAMPLER_ARG")); err != nil {
		return s, true, err
	}
	err = s.describe(first("OTEL_SERVICE_NAME"), first("OTEL_RESOURCE_ATTRIBUTES"), version)
	return s, true, err
}

// sampler reads which requests are traced; all that no caller decided about, if
// nothing is said.
func (s *settings) sampler(name, argument string) error {
	s.ratio = 1
	name, s.byParent = strings.CutPrefix(name, "parentbased_")
	switch name {
	case "":
		s.byParent = true
	case "always_on":
	case "always_off":
		s.ratio = 0
	case "traceidratio":
		if argument != "" {
			ratio, err := strconv.ParseFloat(argument, 64)
			if err != nil || !(ratio >= 0 && ratio <= 1) {
				return errors.New("OTEL_TRACES_SAMPLER_ARG is no number from 0 to 1")
			}
			s.ratio = ratio
		}
	default:
		return fmt.Errorf("OTEL_TRACES_SAMPLER=%.40q: it is always_on, always_off or traceidratio, with parentbased_ before it or not", name)
	}
	return nil
}

// describe says what sends spans.
func (s *settings) describe(service, attributes, version string) error {
	more, err := pairs(attributes)
	if err != nil {
		return errors.New("OTEL_RESOURCE_ATTRIBUTES is not NAME=VALUE,NAME=VALUE")
	}
	if service == "" {
		service = more["service.name"]
	}
	if service == "" {
		service = "qleaks"
	}
	more["service.name"] = service
	if more["service.version"] == "" {
		more["service.version"] = version
	}
	s.resource = texts(more)
	return nil
}

// pairs reads a list as W3C Baggage writes it.
func pairs(list string) (map[string]string, error) {
	all := map[string]string{}
	for word := range strings.SplitSeq(list, ",") {
		if strings.TrimSpace(word) == "" {
			continue
		}
		name, value, ok := strings.Cut(word, "=")
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if name = strings.TrimSpace(name); !ok || name == "" || err != nil || strings.ContainsAny(name+value, "\r\n\x00") {
			return nil, errors.New("it is no list of pairs")
		}
		all[name] = value
	}
	return all, nil
}
