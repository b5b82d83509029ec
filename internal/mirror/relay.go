package mirror

import (
	"compress/gzip"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"

	"github.com/sourcegraph/conc"

	"github.com/qleaks/qleaks/internal/httpx"
)

const (
	// ticketHeader carries what only the git of this update knows, so that nobody
	// else on the machine can ask the relay.
	ticketHeader = "X-Qleaks-Ticket"
	// longestQuestion is more than git sends, in bytes: the ids of what is there.
	longestQuestion = 64 << 20
)

// relay passes what git asks on to one repository's server, and nothing else.
type relay struct {
	ctx      context.Context //nolint:containedctx // of one update
	open     Opener
	most     int64
	ticket   string
	url      string
	server   *http.Server
	serving  conc.WaitGroup
	received atomic.Int64
	// met is the first reason why git did not get what it asked for.
	met atomic.Pointer[error]
}

// listen starts a relay on an address of this machine.
func listen(ctx context.Context, open Opener, most int64) (*relay, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen on this machine: %w", err)
	}
	r := &relay{ctx: ctx, open: open, most: most, ticket: rand.Text(), url: "http://" + listener.Addr().String() + "/repository.git"}
	routes := http.NewServeMux()
	routes.HandleFunc("GET /repository.git/info/refs", r.refs)
	routes.HandleFunc("POST /repository.git/git-upload-pack", r.pack)
	r.server = &http.Server{Handler: routes, BaseContext: func(net.Listener) context.Context { return ctx }, ReadHeaderTimeout: DefaultTimeout, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	r.serving.Go(func() { _ = r.server.Serve(listener) })
	return r, nil
}

// close ends the relay and everything that goes over it.
func (r *relay) close() {
	_ = r.server.Close()
	r.serving.Wait()
}

// knows lets git in, and nobody else.
func (r *relay) knows(w http.ResponseWriter, q *http.Request) bool {
	if subtle.ConstantTimeCompare([]byte(q.Header.Get(ticketHeader)), []byte(r.ticket)) == 1 {
		return true
	}
	r.meets(ErrOldGit)
	w.WriteHeader(http.StatusForbidden)
	return false
}

func (r *relay) meets(err error) { r.met.CompareAndSwap(nil, &err) }

// refs asks which refs there are.
func (r *relay) refs(w http.ResponseWriter, q *http.Request) {
	if !r.knows(w, q) {
		return
	}
	if q.URL.RawQuery != "service=git-upload-pack" {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	r.pass(w, httpx.Request{Method: http.MethodGet, Path: []string{"info", "refs"}, Query: url.Values{"service": {"git-upload-pack"}}, Header: passed(q.Header)})
}

// pack asks for objects. What git compressed is sent as it was before: some
// servers want to know its length.
func (r *relay) pack(w http.ResponseWriter, q *http.Request) {
	if !r.knows(w, q) {
		return
	}
	body := io.Reader(http.MaxBytesReader(w, q.Body, longestQuestion))
	if q.Header.Get("Content-Encoding") == "gzip" {
		unpacked, err := gzip.NewReader(body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		body = unpacked
	}
	text, err := io.ReadAll(io.LimitReader(body, longestQuestion+1))
	if err != nil || len(text) > longestQuestion {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	r.pass(w, httpx.Request{Method: http.MethodPost, Path: []string{"git-upload-pack"}, Header: passed(q.Header), Body: text})
}

// passed are the headers that mean something to the server.
func passed(from http.Header) http.Header {
	h := http.Header{}
	for _, name := range []string{"Accept", "Content-Type", "Git-Protocol"} {
		if value := from.Get(name); value != "" {
			h.Set(name, value)
		}
	}
	return h
}

// pass asks, and hands on what comes.
func (r *relay) pass(w http.ResponseWriter, question httpx.Request) {
	if question.Limit = r.most - r.received.Load(); question.Limit <= 0 {
		r.meets(httpx.ErrTooLarge)
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	answer, err := r.open(r.ctx, question)
	if err != nil {
		r.meets(err)
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer answer.Body.Close()
	switch {
	case answer.Status == http.StatusOK && (answer.Type == "application/x-git-upload-pack-advertisement" || answer.Type == "application/x-git-upload-pack-result"):
	case answer.Status >= 300 && answer.Status < 400:
		r.meets(httpx.ErrRedirected)
		w.WriteHeader(http.StatusBadGateway)
		return
	// Anything else git would take for the list of refs of a server of files: a page
	// of words for a repository without refs, and it would drop ours.
	case answer.Status == http.StatusOK:
		r.meets(ErrNoRepository)
		w.WriteHeader(http.StatusBadGateway)
		return
	default:
		r.meets(&StatusError{answer.Status, answer.RetryAfter})
		// Asked for a credential, git would look for one.
		w.WriteHeader(http.StatusForbidden)
		return
	}
	w.Header().Set("Content-Type", answer.Type)
	w.WriteHeader(http.StatusOK)
	n, err := io.Copy(w, answer.Body)
	r.received.Add(n)
	if e, ok := errors.AsType[*httpx.Error](err); ok {
		r.meets(e)
	}
	if err != nil {
		// A shorter answer that ends well would be taken for the whole one.
		_ = r.server.Close()
	}
}
