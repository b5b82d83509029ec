package demo

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/qleaks/qleaks/internal/provider/simhttp"
)

// serve brings up one server a provider, on ports of loopback that are free.
func (w *World) serve(ctx context.Context) error {
	for _, p := range []struct {
		name     string
		handler  http.Handler
		services map[string]*simhttp.Server
	}{
		{"ionq", w.IonQ, map[string]*simhttp.Server{"api": w.IonQ.Server}},
		{"ibm", w.IBM, w.IBM.Servers()},
		{"qbraid", w.QBraid, map[string]*simhttp.Server{"api": w.QBraid.Server}},
	} {
		origin, err := w.listen(ctx, p.handler)
		if err != nil {
			return err
		}
		w.Origins[p.name] = map[string]string{}
		for service, server := range p.services {
			w.Origins[p.name][service] = origin + server.Base()
		}
	}
	return nil
}

func (w *World) listen(ctx context.Context, handler http.Handler) (origin string, err error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	w.serving.Go(func() { _ = server.Serve(listener) }) // it ends with Close, and says so
	w.close = append(w.close, server.Close)
	return "http://" + listener.Addr().String(), nil
}
