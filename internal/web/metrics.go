package web

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/qleaks/qleaks/internal/records"
)

// metrics are what the server counts, in the text format of Prometheus (version
// 0.0.4). Its libraries are not used: the same program is started before every
// commit, and each of them would make that start a millisecond longer.
type metrics struct {
	store   *records.Store
	version string
	started time.Time

	lock     sync.Mutex
	going    int
	answered map[labels]*took
	// counts are those of findings, which take a while to count, and their age.
	counts   []records.Count
	countsAt time.Time
}

type labels struct {
	route, method string
	status        int
}

// took is a histogram of seconds.
type took struct {
	buckets [10]int64
	count   int64
	sum     float64
}

// bounds of the buckets of a histogram, in seconds.
func bounds() []float64 { return []float64{.001, .0025, .005, .01, .025, .05, .1, .25, 1, 10} }

func newMetrics(store *records.Store, version string) *metrics {
	return &metrics{store: store, version: version, started: time.Now(), answered: map[labels]*took{}}
}

func (m *metrics) begin() {
	m.lock.Lock()
	m.going++
	m.lock.Unlock()
}

func (m *metrics) end(route, verb string, status int, howLong time.Duration) {
	m.lock.Lock()
	defer m.lock.Unlock()
	m.going--
	key := labels{route, method(verb), status}
	h := m.answered[key]
	if h == nil {
		h = &took{}
		m.answered[key] = h
	}
	seconds := howLong.Seconds()
	h.count++
	h.sum += seconds
	for i, bound := range bounds() {
		if seconds <= bound {
			h.buckets[i]++
		}
	}
}

// countsPause is how old the counts of findings may be: all of them are read.
const countsPause = 30 * time.Second

// gauges are read when somebody asks.
func (m *metrics) gauges(ctx context.Context) (counts []records.Count, workers, runs int, err error) {
	m.lock.Lock()
	counts, fresh := m.counts, time.Since(m.countsAt) < countsPause
	m.lock.Unlock()
	if !fresh {
		if counts, err = m.store.Counts(ctx); err != nil {
			return nil, 0, 0, err
		}
		m.lock.Lock()
		m.counts, m.countsAt = counts, time.Now()
		m.lock.Unlock()
	}
	alive, err := m.store.Workers(ctx, time.Minute)
	if err != nil {
		return nil, 0, 0, err
	}
	latest, err := m.store.Runs(ctx, records.Page{Most: 100})
	for _, r := range latest {
		if !r.State.Over() {
			runs++
		}
	}
	return counts, len(alive), runs, err
}

func (s *Server) serveMetrics(w http.ResponseWriter, r *http.Request) {
	var b bytes.Buffer
	s.metrics.requests(&b)
	counts, workers, runs, err := s.metrics.gauges(r.Context())
	up := 1
	if err != nil {
		up = 0
		s.Log.Warn("the records could not be counted", "error", err)
	}
	head(&b, "qleaks_records_up", "gauge", "Whether the database answers.")
	fmt.Fprintf(&b, "qleaks_records_up %d\n", up)
	if err == nil {
		head(&b, "qleaks_findings", "gauge", "Findings, by life and by whether their key works.")
		for _, c := range counts {
			fmt.Fprintf(&b, "qleaks_findings{life=%s,standing=%s} %d\n", quoted(string(c.Life)), quoted(c.Standing), c.Count)
		}
		head(&b, "qleaks_workers", "gauge", "Workers that live.")
		fmt.Fprintf(&b, "qleaks_workers %d\n", workers)
		head(&b, "qleaks_sweeps_going", "gauge", "Sweeps that go on.")
		fmt.Fprintf(&b, "qleaks_sweeps_going %d\n", runs)
	}
	s.metrics.process(&b)
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = w.Write(b.Bytes())
}

func head(w *bytes.Buffer, name, kind, about string) {
	fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n", name, about, name, kind)
}

// quoted is the value of a label.
func quoted(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(text) + `"`
}

func (m *metrics) requests(w *bytes.Buffer) {
	m.lock.Lock()
	defer m.lock.Unlock()
	head(w, "qleaks_http_requests_in_flight", "gauge", "Requests that are being answered.")
	fmt.Fprintf(w, "qleaks_http_requests_in_flight %d\n", m.going)
	head(w, "qleaks_http_request_duration_seconds", "histogram", "How long answers took, by route, method and status.")
	keys := slices.SortedFunc(maps.Keys(m.answered), func(a, b labels) int {
		return strings.Compare(fmt.Sprint(a), fmt.Sprint(b))
	})
	for _, k := range keys {
		h := m.answered[k]
		of := fmt.Sprintf("route=%s,method=%s,status=%q", quoted(k.route), quoted(k.method), strconv.Itoa(k.status))
		for i, bound := range bounds() {
			fmt.Fprintf(w, "qleaks_http_request_duration_seconds_bucket{%s,le=%q} %d\n", of, strconv.FormatFloat(bound, 'g', -1, 64), h.buckets[i])
		}
		fmt.Fprintf(w, "qleaks_http_request_duration_seconds_bucket{%s,le=\"+Inf\"} %d\n", of, h.count)
		fmt.Fprintf(w, "qleaks_http_request_duration_seconds_sum{%s} %g\n", of, h.sum)
		fmt.Fprintf(w, "qleaks_http_request_duration_seconds_count{%s} %d\n", of, h.count)
	}
}

func (m *metrics) process(w *bytes.Buffer) {
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	head(w, "qleaks_build_info", "gauge", "The version that runs.")
	fmt.Fprintf(w, "qleaks_build_info{version=%s,go=%s} 1\n", quoted(m.version), quoted(runtime.Version()))
	for _, g := range []struct {
		name, about string
		value       float64
	}{
		{"process_start_time_seconds", "When the process began, in seconds since 1970.", float64(m.started.UnixMilli()) / 1000},
		{"go_goroutines", "Goroutines that exist.", float64(runtime.NumGoroutine())},
		{"go_memstats_heap_inuse_bytes", "Bytes of the heap in use.", float64(memory.HeapInuse)},
		{"go_memstats_sys_bytes", "Bytes that were taken from the system.", float64(memory.Sys)},
	} {
		head(w, g.name, "gauge", g.about)
		fmt.Fprintf(w, "%s %s\n", g.name, strconv.FormatFloat(g.value, 'f', -1, 64))
	}
}
