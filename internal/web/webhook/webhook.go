// Package webhook takes GitHub's messages: what is pushed, made or leaked there is
// swept at once. A message counts if it is signed with the secret that GitHub was
// given, and once. What it says is believed only as to which repository it is
// about.
package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/qleaks/qleaks/internal/expression"
	"github.com/qleaks/qleaks/internal/records"
	"github.com/qleaks/qleaks/internal/secret"
	"github.com/qleaks/qleaks/internal/sweep"
	"github.com/qleaks/qleaks/internal/web/access"
	"github.com/qleaks/qleaks/internal/web/api"
)

// Options are what a Receiver works with.
type Options struct {
	Store  *records.Store
	Sweeps *sweep.Desk
	// Secret fetches the secret that GitHub was given. It is asked again, at most
	// once a minute, when a signature does not count.
	Secret func(ctx context.Context) (secret.Value, error)
	// Log gets numbers and names of events; nil for none.
	Log *slog.Logger
}

// Receiver takes messages.
type Receiver struct {
	Options

	pending pending

	lock    sync.Mutex
	secret  secret.Value
	fetched time.Time
}

// New makes a Receiver.
func New(o Options) *Receiver {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Receiver{Options: o, pending: pending{due: map[string]turn{}}}
}

// Path is where GitHub sends its messages.
const Path = "/webhooks/github"

// largest is how large a message may be, in bytes: as large as GitHub sends.
const largest = 25 << 20

// Routes are for the table of the server.
func (h *Receiver) Routes() []access.Route {
	return []access.Route{{Method: http.MethodPost, Pattern: Path, Public: true, Programs: true, Body: largest, Handler: http.HandlerFunc(h.receive)}}
}

var deliveryForm = expression.Lazy(`^[A-Za-z0-9-]{8,100}$`)

// receive answers one message.
func (h *Receiver) receive(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			api.WriteProblem(w, http.StatusRequestEntityTooLarge, "the message is larger than 25 MB")
			return
		}
		api.WriteProblem(w, http.StatusBadRequest, "the message broke off")
		return
	}
	ok, err := h.isSigned(r, body)
	if err != nil {
		h.Log.Error("the secret for webhooks cannot be fetched", "error", err)
		api.WriteProblem(w, http.StatusServiceUnavailable, "the secret for webhooks cannot be fetched")
		return
	}
	if !ok {
		h.Log.Warn("a webhook was refused: its signature does not count")
		api.WriteProblem(w, http.StatusUnauthorized, "the signature in X-Hub-Signature-256 does not count: is the secret the one that the server has?")
		return
	}
	delivery := r.Header.Get("X-Github-Delivery")
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" || !deliveryForm().MatchString(delivery) {
		api.WriteProblem(w, http.StatusBadRequest, "the message must be application/json, with X-GitHub-Delivery: choose that content type in the settings of the webhook")
		return
	}
	var m message
	if err := json.Unmarshal(body, &m); err != nil {
		api.WriteProblem(w, http.StatusBadRequest, "the message is no JSON of GitHub's")
		return
	}
	h.take(w, r, delivery, m)
}

// isSigned compares in the same time wherever the two differ.
func (h *Receiver) isSigned(r *http.Request, body []byte) (bool, error) {
	text, ok := strings.CutPrefix(r.Header.Get("X-Hub-Signature-256"), "sha256=")
	got, err := hex.DecodeString(text)
	if !ok || err != nil || len(got) != sha256.Size {
		return false, nil //nolint:nilerr // what is no code does not count
	}
	for range 2 {
		value, again, err := h.fetch(r.Context())
		if err != nil {
			return false, err
		}
		if hmac.Equal(got, code(value, body)) {
			return true, nil
		}
		if !again {
			return false, nil
		}
		h.lock.Lock()
		h.secret = secret.Value{}
		h.lock.Unlock()
	}
	return false, nil
}

// secretAge is how old a secret is at least before it is fetched again.
const secretAge = time.Minute

// fetch returns the secret, and whether it is so old that it may have changed.
func (h *Receiver) fetch(ctx context.Context) (value secret.Value, old bool, err error) {
	h.lock.Lock()
	defer h.lock.Unlock()
	if !h.secret.IsZero() {
		return h.secret, time.Since(h.fetched) > secretAge, nil
	}
	if h.secret, err = h.Secret(ctx); err == nil && h.secret.IsZero() {
		err = errors.New("it is empty")
	}
	h.fetched = time.Now()
	return h.secret, false, err
}

// code is the code of a body with a secret: what stands behind "sha256=" in
// X-Hub-Signature-256, as bytes.
func code(value secret.Value, body []byte) []byte {
	mac := hmac.New(sha256.New, []byte(value.Reveal()))
	_, _ = mac.Write(body) // it takes everything
	return mac.Sum(nil)
}

// take notes that a message came, and begins what it asks for.
func (h *Receiver) take(w http.ResponseWriter, r *http.Request, delivery string, m message) {
	ctx, event := r.Context(), r.Header.Get("X-Github-Event")
	targets := m.targets(event)
	first := false
	err := h.Store.Update(ctx, func(tx *records.Tx) (err error) {
		if first, err = tx.Delivered(ctx, "github "+delivery); err != nil || !first {
			return err
		}
		return m.note(ctx, tx, event)
	})
	if err == nil && !first {
		h.Log.Warn("a webhook was refused: it came before", "delivery", delivery)
		api.WriteProblem(w, http.StatusConflict, "this delivery came before")
		return
	}
	for _, t := range targets {
		if err == nil {
			err = h.ask(ctx, t, "webhook "+event)
		}
	}
	if err != nil {
		h.Log.Error("a webhook could not be taken", "error", err)
		// GitHub shows it as failed, and can deliver it again.
		err = h.Store.Update(context.WithoutCancel(ctx), func(tx *records.Tx) error { return tx.Undelivered(ctx, "github "+delivery) })
		if err != nil {
			h.Log.Error("a webhook that was not taken is remembered as taken", "error", err)
		}
		api.WriteProblem(w, http.StatusServiceUnavailable, "the message could not be taken: deliver it again")
		return
	}
	h.Log.Info("a webhook came", "event", known(event), "sweeps", len(targets))
	w.WriteHeader(http.StatusAccepted)
}

// events are those for which something is done.
func events() []string {
	return []string{"ping", "push", "repository", "secret_scanning_alert", "installation", "installation_repositories"}
}

// known is the name of an event, if it is one of those.
func known(event string) string {
	if slices.Contains(events(), event) {
		return event
	}
	return "other"
}
