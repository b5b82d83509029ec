package httpx

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sourcegraph/conc"
)

func TestRetryAfterIsReadInAllItsForms(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	date := func(t time.Time) string { return t.UTC().Format(http.TimeFormat) }
	for _, c := range []struct {
		text, server string
		want         time.Duration
	}{
		{"", "", 0}, {"0", "", 0}, {"1", "", time.Second}, {" 120 ", "", 2 * time.Minute}, {"3600", "", time.Hour}, {"-1", "", 0}, {"1.5", "", 0}, {"soon", "", 0},
		{"999999999999999999999", "", longestWait}, {"1e3", "", 0}, {"+5", "", 0},
		{date(now.Add(time.Minute)), "", time.Minute}, {date(now.Add(-time.Minute)), "", 0}, {date(now.AddDate(10, 0, 0)), "", longestWait},
		{"Wednesday, 25-Nov-26 12:01:00 GMT", "", time.Minute}, {"Wed Nov 25 12:01:00 2026", "", time.Minute},
		// Our clock is two days off, the server's counts.
		{date(now.Add(49 * time.Hour)), date(now.Add(48 * time.Hour)), time.Hour},
		{date(now.Add(-47 * time.Hour)), date(now.Add(-48 * time.Hour)), time.Hour},
		{date(now.Add(time.Minute)), "nonsense", time.Minute},
	} {
		h := http.Header{"Retry-After": {c.text}, "Date": {c.server}}
		if got := retryAfter(h, now); got != c.want {
			t.Errorf("%q by a clock of %q: %v, want %v", c.text, c.server, got, c.want)
		}
	}
}

func TestRequestsKeepTheirDistance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(10)
		begun := time.Now()
		var group conc.WaitGroup
		for range 21 {
			group.Go(func() {
				if _, err := g.enter(t.Context(), 0); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if took := time.Since(begun); took != 2*time.Second {
			t.Errorf("21 requests at 10 a second took %v", took)
		}
	})
}

func TestAServerThatAskedToBeLeftAloneIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(0)
		g.close(time.Minute)
		g.close(time.Second) // a shorter wait does not shorten the longer one
		if left, err := g.enter(t.Context(), 10*time.Second); !errors.Is(err, ErrAskedToWait) || left != time.Minute {
			t.Errorf("%v, %v", left, err)
		}
		begun := time.Now()
		if _, err := g.enter(t.Context(), time.Hour); err != nil || time.Since(begun) != time.Minute {
			t.Errorf("waited %v, %v", time.Since(begun), err)
		}
		g.close(time.Hour)
		cause := errors.New("no more")
		ctx, cancel := context.WithCancelCause(t.Context())
		var group conc.WaitGroup
		group.Go(func() {
			if _, err := g.enter(ctx, 2*time.Hour); !errors.Is(err, cause) {
				t.Error(err)
			}
		})
		synctest.Wait()
		cancel(cause)
		group.Wait()
	})
}

func TestPausesGrowAndAreBounded(t *testing.T) {
	for attempt := range 100 {
		for range 20 {
			if p := pause(attempt); p <= 0 || p > mostPause || attempt < 6 && p > firstPause<<attempt {
				t.Fatalf("attempt %d pauses %v", attempt, p)
			}
		}
	}
}

func TestPatienceRepeatsWhatMayBeRepeated(t *testing.T) {
	for _, c := range []struct {
		name, method string
		patience     time.Duration
		status       int
		want         int32
		final        int
	}{
		{"a busy server is asked again", http.MethodGet, time.Hour, 503, 2, 200},
		{"without patience it is not", http.MethodGet, 0, 503, 1, 503},
		{"what changes something is not", http.MethodPost, time.Hour, 503, 1, 503},
		{"a refusal is an answer", http.MethodGet, time.Hour, 401, 1, 401},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if asked.Add(1) == 1 {
					w.WriteHeader(c.status)
				}
			}))
			defer server.Close()
			client, err := New(Options{Origin: server.URL, Named: true})
			if err != nil {
				t.Fatal(err)
			}
			answer, err := client.Do(t.Context(), Request{Method: c.method, Patience: c.patience})
			if err != nil || answer.Status != c.final || asked.Load() != c.want {
				t.Errorf("status %d after %d requests, %v", answer.Status, asked.Load(), err)
			}
		})
	}
}

func TestAfterARequestToWaitTheNextQuestionIsNotAsked(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	defer server.Close()
	client, err := New(Options{Origin: server.URL, Named: true})
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := client.Do(t.Context(), Request{Method: http.MethodGet}); err != nil || answer.RetryAfter != time.Hour {
		t.Errorf("%+v, %v", answer, err)
	}
	_, err = client.Do(t.Context(), Request{Method: http.MethodGet})
	e, ok := errors.AsType[*Error](err)
	if !ok || !errors.Is(err, ErrAskedToWait) || e.RetryAfter < 59*time.Minute || asked.Load() != 1 {
		t.Errorf("%v after %d requests", err, asked.Load())
	}
}

func TestOnlyPublicAddressesAreDialled(t *testing.T) {
	for _, address := range []string{
		"127.0.0.1", "127.9.9.9", "0.0.0.0", "0.1.2.3", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.127.255.255",
		"192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
		"::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "fec0::1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
		"64:ff9b:1::a00:1", "2002:7f00:1::", "2002:a00:1::1", "::7f00:1", "100::1", "2001:db8::1",
	} {
		if public(netip.MustParseAddr(address)) {
			t.Errorf("%s is dialled", address)
		}
	}
	for _, address := range []string{"1.1.1.1", "104.16.0.1", "172.15.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1", "192.0.1.1", "2606:4700::1111", "64:ff9b::101:101", "2002:101:101::1", "::ffff:1.1.1.1"} {
		if !public(netip.MustParseAddr(address)) {
			t.Errorf("%s is not dialled", address)
		}
	}
	if !errors.Is(onlyPublic(t.Context(), "tcp", "nonsense", nil), ErrAddress) {
		t.Error("what is no address is dialled")
	}
}

// nameServer answers every question with one address, or with a code of
// failure.
func nameServer(t *testing.T, address netip.Addr, failure byte) *net.Resolver {
	t.Helper()
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var group conc.WaitGroup
	t.Cleanup(func() { _ = packets.Close(); group.Wait() })
	group.Go(func() {
		for buf := make([]byte, 1500); ; {
			n, from, err := packets.ReadFrom(buf)
			if err != nil {
				return
			}
			_, _ = packets.WriteTo(named(buf[:n], address, failure), from)
		}
	})
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", packets.LocalAddr().String())
	}}
}

// named makes an answer of a question: the question itself, with an address
// behind it where it asks for one of IPv4.
func named(question []byte, address netip.Addr, failure byte) []byte {
	end := 12
	for end < len(question) && question[end] != 0 {
		end += int(question[end]) + 1
	}
	end += 5 // the root, type and class
	if end > len(question) {
		return nil
	}
	answer := append([]byte{}, question[:end]...)
	answer[2], answer[3] = 0x81, 0x80|failure
	binary.BigEndian.PutUint16(answer[8:], 0)
	binary.BigEndian.PutUint16(answer[10:], 0)
	if kind := binary.BigEndian.Uint16(answer[end-4:]); kind != 1 || failure != 0 {
		return answer
	}
	binary.BigEndian.PutUint16(answer[6:], 1)
	answer = append(answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4)
	return append(answer, address.AsSlice()...)
}

func TestANameThatLeadsHomeIsNotFollowed(t *testing.T) {
	var asked sync.Once
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Do(func() { t.Error("the key arrived") }) }))
	defer server.Close()
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	home := nameServer(t, netip.MustParseAddr("127.0.0.1"), 0)
	for name, c := range map[string]struct {
		resolver *net.Resolver
		want     error
	}{
		"rebound":  {home, ErrAddress},
		"NXDOMAIN": {nameServer(t, netip.Addr{}, 3), ErrUnresolved},
		"SERVFAIL": {nameServer(t, netip.Addr{}, 2), ErrUnresolved},
	} {
		client, err := New(Options{Origin: "https://provider.test.:" + port, resolver: c.resolver, Timeout: 30 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Do(t.Context(), Request{Method: http.MethodGet}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	client, err := New(Options{Origin: "https://127.0.0.1:" + port})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Do(t.Context(), Request{Method: http.MethodGet}); !errors.Is(err, ErrAddress) {
		t.Errorf("an address written down, but not by the operator: %v", err)
	}
}

func TestProxiesOfTheEnvironmentAreNotUsed(t *testing.T) {
	attacker := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("the attacker saw %s %s", r.Method, r.Host) }))
	defer attacker.Close()
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"} {
		t.Setenv(name, attacker.URL)
	}
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	client, err := New(Options{Origin: "http://provider.test.:" + port, Named: true, resolver: nameServer(t, netip.MustParseAddr("127.0.0.1"), 0)})
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := client.Do(t.Context(), Request{Method: http.MethodGet}); err != nil || answer.Status != http.StatusOK {
		t.Errorf("%+v, %v", answer, err)
	}
	// One that the operator names is.
	seen := make(chan string, 1)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen <- r.Method + " " + r.Host
		w.WriteHeader(http.StatusBadGateway)
	}))
	defer proxy.Close()
	client, err = New(Options{Origin: "https://provider.test", Proxy: proxy.URL})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Do(t.Context(), Request{Method: http.MethodGet, Header: http.Header{"X-Key": {"k"}}}); err == nil {
		t.Error("an answer without the provider")
	}
	if got := <-seen; got != "CONNECT provider.test:443" {
		t.Errorf("the proxy saw %s", got)
	}
}
