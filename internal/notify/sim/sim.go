// Package sim simulates the media of package notify: what they refuse, it refuses.
// It is written after the documents of Slack (block kit, incoming webhooks), of
// Adaptive Cards 1.4 and Standard Webhooks, and RFC 5321 with RFC 3207.
package sim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Box is a medium with what it took.
type Box struct {
	// Path is the only one that it takes messages at, with its query.
	Path string
	// Accept says what is wrong with a message: "" for nothing, or what the medium
	// answers, with its status.
	Accept func(r *http.Request, body []byte) (status int, answer string)
	// Done is what it answers to a message that it takes.
	Done   int
	Answer string

	mutex sync.Mutex
	took  [][]byte
	fails []int
	calls int
}

// Fail has the next requests answered with a status; 0 hangs up after the message
// was taken.
func (b *Box) Fail(status ...int) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.fails = append(b.fails, status...)
}

// Took are the messages that it took.
func (b *Box) Took() [][]byte {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return append([][]byte{}, b.took...)
}

// Calls is how many requests there were.
func (b *Box) Calls() int {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.calls
}

// ServeHTTP implements http.Handler.
func (b *Box) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.calls++
	fail := -1
	if len(b.fails) > 0 {
		fail, b.fails = b.fails[0], b.fails[1:]
	}
	switch {
	case err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json":
		http.Error(w, "invalid_payload", http.StatusBadRequest)
		return
	case r.URL.RequestURI() != b.Path:
		http.Error(w, "no_service", http.StatusNotFound)
		return
	case fail > 0:
		if fail == http.StatusTooManyRequests {
			w.Header().Set("Retry-After", "1")
		}
		http.Error(w, "not now", fail)
		return
	}
	if status, answer := b.Accept(r, body); status != 0 {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
		return
	}
	b.took = append(b.took, body)
	if fail == 0 {
		if connection, _, err := http.NewResponseController(w).Hijack(); err == nil {
			_ = connection.Close()
		}
		return
	}
	w.WriteHeader(b.Done)
	_, _ = io.WriteString(w, b.Answer)
}

// Webhook takes messages that are signed with a secret, each id once.
func Webhook(path, secret string) *Box {
	seen := map[string]bool{}
	b := &Box{Path: path, Done: http.StatusNoContent}
	b.Accept = func(r *http.Request, body []byte) (int, string) {
		id, at := r.Header.Get("Webhook-Id"), r.Header.Get("Webhook-Timestamp")
		seconds, err := strconv.ParseInt(at, 10, 64)
		if id == "" || strings.Contains(id, ".") || err != nil || math.Abs(time.Since(time.Unix(seconds, 0)).Minutes()) > 5 {
			return http.StatusBadRequest, "headers"
		}
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		sum := hmac.New(sha256.New, key)
		_, _ = fmt.Fprintf(sum, "%s.%s.%s", id, at, body)
		want := "v1," + base64.StdEncoding.EncodeToString(sum.Sum(nil))
		if err != nil || !hmac.Equal([]byte(want), []byte(r.Header.Get("Webhook-Signature"))) {
			return http.StatusUnauthorized, "signature"
		}
		var envelope struct {
			Type      string          `json:"type"`
			Timestamp time.Time       `json:"timestamp"`
			Data      json.RawMessage `json:"data"`
		}
		if json.Unmarshal(body, &envelope) != nil || envelope.Type == "" || envelope.Timestamp.IsZero() || len(envelope.Data) == 0 {
			return http.StatusBadRequest, "body"
		}
		if seen[id] {
			return http.StatusOK, "" // known: it is taken, and nothing is done
		}
		seen[id] = true
		return 0, ""
	}
	return b
}
