package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/qleaks/qleaks/internal/httpx"
	"github.com/qleaks/qleaks/internal/key"
	"github.com/qleaks/qleaks/internal/secret"
)

// Kinds of answers that are not what was asked for.
var (
	ErrNotFound   = errors.New("the provider knows no such thing")
	ErrRefused    = errors.New("the provider refuses the credential")
	ErrNotAllowed = errors.New("the provider does not allow this with the credential")
	ErrBusy       = errors.New("the provider is busy or fails")
	ErrOver       = errors.New("it is over already")
	ErrNotYet     = errors.New("it cannot be done yet")
	ErrUnexpected = errors.New("the provider's answer is not one that it documents")
)

// CallError is a call that did not bring what was asked for. Like httpx.Error
// it holds nothing that came over the network but the status and, where it is
// one that the provider documents, its code.
type CallError struct {
	Request    string
	Status     int
	Code       string
	RetryAfter time.Duration
	// Kind is one of the errors above, or one of httpx.
	Kind error
}

// Error implements error.
func (u *CallError) Error() string {
	text := u.Request + ": "
	if u.Status != 0 {
		text += fmt.Sprintf("status %d: ", u.Status)
	}
	return text + u.Kind.Error()
}

// Unwrap gives the kind to errors.Is.
func (u *CallError) Unwrap() error { return u.Kind }

// Failed turns an error of httpx into an CallError.
func Failed(err error) error {
	var e *httpx.Error
	if !errors.As(err, &e) {
		return err
	}
	return &CallError{Request: e.Request, Status: e.Status, RetryAfter: e.RetryAfter, Kind: e.Kind}
}

// Declined turns an answer that is not the one hoped for into an CallError;
// what the status means is the same for all providers.
func Declined(request, code string, answer httpx.Response) error {
	u := &CallError{Request: request, Status: answer.Status, Code: code, RetryAfter: answer.RetryAfter, Kind: ErrUnexpected}
	switch {
	case answer.Status == http.StatusUnauthorized:
		u.Kind = ErrRefused
	case answer.Status == http.StatusForbidden:
		u.Kind = ErrNotAllowed
	case answer.Status == http.StatusNotFound:
		u.Kind = ErrNotFound
	case answer.Status == http.StatusTooManyRequests || answer.Status >= 500:
		u.Kind = ErrBusy
	}
	return u
}

// Doubt is the verdict where no answer came.
func Doubt(err error, evidence key.Evidence) key.Verdict {
	var e *httpx.Error
	if !errors.As(err, &e) {
		return key.Doubt("the question could not be asked", evidence)
	}
	evidence.HTTPStatus = e.Status
	verdict := key.Doubt(e.Kind.Error(), evidence)
	verdict.RetryAfter = e.RetryAfter
	return verdict
}

// Shrug is the verdict on an answer that says neither yes nor no.
func Shrug(answer httpx.Response, evidence key.Evidence) key.Verdict {
	evidence.HTTPStatus = answer.Status
	verdict := key.Doubt(meaning(answer.Status), evidence)
	verdict.RetryAfter = answer.RetryAfter
	return verdict
}

func meaning(status int) string {
	switch {
	case status >= 200 && status < 300:
		return "the answer is not the one that the provider documents for a key that works"
	case status == http.StatusUnauthorized:
		return "the refusal is not in the provider's own words"
	case status == http.StatusForbidden:
		return "the provider forbids the question, which does not say that the key is dead"
	case status == http.StatusProxyAuthRequired:
		return "a proxy on the way asks for credentials of its own"
	case status == http.StatusTooManyRequests:
		return "the provider asks for fewer questions"
	case status >= 500:
		return "the provider, or something before it, fails at the moment"
	}
	return "the provider answered something else than yes or no"
}

// Ended reports whether an error is the end of the context rather than
// something that happened on the way. httpx hands the cause through.
func Ended(ctx context.Context) error {
	if ctx.Err() == nil {
		return nil
	}
	return context.Cause(ctx)
}

// Object reads an answer that must be one JSON object and nothing else: no
// other media type, nothing before or behind, no name twice. Names are matched
// exactly, which encoding/json does not do.
func Object(answer httpx.Response) (map[string]json.RawMessage, error) {
	if answer.Type != "application/json" || !utf8.Valid(answer.Body) {
		return nil, ErrUnexpected
	}
	return Members(answer.Body)
}

// Members reads one JSON object.
func Members(text []byte) (map[string]json.RawMessage, error) {
	// Whole and well formed, before anything is made of it.
	if !json.Valid(text) {
		return nil, ErrUnexpected
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	if open, err := decoder.Token(); err != nil || open != json.Delim('{') {
		return nil, ErrUnexpected
	}
	members := map[string]json.RawMessage{}
	for decoder.More() {
		token, err := decoder.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return nil, ErrUnexpected
		}
		var value json.RawMessage
		if _, twice := members[name]; twice || decoder.Decode(&value) != nil {
			return nil, ErrUnexpected
		}
		members[name] = value
	}
	if _, err := decoder.Token(); err != nil {
		return nil, ErrUnexpected
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, ErrUnexpected
	}
	return members, nil
}

// Only reports whether an object has exactly these members.
func Only(members map[string]json.RawMessage, names ...string) bool {
	return len(members) == len(names) && Has(members, names...)
}

// Has reports whether an object has these members, whatever their values.
func Has(members map[string]json.RawMessage, names ...string) bool {
	for _, name := range names {
		if _, ok := members[name]; !ok {
			return false
		}
	}
	return true
}

// Text reads a member that must be a string.
func Text(members map[string]json.RawMessage, name string) (string, bool) {
	raw := members[name]
	var text string
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &text) != nil {
		return "", false
	}
	return text, true
}

// Number reads a member that must be a whole number.
func Number(members map[string]json.RawMessage, name string) (int, bool) {
	var n int
	if raw := members[name]; len(raw) == 0 || raw[0] == 'n' || json.Unmarshal(raw, &n) != nil {
		return 0, false
	}
	return n, true
}

// Flag reads a member that must be true or false.
func Flag(members map[string]json.RawMessage, name string) (value, ok bool) {
	switch string(members[name]) {
	case "true":
		return true, true
	case "false":
		return false, true
	}
	return false, false
}

// longestName is how much of a name that a provider tells is kept, in bytes.
const longestName = 256

// Told is text that a provider tells, fit to be kept: without the material of
// the key in question, should the provider repeat it, without control
// characters, and of bounded length.
func Told(v secret.Value, text string) string {
	if v.In(text) {
		return secret.Redacted
	}
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, text)
	for len(text) > longestName {
		_, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
	}
	return text
}
