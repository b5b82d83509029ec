// Package provider says what a provider of quantum computers is to the rest of
// the program: a Kit, which makes a Client, which has abilities.
//
// A value is asked about at its own provider and nowhere else. What comes back
// is a verdict, and it says Inactive only where the provider said, in its own
// documented words, that it refuses the key: everything else that is not plain
// acceptance is Unknown.
package provider

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/qleaks/qleaks/internal/httpx"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/secret"
)

// Client asks one provider.
type Client interface {
	// Verify asks whether the provider still accepts a value, with one request
	// where that is enough. The verdict always has a status; everything that the
	// network or the provider can do is in it. An error, beside an Unknown
	// verdict, means that nothing was asked: the context ended, or the
	// configuration forbids it.
	Verify(ctx context.Context, v secret.Value) (key.Verdict, error)
}

// Kit is a provider. Its values are plain data, so that documentation, the
// preview of requests and the tests read the same list.
type Kit struct {
	// Name is how rules and configuration call it: "ionq".
	Name string
	// Title is how people write it: "IonQ".
	Title string
	// Services are where it is asked. The hosts are compiled in; only a Config
	// can replace them.
	Services []Service
	// Calls are all the requests that its Client ever makes.
	Calls []Call
	// Sample makes up a value of the shape of the provider's keys, which it
	// cannot have issued.
	Sample func() secret.Value
	// New makes a Client. It opens no connection.
	New func(Config) (Client, error)
}

// Service is one API of a provider.
type Service struct {
	Name   string
	Origin string
	// Rate is how many requests a second are sent, at most.
	Rate float64
}

// Call is one kind of request: a method and a path below the origin of a
// service. Parts of the path in braces vary.
type Call struct {
	Ability Ability
	Method  string
	Service string
	Path    string
	// Carries is whose key the request holds.
	Carries Bearer
}

// Bearer says whose key goes out with a request.
type Bearer string

// Whose key a request holds.
const (
	Found Bearer = "the key in question"
	Own   Bearer = "the operator's credential"
	Both  Bearer = "the key in question, and the operator's credential"
	// FoundIfAllowed is for a login with the key in question.
	FoundIfAllowed Bearer = "the key in question, only if a login is allowed"
)

// Config is what the operator decides about a Client. The zero Config asks the
// provider's own hosts without a credential.
type Config struct {
	// Credential is the operator's own key, with which everything but Verify and
	// Describe is done.
	Credential secret.Value
	// Account is the account or organisation to act in, where the credential
	// does not say.
	Account string
	// LoginCheck allows a check that logs in with the key in question, where the
	// provider has one that does not.
	LoginCheck bool
	// Origins replaces the origins of services, by their names. Only the
	// operator's own flag or environment may fill it, never a file.
	Origins map[string]string
	// Proxy, Roots, Timeout, Dial and Log are those of httpx.Options.
	Proxy   string
	Roots   *x509.CertPool
	Timeout time.Duration
	Dial    func(ctx context.Context, network, address string) (net.Conn, error)
	Log     *slog.Logger
	// Rate replaces the services' rates, in requests a second.
	Rate float64
	// Patience is how long one request of a listing or an action goes on where
	// the provider asks to wait; zero is DefaultPatience.
	Patience time.Duration
}

// DefaultPatience is how long a busy provider is waited for.
const DefaultPatience = 15 * time.Minute

// Errors of configuration.
var (
	ErrNoCredential = errors.New("this needs a credential of one's own")
	ErrPlain        = errors.New("a credential that looks real is not sent over plain HTTP, except to this machine")
	ErrMalformed    = errors.New("this is no value that could be sent as a key")
	errNoService    = errors.New("the provider has no such service")
)

// loopbackRate is how many requests a second go to this machine: to a simulator,
// which need not be spared. Another program that passes them on to the provider
// knows its limits, and being asked to wait is obeyed anyway.
const loopbackRate = 50

// Wire is the way to one service, as a Config has it.
type Wire struct {
	*httpx.Client

	plain bool
}

// Wire opens the way to one of the kit's services.
func (k Kit) Wire(c Config, service string) (Wire, error) {
	for _, s := range k.Services {
		if s.Name != service {
			continue
		}
		o := httpx.Options{Origin: s.Origin, Rate: s.Rate, Proxy: c.Proxy, Roots: c.Roots, Timeout: c.Timeout, Dial: c.Dial, Log: c.Log}
		if c.Rate > 0 {
			o.Rate = c.Rate
		}
		if named := c.Origins[service]; named != "" {
			o.Origin, o.Named = named, true
			if c.Rate == 0 && httpx.Loopback(named) {
				o.Rate = loopbackRate
			}
		}
		client, err := httpx.New(o)
		if err != nil {
			return Wire{}, fmt.Errorf("%s, service %s: %w", k.Name, service, err)
		}
		w := Wire{Client: client, plain: !httpx.Encrypted(o.Origin) && !httpx.Loopback(o.Origin)}
		if !c.Credential.IsZero() {
			if err := w.Carries(c.Credential); err != nil {
				return Wire{}, fmt.Errorf("%s, service %s: %w", k.Name, service, err)
			}
		}
		return w, nil
	}
	return Wire{}, fmt.Errorf("%s, service %s: %w", k.Name, service, errNoService)
}

// Check complains about names in Origins that are no service of the kit.
func (k Kit) Check(c Config) error {
	for name := range c.Origins {
		known := false
		for _, s := range k.Services {
			known = known || s.Name == name
		}
		if !known {
			return fmt.Errorf("%s, service %q: %w", k.Name, name, errNoService)
		}
	}
	return nil
}

const (
	// looksReal is the shortest value that may be somebody's key.
	looksReal = 16
	// longestValue is longer than any key and any token.
	longestValue = 8 << 10
)

// Carries reports whether a value may be sent on this wire: not in the clear to
// another machine, and nothing that would break out of a header.
func (w Wire) Carries(v secret.Value) error {
	material := v.Reveal()
	if material == "" || len(material) > longestValue {
		return ErrMalformed
	}
	for i := range len(material) {
		if c := material[i]; c <= ' ' || c > '~' {
			return ErrMalformed
		}
	}
	if w.plain && len(material) >= looksReal {
		return ErrPlain
	}
	return nil
}

// Waits is the patience of a Config.
func (c Config) Waits() time.Duration {
	if c.Patience > 0 {
		return c.Patience
	}
	return DefaultPatience
}
