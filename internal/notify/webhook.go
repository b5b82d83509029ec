package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/qleaks/qleaks/internal/secret"
)

// webhook sends to a program, signed as https://www.standardwebhooks.com says.
type webhook struct {
	*hook

	key secret.Value
	now func() time.Time
}

// ErrSecret says that a text is no secret for signing. It does not repeat it.
var ErrSecret = errors.New("it is no secret for signing: whsec_ and 24 to 64 bytes in base64")

const secretPrefix = "whsec_"

// NewWebhook sends to an address, signed with a secret; both are material. The
// body is {"type": "qleaks.digest", "timestamp": …, "data": …}; the header
// webhook-id is the same whenever the same message is sent.
func NewWebhook(address, key secret.Value, r Reach) (Sender, error) {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(key.Reveal(), secretPrefix))
	if err != nil || !strings.HasPrefix(key.Reveal(), secretPrefix) || len(raw) < 24 || len(raw) > 64 {
		return nil, ErrSecret
	}
	h, err := newHook("the webhook", address, r)
	return webhook{h, secret.New(raw), time.Now}, err
}

// webhookMessage is how many bytes a message has at most: receivers expect small
// ones.
const webhookMessage = 200_000

type webhookBody struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      Message   `json:"data"`
}

// Send implements Sender.
func (w webhook) Send(ctx context.Context, m Message) error {
	encode := func(m Message) []byte {
		text, err := json.Marshal(webhookBody{"qleaks.digest", m.At, m})
		if err != nil {
			return nil // strings and numbers only
		}
		return text
	}
	body := encode(fit(m, webhookMessage, func(m Message) int { return len(encode(m)) }))
	at := strconv.FormatInt(w.now().Unix(), 10)
	sum := hmac.New(sha256.New, []byte(w.key.Reveal()))
	_, _ = fmt.Fprintf(sum, "%s.%s.%s", m.ID, at, body) // a hash takes everything
	header := http.Header{}
	header.Set("Webhook-Id", m.ID)
	header.Set("Webhook-Timestamp", at)
	header.Set("Webhook-Signature", "v1,"+base64.StdEncoding.EncodeToString(sum.Sum(nil)))
	return w.post(ctx, body, header, true)
}
