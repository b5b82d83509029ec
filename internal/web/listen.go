package web

import (
	"crypto/tls"
	"net"
	"sync"
)

// limitListener accepts no more connections than so many at once; others wait.
func limitListener(l net.Listener, most int) net.Listener {
	return &limited{Listener: l, places: make(chan struct{}, most), closed: make(chan struct{})}
}

type limited struct {
	net.Listener

	places chan struct{}
	once   sync.Once
	closed chan struct{}
}

// Accept implements net.Listener.
func (l *limited) Accept() (net.Conn, error) {
	select {
	case l.places <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.places
		return nil, err
	}
	return &placed{Conn: c, leave: sync.OnceFunc(func() { <-l.places })}, nil
}

// Close implements net.Listener.
func (l *limited) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

type placed struct {
	net.Conn

	leave func()
}

// Close implements net.Conn.
func (c *placed) Close() error {
	err := c.Conn.Close()
	c.leave()
	return err
}

// TLS is how the server speaks by TLS: version 1.2 or newer.
func TLS(certificates ...tls.Certificate) *tls.Config {
	return &tls.Config{Certificates: certificates, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
}
