// Package httpx is the one way to speak HTTP: to one origin only, in bounded
// time, for bounded answers, without redirects, and with errors that hold
// nothing that was sent.
package httpx

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// DefaultTimeout is how long one request may take where Options do not say.
const DefaultTimeout = 20 * time.Second

// Options are what a Client is made of.
type Options struct {
	// Origin is scheme, host and base path of all that is asked:
	// "https://api.example.com/v1". No request leaves it.
	Origin string
	// Named says that the operator wrote the Origin down. Only then may it be
	// plain HTTP, or lead to this machine or to a private network.
	Named bool
	// Proxy is what requests go through; "" is none. Proxies in environment
	// variables are not used: whoever sets those would see where keys go.
	Proxy string
	// Roots are the certificate authorities to trust; nil is the system's.
	Roots *x509.CertPool
	// Timeout is how long one request may take, to the last byte of its answer;
	// zero is DefaultTimeout.
	Timeout time.Duration
	// Rate is how many requests a second may go out; zero is as many as come.
	Rate float64
	// Dial makes connections; nil is the network. What it connects to is the
	// caller's affair.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Log receives a line a request, at debug level; nil is silent.
	Log *slog.Logger

	resolver *net.Resolver // of tests
}

// Client speaks to one origin. It may be used by many goroutines at once.
type Client struct {
	origin    *url.URL
	transport *http.Transport
	gate      *gate
	timeout   time.Duration
	log       *slog.Logger
	habits    Habits
	// ahead is by how much the server's clock was ahead of ours, at its last answer;
	// nil where it did not tell.
	ahead atomic.Pointer[time.Duration]
}

// New checks the options and makes a Client.
func New(o Options) (*Client, error) {
	origin, err := parseOrigin(o)
	if err != nil {
		return nil, err
	}
	c := &Client{origin: origin, gate: newGate(o.Rate), timeout: o.Timeout, log: o.Log}
	if c.timeout <= 0 {
		c.timeout = DefaultTimeout
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	proxy, err := parseProxy(o.Proxy)
	if err != nil {
		return nil, err
	}
	c.transport = &http.Transport{
		Proxy:                  proxy,
		DialContext:            dialer(o.Named || proxy != nil, o.resolver).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.Roots},
		TLSHandshakeTimeout:    dialTimeout,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // what is bounded is what is read
		IdleConnTimeout:        idleTimeout,
		MaxIdleConnsPerHost:    16,
		MaxResponseHeaderBytes: maxHeaderBytes,
	}
	if o.Dial != nil {
		c.transport.DialContext = o.Dial
	}
	return c, nil
}

// Origin is where the Client asks.
func (c *Client) Origin() string { return c.origin.String() }

// Ahead is by how much the server's clock is ahead of this computer's, to a second
// or two, as its last answer told; false if none did.
func (c *Client) Ahead() (time.Duration, bool) {
	if ahead := c.ahead.Load(); ahead != nil {
		return *ahead, true
	}
	return 0, false
}

// compare notes by how much an answer's clock is ahead. An answer that lay in a
// cache is as much older as it says.
func (c *Client) compare(date time.Time, age string) {
	if date.IsZero() {
		return
	}
	seconds, err := strconv.ParseUint(strings.TrimSpace(age), 10, 31)
	if age != "" && err != nil {
		return
	}
	ahead := time.Until(date.Add(time.Duration(seconds) * time.Second))
	c.ahead.Store(&ahead)
}

// Close drops the connections that are kept for the next request.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

func parseOrigin(o Options) (*url.URL, error) {
	// The error of url.Parse would repeat the text, which may hold a password.
	u, err := url.Parse(o.Origin)
	if err != nil || u.Host == "" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Opaque != "" {
		return nil, errNoOrigin
	}
	switch {
	case u.Scheme == "https":
	case u.Scheme == "http" && o.Named:
	case u.Scheme == "http":
		return nil, errPlain
	default:
		return nil, errNoOrigin
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), ""
	return u, nil
}

func parseProxy(text string) (func(*http.Request) (*url.URL, error), error) {
	if text == "" {
		return nil, nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errUnknownProxy
	}
	return http.ProxyURL(u), nil
}

// Encrypted reports whether what goes to an origin cannot be read on the way.
func Encrypted(origin string) bool {
	u, err := url.Parse(origin)
	return err == nil && u.Scheme == "https"
}

// Loopback reports whether an origin is on this machine by its very address or
// by the name localhost: nothing sent there leaves the machine.
func Loopback(origin string) bool {
	u, err := url.Parse(origin)
	if err != nil {
		return false
	}
	if strings.EqualFold(u.Hostname(), "localhost") {
		return true
	}
	address := net.ParseIP(u.Hostname())
	return address != nil && address.IsLoopback()
}
