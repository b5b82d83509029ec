package httpx

import (
	"context"
	"net"
	"net/netip"
	"syscall"
	"time"
)

const (
	dialTimeout    = 10 * time.Second
	keepAlive      = 30 * time.Second
	idleTimeout    = 30 * time.Second
	maxHeaderBytes = 64 << 10
)

// nonPublic are networks beyond those that net/netip knows as private, loopback,
// link-local, multicast and unspecified: no provider answers from there.
var nonPublic = []string{
	"0.0.0.0/8",       // this network
	"100.64.0.0/10",   // carriers' own networks
	"192.0.0.0/24",    // protocol assignments
	"192.0.2.0/24",    // documentation
	"198.18.0.0/15",   // benchmarks
	"198.51.100.0/24", // documentation
	"203.0.113.0/24",  // documentation
	"240.0.0.0/4",     // reserved, and broadcast
	"100::/64",        // discard
	"2001:db8::/32",   // documentation
	"fec0::/10",       // site-local, of old
}

// embedding are networks of IPv6 whose addresses hold one of IPv4, and after
// how many bytes.
var embedding = map[string]int{
	"64:ff9b::/96":   12, // NAT64
	"64:ff9b:1::/48": 12, // NAT64, local
	"2002::/16":      2,  // 6to4
	"::/96":          12, // IPv4-compatible, of old
}

// public reports whether an address is one at which a provider may live.
func public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() {
		return false
	}
	for _, network := range nonPublic {
		if prefix, err := netip.ParsePrefix(network); err != nil || prefix.Contains(a) {
			return false
		}
	}
	for network, at := range embedding {
		prefix, err := netip.ParsePrefix(network)
		if err != nil {
			return false
		}
		if bytes := a.As16(); a.Is6() && prefix.Contains(a) && !public(netip.AddrFrom4([4]byte(bytes[at:at+4]))) {
			return false
		}
	}
	return true
}

// onlyPublic refuses to dial anything else. It runs after the name was resolved
// and right before the connection is made, so that no answer of a name server
// can come in between.
func onlyPublic(_ context.Context, _, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || !public(at.Addr()) {
		return ErrAddress
	}
	return nil
}

// dialer makes connections; anywhere lifts the restriction to public addresses.
func dialer(anywhere bool, resolver *net.Resolver) *net.Dialer {
	d := &net.Dialer{Timeout: dialTimeout, KeepAlive: keepAlive, Resolver: resolver}
	if !anywhere {
		d.ControlContext = onlyPublic
	}
	return d
}

// Dial makes connections for what does not speak HTTP: to public addresses only,
// unless the operator named the place.
func Dial(named bool) func(ctx context.Context, network, address string) (net.Conn, error) {
	return dialer(named, nil).DialContext
}
