package httpx

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"time"
)

// The kinds of errors that Do returns. Each says why there is no answer; none
// of them says anything about the credential that was sent.
var (
	ErrRedirected   = errors.New("the server sent the request elsewhere, which was not followed")
	ErrForeignHost  = errors.New("the request was meant for another host than this client's")
	ErrAddress      = errors.New("the name leads to an address of this machine or of a private network")
	ErrTooLarge     = errors.New("the answer is larger than any answer should be")
	ErrTruncated    = errors.New("the answer ended too early")
	ErrTimeout      = errors.New("the answer did not come in time")
	ErrUnresolved   = errors.New("the host's name cannot be resolved")
	ErrUntrusted    = errors.New("the server's certificate is not to be trusted")
	ErrUnreachable  = errors.New("the host cannot be reached")
	ErrBroken       = errors.New("the connection broke, or what came was not HTTP")
	ErrAskedToWait  = errors.New("the server asked for a longer wait than there is patience for")
	errBadSegment   = errors.New("a part of the path is empty or leads upwards")
	errPlain        = errors.New("plain HTTP is only for hosts that the operator names")
	errNoOrigin     = errors.New("an origin is scheme, host and path, nothing else")
	errUnknownProxy = errors.New("a proxy is http:// or https://, a host and a port")
)

// Error is a request without an answer. It holds no header, no body, no query
// and no text that came from the network, so that it can be shown anywhere.
type Error struct {
	// Request is method, host and path.
	Request string
	// Kind is one of the errors above, or the cause of the end of the context.
	Kind error
	// Status is the status of an answer of which the rest could not be read.
	Status int
	// RetryAfter is how long the server asked to be left alone.
	RetryAfter time.Duration
}

// Error implements error.
func (e *Error) Error() string { return e.Request + ": " + e.Kind.Error() }

// Unwrap gives the kind to errors.Is.
func (e *Error) Unwrap() error { return e.Kind }

// kindOf tells which kind an error of net/http is. Its text is dropped: it may
// quote what a hostile server sent, and that may be our own header.
func kindOf(ctx context.Context, err error) error {
	for _, ours := range []error{ErrRedirected, ErrForeignHost, ErrAddress, ErrTooLarge} {
		if errors.Is(err, ours) {
			return ours
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var (
		network     net.Error
		resolving   *net.DNSError
		certificate *tls.CertificateVerificationError
		operation   *net.OpError
	)
	switch {
	case errors.As(err, &network) && network.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return ErrTimeout
	case errors.As(err, &resolving):
		return ErrUnresolved
	case errors.As(err, &certificate):
		return ErrUntrusted
	case errors.Is(err, io.ErrUnexpectedEOF):
		return ErrTruncated
	case errors.As(err, &operation) && operation.Op == "dial":
		return ErrUnreachable
	}
	return ErrBroken
}

// passing reports whether a failure may be over in a moment.
func passing(err error) bool {
	for _, kind := range []error{ErrTimeout, ErrUnreachable, ErrBroken, ErrTruncated, ErrUnresolved} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// busy reports whether a status says that the same question may be answered
// later; 520 to 529 are what proxies in front of providers add.
func busy(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return status >= 520 && status <= 529
}
