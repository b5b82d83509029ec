package web_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/sourcegraph/conc"

	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/sweep"
	"github.com/qleaks/qleaks/internal/web"
	"github.com/qleaks/qleaks/internal/web/access"
	"github.com/qleaks/qleaks/internal/web/api"
	"github.com/qleaks/qleaks/rules"
	"github.com/qleaks/qleaks/rules/sample"
)

func requestOf(target string) sweep.Request { return sweep.Request{Target: target} }

func TestEveryAnswerSaysWhatABrowserMayDo(t *testing.T) {
	w := newWorld(t, func(o *web.Options) { o.Reach.Secure = true })
	for _, path := range []string{"/healthz", "/api/v1/findings", "/nowhere", "/metrics"} {
		got, _ := w.send(ask{method: http.MethodGet, path: path, as: access.Nobody})
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-store", "Strict-Transport-Security": "max-age=31536000",
			"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
		} {
			if got.Header.Get(name) != want {
				t.Errorf("%s: %s is %q", path, name, got.Header.Get(name))
			}
		}
		if len(got.Header.Get("X-Request-ID")) != 16 {
			t.Errorf("%s has no number", path)
		}
	}
}

// spells are texts that break what puts them into statements, paths or headers.
func spells() []string {
	return []string{
		"' OR '1'='1", "1; DROP TABLE findings; --", "\" OR 1=1 --", "1 UNION SELECT password FROM users", "%27%20OR%201=1", "x'; DELETE FROM users WHERE 'a'='a",
		"../../../../etc/passwd", "..%2f..%2fetc%2fpasswd", "....//....//etc/passwd", "/etc/passwd", "file:///etc/passwd", "\\\\server\\share", "C:\\Windows\\win.ini",
		"\x00", "a\x00b", "\r\nSet-Cookie: a=b", "%0d%0aX-Injected: 1", "${jndi:ldap://x}", "{{7*7}}", "$(id)", "`id`", "<script>alert(1)</script>", "%s%n%x", strings.Repeat("9", 40), "-1", "1e9", "NaN", "\u202e\u2066", "\xff\xfe",
	}
}

// Whatever stands in a path or a parameter is a value, and never more.
func TestSpellsInEveryParameterAreValues(t *testing.T) {
	w := newWorld(t, nil)
	before := count(t, w)
	doc, err := openapi3.NewLoader().LoadFromData(api.Description())
	if err != nil {
		t.Fatal(err)
	}
	some := spells()
	if testing.Short() { // a sample for the race detector
		some = some[:3]
	}
	for _, route := range w.web.Table() {
		if route.Stream || route.Public {
			continue
		}
		var names []string
		if item := doc.Paths.Value(route.Pattern); item != nil && item.Get != nil {
			for _, parameter := range item.Get.Parameters {
				names = append(names, parameter.Value.Name)
			}
		}
		for _, spell := range some {
			paths := []string{strings.NewReplacer("{seq}", url.PathEscape(spell), "{name}", url.PathEscape(spell), "{hash}", url.PathEscape(spell)).Replace(route.Pattern)}
			for _, name := range names {
				paths = append(paths, place(route.Pattern)+"?"+url.Values{name: {spell}}.Encode())
			}
			for _, path := range paths {
				a := ask{method: route.Method, path: path, as: access.Admin, token: true}
				if route.Method != http.MethodGet {
					text, err := json.Marshal(map[string]string{"why": spell, "target": spell, "name": spell, "role": spell, "cron": spell})
					if err != nil {
						t.Fatal(err)
					}
					a.body = string(text)
				}
				got, text := w.send(a)
				if got.StatusCode >= 500 || got.Header.Get("X-Injected") != "" || route.Pattern != "/sign-out" && got.Header.Get("Set-Cookie") != "" || strings.Contains(text, "root:") || strings.Contains(text, "$argon2id$") {
					t.Errorf("%s %s: %d %.200s", route.Method, path, got.StatusCode, text)
				}
			}
		}
	}
	if after := count(t, w); after != before {
		t.Errorf("the records changed from %s to %s", before, after)
	}
}

// count tells how many records there are of what no spell may change.
func count(t *testing.T, w *world) string {
	t.Helper()
	found, err := w.store.Findings(t.Context(), records.Filter{}, records.Page{})
	if err != nil {
		t.Fatal(err)
	}
	users, err := w.store.Users(t.Context(), records.Page{})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d findings, %d users", len(found), len(users))
}

func TestBodiesAreBounded(t *testing.T) {
	w := newWorld(t, nil)
	large := `{"why":"` + strings.Repeat("x", 2<<20) + `"}`
	for _, path := range []string{"/api/v1/decisions", "/api/v1/runs", "/api/v1/users", "/api/v1/tokens"} {
		if got, _ := w.send(ask{method: http.MethodPost, path: path, body: large, as: access.Admin}); got.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: %d", path, got.StatusCode)
		}
	}
	// A plan may be larger than that, and not endless.
	if got, _ := w.send(ask{method: http.MethodPost, path: "/api/v1/plans", body: large, as: access.Admin}); got.StatusCode != http.StatusBadRequest {
		t.Errorf("a plan of 2 MiB: %d", got.StatusCode)
	}
	huge := strings.Repeat(" ", 17<<20)
	if got, _ := w.send(ask{method: http.MethodPost, path: "/api/v1/plans", body: huge, as: access.Admin}); got.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("a plan of 17 MiB: %d", got.StatusCode)
	}
	for what, body := range map[string]string{
		"deep": `{"why":` + strings.Repeat("[", 500_000) + `}`, "twice": `{"why":"a"}{"why":"b"}`, "none": "", "another": `"why"`, "null": "null", "a list": "[]",
	} {
		if got, text := w.send(ask{method: http.MethodPost, path: "/api/v1/decisions", body: body, as: access.Admin}); got.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %d %.100s", what, got.StatusCode, text)
		}
	}
}

// A form of a page elsewhere can send a body, but not one of this kind.
func TestBodiesAreJSON(t *testing.T) {
	w := newWorld(t, nil)
	for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", "", "application/jsonx"} {
		got, _ := w.send(ask{method: http.MethodPost, path: "/api/v1/decisions", body: `{"findings":[1],"why":"x"}`, as: access.Admin, header: http.Header{"Content-Type": {kind}}})
		if got.StatusCode != http.StatusBadRequest {
			t.Errorf("%q: %d", kind, got.StatusCode)
		}
	}
}

func TestAServerIsAskedByItsName(t *testing.T) {
	w := newWorld(t, func(o *web.Options) {
		o.Reach = web.Reach{URL: "https://qleaks.example:8443", Hosts: []string{"10.0.0.5"}}
	})
	for host, want := range map[string]int{
		"evil.example": 421, "evil.example:7475": 421, "qleaks.example.evil.example": 421, "": 421,
		"qleaks.example": 200, "QLEAKS.example:8443": 200, "10.0.0.5:7475": 200, "localhost:7475": 200, "[::1]:7475": 200,
	} {
		r := w.request(ask{method: http.MethodGet, path: "/api/v1/me", as: access.Viewer})
		if r.Host = host; host == "" {
			r.Host = "."
		}
		got, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = got.Body.Close()
		if got.StatusCode != want {
			t.Errorf("as %q: %d", host, got.StatusCode)
		}
	}
}

func TestWhoAsksTooOftenWaits(t *testing.T) {
	w := newWorld(t, func(o *web.Options) { o.Limits, o.Reach.Proxy = web.Limits{Rate: 0.001, Burst: 3}, true })
	from := func(line string) int {
		got, _ := w.send(ask{method: http.MethodGet, path: "/healthz", header: http.Header{"X-Forwarded-For": {line}}})
		return got.StatusCode
	}
	for i := range 4 {
		// What the client writes before the proxy's own word does not count.
		if got := from(fmt.Sprintf("10.9.9.%d, 192.0.2.1", i)); (got == http.StatusTooManyRequests) != (i == 3) {
			t.Errorf("request %d: %d", i+1, got)
		}
	}
	if got := from("192.0.2.2"); got != http.StatusOK {
		t.Errorf("from another address: %d", got)
	}
	for i := range 4 {
		if got := from(fmt.Sprintf("2001:db8::%x", i)); (got == http.StatusTooManyRequests) != (i == 3) {
			t.Errorf("request %d of one network: %d", i+1, got)
		}
	}
}

// Nobody is sent elsewhere by what stands in an address.
func TestSignInLeadsNowhereElse(t *testing.T) {
	w := newWorld(t, nil)
	for _, next := range []string{"https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/%09/evil.example\t", "\x00"} {
		got, _ := w.send(ask{
			method: http.MethodPost, path: "/sign-in", body: url.Values{"name": {"viewer"}, "password": {password}, "next": {next}}.Encode(),
			header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
		})
		if to := got.Header.Get("Location"); got.StatusCode != http.StatusSeeOther || to != "/" {
			t.Errorf("%q: %d %q", next, got.StatusCode, to)
		}
	}
	got, _ := w.send(ask{method: http.MethodGet, path: "//evil.example/metrics/.."})
	if to := got.Header.Get("Location"); strings.HasPrefix(to, "//") || strings.Contains(to, "://evil") {
		t.Errorf("a path of two slashes leads to %q", to)
	}
}

// What panics is answered, and its words are told nobody.
func TestAPanicTellsNothing(t *testing.T) {
	set, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	material := sample.Key(set.Rule("ionq-api-key"), sample.NewValues(5))
	w := newWorld(t, func(o *web.Options) {
		o.Routes = append(o.Routes, access.Route{Method: http.MethodGet, Pattern: "/panics", Role: access.Viewer, Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			panic("the key " + material)
		})})
	})
	got, text := w.send(ask{method: http.MethodGet, path: "/panics?key=" + material, as: access.Viewer})
	if got.StatusCode != http.StatusInternalServerError || !strings.Contains(text, got.Header.Get("X-Request-ID")) {
		t.Errorf("%d %s", got.StatusCode, text)
	}
	if sample.Tells(w.log.String()+text, material) {
		t.Error("the key is told")
	}
	if !strings.Contains(w.log.String(), "security_test.go") {
		t.Error("the log does not say where it was")
	}
	if got, _ := w.send(ask{method: http.MethodGet, path: "/api/v1/me", as: access.Viewer}); got.StatusCode != http.StatusOK {
		t.Errorf("afterwards: %d", got.StatusCode)
	}
}

// Keys that somebody sends by mistake stand in no log and no record.
func TestKeysThatAreSentAreNotWrittenDown(t *testing.T) {
	w := newWorld(t, nil)
	set, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	material := sample.Key(set.Rule("ionq-api-key"), sample.NewValues(6))
	for _, a := range []ask{
		{method: http.MethodGet, path: "/api/v1/findings?fingerprint=" + material}, {method: http.MethodGet, path: "/api/v1/plans/" + material},
		{method: http.MethodGet, path: "/" + material}, {method: http.MethodDelete, path: "/api/v1/users/" + material},
		{method: http.MethodPost, path: "/api/v1/decisions", body: `{"findings":[1],"why":"` + material + `"}`},
		{method: http.MethodPut, path: "/api/v1/schedules/" + material, body: `{"cron":"@daily","request":{"target":"/srv"}}`},
		{method: http.MethodPost, path: "/api/v1/users", body: `{"name":"` + material + `","role":"viewer","password":"x"}`},
		{method: http.MethodGet, path: "/api/v1/me", header: http.Header{"Authorization": {"Bearer " + material}}},
		{method: http.MethodGet, path: "/api/v1/me", header: http.Header{"X-Request-ID": {material}, "User-Agent": {material}, "X-Forwarded-For": {material}}},
	} {
		a.as = access.Admin
		w.send(a)
	}
	var all strings.Builder
	if err := w.store.Export(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	if sample.Tells(w.log.String(), material) || sample.Tells(all.String(), material) {
		t.Error("a key is written down")
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// A client that sends its request drop by drop is dropped, and others are answered
// meanwhile.
func TestSlowClientsAreDropped(t *testing.T) {
	w := newWorld(t, func(o *web.Options) { o.Limits.Header, o.Limits.Request = 200*time.Millisecond, 400*time.Millisecond })
	l := listen(t)
	ctx, stop := context.WithCancel(t.Context())
	var serving conc.WaitGroup
	serving.Go(func() {
		if err := w.web.Serve(ctx, l, nil); err != nil {
			t.Error(err)
		}
	})
	for _, head := range []string{"GET /healthz HTTP/1.1\r\nHost: ", "POST /api/v1/decisions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + w.token[access.Admin] + "\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"} {
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write([]byte(head)); err != nil {
			t.Fatal(err)
		}
		_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
		line, err := bufio.NewReader(c).ReadString('\n')
		if strings.Contains(line, "200") || err != nil && strings.Contains(err.Error(), "timeout") {
			t.Errorf("%.20q: %q, %v", head, line, err)
		}
		_ = c.Close()
	}
	stop()
	serving.Wait()
}

// A server that is told to end ends its streams, and finishes what it began.
func TestAServerEndsWhenItIsTold(t *testing.T) {
	w := newWorld(t, nil)
	l := listen(t)
	ctx, stop := context.WithCancel(t.Context())
	var serving conc.WaitGroup
	var ended error
	serving.Go(func() { ended = w.web.Serve(ctx, l, nil) })
	r := w.request(ask{method: http.MethodGet, path: "/api/v1/runs/1/events", as: access.Viewer})
	r.URL.Host = l.Addr().String()
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	if _, err := got.Body.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	stop()
	serving.Wait()
	if ended != nil {
		t.Error(ended)
	}
}

// By TLS a server speaks nothing older than 1.2.
func TestTLSIsOfToday(t *testing.T) {
	w := newWorld(t, nil)
	l := listen(t)
	certificate := httptestTLS(t)
	ctx, stop := context.WithCancel(t.Context())
	var serving conc.WaitGroup
	serving.Go(func() { _ = w.web.Serve(ctx, l, web.TLS(certificate)) })
	for version, want := range map[uint16]bool{tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		c := &tls.Dialer{Config: &tls.Config{MinVersion: version, MaxVersion: version, InsecureSkipVerify: true}}
		conn, err := c.DialContext(t.Context(), "tcp", l.Addr().String())
		if (err == nil) != want {
			t.Errorf("version %x: %v", version, err)
		}
		if err == nil {
			_ = conn.Close()
		}
	}
	stop()
	serving.Wait()
}
