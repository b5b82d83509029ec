package providertest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/provider"
	"github.com/qleaks/qleaks/internal/provider/simhttp"
)

// connections are what can be wrong before a request is sent, or between here
// and there.
func connections(v Verifying) []Case {
	yes := says(v.Accepts.Status, v.Accepts.Body)
	encrypted := func(what string, want key.Status, set func(*httptest.Server), trusts bool, host string) Case {
		return Case{What: what, Comes: yes, Want: want, between: func(t *testing.T, h *simhttp.Server, service string) func(*provider.Config) {
			server := httptest.NewUnstartedServer(h)
			server.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
			server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
			set(server)
			server.StartTLS()
			t.Cleanup(server.Close)
			roots := x509.NewCertPool()
			roots.AddCert(server.Certificate())
			return func(c *provider.Config) {
				c.Origins = elsewhere(c.Origins, service, strings.Replace(server.URL, "127.0.0.1", host, 1)+h.Base())
				if trusts {
					c.Roots = roots
				}
			}
		}}
	}
	nothing := func(*httptest.Server) {}
	return []Case{
		encrypted("an encrypted connection", key.Active, nothing, true, "127.0.0.1"),
		encrypted("HTTP/2", key.Active, func(s *httptest.Server) { s.EnableHTTP2 = true }, true, "127.0.0.1"),
		encrypted("a certificate that nobody vouches for", key.Unknown, nothing, false, "127.0.0.1"),
		encrypted("a certificate for another name", key.Unknown, nothing, true, "localhost"),
		encrypted("a certificate that has expired", key.Unknown, expired, true, "127.0.0.1"),
		encrypted("encryption of old, 1.0", key.Unknown, oldest(tls.VersionTLS10), true, "127.0.0.1"),
		encrypted("encryption of old, 1.1", key.Unknown, oldest(tls.VersionTLS11), true, "127.0.0.1"),
		{What: "no encryption where there must be", Comes: yes, Want: key.Unknown, between: func(t *testing.T, h *simhttp.Server, service string) func(*provider.Config) {
			server := httptest.NewServer(h)
			t.Cleanup(server.Close)
			return func(c *provider.Config) {
				c.Origins = elsewhere(c.Origins, service, strings.Replace(server.URL, "http:", "https:", 1)+h.Base())
			}
		}},
		{What: "nobody at home", Want: key.Unknown, between: func(_ *testing.T, h *simhttp.Server, service string) func(*provider.Config) {
			server := httptest.NewServer(h)
			server.Close()
			return func(c *provider.Config) { c.Origins = elsewhere(c.Origins, service, server.URL+h.Base()) }
		}},
		proxied("a proxy that wants credentials of its own", simhttp.Answer(http.StatusProxyAuthRequired, "text/html", "<h1>Proxy</h1>", "Proxy-Authenticate", `Basic realm="p"`)),
		proxied("a proxy that forbids", simhttp.Answer(http.StatusForbidden, "text/html", "<h1>Blocked</h1>")),
		proxied("a proxy without a way", simhttp.Answer(http.StatusBadGateway, "text/html", "<h1>Bad Gateway</h1>")),
		proxied("a proxy that answers for the provider", yes),
		proxied("a proxy that hangs up", func(w http.ResponseWriter, _ *http.Request) { simhttp.Cut(w) }),
	}
}

// elsewhere is origins with one of them replaced.
func elsewhere(origins map[string]string, service, origin string) map[string]string {
	made := map[string]string{service: origin}
	for name, known := range origins {
		if name != service {
			made[name] = known
		}
	}
	return made
}

func oldest(version uint16) func(*httptest.Server) {
	return func(s *httptest.Server) { s.TLS.MinVersion, s.TLS.MaxVersion = version, version }
}

// expired gives a server a certificate of yesterday.
func expired(s *httptest.Server) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(-24 * time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true,
	}
	if made, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private); err == nil {
		s.TLS.Certificates = []tls.Certificate{{Certificate: [][]byte{made}, PrivateKey: private}}
	}
}

// proxied asks a provider of which only a proxy knows the way. The proxy sees a
// name and a port, and no more.
func proxied(what string, answers http.HandlerFunc) Case {
	return Case{What: what, Want: key.Unknown, between: func(t *testing.T, h *simhttp.Server, service string) func(*provider.Config) {
		proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodConnect || r.Header.Get("Authorization") != "" || r.Host != "provider.test:443" {
				t.Errorf("the proxy saw %s %s", r.Method, r.Host)
			}
			answers(w, r)
		}))
		t.Cleanup(proxy.Close)
		return func(c *provider.Config) {
			c.Origins, c.Proxy = elsewhere(c.Origins, service, "https://provider.test"+h.Base()), proxy.URL
		}
	}}
}
