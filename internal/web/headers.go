package web

import (
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// policy is what a page of this server may load and do: what comes from this
// server, and nothing that stands in the page itself.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// headers say to browsers what they may do with an answer.
func (s *Server) headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		h.Set("Cache-Control", "no-store")
		if s.Reach.Secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// limit finds out where a request comes from, and refuses it if too many do.
func (s *Server) limit(next http.Handler) http.Handler {
	b := &buckets{rate: rate.Limit(s.Limits.Rate), burst: s.Limits.Burst, of: map[string]*bucket{}}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.Reach.Proxy {
			r.RemoteAddr = behind(r)
		}
		if s.Limits.Rate > 0 && !b.allow(host(r.RemoteAddr), time.Now()) {
			w.Header().Set("Retry-After", "1")
			s.refuse(w, r, http.StatusTooManyRequests, "too many requests: try again in a second")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// behind is the address that the proxy saw: the last one, since clients write
// those before it.
func behind(r *http.Request) string {
	lines := r.Header.Values("X-Forwarded-For")
	if len(lines) == 0 {
		return r.RemoteAddr
	}
	all := strings.Split(lines[len(lines)-1], ",")
	last := strings.TrimSpace(all[len(all)-1])
	if net.ParseIP(last) == nil {
		return r.RemoteAddr
	}
	return net.JoinHostPort(last, "0")
}

// host is an address without its port; of IPv6 the network, since one client has
// all of its addresses.
func host(address string) string {
	name, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	if ip := net.ParseIP(name); ip != nil && ip.To4() == nil {
		return ip.Mask(net.CIDRMask(64, 128)).String()
	}
	return name
}

// buckets are the allowances of addresses.
type buckets struct {
	rate  rate.Limit
	burst int

	lock sync.Mutex
	of   map[string]*bucket
}

type bucket struct {
	*rate.Limiter

	used time.Time
}

// mostBuckets is how many addresses are told apart.
const mostBuckets = 10_000

func (b *buckets) allow(address string, now time.Time) bool {
	b.lock.Lock()
	defer b.lock.Unlock()
	one := b.of[address]
	if one == nil {
		if len(b.of) >= mostBuckets {
			b.forget(now)
		}
		one = &bucket{Limiter: rate.NewLimiter(b.rate, b.burst)}
		b.of[address] = one
	}
	one.used = now
	return one.AllowN(now, 1)
}

// forget drops the addresses that were not heard of for a minute, or else all.
func (b *buckets) forget(now time.Time) {
	kept := map[string]*bucket{}
	for address, one := range b.of {
		if now.Sub(one.used) < time.Minute {
			kept[address] = one
		}
	}
	if len(kept) >= mostBuckets {
		kept = map[string]*bucket{}
	}
	b.of = kept
}
